// A stranger's client against a running server: types made from its own /openapi.json, compiled by tsc, and then run from registration to deletion.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { PASSWORD, startApp, unique } from '../helpers/app.ts';

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'snackbase-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Fetch with the document's types: the reply is a union told apart by its status. */
const SEND = `
import type { paths } from './api.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P][M] extends { responses: object } ? P : never }[keyof paths];
type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined;
type Reply<O> = O extends { responses: infer R } ? { [S in keyof R]: { status: S; body: Json<R[S]> } }[keyof R] : never;
type Input<O> = (O extends { parameters: { path: infer P } } ? { path: P } : { path?: never }) &
  (O extends { parameters: { query?: infer Q } } ? { query?: Q } : unknown) &
  (O extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : { body?: never });
interface Parts { path?: Record<string, string>; query?: object; body?: unknown }

export const client = (url: string, token?: string) =>
  async function send<M extends Method, P extends PathsWith<M>>(method: M, path: P, input: Input<paths[P][M]>): Promise<Reply<paths[P][M]>> {
    const { path: params = {}, query = {}, body } = input as Parts;
    const address = new URL(url + String(path).replace(/\\{(\\w+)\\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')));
    // Style "form", exploded, as the document says: the members of an object are parameters of their own.
    for (const [name, value] of Object.entries(query))
      for (const [key, text] of typeof value === 'object' ? Object.entries(value as object) : [[name, value]])
        address.searchParams.append(key as string, String(text));
    const headers = { ...(token && { Authorization: 'Bearer ' + token }), ...(body !== undefined && { 'Content-Type': 'application/json' }) };
    const reply = await fetch(address, { method: method.toUpperCase(), headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) } as Reply<paths[P][M]>;
  };
`;

const JOURNEY = `
import type { components } from './api.js';
import { client } from './send.js';

export async function journey(url: string, root: { email: string; password: string }, slug: string, tokenFor: (email: string) => Promise<string>) {
  const anyone = client(url);
  const email = slug + '@example.com', password = root.password;

  const admin = await anyone('post', '/api/v1/auth/login', { body: { account: 'system', ...root } });
  if (admin.status !== 200) throw new Error(admin.body.message);
  const made = await client(url, admin.body.token)('post', '/api/v1/collections', {
    body: { name: slug.replace('-', '_'), schema: [{ name: 'title', type: 'text', required: true }, { name: 'published', type: 'boolean' }] },
  });
  if (made.status !== 201) throw new Error(made.body.message);
  const collection: string = made.body.name;

  const registered = await anyone('post', '/api/v1/auth/register', { body: { account_name: 'Acme', account_slug: slug, email, password } });
  if (registered.status !== 201) throw new Error(registered.body.message);
  const early = await anyone('post', '/api/v1/auth/login', { body: { account: slug, email, password } });
  const refused = early.status === 401 ? early.body.code : undefined;
  const verified = await anyone('post', '/api/v1/auth/verify-email', { body: { token: await tokenFor(email) } });
  if (verified.status !== 200) throw new Error(verified.body.message);
  const login = await anyone('post', '/api/v1/auth/login', { body: { account: slug, email, password } });
  if (login.status !== 200) throw new Error(login.body.message);
  const send = client(url, login.body.token);

  const path = { collection };
  const created: components['schemas']['Record'][] = [];
  for (const title of ['One', 'Two', 'Three']) {
    const reply = await send('post', '/api/v1/records/{collection}', { path, body: { title, published: title !== 'Two' } });
    if (reply.status !== 201) throw new Error(reply.body.message);
    created.push(reply.body);
  }
  const list = await send('get', '/api/v1/records/{collection}', {
    path, query: { limit: 1, sort: '-title', fields: 'title', filter_fields: { published: 'true', title: 'One' } },
  });
  if (list.status !== 200) throw new Error(list.body.message);
  const all = await send('get', '/api/v1/records/{collection}', { path });
  const id = created[0]?.id ?? '';
  const patched = await send('patch', '/api/v1/records/{collection}/{id}', { path: { collection, id }, body: { title: 'Uno' } });
  const wrong = await send('patch', '/api/v1/records/{collection}/{id}', { path: { collection, id }, body: { title: null } });
  const deleted = await send('delete', '/api/v1/records/{collection}/{id}', { path: { collection, id } });
  const gone = await send('get', '/api/v1/records/{collection}/{id}', { path: { collection, id } });

  return {
    refused,
    page: list.body,
    total: all.status === 200 ? all.body.total : all.body.message,
    patched: patched.status === 200 ? [patched.body.title, patched.body.id === id, patched.body.created_at.endsWith('Z')] : patched.body.code,
    wrong: wrong.status === 400 ? wrong.body.errors.map((error) => error.field) : wrong.status,
    deleted: deleted.status,
    gone: gone.status === 404 ? gone.body.code : gone.status,
  };
}

export async function mistakes(send: ReturnType<typeof client>) {
  // @ts-expect-error there is no such path
  await send('get', '/api/v1/recrods/{collection}', { path: { collection: 'posts' } });
  // @ts-expect-error a collection cannot be patched as a whole
  await send('patch', '/api/v1/records/{collection}', { path: { collection: 'posts' }, body: {} });
  // @ts-expect-error the collection must be named
  await send('get', '/api/v1/records/{collection}', {});
  // @ts-expect-error the password must be given
  await send('post', '/api/v1/auth/login', { body: { email: 'ada@example.com' } });
  const reply = await send('get', '/api/v1/records/{collection}', { path: { collection: 'posts' } });
  // @ts-expect-error the reply may be a problem
  return reply.body.total;
}
`;

test('a client made from the running server’s document compiles and works', { timeout: 180_000 }, async () => {
  const app = await startApp();
  onTestFinished(app.stop);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('api.d.ts', astToString(await openapiTS(new URL(`${app.url}/openapi.json`))));
  write('send.ts', SEND);
  write('journey.ts', JOURNEY);
  write('package.json', '{"type": "module"}');
  const strict = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
  };
  const compilerOptions = {
    ...strict,
    target: 'es2022',
    module: 'nodenext',
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: [],
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, outDir: 'out' }, include: ['*.ts'] }));
  mkdirSync(join(folder, 'out'));
  const findings = await promisify(execFile)(process.execPath, [tsc, '-p', '.'], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error) => error.stdout,
  );
  expect(findings).toBe('');

  const { journey } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'out/journey.js')).href);
  const tokenFor = async (email: string) => /token=([\w-]+)/.exec((await app.mailTo(email)).text)?.[1];
  const seen = await journey(app.url, { email: 'root@example.com', password: PASSWORD }, unique('client-'), tokenFor);
  expect(seen).toEqual({
    refused: 'EMAIL_NOT_VERIFIED',
    page: {
      items: [{ id: expect.any(String), title: 'One' }],
      total: 1,
      skip: 0,
      limit: 1,
      next_cursor: null,
      prev_cursor: null,
      has_more: false,
    },
    total: 3,
    patched: ['Uno', true, true],
    wrong: ['title'],
    deleted: 204,
    gone: 'RESOURCE_NOT_FOUND',
  });
});

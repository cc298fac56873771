// A stranger's client: types made by openapi-typescript from the document, and a program that tsc accepts and, where it is wrong, refuses.
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import { openApiDocument } from '../../openapi/generate.ts';

const PROGRAM = `
import type { components, operations } from './api.ts';

type Json<T> = T extends { content: { 'application/json': infer B } } ? B : never;
type Success<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201)]> : never;
type Failure<O> = O extends { responses: infer R } ? Json<R[Exclude<keyof R, 200 | 201 | 204>]> : never;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never;
type Path<O> = O extends { parameters: { path: infer P } } ? P : undefined;
type Input<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;
declare function send<K extends keyof operations>(
  operation: K, path: Path<operations[K]>, body: Input<operations[K]>, query?: Query<operations[K]>,
): Promise<{ ok: true; data: Success<operations[K]> } | { ok: false; problem: Failure<operations[K]> }>;

export async function main(): Promise<string> {
  const email = 'ada@example.com', password = 'SecurePass123!';
  await send('authRegister', undefined, { account_name: 'Acme', email, password });
  // @ts-expect-error a password is required
  await send('authRegister', undefined, { account_name: 'Acme', email });

  const login = await send('authLogin', undefined, { account: 'acme', email, password });
  if (!login.ok) {
    const problem: components['schemas']['Problem'] = login.problem;
    const first: string | undefined = problem.errors[0]?.field;
    // @ts-expect-error logging in cannot fail with a duplicate
    if (login.problem.code === 'RESOURCE_CONFLICT') return first ?? '';
    return login.problem.code === 'INVALID_CREDENTIALS' ? 'wrong' : problem.message;
  }
  const seconds: number = login.data.expires_in;
  const lastLogin: string | null = login.data.user.last_login;

  // Fields with a default may be left out of a definition and are always there in the reply.
  const made = await send('collectionsCreate', undefined, { name: 'posts', schema: [{ name: 'title', type: 'text' }] });
  const required: boolean | undefined = made.ok ? made.data.schema[0]?.required : undefined;
  // @ts-expect-error there is no such field type
  await send('collectionsCreate', undefined, { name: 'posts', schema: [{ name: 'title', type: 'colour' }] });

  const list = await send('recordsList', { collection: 'posts' }, undefined, {
    limit: 10, sort: '-created_at', filter_fields: { published: 'true', views__gt: '3' },
  });
  const titles = list.ok ? list.data.items.map((record) => [record.id, record.title]) : [];
  // @ts-expect-error limit is a number
  await send('recordsList', { collection: 'posts' }, undefined, { limit: '10' });

  const created = await send('recordsCreate', { collection: 'posts' }, { title: 'Hello' });
  const at: string = created.ok ? created.data.created_at : '';
  // @ts-expect-error the collection must be named
  await send('recordsCreate', undefined, { title: 'Hello' });
  return [seconds, lastLogin, required, titles.length, at].join();
}
`;

it('a program over the generated types compiles, and its mistakes do not', async () => {
  const document = openApiDocument(contract, { version: '0.1.0' });
  const types = astToString(await openapiTS(structuredClone(document) as never));
  expect(errorsOf({ '/client/api.ts': types, '/client/main.ts': PROGRAM })).toEqual([]);
}, 60_000);

function errorsOf(files: Record<string, string>): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile, directoryExists } = host;
  host.directoryExists = (name) => name === '/client' || directoryExists?.(name) === true;
  host.readFile = (name) => files[name] ?? readFile(name);
  host.fileExists = (name) => name in files || fileExists(name);
  host.getSourceFile = (name, target, ...rest) =>
    files[name] === undefined
      ? getSourceFile(name, target, ...rest)
      : ts.createSourceFile(name, files[name], target, true);
  const program = ts.createProgram(Object.keys(files), options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map((d) => `${d.file?.fileName}:${d.start}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`);
}

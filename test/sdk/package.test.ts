// The package as it is published: packed, linted, installed into an empty project, typed, run, and measured.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rooms } from '../../sdk/src/routes.gen.ts';
import { jwt, serve, session } from './server.ts';

const root = resolve(import.meta.dirname, '../..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const run = (file: string, args: string[], cwd: string, env: object = {}) =>
  promisify(execFile)(file, args, { cwd, env: { ...process.env, ...env, NO_COLOR: '1' } });

const { records, auth, ...others } = rooms;
const routes = Object.values(others).flatMap((room) => Object.keys(room)).length;

/** Live events: the stream's parser (1430 B), subscriptions and live lists. Who takes CoreClient does not pay for them. */
const LIVE = 5500;

/** Budgets in bytes, minified and gzipped. The code is bounded; each further route of the contract may cost its line of the table. */
const BUDGET = { CoreClient: 5000, SnackBaseClient: 5000 + LIVE + 10 * routes, isCode: 300 };

/** The seed's snippet, verbatim; `sb.workflows` follows with its room. */
const SNIPPET = `import { SnackBaseClient } from '@snackbase/sdk';
const sb = new SnackBaseClient({
url: 'https://api.yourapp.com',
token: session.token,
});
// Collection-centric records API with automatic tenant scoping
const { items, total } = await sb.records.list('products', {
filter: { active: true },
sort: ['-created_at'],
perPage: 20,
});
// → { items: Product[], total: 847 }
const order = await sb.records.create('orders', {
product_id: items[0].id,
quantity: 3,
});
`;

let folder: string;
let project: string;
let tarball: string;
const installed = (path = '') => join(project, 'node_modules/@snackbase/sdk', path);

beforeAll(async () => {
  // A copy, so that a build of the package elsewhere in the tree is never half deleted under somebody's feet.
  folder = mkdtempSync(join(tmpdir(), 'snackbase-sdk-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  project = join(folder, 'project');
  cpSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  cpSync(join(root, 'sdk'), join(folder, 'sdk'), {
    recursive: true,
    filter: (path) => !/\/(dist|node_modules)$/.test(path),
  });
  await run(bin('tsup'), [], join(folder, 'sdk'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], join(folder, 'sdk'));
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) as string);
  mkdirSync(installed(), { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed(), '--strip-components=1'], folder);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the tarball holds the builds, the readme and the licence, and depends on nothing', () => {
  const files = readdirSync(installed(), { recursive: true }).map(String).sort();
  expect(files).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'dist/index.cjs',
    'dist/index.d.cts',
    'dist/index.d.ts',
    'dist/index.js',
    'package.json',
  ]);
  const manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: '@snackbase/sdk', version: '0.1.0', license: 'MIT', sideEffects: false });
  expect([manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('publint and attw find nothing', async () => {
  expect((await run(bin('publint'), ['run', tarball, '--strict'], folder)).stdout).toContain('All good!');
  expect((await run(bin('attw'), [tarball], folder)).stdout).toContain('No problems found');
}, 60_000);

test('S001-119 the builds touch no storage, no page and nothing of Node', () => {
  for (const file of ['dist/index.js', 'dist/index.cjs']) {
    const code = readFileSync(installed(file), 'utf8');
    expect(code).not.toMatch(
      /localStorage|sessionStorage|indexedDB|\bwindow\b|\bdocument\b|\bself\b|\bprocess\b|\bBuffer\b|node:|\brequire\(/,
    );
    expect(code).not.toMatch(/\bconsole\b/);
    // Whatever the sources import is in here.
    expect(code).not.toMatch(/^\s*(import|export)\b[^(\n]*\bfrom\b|\bimport\(\s*["']/m);
    expect(code).toContain('createParser');
  }
});

test('the declarations are flat: no imports, no zod, no ts-rest', () => {
  for (const file of ['dist/index.d.ts', 'dist/index.d.cts']) {
    expect(readFileSync(installed(file), 'utf8')).not.toMatch(
      /^\s*import\b(?!\()|\bimport\(\s*['"]|\bfrom ['"]|zod|ts-rest|reference types/im,
    );
  }
});

describe('types of the installed package', () => {
  const sources = () =>
    readFileSync(join(import.meta.dirname, 'types.fixture.ts'), 'utf8').replace(
      '../../sdk/src/index.ts',
      '@snackbase/sdk',
    );
  const node = { lib: ['ES2022'], types: ['node'], module: 'nodenext' };
  test.each([
    [
      'a page with a bundler',
      { lib: ['ES2022', 'DOM'], types: [], module: 'esnext', moduleResolution: 'bundler' },
      'fixture.ts',
    ],
    ['Node, ESM', node, 'fixture.mts'],
    ['Node, CommonJS', node, 'fixture.cts'],
  ])(
    '%s',
    async (_, flavour, file) => {
      const compilerOptions = {
        ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, target: 'es2022' },
        ...flavour,
        typeRoots: [join(root, 'node_modules/@types')],
      };
      writeFileSync(join(project, file), sources());
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
      const findings = await run(bin('tsc'), ['-p', '.'], project).then(
        () => '',
        (error) => error.stdout,
      );
      expect(findings).toBe('');
    },
    60_000,
  );
});

test('the seed’s snippet runs verbatim (S000-13 to S000-17, S000-20)', async () => {
  const items = [{ id: 'p1', active: true }];
  const server = await serve((seen) =>
    seen.method === 'POST'
      ? { status: 201, json: { id: 'o1', ...(seen.json as object) } }
      : { json: { items, total: 847, skip: 0, limit: 20, has_more: true } },
  );
  // The address is the snippet's own: only the network below is redirected.
  const before = `const real = fetch;
globalThis.fetch = (url, init) => real(String(url).replace('https://api.yourapp.com', process.env.SERVER), init);
globalThis.session = { token: 'seed-token' };`;
  writeFileSync(join(project, 'before.mjs'), before);
  writeFileSync(join(project, 'snippet.mjs'), `${SNIPPET}console.log(JSON.stringify({ items, total, order }));\n`);
  const { stdout } = await run(process.execPath, ['--import', './before.mjs', 'snippet.mjs'], project, {
    SERVER: server.url,
  });
  expect(JSON.parse(stdout)).toEqual({ items, total: 847, order: { id: 'o1', product_id: 'p1', quantity: 3 } });
  expect(server.seen.map((s) => [s.method, s.url, s.headers.authorization, s.body])).toEqual([
    ['GET', '/api/v1/records/products?active=true&limit=20&sort=-created_at', 'Bearer seed-token', ''],
    ['POST', '/api/v1/records/orders', 'Bearer seed-token', '{"product_id":"p1","quantity":3}'],
  ]);
});

test('CommonJS and the package.json export', async () => {
  const code =
    "const { SnackBaseClient } = require('@snackbase/sdk'); console.log(typeof SnackBaseClient, require('@snackbase/sdk/package.json').version)";
  expect((await run(process.execPath, ['-e', code], project)).stdout).toBe('function 0.1.0\n');
});

test('a context with no globals but those of the web platform that it needs runs it', async () => {
  const event = 'id: 1-1\nevent: posts.created\ndata: {"type":"created","new":{"id":"x"}}\n\n';
  const server = await serve((seen) => {
    if (seen.path.endsWith('/refresh')) return session('new', 'r1');
    if (!seen.path.endsWith('/stream')) return { json: { items: [{ id: 'x' }], total: 1 } };
    return (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
  });
  const stdin = { contents: "export * from '@snackbase/sdk';", resolveDir: project };
  const [file] = (await build({ stdin, bundle: true, format: 'iife', globalName: 'sdk', write: false })).outputFiles;
  const web = { fetch, Headers, FormData, Blob, AbortController, URLSearchParams, setTimeout, clearTimeout, atob };
  const context = createContext({ ...web, TextDecoder, url: server.url, token: jwt(-5) });
  const use = `(async () => {
    const { records } = new sdk.SnackBaseClient({ url, token, refreshToken: 'r0' });
    const { total } = await records.list('posts');
    for await (const { id } of records.subscribe('posts')) return JSON.stringify([total, id]);
  })()`;
  expect(await runInContext(`${file?.text};${use}`, context)).toBe('[1,"1-1"]');
  const paths = ['/api/v1/auth/refresh', '/api/v1/records/posts', '/api/v1/records/posts/stream'];
  expect(server.seen.map((s) => s.path)).toEqual(paths);
});

test.each(Object.entries(BUDGET))('importing %s costs less than %i bytes', async (name, budget) => {
  const contents = `import { ${name} } from '@snackbase/sdk'; globalThis.used = ${name};`;
  const bundle = {
    stdin: { contents, resolveDir: project },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  } as const;
  const [file] = (await build(bundle)).outputFiles;
  const size = gzipSync(file?.contents ?? '', { level: 9 }).length;
  console.info(`${name}: ${size} B of ${budget} B, minified and gzipped`);
  expect(size).toBeLessThan(budget);
});

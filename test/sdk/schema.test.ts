// `snackbase gen types` and the client typed by it: what the live server knows compiles, and planted mistakes do not.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filter, SnackBaseClient } from '../../sdk/src/index.ts';
import { startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'snackbase-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A client program on the generated schema; every line that is marked must be an error, and no other. */
const PROGRAM = `
import { filter, SnackBaseClient } from '@snackbase/sdk';
import type { Posts, Schema } from './snackbase.ts';

declare const sb: SnackBaseClient<Schema>;
type Is<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const same = <A, B>(_: Is<A, B>): void => {};

export async function right(): Promise<void> {
  const page = await sb.records.list('posts', {
    filter: { rank: { $gte: 3 }, kind: { $in: ['news', 'blog'] }, tags: { $contains: 'x' }, $or: [{ title: { $like: 'a%' } }, { rank: null }] },
    sort: ['-rank', 'title'],
    expand: ['author', 'author.company', 'comments_via_post(limit=2)'],
  });
  const post = page.items[0];
  const company: string | null | undefined = post?.author?.company?.name;
  const texts: (string | null)[] | undefined = post?.comments_via_post.map((c) => c.text);
  const plain = await sb.records.get('posts', 'x');
  same<typeof plain.author, string | null>(true);
  same<typeof plain.kind, 'news' | 'blog' | null>(true);
  same<typeof plain.double, number | null>(true);
  const made: Posts = await sb.records.create('posts', { title: 'x', rank: 1, kind: 'news', meta: { a: [1] } });
  await sb.records.patch('posts', plain.id, { rank: null });
  for await (const one of sb.records.all('posts', { filter: filter\`rank > \${1} && title ~ \${'a'}\` })) same<typeof one.title, string>(true);
  const found = await sb.records.from('posts').where({ rank: { $lt: 5 } }).sort('-rank').expand('author').first();
  const name: string | null | undefined = found?.author?.name;
  await sb.records.batchCreate('people', [{ name: 'Ada' }]);
  await sb.records.query('posts', { where: { $or: [{ rank: { $gt: 1 } }, { kind: 'news' }] }, orderBy: 'rank' });
  await sb.records.transaction([
    { op: 'create', collection: 'people', as: 'ada', data: { name: 'Ada' } },
    { op: 'create', collection: 'posts', data: { title: 'x', author: { $from: 'ada.id' } } },
    { op: 'update', collection: 'posts', id: { $from: '1.id' }, data: { rank: 2 } },
  ]);
  void [company, texts, made, name];
}

export async function wrong(): Promise<void> {
  await sb.records.list('pots'); // MISTAKE
  await sb.records.list('posts', { filter: { rnk: 1 } }); // MISTAKE
  await sb.records.list('posts', { filter: { rank: { $like: 'x' } } }); // MISTAKE
  await sb.records.list('posts', { filter: { rank: 'three' } }); // MISTAKE
  await sb.records.list('posts', { filter: { kind: { $in: ['car'] } } }); // MISTAKE
  await sb.records.list('posts', { filter: { title: { $gtt: 'x' } } }); // MISTAKE
  await sb.records.list('posts', { sort: ['-rang'] }); // MISTAKE
  await sb.records.list('posts', { expand: ['writer'] }); // MISTAKE
  await sb.records.list('posts', { fields: ['titel'] }); // MISTAKE
  await sb.records.create('posts', { rank: 1 }); // MISTAKE
  await sb.records.create('posts', { title: 'x', double: 2 }); // MISTAKE
  await sb.records.create('posts', { title: 'x', kind: 'car' }); // MISTAKE
  await sb.records.patch('posts', 'x', { title: 5 }); // MISTAKE
  await sb.records.create('people', { name: 'x', title: 'y' }); // MISTAKE
  (await sb.records.get('posts', 'x', { expand: ['author'] })).author?.nam; // MISTAKE
  (await sb.records.get('posts', 'x')).author?.name; // MISTAKE
  sb.records.from('posts').where({ rank: true }); // MISTAKE
  sb.records.from('posts').sort('rang'); // MISTAKE
  filter\`rank > \${{ a: 1 }}\`; // MISTAKE
  await sb.records.query('posts', { where: { rnk: 1 } }); // MISTAKE
  await sb.records.transaction([{ op: 'create', collection: 'nope', data: { zz: 1 } }]); // MISTAKE
  await sb.records.transaction([{ op: 'create', collection: 'people', data: { nam: 'x' } }]); // MISTAKE
}
`;

interface Described {
  people: { name: string | null; rank: number | null };
}

describe('the client and a generated schema', () => {
  let t: TestApp;
  let acme: Tenant;
  let file: string;

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const open = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
    const text = (name: string, more = {}) => ({ name, type: 'text', ...more });
    const to = (name: string, collection: string) => ({ name, type: 'reference', collection, on_delete: 'set_null' });
    await t.collection({ name: 'companies', schema: [text('name')], ...open });
    await t.collection({
      name: 'people',
      schema: [text('name'), { name: 'rank', type: 'number' }, to('company', 'companies')],
      ...open,
    });
    await t.collection({
      name: 'posts',
      schema: [
        text('title', { required: true }),
        { name: 'rank', type: 'number' },
        { name: 'kind', type: 'enum', enum: ['news', 'blog'] },
        { name: 'tags', type: 'text[]' },
        { name: 'meta', type: 'json' },
        { name: 'double', type: 'computed', expression: 'rank * 2' },
        to('author', 'people'),
      ],
      ...open,
    });
    await t.collection({ name: 'comments', schema: [text('text'), to('post', 'posts')], ...open });
    file = join(folder, 'snackbase.ts');
  });

  const gen = (args: string[]) =>
    run(
      process.execPath,
      [join(root, 'server/cli/bin.mjs'), 'gen', 'types', '--url', t.url, '--token', acme.token, ...args],
      { cwd: folder },
    );

  it('is written from the live server, the same each time', async () => {
    await gen(['--output', file]);
    const first = readFileSync(file, 'utf8');
    expect(first).toContain('export interface Posts {');
    expect(first).toContain('kind: "news" | "blog" | null;');
    await gen(['--output', file]);
    expect(readFileSync(file, 'utf8')).toBe(first);
    expect((await gen(['--output', '-'])).stdout).toBe(first);
  }, 60_000);

  it('types names, fields, filters, sorts, expands, creates and updates; every planted mistake is an error', () => {
    const program = join(folder, 'program.ts');
    writeFileSync(program, PROGRAM);
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      types: [],
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      baseUrl: folder,
      paths: { '@snackbase/sdk': [join(root, 'sdk/dist/index.d.ts')] },
    };
    const made = ts.createProgram([program], options);
    const wrong = ts.getPreEmitDiagnostics(made).map((d) => {
      const line = d.file === undefined ? -1 : d.file.getLineAndCharacterOfPosition(d.start ?? 0).line;
      return { line, text: ts.flattenDiagnosticMessageText(d.messageText, '\n') };
    });
    const lines = PROGRAM.split('\n');
    const planted = lines.flatMap((line, i) => (line.includes('// MISTAKE') ? [i] : []));
    expect(planted.length).toBeGreaterThanOrEqual(10);
    expect(wrong.filter(({ line }) => !planted.includes(line))).toEqual([]);
    expect(planted.filter((line) => !wrong.some((one) => one.line === line)).map((line) => lines[line])).toEqual([]);
  }, 120_000);

  it('costs the compiler little: under 2,000 instantiations for the declarations', () => {
    const program = join(folder, 'import.ts');
    writeFileSync(
      program,
      "import { SnackBaseClient } from '@snackbase/sdk';\nexport const sb = new SnackBaseClient({ url: 'http://x' });\n",
    );
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      noEmit: true,
      types: [],
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      baseUrl: folder,
      paths: { '@snackbase/sdk': [join(root, 'sdk/dist/index.d.ts')] },
    };
    const count = (source: string) => {
      writeFileSync(program, source);
      const made = ts.createProgram([program], { ...options, skipLibCheck: false });
      const file = made.getSourceFile(join(root, 'sdk/dist/index.d.ts'));
      made.getSemanticDiagnostics(made.getSourceFile(program));
      if (file !== undefined) made.getSemanticDiagnostics(file);
      return (made as unknown as { getInstantiationCount(): number }).getInstantiationCount();
    };
    const used = count(
      "import { SnackBaseClient } from '@snackbase/sdk';\nexport const sb = new SnackBaseClient({ url: 'http://x' });\n",
    );
    console.info(`${used} instantiations`);
    expect(used).toBeLessThan(2000);
  }, 120_000);

  it('lists, walks, filters by objects and templates, and puts queries together', async () => {
    const sb = new SnackBaseClient<Described>({ url: t.url, token: acme.token });
    await sb.records.batchCreate(
      'people',
      Array.from({ length: 250 }, (_, i) => ({ name: `P'${i}\\`, rank: i })),
    );
    const seen = new Set<string>();
    for await (const one of sb.records.all('people', { sort: ['rank'] })) seen.add(one.id);
    expect(seen.size).toBe(250);
    const pages: number[] = [];
    for await (const page of sb.records.pages('people', { limit: 100, filter: { rank: { $gte: 10 } } }))
      pages.push(page.items.length);
    expect(pages).toEqual([100, 100, 40]);
    const tricky = "P'7\\";
    expect((await sb.records.list('people', { filter: filter`name = ${tricky} || rank in ${[1, 2]}` })).total).toBe(3);
    expect(
      (await sb.records.list('people', { filter: { name: tricky, $or: [{ rank: 7 }, { rank: null }] } })).total,
    ).toBe(1);
    const query = sb.records.from('people').where({ rank: { $lt: 20 } });
    expect(await query.where({ rank: { $gte: 18 } }).count()).toBe(2);
    expect((await query.sort('-rank').first())?.rank).toBe(19);
    expect((await query.sort('-rank').skip(1).limit(2).fields('rank').list()).items.map((r) => r.rank)).toEqual([
      18, 17,
    ]);
    const all: (number | null)[] = [];
    for await (const one of sb.records.from('people').where(filter`rank > ${247}`).sort('rank')) all.push(one.rank);
    expect(all).toEqual([248, 249]);
    expect(() => filter`${Number.NaN}`).toThrow(TypeError);
    const text = await sb.records.export('people', { format: 'csv', fields: 'rank', sort: 'rank' });
    expect(text.split('\r\n')).toHaveLength(252);
    const summary = await sb.records.import('people', '{"name":"imported"}\n');
    expect(summary).toMatchObject({ created: 1, rejected: 0 });
    const { results } = await sb.records.transaction([
      { op: 'create', collection: 'people', as: 'x', data: { name: 'x' } },
      { op: 'delete', collection: 'people', id: { $from: 'x.id' } },
    ]);
    expect(results.map(({ op }) => op)).toEqual(['create', 'delete']);
  });

  it('--watch writes again when a collection changes', async () => {
    const watched = join(folder, 'watched.ts');
    const { spawn } = await import('node:child_process');
    const child = spawn(
      process.execPath,
      [
        join(root, 'server/cli/bin.mjs'),
        'gen',
        'types',
        '--watch',
        '--url',
        t.url,
        '--token',
        t.root,
        '--output',
        watched,
      ],
      { cwd: folder, stdio: 'ignore' },
    );
    const content = () => {
      try {
        return readFileSync(watched, 'utf8');
      } catch {
        return '';
      }
    };
    await expect.poll(content, { timeout: 30_000 }).toContain('export interface Companies');
    await t.collection({ name: 'watched_things', schema: [{ name: 'x', type: 'text' }] });
    await expect.poll(content, { timeout: 30_000 }).toContain('export interface WatchedThings');
    const ended = new Promise<number | null>((done) => child.once('exit', done));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 90_000);
});

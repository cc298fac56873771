// `snackbase export` and `snackbase import` against a running server: files in and out, rejects told, progress on the error output.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const bin = fileURLToPath(new URL('../../server/cli/bin.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'snackbase-transfer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

describe('snackbase export and import', () => {
  let t: TestApp;
  let acme: Tenant;
  const snackbase = (args: string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const all = { ...process.env, SNACKBASE_URL: t.url, SNACKBASE_TOKEN: acme.token, ...env };
      execFile(process.execPath, [bin, ...args], { env: all, cwd: folder }, (error, out, err) =>
        resolve({ code: (error as { code?: number } | null)?.code ?? 0, out, err }),
      );
    });

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const schema = [
      { name: 'code', type: 'text', unique: true },
      { name: 'rank', type: 'number' },
    ];
    for (const name of ['goods', 'copies'])
      await t.collection({ name, schema, list_rule: '', create_rule: '', update_rule: '' });
  });

  it('stores the rows of a file, tells what it rejects, and ends with 1 then', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => JSON.stringify({ code: `c${i}`, rank: i === 7 ? 'seven' : i }));
    writeFileSync(at('goods.ndjson'), rows.join('\n'));
    const first = await snackbase(['import', 'goods', 'goods.ndjson', '--rejects', 'bad.ndjson']);
    expect([first.code, first.out]).toEqual([1, 'created 1499, changed 0, rejected 1\n']);
    expect(first.err).toMatch(/1,500 rows in [\d.]+ s/);
    expect(JSON.parse(readFileSync(at('bad.ndjson'), 'utf8'))).toMatchObject({ line: 8, errors: [{ field: 'rank' }] });
    const again = await snackbase(['import', 'goods', 'goods.ndjson', '--upsert-by', 'code', '--quiet', '--dry-run']);
    expect([again.out, again.err]).toEqual([
      'would create 0, would change 1499, rejected 1\n',
      'line 8: rank: Expected number, received string\n',
    ]);
  });

  it('writes a file that can be imported again', async () => {
    const out = await snackbase([
      'export',
      'goods',
      '--output',
      'goods.csv',
      '--sort',
      'rank',
      '--fields',
      'code,rank',
    ]);
    expect(out.code).toBe(0);
    expect(readFileSync(at('goods.csv'), 'utf8').split('\r\n').slice(0, 2)[0]).toBe('id,code,rank');
    const copied = await snackbase(['import', 'copies', 'goods.csv', '--quiet']);
    expect(copied.out).toBe('created 1499, changed 0, rejected 0\n');
    const piped = await snackbase(['export', 'copies', '--filter', 'rank < 3', '--quiet', '--sort', 'rank']);
    expect(
      piped.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).code),
    ).toEqual(['c0', 'c1', 'c2']);
  });

  it('logs in by itself, and says what is wrong', async () => {
    const login = ['--account', acme.account.slug, '--email', acme.email, '--password', PASSWORD];
    const own = await snackbase(['export', 'goods', '--filter', 'rank = 1', '--quiet', ...login], {
      SNACKBASE_TOKEN: '',
    });
    expect([own.code, own.out.split('\n').length]).toEqual([0, 2]);
    // More than the buffers on the way hold.
    writeFileSync(at('large.ndjson'), `${'{"code":"x"}\n'.repeat(2_500_000)}`);
    const cases: [string[], number, RegExp][] = [
      [['import', 'nowhere', 'large.ndjson'], 1, /RESOURCE_NOT_FOUND/],
      [['export', 'goods', '--output', 'missing/x.csv'], 1, /ENOENT/],
      [['export', 'goods', '--url', 'localhost:8000'], 2, /must be an address/],
      [['export'], 2, /Something is missing/],
      [['export', 'goods', '--format', 'xml'], 2, /ndjson or csv/],
      [['export', 'nowhere'], 1, /Resource not found \(404 RESOURCE_NOT_FOUND\)/],
      [['import', 'goods', 'missing.csv'], 2, /There is no file missing\.csv/],
      [['import', 'goods', 'goods.csv', '--upsert-by', 'rank'], 1, /unique field/],
      [['export', 'goods', '--url', 'http://127.0.0.1:9'], 1, /does not answer/],
      [['gen'], 2, /gen types/],
    ];
    for (const [args, code, text] of cases) {
      const { code: ended, err } = await snackbase(args);
      expect([args.join(' '), ended]).toEqual([args.join(' '), code]);
      expect(err).toMatch(text);
    }
  });
});

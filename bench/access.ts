// What tenancy's second belt and rules cost: this server without either, with row-level security around every statement, and with
// compiled rules that let every row pass. `node server/cli/run-ts.mjs bench/access.ts access` takes two minutes.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { type Fixture, seed } from './fixture.ts';
import { firstOutput, http, median } from './main.ts';

const ROUNDS = 7;
const SECONDS = 2;
const PASSWORD = 'Benchmark-2026!';
const SIDES = {
  plain: { port: 18_010, rowSecurity: 'off', collection: 'bench_posts' },
  belt: { port: 18_011, rowSecurity: 'always', collection: 'bench_posts' },
  rules: { port: 18_010, rowSecurity: 'off', collection: 'bench_ruled' },
} as const;
type Side = keyof typeof SIDES;
const RULE = "views >= 0 && (created_by != @request.auth.id || @has_role('admin'))";

const WORKLOADS: Readonly<Record<string, (base: string, f: Fixture, i: number, token: string) => string>> = {
  'get by id': (base, f, i, token) => http('GET', `${base}/${f.rows[i % f.rows.length]?.id}`, token),
  'list of 20 + total': (base, _f, _i, token) => http('GET', `${base}?published=true&limit=20&skip=0`, token),
  create: (base, _f, i, token) =>
    http('POST', base, token, {
      title: `Title ${i}`,
      body: 'A body of some length.',
      views: i,
      published: i % 2 === 0,
    }),
  patch: (base, f, i, token) => http('PATCH', `${base}/${f.rows[i % f.rows.length]?.id}`, token, { views: i }),
};

/** Runs the comparison in the checkout at `root`. */
export async function access(root: string): Promise<void> {
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('The benchmark needs PostgreSQL.');
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-bench-'));
  const children: ChildProcess[] = [];
  try {
    const url = await createDatabase(postgres.url, `bench_${process.pid}`);
    const start = async (port: number, rowSecurity: string) => {
      const server = spawn(process.execPath, [join(root, 'server/cli/bin.mjs'), 'serve', '--port', String(port)], {
        env: {
          ...process.env,
          DATABASE_URL: url,
          SNACKBASE_DATA_DIR: dataDir,
          SNACKBASE_RATE_LIMIT: 'off',
          SNACKBASE_LOG: 'error',
          SNACKBASE_ROW_SECURITY: rowSecurity,
          SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
          SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(server);
      await firstOutput(server, 'is ready');
    };
    await start(SIDES.plain.port, 'off');
    const base = `http://127.0.0.1:${SIDES.plain.port}`;
    const fixture = await seed(base, url);
    await copyUnderRules(base, url, fixture.table);
    await start(SIDES.belt.port, 'always');
    const loader = fork(join(root, 'bench/load.mjs'));
    children.push(loader);
    const measure = (port: number, requests: string[], seconds: number) =>
      new Promise<{ perSecond: number; failures: number }>((resolve) => {
        loader.once('message', (result) => resolve(result as { perSecond: number; failures: number }));
        loader.send({ port, requests, seconds });
      });
    console.log(`${ROUNDS} rounds of ${SECONDS} s, 32 connections, 100,000 rows, 100 accounts; replies per second`);
    for (const [name, request] of Object.entries(WORKLOADS)) {
      const results: Record<Side, number[]> = { plain: [], belt: [], rules: [] };
      for (let round = -1; round < ROUNDS; round++) {
        for (const side of Object.keys(SIDES) as Side[]) {
          const { port, collection } = SIDES[side];
          const requests = Array.from({ length: 2000 }, (_, i) => {
            const { account_id } = fixture.rows[i % fixture.rows.length] as Fixture['rows'][number];
            const token = fixture.accounts.find((a) => a.id === account_id)?.token as string;
            return request(`/api/v1/records/${collection}`, fixture, i, token);
          });
          const { perSecond, failures } = await measure(port, requests, round < 0 ? 1 : SECONDS);
          if (failures > 0) throw new Error(`${name}: ${failures} failed replies on the side ${side}`);
          if (round >= 0) results[side].push(perSecond);
        }
      }
      const plain = median(results.plain);
      const told = (side: Side) =>
        `${side} ${median(results[side]).toFixed(0)} (${(median(results[side]) / plain).toFixed(2)})`;
      console.log(`${name.padEnd(20)} plain ${plain.toFixed(0)}   ${told('belt')}   ${told('rules')}`);
    }
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The same rows in a collection whose four rules let all of them pass. */
async function copyUnderRules(base: string, url: string, table: string): Promise<void> {
  const call = async (path: string, body: object, token?: string) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as { token: string };
  };
  const { token } = await call('/auth/login', { account: 'system', email: 'root@example.com', password: PASSWORD });
  const schema = [
    { name: 'title', type: 'text', required: true },
    { name: 'body', type: 'text' },
    { name: 'views', type: 'number', default: 0 },
    { name: 'published', type: 'boolean', default: false },
  ];
  const rules = { list_rule: RULE, view_rule: RULE, update_rule: RULE, create_rule: 'views >= 0' };
  await call('/collections', { name: 'bench_ruled', schema, ...rules }, token);
  const client = new pg.Client(url);
  await client.connect();
  const columns = 'account_id, id, title, body, views, published, created_at, updated_at, created_by, updated_by';
  await client.query(`insert into app_main.bench_ruled (${columns}) select ${columns} from ${table}`);
  await client.query('vacuum analyze app_main.bench_ruled');
  await client.end();
}

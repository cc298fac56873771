// `npm run bench`: this server beside a hand-written node:http and pg server on the same table, interleaved; prints ratios of medians.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { type Fixture, seed } from './fixture.ts';

const ROUNDS = 5;
const SECONDS = 3;
const PORTS = { ours: 18_000, raw: 18_001 };
export const RAW_SECRET = 'bench-only-secret-of-the-hand-written-server';

interface Workload {
  readonly name: string;
  readonly request: (fixture: Fixture, i: number, token: string) => string;
}

export const http = (method: string, path: string, token: string, body?: object): string => {
  const text = body === undefined ? '' : JSON.stringify(body);
  const entity = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${entity}\r\n${text}`;
};
const BASE = '/api/v1/records/bench_posts';
const WORKLOADS: readonly Workload[] = [
  { name: 'get by id', request: (f, i, token) => http('GET', `${BASE}/${f.rows[i % f.rows.length]?.id}`, token) },
  {
    name: 'list of 20 + total',
    request: (_f, _i, token) => http('GET', `${BASE}?published=true&limit=20&skip=0`, token),
  },
  {
    name: 'create',
    request: (_f, i, token) =>
      http('POST', BASE, token, {
        title: `Title ${i}`,
        body: 'A body of some length, as posts have.',
        views: i,
        published: i % 2 === 0,
      }),
  },
  {
    name: 'patch',
    request: (f, i, token) => http('PATCH', `${BASE}/${f.rows[i % f.rows.length]?.id}`, token, { views: i }),
  },
];

/** Runs the benchmark in the checkout at `root`; takes about three minutes. */
export async function bench(root: string): Promise<void> {
  const postgres = await startPostgres();
  if (postgres === null)
    throw new Error('The benchmark needs a PostgreSQL server: set TEST_DATABASE_URL or install one.');
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-bench-'));
  const children: ChildProcess[] = [];
  try {
    const url = await createDatabase(postgres.url, `bench_${process.pid}`);
    const env = {
      ...process.env,
      DATABASE_URL: url,
      SNACKBASE_DATA_DIR: dataDir,
      SNACKBASE_RATE_LIMIT: 'off',
      SNACKBASE_LOG: 'error',
    };
    const ours = spawn(process.execPath, [join(root, 'server/cli/bin.mjs'), 'serve', '--port', String(PORTS.ours)], {
      env: { ...env, SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com', SNACKBASE_SUPERADMIN_PASSWORD: 'Benchmark-2026!' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(ours);
    await firstOutput(ours, 'is ready');
    const fixture = await seed(`http://127.0.0.1:${PORTS.ours}`, url);
    const raw = spawn(process.execPath, [join(root, 'bench/raw-server.mjs')], {
      env: { ...env, TABLE: fixture.table, SECRET: RAW_SECRET, PORT: String(PORTS.raw) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(raw);
    await firstOutput(raw, 'ready');
    const loader = fork(join(root, 'bench/load.mjs'));
    children.push(loader);
    const measure = (port: number, requests: string[], seconds: number) =>
      new Promise<{ perSecond: number; failures: number }>((resolve) => {
        loader.once('message', (result) => resolve(result as { perSecond: number; failures: number }));
        loader.send({ port, requests, seconds });
      });

    console.log(
      `${ROUNDS} rounds of ${SECONDS} s each, 32 connections, 100,000 rows, ${fixture.accounts.length} accounts; replies per second`,
    );
    for (const workload of WORKLOADS) {
      const requests = (tokenOf: (accountId: string) => string) =>
        Array.from({ length: 2000 }, (_, i) => {
          const { account_id } = fixture.rows[i % fixture.rows.length] as Fixture['rows'][number];
          return workload.request(fixture, i, tokenOf(account_id));
        });
      const sides = {
        ours: requests((id) => fixture.accounts.find((a) => a.id === id)?.token as string),
        raw: requests(rawToken),
      };
      const results = { ours: [] as number[], raw: [] as number[] };
      for (const side of ['ours', 'raw'] as const) await measure(PORTS[side], sides[side], 1);
      for (let round = 0; round < ROUNDS; round++) {
        for (const side of round % 2 === 0 ? (['ours', 'raw'] as const) : (['raw', 'ours'] as const)) {
          const { perSecond, failures } = await measure(PORTS[side], sides[side], SECONDS);
          if (failures > 0) throw new Error(`${workload.name}: ${failures} failed replies from ${side}`);
          results[side].push(perSecond);
        }
      }
      const [a, b] = [median(results.ours), median(results.raw)];
      console.log(
        `${workload.name.padEnd(20)} ours ${a.toFixed(0).padStart(7)}   raw ${b.toFixed(0).padStart(7)}   ratio ${(a / b).toFixed(2)}`,
      );
    }
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

export function firstOutput(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk) => String(chunk).includes(text) && resolve());
    child.once('exit', (code) => reject(new Error(`a server ended with ${code}`)));
  });
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const tokens = new Map<string, string>();
/** A token that the hand-written servers take. */
export function rawToken(accountId: string): string {
  const known = tokens.get(accountId);
  if (known !== undefined) return known;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '00000000-0000-7000-8000-000000000001', account_id: accountId, exp: Math.floor(Date.now() / 1000) + 7200 })}`;
  const token = `${signed}.${createHmac('sha256', RAW_SECRET).update(signed).digest('base64url')}`;
  tokens.set(accountId, token);
  return token;
}

// Many records at once, references followed, totals: this server beside SQL written by hand; and the memory that import and export take.
// `node server/cli/run-ts.mjs bench/data.ts data` takes some four minutes.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { firstOutput, http, median, RAW_SECRET, rawToken } from './main.ts';

const ROUNDS = 5;
const SECONDS = 2;
const ITEMS = 1000;
const [OURS, RAW] = [18_020, 18_021];
const PASSWORD = 'Benchmark-2026!';
const IMPORTED = Number(process.env.BENCH_IMPORT ?? 100_000);
const EXPORTED = Number(process.env.BENCH_EXPORT ?? 1_000_000);

/** Runs the comparison in the checkout at `root`. */
export async function data(root: string): Promise<void> {
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('The benchmark needs PostgreSQL.');
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-bench-'));
  const children: ChildProcess[] = [];
  const started = (child: ChildProcess) => {
    children.push(child);
    return child;
  };
  try {
    const url = await createDatabase(postgres.url, `bench_${process.pid}`);
    const env = {
      ...process.env,
      DATABASE_URL: url,
      SNACKBASE_DATA_DIR: dataDir,
      SNACKBASE_RATE_LIMIT: 'off',
      SNACKBASE_LOG: 'error',
      SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
      SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD,
    };
    const bin = join(root, 'server/cli/bin.mjs');
    const server = started(
      spawn(process.execPath, [bin, 'serve', '--port', String(OURS)], { env, stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    await firstOutput(server, 'is ready');
    const { token, account } = await prepared(`http://127.0.0.1:${OURS}`, url);
    const raw = started(
      spawn(process.execPath, [join(root, 'bench/raw-data-server.mjs')], {
        env: { ...process.env, DATABASE_URL: url, SECRET: RAW_SECRET, PORT: String(RAW) },
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    await firstOutput(raw, 'listening');
    const loader = started(fork(join(root, 'bench/load.mjs')));
    const measure = (port: number, text: string, connections: number, seconds: number) =>
      new Promise<{ perSecond: number; failures: number }>((resolve) => {
        loader.once('message', (result) => resolve(result as { perSecond: number; failures: number }));
        loader.send({ port, requests: [text], connections, seconds });
      });
    const rows = Array.from({ length: ITEMS }, (_, i) => ({
      title: `Title ${i}`,
      body: 'A body of some length.',
      views: i,
      published: i % 2 === 0,
    }));
    const posts = '/api/v1/records/bench_posts';
    const workloads: [string, (token: string) => string, number, number][] = [
      [`bulk insert of ${ITEMS}`, (token) => http('POST', '/api/v1/records/bench_bulk/bulk', token, rows), 4, ITEMS],
      [
        'list of 20, two references',
        (token) => http('GET', `${posts}?limit=20&count=false&expand=author,category`, token),
        16,
        1,
      ],
      [
        'aggregate over 100,000',
        (token) =>
          http(
            'GET',
            `${posts}/aggregate?functions=count(),sum(views),avg(views)&group_by=published&sort=published`,
            token,
          ),
        4,
        1,
      ],
    ];
    console.log(`${ROUNDS} rounds of ${SECONDS} s, medians per second, and the ratio to SQL by hand`);
    for (const [name, request, connections, times] of workloads) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let round = -1; round < ROUNDS; round++) {
        for (const [port, results, text] of [
          [OURS, ours, request(token)],
          [RAW, theirs, request(rawToken(account))],
        ] as const) {
          const { perSecond, failures } = await measure(port, text, connections, round < 0 ? 1 : SECONDS);
          if (failures > 0) throw new Error(`${name}: ${failures} failed replies on port ${port}`);
          if (round >= 0) results.push(perSecond * times);
        }
      }
      console.log(
        `${name.padEnd(28)} ${median(ours).toFixed(0).padStart(8)}   by hand ${median(theirs).toFixed(0).padStart(8)}   ratio ${(median(ours) / median(theirs)).toFixed(2)}`,
      );
    }
    await transfers(server.pid as number, token, url);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** A login and its account's collections: posts that refer to people and categories, and places for bulk inserts. */
async function prepared(base: string, url: string): Promise<{ token: string; account: string }> {
  const call = async (path: string, body: object, token?: string) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    // biome-ignore lint/suspicious/noExplicitAny: a fixture reads the few keys it knows
    return response.json() as Promise<any>;
  };
  const { token: root } = await call('/auth/login', {
    account: 'system',
    email: 'root@example.com',
    password: PASSWORD,
  });
  const account = await call('/accounts', { name: 'Bench', slug: 'bench' }, root);
  await call('/users', { email: 'ada@example.com', password: PASSWORD, account_id: account.id, role_id: 1 }, root);
  const { token } = await call('/auth/login', { account: 'bench', email: 'ada@example.com', password: PASSWORD });
  const plain = [
    { name: 'title', type: 'text', required: true },
    { name: 'body', type: 'text' },
    { name: 'views', type: 'number', default: 0 },
    { name: 'published', type: 'boolean', default: false },
  ];
  const rules = { list_rule: '', view_rule: '', create_rule: '' };
  const name = [{ name: 'name', type: 'text' }];
  for (const collection of ['bench_people', 'bench_categories'])
    await call('/collections', { name: collection, schema: name, ...rules }, root);
  const references = [
    { name: 'author', type: 'reference', collection: 'bench_people' },
    { name: 'category', type: 'reference', collection: 'bench_categories' },
  ];
  await call('/collections', { name: 'bench_posts', schema: [...plain, ...references], ...rules }, root);
  for (const collection of ['bench_bulk', 'bench_bulk_raw', 'bench_import', 'bench_export'])
    await call('/collections', { name: collection, schema: plain, ...rules }, root);
  const client = new pg.Client(url);
  await client.connect();
  for (const table of ['bench_people', 'bench_categories'])
    await client.query(
      `insert into app_main.${table} (account_id, id, name) select $1, gen_random_uuid(), 'Name ' || i from generate_series(1, 1000) i`,
      [account.id],
    );
  await client.query(
    `insert into app_main.bench_posts (account_id, id, title, body, views, published, created_at, author, category)
     select $1, gen_random_uuid(), 'Title ' || i, 'A body of some length.', i, i % 2 = 0, now() - (i || ' seconds')::interval,
       (array(select id from app_main.bench_people))[1 + i % 1000], (array(select id from app_main.bench_categories))[1 + i % 1000]
     from generate_series(1, 100000) i`,
    [account.id],
  );
  await client.query(
    `insert into app_main.bench_export (account_id, id, title, body, views, published)
     select $1, gen_random_uuid(), 'Title ' || i, 'A body of some length.', i, i % 2 = 0 from generate_series(1, ${EXPORTED}) i`,
    [account.id],
  );
  await client.query('vacuum analyze');
  await client.end();
  return { token, account: account.id };
}

const megabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** The greatest resident memory of the server while the work runs, less what it had before. */
async function growth(
  pid: number,
  work: () => Promise<number>,
): Promise<{ grown: number; seconds: number; rows: number }> {
  const before = megabytes(pid);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, megabytes(pid));
  }, 20);
  const began = performance.now();
  const rows = await work();
  clearInterval(watch);
  return { grown: most - before, seconds: (performance.now() - began) / 1000, rows };
}

async function transfers(pid: number, token: string, url: string): Promise<void> {
  const told = (what: string, { grown, seconds, rows }: Awaited<ReturnType<typeof growth>>) =>
    console.log(
      `${what.padEnd(28)} ${rows} rows in ${seconds.toFixed(1)} s (${Math.round(rows / seconds)}/s), resident memory grew by ${grown.toFixed(0)} MB`,
    );
  const path = '/api/v1/records';
  const once = (collection: string, most: number) => importing(`${path}/${collection}/import`, token, most);
  // What a first import needs anyway (compiled code, connections) is not growth with the rows.
  await once('bench_import', 2000);
  told('import', await growth(pid, () => once('bench_import', IMPORTED)));
  await exporting(`${path}/bench_export/export?filter=${encodeURIComponent('views < 2000')}`, token);
  told('export', await growth(pid, () => exporting(`${path}/bench_export/export`, token)));
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query('select count(*)::int as count from app_main.bench_import');
  if (rows[0].count !== IMPORTED + 2000) throw new Error(`${rows[0].count} rows were imported`);
  await client.end();
}

function importing(path: string, token: string, most: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = send(
      {
        host: '127.0.0.1',
        port: OURS,
        path,
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson' },
      },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        reply.on('end', () => resolve(JSON.parse(text).created));
      },
    );
    call.on('error', reject);
    let sent = 0;
    const more = () => {
      while (sent < most) {
        const line = `{"title":"Title ${sent}","body":"A body of some length.","views":${sent},"published":true}\n`;
        sent += 1;
        if (!call.write(line)) return void call.once('drain', more);
      }
      call.end();
    };
    more();
  });
}

function exporting(path: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = send(
      { host: '127.0.0.1', port: OURS, path, headers: { Authorization: `Bearer ${token}` } },
      (reply) => {
        let rows = 0;
        reply.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
        });
        reply.on('end', () => resolve(rows));
      },
    );
    call.on('error', reject);
    call.end();
  });
}

// Streams: what an idle subscriber costs in memory, how late an event is, and how many are delivered beside a bare broadcaster.
// `node server/cli/run-ts.mjs bench/stream.ts stream` takes some four minutes.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createTokens } from '../server/auth/tokens.ts';
import { createDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { firstOutput, http, median } from './main.ts';

const [OURS, BARE, IDLE] = [18_040, 18_041, 18_042];
const SECRET = 'bench-only-secret-key-of-our-own-server';
const PASSWORD = 'Benchmark-2026!';
const SUBSCRIBERS = Number(process.env.BENCH_SUBSCRIBERS ?? 500);
const HELD = Number(process.env.BENCH_HELD ?? 5000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const ROUNDS = 3;
const RECORDS = '/api/v1/records';

interface Paced {
  readonly perSecond: number;
  readonly request: { readonly p50: number; readonly p99: number };
  readonly answer: { readonly p50: number; readonly p99: number };
}
interface Fast {
  readonly written: number;
  readonly size: number;
  readonly perSecond: number;
}
type Job = (job: string, options?: object) => Promise<unknown>;

/** Runs the comparison in the checkout at `root`; with a word only its parts that begin so: `idle`, `delay`, `most`, `alone`. */
export async function stream(root: string, only = ''): Promise<void> {
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
      SNACKBASE_SECRET_KEY: SECRET,
      SNACKBASE_RATE_LIMIT: 'off',
      SNACKBASE_LOG: 'warn',
      SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
      SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD,
    };
    const bin = join(root, 'server/cli/bin.mjs');
    const options = { env, stdio: ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'] };
    // Each subscriber is a file of the process.
    const serve = async (port: number) => {
      const command = `ulimit -n "$(ulimit -Hn)"; exec "${process.execPath}" $NODE_FLAGS "${bin}" serve --port ${port}`;
      const server = started(spawn('sh', ['-c', command], options));
      await firstOutput(server, 'is ready');
      return server;
    };
    const ours = await serve(OURS);
    const people = await prepared(`http://127.0.0.1:${OURS}`, url);
    const client = started(fork(join(root, 'bench/stream-load.mjs')));
    const job: Job = (name, more = {}) =>
      new Promise((resolve, reject) => {
        client.once('message', (answer: { result?: unknown; error?: string }) =>
          answer.error === undefined ? resolve(answer.result) : reject(new Error(`${name}: ${answer.error}`)),
        );
        client.send({ job: name, ...more });
      });
    if ('idle'.startsWith(only)) await idle(() => serve(IDLE), job, people);
    const bare = started(
      spawn(process.execPath, [join(root, 'bench/stream-raw.mjs')], {
        ...options,
        env: { ...env, PORT: String(BARE) },
      }),
    );
    await firstOutput(bare, 'ready');
    if ('delay'.startsWith(only)) await late(job, people);
    if ('most'.startsWith(only)) await most(job, people, { ours, bare });
    if ('alone'.startsWith(only)) await alone(job, people, url);
  } finally {
    // Servers say goodbye to the database, so it goes last.
    await Promise.all(children.map(ended));
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

interface People {
  /** Tokens of that many people of one account. */
  readonly tokens: readonly string[];
}

/** An account with many people, and a collection of which all see the same and one of which everyone may see something else. */
async function prepared(base: string, url: string): Promise<People> {
  const call = async (path: string, body: object, token?: string) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return (await response.json()) as { id: string; token: string };
  };
  const { token: root } = await call('/auth/login', {
    account: 'system',
    email: 'root@example.com',
    password: PASSWORD,
  });
  const schema = [
    { name: 'title', type: 'text', required: true },
    { name: 'body', type: 'text' },
    { name: 'n', type: 'number' },
    { name: 'lane', type: 'text', default: 'red' },
  ];
  for (const [name, rule] of [
    ['bench_stream', 'lane = "red"'],
    ['bench_owned', 'lane = "red" || created_by = @request.auth.id'],
    ['bench_own', 'created_by = @request.auth.id'],
  ])
    await call('/collections', { name, schema, list_rule: rule, view_rule: rule, create_rule: '' }, root);
  const { id: account } = await call('/accounts', { name: 'Bench' }, root);
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  // Passwords of thousands would be hashed for minutes.
  const { rows } = await client.query<{ id: string; session: string }>(
    `with person as (
       insert into snackbase.users (id, account_id, email, role_id, email_verified_at)
       select gen_random_uuid(), $1, 'person' || i || '@example.com', 2, now() from generate_series(1, $2) i returning id)
     , opened as (
       insert into snackbase.sessions (id, user_id, created_at, expires_at)
       select gen_random_uuid(), id, now(), now() + interval '1 day' from person returning id, user_id)
     select user_id as id, id as session from opened`,
    [account, HELD],
  );
  await client.end();
  const tokens = createTokens({ secretKey: SECRET, clock: () => new Date() });
  return {
    tokens: rows.map(({ id, session }) =>
      tokens.sign('access', { userId: id, accountId: account, sessionId: session }),
    ),
  };
}

const opening = (collection: string, tokens: readonly string[], count: number, more = '') =>
  Array.from({ length: count }, (_, i) =>
    http('GET', `${RECORDS}/${collection}/stream${more}`, tokens[i % tokens.length] as string),
  );
const posting = (collection: string, token: string | undefined) => ({
  one: { path: `${RECORDS}/${collection}`, token },
  many: { path: `${RECORDS}/${collection}/batch`, token },
});

const memory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Processor time that a process has used, in ms. */
const processor = (pid: number): number => {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

async function idle(start: () => Promise<ChildProcess>, job: Job, { tokens }: People): Promise<void> {
  for (const [what, collection, who] of [
    ['who see the same', 'bench_stream', tokens.slice(0, 1)],
    ['who each see something else', 'bench_own', tokens],
  ] as const) {
    const server = await start();
    const { pid = 0 } = server;
    const token = who[who.length >> 1] as string;
    const change = async (i: number) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const body = JSON.stringify({ title: 'one', n: i });
      await fetch(`http://127.0.0.1:${IDLE}${RECORDS}/${collection}`, { method: 'POST', headers, body });
      await delay(50);
    };
    // What a first stream needs anyway (compiled code, connections) is not growth with their number.
    await job('open', { port: IDLE, requests: opening(collection, who, 200) });
    for (let i = 0; i < 20; i++) await change(i);
    await job('close');
    await delay(2000);
    const before = memory(pid);
    const timed = async (more = '') => {
      const began = performance.now();
      const { id } = (await job('open', { port: IDLE, requests: opening(collection, who, HELD, more) })) as {
        id: string;
      };
      return { id, seconds: (performance.now() - began) / 1000 };
    };
    const opened = await timed();
    await delay(6000);
    const after = memory(pid);
    const busy = processor(pid);
    for (let i = 0; i < 20; i++) await change(i);
    const each = (processor(pid) - busy) / 20;
    await job('close');
    const resumed = await timed(`?last_event_id=${opened.id}`);
    await job('close');
    server.kill('SIGTERM');
    console.log(
      `${HELD} subscribers ${what}: ${before.toFixed(0)} → ${after.toFixed(0)} MB, ${(((after - before) * 1024) / HELD).toFixed(1)} KB each; a change takes ${each.toFixed(1)} ms of a core; opened in ${opened.seconds.toFixed(1)} s, taken up again in ${resumed.seconds.toFixed(1)} s`,
    );
  }
}

async function late(job: Job, { tokens }: People): Promise<void> {
  const sides = [
    ['ours, all see the same', OURS, 'bench_stream', tokens.slice(0, 1)],
    ['ours, a rule of each', OURS, 'bench_owned', tokens],
    ['bare', BARE, 'bench_stream', ['']],
  ] as const;
  const results = new Map<string, Paced[]>(sides.map(([name]) => [name, []]));
  for (let round = 0; round < 3; round++)
    for (const [name, port, collection, who] of round % 2 === 0 ? sides : [...sides].reverse()) {
      await job('open', { port, requests: opening(collection, who, SUBSCRIBERS) });
      const { one } = posting(collection, who[0]);
      const more = { port, one, perSecond: 100, seconds: Math.ceil(SECONDS * 1.7) };
      results.get(name)?.push((await job('paced', more)) as Paced);
      await job('close');
    }
  console.log(
    `${SUBSCRIBERS} subscribers, 100 events a second: ms from the write's answer, and from the start of its request`,
  );
  for (const [name, all] of results) {
    const of = (pick: (one: Paced) => number) => median(all.map(pick)).toFixed(1).padStart(6);
    console.log(
      `${name.padEnd(28)} p50 ${of((r) => r.answer.p50)}  p99 ${of((r) => r.answer.p99)}   from the request: p50 ${of((r) => r.request.p50)}  p99 ${of((r) => r.request.p99)}   ${of((r) => r.perSecond)} delivered/s`,
    );
  }
}

async function most(job: Job, { tokens }: People, servers: { ours: ChildProcess; bare: ChildProcess }): Promise<void> {
  console.log(`${SUBSCRIBERS} subscribers, as fast as it goes; medians of ${ROUNDS} rounds of ${SECONDS} s`);
  const all = [
    ['all see the same', OURS, 'bench_stream', tokens.slice(0, 1), servers.ours],
    ['a rule of each', OURS, 'bench_owned', tokens, servers.ours],
    ['bare', BARE, 'bench_stream', [''], servers.bare],
    ['bare, joined', BARE, 'joined', [''], servers.bare],
  ] as const;
  for (const [batch, lines] of [
    [1, 16],
    [100, 4],
  ] as const) {
    const sides = all.filter(([name]) => batch > 1 || name !== 'bare, joined');
    const results = new Map<string, { perSecond: number; each: number; size: number }[]>(
      sides.map(([name]) => [name, []]),
    );
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, port, collection, who, { pid = 0 }] of round % 2 === 0 ? sides : [...sides].reverse()) {
        await job('open', { port, requests: opening(collection, who, SUBSCRIBERS) });
        const before = processor(pid);
        const more = {
          port,
          ...posting(collection, who[0]),
          batch,
          lines,
          ahead: Math.max(200, batch * 6),
          seconds: SECONDS,
        };
        const { perSecond, written, size } = (await job('fast', more)) as Fast;
        const each = ((processor(pid) - before) * 1000) / (written * SUBSCRIBERS);
        results.get(name)?.push({ perSecond, each, size });
        await job('close');
      }
    const bare = median((results.get('bare') ?? []).map(({ perSecond }) => perSecond));
    for (const [name, rounds] of results) {
      const perSecond = median(rounds.map((one) => one.perSecond));
      console.log(
        `batches of ${String(batch).padEnd(4)} ${name.padEnd(18)} ${perSecond.toFixed(0).padStart(8)} delivered/s (${(perSecond / SUBSCRIBERS).toFixed(0)} events/s of ${rounds[0]?.size.toFixed(0)} bytes), ${median(rounds.map(({ each }) => each)).toFixed(2)} µs of the server each   ratio ${(perSecond / bare).toFixed(2)}`,
      );
    }
  }
}

/** Handing over alone: the log is filled by SQL, so that no requests take their part of the machine. */
async function alone(job: Job, { tokens }: People, url: string): Promise<void> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  const sides = [
    ['all see the same', 'bench_stream', tokens.slice(0, 1), 5000],
    ['a rule of each', 'bench_owned', tokens, 1000],
  ] as const;
  const results = new Map<string, number[]>(
    [...sides.map(([name]) => name), 'bare', 'bare, joined'].map((name) => [name, []]),
  );
  for (const [, collection, who] of sides) {
    const headers = { Authorization: `Bearer ${who[0]}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ title: 'model', body: 'A body of some length, as posts have.', n: 1 });
    await fetch(`http://127.0.0.1:${OURS}${RECORDS}/${collection}`, { method: 'POST', headers, body });
  }
  const { rows } = await client.query(
    `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
     where attrelid = 'snackbase.events'::regclass and attnum > 0 and attname not in ('xid', 'id', 'record_id')`,
  );
  const filling = `
    insert into snackbase.events (record_id, ${rows[0].columns})
    select gen_random_uuid(), ${rows[0].columns}
    from (select * from snackbase.events where collection = $1 and 'model' = any (cells) limit 1) one, generate_series(1, $2)`;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, collection, who, count] of sides) {
      await job('open', { port: OURS, requests: opening(collection, who, SUBSCRIBERS) });
      await client.query(filling, [`main.${collection}`, count]);
      const { one } = posting(collection, who[0]);
      const { seconds } = (await job('flood', { port: OURS, one })) as { seconds: number };
      results.get(name)?.push((count * SUBSCRIBERS) / seconds);
      await job('close');
    }
    for (const [name, collection] of [
      ['bare', 'bench_stream'],
      ['bare, joined', 'joined'],
    ] as const) {
      await job('open', { port: BARE, requests: opening(collection, [''], SUBSCRIBERS) });
      const more = { ...posting(collection, ''), batch: 1000, lines: 1, ahead: 2000, seconds: 2 };
      results.get(name)?.push(((await job('fast', { port: BARE, ...more })) as Fast).perSecond);
      await job('close');
    }
  }
  await client.end();
  const bare = median(results.get('bare') as number[]);
  for (const [name, all] of results)
    console.log(
      `thousands in the log at once: ${name.padEnd(18)} ${median(all).toFixed(0).padStart(8)} delivered/s   ratio ${(median(all) / bare).toFixed(2)}`,
    );
}

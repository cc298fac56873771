// Jobs under chaos: server processes that share them are killed and stopped in the midst of their work; none is lost, none runs twice at the same time.
// `node server/cli/run-ts.mjs bench/jobs-chaos.ts chaos jobs=10000 kills=20 processes=2 seed=1` takes some minutes.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { createApp } from '../server/app.ts';
import { loadConfig } from '../server/config.ts';
import { type Chance, chance } from '../test/fuzz/random.ts';
import { createDatabase, dropDatabase, startPostgres } from '../test/helpers/postgres.ts';

export interface Scale {
  readonly jobs: number;
  /** Processes killed with SIGKILL; half as many are stopped with SIGTERM. */
  readonly kills: number;
  readonly processes: number;
  readonly seed: number;
}

/** Nothing came to an end for so long: what has not ended by now is lost. A lease is a minute. */
const SILENCE_MS = 120_000;
const secret = 'chaos'.repeat(8);

/** The program; its exit code is 1 when something was wrong. */
export async function chaos(root: string, ...args: string[]): Promise<void> {
  const scale = { jobs: 10_000, kills: 20, processes: 2, seed: Date.now() % 1_000_000 };
  for (const arg of args) {
    const [name, value] = arg.split('=') as [keyof typeof scale, string];
    if (!(name in scale)) throw new Error(`unknown: ${name}; known are ${Object.keys(scale).join(', ')}`);
    scale[name] = Number(value);
  }
  const figures = await runChaos(root, scale);
  console.log(figures);
  const wrong = violations(figures);
  console.log(wrong === 0 ? 'none lost, none twice at the same time' : 'VIOLATIONS, see above');
  if (wrong > 0) process.exitCode = 1;
}

/** Runs it on a throw-away database. */
export async function runChaos(root: string, scale: Scale): Promise<Figures> {
  const { buildIfStale } = await import(pathToFileURL(join(root, 'server/cli/build.mjs')).href);
  await buildIfStale();
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('Chaos needs a PostgreSQL server: set TEST_DATABASE_URL or install one.');
  const name = `jobs_${process.pid}`;
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-jobs-'));
  try {
    return await run(root, await createDatabase(postgres.url, name), dataDir, scale);
  } finally {
    await dropDatabase(postgres.url, name);
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** How many jobs went wrong. */
export const violations = (figures: Figures): number =>
  figures.lost + figures.strangers + figures['at the same time'] + figures['done twice'];

export type Figures = Awaited<ReturnType<typeof run>>;

async function run(root: string, databaseUrl: string, dataDir: string, scale: Scale) {
  const random = chance(scale.seed);
  const keys = { secretKey: secret, encryptionKey: secret };
  // This process only enqueues.
  const app = await createApp(loadConfig({}, { dataDir, databaseUrl, worker: 'off', log: 'warn', ...keys }));
  app.jobs.define('chaos', { run: async () => {} });
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query(`
    create table public.chaos (id bigserial primary key, job uuid, attempt int, pid int, began timestamptz, ended timestamptz, how text);
    create table public.deaths (pid int, at timestamptz)`);
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    SNACKBASE_DATA_DIR: dataDir,
    SNACKBASE_SECRET_KEY: secret,
    SNACKBASE_ENCRYPTION_KEY: secret,
  };
  const start = async (): Promise<ChildProcess> => {
    const child = fork(join(root, 'bench/jobs-chaos-worker.mjs'), { env });
    await once(child, 'message');
    return child;
  };
  const children = await Promise.all(Array.from({ length: scale.processes }, start));
  const count = async (what: string) =>
    Number((await client.query(`select count(*) from snackbase_jobs.job where ${what}`)).rows[0].count);
  const began = performance.now();
  try {
    const enqueued = enqueue(app, scale, random);
    let kills = 0;
    let stops = 0;
    let done = 0;
    for (let since = performance.now(); ; ) {
      await delay(200 + random.below(300));
      const now = await count(`state = 'completed'`);
      if (now > done) since = performance.now();
      else if (performance.now() - since > SILENCE_MS) break;
      done = now;
      if (done >= scale.jobs) break;
      if (kills >= scale.kills || done < (scale.jobs * (kills + 1)) / (scale.kills + 2)) continue;
      // In the midst of work; a new process takes its place.
      const i = random.below(children.length);
      const child = children[i] as ChildProcess;
      const gentle = kills % 2 === 1 && stops <= kills / 2;
      child.kill(gentle ? 'SIGTERM' : 'SIGKILL');
      if (gentle) stops += 1;
      else kills += 1;
      await once(child, 'exit');
      await client.query('insert into public.deaths values ($1, clock_timestamp())', [child.pid]);
      children[i] = await start();
    }
    const wanted = await enqueued;
    const seconds = (performance.now() - began) / 1000;
    return { ...scale, kills, stops, seconds: Math.round(seconds), ...(await verdict(client, wanted)) };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await client.end();
    await app.close();
  }
}

/** Some alone, some in transactions; every tenth of those is rolled back. Answers the ids that have to run. */
async function enqueue(app: Awaited<ReturnType<typeof createApp>>, { jobs }: Scale, random: Chance): Promise<string[]> {
  const wanted: string[] = [];
  const one = () => {
    const fails = random.below(20) === 0 ? 1 + random.below(2) : 0;
    const payload = { ms: random.below(40), fails };
    return { handler: 'chaos', payload, retries: 20, retryDelaySeconds: fails > 0 ? 1 : 0, priority: random.below(3) };
  };
  while (wanted.length < jobs) {
    const size = Math.min(jobs - wanted.length, 1 + random.below(8));
    const orders = Array.from({ length: size }, one);
    if (random.below(2) === 0) {
      wanted.push(...(await Promise.all(orders.map((order) => app.jobs.enqueue(null, order)))));
      continue;
    }
    const rolledBack = random.below(10) === 0;
    const ids = await app.db
      .transaction(async (tx) => {
        const made: string[] = [];
        for (const order of orders) made.push(await app.jobs.enqueue(tx, order));
        if (rolledBack) throw new Error('rolled back');
        return made;
      })
      .catch((error: Error) => {
        if (error.message !== 'rolled back') throw error;
        return [];
      });
    wanted.push(...ids);
  }
  return wanted;
}

/** A try lasts until it wrote that it ended, or until its process was dead. */
async function verdict(client: pg.Client, wanted: readonly string[]) {
  const value = async (sql: string, values: unknown[] = []) =>
    Number(Object.values((await client.query(sql, values)).rows[0])[0]);
  const tries = `(select c.id, c.job, c.began, coalesce(c.ended, d.at) as over, c.how from public.chaos c
    left join public.deaths d on d.pid = c.pid)`;
  return {
    lost: await value(
      `select count(*) from unnest($1::uuid[]) w (id) where not exists (
         select from snackbase_jobs.job j where j.id = w.id and j.state = 'completed')
         or not exists (select from public.chaos c where c.job = w.id and c.how = 'done')`,
      [wanted],
    ),
    strangers: await value('select count(*) from public.chaos where job <> all ($1::uuid[])', [wanted]),
    'at the same time': await value(
      `select count(*) from ${tries} a join ${tries} b on a.job = b.job and a.id < b.id
       and a.began < coalesce(b.over, 'infinity') and b.began < coalesce(a.over, 'infinity')`,
    ),
    // Done, and again, though no process died in between.
    'done twice': await value(
      `select count(*) from public.chaos a join public.chaos b on a.job = b.job and a.id < b.id
       where a.how = 'done' and not exists (select from public.deaths d where d.pid = a.pid)`,
    ),
    tries: await value('select count(*) from public.chaos'),
    'cut off by kills': await value('select count(*) from public.chaos where how is null'),
    'stopped with their process': await value(`select count(*) from public.chaos where how = 'stopped'`),
    'done again after a kill': await value(
      `select count(*) from (select job from public.chaos where how = 'done' group by job having count(*) > 1) d`,
    ),
  };
}

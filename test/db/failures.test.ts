// What dies and how it comes back: killed backends, a stopped server, a dead engine, slow statements.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../server/db/embedded.ts';
import { care } from '../../server/db/embedded-care.ts';
import { DatabaseUnavailable, isTimeout } from '../../server/db/errors.ts';
import { Log } from '../../server/db/log.ts';
import { migrateDatabase } from '../../server/db/migrate.ts';
import { type OpenDatabase, openDatabase } from '../../server/db/open.ts';
import { plan } from '../../server/db/plans.ts';
import { createDatabase, startPostgres, type TestServer } from '../helpers/postgres.ts';
import { ensureTemplate, eventually, failure, onPostgres, scratchDirectory } from './databases.ts';

const one = plan('select $1::int');
const settledAsUnavailable = (outcomes: PromiseSettledResult<unknown>[]) => {
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  for (const reason of reasons) expect(reason).toBeInstanceOf(DatabaseUnavailable);
  return reasons.length;
};

onPostgres('killed backends', (url) => {
  let database: OpenDatabase;
  let killer: OpenDatabase;
  beforeAll(async () => {
    database = await openDatabase({ url: url(), dataDir: '' });
    killer = await openDatabase({ url: url(), dataDir: '' });
  });
  afterAll(() => Promise.all([database.close(), killer.close()]));
  const killAll = () =>
    killer.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
       and pid not in (select pid from pg_stat_activity where query like '%pg_terminate%') and pid <> pg_backend_pid()`,
    );

  it('reject what was under way and serve the next call', async () => {
    const slow = plan('select pg_sleep(30), $1::int');
    const running = Array.from({ length: 12 }, (_, n) => database.run(slow, [n]));
    const query = database.query('select pg_sleep(30)');
    const transaction = database.transaction((tx) => tx.query('select pg_sleep(30)'));
    const all = Promise.allSettled([...running, query, transaction]);
    await eventually(async () => {
      const [row] = await killer.query<{ n: number }>(
        "select count(*) as n from pg_stat_activity where state = 'active' and query like '%pg_sleep(30)%' and pid <> pg_backend_pid()",
      );
      return row && row.n >= 6;
    }, 'six sleeping backends');
    await killAll();
    expect(settledAsUnavailable(await all)).toBe(14);
    expect((await database.run(one, [7])).rows).toEqual([['7']]);
    expect(await database.transaction((tx) => tx.query('select 1 as one'))).toEqual([{ one: 1 }]);
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('are noticed when they were idle', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => database.run(one, [n])));
    await killAll();
    await eventually(async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => database.run(one, [n])));
      return settledAsUnavailable(outcomes) === 0;
    }, 'lanes that work again');
    await database.ping();
  });

  it('roll back the transaction that they were in', async () => {
    await database.query('create table kept (id int)');
    const error = await failure(
      database.transaction(async (tx) => {
        await tx.query('insert into kept values (1)');
        await killAll();
        await tx.query('insert into kept values (2)');
      }),
    );
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(await database.query('select * from kept')).toEqual([]);
  });

  it('leave slow statements to the statement timeout, on every path', async () => {
    const brisk = await openDatabase({ url: url(), dataDir: '', statementTimeoutMs: 200 });
    try {
      const sleep = plan('select pg_sleep(20)');
      expect(isTimeout(await failure(brisk.run(sleep, [])))).toBe(true);
      expect(isTimeout(await failure(brisk.query('select pg_sleep(20)')))).toBe(true);
      expect(isTimeout(await failure(brisk.transaction((tx) => tx.run(sleep, []))))).toBe(true);
      expect((await brisk.run(one, [1])).rows).toEqual([['1']]);
    } finally {
      await brisk.close();
    }
  });

  it('count as unavailable when there are too many connections', async () => {
    await killer.query('create role crowd login connection limit 1');
    const narrow = new URL(url());
    narrow.username = 'crowd';
    const first = await openDatabase({ url: narrow.href, dataDir: '' });
    try {
      expect(await failure(openDatabase({ url: narrow.href, dataDir: '' }))).toMatchObject({
        name: 'DatabaseUnavailable',
        code: '53300',
      });
    } finally {
      await first.close();
    }
  });
});

onPostgres('a server', (_url, server) => {
  it('that is not there, does not know the database, or speaks something else is unavailable', async () => {
    const wrong = new URL(server().url);
    wrong.pathname = '/nowhere';
    expect(await failure(openDatabase({ url: wrong.href, dataDir: '' }))).toMatchObject({ code: '3D000' });
    const error = await failure(openDatabase({ url: 'postgres://postgres@127.0.0.1:1/x', dataDir: '' }));
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.skipIf(process.env.TEST_DATABASE_URL)(
    'may stop and never takes the process with it',
    async () => {
      const doomed = (await startPostgres()) as TestServer;
      const database = await openDatabase({ url: await createDatabase(doomed.url, 'doomed'), dataDir: '' });
      await Promise.all(Array.from({ length: 20 }, (_, n) => database.run(one, [n])));
      await database.listen('channel', () => {});
      const slow = Array.from({ length: 4 }, (_, n) => database.run(plan('select pg_sleep(30), $1::int'), [n]));
      const outcome = Promise.allSettled(slow);
      await doomed.stop();
      expect(settledAsUnavailable(await outcome)).toBe(4);
      expect(await failure(database.run(one, [1]))).toBeInstanceOf(DatabaseUnavailable);
      expect(await failure(database.query('select 1'))).toBeInstanceOf(DatabaseUnavailable);
      expect(await failure(database.transaction(async () => {}))).toBeInstanceOf(DatabaseUnavailable);
      await database.close();
      expect(await failure(database.run(one, [1]))).toBeInstanceOf(DatabaseUnavailable);
      await database.close();
    },
    60_000,
  );
});

describe('the embedded engine', () => {
  const dataDir = scratchDirectory();
  let database: OpenDatabase;
  beforeAll(async () => {
    await ensureTemplate();
    database = await openDatabase({ dataDir });
    await database.query('create table kept (id int)');
  }, 60_000);
  afterAll(() => database.close());

  it('that traps rejects what was under way, and starts again with what was committed', async () => {
    await database.query('insert into kept values (1)');
    // The JSON parser's depth is bounded by the thread's stack alone.
    const fatal = database.query("select repeat('[', 20000000)::json");
    const others = Array.from({ length: 5 }, (_, n) => database.run(one, [n]));
    expect(await failure(fatal)).toMatchObject({ message: expect.stringContaining('stack') });
    expect(settledAsUnavailable(await Promise.allSettled([fatal, ...others]))).toBe(6);
    expect(await database.query('select id from kept')).toEqual([{ id: 1 }]);
  }, 120_000);

  it('that stops in a transaction comes back without it', async () => {
    const error = await failure(
      database.transaction(async (tx) => {
        await tx.query('insert into kept values (2)');
        await tx.query('copy kept from stdin');
      }),
    );
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(await database.query('select id from kept')).toEqual([{ id: 1 }]);
    expect(await database.transaction((tx) => tx.query('select 1 as one'))).toEqual([{ one: 1 }]);
  });

  it('answers 54001 to deep recursion and lives on', async () => {
    const deep = `select ${'('.repeat(5000)}1${')'.repeat(5000)}`;
    await database.query(deep).catch((error) => expect(error.name).toBe('DatabaseFault'));
    await database.query(
      'create function deeper(i int) returns int language plpgsql as $$ begin return deeper(i + 1); end $$',
    );
    expect(await failure(database.query('select deeper(1)'))).toMatchObject({ name: 'DatabaseFault', code: '54001' });
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('that hangs is given up after its patience', async () => {
    const impatient = await openEmbedded({
      dataDir: `${dataDir}/impatient`,
      log: new Log(),
      patienceMs: 500,
      durable: false,
    });
    try {
      const stuck = Promise.allSettled([impatient.query('select pg_sleep(60)'), impatient.run(one, [1])]);
      expect(settledAsUnavailable(await stuck)).toBe(2);
      expect((await impatient.run(one, [2])).rows).toEqual([['2']]);
    } finally {
      await impatient.close();
    }
  }, 60_000);

  it('does not let a forgotten transaction stop everyone', async () => {
    const impatient = await openEmbedded({
      dataDir: `${dataDir}/idle`,
      log: new Log(),
      patienceMs: 300,
      durable: false,
    });
    try {
      await impatient.query('create table kept (id int)');
      const forgotten = failure(
        impatient.transaction(async (tx) => {
          await tx.query('insert into kept values (1)');
          await new Promise(() => {});
        }),
      );
      const waiting = impatient.run(plan('select count(*) from kept'), []);
      expect(await forgotten).toMatchObject({ name: 'DatabaseUnavailable', message: expect.stringContaining('idle') });
      expect((await waiting).rows).toEqual([['0']]);
    } finally {
      await impatient.close();
    }
  }, 60_000);

  it('ignores PG variables that are meant for a server', async () => {
    const variables = {
      PGHOST: 'nowhere',
      PGSSLMODE: 'require',
      PGOPTIONS: '-c work_mem=1MB',
      PGUSER: 'x',
      PGDATABASE: 'y',
    };
    Object.assign(process.env, variables);
    const other = await openDatabase({ dataDir: `${dataDir}/other`, durable: false });
    await other.close();
    for (const name of Object.keys(variables)) delete process.env[name];
  });

  it('is looked after: statistics, vacuum and checkpoints come by themselves', async () => {
    await database.query('create table busy (id int, body text)');
    await database.query("insert into busy select i, repeat('x', 500) from generate_series(1, 20000) i");
    const query = <T extends object>(text: string) => database.query<T>(text);
    const worked = await eventually(async () => {
      const done = await care(query);
      return done.includes('vacuum (analyze) public.busy') ? done : undefined;
    }, 'the vacuum of a table that was filled');
    expect(worked.length).toBeGreaterThan(0);
    expect(await care(query)).not.toContain('vacuum (analyze) public.busy');
    const [{ reltuples } = { reltuples: 0 }] = await database.query<{ reltuples: number }>(
      "select reltuples from pg_class where relname = 'busy'",
    );
    expect(reltuples).toBe(20000);
    for (let round = 0; round < 8; round += 1) await database.query('update busy set body = body');
    const statements = await care(query);
    expect(statements).toContain('checkpoint');
    expect(await care(query)).not.toContain('checkpoint');
  }, 120_000);
});

describe('closing', () => {
  const scratch = scratchDirectory();
  it('waits for what is under way, refuses what comes after, and may be done twice', async () => {
    const database = await openDatabase({ dataDir: scratch, durable: false });
    await migrateDatabase(database);
    const running = Array.from({ length: 10 }, (_, n) => database.run(one, [n]));
    await Promise.all([database.close(), database.close()]);
    for (const outcome of await Promise.allSettled(running)) expect(outcome.status).toBe('fulfilled');
    expect(await failure(database.run(one, [1]))).toBeInstanceOf(DatabaseUnavailable);
    expect(await failure(database.query('select 1'))).toBeInstanceOf(DatabaseUnavailable);
    expect(await failure(database.transaction(async () => {}))).toBeInstanceOf(DatabaseUnavailable);
  });
});

// Migrations: once each, all or nothing, by one server at a time.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateDatabase } from '../../server/db/migrate.ts';
import { type Migration, migrations } from '../../server/db/migrations/index.ts';
import { type OpenDatabase, openDatabase } from '../../server/db/open.ts';
import { createDatabase, dropDatabase } from '../helpers/postgres.ts';
import { eventually, failure, onBoth, onPostgres } from './databases.ts';

const names = migrations.map(({ name }) => name);
const migration = (name: string, text: string): Migration => ({ name, up: async (kx) => void (await kx.raw(text)) });

describe('the list', () => {
  it('is numbered without gaps and in order', () => {
    names.forEach((name, index) => {
      expect(name).toMatch(new RegExp(`^${String(index + 1).padStart(4, '0')}-[a-z0-9-]+$`));
    });
  });
});

onBoth('migrations', (database) => {
  const schemas = async () =>
    (
      await database().query<{ nspname: string }>(
        "select nspname from pg_namespace where nspname in ('snackbase', 'app_main') order by 1",
      )
    ).map(({ nspname }) => nspname);

  it('are applied once', async () => {
    expect(await migrateDatabase(database())).toEqual({ applied: names });
    expect(await schemas()).toEqual(['app_main', 'snackbase']);
    expect(await migrateDatabase(database())).toEqual({ applied: [] });
    expect(await database().query('select count(*) as n from snackbase.migrations')).toEqual([{ n: names.length }]);
  });

  it('roll back as a whole when one fails, and go on from there', async () => {
    const good = migration('9001-good', 'create table app_main.made (id int)');
    const bad = migration('9002-bad', 'create table app_main.made (id int)');
    const error = await failure(migrateDatabase(database(), [...migrations, good, bad]));
    expect(error).toMatchObject({ name: 'DatabaseFault', code: '42P07' });
    expect(await database().query("select to_regclass('app_main.made') as made")).toEqual([{ made: null }]);
    expect(await migrateDatabase(database(), [...migrations, good])).toEqual({ applied: ['9001-good'] });
    expect(await database().query('select * from app_main.made')).toEqual([]);
  });

  it('ignore the lock row of a process that died', async () => {
    await database().query('update snackbase.migrations_lock set is_locked = 1');
    const next = migration('9003-next', 'create table app_main.next (id int)');
    const good = migration('9001-good', 'select 1');
    expect(await migrateDatabase(database(), [...migrations, good, next])).toEqual({ applied: ['9003-next'] });
  });

  it('refuse a database of a newer version', async () => {
    expect(await failure(migrateDatabase(database()))).toMatchObject({
      name: 'DatabaseTooNew',
      message: expect.stringContaining('9003-next'),
    });
  });

  it('leave the database usable', async () => {
    expect(await database().transaction((tx) => tx.query('select 1 as one'))).toEqual([{ one: 1 }]);
    // The server is shared with other tests: only this database's locks count.
    const locks = `select count(*) as n from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`;
    expect(await database().query(locks)).toEqual([{ n: 0 }]);
  });
});

onPostgres('several servers', (_url, server) => {
  const name = `migrate_${process.pid}`;
  const open: OpenDatabase[] = [];
  beforeAll(async () => {
    const url = await createDatabase(server().url, name);
    for (let n = 0; n < 4; n += 1) open.push(await openDatabase({ url, dataDir: '' }));
  });
  afterAll(async () => {
    await Promise.all(open.map((database) => database.close()));
    await dropDatabase(server().url, name);
  });

  it('that start at once share the work without stepping on each other', async () => {
    const slow = migration('9001-slow', 'select pg_sleep(0.3); create table app_main.slow (id int)');
    const results = await Promise.all(open.map((database) => migrateDatabase(database, [...migrations, slow])));
    expect(results.filter(({ applied }) => applied.length > 0)).toEqual([{ applied: [...names, '9001-slow'] }]);
  });

  it('get over one that is killed half-way', async () => {
    const slow = migration('9001-slow', 'select 1');
    const stuck = migration('9002-stuck', 'create table app_main.stuck (id int); select pg_sleep(60)');
    const quick = migration('9002-stuck', 'create table app_main.stuck (id int)');
    const [first, second] = open as [OpenDatabase, OpenDatabase];
    const dying = failure(migrateDatabase(first, [...migrations, slow, stuck]));
    const asleep = `select pid from pg_stat_activity
      where state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`;
    await eventually(async () => (await second.query(asleep)).length > 0, 'the migration that sleeps');
    const waiting = migrateDatabase(second, [...migrations, slow, quick]);
    await (open[2] as OpenDatabase).query(`select pg_terminate_backend(pid) from (${asleep}) s`);
    expect(await dying).toMatchObject({ name: 'DatabaseUnavailable' });
    expect(await waiting).toEqual({ applied: ['9002-stuck'] });
  });
});

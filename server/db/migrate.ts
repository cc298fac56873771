// Brings a database to this server's schema: all missing migrations in one transaction, one server at a time.
import knex, { type Knex } from 'knex';
import type pg from 'pg';
import { classify, unavailable } from './errors.ts';
import { migrations as every, type Migration } from './migrations/index.ts';
import type { OpenDatabase } from './open.ts';

/** The database carries migrations that this version does not know: it was used by a newer one. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew';
}

// Any number will do, as long as no other program uses it in the same database.
const lockKey = 7_319_026_514;
const location = { schemaName: 'snackbase', tableName: 'migrations' };

/**
 * Applies what is missing and answers the names; nothing missing costs one query.
 * Safe when several servers start at once: an advisory lock lets one work while the others wait, and the server frees it
 * when the connection ends, so a process killed half-way leaves neither a lock nor half a schema.
 */
export async function migrateDatabase(
  database: OpenDatabase,
  migrations: readonly Migration[] = every,
): Promise<{ applied: string[] }> {
  if (isComplete(await recorded((text) => database.query<{ name: string }>(text)), migrations)) return { applied: [] };
  return database.exclusive(async (client) => {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    try {
      const done = await recorded(async (text) => (await client.query<{ name: string }>(text)).rows);
      return { applied: isComplete(done, migrations) ? [] : await apply(client, migrations) };
    } catch (error) {
      // knex reports its failed rollback instead of the lost connection that caused it.
      if (!client.connection.stream.writable) throw unavailable(error);
      throw error instanceof Error && 'severity' in error ? classify(error) : error;
    } finally {
      await client.query('select pg_advisory_unlock($1)', [lockKey]).catch(() => {});
    }
  });
}

type Names = (text: string) => Promise<Array<{ name: string }>>;

async function recorded(query: Names): Promise<Set<string>> {
  const tables = await query(`select 'migrations' as name where to_regclass('snackbase.migrations') is not null`);
  const rows = tables.length === 0 ? [] : await query('select name from snackbase.migrations');
  return new Set(rows.map(({ name }) => name));
}

function isComplete(done: Set<string>, migrations: readonly Migration[]): boolean {
  const known = new Set(migrations.map(({ name }) => name));
  const foreign = [...done].filter((name) => !known.has(name));
  if (foreign.length > 0) {
    throw new DatabaseTooNew(
      `The database was migrated by a newer version of snackbase (${foreign.join(', ')}). Start that version, or restore a backup.`,
    );
  }
  return done.size === known.size;
}

async function apply(client: pg.Client, migrations: readonly Migration[]): Promise<string[]> {
  await client.query(`create schema if not exists ${location.schemaName}`);
  const kx = connected(client);
  const source: Knex.MigrationSource<Migration> = {
    getMigrations: async () => [...migrations],
    getMigrationName: ({ name }) => name,
    getMigration: async ({ up }) => ({ up, down: neverDown }),
  };
  const config: Knex.MigratorConfig = { ...location, migrationSource: source };
  try {
    // We hold the advisory lock, so a lock row that is still set belongs to a process that died.
    await kx.migrate.forceFreeMigrationsLock(config);
    const [, applied] = (await kx.migrate.latest(config)) as [number, string[]];
    return applied;
  } finally {
    await kx.destroy();
  }
}

async function neverDown(): Promise<never> {
  throw new Error('Migrations only go forward; restore a backup instead.');
}

// knex over the one connection that was lent out, whichever kind of database it leads to.
function connected(client: pg.Client): Knex {
  const one = Object.assign(client, { release: () => {} });
  const silent = { warn() {}, error() {}, debug() {}, deprecate() {} };
  return knex({
    client: 'pg',
    log: silent,
    connectionPool: { connect: async () => one } as unknown as NonNullable<Knex.Config['connectionPool']>,
  });
}

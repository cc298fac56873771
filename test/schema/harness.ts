// Fresh migrated databases of either kind for the tests of schema and collections, with two accounts to write for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { CollectionChange, CollectionInput } from '../../contract/collections.ts';
import { Field } from '../../contract/fields.ts';
import { z } from '../../contract/kit.ts';
import type { Code, Failure } from '../../contract/problems.ts';
import { problemsOf } from '../../server/collections/definition.ts';
import { type CollectionRegistry, createRegistry } from '../../server/collections/registry.ts';
import { migrateDatabase } from '../../server/db/migrate.ts';
import { type OpenDatabase, openDatabase } from '../../server/db/open.ts';
import { uuidV7 } from '../../server/ids.ts';
import { type SyncOptions, sync } from '../../server/schema/apply.ts';
import { type DesiredTable, define, tableOf } from '../../server/schema/define.ts';
import { liveSchema } from '../../server/schema/live-schema.ts';
import { createDatabase, dropDatabase, startPostgres } from '../helpers/postgres.ts';
import { collectionsOf } from '../helpers/rooms.ts';

export type Kind = 'embedded' | 'postgres';

const server = await startPostgres();
if (server === null) console.warn('SKIPPED: no PostgreSQL on this machine, only the embedded database is tested.');

/** The databases that this machine has. */
export const kinds: readonly Kind[] = server === null ? ['embedded'] : ['embedded', 'postgres'];

export const A = 'AA0001';
export const B = 'BB0002';

const closers: Array<() => Promise<void>> = [async () => server?.stop()];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
}, 60_000);

let serial = 0;

async function rooms(db: OpenDatabase) {
  const registry: CollectionRegistry = await createRegistry({ db });
  closers.push(() => registry.close());
  const service = collectionsOf(db, registry);
  return {
    db,
    registry,
    service,
    /** Parses as the server does, then creates. */
    create: async (input: unknown) => service.create(CollectionInput.parse(input)),
    update: async (name: string, change: unknown) => service.update(name, CollectionChange.parse(change)),
    /** Inserts a row past the record path and answers its id; values are by column. */
    async insert(name: string, values: Record<string, unknown> = {}, account = A): Promise<string> {
      const def = await registry.find(name);
      if (def === undefined) throw new Error(`no collection ${name}`);
      const row = { account_id: account, id: uuidV7(), ...values };
      const columns = Object.keys(row).map((column) => `"${column}"`);
      const places = columns.map((_, i) => `$${i + 1}`);
      await db.query(`insert into ${def.table} (${columns}) values (${places})`, Object.values(row));
      return row.id;
    },
  };
}
export type Rooms = Awaited<ReturnType<typeof rooms>>;

/** A fresh database with the collections room on it; `twice` is the same database in another process (PostgreSQL). */
export async function open(kind: Kind): Promise<Rooms & { twice(): Promise<Rooms> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-schema-'));
  closers.push(async () => rmSync(dataDir, { recursive: true, force: true }));
  let url: string | undefined;
  if (kind === 'postgres' && server !== null) {
    const name = `schema_${process.pid}_${++serial}`;
    url = await createDatabase(server.url, name);
    closers.push(() => dropDatabase(server.url, name));
  }
  const connect = async () => {
    const db = await openDatabase({ ...(url !== undefined && { url }), dataDir, checkNesting: true });
    closers.push(() => db.close());
    return db;
  };
  const db = await connect();
  await migrateDatabase(db);
  await db.query(`insert into snackbase.accounts (id, slug, name) values ('${A}', 'a', 'A'), ('${B}', 'b', 'B')`);
  return { ...(await rooms(db)), twice: async () => rooms(await connect()) };
}

/** Fields as a client writes them, in our form. */
export const fields = (...list: unknown[]): Field[] =>
  z.array(Field).parse(CollectionInput.parse({ name: 'x', schema: list }).schema);

/** The table of a whole definition, written as a client does. */
export const tableFor = (name: string, definition: Record<string, unknown>): DesiredTable => {
  const { schema, ...rest } = CollectionInput.parse({ name, ...definition });
  const draft = { ...rest, app: 'main', name, fields: schema };
  const problems = problemsOf(draft, () => true);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return define(draft);
};

/** Tables of the app main, made by the engine alone and written past it. */
export const tables = (db: OpenDatabase) => {
  const apply = (name: string, list: unknown[], options: SyncOptions = {}) =>
    sync(db, { tables: [define({ app: 'main', name, fields: fields(...list) })], absent: [] }, options);
  const reach = (name: string, definition: Record<string, unknown>, options: SyncOptions = {}) =>
    sync(db, { tables: [tableFor(name, definition)], absent: [] }, options);
  return {
    apply,
    /** As `apply`, with what a definition lists beside its fields. */
    reach,
    /** `add_index open_ones`, by kind and column, for each change of `reach`. */
    reached: async (name: string, definition: Record<string, unknown>, options: SyncOptions = {}) =>
      (await reach(name, definition, options)).map((c) => `${c.change_type}${c.column && ` ${c.column}`}`),
    /** Object ids of indexes, checks and keys by their catalog name. */
    async objects(name: string): Promise<Record<string, number>> {
      const [table] = await liveSchema(db, [tableOf('main', name)]);
      const all = [...(table?.indexes ?? []), ...(table?.checks ?? []), ...(table?.foreign_keys ?? [])];
      return Object.fromEntries(all.map((one) => [one.physical_name, one.object_id]));
    },
    /** The table as people see it. */
    live: async (name: string) => (await liveSchema(db, [tableOf('main', name)]))[0],
    /** `add_column title` for each change. */
    kindsOf: async (name: string, list: unknown[], options: SyncOptions = {}) =>
      (await apply(name, list, options)).map((c) => `${c.change_type}${c.column && ` ${c.column}`}`),
    async put(name: string, values: Record<string, unknown> = {}, account = A): Promise<string> {
      const row = { account_id: account, id: uuidV7(), ...values };
      const columns = Object.keys(row).map((column) => `"${column}"`);
      const places = columns.map((_, i) => `$${i + 1}`);
      await db.query(`insert into app_main."${name}" (${columns}) values (${places})`, Object.values(row));
      return row.id;
    },
    rows: (name: string) =>
      db.query<Record<string, unknown>>(`select * from app_main."${name}" order by created_at, id`),
  };
};
export type Tables = ReturnType<typeof tables>;

/** The Failure that something rejects with; anything else fails the test. */
export async function failure(work: Promise<unknown>, code: Code): Promise<Failure> {
  const outcome = await work.then(
    (value) => ({ value, error: undefined }),
    (error: Failure) => ({ value: undefined, error }),
  );
  if (outcome.error === undefined) throw new Error(`expected ${code}, got ${JSON.stringify(outcome.value)}`);
  if (outcome.error.code !== code) throw outcome.error;
  return outcome.error;
}

/** `[field, code]` of each entry. */
export const found = (problem: Failure): [string, string][] => problem.entries.map(({ field, code }) => [field, code]);

/** Everything in the catalog that a failed change must leave as it was. */
export async function catalog(db: OpenDatabase): Promise<unknown> {
  return db.query(`
    select c.relname, c.relkind::text as kind, a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull,
      pg_get_expr(d.adbin, d.adrelid) as initial, col_description(c.oid, a.attnum) as comment, c.oid::int8 as oid
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where n.nspname like 'app\\_%' order by 1, 3`);
}

// The SQL of collection definitions.
import { Field } from '../../contract/fields.ts';
import { z } from '../../contract/kit.ts';
import { TableCheck, TableIndex } from '../../contract/table-objects.ts';
import type { Runner } from '../db/database.ts';
import type { CollectionRow } from './stored.ts';

const COLUMNS = `id, app, name, display_name, description, definition, soft_delete, enabled, indexes, checks, identity_kind, identity_key, access, revision, shape_revision, created_at, updated_at,
  (select coalesce(json_agg(json_build_object('role', r.name, 'operation', p.operation, 'rule', p.rule, 'fields', p.fields,
     'filters', p.filters, 'checks', p.checks)
     order by p.role_id, p.operation), '[]')
   from snackbase.permissions p join snackbase.roles r on r.id = p.role_id
   where p.collection = collections.app || '.' || collections.name) as permissions`;

const Definition = z.array(Field);
const Indexes = z.array(TableIndex);
const Checks = z.array(TableCheck);

// jsonb does not keep the order of keys; parsing brings a field's back, so that replies do not depend on the path they came.
const parsed = (rows: readonly CollectionRow[]): CollectionRow[] =>
  rows.map((row) => ({
    ...row,
    definition: Definition.parse(row.definition),
    indexes: Indexes.parse(row.indexes),
    checks: Checks.parse(row.checks),
  }));

/** Every collection of every app. */
export const all = async (runner: Runner): Promise<CollectionRow[]> =>
  parsed(await runner.query<CollectionRow>(`select ${COLUMNS} from snackbase.collections order by app, name`));

/** Those of one app. */
export const ofApp = async (runner: Runner, app: string): Promise<CollectionRow[]> =>
  parsed(
    await runner.query<CollectionRow>(`select ${COLUMNS} from snackbase.collections where app = $1 order by name`, [
      app,
    ]),
  );

/** One collection by its exact name. */
export async function byName(runner: Runner, app: string, name: string): Promise<CollectionRow | undefined> {
  const text = `select ${COLUMNS} from snackbase.collections where app = $1 and name = $2`;
  return parsed(await runner.query<CollectionRow>(text, [app, name]))[0];
}

export async function byId(runner: Runner, id: string): Promise<CollectionRow | undefined> {
  const text = `select ${COLUMNS} from snackbase.collections where id = $1`;
  return parsed(await runner.query<CollectionRow>(text, [id]))[0];
}

/** The name that stands in the way of another one: equal but for case. */
export async function sameName(runner: Runner, app: string, name: string): Promise<string | undefined> {
  const text = 'select name from snackbase.collections where app = $1 and lower(name) = lower($2)';
  return (await runner.query<{ name: string }>(text, [app, name]))[0]?.name;
}

/** `main.posts` of every collection. */
export async function qualifiedNames(runner: Runner): Promise<string[]> {
  const text = `select app || '.' || name as name from snackbase.collections`;
  return (await runner.query<{ name: string }>(text)).map((row) => row.name);
}

/** All names in alphabetical order; those of other apps than `main` are qualified. */
export async function names(runner: Runner): Promise<string[]> {
  const text = `select case app when 'main' then name else app || '.' || name end as name
    from snackbase.collections order by app <> 'main', app, lower(name)`;
  return (await runner.query<{ name: string }>(text)).map((row) => row.name);
}

export interface Listing {
  readonly search: string | undefined;
  readonly sortBy: 'created_at' | 'updated_at' | 'name';
  readonly descending: boolean;
  readonly skip: number;
  readonly limit: number;
}

/** A page of collections and the number of all that match. `search` is a part of the name, in any case. */
export async function list(runner: Runner, listing: Listing): Promise<{ rows: CollectionRow[]; total: number }> {
  const direction = listing.descending ? 'desc' : 'asc';
  const where = '$1::text is null or position(lower($1) in lower(name)) > 0';
  const values = [listing.search ?? null];
  const [counted] = await runner.query<{ total: number }>(
    `select count(*) as total from snackbase.collections where ${where}`,
    values,
  );
  const text = `select ${COLUMNS} from snackbase.collections where ${where}
    order by ${listing.sortBy} ${direction}, id ${direction} limit $2 offset $3`;
  const rows = await runner.query<CollectionRow>(text, [...values, listing.limit, listing.skip]);
  return { rows: parsed(rows), total: counted?.total ?? 0 };
}

/** Keeps a collection from changing until the transaction ends; permissions are stored under its share lock. */
export async function lock(runner: Runner, id: string): Promise<void> {
  await runner.query('select id from snackbase.collections where id = $1 for update', [id]);
}

/** The same for all of an app. */
export async function lockApp(runner: Runner, app: string): Promise<void> {
  await runner.query('select id from snackbase.collections where app = $1 order by id for update', [app]);
}

/** Stores a new collection at revision 1. */
export async function insert(
  runner: Runner,
  row: Omit<CollectionRow, 'revision' | 'shape_revision' | 'created_at' | 'updated_at' | 'permissions'>,
): Promise<CollectionRow> {
  const text = `insert into snackbase.collections (id, app, name, ${CHANGING.join(', ')})
    values ($1, $2, $3, ${CHANGING.map((_, i) => `$${i + 4}`).join(', ')}) returning ${COLUMNS}`;
  return one(await runner.query<CollectionRow>(text, [row.id, row.app, row.name, ...changing(row)]));
}

/** Stores what may change of a collection as its next revision; `reshaped` where a field went away or became of another type. */
export async function update(runner: Runner, row: CollectionRow, reshaped: boolean): Promise<CollectionRow> {
  const text = `update snackbase.collections set ${CHANGING.map((column, i) => `${column} = $${i + 3}`).join(', ')},
    revision = revision + 1, shape_revision = case when $2 then revision + 1 else shape_revision end,
    updated_at = greatest(now(), updated_at) where id = $1 returning ${COLUMNS}`;
  return one(await runner.query<CollectionRow>(text, [row.id, reshaped, ...changing(row)]));
}

/** The columns that a change of the definition sets, and their values. */
const CHANGING = [
  'display_name',
  'description',
  'definition',
  'soft_delete',
  'enabled',
  'indexes',
  'checks',
  'identity_kind',
  'identity_key',
  'access',
] as const;
const changing = (row: Pick<CollectionRow, (typeof CHANGING)[number]>) =>
  CHANGING.map((column) => {
    const value = row[column];
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  });

export async function remove(runner: Runner, id: string): Promise<void> {
  await runner.query('delete from snackbase.collections where id = $1', [id]);
}

function one(rows: readonly CollectionRow[]): CollectionRow {
  const [row] = parsed(rows);
  if (row === undefined) throw new Error('snackbase.collections answered no row');
  return row;
}

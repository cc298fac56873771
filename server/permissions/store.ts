// The SQL of permission rows, and of the collections that they name.
import type { Field } from '../../contract/fields.ts';
import type { Constraint, Permission } from '../../contract/permissions.ts';
import type { Runner } from '../db/database.ts';

/** A permission row; `collection` is `main.posts`, `main.*` or `*`, `fields` null means all. */
export type PermissionRow = Omit<Permission, 'fields' | 'filters' | 'checks'> & {
  readonly fields: string[] | null;
  readonly filters: Constraint[];
  readonly checks: Constraint[];
};

/** The rows of a role by collection and operation. */
export const ofRole = async (run: Runner, roleId: number): Promise<PermissionRow[]> => {
  const rows = await run.query<PermissionRow>(
    `select id, role_id, collection, operation, rule, fields, filters, checks, created_at, updated_at
     from snackbase.permissions where role_id = $1 order by collection, operation`,
    [roleId],
  );
  return rows.map((row) => ({ ...row, ...constraintsOf(row) }));
};

export type PermissionSetting = Pick<
  PermissionRow,
  'collection' | 'operation' | 'rule' | 'fields' | 'filters' | 'checks'
>;

// jsonb does not keep the order of keys, and rows are compared as text.
const inOrder = ({ field, operator, value, claim }: Constraint): Constraint => ({
  field,
  operator,
  ...(value !== undefined && { value }),
  ...(claim !== undefined && { claim }),
});
const constraintsOf = ({ filters, checks }: Pick<PermissionSetting, 'filters' | 'checks'>) => ({
  filters: filters.map(inOrder),
  checks: checks.map(inOrder),
});

/** Adds rows or changes those that stand for the same operation on the same collection. The role must be locked. */
export async function put(run: Runner, roleId: number, rows: readonly PermissionSetting[], at: string): Promise<void> {
  await run.query(
    `insert into snackbase.permissions (role_id, collection, operation, rule, fields, filters, checks, created_at, updated_at)
     select $1, collection, operation, rule,
       case when jsonb_typeof(fields) = 'array'
         then array(select f.name from jsonb_array_elements_text(fields) with ordinality f (name, n) order by n) end,
       filters, checks, $3::timestamptz, $3::timestamptz
     from jsonb_to_recordset($2::jsonb)
       as given (collection text, operation text, rule text, fields jsonb, filters jsonb, checks jsonb)
     on conflict (role_id, collection, operation)
     do update set rule = excluded.rule, fields = excluded.fields, filters = excluded.filters,
       checks = excluded.checks, updated_at = excluded.updated_at`,
    [roleId, JSON.stringify(rows), at],
  );
}

/** The role of a permission, which stays until the transaction ends; null when there is no such row. */
export async function roleOf(run: Runner, id: string): Promise<number | null> {
  const sql = 'select role_id from snackbase.permissions where id = $1 for update';
  return (await run.query<{ role_id: number }>(sql, [id]))[0]?.role_id ?? null;
}

/** Leaves of a role's rows only those with other ids. */
export async function removeAll(run: Runner, ids: readonly number[]): Promise<void> {
  await run.query('delete from snackbase.permissions where id = any($1)', [ids]);
}

/** The rows of all roles, by role. */
export const named = (run: Runner): Promise<Pick<PermissionRow, 'role_id' | 'collection' | 'operation'>[]> =>
  run.query('select role_id, collection, operation from snackbase.permissions order by collection, operation');

export async function remove(run: Runner, id: string): Promise<void> {
  await run.query('delete from snackbase.permissions where id = $1', [id]);
}

/**
 * The fields of those of the named collections (`main.posts`) that there are. They stay as they are until the transaction
 * ends, so that no row is left for a collection that goes meanwhile.
 */
export async function keepCollections(run: Runner, names: readonly string[]): Promise<Map<string, Field[]>> {
  const rows = await run.query<{ name: string; definition: Field[] }>(
    `select app || '.' || name as name, definition from snackbase.collections
     where app || '.' || name = any($1) order by id for share`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row.definition]));
}

/** Those of the apps that are deployed or have a collection. */
export async function knownApps(run: Runner, apps: readonly string[]): Promise<Set<string>> {
  const rows = await run.query<{ app: string }>(
    `select app from snackbase.collections where app = any($1)
     union select id from snackbase.apps where id = any($1)`,
    [apps],
  );
  return new Set(rows.map((row) => row.app));
}

/** `main.posts` of every collection, main's first. */
export async function collectionNames(run: Runner): Promise<string[]> {
  const rows = await run.query<{ name: string }>(
    `select app || '.' || name as name from snackbase.collections order by app <> 'main', app, name`,
  );
  return rows.map((row) => row.name);
}

/** A permission of a collection with the id of its role. */
export interface CollectionSetting extends PermissionSetting {
  readonly roleId: number;
}

/** In the order in which rows of one collection are compared. */
export const sorted = (rows: readonly CollectionSetting[]): CollectionSetting[] =>
  [...rows]
    .map(({ roleId, collection, operation, rule, fields, ...row }) => ({
      roleId,
      collection,
      operation,
      rule,
      fields,
      ...constraintsOf(row),
    }))
    .sort((a, b) => a.roleId - b.roleId || (a.operation < b.operation ? -1 : 1));

export async function ofCollection(run: Runner, collection: string): Promise<CollectionSetting[]> {
  return sorted(
    await run.query<CollectionSetting>(
      `select role_id as "roleId", collection, operation, rule, fields, filters, checks from snackbase.permissions where collection = $1`,
      [collection],
    ),
  );
}

/** The ids of the roles of these names, which stay until the transaction ends. */
export async function roleIds(run: Runner, names: readonly string[]): Promise<Map<string, number>> {
  const rows = await run.query<{ id: number; name: string }>(
    'select id, name from snackbase.roles where name = any($1) order by id for key share',
    [names],
  );
  return new Map(rows.map(({ id, name }) => [name, id]));
}

/** Leaves exactly these rows for the collection. */
export async function replaceOfCollection(
  run: Runner,
  collection: string,
  rows: readonly CollectionSetting[],
  at: string,
): Promise<void> {
  const kept = rows.map(({ roleId, operation }) => `${roleId} ${operation}`);
  await run.query(
    `delete from snackbase.permissions where collection = $1 and not role_id || ' ' || operation = any($2)`,
    [collection, kept],
  );
  const roles = [...new Set(rows.map(({ roleId }) => roleId))];
  for (const role of roles)
    await put(
      run,
      role,
      rows.filter(({ roleId }) => roleId === role),
      at,
    );
}

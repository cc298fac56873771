// The desired table: what a definition asks of the database, as a value that can be compared with what is there.
import type { Field, FieldOf } from '../../contract/fields.ts';
import type { TableCheck, TableIndex } from '../../contract/table-objects.ts';
import type { FieldColumn, PgType } from './collection-def.ts';
import { fieldColumn, isStored, SYSTEM_COLUMNS } from './columns.ts';
import { literal } from './literal.ts';
import { digest, objectName, quoteIdent, schemaName, tableName } from './names.ts';
import { SEARCH_COLUMN, SEARCH_TYPE, searchDocument, searchedBy } from './search.ts';

/** Names one table: `entity` for people, schema and table for the catalog. */
export interface TableId {
  readonly entity: string;
  readonly schema: string;
  readonly table: string;
}

export interface DesiredColumn {
  readonly column: string;
  /** The field's name; for system columns the same as `column`. */
  readonly field: string;
  /** Where the field stands in the definition (`schema.2`), for problem entries; empty for system columns. */
  readonly path: string;
  readonly type: PgType | typeof SEARCH_TYPE;
  readonly notNull: boolean;
  /** The default as a constant; null for none. */
  readonly default: string | null;
  readonly system: boolean;
  /** The expression of a column that the database fills itself; null for all others. */
  readonly generated: string | null;
}

interface Owned {
  readonly name: string;
  /** Hash of the declaration: what the object's comment must say. */
  readonly tag: string;
  /** The field behind it; null for what every table has. */
  readonly field: string | null;
}

export interface DesiredCheck extends Owned {
  readonly column: string;
  readonly expression: string;
}

export interface DesiredIndex extends Owned {
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** Partial predicate as SQL text. */
  readonly where: string | null;
  readonly method: 'btree' | 'gin';
}

export type OnDelete = FieldOf<'reference'>['on_delete'];

export interface DesiredForeignKey extends Owned {
  readonly column: string;
  readonly target: { readonly schema: string; readonly table: string };
  readonly onDelete: OnDelete;
}

export interface DesiredTable extends TableId {
  readonly tag: string;
  readonly columns: readonly DesiredColumn[];
  readonly checks: readonly DesiredCheck[];
  readonly indexes: readonly DesiredIndex[];
  readonly foreignKeys: readonly DesiredForeignKey[];
}

export interface Definition {
  readonly app: string;
  readonly name: string;
  readonly fields: readonly Field[];
  readonly indexes?: readonly TableIndex[];
  readonly checks?: readonly TableCheck[];
  readonly identity_kind?: string | null;
  readonly identity_key?: string | null;
}

const TAG = 16;
const LIVE = 'deleted_at is null';

const systemColumns: readonly DesiredColumn[] = SYSTEM_COLUMNS.map((c) => ({
  column: c.name,
  field: c.name,
  path: '',
  type: c.type,
  notNull: c.notNull,
  default: c.default,
  system: true,
  generated: null,
}));

/** The table of an app's collection, without saying what is in it. */
export const tableOf = (app: string, name: string): TableId => ({
  entity: name,
  schema: schemaName(app),
  table: tableName(name),
});

/** The app and collection that a reference names: `posts` is in the app of the field, `crm.posts` anywhere. */
export function referenced(app: string, collection: string): { app: string; name: string } {
  const dot = collection.indexOf('.');
  return dot < 0 ? { app, name: collection } : { app: collection.slice(0, dot), name: collection.slice(dot + 1) };
}

/** True for a field of a collection in `app` that points at the target. */
export function refersTo(app: string, field: Field, target: { readonly app: string; readonly name: string }): boolean {
  if (field.type !== 'reference') return false;
  const to = referenced(app, field.collection);
  return to.app === target.app && to.name === target.name;
}

/** The table that a checked definition asks for. */
export function define({ app, name, fields }: Definition): DesiredTable {
  const id = tableOf(app, name);
  const columns = fields.filter(isStored).map(fieldColumn);
  const checks: DesiredCheck[] = [];
  const indexes = [
    index(id.table, ['account_id', 'id'], 'uq', null, null),
    // Partial, as every list asks for live rows: it answers both the default order and the count from the index alone.
    index(id.table, ['account_id', 'created_at', 'id'], 'ix', null, LIVE),
  ];
  const foreignKeys: DesiredForeignKey[] = [];
  const search = searchColumn(columns);
  if (search !== null) indexes.push(index(id.table, [search.column], 'ix', search.field, null, 'gin'));
  for (const column of columns) {
    const { field } = column;
    if (field.unique) indexes.push(index(id.table, ['account_id', column.column], 'uq', field.name, LIVE));
    if ('enum' in field && field.enum !== undefined) checks.push(enumCheck(id.table, column, field.enum));
    if (field.type === 'reference') {
      indexes.push(index(id.table, ['account_id', column.column], 'ix', field.name, null));
      foreignKeys.push(foreignKey(id.table, app, column.column, field));
    }
  }
  return {
    ...id,
    tag: digest([id.schema, id.table], TAG),
    columns: [
      ...systemColumns,
      ...columns.map((column) => desiredColumn(column, fields.indexOf(column.field))),
      ...(search === null ? [] : [search]),
    ],
    checks,
    indexes,
    foreignKeys,
  };
}

function desiredColumn({ field, column, type }: FieldColumn, position: number): DesiredColumn {
  const value = field.default;
  return {
    column,
    field: field.name,
    path: `schema.${position}`,
    type,
    notNull: field.required,
    default: value === undefined ? null : literal(value, type),
    system: false,
    generated: null,
  };
}

/** The column that full-text search looks at: the words of all searchable fields. */
function searchColumn(columns: readonly FieldColumn[]): DesiredColumn | null {
  const searched = searchedBy(columns);
  if (searched.length === 0) return null;
  return {
    column: SEARCH_COLUMN,
    field: 'search',
    path: 'schema',
    type: SEARCH_TYPE,
    notNull: false,
    default: null,
    system: false,
    generated: searchDocument(searched),
  };
}

function index(
  table: string,
  columns: string[],
  kind: 'uq' | 'ix',
  field: string | null,
  where: string | null,
  method: DesiredIndex['method'] = 'btree',
): DesiredIndex {
  const unique = kind === 'uq';
  return {
    name: objectName(table, columns, kind),
    tag: digest(method === 'btree' ? [columns, unique, where] : [columns, unique, where, method], TAG),
    field,
    columns,
    unique,
    where,
    method,
  };
}

// Sorted, so that another order of the same values is no change.
function enumCheck(table: string, { column, field, type }: FieldColumn, values: readonly unknown[]): DesiredCheck {
  const isArray = type.endsWith('[]');
  const allowed = literal([...values].map(String).sort(), (isArray ? type : `${type}[]`) as PgType);
  const name = quoteIdent(column);
  const expression = isArray ? `${name} <@ ${allowed}` : `${name} = any (${allowed})`;
  return {
    name: objectName(table, [column], 'ck'),
    tag: digest([expression], TAG),
    field: field.name,
    column,
    expression,
  };
}

function foreignKey(table: string, app: string, column: string, field: FieldOf<'reference'>): DesiredForeignKey {
  const to = referenced(app, field.collection);
  const { schema, table: target } = tableOf(to.app, to.name);
  return {
    name: objectName(table, [column], 'fk'),
    tag: digest([column, schema, target, field.on_delete], TAG),
    field: field.name,
    column,
    target: { schema, table: target },
    onDelete: field.on_delete,
  };
}

/** The name of the table's primary key. */
export const primaryKeyName = (table: string): string => objectName(table, ['id'], 'pk');
/** The name of the key from a table to its accounts. */
export const accountKeyName = (table: string): string => objectName(table, ['account_id'], 'fk');

// The desired table: what a definition asks of the database, as a value that can be compared with what is there.
import type { Field, FieldOf } from '../../contract/fields.ts';
import type { FieldColumn, PgType } from './collection-def.ts';
import { fieldColumn, isStored, SYSTEM_COLUMNS } from './columns.ts';
import { type Declaring, declaredObjects } from './declared.ts';
import type { DesiredCheck, DesiredColumn, DesiredForeignKey, DesiredIndex, DesiredTable, TableId } from './desired.ts';
import { literal } from './literal.ts';
import { digest, objectName, quoteIdent, schemaName, tableName } from './names.ts';
import { SEARCH_COLUMN, SEARCH_TYPE, searchDocument, searchedBy } from './search.ts';

export type {
  Declared,
  DesiredCheck,
  DesiredColumn,
  DesiredForeignKey,
  DesiredIndex,
  DesiredTable,
  OnDelete,
  TableId,
} from './desired.ts';

export interface Definition extends Declaring {
  readonly app: string;
  readonly name: string;
}

const TAG = 16;
const LIVE = 'deleted_at is null';

const systemColumns: readonly DesiredColumn[] = SYSTEM_COLUMNS.map((c) => ({
  column: c.name,
  field: c.name,
  spelled: c.type,
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

/** The table that a checked definition asks for (`collections/definition.ts`); of an unchecked one what cannot be is left out. */
export function define(definition: Definition): DesiredTable {
  const { app, name, fields } = definition;
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
  const declared = declaredObjects(id.table, definition);
  return {
    ...id,
    tag: digest([id.schema, id.table], TAG),
    columns: [
      ...systemColumns,
      ...columns.map((column) => desiredColumn(column, fields.indexOf(column.field))),
      ...(search === null ? [] : [search]),
    ],
    checks: [...checks, ...declared.checks],
    indexes: [...indexes, ...declared.indexes],
    foreignKeys,
  };
}

function desiredColumn({ field, column, type }: FieldColumn, position: number): DesiredColumn {
  const value = field.default;
  return {
    column,
    field: field.name,
    spelled: field.type,
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
    spelled: SEARCH_TYPE,
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
    declared: null,
    columns,
    keys: columns.map((column) => ({ sql: quoteIdent(column), order: '' })),
    unique,
    where,
    method,
    identity: false,
    compiled: false,
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
    declared: null,
    columns: [column],
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
    declared: null,
    column,
    target: { schema, table: target },
    onDelete: field.on_delete,
  };
}

/** The name of the table's primary key. */
export const primaryKeyName = (table: string): string => objectName(table, ['id'], 'pk');
/** The name of the key from a table to its accounts. */
export const accountKeyName = (table: string): string => objectName(table, ['account_id'], 'fk');

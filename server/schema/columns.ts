// Which column a field becomes, and which columns every table has besides.
import type { Field, StoredField, StoredType } from '../../contract/fields.ts';
import type { FieldColumn, PgType } from './collection-def.ts';
import { columnName, quoteIdent } from './names.ts';

const TYPES: Readonly<Record<StoredType, PgType>> = {
  text: 'text',
  email: 'text',
  url: 'text',
  enum: 'text',
  number: 'double precision',
  boolean: 'boolean',
  datetime: 'timestamp with time zone',
  date: 'date',
  uuid: 'uuid',
  json: 'jsonb',
  reference: 'uuid',
  'text[]': 'text[]',
  'number[]': 'double precision[]',
};

/** The column that holds the field. */
export function fieldColumn(field: StoredField): FieldColumn {
  const column = columnName(field.name);
  return { field, name: field.name, column, quoted: quoteIdent(column), type: TYPES[field.type] };
}

/** True for a field that has a column. */
export const isStored = (field: Field): field is StoredField => field.type !== 'computed';

interface SystemColumn {
  readonly name: string;
  readonly type: PgType;
  readonly notNull: boolean;
  readonly default: string | null;
}

/** The columns of every table, in physical order. `id` and `account_id` have no default: the server sets them. */
export const SYSTEM_COLUMNS: readonly SystemColumn[] = [
  { name: 'account_id', type: 'character(6)', notNull: true, default: null },
  { name: 'id', type: 'uuid', notNull: true, default: null },
  { name: 'created_at', type: 'timestamp with time zone', notNull: true, default: 'now()' },
  { name: 'updated_at', type: 'timestamp with time zone', notNull: true, default: 'now()' },
  { name: 'created_by', type: 'text', notNull: false, default: null },
  { name: 'updated_by', type: 'text', notNull: false, default: null },
  { name: 'deleted_at', type: 'timestamp with time zone', notNull: false, default: null },
];

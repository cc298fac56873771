// A collection as the record path reads it: logical fields joined to physical columns, ready to be compiled into statements.
import type { ComputedField, StoredField } from '../../contract/fields.ts';
import type { Checked } from '../expression/typed.ts';
import type { CollectionAccess } from './collection-access.ts';

/** A type as PostgreSQL's `format_type` writes it. */
export type PgType =
  | 'text'
  | 'double precision'
  | 'boolean'
  | 'timestamp with time zone'
  | 'date'
  | 'uuid'
  | 'jsonb'
  | 'text[]'
  | 'double precision[]'
  | 'character(6)';

/** A field and the column that holds it. */
export interface FieldColumn {
  readonly field: StoredField;
  /** The field's name, as requests and replies spell it. */
  readonly name: string;
  /** The column's name in the catalog, unquoted. It differs from `name` for long names and PostgreSQL's system columns. */
  readonly column: string;
  /** The column as SQL text. */
  readonly quoted: string;
  readonly type: PgType;
}

/** A field that is made when it is read: an expression of stored ones. */
export interface ComputedColumn {
  readonly field: ComputedField;
  readonly name: string;
  /** The expression as SQL text over the columns of the table, in brackets and without parameters. */
  readonly quoted: string;
  readonly type: PgType;
  readonly checked: Checked;
  /** It depends on the clock. */
  readonly volatile: boolean;
}

/** What a constraint or index of the table protects, to turn a database fault back into the field. */
export interface Guarded {
  readonly kind: 'unique' | 'reference' | 'enum' | 'check' | 'account' | 'id';
  /** null for `account` and `id`, and where it is not about one field. */
  readonly field: FieldColumn | null;
  /** What the definition lists: the fields it is about, and what it says of them. */
  readonly declared: { readonly fields: readonly string[]; readonly about: string } | null;
}

export interface CollectionDef {
  readonly id: string;
  readonly app: string;
  readonly name: string;
  /** `main.posts`. */
  readonly qualifiedName: string;
  /** Schema and table as SQL text: `"app_main"."posts"`. */
  readonly table: string;
  readonly schemaName: string;
  readonly tableName: string;
  /** Grows with each change of the definition; (id, revision) names one state of the table, also across drop and create. */
  readonly revision: number;
  /** Since this one no field went away or became of another type. */
  readonly shapeRevision: number;
  /** Stored fields in the order of the definition, system columns left out. */
  readonly fields: readonly FieldColumn[];
  readonly computed: readonly ComputedColumn[];
  /** All fields in the order of the definition, computed ones among them. */
  readonly shown: readonly (FieldColumn | ComputedColumn)[];
  /** Stored fields by logical name, exactly as written. */
  readonly byName: ReadonlyMap<string, FieldColumn>;
  /** By name of constraint or index, as a DatabaseFault carries it. */
  readonly guards: ReadonlyMap<string, Guarded>;
  /** What its records are, and the field that tells which of them are the same in several apps. */
  readonly identity: { readonly kind: string; readonly key: string } | null;
  readonly description: string | null;
  readonly softDelete: boolean;
  readonly enabled: boolean;
  readonly access: CollectionAccess;
}

/** A reference field that points at a collection. */
export interface Referrer {
  readonly from: CollectionDef;
  readonly field: FieldColumn;
}

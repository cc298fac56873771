// The desired table as a value: columns, checks, indexes and keys, each with the tag by which it is known again.
import type { FieldOf } from '../../contract/fields.ts';
import type { TableIndex } from '../../contract/table-objects.ts';
import type { PgType } from './collection-def.ts';
import type { SEARCH_TYPE } from './search.ts';

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
  /** The field's type as the definition spells it; for system columns as the catalog does. */
  readonly spelled: string;
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

/** What the definition itself says about an index or check that it lists. */
export interface Declared {
  /** Where it stands: `indexes.2`. */
  readonly path: string;
  /** By which it is known again when its declaration changes: its name, or `#` and a hash of what it is about. */
  readonly key: string;
  /** null where it has none. */
  readonly name: string | null;
  /** The fields that it reads. */
  readonly fields: readonly string[];
  /** For people: `lower(email)`, or a check's expression. */
  readonly about: string;
  readonly detail: string;
}

interface Owned {
  readonly name: string;
  /** Hash of the declaration: what the object's comment must say. */
  readonly tag: string;
  /** The field behind it; null for what every table has and for what the definition lists. */
  readonly field: string | null;
  /** null for what every table has and for what comes with a field. */
  readonly declared: Declared | null;
}

export interface DesiredCheck extends Owned {
  readonly columns: readonly string[];
  readonly expression: string;
}

export interface IndexKey {
  /** A quoted column, or an expression in brackets. */
  readonly sql: string;
  /** ` desc nulls last`, or nothing. */
  readonly order: string;
}

export interface DesiredIndex extends Owned {
  /** The columns that it reads, those of expressions and predicate among them. */
  readonly columns: readonly string[];
  readonly keys: readonly IndexKey[];
  readonly unique: boolean;
  /** Partial predicate as SQL text. */
  readonly where: string | null;
  readonly method: TableIndex['method'];
  /** It finds the records that are the same in several apps. */
  readonly identity: boolean;
  /** A key or the predicate is an expression of the definition, which has to be compiled anew for another type. */
  readonly compiled: boolean;
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

/** True for an index that every table has. */
export const isOwnIndex = ({ field, declared }: DesiredIndex): boolean => field === null && declared === null;

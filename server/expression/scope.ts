// What a condition may speak of, and what is known when it is judged.
import type { Expr, ValueType } from '../../contract/expression.ts';
import type { Checked } from './typed.ts';

export type { Bound } from './typed.ts';

/** `any` is a value whose type shows only at run time (a workflow's step, a body): judged in memory only, never in SQL. */
export type ColumnType = ValueType | 'any';

export interface Scope {
  /** Undefined for unknown, hidden and masked fields alike: a caller must not learn which it is. The tree of a `computed` field stands for it. */
  field(name: string): { readonly type: ColumnType; readonly computed?: Checked | undefined } | undefined;
  /** For hints; only fields that `field` answers. */
  readonly fieldNames: readonly string[];
  /** The expression of a named macro. */
  macros?(name: string): Expr | undefined;
  /** Names of those macros, for hints. */
  readonly macroNames?: readonly string[];
  /** Whether `@request.auth.*` and `@request.data.*` may be used; a caller's own filter may use neither. */
  readonly allow: { readonly auth: boolean; readonly data: boolean };
}

export interface AuthEnvironment {
  readonly id: string | null;
  readonly email: string | null;
  readonly role: string | null;
  readonly account_id: string | null;
  readonly groups: readonly string[];
  /** All roles of the caller, where he has several; else `role` alone. */
  readonly roles?: readonly string[];
}

/** What variables read. `auth` null is an anonymous caller: all his variables are NULL. */
export interface Environment {
  readonly auth: AuthEnvironment | null;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A record as the API answers it: numbers, booleans, RFC 3339 text, arrays. An absent key is null. */
export type Row = Readonly<Record<string, unknown>>;

const VALUE_TYPES: Readonly<Record<string, ValueType>> = {
  text: 'text',
  email: 'text',
  url: 'text',
  enum: 'text',
  number: 'number',
  boolean: 'boolean',
  datetime: 'datetime',
  date: 'date',
  uuid: 'uuid',
  reference: 'uuid',
  json: 'json',
  'text[]': 'text[]',
  'number[]': 'number[]',
};

/** How values of a collection field's type are compared; undefined for a type that this engine does not know. */
export const valueTypeOf = (fieldType: string): ValueType | undefined =>
  Object.hasOwn(VALUE_TYPES, fieldType) ? VALUE_TYPES[fieldType] : undefined;

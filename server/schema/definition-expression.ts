// Expressions of a definition: over the fields of its own table, for everybody the same, and written out as SQL without parameters.
import type { Expr, ValueType } from '../../contract/expression.ts';
import type { Field } from '../../contract/fields.ts';
import { check, checkValue } from '../expression/check.ts';
import { ExpressionError } from '../expression/error.ts';
import { placeOf } from '../expression/origin.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { type Bound, type Scope, valueTypeOf } from '../expression/scope.ts';
import { toSql } from '../expression/to-sql.ts';
import { children } from '../expression/tree.ts';
import type { Checked } from '../expression/typed.ts';
import type { PgType } from './collection-def.ts';
import { fieldColumn, isStored, SYSTEM_COLUMNS } from './columns.ts';
import { spelledType } from './conversions.ts';
import { literal } from './literal.ts';

/** `deleted` for what indexes alone may ask: whether the record is deleted. */
function scopeOf(fields: readonly Field[], deleted: boolean): Scope {
  const types = new Map<string, ValueType>();
  for (const { name, type } of SYSTEM_COLUMNS)
    if (name !== 'account_id' && (deleted || name !== 'deleted_at'))
      types.set(name, valueTypeOf(spelledType(type)) as ValueType);
  for (const field of fields) if (isStored(field)) types.set(field.name, valueTypeOf(field.type) as ValueType);
  return {
    field: (name) => {
      const type = types.get(name);
      return type && { type };
    },
    fieldNames: [...types.keys()],
    allow: { auth: false, data: false },
  };
}

const firstOf = (e: Expr, test: (one: Expr) => boolean): Expr | undefined =>
  test(e) ? e : children(e).reduce<Expr | undefined>((found, child) => found ?? firstOf(child, test), undefined);

const isNow = (e: Expr): boolean => e.kind === 'call' && e.name === 'now';

/** True for an expression whose value changes with the clock. */
export const asksTheClock = (e: Expr): boolean => firstOf(e, isNow) !== undefined;

/** A macro asks who is calling, which is nothing that a table knows. */
function parsed(text: string): Expr {
  const tree = parseRule(text);
  const macro = firstOf(tree, (one) => one.kind === 'macro');
  if (macro?.kind === 'macro')
    throw new ExpressionError('unknown_macro', `@${macro.name}() cannot be used here.`, placeOf(macro));
  return tree;
}

/** A single value, as a computed field is. Throws ExpressionError. */
export const definedValue = (text: string, fields: readonly Field[]): Checked =>
  checkValue(parsed(text), scopeOf(fields, false));

function timeless(text: string): Expr {
  const tree = parsed(text);
  const now = firstOf(tree, isNow);
  if (now === undefined) return tree;
  const hint = 'Write a moment, or compare with a field.';
  throw new ExpressionError(
    'function_arguments',
    'now() changes by itself and cannot be used here.',
    placeOf(now),
    hint,
  );
}

/** A key of an index: a value that depends on the record alone. Throws ExpressionError. */
export const keyValue = (text: string, fields: readonly Field[]): Checked =>
  indexable(checkValue(timeless(text), scopeOf(fields, true)));

/** The condition of a partial index. Throws ExpressionError. */
export const indexCondition = (text: string, fields: readonly Field[]): Checked =>
  indexable(check(timeless(text), scopeOf(fields, true)));

/** What all records must satisfy. Throws ExpressionError. */
export const recordCondition = (text: string, fields: readonly Field[]): Checked =>
  check(timeless(text), scopeOf(fields, false));

/** PostgreSQL writes a date as the session likes it, so an index cannot hold that text. */
function indexable(checked: Checked): Checked {
  if (!writesDate(checked.root)) return checked;
  const hint = 'Use year(), month() and day() instead.';
  throw new ExpressionError('function_arguments', 'concat() of a date cannot be indexed.', {}, hint);
}

const writesDate = (node: unknown): boolean => {
  if (typeof node !== 'object' || node === null) return false;
  const { kind, name, operands } = node as { kind?: unknown; name?: unknown; operands?: readonly { type: unknown }[] };
  if (kind === 'call' && name === 'concat' && operands?.some(({ type }) => type === 'date')) return true;
  return Object.values(node).some(writesDate);
};

const constant = (value: Bound, type: string): string =>
  literal(value, type.replace('timestamptz', 'timestamp with time zone') as PgType);

/** The expression as SQL over the unqualified columns of the table; constants are text of it. */
export function definedSql(checked: Checked, fields: readonly Field[]): string {
  const columns = new Map(fields.filter(isStored).map((one) => [one.name, fieldColumn(one).quoted]));
  return toSql(checked, { column: (name) => columns.get(name) ?? `"${name}"`, constant }).sql;
}

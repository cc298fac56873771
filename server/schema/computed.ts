// Computed fields: an expression over stored fields, checked when it is defined, so that it cannot fail when it is read.
import type { Expr, ValueType } from '../../contract/expression.ts';
import type { ComputedField, Field } from '../../contract/fields.ts';
import { checkValue } from '../expression/check.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { type Bound, type Scope, valueTypeOf } from '../expression/scope.ts';
import { toSql } from '../expression/to-sql.ts';
import { children } from '../expression/tree.ts';
import type { Checked } from '../expression/typed.ts';
import type { ComputedColumn, PgType } from './collection-def.ts';
import { fieldColumn, isStored } from './columns.ts';
import { literal } from './literal.ts';

/** System fields that an expression may name, with their types. */
const SYSTEM: Readonly<Record<string, ValueType>> = {
  id: 'uuid',
  created_at: 'datetime',
  updated_at: 'datetime',
  created_by: 'text',
  updated_by: 'text',
};

const TYPES: Readonly<Partial<Record<ValueType, PgType>>> = {
  text: 'text',
  number: 'double precision',
  boolean: 'boolean',
  datetime: 'timestamp with time zone',
  date: 'date',
  uuid: 'uuid',
};

function scopeOf(fields: readonly Field[]): Scope {
  const types = new Map<string, ValueType>(Object.entries(SYSTEM));
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

const kept = new WeakMap<ComputedField, Checked>();

/** The checked expression of a computed field among the fields of its collection. Throws ExpressionError. */
export function computedValue(field: ComputedField, fields: readonly Field[]): Checked {
  let checked = kept.get(field);
  if (checked === undefined) {
    checked = checkValue(parseRule(field.expression), scopeOf(fields));
    kept.set(field, checked);
  }
  return checked;
}

const asksTheClock = (e: Expr): boolean => (e.kind === 'call' && e.name === 'now') || children(e).some(asksTheClock);

/** Constants of a definition are text of the statement: they change with it alone. */
const constant = (value: Bound, type: string): string =>
  literal(value, (type === 'timestamptz' ? 'timestamp with time zone' : type) as PgType);

/** The field as a column of statements. Its values are personal data where what it reads is. Throws ExpressionError. */
export function computedColumn(field: ComputedField, fields: readonly Field[]): ComputedColumn {
  const checked = computedValue(field, fields);
  const columns = new Map(fields.filter(isStored).map((one) => [one.name, fieldColumn(one).quoted]));
  const { sql } = toSql(checked, { column: (name) => columns.get(name) ?? `"${name}"`, constant });
  const personal = field.pii === true || fields.some((one) => one.pii === true && checked.fields.has(one.name));
  return {
    field: personal ? { ...field, pii: true } : field,
    name: field.name,
    quoted: checked.root.type === 'number' ? `((${sql}) + 0)` : `(${sql})`,
    type: TYPES[checked.root.type] as PgType,
    checked,
    volatile: asksTheClock(checked.source),
  };
}

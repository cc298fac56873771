// Computed fields: an expression over stored fields, checked when it is defined, so that it cannot fail when it is read.
import type { ValueType } from '../../contract/expression.ts';
import type { ComputedField, Field } from '../../contract/fields.ts';
import type { Checked } from '../expression/typed.ts';
import type { ComputedColumn, PgType } from './collection-def.ts';
import { asksTheClock, definedSql, definedValue } from './definition-expression.ts';

const TYPES: Readonly<Partial<Record<ValueType, PgType>>> = {
  text: 'text',
  number: 'double precision',
  boolean: 'boolean',
  datetime: 'timestamp with time zone',
  date: 'date',
  uuid: 'uuid',
};

const kept = new WeakMap<ComputedField, Checked>();

/** The checked expression of a computed field among the fields of its collection. Throws ExpressionError. */
export function computedValue(field: ComputedField, fields: readonly Field[]): Checked {
  let checked = kept.get(field);
  if (checked === undefined) {
    checked = definedValue(field.expression, fields);
    kept.set(field, checked);
  }
  return checked;
}

/** The field as a column of statements. Its values are personal data where what it reads is. Throws ExpressionError. */
export function computedColumn(field: ComputedField, fields: readonly Field[]): ComputedColumn {
  const checked = computedValue(field, fields);
  const sql = definedSql(checked, fields);
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

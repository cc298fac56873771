// One side of a comparison before its type is settled, and how several sides settle on one type.
import type { Expr, Scalar, ValueType } from '../../contract/expression.ts';
import { cut } from '../text.ts';
import { coerce } from './coerce.ts';
import { ExpressionError } from './error.ts';
import { placeOf } from './origin.ts';
import { print } from './print.ts';
import type { Typed } from './typed.ts';

/** Either of one type, or open: a quoted literal, null, a list, a variable; `as` then makes it of the type that is asked for. */
export interface Operand {
  readonly expr: Expr;
  readonly type: ValueType | undefined;
  /** What an open side is when no other side has a type; undefined when it cannot tell. */
  readonly otherwise: ValueType | undefined;
  /** Throws when it cannot be of that type; `against` describes the other side. */
  as(type: ValueType, against: string): Typed;
}

/** An expression as a message shows it. */
export function shown(e: Expr): string {
  const text = print(e);
  return text.length > 60 ? `${cut(text, 57)}…` : text;
}

/** A literal as a constant of the type. Throws invalid_value naming the other side, its type and the value. */
export function constant(expr: Expr, value: Scalar | readonly Scalar[], type: ValueType, against: string): Typed {
  const coerced = coerce(value, type);
  if (coerced !== undefined) return { kind: 'constant', type, value: coerced };
  const isList = Array.isArray(value) && !type.endsWith('[]');
  throw new ExpressionError(
    'invalid_value',
    `${against} is of type ${type}: ${shown(expr)} is not a valid ${type}.`,
    placeOf(expr),
    isList ? 'Compare with a list by in [..].' : HINTS[type],
  );
}

const HINTS: Partial<Record<ValueType, string>> = {
  datetime: 'Write 2026-01-02T03:04:05Z or 2026-01-02.',
  date: 'Write 2026-01-02.',
  boolean: 'Write true or false.',
  uuid: 'Write 0198c0de-7a11-7000-8000-3b2f5c0ffee1.',
  text: 'Text holds no U+0000 and no half of a surrogate pair.',
  'text[]': "Write ['a', 'b'].",
  'number[]': 'Write [1, 2].',
};

const describe = (o: Operand): string => (o.expr.kind === 'field' ? `Field ${o.expr.name}` : shown(o.expr));

/** All sides as one type. uuid with text meet as text, date with datetime as datetime; any other pair is a type_mismatch. */
export function agree(operands: readonly Operand[]): { readonly type: ValueType; readonly nodes: readonly Typed[] } {
  const first = operands.find((o) => o.type !== undefined);
  if (first === undefined) {
    const telling = operands.find((o) => o.otherwise !== undefined);
    if (telling === undefined) {
      const [one] = operands as readonly [Operand];
      const message = `Nothing tells the type of ${operands.map((o) => shown(o.expr)).join(' and ')}.`;
      throw new ExpressionError('type_mismatch', message, placeOf(one.expr), 'Compare with a field or a value.');
    }
    return settle(operands, telling.otherwise as ValueType, telling);
  }
  const json = operands.find((o) => o.type === 'json');
  if (json !== undefined) {
    const message = `${describe(json)} is of type json, which cannot be compared.`;
    throw new ExpressionError('type_mismatch', message, placeOf(json.expr), 'json takes is null, is not null.');
  }
  let type = first.type as ValueType;
  for (const other of operands) {
    if (other.type === undefined || other.type === type) continue;
    const met = MEETING[`${type} ${other.type}`];
    if (met === undefined) throw mismatch(first, other);
    type = met;
  }
  return settle(operands, type, operands.find((o) => o.expr.kind === 'field' && o.type !== undefined) ?? first);
}

const MEETING: Readonly<Record<string, 'text' | 'datetime'>> = {
  'uuid text': 'text',
  'text uuid': 'text',
  'date datetime': 'datetime',
  'datetime date': 'datetime',
};

function settle(operands: readonly Operand[], type: ValueType, telling: Operand) {
  return { type, nodes: operands.map((o) => widened(o.as(o.type ?? type, describe(telling)), type)) };
}

const widened = (node: Typed, type: ValueType): Typed =>
  node.type === type ? node : { kind: 'cast', type: type as 'text' | 'datetime', operand: node };

function mismatch(a: Operand, b: Operand): ExpressionError {
  const bare = [a, b].find((o) => o.expr.kind === 'literal');
  const text = [a, b].some((o) => o.type === 'text');
  const hint =
    bare !== undefined && text ? `Quote it: '${String((bare.expr as { value: unknown }).value)}'.` : undefined;
  const message = `${describe(a)} is of type ${a.type}, ${describe(b)} of type ${b.type}: they cannot be compared.`;
  return new ExpressionError('type_mismatch', message, placeOf(bare?.expr ?? b.expr), hint);
}

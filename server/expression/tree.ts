// Makes nodes in their one canonical form, so that every spelling of a condition ends in the same tree.
import type {
  Arithmetic,
  Call,
  CompareOp,
  Connective,
  Expr,
  FieldRef,
  ListOp,
  Literal,
  MacroCall,
  NullOp,
  Scalar,
  Variable,
} from '../../contract/expression.ts';

export const literal = (value: Scalar | readonly Scalar[]): Literal => ({
  kind: 'literal',
  value: value === 0 ? 0 : value,
});
export const field = (name: string): FieldRef => ({ kind: 'field', name });
export const variable = (name: string): Variable => ({ kind: 'variable', name });
export const macro = (name: string, args: MacroCall['args']): MacroCall => ({ kind: 'macro', name, args });
export const nullTest = (op: NullOp, operand: Expr): Expr => ({ kind: 'null_test', op, operand });
export const not = (operand: Expr): Expr => ({ kind: 'not', operand });
export const membership = (op: ListOp, left: Expr, items: readonly Expr[]): Expr => ({
  kind: 'membership',
  op,
  left,
  items,
});
export const arithmetic = (op: Arithmetic['op'], left: Expr, right: Expr): Expr => ({
  kind: 'arithmetic',
  op,
  left,
  right,
});

export const call = (name: string, args: readonly Expr[]): Call => ({ kind: 'call', name, args });

const isNull = (e: Expr): boolean => e.kind === 'literal' && e.value === null;

/** `= null` and `!= null` are null tests, whichever side the null stands on. */
export function compare(op: CompareOp, left: Expr, right: Expr): Expr {
  if (op === 'eq' || op === 'neq') {
    const test = op === 'eq' ? 'is_null' : 'is_not_null';
    if (isNull(right)) return nullTest(test, left);
    if (isNull(left)) return nullTest(test, right);
  }
  return { kind: 'compare', op, left, right };
}

/** Joins conditions; joined ones of the same kind become one level, a single one stays alone, none is the neutral truth value. */
export function connect(kind: Connective['kind'], items: readonly Expr[]): Expr {
  const flat = items.flatMap((item) => (item.kind === kind ? item.items : [item]));
  if (flat.length === 0) return literal(kind === 'and');
  return flat.length === 1 ? (flat[0] as Expr) : { kind, items: flat };
}

/** Minus before a number is part of the number. */
export const negate = (operand: Expr): Expr =>
  operand.kind === 'literal' && typeof operand.value === 'number'
    ? literal(-operand.value)
    : { kind: 'negate', operand };

/** The nodes directly below a node. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'literal':
    case 'field':
    case 'variable':
      return [];
    case 'macro':
    case 'call':
      return e.args;
    case 'compare':
    case 'arithmetic':
      return [e.left, e.right];
    case 'membership':
      return [e.left, ...e.items];
    case 'and':
    case 'or':
      return e.items;
    case 'null_test':
    case 'not':
    case 'negate':
      return [e.operand];
  }
}

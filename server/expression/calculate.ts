// Arithmetic checked: every operand a number, and no result that could leave the numbers whatever the rows hold.
import type { Expr } from '../../contract/expression.ts';
import { ExpressionError } from './error.ts';
import { isNullLiteral } from './leaves.ts';
import { combine, LEAF, type Reach, reachOf, withinMagnitude } from './magnitude.ts';
import { type Operand, shown } from './operand.ts';
import { placeOf } from './origin.ts';
import type { Typed } from './typed.ts';

interface Figure {
  readonly node: Typed;
  readonly reach: Reach;
}

/** A calculation, or one operand of it. `operand` types what is no arithmetic. Throws type_mismatch, bound_exceeded. */
export function calculate(e: Expr, operand: (e: Expr) => Operand): Figure {
  if (e.kind === 'negate') {
    const { node, reach } = calculate(e.operand, operand);
    return { node: { kind: 'calculation', type: 'number', op: 'minus', operands: [node] }, reach };
  }
  if (e.kind !== 'arithmetic') return leaf(e, operand);
  const left = calculate(e.left, operand);
  const right = calculate(e.right, operand);
  const reach = combine(e.op, left.reach, right.reach);
  if (reach === undefined)
    throw new ExpressionError(
      'bound_exceeded',
      `${shown(e)} could leave the range of numbers.`,
      placeOf(e),
      'Multiply, divide or take the remainder fewer times.',
    );
  return { node: { kind: 'calculation', type: 'number', op: e.op, operands: [left.node, right.node] }, reach };
}

function leaf(e: Expr, operand: (e: Expr) => Operand): Figure {
  const found = operand(e);
  if ((found.type !== undefined && found.type !== 'number') || isNullLiteral(e)) {
    const type = found.type === undefined ? 'null' : `of type ${found.type}`;
    throw new ExpressionError('type_mismatch', `${shown(e)} is ${type}: arithmetic needs numbers.`, placeOf(e));
  }
  const node = found.as('number', 'An operand of arithmetic');
  if (node.kind === 'column' || node.kind === 'input') return { node: { ...node, bounded: true }, reach: LEAF };
  if (node.kind !== 'constant') return { node: { kind: 'bounded', type: 'number', operand: node }, reach: LEAF };
  if (!withinMagnitude(node.value))
    throw new ExpressionError('invalid_value', `${shown(e)} is too large or too small for arithmetic.`, placeOf(e));
  return { node, reach: reachOf(node.value as number) };
}

// Which numbers arithmetic takes, so that neither meaning can overflow: PostgreSQL raises an error where JavaScript says Infinity or 0.
import type { Arithmetic } from '../../contract/expression.ts';
import type { Bound } from './scope.ts';

/** An operand of arithmetic beyond `most`, or nearer to zero than `least`, counts as NULL. */
export const MAGNITUDE = { least: 1e-40, most: 1e40 } as const;

/** True for zero and for numbers within `MAGNITUDE`; anything that is no number passes. */
export function withinMagnitude(value: Bound): boolean {
  if (typeof value !== 'number' || value === 0) return true;
  const size = Math.abs(value);
  return size >= MAGNITUDE.least && size <= MAGNITUDE.most;
}

/** Bounds of the binary exponents of a result that is not zero. */
export interface Reach {
  readonly low: number;
  readonly high: number;
  /** The value is a multiple of two to this power. */
  readonly unit: number;
}

const reach = (low: number, high: number): Reach => ({ low, high, unit: low - 53 });

export const LEAF: Reach = reach(-133, 133);

/** A constant's own exponent, a step wide to each side. */
export const reachOf = (value: number): Reach => {
  const exponent = value === 0 ? 0 : Math.log2(Math.abs(value));
  return reach(Math.floor(exponent) - 1, Math.ceil(exponent) + 1);
};

/**
 * The reach of `a op b`, or undefined where it could leave the numbers.
 * A sum cannot underflow (it is a multiple of its operands' smaller unit), but it may come near zero and be a factor or divisor later.
 */
export function combine(op: Arithmetic['op'], a: Reach, b: Reach): Reach | undefined {
  if (op === '*') return inside(reach(a.low + b.low - 1, a.high + b.high + 1));
  const quotient = inside(reach(a.low - b.high - 1, a.high - b.low + 1));
  if (op === '/') return quotient;
  const unit = Math.min(a.unit, b.unit, op === '%' ? b.low - 53 : b.unit);
  const sum = { low: unit, high: Math.max(a.high, b.high) + 1, unit };
  return op === '%' && quotient === undefined ? undefined : inside(sum);
}

const inside = (r: Reach): Reach | undefined => (r.low > -1000 && r.high < 1000 ? r : undefined);

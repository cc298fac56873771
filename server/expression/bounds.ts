// How large an expression may be: counted on the tree, so that every spelling has the same limits.
import { BOUNDS, type Expr } from '../../contract/expression.ts';
import { ExpressionError, type Place } from './error.ts';
import { placeOf } from './origin.ts';
import { needsParentheses, seats } from './print.ts';

export const tooMuch = (what: string, most: number, place: Place): ExpressionError =>
  new ExpressionError(
    'bound_exceeded',
    `An expression may hold at most ${most} ${what}.`,
    place,
    'Split it or shorten it.',
  );

/** Refuses lists of over 500 items. */
export function assertListLength(length: number, place: Place): void {
  if (length > BOUNDS.listItems) throw tooMuch('items in a list', BOUNDS.listItems, place);
}

/** A connective, a list or a bracket is no term; conditions, calculations and bare values are. */
const isTerm = (e: Expr, parent: Expr | null): boolean =>
  e.kind === 'and' || e.kind === 'or' || e.kind === 'not'
    ? false
    : e.kind === 'arithmetic' ||
      e.kind === 'negate' ||
      e.kind === 'call' ||
      parent === null ||
      isLogic(parent) ||
      isCondition(e);
const isLogic = (e: Expr): boolean => e.kind === 'and' || e.kind === 'or' || e.kind === 'not';
const isCondition = (e: Expr): boolean => e.kind === 'compare' || e.kind === 'membership' || e.kind === 'null_test';

/** Counts terms and depth (parentheses, `not` and unary minus as printed). Throws bound_exceeded. */
export function assertBounds(root: Expr): void {
  let terms = 0;
  const visit = (e: Expr, parent: Expr | null, depth: number): void => {
    if (isTerm(e, parent) && ++terms > BOUNDS.terms) throw tooMuch('terms', BOUNDS.terms, placeOf(e));
    const below = depth + (e.kind === 'not' || e.kind === 'negate' || e.kind === 'call' ? 1 : 0);
    if (below > BOUNDS.depth) throw tooMuch('levels', BOUNDS.depth, placeOf(e));
    if (e.kind === 'membership') assertListLength(e.items.length, placeOf(e));
    if (e.kind === 'literal' && Array.isArray(e.value)) assertListLength(e.value.length, placeOf(e));
    for (const [child, least] of seats(e)) visit(child, e, below + (needsParentheses(child, least) ? 1 : 0));
  };
  visit(root, null, 0);
}

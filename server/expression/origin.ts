// Where each node came from, kept beside the tree: equal conditions stay equal values, and errors still know their place.
import type { Expr } from '../../contract/expression.ts';
import type { Place } from './error.ts';

const origins = new WeakMap<Expr, Place>();

/** Remembers the place of a node the first time it is told, and answers the node. */
export function placed<E extends Expr>(node: E, place: Place): E {
  if (!origins.has(node)) origins.set(node, place);
  return node;
}

/** The place of a node; empty for one that was made without a source. */
export const placeOf = (node: Expr): Place => origins.get(node) ?? {};

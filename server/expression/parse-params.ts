// Query parameters to a tree: `field=v`, `field__op=v`; all of them must hold.
import {
  type CompareOp,
  type Expr,
  type ListOp,
  OPERATORS,
  type OperatorName,
  type Scalar,
} from '../../contract/expression.ts';
import { cut } from '../text.ts';
import { assertBounds, assertListLength } from './bounds.ts';
import { ExpressionError } from './error.ts';
import { suggestion } from './nearest.ts';
import { placed } from './origin.ts';
import { compare, connect, field, literal, membership, nullTest } from './tree.ts';
import { SUFFIXES } from './words.ts';

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/**
 * The tree of filter parameters; none is true. `isField` tells fields whose own name has `__` in it, and misspelt operators.
 * Throws ExpressionError whose path is the parameter's name.
 */
export function parseParams(parameters: readonly Parameter[], isField?: (name: string) => boolean): Expr {
  const root = connect(
    'and',
    parameters.map(({ name, value }) => condition(name, value, isField)),
  );
  assertBounds(root);
  return root;
}

function condition(name: string, value: string, isField?: (name: string) => boolean): Expr {
  const place = { path: name };
  const [fieldName, op] = split(name, isField);
  const left = placed(field(fieldName), place);
  const one = () => placed(literal(value), place);
  switch (OPERATORS[op].operand) {
    case 'none': {
      // A flag: `field__is_null`, `field__is_null=true`; `=false` turns it round.
      const same = flag(value, name);
      return placed(nullTest((op === 'is_null') === same ? 'is_null' : 'is_not_null', left), place);
    }
    case 'list': {
      const items = list(value, name);
      assertListLength(items.length, place);
      return placed(
        membership(
          op as ListOp,
          left,
          items.map((item) => placed(literal(item), place)),
        ),
        place,
      );
    }
    case 'value':
      return placed(compare(op as CompareOp, left, one()), place);
  }
}

function split(name: string, isField?: (name: string) => boolean): readonly [string, OperatorName] {
  const at = name.lastIndexOf('__');
  if (at <= 0 || isField?.(name)) return [name, 'eq'];
  const [base, suffix] = [name.slice(0, at), name.slice(at + 2)];
  const op = SUFFIXES.get(suffix.toLowerCase());
  if (op !== undefined) return [base, op];
  if (!isField?.(base)) return [name, 'eq'];
  throw new ExpressionError(
    'unknown_operator',
    `Unknown operator ${suffix} in ${name}.`,
    { path: name },
    suggestion(suffix, [...SUFFIXES.keys()], 'operators'),
  );
}

/** Nothing, true and 1 are yes, false and 0 are no. */
function flag(value: string, path: string): boolean {
  const text = value.trim().toLowerCase();
  if (text === '' || text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new ExpressionError('invalid_value', `${path} takes true, false or nothing, not ${cut(value, 40)}.`, {
    path,
  });
}

/** A JSON array, or a comma list; empty text is an empty list. */
function list(value: string, path: string): readonly Scalar[] {
  const text = value.trim();
  if (text === '') return [];
  if (!text.startsWith('[')) return text.split(',').map((item) => item.trim());
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch {
    throw new ExpressionError('invalid_value', `${path} is neither a comma list nor a JSON array.`, { path });
  }
  const plain = (v: unknown) => v === null || ['string', 'number', 'boolean'].includes(typeof v);
  if (Array.isArray(items) && items.every(plain)) return items as Scalar[];
  throw new ExpressionError('invalid_value', `${path} may hold texts, numbers, true, false and null only.`, { path });
}

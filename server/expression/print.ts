// A tree as canonical text: `parseRule(print(e))` is `e` again.
import { type Expr, OPERATORS, type Scalar } from '../../contract/expression.ts';
import { isKeyword } from './words.ts';

/** How tightly a node binds: what stands below a tighter one needs parentheses. */
function rank(e: Expr): number {
  switch (e.kind) {
    case 'or':
      return 1;
    case 'and':
      return 2;
    case 'not':
      return 3;
    case 'compare':
    case 'membership':
    case 'null_test':
      return 4;
    case 'arithmetic':
      return e.op === '+' || e.op === '-' ? 5 : 6;
    case 'negate':
      return 7;
    default:
      return 8;
  }
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
const scalar = (value: Scalar): string => (typeof value === 'string' ? quoted(value) : String(value));

/** The children with the least rank that needs no parentheses in their place; also what counts the nesting of a tree. */
export function seats(e: Expr): readonly (readonly [Expr, number])[] {
  switch (e.kind) {
    case 'or':
      return e.items.map((item) => [item, 2] as const);
    case 'and':
      return e.items.map((item) => [item, 3] as const);
    case 'not':
      return [[e.operand, 3]];
    case 'compare':
      return [
        [e.left, 5],
        [e.right, 5],
      ];
    case 'membership':
      return [[e.left, 5], ...e.items.map((item) => [item, 5] as const)];
    case 'null_test':
      return [[e.operand, 5]];
    case 'arithmetic':
      return [
        [e.left, rank(e)],
        [e.right, rank(e) + 1],
      ];
    case 'negate':
      return [[e.operand, 7]];
    case 'macro':
      return e.args.map((arg) => [arg, 8] as const);
    case 'call':
      return e.args.map((arg) => [arg, 1] as const);
    default:
      return [];
  }
}

export const needsParentheses = (e: Expr, least: number): boolean => rank(e) < least;

/** The canonical text of an expression. */
export function print(e: Expr): string {
  const parts = seats(e).map(([child, least]) => (needsParentheses(child, least) ? `(${print(child)})` : print(child)));
  const [first = '', second = ''] = parts;
  switch (e.kind) {
    case 'literal':
      return Array.isArray(e.value) ? `[${e.value.map(scalar).join(', ')}]` : scalar(e.value as Scalar);
    case 'field':
      return isKeyword(e.name) || /^(record|user)\./.test(e.name) ? `record.${e.name}` : e.name;
    case 'variable':
      return `@request.${e.name}`;
    case 'macro':
      return `@${e.name}(${parts.join(', ')})`;
    case 'call':
      return `${e.name}(${parts.join(', ')})`;
    case 'compare':
      return `${first} ${OPERATORS[e.op].symbols[0]} ${second}`;
    case 'membership':
      return `${first} ${OPERATORS[e.op].symbols[0]} [${parts.slice(1).join(', ')}]`;
    case 'null_test':
      return `${first} ${OPERATORS[e.op].symbols[0]}`;
    case 'and':
    case 'or':
      return parts.join(` ${e.kind} `);
    case 'not':
      return `not ${first}`;
    case 'arithmetic':
      return `${first} ${e.op} ${second}`;
    case 'negate':
      return `-${first}`;
  }
}

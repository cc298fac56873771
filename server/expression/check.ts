// A tree against a scope: every name known, every comparison of one type, every value possible. What passes cannot fail in SQL.
import {
  BOUNDS,
  type CompareOp,
  type Comparison,
  type Expr,
  type Membership,
  type NullTest,
  OPERATORS,
  type OperatorName,
  type ValueType,
} from '../../contract/expression.ts';
import { assertBounds, tooMuch } from './bounds.ts';
import { calculate } from './calculate.ts';
import { callNode } from './call.ts';
import { ExpressionError } from './error.ts';
import { isNullLiteral, Leaves } from './leaves.ts';
import { openMacros } from './macros.ts';
import { agree, type Operand, shown } from './operand.ts';
import { placeOf } from './origin.ts';
import { likePattern, type PatternOp } from './pattern.ts';
import type { Scope } from './scope.ts';
import type { Checked, Compare, Typed } from './typed.ts';

/** The condition with types. Throws ExpressionError at the place of what is wrong. */
export function check(source: Expr, scope: Scope): Checked {
  const open = openMacros(source, scope);
  assertBounds(open);
  const leaves = new Leaves(scope);
  const root = new Checker(leaves).condition(open);
  return { root, source, fields: leaves.fields, variables: leaves.variables };
}

/** An expression of any type, as a computed field is. Throws like `check`, and not_a_value for null and for lists. */
export function checkValue(source: Expr, scope: Scope): Checked {
  assertBounds(source);
  const leaves = new Leaves(scope);
  const root = new Checker(leaves).single(source);
  return { root, source, fields: leaves.fields, variables: leaves.variables };
}

const negated = (node: Typed): Typed => ({ kind: 'not', type: 'boolean', operands: [node] });

class Checker {
  constructor(private readonly leaves: Leaves) {}

  /** An expression that must be true, false or unknown. */
  condition(e: Expr): Typed {
    switch (e.kind) {
      case 'and':
      case 'or':
        return { kind: e.kind, type: 'boolean', operands: e.items.map((item) => this.condition(item)) };
      case 'not':
        return negated(this.condition(e.operand));
      case 'compare':
        return isPattern(e.op) ? this.pattern(e, e.op) : this.comparison(e, e.op);
      case 'membership':
        return this.membership(e);
      case 'null_test':
        return this.nullTest(e);
    }
    const bare = this.operand(e);
    if (bare.type === 'boolean' || (bare.type === undefined && bare.otherwise === undefined && !isNullLiteral(e)))
      return bare.as('boolean', 'A condition');
    const type = bare.type ?? bare.otherwise;
    const what = type === undefined ? 'null' : `of type ${type}`;
    const hint = type === undefined ? 'Test with is null.' : `Compare it, for example ${shown(e)} = …`;
    throw new ExpressionError('not_a_condition', `${shown(e)} is ${what} and no condition.`, placeOf(e), hint);
  }

  /** A value of one type that is known. */
  single(e: Expr): Typed {
    const found = this.operand(e);
    const type = found.type ?? found.otherwise;
    if (type !== undefined && type !== 'json' && !type.endsWith('[]')) return found.as(type, 'A value');
    const what = type === undefined ? 'null' : `of type ${type}`;
    throw new ExpressionError('not_a_value', `${shown(e)} is ${what} and no single value.`, placeOf(e));
  }

  private readonly operand = (e: Expr): Operand => {
    switch (e.kind) {
      case 'field':
        return this.leaves.field(e);
      case 'variable':
        return this.leaves.variable(e);
      case 'literal':
        return this.leaves.literal(e);
      case 'arithmetic':
      case 'negate': {
        const { node } = calculate(e, this.operand);
        return { expr: e, type: 'number', otherwise: undefined, as: () => node };
      }
      case 'call': {
        const node = callNode(e, { operand: this.operand, condition: (one) => this.condition(one) });
        return { expr: e, type: node.type, otherwise: undefined, as: () => node };
      }
      default: {
        const node = this.condition(e);
        return { expr: e, type: 'boolean', otherwise: undefined, as: () => node };
      }
    }
  };

  private comparison(e: Comparison, op: Compare['op']): Typed {
    const sides = [e.left, e.right];
    const missing = sides.find(isNullLiteral);
    if (missing !== undefined)
      throw new ExpressionError(
        'type_mismatch',
        `${shown(e)} compares with null.`,
        placeOf(missing),
        'Test with is null.',
      );
    const { type, nodes } = agree(sides.map(this.operand));
    assertAccepts(op, type, e, e.left.kind === 'literal' ? e.right : e.left);
    return { kind: 'compare', type: 'boolean', op, left: nodes[0] as Typed, right: nodes[1] as Typed };
  }

  private pattern(e: Comparison, op: PatternName): Typed {
    const left = this.operand(e.left);
    assertAccepts(op, left.type ?? 'text', e, e.left);
    const right = this.operand(e.right);
    if (
      (e.right.kind !== 'literal' && e.right.kind !== 'variable') ||
      right.type !== undefined ||
      isNullLiteral(e.right)
    )
      throw new ExpressionError(
        'type_mismatch',
        `${shown(e.right)} is no pattern: ${OPERATORS[op].symbols[0]} takes a quoted text or a variable.`,
        placeOf(e.right),
      );
    const pattern = right.as('text', `The pattern of ${OPERATORS[op].symbols[0]}`);
    if (pattern.kind !== 'constant' && pattern.kind !== 'input')
      throw new Error('A pattern is a constant or an input.');
    const name = (op.startsWith('not_') ? op.slice(4) : op) as PatternOp;
    if (pattern.kind === 'constant' && likePattern(name, String(pattern.value)) === undefined)
      throw tooMuch('characters in a pattern', BOUNDS.textBytes, placeOf(e.right));
    const typed: Typed = { kind: 'pattern', type: 'boolean', op: name, left: left.as('text', shown(e.left)), pattern };
    return op === name ? typed : negated(typed);
  }

  private membership(e: Membership): Typed {
    const inList = e.op === 'in' || e.op === 'not_in';
    const typed = inList ? this.among(e) : this.contains(e);
    return e.op === 'in' || e.op === 'contains' ? typed : negated(typed);
  }

  private among(e: Membership): Typed {
    const { type, nodes } = agree([e.left, ...e.items].map(this.operand));
    assertAccepts(e.op, type, e, e.left);
    return { kind: 'in', type: 'boolean', left: nodes[0] as Typed, items: nodes.slice(1) };
  }

  private contains(e: Membership): Typed {
    const left = this.operand(e.left);
    const items = e.items.map(this.operand);
    const missing = e.items.find(isNullLiteral);
    if (missing !== undefined)
      throw new ExpressionError('invalid_value', 'An array never contains null.', placeOf(missing));
    // A field or variable of unknown type takes the type of what it should contain.
    const known = left.type ?? (items.some((i) => i.type === 'number') ? 'number[]' : 'text[]');
    if (left.type === undefined && left.otherwise !== undefined) assertAccepts(e.op, left.otherwise, e, e.left);
    assertAccepts(e.op, known, e, e.left);
    const element = known === 'number[]' ? 'number' : 'text';
    const array = left.as(known, shown(e.left));
    const typed = agree([...items, { expr: e.left, type: element, otherwise: undefined, as: () => array }]);
    if (typed.type !== element) throw typeError(e.op, typed.type, e, e.left);
    // Nothing is asked for, which every row has, also one without an array; as `not in []` is true of all.
    if (items.length === 0) return { kind: 'constant', type: 'boolean', value: true };
    return { kind: 'contains', type: 'boolean', left: array, items: typed.nodes.slice(0, -1) };
  }

  private nullTest(e: NullTest): Typed {
    const operand = this.operand(e.operand);
    const node: Typed = {
      kind: 'is_null',
      type: 'boolean',
      operand: operand.as(operand.type ?? operand.otherwise ?? 'json', ''),
    };
    return e.op === 'is_null' ? node : negated(node);
  }
}

type PatternName = PatternOp | 'not_like' | 'not_ilike' | 'not_match';
const isPattern = (op: CompareOp): op is PatternName => OPERATORS[op].accepts.length === 1;

function assertAccepts(op: OperatorName, type: ValueType, e: Expr, culprit: Expr): void {
  if (!OPERATORS[op].accepts.includes(type)) throw typeError(op, type, e, culprit);
}

function typeError(op: OperatorName, type: ValueType, e: Expr, culprit: Expr): ExpressionError {
  const allowed = Object.values(OPERATORS).filter((o) => o.accepts.includes(type));
  const subject = culprit.kind === 'field' ? `Field ${culprit.name}` : shown(culprit);
  return new ExpressionError(
    'type_mismatch',
    `${subject} is of type ${type}, which ${OPERATORS[op].symbols[0]} does not take.`,
    placeOf(e),
    `${type} takes ${allowed.map((o) => o.symbols[0]).join(', ')}.`,
  );
}

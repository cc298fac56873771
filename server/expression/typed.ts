// The tree after checking: every leaf has its type, every comparison one agreed type, every macro is gone.
import type { Arithmetic, Expr, Scalar, ValueType } from '../../contract/expression.ts';
import type { FunctionName, Unit } from '../../contract/functions.ts';

/** A value as it is bound to a statement and compared in memory. */
export type Bound = Scalar | readonly Scalar[];

export interface Constant {
  readonly kind: 'constant';
  readonly type: ValueType;
  readonly value: Bound;
}
/** `bounded`: takes part in arithmetic, where a number outside `MAGNITUDE` counts as NULL. */
export interface Column {
  readonly kind: 'column';
  readonly type: ValueType;
  readonly name: string;
  readonly bounded: boolean;
  /** The row holds a value of unknown type, to be coerced to `type`. */
  readonly dynamic: boolean;
}
export interface Input {
  readonly kind: 'input';
  readonly type: ValueType;
  readonly name: string;
  readonly bounded: boolean;
}
/** uuid → text and date → datetime (its first instant in UTC): the two casts that cannot fail. */
export interface Cast {
  readonly kind: 'cast';
  readonly type: 'text' | 'datetime';
  readonly operand: Typed;
}
export interface Calculation {
  readonly kind: 'calculation';
  readonly type: 'number';
  readonly op: Arithmetic['op'] | 'minus';
  /** One for `minus`, else two. */
  readonly operands: readonly Typed[];
}
export interface Compare {
  readonly kind: 'compare';
  readonly type: 'boolean';
  readonly op: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte';
  readonly left: Typed;
  readonly right: Typed;
}
/** The pattern is never a column, so that no stored text can break a statement. */
export interface Pattern {
  readonly kind: 'pattern';
  readonly type: 'boolean';
  readonly op: 'like' | 'ilike' | 'match';
  readonly left: Typed;
  readonly pattern: Constant | Input;
}
export interface Among {
  readonly kind: 'in' | 'contains';
  readonly type: 'boolean';
  readonly left: Typed;
  /** Of the type of `left`, or of its elements. */
  readonly items: readonly Typed[];
}
/** `present` inputs are tested whatever their type. */
export interface IsNull {
  readonly kind: 'is_null';
  readonly type: 'boolean';
  readonly operand: Typed;
}
export interface Logic {
  readonly kind: 'and' | 'or' | 'not';
  readonly type: 'boolean';
  readonly operands: readonly Typed[];
}
/** A function of `FUNCTIONS`; the operands have the types that it takes. */
export interface Called {
  readonly kind: 'call';
  readonly type: ValueType;
  readonly name: FunctionName;
  readonly operands: readonly Typed[];
  readonly unit?: Unit;
}
/** An operand of arithmetic that is neither column nor input: a number outside `MAGNITUDE` counts as NULL. */
export interface Bounded {
  readonly kind: 'bounded';
  readonly type: 'number';
  readonly operand: Typed;
}
export type Typed =
  | Constant
  | Column
  | Input
  | Cast
  | Calculation
  | Compare
  | Pattern
  | Among
  | IsNull
  | Logic
  | Called
  | Bounded;

/** A condition, or another value, that can be compiled and evaluated. Only `check` and `checkValue` make one. */
export interface Checked {
  readonly root: Typed;
  /** As it was parsed, macros closed; for printing. */
  readonly source: Expr;
  /** Every field it reads, macros included. */
  readonly fields: ReadonlySet<string>;
  /** Every variable it reads: `auth.id`, `data.title`. */
  readonly variables: ReadonlySet<string>;
}

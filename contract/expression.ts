// Expressions: the tree that every rule, filter and condition becomes, the operators with their meaning, and the `$` form of JSON.
import { z } from './kit.ts';

/** What a value is while it is compared. `email`, `url` and `enum` fields are text, references are uuid. */
export type ValueType = 'text' | 'number' | 'boolean' | 'datetime' | 'date' | 'uuid' | 'json' | 'text[]' | 'number[]';

export type Scalar = string | number | boolean | null;

// Trees carry no positions (`server/expression/origin.ts` keeps them beside), so that equal conditions are equal values in every spelling.
export interface Literal {
  readonly kind: 'literal';
  readonly value: Scalar | readonly Scalar[];
}
export interface FieldRef {
  readonly kind: 'field';
  readonly name: string;
}
/** `auth.id`, `auth.email`, `auth.role`, `auth.account_id`, `auth.groups`, `auth.roles` or `data.` and a path. */
export interface Variable {
  readonly kind: 'variable';
  readonly name: string;
}
export interface MacroCall {
  readonly kind: 'macro';
  readonly name: string;
  readonly args: readonly (Literal | FieldRef)[];
}
export interface Comparison {
  readonly kind: 'compare';
  readonly op: CompareOp;
  readonly left: Expr;
  readonly right: Expr;
}
export interface Membership {
  readonly kind: 'membership';
  readonly op: ListOp;
  readonly left: Expr;
  readonly items: readonly Expr[];
}
export interface NullTest {
  readonly kind: 'null_test';
  readonly op: NullOp;
  readonly operand: Expr;
}
export interface Connective {
  readonly kind: 'and' | 'or';
  readonly items: readonly Expr[];
}
export interface Not {
  readonly kind: 'not';
  readonly operand: Expr;
}
export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly op: '+' | '-' | '*' | '/' | '%';
  readonly left: Expr;
  readonly right: Expr;
}
export interface Negation {
  readonly kind: 'negate';
  readonly operand: Expr;
}
/** A function of `FUNCTIONS` over expressions. */
export interface Call {
  readonly kind: 'call';
  /** As it was written; an unknown one is refused when the tree is checked. */
  readonly name: string;
  readonly args: readonly Expr[];
}
export type Expr =
  | Literal
  | FieldRef
  | Variable
  | MacroCall
  | Comparison
  | Membership
  | NullTest
  | Connective
  | Not
  | Arithmetic
  | Negation
  | Call;

export type CompareOp =
  | 'eq'
  | 'neq'
  | 'gt'
  | 'gte'
  | 'lt'
  | 'lte'
  | 'like'
  | 'not_like'
  | 'ilike'
  | 'not_ilike'
  | 'match'
  | 'not_match';
export type ListOp = 'in' | 'not_in' | 'contains' | 'not_contains';
export type NullOp = 'is_null' | 'is_not_null';
export type OperatorName = CompareOp | ListOp | NullOp;

/** Limits of one expression. `textBytes` holds for a text and for one pattern, `terms` and `depth` also after macros are opened. */
export const BOUNDS = { textBytes: 4096, terms: 100, depth: 16, listItems: 500 } as const;

export interface Operator {
  readonly meaning: string;
  /** Takes one value, a list of values, or none. */
  readonly operand: 'value' | 'list' | 'none';
  /** Types of the left side. */
  readonly accepts: readonly ValueType[];
  /** What a null on either side does. */
  readonly onNull: string;
  /** Spellings in text, lower case; the first is the canonical one. */
  readonly symbols: readonly string[];
  /** Spellings after `__` in a parameter's name. */
  readonly names: readonly string[];
  /** Spelling in `where`, if there is one of its own. */
  readonly json?: string;
}

const SCALARS = ['text', 'number', 'boolean', 'datetime', 'date', 'uuid'] as const;
const ORDERED = ['text', 'number', 'datetime', 'date', 'uuid'] as const;
const ARRAYS = ['text[]', 'number[]'] as const;
const ALL = [...SCALARS, ...ARRAYS, 'json'] as const;
const UNKNOWN = 'unknown: the row does not match, negated or not';
const ORDER = { operand: 'value', accepts: ORDERED, onNull: UNKNOWN } as const;
const PATTERN = { operand: 'value', accepts: ['text'], onNull: UNKNOWN } as const;

/** Every operator, once. A spelling belongs to one operator only. */
export const OPERATORS: Readonly<Record<OperatorName, Operator>> = {
  eq: {
    meaning: 'Equal. With null: is null.',
    operand: 'value',
    accepts: [...SCALARS, ...ARRAYS],
    onNull: UNKNOWN,
    symbols: ['=', '=='],
    names: ['eq'],
    json: '$eq',
  },
  neq: {
    meaning: 'Not equal. With null: is not null.',
    operand: 'value',
    accepts: [...SCALARS, ...ARRAYS],
    onNull: UNKNOWN,
    symbols: ['!=', '<>'],
    names: ['neq', 'ne'],
    json: '$ne',
  },
  gt: { meaning: 'Greater.', ...ORDER, symbols: ['>'], names: ['gt'], json: '$gt' },
  gte: { meaning: 'Greater or equal.', ...ORDER, symbols: ['>='], names: ['gte'], json: '$gte' },
  lt: { meaning: 'Less. Text is ordered by code point.', ...ORDER, symbols: ['<'], names: ['lt'], json: '$lt' },
  lte: { meaning: 'Less or equal.', ...ORDER, symbols: ['<='], names: ['lte'], json: '$lte' },
  like: {
    meaning: 'Matches a pattern: % any text, _ one character, \\ escapes. Case counts.',
    ...PATTERN,
    symbols: ['like'],
    names: ['like'],
    json: '$like',
  },
  not_like: { meaning: 'Does not match the pattern.', ...PATTERN, symbols: ['not like'], names: ['not_like', 'nlike'] },
  ilike: {
    meaning: 'Matches a pattern, case ignored.',
    ...PATTERN,
    symbols: ['ilike'],
    names: ['ilike'],
    json: '$ilike',
  },
  not_ilike: {
    meaning: 'Does not match the pattern, case ignored.',
    ...PATTERN,
    symbols: ['not ilike'],
    names: ['not_ilike', 'nilike'],
  },
  match: {
    meaning: 'Contains the text, case ignored. _ is any character; with a % the value is a pattern for the whole text.',
    ...PATTERN,
    symbols: ['~'],
    names: ['match'],
    json: '$match',
  },
  not_match: {
    meaning: 'Does not contain the text, case ignored.',
    ...PATTERN,
    symbols: ['!~'],
    names: ['not_match'],
  },
  in: {
    meaning: 'Equal to one of the list. An empty list matches nothing.',
    operand: 'list',
    accepts: SCALARS,
    onNull: UNKNOWN,
    symbols: ['in'],
    names: ['in'],
    json: '$in',
  },
  not_in: {
    meaning: 'Equal to none of the list. An empty list matches everything.',
    operand: 'list',
    accepts: SCALARS,
    onNull: UNKNOWN,
    symbols: ['not in'],
    names: ['nin', 'not_in'],
    json: '$nin',
  },
  contains: {
    meaning: 'The array holds every value of the list. An empty list matches every array.',
    operand: 'list',
    accepts: ARRAYS,
    onNull: UNKNOWN,
    symbols: ['contains'],
    names: ['contains'],
    json: '$contains',
  },
  not_contains: {
    meaning: 'The array lacks a value of the list.',
    operand: 'list',
    accepts: ARRAYS,
    onNull: UNKNOWN,
    symbols: ['not contains'],
    names: ['not_contains'],
  },
  is_null: {
    meaning: 'Has no value.',
    operand: 'none',
    accepts: ALL,
    onNull: 'true',
    symbols: ['is null'],
    names: ['is_null', 'isnull'],
    json: '$isNull',
  },
  is_not_null: {
    meaning: 'Has a value.',
    operand: 'none',
    accepts: ALL,
    onNull: 'false',
    symbols: ['is not null'],
    names: ['is_not_null', 'not_null'],
  },
};

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const list = z.array(value).max(BOUNDS.listItems);
const ordered = z.union([z.string(), z.number()]);
const operators = z
  .strictObject({
    $eq: z.union([value, list]),
    $ne: z.union([value, list]),
    $gt: ordered,
    $gte: ordered,
    $lt: ordered,
    $lte: ordered,
    $like: z.string(),
    $ilike: z.string(),
    $match: z.string(),
    $in: list,
    $nin: list,
    $contains: z.union([list, value]),
    $isNull: z.boolean(),
  })
  .partial();

/** `where` as a body carries it: keys are fields or $and, $or, $not, and all keys must hold. The server says more exactly what is wrong. */
export const Where: z.ZodType<WhereInput> = z.lazy(() =>
  z
    .object({ $and: z.array(Where), $or: z.array(Where), $not: Where })
    .partial()
    .catchall(z.union([value, list, operators])),
);
type Operators = z.input<typeof operators>;
export interface WhereInput {
  readonly [key: string]: Scalar | readonly Scalar[] | Operators | WhereInput | readonly WhereInput[] | undefined;
}

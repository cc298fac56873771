// Names with a meaning: keywords, variables and the spellings of operators.
import { OPERATORS, type Operator, type OperatorName } from '../../contract/expression.ts';

const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'is', 'null', 'true', 'false']);

/** Words that a field's name cannot be without `record.` before it. */
export const isKeyword = (word: string): boolean => KEYWORDS.has(word.toLowerCase());

/** Of `@request.auth.…` and `user.…`. */
export const AUTH_NAMES = ['id', 'email', 'role', 'account_id', 'groups', 'roles'] as const;

const spelled = (of: (operator: Operator) => readonly string[]): ReadonlyMap<string, OperatorName> =>
  new Map(
    Object.entries(OPERATORS).flatMap(([name, operator]) => of(operator).map((word) => [word, name as OperatorName])),
  );

/** `=`, `not like`, … → operator. */
export const SYMBOLS = spelled((o) => o.symbols);
/** What stands after `__` in a parameter's name → operator. */
export const SUFFIXES = spelled((o) => o.names);
/** `$eq` … → operator. */
export const JSON_NAMES = spelled((o) => (o.json === undefined ? [] : [o.json]));

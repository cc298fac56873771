// What is wrong with an expression, as facts: a code, a sentence, the place, and what to write instead.
import type { ProblemEntry } from '../../contract/problems.ts';

export type ExpressionCode =
  | 'syntax'
  | 'unterminated_string'
  | 'unknown_field'
  | 'unknown_operator'
  | 'unknown_variable'
  | 'unknown_macro'
  | 'unknown_function'
  | 'function_arguments'
  | 'macro_arguments'
  | 'macro_recursion'
  | 'variable_not_allowed'
  | 'type_mismatch'
  | 'invalid_value'
  | 'not_a_condition'
  | 'not_a_value'
  | 'bound_exceeded';

/** Where in its source a part of an expression stands: an offset into a text, or the path of a JSON value or parameter. */
export interface Place {
  /** Characters before it, counted from 0 in UTF-16 units. */
  readonly position?: number;
  /** `$or[1].amount.$gt`, or the name of a parameter. */
  readonly path?: string;
  /** The named macro whose own expression it is; the position is then the call's. */
  readonly macro?: string;
}

/** The only thing that parsing and checking throw, on any input. It is a caller's mistake: 400. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly position?: number;
  readonly path?: string;
  readonly hint?: string;

  constructor(
    readonly code: ExpressionCode,
    message: string,
    place: Place = {},
    hint?: string,
  ) {
    super(place.macro === undefined ? message : `In @${place.macro}(): ${message}`);
    if (place.position !== undefined) this.position = place.position;
    if (place.path !== undefined) this.path = place.path;
    if (hint !== undefined) this.hint = hint;
  }
}

/** An expression's mistake as an entry: where it stands and what to write instead. */
export function expressionEntry({ code, message, position, hint }: ExpressionError, field: string): ProblemEntry {
  return {
    field,
    code,
    message: hint === undefined ? message : `${message} ${hint}`,
    ...(position !== undefined && { position }),
    ...(hint !== undefined && { hint }),
  };
}

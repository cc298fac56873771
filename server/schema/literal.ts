// A default as SQL text: every value becomes one constant of its column's type, quoted here and nowhere else.
import type { PgType } from './collection-def.ts';

/** A text constant. The E form says what a backslash means whatever the server's settings are; a `?` would be taken for a parameter. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return /[\\?]/.test(text) ? `E${quoted.replaceAll('\\', '\\\\').replaceAll('?', '\\x3f')}` : quoted;
}

const element = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const arrayText = (values: readonly unknown[]): string => `{${values.map((one) => element(String(one))).join(',')}}`;

// A time without offset is UTC, whatever the session's zone is; a comma before the fraction is ISO 8601, but not PostgreSQL's.
const instant = (text: string): string => (/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`).replace(',', '.');

function inputText(value: unknown, type: PgType): string {
  if (type === 'jsonb') return JSON.stringify(value);
  if (type === 'timestamp with time zone') return instant(String(value));
  if (value === 0) return '0';
  if (Array.isArray(value)) return arrayText(value);
  return String(value);
}

/** The constant that stands for `value` in a column of `type`. The value must have been checked (`collections/defaults.ts`). */
export const literal = (value: unknown, type: PgType): string =>
  type === 'boolean' ? String(value === true) : `${quoteText(inputText(value, type))}::${type}`;

// What pg_get_expr prints for a constant: a string or a bare word or number, with any casts.
const CONSTANT = /^(?:E'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false)(?:::[a-z ]+(?:\[\])?)*$/;

/** True for a stored default that is a plain constant and may be evaluated to compare it. */
export const isConstant = (expression: string): boolean => CONSTANT.test(expression);

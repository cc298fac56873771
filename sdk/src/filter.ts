// Conditions on their way to the server: objects become parameters or JSON, templates become text with their values quoted.
import { listParams } from './routes.gen.ts';

/** What a template may hold. */
export type FilterValue = string | number | boolean | null | Date | readonly (string | number | boolean | null)[];

/**
 * A filter text whose values cannot change its meaning: ``filter`rank > ${min} && title ~ ${text}` ``.
 * @throws TypeError for a value that has no place in a filter
 */
export const filter = (texts: TemplateStringsArray, ...values: FilterValue[]): string =>
  texts.reduce((text, part, i) => text + literal(values[i - 1] as FilterValue) + part);

function literal(value: FilterValue): string {
  if (typeof value === 'string') return `'${value.replace(/[\\']/g, '\\$&')}'`;
  if (value instanceof Date) return `'${value.toISOString()}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join()}]`;
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return String(value);
  throw new TypeError(`A filter takes text, numbers, booleans, dates, null and lists, not ${String(value)}`);
}

const isPlain = (value: unknown): boolean => value !== null && typeof value !== 'object';

/** A filter as query parameters: plain values as `field=value`, everything else as JSON in `filter`. */
export function filterParams(given: string | object | undefined): Record<string, unknown> {
  if (typeof given === 'string') return { filter: given };
  const out: Record<string, unknown> = {};
  const where: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(given ?? {})) {
    if (value === undefined) continue;
    if (typeof value === 'function' || value instanceof Date || (Array.isArray(value) && !field.startsWith('$')))
      throw new TypeError(`filter.${field} must be text, number, boolean, null or operators`);
    if (isPlain(value)) out[listParams.includes(field) ? `${field}__eq` : field] = value;
    else where[field] = value;
  }
  return Object.keys(where).length === 0 ? out : { ...out, filter: JSON.stringify(where) };
}

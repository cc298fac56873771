// What actions ask of records, in the words of a request.
import type { AggregateQuery } from '../../../contract/records.ts';

/** Names as a request lists them; undefined where there are none. */
export const joinedNames = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : Array.isArray(value) ? value.join() : String(value);

/** Of one function or of several. */
export function aggregateQuery(options: Readonly<Record<string, unknown>>): AggregateQuery {
  const { function: one, functions, field, limit } = options;
  const query = {
    functions: one === undefined ? String(functions) : `${one}(${field ?? ''})`,
    group_by: joinedNames(options.group_by),
    filter: joinedNames(options.filter),
    having: joinedNames(options.having),
    sort: joinedNames(options.sort),
    skip: 0,
    limit: limit ?? 100,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never;
}

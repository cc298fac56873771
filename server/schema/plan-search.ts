// The column that full-text search looks at: a generated one, made anew with its index when other fields are searched.
import type { Draft } from './draft.ts';
import { SEARCH_COLUMN } from './search.ts';
import { addColumn, addIndex, columnDigest, dropColumn } from './statements.ts';

/** True where the plan makes the column, and the index on it. */
export function makesSearch({ desired, live }: Draft): boolean {
  const wanted = desired.columns.find((column) => column.generated !== null);
  return live !== null && wanted !== undefined && live.columns.get(wanted.column)?.tag !== columnDigest(wanted);
}

/** It is told as the index that it is to people: nothing that anybody wrote comes or goes with it. */
export function planSearch(draft: Draft): void {
  const { desired, live, step } = draft;
  const wanted = desired.columns.find((column) => column.generated !== null);
  const there = live?.columns.get(SEARCH_COLUMN);
  if (wanted === undefined) {
    if (there !== undefined && there.tag !== null)
      step({ change_type: 'drop_index', column: 'search', sql: dropColumn(desired, SEARCH_COLUMN) });
    return;
  }
  if (!makesSearch(draft)) return;
  const indexes = desired.indexes.filter((index) => index.columns.includes(wanted.column));
  const base = { column: wanted.field, detail: 'searchable fields', path: wanted.path };
  const make = [...addColumn(desired, wanted), ...indexes.flatMap((index) => addIndex(desired, index))];
  if (there === undefined) step({ ...base, change_type: 'add_index', sql: make });
  else step({ ...base, change_type: 'replace_index', sql: [...dropColumn(desired, wanted.column), ...make] });
}

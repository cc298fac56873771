// Keyset paging: a cursor names a row by its place in an order, so that a page neither shifts nor repeats when rows come and go.
import { invalidParameter } from '../../contract/problems.ts';
import { rfc3339 } from '../db/cells.ts';
import type { Cell } from '../db/database.ts';
import { coerce } from '../expression/coerce.ts';
import type { Bound } from '../schema/values.ts';
import type { RecordColumn } from './columns.ts';
import { valueTypeOfColumn } from './filter.ts';

export interface SortKey {
  readonly column: RecordColumn;
  readonly descending: boolean;
}

/** The place of a row: its values in the columns of the order, which ends in the id. */
export interface Place {
  readonly values: readonly Bound[];
}

/** The order as a cursor carries it: one made for another order is refused. */
const signature = (sort: readonly SortKey[], search = ''): string =>
  sort.map(({ column, descending }) => (descending ? '-' : '') + column.name).join() + search;

/** A cell as the API writes it, which is how it is read again. */
function written(cell: string, { column }: SortKey): string {
  if (column.type === 'timestamp with time zone') return rfc3339(cell);
  if (column.type === 'boolean') return cell === 't' ? 'true' : 'false';
  return cell;
}

/** The cursor of a row, from its cells in the columns of the order. */
export function cursorOf(sort: readonly SortKey[], cells: readonly Cell[], search?: string): string {
  const values = cells.map((cell, i) => (cell === null ? null : written(cell, sort[i] as SortKey)));
  return Buffer.from(JSON.stringify([signature(sort, search), ...values])).toString('base64url');
}

/** Reads a cursor. Throws INVALID_QUERY_PARAMS for one that is broken or was made for another order. */
export function readCursor(name: string, text: string, sort: readonly SortKey[], search?: string): Place {
  const parts = decoded(text);
  if (parts === null) throw refusal(name, 'it is not a cursor of this API: send one as it was answered');
  const [order, ...values] = parts;
  if (order !== signature(sort, search) || values.length !== sort.length)
    throw refusal(name, 'it was made for another sort or search: start again without a cursor');
  return {
    values: values.map((value, i) => {
      const { column } = sort[i] as SortKey;
      const known = value === null || typeof value === 'string' ? coerce(value, valueTypeOfColumn(column)) : undefined;
      if (known === undefined) throw refusal(name, 'it is not a cursor of this API: send one as it was answered');
      return known as Bound;
    }),
  };
}

function decoded(text: string): unknown[] | null {
  if (!/^[A-Za-z0-9_-]{4,}$/.test(text)) return null;
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(parts) && typeof parts[0] === 'string' ? parts : null;
  } catch {
    return null;
  }
}

const refusal = (name: string, reason: string) => invalidParameter(name, reason, 'invalid_cursor');

/** SQL text with a `?` for each value, and which values of the place these are. */
export interface Condition {
  readonly sql: string;
  readonly bindings: readonly number[];
}

/**
 * The condition of the rows behind a place (or in front of it). Which values are null is part of the text, because nulls stand
 * last in ascending and first in descending order and equal each other.
 */
export function beyond(sort: readonly SortKey[], nulls: readonly boolean[], backwards: boolean): Condition {
  const alike = sort.every(({ descending }) => descending === sort[0]?.descending);
  if (alike && sort.every(({ column }) => isNeverNull(column))) {
    // One comparison of rows, which an index answers.
    const sign = (sort[0]?.descending ?? false) === backwards ? '>' : '<';
    const places = sort.map(({ column }) => `?::${column.type}`);
    return {
      sql: `(${sort.map(({ column }) => column.quoted).join(', ')}) ${sign} (${places.join(', ')})`,
      bindings: sort.map((_, i) => i),
    };
  }
  const bindings: number[] = [];
  const place = (i: number): string => {
    bindings.push(i);
    return `?::${sort[i]?.column.type}`;
  };
  const same = (i: number): string => {
    const { quoted } = (sort[i] as SortKey).column;
    return nulls[i] ? `${quoted} is null` : `${quoted} = ${place(i)}`;
  };
  const after = (i: number): string => {
    const { column, descending } = sort[i] as SortKey;
    const upwards = descending === backwards;
    // Upwards nulls come last, downwards first.
    if (nulls[i]) return upwards ? 'false' : `${column.quoted} is not null`;
    const compared = `${column.quoted} ${upwards ? '>' : '<'} ${place(i)}`;
    return upwards && !isNeverNull(column) ? `(${compared} or ${column.quoted} is null)` : compared;
  };
  const steps = sort.map((_, i) => {
    const before = Array.from({ length: i }, (_, j) => same(j));
    return `(${[...before, after(i)].join(' and ')})`;
  });
  return { sql: `(${steps.join(' or ')})`, bindings };
}

const isNeverNull = ({ name, field }: RecordColumn): boolean =>
  field === null
    ? ['id', 'account_id', 'created_at', 'updated_at', '@rank'].includes(name)
    : field.required === true && field.type !== 'computed';

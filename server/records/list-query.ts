// The query of a list as a value: which rows, in which order, which columns, which window.
import { invalidParameter } from '../../contract/problems.ts';
import { ListQuery } from '../../contract/records.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { CREATED_AT, ID, type RecordColumn } from './columns.ts';
import { type Place, readCursor, type SortKey } from './cursor.ts';
import { type Filter, fieldParameters, readFilter } from './filter.ts';
import { listed, Names, type Sight } from './names.ts';
import { RANK, readSearch, type Search, searchShape } from './search.ts';

export type { SortKey } from './cursor.ts';
export type { Sight } from './names.ts';

export type CountMode = 'exact' | 'estimated' | 'false';
/** Which rows of a collection with soft delete. */
export type Deleted = 'without' | 'with' | 'only';

export interface RecordQuery {
  readonly skip: number;
  readonly limit: number;
  /** Always ends in id, so that an order has no ties. */
  readonly sort: readonly SortKey[];
  readonly columns: readonly RecordColumn[];
  readonly filter: Filter | null;
  readonly search: Search | null;
  /** Where the page begins, or with `backwards` where it ends. */
  readonly place: Place | null;
  readonly backwards: boolean;
  readonly count: CountMode;
  readonly deleted: Deleted;
  /** Equal for queries that compile to the same SQL, the window and the place apart. */
  readonly shape: string;
}

/** What a face asks beside the parameters. */
export interface ListOptions {
  readonly where?: unknown;
  /** Values of `@request.data.*` in the filter. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Sorts by created_at, in this direction, where `sort` is no field that the caller may compare. */
  readonly orByAge?: 'asc' | 'desc';
}

/** The parameters that are no fields. A field of such a name is filtered by `{name}__eq`. */
const PARAMETERS: ReadonlySet<string> = new Set(Object.keys(ListQuery.shape));

/**
 * Reads a list query. Throws INVALID_FIELDS for names that do not exist or are hidden, INVALID_QUERY_PARAMS for values that
 * cannot be meant.
 */
export function readListQuery(def: CollectionDef, query: ListQuery, sight: Sight, more: ListOptions = {}): RecordQuery {
  const names = new Names(def, sight);
  const search = readSearch(def, query.search, names);
  const { where, data, orByAge } = more;
  const unknown = orByAge !== undefined && !names.isComparable(query.sort?.replace(/^-/, '') ?? '');
  const usual =
    orByAge === undefined ? (search === null ? NEWEST : BEST) : { column: CREATED_AT, descending: orByAge === 'desc' };
  const sort = readSort(unknown ? undefined : query.sort, names, usual);
  const columns = names.projection(query.fields);
  const parameters = fieldParameters(query, PARAMETERS);
  const filter = readFilter(def, { parameters, filter: query.filter, where, data }, names);
  names.settle();
  const { cursor, cursor_before: before } = query;
  if (cursor !== undefined && before !== undefined)
    throw invalidParameter('cursor_before', 'send cursor or cursor_before, not both');
  const backwards = before !== undefined && before !== '';
  const text = backwards ? before : (cursor ?? '');
  if (text !== '' && query.skip > 0) throw invalidParameter('skip', 'a cursor says where to begin: leave skip out');
  const place = text === '' ? null : readCursor(backwards ? 'cursor_before' : 'cursor', text, sort, search?.signature);
  const order = sort.map((key) => (key.descending ? '-' : '') + key.column.name);
  const { include_count: counted = true, count = counted ? 'exact' : 'false', deleted = 'without' } = query;
  return {
    skip: query.skip,
    limit: query.limit,
    sort,
    columns,
    filter,
    search,
    place,
    backwards,
    count,
    deleted,
    shape: `${columns.map((c) => c.name).join()}|${filter?.sql ?? ''}|${order.join()}|${deleted}|${searchShape(search)}`,
  };
}

/** The columns of `fields=` for one record. Throws INVALID_FIELDS. */
export function readProjection(def: CollectionDef, fields: string | undefined, sight: Sight): readonly RecordColumn[] {
  const names = new Names(def, sight);
  const columns = names.projection(fields);
  names.settle();
  return columns;
}

const NEWEST: SortKey = { column: CREATED_AT, descending: true };
const BEST: SortKey = { column: RANK, descending: true };

/** The order that a comma list asks for, newest first without one; it always ends in the id. */
export function readSort(text: string | undefined, names: Names, usual: SortKey = NEWEST): SortKey[] {
  const keys: SortKey[] = [];
  // A raw `+` arrives as a space, so it needs no sign of its own to ascend.
  for (const part of listed(text ?? '')) {
    const descending = part.startsWith('-');
    const column = names.comparable(descending || part.startsWith('+') ? part.slice(1).trim() : part);
    if (column === null) continue;
    if ('volatile' in column && column.volatile)
      throw invalidParameter('sort', `${column.name} changes with the clock: sort by what it is made of`);
    if (column.type === 'jsonb') throw invalidParameter('sort', `${column.name} is json and has no order`);
    if (!keys.some((k) => k.column === column)) keys.push({ column, descending });
  }
  if (keys.length === 0) keys.push(usual);
  // The tie-break runs the way of the last key, so that one index serves both directions.
  if (!keys.some((k) => k.column === ID)) keys.push({ column: ID, descending: (keys.at(-1) as SortKey).descending });
  return keys;
}

// The query of a list as a value: which rows, in which order, which columns, which window.
import { Failure } from '../../contract/problems.ts';
import type { ListQuery } from '../../contract/records.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { columnsOf, CREATED_AT, ID, type RecordColumn } from './columns.ts';
import { castFilter } from './filter-values.ts';
import type { Bound } from './values.ts';

export interface SortKey {
  readonly column: RecordColumn;
  readonly descending: boolean;
}

export interface RecordQuery {
  readonly skip: number;
  readonly limit: number;
  /** Always ends in id, so that an order has no ties. */
  readonly sort: readonly SortKey[];
  readonly columns: readonly RecordColumn[];
  /** Equalities, all of which must hold; a value per filter in the same order. */
  readonly filters: readonly RecordColumn[];
  readonly filterValues: readonly Bound[];
  /** Equal for queries that compile to the same SQL. */
  readonly shape: string;
}

const PARAMETERS = new Set(['skip', 'limit', 'sort', 'fields']);

/**
 * Reads a list query. `readable` null means every field.
 * Throws INVALID_FIELDS for names that do not exist or are hidden, INVALID_QUERY_PARAMS for values that cannot be meant.
 */
export function readListQuery(def: CollectionDef, query: ListQuery, readable: ReadonlySet<string> | null): RecordQuery {
  const { byName } = columnsOf(def);
  const unknown: string[] = [];
  const find = (name: string): RecordColumn | null => {
    const column = byName.get(name);
    if (column !== undefined && (readable === null || column.field === null || readable.has(name))) return column;
    unknown.push(name);
    return null;
  };
  const sort = readSort(query.sort, find);
  const columns = readProjection(def, query.fields, readable, find);
  const filters: RecordColumn[] = [];
  const filterValues: Bound[] = [];
  for (const [key, value] of Object.entries(query)) {
    if (PARAMETERS.has(key)) continue;
    // `limit__eq` filters by a field whose name is a parameter's.
    const name = !byName.has(key) && key.endsWith('__eq') ? key.slice(0, -4) : key;
    const column = find(name);
    if (column === null) continue;
    filters.push(column);
    filterValues.push(castFilter(column, key, value as string));
  }
  if (unknown.length > 0) throw unknownFields(unknown);
  const shape = `${columns.map((c) => c.name).join()}|${filters.map((c) => c.name).join()}|${sort.map((k) => (k.descending ? '-' : '') + k.column.name).join()}`;
  return { skip: query.skip, limit: query.limit, sort, columns, filters, filterValues, shape };
}

/** The columns of `fields=`: exactly those and always id; all that are readable when it is absent. */
export function readProjection(
  def: CollectionDef,
  fields: string | undefined,
  readable: ReadonlySet<string> | null,
  find?: (name: string) => RecordColumn | null,
): readonly RecordColumn[] {
  const { all, byName } = columnsOf(def);
  if (fields === undefined) return readable === null ? all : all.filter((c) => c.field === null || readable.has(c.name));
  const unknown: string[] = [];
  const look = find ?? ((name: string) => byName.get(name) ?? (unknown.push(name), null));
  const chosen = new Set<RecordColumn>([ID]);
  for (const name of fields.split(',').map((s) => s.trim()).filter(Boolean)) {
    const column = look(name);
    if (column !== null && (readable === null || column.field === null || readable.has(name))) chosen.add(column);
    else if (column !== null) unknown.push(name);
  }
  if (unknown.length > 0) throw unknownFields(unknown);
  return [...chosen];
}

function readSort(text: string | undefined, find: (name: string) => RecordColumn | null): SortKey[] {
  const keys: SortKey[] = [];
  // A raw `+` arrives as a space, so it needs no sign of its own to ascend.
  for (const part of (text ?? '').split(',').map((s) => s.trim()).filter(Boolean)) {
    const descending = part.startsWith('-');
    const column = find(descending || part.startsWith('+') ? part.slice(1).trim() : part);
    if (column === null) continue;
    if (column.type === 'jsonb') throw badParameter('sort', `${column.name} is json and has no order`);
    if (!keys.some((k) => k.column === column)) keys.push({ column, descending });
  }
  if (keys.length === 0) keys.push({ column: CREATED_AT, descending: true });
  // The tie-break runs the way of the last key, so that one index serves both directions.
  if (!keys.some((k) => k.column === ID)) keys.push({ column: ID, descending: (keys.at(-1) as SortKey).descending });
  return keys;
}

const unknownFields = (names: readonly string[]) =>
  new Failure('INVALID_FIELDS', { fields: [...new Set(names)].join(', ') }, [...new Set(names)].map((field) => ({ field, code: 'unknown_field', message: `${field} does not exist or is not open to you.` })));

const badParameter = (name: string, reason: string) => new Failure('INVALID_QUERY_PARAMS', { name, reason }, [{ field: name, code: 'invalid', message: reason }]);

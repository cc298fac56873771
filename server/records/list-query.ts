// The query of a list as a value: which rows, in which order, which columns, which window.
import { Failure } from '../../contract/problems.ts';
import type { ListQuery } from '../../contract/records.ts';
import type { RecordScope } from '../access/decide.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import type { Bound } from '../schema/values.ts';
import { CREATED_AT, columnsOf, ID, isPersonal, type RecordColumn, type RecordColumns } from './columns.ts';
import { castFilter } from './filter-values.ts';

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

/** What of a collection a caller sees: a decided scope, or the part of one. */
export type Sight = Pick<RecordScope, 'fields' | 'unmasked'>;

/** Finds columns by the names in a request and remembers those that are unknown or hidden, so that all are told at once. */
class Names {
  private readonly missing = new Set<string>();
  private readonly known: RecordColumns;

  constructor(
    def: CollectionDef,
    private readonly sight: Sight,
  ) {
    this.known = columnsOf(def);
  }

  has(name: string): boolean {
    return this.known.byName.has(name);
  }

  /** A column to show. */
  find(name: string): RecordColumn | null {
    const column = this.known.byName.get(name);
    if (column !== undefined && this.mayRead(column)) return column;
    this.missing.add(name);
    return null;
  }

  /** A column to compare or order by. Masked ones are not: order and equality would tell what the mask hides. */
  comparable(name: string): RecordColumn | null {
    const column = this.find(name);
    if (column === null || this.sight.unmasked || !isPersonal(column)) return column;
    this.missing.add(name);
    return null;
  }

  /** The columns of `fields=`: exactly those and always id; without it all that are readable. */
  projection(fields: string | undefined): readonly RecordColumn[] {
    if (fields === undefined) return this.all();
    const chosen = new Set<RecordColumn>([ID]);
    for (const name of listed(fields)) {
      const column = this.find(name);
      if (column !== null) chosen.add(column);
    }
    return [...chosen];
  }

  /** Throws INVALID_FIELDS when a name was not found. */
  settle(): void {
    if (this.missing.size === 0) return;
    const names = [...this.missing];
    const entries = names.map((field) => ({
      field,
      code: 'unknown_field',
      message: `${field} does not exist or is not open to you.`,
    }));
    throw new Failure('INVALID_FIELDS', { fields: names.join(', ') }, entries);
  }

  private mayRead(column: RecordColumn): boolean {
    const { fields } = this.sight;
    return fields === null || column.field === null || fields.has(column.name);
  }

  private all(): readonly RecordColumn[] {
    const { fields } = this.sight;
    if (fields === null) return this.known.all;
    // Once a list of fields, which policies keep: what is compiled for the columns is found by their identity.
    let columns = visible.get(this.known)?.get(fields);
    if (columns === undefined) {
      columns = this.known.all.filter((column) => this.mayRead(column));
      const lists = visible.get(this.known) ?? new WeakMap();
      visible.set(this.known, lists.set(fields, columns));
    }
    return columns;
  }
}

const visible = new WeakMap<RecordColumns, WeakMap<ReadonlySet<string>, readonly RecordColumn[]>>();

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/**
 * Reads a list query.
 * Throws INVALID_FIELDS for names that do not exist or are hidden, INVALID_QUERY_PARAMS for values that cannot be meant.
 */
export function readListQuery(def: CollectionDef, query: ListQuery, sight: Sight): RecordQuery {
  const names = new Names(def, sight);
  const sort = readSort(query.sort, names);
  const columns = names.projection(query.fields);
  const filters: RecordColumn[] = [];
  const filterValues: Bound[] = [];
  for (const [key, value] of Object.entries(query)) {
    if (PARAMETERS.has(key)) continue;
    // `limit__eq` filters by a field whose name is a parameter's.
    const column = names.comparable(!names.has(key) && key.endsWith('__eq') ? key.slice(0, -4) : key);
    if (column === null) continue;
    filters.push(column);
    filterValues.push(castFilter(column, key, value as string));
  }
  names.settle();
  const order = sort.map((key) => (key.descending ? '-' : '') + key.column.name);
  const shape = `${columns.map((c) => c.name).join()}|${filters.map((c) => c.name).join()}|${order.join()}`;
  return { skip: query.skip, limit: query.limit, sort, columns, filters, filterValues, shape };
}

/** The columns of `fields=` for one record. Throws INVALID_FIELDS. */
export function readProjection(def: CollectionDef, fields: string | undefined, sight: Sight): readonly RecordColumn[] {
  const names = new Names(def, sight);
  const columns = names.projection(fields);
  names.settle();
  return columns;
}

function readSort(text: string | undefined, names: Names): SortKey[] {
  const keys: SortKey[] = [];
  // A raw `+` arrives as a space, so it needs no sign of its own to ascend.
  for (const part of listed(text ?? '')) {
    const descending = part.startsWith('-');
    const column = names.comparable(descending || part.startsWith('+') ? part.slice(1).trim() : part);
    if (column === null) continue;
    if (column.type === 'jsonb') {
      const message = `${column.name} is json and has no order`;
      throw new Failure('INVALID_QUERY_PARAMS', { name: 'sort', reason: message }, [
        { field: 'sort', code: 'invalid', message },
      ]);
    }
    if (!keys.some((k) => k.column === column)) keys.push({ column, descending });
  }
  if (keys.length === 0) keys.push({ column: CREATED_AT, descending: true });
  // The tie-break runs the way of the last key, so that one index serves both directions.
  if (!keys.some((k) => k.column === ID)) keys.push({ column: ID, descending: (keys.at(-1) as SortKey).descending });
  return keys;
}

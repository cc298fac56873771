// The names of a request against a collection: columns to show, to compare and to order by; what is hidden is unknown.
import { Failure } from '../../contract/problems.ts';
import type { RecordScope } from '../access/decide.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { columnsOf, ID, isPersonal, type RecordColumn, type RecordColumns } from './columns.ts';

/** What of a collection a caller sees: a decided scope, or the part of one. */
export type Sight = Pick<RecordScope, 'fields' | 'unmasked'>;

/** Finds columns by the names in a request and remembers those that are unknown or hidden, so that all are told at once. */
export class Names {
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

  /** Whether `find` would answer a column. */
  shows(name: string): boolean {
    const column = this.known.byName.get(name);
    return column !== undefined && this.mayRead(column);
  }

  /** A column to show. */
  find(name: string): RecordColumn | null {
    const column = this.known.byName.get(name);
    if (column !== undefined && this.mayRead(column)) return column;
    this.miss(name);
    return null;
  }

  /** A column to compare or order by. Masked ones are not: order and equality would tell what the mask hides. */
  comparable(name: string): RecordColumn | null {
    if (this.isComparable(name)) return this.known.byName.get(name) as RecordColumn;
    this.miss(name);
    return null;
  }

  /** Whether `comparable` would find it. */
  isComparable(name: string): boolean {
    const column = this.known.byName.get(name);
    return column !== undefined && this.mayCompare(column);
  }

  /** True for a field that the collection lacks and that counts as null in it. */
  isAbsent(_name: string): boolean {
    return false;
  }

  /** The names that `comparable` finds. */
  comparableNames(): string[] {
    return this.known.all.filter((column) => this.mayCompare(column)).map(({ name }) => name);
  }

  miss(name: string): void {
    this.missing.add(name);
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

  private mayCompare(column: RecordColumn): boolean {
    return this.mayRead(column) && (this.sight.unmasked || !isPersonal(column));
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

/** The parts of a comma list. */
export const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

// What the planners of one table share: the table as it should be, as it is, what its rows will be, and where findings go.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { Step } from './change.ts';
import { type Conversion, conversion } from './conversions.ts';
import type { DesiredCheck, DesiredColumn, DesiredIndex, DesiredTable } from './desired.ts';
import type { LiveTable } from './introspect.ts';
import { quoteIdent as q, qualified } from './names.ts';

/** What is there: live tables by `schema.table`, and the columns whose default is already the desired value. */
export interface Present {
  readonly live: ReadonlyMap<string, LiveTable>;
  readonly equalDefaults: ReadonlySet<string>;
}

export interface Draft {
  readonly desired: DesiredTable;
  /** null for a table that is made by this plan. */
  readonly live: LiveTable | null;
  readonly present: Present;
  /** Columns that are no longer declared stay. */
  readonly keepSurplus: boolean;
  /** By column: how its values become those of its new type; null where they cannot. */
  readonly altered: ReadonlyMap<string, Conversion | null>;
  step(step: Partial<Step> & Pick<Step, 'change_type' | 'sql'>): void;
  refuse(entry: ProblemEntry): void;
  /** Puts back a mark that was lost. */
  mark(sql: string): void;
}

interface Place {
  readonly schema: string;
  readonly table: string;
}

/** The key of a table in `Present`. */
export const keyOf = ({ schema, table }: Place): string => `${schema}.${table}`;

/** True where the table is in the database already. */
export const exists = (present: Present, at: Place): boolean => present.live.has(keyOf(at));

/** Where a field stands in the definition. */
export const pathOf = (desired: DesiredTable, field: string | null): string =>
  desired.columns.find((c) => c.field === field)?.path || 'schema';

/** The field that a check or index is about, empty for several, and where it is declared. */
export const placeOf = (desired: DesiredTable, one: DesiredCheck | DesiredIndex): { column: string; path: string } => ({
  column: one.field ?? (one.declared?.fields.length === 1 ? (one.declared.fields[0] as string) : ''),
  path: one.declared?.path ?? pathOf(desired, one.field),
});

/** The columns whose type changes. */
export function alterations(desired: DesiredTable, live: LiveTable | null): Map<string, Conversion | null> {
  const altered = new Map<string, Conversion | null>();
  for (const { column, type, generated } of desired.columns) {
    const there = live?.columns.get(column);
    if (generated === null && there !== undefined && there.type !== type)
      altered.set(column, conversion(there.type, type, q(column)));
  }
  return altered;
}

/** The rows as the plan leaves them, as SQL that stands after `from` and before an alias: values converted, new columns and empty required ones filled. */
export function rowsAfter({ desired, live, altered }: Draft): string {
  const value = (c: DesiredColumn): string => {
    const there = live?.columns.get(c.column);
    if (there === undefined) return c.default ?? `null::${c.type}`;
    const now = altered.get(c.column)?.using ?? q(c.column);
    return c.notNull && c.default !== null && !c.system ? `coalesce(${now}, ${c.default})` : now;
  };
  const columns = desired.columns.filter((c) => c.generated === null).map((c) => [c.column, value(c)] as const);
  const table = qualified(desired.schema, desired.table);
  if (columns.every(([column, sql]) => sql === q(column))) return table;
  return `(select ${columns.map(([column, sql]) => `${sql} as ${q(column)}`).join(', ')} from ${table})`;
}

// Reading records: one, a page, a count.
import type { RecordScope } from '../../access/decide.ts';
import type { Cell, Database } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { RecordColumn } from '../columns.ts';
import { beyond, cursorOf } from '../cursor.ts';
import type { RecordQuery } from '../list-query.ts';
import type { Statements, Values } from './statements.ts';

/** A page: its rows as JSON, whether there are more in the direction it was read, and the cursors of its first and last row. */
export interface RecordRows {
  readonly items: readonly string[];
  readonly more: boolean;
  readonly first: string | null;
  readonly last: string | null;
}

export interface RecordReads {
  /** The row as JSON, null when there is none in scope. */
  find(def: CollectionDef, scope: RecordScope, id: string, columns: readonly RecordColumn[]): Promise<string | null>;
  list(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<RecordRows>;
  /** All rows that match, whatever the window is. */
  count(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<number>;
  /** The same from the planner's statistics. */
  estimate(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<number>;
}

export function createReads(db: Database, statements: Statements): RecordReads {
  const { kx, keep, compile, run, within, select, names } = statements;

  const matching = (def: CollectionDef, scope: RecordScope, { filter, deleted }: RecordQuery) => {
    const builder = within(def, scope, deleted);
    if (filter !== null)
      builder.whereRaw(
        filter.sql,
        filter.values.map((_, i) => `@f${i}`),
      );
    return builder;
  };
  const filterValues = ({ filter }: RecordQuery): Record<string, Bound> =>
    Object.fromEntries((filter?.values ?? []).map((value, i) => [`@f${i}`, value]));
  const countKey = ({ filter, deleted }: RecordQuery): string => `${deleted}:${filter?.sql ?? ''}`;

  return {
    async find(def, scope, id, columns) {
      const compiled = keep(def, scope, `find:${names(columns)}`, () =>
        compile(within(def, scope).where('id', '@id').select(select(columns)), columns, { masked: !scope.unmasked }),
      );
      const { rows } = await run(db, compiled, scope, { '@id': id });
      return rows[0] === undefined ? null : compiled.write(rows[0]);
    },

    async list(def, scope, query) {
      const { sort, place, backwards, columns } = query;
      const nulls = place?.values.map((value) => value === null) ?? [];
      // What the order needs and the projection leaves out is read as well, for the cursors.
      const extra = sort.map(({ column }) => column).filter((column) => !columns.includes(column));
      const all = extra.length === 0 ? columns : [...columns, ...extra];
      const shape = `list:${query.shape}|${place === null ? '' : `${backwards ? '<' : '>'}${nulls.map(Number).join('')}`}`;
      const compiled = keep(def, scope, shape, () => {
        const builder = matching(def, scope, query).select(select(all));
        if (place !== null) {
          const { sql, bindings } = beyond(sort, nulls, backwards);
          builder.whereRaw(
            sql,
            bindings.map((i) => `@k${i}`),
          );
        }
        for (const { column, descending } of sort)
          builder.orderByRaw(`${column.quoted} ${descending === backwards ? 'asc' : 'desc'}`);
        return compile(builder, columns, { window: true, masked: !scope.unmasked });
      });
      const places = Object.fromEntries((place?.values ?? []).map((value, i) => [`@k${i}`, value]));
      // One row more than asked tells whether the page is the last.
      const values: Values = { ...filterValues(query), ...places, '@limit': query.limit + 1, '@skip': query.skip };
      const { rows } = await run(db, compiled, scope, values);
      const more = rows.length > query.limit;
      if (more) rows.pop();
      if (backwards) rows.reverse();
      const keys = sort.map(({ column }) => all.indexOf(column));
      const cursor = (row: readonly Cell[] | undefined) =>
        row === undefined
          ? null
          : cursorOf(
              sort,
              keys.map((i) => row[i] as Cell),
            );
      return { items: rows.map(compiled.write), more, first: cursor(rows[0]), last: cursor(rows.at(-1)) };
    },

    async count(def, scope, query) {
      const compiled = keep(def, scope, `count:${countKey(query)}`, () =>
        compile(matching(def, scope, query).select(kx.raw('count(*)')), []),
      );
      const { rows } = await run(db, compiled, scope, filterValues(query));
      return Number(rows[0]?.[0]);
    },

    async estimate(def, scope, query) {
      const compiled = keep(def, scope, `estimate:${countKey(query)}`, () =>
        compile(matching(def, scope, query).select(kx.raw('1')), [], { explain: true }),
      );
      const { rows } = await run(db, compiled, scope, filterValues(query));
      const [plan] = JSON.parse(rows[0]?.[0] ?? '[]') as { Plan: { 'Plan Rows': number } }[];
      return plan?.Plan['Plan Rows'] ?? 0;
    },
  };
}

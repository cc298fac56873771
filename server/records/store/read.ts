// Reading records: one, a page, a count.
import type { RecordScope } from '../../access/decide.ts';
import type { Cell, Database, Runner } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { RecordColumn, WriteRow } from '../columns.ts';
import { beyond, cursorOf, type SortKey } from '../cursor.ts';
import type { RecordQuery } from '../list-query.ts';
import { RANK, ranked, searchCondition, searchShape, searchValues } from '../search.ts';
import type { Statements, Values } from './statements.ts';

/** A page: its rows and their writer, whether there are more in the direction it was read, the cursors of its first and last row. */
export interface RecordRows {
  readonly rows: readonly (readonly Cell[])[];
  readonly write: WriteRow;
  readonly more: boolean;
  readonly first: string | null;
  readonly last: string | null;
}

export interface Found {
  readonly rows: readonly (readonly Cell[])[];
  readonly write: WriteRow;
}

export interface Referring {
  readonly by: RecordColumn;
  readonly ids: readonly string[];
  readonly columns: readonly RecordColumn[];
  readonly sort: readonly SortKey[];
  /** Rows for each id. */
  readonly limit: number;
}

export interface RecordReads {
  /** The rows of these ids that are in scope. */
  findMany(
    def: CollectionDef,
    scope: RecordScope,
    ids: readonly string[],
    columns: readonly RecordColumn[],
  ): Promise<Found>;
  /** The first rows, in an order, of those whose column has each of these values (ids, of a reference); the value stands last. */
  referring(def: CollectionDef, scope: RecordScope, asked: Referring): Promise<Found>;
  /** The ids of the rows in scope that have these values in a unique column, by the place of the value. Values must be of its type. */
  idsBy(
    def: CollectionDef,
    scope: RecordScope,
    column: RecordColumn,
    values: readonly string[],
    on: Runner,
  ): Promise<Map<number, string>>;
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

  const matching = (def: CollectionDef, scope: RecordScope, { filter, search, deleted }: RecordQuery) => {
    const builder = within(def, scope, deleted);
    if (filter !== null)
      builder.whereRaw(
        filter.sql,
        filter.values.map((_, i) => `@f${i}`),
      );
    if (search !== null) {
      const { sql, bindings } = searchCondition(search, scope.accountId);
      builder.whereRaw(sql, [...bindings]);
    }
    return builder;
  };
  const filterValues = ({ filter, search }: RecordQuery): Record<string, Bound> => ({
    ...Object.fromEntries((filter?.values ?? []).map((value, i) => [`@f${i}`, value])),
    ...searchValues(search),
  });
  const countKey = ({ filter, search, deleted }: RecordQuery): string =>
    `${deleted}:${filter?.sql ?? ''}:${searchShape(search)}`;

  return {
    async find(def, scope, id, columns) {
      const compiled = keep(def, scope, `find:${names(columns)}`, () =>
        compile(within(def, scope).where('id', '@id').select(select(columns)), columns, { masked: !scope.unmasked }),
      );
      const { rows } = await run(db, compiled, scope, { '@id': id });
      return rows[0] === undefined ? null : compiled.write(rows[0]);
    },

    async idsBy(def, scope, { name, quoted, type }, values, on) {
      const compiled = keep(def, scope, `ids by:${name}`, () =>
        compile(
          within(def, scope)
            .joinRaw(
              `join unnest(?::text[]::${type}[]) with ordinality as asked("its value", "its place") on "its value" = ${quoted}`,
              ['@values'],
            )
            .select(kx.raw('"its place"'), kx.raw('id')),
          [],
        ),
      );
      const { rows } = await run(on, compiled, scope, { '@values': values });
      return new Map(rows.map(([place, id]) => [Number(place) - 1, id as string]));
    },

    async findMany(def, scope, ids, columns) {
      const compiled = keep(def, scope, `find many:${names(columns)}`, () => {
        const builder = within(def, scope).whereRaw('id = any (?::uuid[])', ['@ids']).select(select(columns));
        return compile(builder, columns, { masked: !scope.unmasked });
      });
      const { rows } = await run(db, compiled, scope, { '@ids': ids });
      return { rows, write: compiled.write };
    },

    async referring(def, scope, { by, ids, columns, sort, limit }) {
      const order = sort.map(({ column, descending }) => `${column.quoted} ${descending ? 'desc' : 'asc'}`).join(', ');
      const compiled = keep(def, scope, `referring:${by.name}:${names(columns)}:${order}`, () => {
        const place = kx.raw(`row_number() over (partition by ${by.quoted} order by ${order}) as "its place"`);
        const numbered = within(def, scope)
          .whereRaw(`${by.quoted} = any (?::${by.type}[])`, ['@ids'])
          .select(kx.raw('*'), place);
        const builder = kx
          .select([...select(columns), kx.raw(by.quoted)])
          .from(numbered.as('numbered'))
          .whereRaw('"its place" <= ?::int', ['@each'])
          .orderByRaw(`${by.quoted}, "its place"`);
        return compile(builder as never, columns, { masked: !scope.unmasked });
      });
      const { rows } = await run(db, compiled, scope, { '@ids': ids, '@each': limit });
      return { rows, write: compiled.write };
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
        if (query.search !== null && sort.some(({ column }) => column === RANK)) {
          const { sql, bindings } = ranked(query.search, def.table);
          builder.from(kx.raw(sql, [...bindings]) as never);
        }
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
              query.search?.signature,
            );
      return { rows, write: compiled.write, more, first: cursor(rows[0]), last: cursor(rows.at(-1)) };
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

// The SQL of records: one statement a shape, compiled once by knex and kept; values are only ever bound.
import type { Knex } from 'knex';
import type { RecordScope } from '../access/decide.ts';
import type { Cell, Database, Plan, RawResult, Runner } from '../db/database.ts';
import { PlanCache, plan } from '../db/plans.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import type { Bound } from '../schema/values.ts';
import type { Prepared } from './body.ts';
import { columnsOf, type RecordColumn, rowWriter } from './columns.ts';
import type { RecordQuery } from './list-query.ts';

/** A statement whose parameters are named: `slots[i]` says which value goes to `$i+1`. */
interface Compiled {
  readonly plan: Plan;
  readonly slots: readonly string[];
  readonly write: (cells: readonly Cell[]) => string;
}
type Values = Readonly<Record<string, Bound>>;

/** Who writes, for created_by and updated_by. */
export interface Author {
  readonly by: string;
}

export interface RecordStore {
  /** The row as JSON, null when there is none in scope. */
  find(def: CollectionDef, scope: RecordScope, id: string, columns: readonly RecordColumn[]): Promise<string | null>;
  list(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<readonly string[]>;
  count(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<number>;
  /** The stored row as JSON. */
  insert(
    def: CollectionDef,
    scope: RecordScope,
    row: Prepared & Author & { readonly id: string; readonly accountId: string },
    on?: Runner,
  ): Promise<string>;
  /** The row after the change as JSON, null when there is none in scope. */
  update(
    def: CollectionDef,
    scope: RecordScope,
    id: string,
    row: Prepared & Author,
    on?: Runner,
  ): Promise<string | null>;
  /** False when there is no such row in scope. */
  remove(def: CollectionDef, scope: RecordScope, id: string, author: Author, on?: Runner): Promise<boolean>;
  /** Drops what was compiled for a collection's earlier revisions. */
  forget(collectionId: string): void;
}

const TOUCH = "greatest(now(), updated_at + interval '1 microsecond')";

export function createRecordStore(db: Database): RecordStore {
  const { kx } = db;
  const plans = new PlanCache<Compiled>(2000);

  /** Names are bound as markers first; knex says in which order they come. */
  const compile = (builder: Knex.QueryBuilder, columns: readonly RecordColumn[], window = false): Compiled => {
    const { sql, bindings } = builder.toSQL().toNative();
    const slots = [...(bindings as unknown as string[])];
    // knex takes numbers only for a window, and a plan needs parameters there.
    const text = window ? `${sql} limit $${slots.push('@limit')} offset $${slots.push('@skip')}` : sql;
    return { plan: plan(text), slots, write: rowWriter(columns) };
  };
  const keep = (def: CollectionDef, scope: RecordScope, shape: string, make: () => Compiled) =>
    plans.get(`${def.id}:${def.revision}:${scope.accountId === null ? '*' : '1'}:${shape}`, make);
  const run = (on: Runner, compiled: Compiled, values: Values): Promise<RawResult> =>
    on.run(
      compiled.plan,
      compiled.slots.map((slot) => values[slot]),
    );

  const select = (columns: readonly RecordColumn[]) =>
    columns.map((c) => kx.raw(c.type.endsWith('[]') ? `to_jsonb(${c.quoted})` : c.quoted));
  const table = (def: CollectionDef) => kx(kx.raw(def.table) as never) as unknown as Knex.QueryBuilder;
  /** The rows of the scope that are not deleted. Every statement on records starts here. */
  const within = (def: CollectionDef, scope: RecordScope): Knex.QueryBuilder => {
    const builder = table(def).whereNull('deleted_at');
    return scope.accountId === null ? builder : builder.where('account_id', '@account');
  };
  const matching = (def: CollectionDef, scope: RecordScope, query: RecordQuery) => {
    const builder = within(def, scope);
    for (const [i, column] of query.filters.entries()) builder.whereRaw(`${column.quoted} = ?`, [`@f${i}`]);
    return builder;
  };
  const filterValues = (scope: RecordScope, query: RecordQuery): Record<string, Bound> => {
    const values: Record<string, Bound> = { '@account': scope.accountId };
    query.filterValues.forEach((v, i) => {
      values[`@f${i}`] = v;
    });
    return values;
  };
  const rowValues = (row: Prepared, more: Values): Values => {
    const values: Record<string, Bound> = { ...more };
    row.columns.forEach((c, i) => {
      values[`@c${c.column}`] = row.values[i] as Bound;
    });
    return values;
  };
  const assigned = (row: Prepared) => Object.fromEntries(row.columns.map((c) => [c.column, `@c${c.column}`]));
  /** A list of names as part of a shape; lists that are made once, like all columns of a collection, are joined once. */
  const joined = new WeakMap<readonly { name: string }[], string>();
  const names = (columns: readonly { name: string }[]): string => {
    let text = joined.get(columns);
    if (text === undefined) {
      text = columns.map((c) => c.name).join();
      joined.set(columns, text);
    }
    return text;
  };

  return {
    async find(def, scope, id, columns) {
      const compiled = keep(def, scope, `find:${names(columns)}`, () =>
        compile(within(def, scope).where('id', '@id').select(select(columns)), columns),
      );
      const { rows } = await run(db, compiled, { '@account': scope.accountId, '@id': id });
      return rows[0] === undefined ? null : compiled.write(rows[0]);
    },

    async list(def, scope, query) {
      const compiled = keep(def, scope, `list:${query.shape}`, () => {
        const builder = matching(def, scope, query).select(select(query.columns));
        for (const key of query.sort) builder.orderByRaw(`${key.column.quoted} ${key.descending ? 'desc' : 'asc'}`);
        return compile(builder, query.columns, true);
      });
      const { rows } = await run(db, compiled, {
        ...filterValues(scope, query),
        '@limit': query.limit,
        '@skip': query.skip,
      });
      return rows.map(compiled.write);
    },

    async count(def, scope, query) {
      const compiled = keep(def, scope, `count:${names(query.filters)}`, () =>
        compile(matching(def, scope, query).select(kx.raw('count(*)')), []),
      );
      const { rows } = await run(db, compiled, filterValues(scope, query));
      return Number(rows[0]?.[0]);
    },

    async insert(def, scope, row, on = db) {
      const { all } = columnsOf(def);
      const compiled = keep(def, scope, 'insert', () =>
        compile(
          table(def)
            .insert({ account_id: '@account', id: '@id', created_by: '@by', updated_by: '@by', ...assigned(row) })
            .returning(select(all) as never),
          all,
        ),
      );
      const { rows } = await run(
        on,
        compiled,
        rowValues(row, { '@account': row.accountId, '@id': row.id, '@by': row.by }),
      );
      return compiled.write(rows[0] as Cell[]);
    },

    async update(def, scope, id, row, on = db) {
      const { all } = columnsOf(def);
      const compiled = keep(def, scope, `update:${names(row.columns)}`, () =>
        compile(
          within(def, scope)
            .where('id', '@id')
            .update({ ...assigned(row), updated_at: kx.raw(TOUCH), updated_by: '@by' })
            .returning(select(all) as never),
          all,
        ),
      );
      const { rows } = await run(
        on,
        compiled,
        rowValues(row, { '@account': scope.accountId, '@id': id, '@by': row.by }),
      );
      return rows[0] === undefined ? null : compiled.write(rows[0]);
    },

    async remove(def, scope, id, author, on = db) {
      const compiled = keep(def, scope, `remove:${def.softDelete}`, () => {
        const target = within(def, scope).where('id', '@id');
        const builder = def.softDelete
          ? target.update({ deleted_at: kx.raw('now()'), updated_at: kx.raw(TOUCH), updated_by: '@by' })
          : target.delete();
        return compile(builder, []);
      });
      const { rowCount } = await run(on, compiled, { '@account': scope.accountId, '@id': id, '@by': author.by });
      return rowCount > 0;
    },

    forget: (collectionId) => plans.dropPrefix(`${collectionId}:`),
  };
}

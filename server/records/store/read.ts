// Reading records: one, a page, a count.
import type { RecordScope } from '../../access/decide.ts';
import type { Database } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { RecordColumn } from '../columns.ts';
import type { RecordQuery } from '../list-query.ts';
import type { Statements, Values } from './statements.ts';

export interface RecordReads {
  /** The row as JSON, null when there is none in scope. */
  find(def: CollectionDef, scope: RecordScope, id: string, columns: readonly RecordColumn[]): Promise<string | null>;
  /** The rows of the page, each as JSON. */
  list(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<readonly string[]>;
  /** All rows that match, whatever the window is. */
  count(def: CollectionDef, scope: RecordScope, query: RecordQuery): Promise<number>;
}

export function createReads(db: Database, statements: Statements): RecordReads {
  const { kx, keep, compile, run, within, select, names } = statements;

  const matching = (def: CollectionDef, scope: RecordScope, query: RecordQuery) => {
    const builder = within(def, scope);
    for (const [i, column] of query.filters.entries()) builder.whereRaw(`${column.quoted} = ?`, [`@f${i}`]);
    return builder;
  };
  const filterValues = (query: RecordQuery): Record<string, Bound> =>
    Object.fromEntries(query.filterValues.map((value, i) => [`@f${i}`, value]));

  return {
    async find(def, scope, id, columns) {
      const compiled = keep(def, scope, `find:${names(columns)}`, () =>
        compile(within(def, scope).where('id', '@id').select(select(columns)), columns, { masked: !scope.unmasked }),
      );
      const { rows } = await run(db, compiled, scope, { '@id': id });
      return rows[0] === undefined ? null : compiled.write(rows[0]);
    },

    async list(def, scope, query) {
      const compiled = keep(def, scope, `list:${query.shape}`, () => {
        const builder = matching(def, scope, query).select(select(query.columns));
        for (const { column, descending } of query.sort)
          builder.orderByRaw(`${column.quoted} ${descending ? 'desc' : 'asc'}`);
        return compile(builder, query.columns, { window: true, masked: !scope.unmasked });
      });
      const values: Values = { ...filterValues(query), '@limit': query.limit, '@skip': query.skip };
      const { rows } = await run(db, compiled, scope, values);
      return rows.map(compiled.write);
    },

    async count(def, scope, query) {
      const compiled = keep(def, scope, `count:${names(query.filters)}`, () =>
        compile(matching(def, scope, query).select(kx.raw('count(*)')), []),
      );
      const { rows } = await run(db, compiled, scope, filterValues(query));
      return Number(rows[0]?.[0]);
    },
  };
}

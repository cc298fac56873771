// Writing records: one statement each, answered with the row as it is stored.
import type { RecordScope } from '../../access/decide.ts';
import type { Cell, Database, Runner } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { Prepared } from '../body.ts';
import { columnsOf } from '../columns.ts';
import type { Statements, Values } from './statements.ts';

/** Who writes, for created_by and updated_by. */
export interface Author {
  readonly by: string;
}

export interface RecordWrites {
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
}

const TOUCH = "greatest(now(), updated_at + interval '1 microsecond')";

export function createWrites(db: Database, statements: Statements): RecordWrites {
  const { kx, keep, compile, run, table, within, select, names } = statements;

  const rowValues = (row: Prepared, more: Values): Values => {
    const values: Record<string, Bound> = { ...more };
    for (const [i, column] of row.columns.entries()) values[`@c${column.column}`] = row.values[i] as Bound;
    return values;
  };
  const assigned = (row: Prepared) => Object.fromEntries(row.columns.map((c) => [c.column, `@c${c.column}`]));

  return {
    async insert(def, scope, row, on = db) {
      const { all } = columnsOf(def);
      const compiled = keep(def, scope, 'insert', () => {
        const inserted = { account_id: '@owner', id: '@id', created_by: '@by', updated_by: '@by', ...assigned(row) };
        return compile(
          table(def)
            .insert(inserted)
            .returning(select(all) as never),
          all,
        );
      });
      const values = rowValues(row, { '@owner': row.accountId, '@id': row.id, '@by': row.by });
      const { rows } = await run(on, compiled, scope, values);
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
      const { rows } = await run(on, compiled, scope, rowValues(row, { '@id': id, '@by': row.by }));
      return rows[0] === undefined ? null : compiled.write(rows[0]);
    },

    async remove(def, scope, id, author, on = db) {
      const compiled = keep(def, scope, `remove:${def.softDelete}`, () => {
        const target = within(def, scope).where('id', '@id');
        const gone = { deleted_at: kx.raw('now()'), updated_at: kx.raw(TOUCH), updated_by: '@by' };
        return compile(def.softDelete ? target.update(gone) : target.delete(), []);
      });
      const { rowCount } = await run(on, compiled, scope, { '@id': id, '@by': author.by });
      return rowCount > 0;
    },
  };
}

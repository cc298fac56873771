// Writing records: one statement each, which captures the change for the audit trail and answers the row as it is stored.
import type { RecordScope } from '../../access/decide.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Cell, Database, Runner } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { Prepared } from '../body.ts';
import { columnsOf } from '../columns.ts';
import { appendEvents } from './append-event.ts';
import { captureWritten, was } from './capture.ts';
import { createPieces, judgesChange, piece, ruleColumns } from './pieces.ts';
import type { Statements, Values } from './statements.ts';

export { judgesChange } from './pieces.ts';

/** Who writes: the id for created_by and updated_by, and as JSON text the audit context and the actor of events. */
export interface Author {
  /** null: a caller without a credential. */
  readonly by: string | null;
  readonly context: string;
  readonly actor: string;
  /** updated_at of the row that the write builds on; another one is not in scope. */
  readonly version?: string | undefined;
}

export interface RecordWrites {
  /** The stored row, all columns. */
  insert(
    def: CollectionDef,
    scope: RecordScope,
    row: Prepared & Author & { readonly id: string; readonly accountId: string },
    on?: Runner,
  ): Promise<readonly Cell[]>;
  /**
   * The row after the change, all columns; null when there is none in scope, or when the change would take it out of the
   * scope's rules (`judgesChange` tells whether that can be).
   */
  update(
    def: CollectionDef,
    scope: RecordScope,
    id: string,
    row: Prepared & Author,
    on?: Runner,
  ): Promise<readonly Cell[] | null>;
  /** False when there is no such row in scope. */
  remove(def: CollectionDef, scope: RecordScope, id: string, author: Author, on?: Runner): Promise<boolean>;
  /** The same for good, whether or not the row is softly deleted. */
  purge(def: CollectionDef, scope: RecordScope, id: string, author: Author, on?: Runner): Promise<boolean>;
  /** The row that was softly deleted, all columns; null when there is none in scope. */
  restore(
    def: CollectionDef,
    scope: RecordScope,
    id: string,
    author: Author,
    on?: Runner,
  ): Promise<readonly Cell[] | null>;
}

export function createWrites(db: Database, statements: Statements, trail: Pick<Recorder, 'captured'>): RecordWrites {
  const { kx, keep, within, names } = statements;
  const { writing, before, after, change, marked, gone, columnsIn, ran } = createPieces(statements, trail);

  const rowValues = (row: Prepared, more: Values): Values => {
    const values: Record<string, Bound> = { ...more };
    for (const [i, column] of row.columns.entries()) values[`@c${column.column}`] = row.values[i] as Bound;
    return values;
  };

  return {
    async insert(def, scope, row, on = db) {
      const compiled = keep(def, scope, 'insert', () => {
        const set = [
          ...[
            ['account_id', '@owner'],
            ['id', '@id'],
            ['created_by', '@by'],
            ['updated_by', '@by'],
          ],
          ...row.columns.map((c) => [c.quoted, `@c${c.column}`]),
        ] as [string, string][];
        const places = set.map(() => '?').join(', ');
        const sql = `insert into ${def.table} as t (${set.map(([column]) => column).join(', ')}) values (${places}) returning ${columnsIn(def)}`;
        const insert = { sql, bindings: set.map(([, slot]) => slot) };
        const captured = captureWritten(def, 'CREATE', def.fields);
        return writing(def, { written: insert, captured, appended: appendEvents(def, 'CREATE') }, true);
      });
      const values = rowValues(row, ids(row, { '@owner': row.accountId, '@id': row.id }));
      const { rows } = await ran(on, compiled, scope, values);
      return rows[0] as Cell[];
    },

    async update(def, scope, id, row, on = db) {
      const version = row.version !== undefined;
      const compiled = keep(def, scope, `update:${version}:${names(row.columns)}`, () => {
        const judged = judgesChange(scope, row.columns);
        const old = row.columns.map((c, i) => `${c.quoted} as ${was(i)}`);
        const kept = judged ? ruleColumns(def, scope, row.columns) : [];
        const pieces = {
          before: before(def, scope, [...old, ...kept], { version }),
          ...(judged && { after: after(scope, row.columns, kept) }),
          written: change(def, {
            source: judged ? 'after' : 'before',
            set: row.columns.map((c) => `${c.quoted} = ?`),
            bindings: row.columns.map((c) => `@c${c.column}`),
            assigned: row.columns,
          }),
          captured: captureWritten(def, 'UPDATE', row.columns),
          appended: appendEvents(def, 'UPDATE', row.columns),
        };
        return writing(def, pieces, true);
      });
      const { rows } = await ran(on, compiled, scope, rowValues(row, ids(row, { '@id': id })));
      return rows[0] ?? null;
    },

    async remove(def, scope, id, author, on = db) {
      const version = author.version !== undefined;
      const compiled = keep(def, scope, `remove:${def.softDelete}:${version}`, () => {
        const pieces = {
          before: before(def, scope, [], { version }),
          written: def.softDelete ? marked(def, 'now()') : gone(def),
          captured: captureWritten(def, 'DELETE', def.fields),
          appended: appendEvents(def, 'DELETE'),
        };
        return writing(def, pieces, false);
      });
      const { rowCount } = await ran(on, compiled, scope, ids(author, { '@id': id }));
      return rowCount > 0;
    },

    async purge(def, scope, id, author, on = db) {
      const compiled = keep(def, scope, 'purge', () => {
        const removed = within(def, scope, 'with').where('id', '@id').delete();
        const pieces = {
          written: piece(removed.returning(kx.raw(allColumns(def)) as never)),
          captured: captureWritten(def, 'DELETE', def.fields, true),
          appended: appendEvents(def, 'DELETE', [], true),
        };
        return writing(def, pieces, false);
      });
      const { rowCount } = await ran(on, compiled, scope, ids(author, { '@id': id }));
      return rowCount > 0;
    },

    async restore(def, scope, id, author, on = db) {
      const compiled = keep(def, scope, 'restore', () => {
        const pieces = {
          before: before(def, scope, [], { deleted: 'only' }),
          written: marked(def, 'null'),
          captured: captureWritten(def, 'RESTORE', def.fields),
          appended: appendEvents(def, 'RESTORE'),
        };
        return writing(def, pieces, true);
      });
      const { rows } = await ran(on, compiled, scope, ids(author, { '@id': id }));
      return rows[0] ?? null;
    },
  };
}

const allColumns = (def: CollectionDef): string =>
  columnsOf(def)
    .stored.map((c) => c.quoted)
    .join(', ');

const ids = ({ by, context, actor, version }: Author, more: Values): Values => ({
  ...more,
  '@by': by,
  '@context': context,
  '@actor': actor,
  ...(version !== undefined && { '@version': version }),
});

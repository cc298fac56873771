// Writing many records: one statement for all rows of one shape, whose values travel as one JSON parameter, with their trail.
import type { RecordScope } from '../../access/decide.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Cell, Runner } from '../../db/database.ts';
import type { CollectionDef, FieldColumn } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { Prepared } from '../body.ts';
import { columnsOf, ID } from '../columns.ts';
import { appendEvents } from './append-event.ts';
import { captureWritten, was } from './capture.ts';
import { becomes, createPieces, ITS_ID, judgesChange, ruleColumns } from './pieces.ts';
import type { Statements, Values } from './statements.ts';
import type { Author } from './write.ts';

export interface NewRecord extends Prepared {
  readonly id: string;
  readonly accountId: string;
}
export interface ChangedRecord extends Prepared {
  readonly id: string;
}
/** Rows by id, all columns. */
export type Written = ReadonlyMap<string, readonly Cell[]>;

export interface RecordsWritten {
  /** The stored rows. */
  insertMany(
    on: Runner,
    def: CollectionDef,
    scope: RecordScope,
    rows: readonly NewRecord[],
    author: Author,
  ): Promise<Written>;
  /** The changed rows, each of which assigns the same columns; those that are missing were not in scope (see `update`). */
  updateMany(
    on: Runner,
    def: CollectionDef,
    scope: RecordScope,
    rows: readonly ChangedRecord[],
    author: Author,
  ): Promise<Written>;
  /** The ids of the rows that were in scope. */
  removeMany(
    on: Runner,
    def: CollectionDef,
    scope: RecordScope,
    ids: readonly string[],
    author: Author,
  ): Promise<Set<string>>;
}

export function createWritesMany(statements: Statements, trail: Pick<Recorder, 'captured'>): RecordsWritten {
  const { keep, names } = statements;
  const { writing, before, after, change, marked, gone, columnsIn, ran } = createPieces(statements, trail);
  const told = (author: Author): Values => ({ '@by': author.by, '@context': author.context, '@actor': author.actor });

  /** The rows of the JSON parameter, under names that no column has. */
  const input = (columns: readonly FieldColumn[], more: readonly string[] = []) => ({
    sql: `select * from json_to_recordset(?::json) as r (${['"its id" uuid', ...more, ...columns.map((c, i) => `${becomes(i)} ${c.type}`)].join(', ')})`,
    bindings: ['@rows'],
  });
  const byId = (def: CollectionDef, rows: readonly Cell[][]): Written => {
    const at = columnsOf(def).all.indexOf(ID);
    return new Map(rows.map((row) => [row[at] as string, row]));
  };

  return {
    async insertMany(on, def, scope, rows, author) {
      const columns = rows[0]?.columns ?? [];
      const compiled = keep(def, scope, 'insert many', () => {
        const targets = ['account_id', 'id', 'created_by', 'updated_by', ...columns.map((c) => c.quoted)];
        const values = ['"its account"', '"its id"', '?', '?', ...columns.map((_, i) => becomes(i))];
        const insert = {
          sql: `insert into ${def.table} as t (${targets.join(', ')}) select ${values.join(', ')} from input returning ${columnsIn(def)}`,
          bindings: ['@by', '@by'],
        };
        const captured = captureWritten(def, 'CREATE', def.fields);
        const pieces = {
          input: input(columns, ['"its account" char(6)']),
          written: insert,
          captured,
          appended: appendEvents(def, 'CREATE'),
        };
        return writing(def, pieces, true);
      });
      const text = jsonOf(rows, (row) => `"its account":"${row.accountId}",`);
      return byId(def, (await ran(on, compiled, scope, { ...told(author), '@rows': text })).rows);
    },

    async updateMany(on, def, scope, rows, author) {
      const columns = rows[0]?.columns ?? [];
      const compiled = keep(def, scope, `update many:${names(columns)}`, () => {
        const judged = judgesChange(scope, columns);
        const old = columns.map((c, i) => `${c.quoted} as ${was(i)}`);
        const rest = judged ? ruleColumns(def, scope, columns) : [];
        const pieces = {
          input: input(columns),
          before: before(def, scope, [...old, ...rest], { which: 'input' }),
          ...(judged && { after: after(scope, columns, rest, true) }),
          written: change(def, {
            source: judged ? 'after' : 'before',
            set: columns.map((c, i) => `${c.quoted} = input.${becomes(i)}`),
            assigned: columns,
            join: ` join input on ${ITS_ID}`,
          }),
          captured: captureWritten(def, 'UPDATE', columns),
          appended: appendEvents(def, 'UPDATE', columns),
        };
        return writing(def, pieces, true);
      });
      return byId(def, (await ran(on, compiled, scope, { ...told(author), '@rows': jsonOf(rows) })).rows);
    },

    async removeMany(on, def, scope, ids, author) {
      const compiled = keep(def, scope, `remove many:${def.softDelete}`, () => {
        const pieces = {
          before: before(def, scope, [], { which: 'ids' }),
          written: def.softDelete ? marked(def, 'now()') : gone(def),
          captured: captureWritten(def, 'DELETE', def.fields),
          appended: appendEvents(def, 'DELETE'),
        };
        return writing(def, pieces, false);
      });
      const { rows } = await ran(on, compiled, scope, { ...told(author), '@ids': ids });
      return new Set(rows.map(([id]) => id as string));
    },
  };
}

/**
 * The rows as JSON text; all have the columns of the first. A json value is text already, everything else is what the parameter
 * would be. Built as one text, because a thousand rows would otherwise be many thousand short ones.
 */
function jsonOf<R extends ChangedRecord>(rows: readonly R[], more: (row: R) => string = () => ''): string {
  const columns = rows[0]?.columns ?? [];
  const keys = columns.map((_, i) => `,${JSON.stringify(becomes(i).slice(1, -1))}:`);
  const isJson = columns.map(({ field }) => field.type === 'json');
  let text = '';
  for (const row of rows) {
    text += `${text === '' ? '[' : ','}{${more(row)}"its id":"${row.id}"`;
    for (let i = 0; i < keys.length; i++) {
      const value = row.values[i] ?? null;
      text +=
        keys[i] + (isJson[i] || typeof value !== 'object' ? plain(value, isJson[i] as boolean) : JSON.stringify(value));
    }
    text += '}';
  }
  return `${text === '' ? '[' : text}]`;
}

const plain = (value: Bound, isJson: boolean): string =>
  typeof value === 'string' && !isJson ? JSON.stringify(value) : String(value);

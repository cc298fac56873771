// What the statements of writes are made of: CTEs that lock, judge, change and capture, in this order.
import type { Knex } from 'knex';
import type { RecordScope } from '../../access/decide.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Runner } from '../../db/database.ts';
import type { CollectionDef, FieldColumn } from '../../schema/collection-def.ts';
import { columnsOf } from '../columns.ts';
import type { Deleted } from '../list-query.ts';
import { STAMPS, STAMPS_BEFORE, WAS_STAMPS } from './append-event.ts';
import { type Piece, was } from './capture.ts';
import type { Compiled, Statements, Values } from './statements.ts';

/** The row is as old as the one that the caller has seen. */
const VERSION = 'updated_at = ?::timestamptz';
const TOUCH = "greatest(now(), updated_at + interval '1 microsecond')";
/** The i-th assigned column as it will be, in the rows of `input`. */
export const becomes = (i: number): string => `"becomes ${i}"`;
export const ITS_ID = 'input."its id" = before.id';
const ONE_ROW = 't.account_id = before.account_id and t.id = before.id';

/** Which rows a write is about. */
interface Which {
  /** The one of `@id`, those that `input` names, or those of `@ids`. */
  readonly which?: 'one' | 'input' | 'ids';
  /** Only as it was at `@version`. */
  readonly version?: boolean;
  readonly deleted?: Deleted;
}

interface Change {
  readonly source?: string;
  readonly set: readonly string[];
  readonly bindings?: readonly string[];
  readonly assigned?: readonly FieldColumn[];
  readonly join?: string;
}

export function createPieces(statements: Statements, trail: Pick<Recorder, 'captured'>) {
  const { kx, compile, run, within, select, conditions } = statements;

  /** A statement of pieces, each a CTE that the later ones read, which answers the rows of `written`. */
  function writing(def: CollectionDef, pieces: Readonly<Record<string, Piece>>, answers: boolean): Compiled {
    const { all } = columnsOf(def);
    const ctes = Object.entries(pieces).map(([name, { sql }]) => `${name} as (${sql})`);
    const row = answers ? select(all).join(', ') : 'id';
    const bindings = Object.values(pieces).flatMap((piece) => piece.bindings);
    return compile(kx.raw(`with ${ctes.join(', ')} select ${row} from written`, bindings) as never, answers ? all : []);
  }

  /** The rows of the scope, locked as they are before the write: one, or those that `input` names, in one order for all writers. */
  function before(
    def: CollectionDef,
    scope: RecordScope,
    columns: readonly string[] = [],
    { which = 'one', version = false, deleted }: Which = {},
  ): Piece {
    const rows = within(def, scope, deleted)
      .select(kx.raw(['account_id', 'id', ...STAMPS_BEFORE, ...columns].join(', ')))
      .forUpdate();
    if (version) rows.whereRaw(VERSION, ['@version']);
    if (which === 'one') return piece(rows.where('id', '@id'));
    const named = which === 'input' ? ['id in (select "its id" from input)', []] : ['id = any (?::uuid[])', ['@ids']];
    return piece(rows.whereRaw(...(named as [string, string[]])).orderBy('id'));
  }

  /** The row as it will be, if the rules of the scope let it pass; under the names that the rules know. */
  function after(scope: RecordScope, changed: readonly FieldColumn[], kept: readonly string[], many = false): Piece {
    const old = [...changed.map((_, i) => was(i)), ...WAS_STAMPS];
    const now = changed.map((c, i) => `${many ? becomes(i) : `?::${c.type}`} as ${c.quoted}`);
    const source = many ? `before join input on ${ITS_ID}` : 'before';
    const stamps = ['now() as updated_at', '?::text as updated_by'];
    const rules = conditions(scope);
    return {
      sql: `select account_id, id, ${old.join(', ')} from (
          select ${['account_id', 'id', ...old, ...kept, ...now, ...stamps].join(', ')} from ${source}
        ) as changed where ${rules.map(({ sql }) => sql).join(' and ')}`,
      bindings: [
        ...(many ? [] : changed.map((c) => `@c${c.column}`)),
        '@by',
        ...rules.flatMap(({ bindings }) => bindings),
      ],
    };
  }

  const columnsIn = (def: CollectionDef): string =>
    columnsOf(def)
      .stored.map((c) => `t.${c.quoted}`)
      .join(', ');

  /** A change of the rows of `source`, locked or judged: `set` assigns, with its bindings; `assigned` are the columns as they were. */
  function change(
    def: CollectionDef,
    { source = 'before', set, bindings = [], assigned = [], join = '' }: Change,
  ): Piece {
    const touched = [...set, `updated_at = ${TOUCH.replace('updated_at', 't.updated_at')}`, 'updated_by = ?'];
    const past = [...assigned.map((_, i) => was(i)), ...WAS_STAMPS].map((name) => `before.${name}`);
    return {
      sql: `update ${def.table} t set ${touched.join(', ')} from ${source} as before${join}
        where ${ONE_ROW} returning ${[columnsIn(def), ...past].join(', ')}`,
      bindings: [...bindings, '@by'],
    };
  }

  /** What deletes the rows of `before` softly, or brings them back. */
  const marked = (def: CollectionDef, value: 'now()' | 'null'): Piece =>
    change(def, { set: [`deleted_at = ${value}`] });

  async function ran(on: Runner, compiled: Compiled, scope: RecordScope, values: Values) {
    const result = await run(on, compiled, scope, values);
    if (result.rowCount > 0) trail.captured(on);
    return result;
  }

  /** What deletes the rows of `before` for good. */
  const gone = (def: CollectionDef): Piece => ({
    sql: `delete from ${def.table} t using before where ${ONE_ROW} returning ${columnsIn(def)}`,
    bindings: [],
  });

  return { writing, before, after, change, marked, gone, columnsIn, ran };
}

/** Whether a change of these columns can take a row out of the scope's rules. */
export function judgesChange(scope: RecordScope, changed: readonly FieldColumn[]): boolean {
  const names = new Set<string>([...STAMPS, ...changed.map((c) => c.name)]);
  return scope.rows.some((any) => any.some(({ checked }) => [...checked.fields].some((name) => names.has(name))));
}

/** The columns that the rules read and the change leaves as they are. */
export function ruleColumns(def: CollectionDef, scope: RecordScope, changed: readonly FieldColumn[]): string[] {
  const known = new Set<string>(['account_id', 'id', ...STAMPS, ...changed.map((c) => c.name)]);
  const read = new Set(scope.rows.flatMap((any) => any.flatMap(({ checked }) => [...checked.fields])));
  const { byName } = columnsOf(def);
  return [...read].filter((name) => !known.has(name)).map((name) => (byName.get(name) as { quoted: string }).quoted);
}

export function piece(builder: Knex.QueryBuilder): Piece {
  const { sql, bindings } = builder.toSQL();
  return { sql, bindings: bindings as string[] };
}

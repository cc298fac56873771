// Appending the event of a record's change in the statement that makes it: the row as it is now, and what the change assigned as it was.
import type { CollectionDef, FieldColumn, PgType } from '../../schema/collection-def.ts';
import { quoteText } from '../../schema/literal.ts';
import { unquoted } from '../../schema/names.ts';
import { columnsOf } from '../columns.ts';
import { type Captured, type Piece, was } from './capture.ts';

const TYPES: Readonly<Record<Captured, string>> = {
  CREATE: 'created',
  UPDATE: 'updated',
  DELETE: 'deleted',
  RESTORE: 'restored',
};

/** What every change of a row that stays assigns besides its fields. */
export const STAMPS = ['updated_at', 'updated_by'] as const;
const wasStamp = (name: string): string => `"was ${name}"`;
/** The stamps of a row before the change, for the CTE that locks it; and their names there. */
export const STAMPS_BEFORE: readonly string[] = STAMPS.map((name) => `${name} as ${wasStamp(name)}`);
export const WAS_STAMPS: readonly string[] = STAMPS.map(wasStamp);

/** A cell as the wire would bring it, except that booleans are spelled out. */
const cell = (type: PgType, value: string): string =>
  type.endsWith('[]') ? `to_jsonb(${value})::text` : `${value}::text`;

const textArray = (cells: readonly string[]): string => `array[${cells.join(', ')}]`;

/** What the change assigned and how it was, as two SQL values; nulls where nothing was before or the row is gone. */
function past(kind: Captured, assigned: readonly FieldColumn[], stays: boolean): readonly [string, string] {
  if (kind === 'CREATE' || !stays) return ['null', 'null'];
  const fields = kind === 'UPDATE' ? assigned : [];
  const live = kind === 'UPDATE' ? [] : ['deleted_at'];
  const wasLive = kind === 'RESTORE' ? 'now()::text' : 'null';
  const cells = [
    ...fields.map((c, i) => cell(c.type, was(i))),
    ...WAS_STAMPS.map((name) => `${name}::text`),
    ...live.map(() => wasLive),
  ];
  return [quoteText([...fields.map((c) => c.column), ...STAMPS, ...live].join()), textArray(cells)];
}

/** What numbers, times and ids of a row weigh at the most, in bytes. */
const FIXED = 256;

/** The size of an event as SQL. The length of a text is known without unpacking it. */
function sizeOf(columns: readonly { type: PgType; quoted: string }[], assigned: readonly FieldColumn[]): string {
  const long = (type: PgType, value: string): string[] =>
    type === 'text'
      ? [`coalesce(octet_length(${value}), 0)`]
      : type === 'jsonb' || type.endsWith('[]')
        ? [`coalesce(octet_length(${value}::text), 0)`]
        : [];
  return [
    String(FIXED),
    ...columns.flatMap(({ type, quoted }) => long(type, quoted)),
    ...assigned.flatMap(({ type }, i) => long(type, was(i))),
  ].join(' + ');
}

/**
 * The statement that appends an event for each row of the CTE `written`; `@actor` is who made the change. `written` holds all
 * columns of the table; for a row that was there and stays also its stamps as they were, and its assigned columns (`was`).
 */
export function appendEvents(
  def: CollectionDef,
  kind: Captured,
  assigned: readonly FieldColumn[] = [],
  forGood = kind === 'DELETE' && !def.softDelete,
): Piece {
  const { stored } = columnsOf(def);
  const columns = stored.map(({ quoted }) => unquoted(quoted)).join();
  const cells = textArray(stored.map(({ type, quoted }) => cell(type, quoted)));
  const values = [
    'account_id',
    quoteText(def.qualifiedName),
    `'${def.id}'::uuid`,
    String(def.revision),
    quoteText(TYPES[kind]),
    'id',
    forGood ? 'now()' : 'updated_at',
    '?::json',
    quoteText(columns),
    cells,
    ...past(kind, assigned, !forGood),
    sizeOf(stored, kind === 'UPDATE' ? assigned : []),
  ];
  return {
    sql: `insert into snackbase.events
        (account_id, collection, collection_id, revision, type, record_id, occurred_at, actor, columns, cells, assigned, was, size)
      select ${values.join(', ')} from written`,
    bindings: ['@actor'],
  };
}

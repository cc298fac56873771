// An event as records: what the row was and what it is, in the columns of today's definition.
import type { Cell } from '../db/database.ts';
import type { Event } from '../events/event.ts';
import { evaluateValue } from '../expression/evaluate.ts';
import type { Bound, Row } from '../expression/scope.ts';
import type { CollectionDef, PgType } from '../schema/collection-def.ts';
import { unquoted } from '../schema/names.ts';
import { columnsOf, type RecordColumn } from './columns.ts';
import { writerOf } from './reply.ts';

/** A record at one moment. */
export interface Side {
  /** In the order of all columns of the collection, computed ones among them. */
  readonly cells: readonly Cell[];
  /** As the API would answer it to someone who sees everything. */
  readonly row: Row;
}

/** Null where there was no record, or one that is deleted. */
export interface Sides {
  readonly before: Side | null;
  readonly now: Side | null;
}

const known = new WeakMap<Event, { def: CollectionDef; sides: Sides }>();

/** Fields have gone away or changed their type since: the event cannot be told in today's, nor judged by today's rules. */
export class AnotherShape extends Error {
  readonly expected = true;
}

/** Both sides of an event, made once for all who ask with the same definition. Throws AnotherShape. */
export function sidesOf(def: CollectionDef, event: Event): Sides {
  const kept = known.get(event);
  if (kept?.def === def) return kept.sides;
  const sides = readSides(def, event);
  known.set(event, { def, sides });
  return sides;
}

function readSides(def: CollectionDef, { type, revision, columns, cells, assigned, was }: Event): Sides {
  if (revision < def.shapeRevision) throw new AnotherShape();
  const now = new Map(columns.map((name, i) => [name, cells[i] ?? null]));
  if (type === 'created' || type === 'restored') return { before: null, now: side(def, now) };
  const before = new Map(now);
  assigned?.forEach((name, i) => {
    before.set(name, was?.[i] ?? null);
  });
  return { before: side(def, before), now: type === 'deleted' ? null : side(def, now) };
}

const names = new WeakMap<CollectionDef, readonly (string | null)[]>();

/** All columns of the collection as the table names them, null for computed ones. */
function physical(def: CollectionDef): readonly (string | null)[] {
  let known = names.get(def);
  if (known === undefined) {
    const { all, stored } = columnsOf(def);
    known = all.map((column) => (stored.includes(column) ? unquoted(column.quoted) : null));
    names.set(def, known);
  }
  return known;
}

/** Cells leave the log as text of their own; the wire has one letter for a boolean. */
const wire = (cell: Cell | undefined, { type }: RecordColumn): Cell =>
  cell == null ? null : type === 'boolean' ? cell.slice(0, 1) : cell;

function side(def: CollectionDef, found: ReadonlyMap<string, Cell>): Side | null {
  if (found.get('deleted_at') != null) return null;
  const { all, stored } = columnsOf(def);
  const places = physical(def);
  const cells = all.map((column, i) => wire(found.get(places[i] ?? ''), column));
  const row = JSON.parse(writerOf(def, stored, false)(cells)) as Row;
  if (def.computed.length === 0) return { cells, row };
  for (const { name, checked, type } of def.computed)
    cells[all.findIndex((column) => column.name === name)] = cellOf(evaluateValue(checked, row, { auth: null }), type);
  return { cells, row };
}

/** A value of the engine as PostgreSQL writes it. */
function cellOf(value: Bound, type: PgType): Cell {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  const text = String(value);
  // Six digits are the engine's form; PostgreSQL writes no more than there are.
  return type === 'timestamp with time zone'
    ? `${text
        .slice(0, -1)
        .replace('T', ' ')
        .replace(/\.?0+$/, '')}+00`
    : text;
}

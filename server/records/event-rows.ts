// An event as records: what the row was and what it is, in the columns of today's definition.
import type { Cell } from '../db/database.ts';
import type { Event } from '../events/position.ts';
import { coerce } from '../expression/coerce.ts';
import { evaluateValue } from '../expression/evaluate.ts';
import type { Bound, Row } from '../expression/scope.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { columnsOf, type RecordColumn } from './columns.ts';
import { valueTypeOfColumn } from './filter.ts';
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

/** Both sides of an event, made once for all who ask with the same definition. */
export function sidesOf(def: CollectionDef, event: Event): Sides {
  const kept = known.get(event);
  if (kept?.def === def) return kept.sides;
  const sides = readSides(def, event);
  known.set(event, { def, sides });
  return sides;
}

function readSides(def: CollectionDef, { type, revision, columns, cells, assigned, was }: Event): Sides {
  const now = new Map(columns.map((name, i) => [name, cells[i] ?? null]));
  const known = revision === def.revision;
  if (type === 'created' || type === 'restored') return { before: null, now: side(def, now, known) };
  const before = new Map(now);
  assigned?.forEach((name, i) => {
    before.set(name, was?.[i] ?? null);
  });
  return { before: side(def, before, known), now: type === 'deleted' ? null : side(def, now, known) };
}

const physical = (column: RecordColumn): string => column.quoted.slice(1, -1).replaceAll('""', '"');

/** Cells leave the log as text of their own; the wire has one letter for a boolean. */
const wire = (cell: Cell | undefined, { type }: RecordColumn): Cell =>
  cell == null ? null : type === 'boolean' ? cell.slice(0, 1) : cell;

/** A cell of another revision of the collection, null where its column has since become of a type that it is no value of. */
function fitting(cell: Cell, column: RecordColumn): Cell {
  if (cell === null || column.type === 'text' || column.type === 'character(6)') return cell;
  if (column.type === 'boolean') return cell === 't' || cell === 'f' ? cell : null;
  if (column.type !== 'jsonb') return coerce(cell, valueTypeOfColumn(column)) === undefined ? null : cell;
  try {
    JSON.parse(cell);
    return cell;
  } catch {
    return null;
  }
}

function side(def: CollectionDef, found: ReadonlyMap<string, Cell>, known: boolean): Side | null {
  if (found.get('deleted_at') != null) return null;
  const { all, stored } = columnsOf(def);
  const cells = all.map((column) => {
    const cell = stored.includes(column) ? wire(found.get(physical(column)), column) : null;
    return known ? cell : fitting(cell, column);
  });
  const row = JSON.parse(writerOf(def, stored, false)(cells)) as Row;
  if (def.computed.length === 0) return { cells, row };
  for (const { name, checked } of def.computed)
    cells[all.findIndex((column) => column.name === name)] = cellOf(evaluateValue(checked, row, { auth: null }));
  return { cells, row };
}

/** A value of the engine as PostgreSQL writes it. */
function cellOf(value: Bound): Cell {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  const text = String(value);
  // Six digits are the engine's form; PostgreSQL writes no more than there are.
  return /^\d{4}-\d\d-\d\dT.*Z$/.test(text)
    ? `${text
        .slice(0, -1)
        .replace('T', ' ')
        .replace(/\.?0+$/, '')}+00`
    : text;
}

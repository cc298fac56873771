// What a write answers: the whole row as its writer may see it, or, where he may not see it, what he sent.
import type { RecordScope } from '../access/decide.ts';
import { passes } from '../access/rule.ts';
import { type Ctx, RawJson } from '../context.ts';
import type { Cell } from '../db/database.ts';
import type { CollectionDef, FieldColumn } from '../schema/collection-def.ts';
import { columnsOf, ID, type RecordColumn, rowWriter } from './columns.ts';
import { readProjection } from './list-query.ts';

/** The scope of viewing, null for who may view nothing of the collection. */
export type ViewScope = (ctx: Ctx, def: CollectionDef) => RecordScope | null;

const writers = new WeakMap<readonly RecordColumn[], { [masked: string]: (cells: readonly Cell[]) => string }>();

/** The writer of some of a collection's columns, from cells of all. */
export function writerOf(def: CollectionDef, columns: readonly RecordColumn[], masked: boolean) {
  let known = writers.get(columns);
  if (known === undefined) {
    known = {};
    writers.set(columns, known);
  }
  known[String(masked)] ??= rowWriter(columns, { masked, from: columnsOf(def).all });
  return known[String(masked)] as (cells: readonly Cell[]) => string;
}

/**
 * The reply of a write whose row is `cells`, all columns. `view` null, or a rule of it that the row does not satisfy: only the id
 * and the fields that were sent are told, which their sender knows.
 */
export function writtenReply(
  def: CollectionDef,
  cells: readonly Cell[],
  view: RecordScope | null,
  sent: readonly FieldColumn[],
): RawJson {
  const all = columnsOf(def).all;
  const seen =
    view !== null &&
    (view.rows.length === 0 ||
      passes(view.rows, JSON.parse(writerOf(def, all, false)(cells)) as Record<string, unknown>, view.environment));
  const columns = seen ? readProjection(def, undefined, view) : [ID, ...sent];
  return new RawJson(writerOf(def, columns, view === null || !view.unmasked)(cells));
}

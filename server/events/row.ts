// An event as a row of the log tells it.
import { rfc3339 } from '../db/cells.ts';
import type { Cell } from '../db/database.ts';
import type { Event, EventType } from './event.ts';

/** Of `snackbase.events e`, behind the number of the batch. */
export const COLUMNS = `e.id, e.account_id, e.collection, e.collection_id, e.revision, e.type, e.record_id, e.occurred_at, e.actor, e.columns, to_json(e.cells),
  e.assigned, to_json(e.was)`;

// A collection's events name the same columns, one after the other.
const lists = new Map<string, readonly string[]>();
function listOf(text: string): readonly string[] {
  let list = lists.get(text);
  if (list === undefined) {
    if (lists.size > 1000) lists.clear();
    list = text.split(',');
    lists.set(text, list);
  }
  return list;
}

/** What the cells of these columns mean. */
export const eventOf = (row: readonly Cell[]): Event => {
  const [batch, id, accountId, collection, collectionId, revision, type, recordId, at, actor, ...rest] =
    row as string[];
  const [columns, cells, assigned, was] = rest;
  return {
    position: { batch: Number(batch), id: Number(id) },
    accountId: accountId as string,
    collection: collection as string,
    collectionId: collectionId as string,
    revision: Number(revision),
    type: type as EventType,
    recordId: recordId as string,
    at: rfc3339(at as string),
    actor: actor as string,
    columns: listOf(columns as string),
    cells: JSON.parse(cells as string) as Cell[],
    assigned: assigned == null ? null : listOf(assigned),
    was: was == null ? null : (JSON.parse(was) as Cell[]),
  };
};

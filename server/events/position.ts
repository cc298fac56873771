// A place in the log of events: after which event a reader goes on.
import type { Cell } from '../db/database.ts';

/** Behind the event `id` of a batch. Batches come in the order of their numbers, events of one in the order of ids. */
export interface Position {
  readonly batch: number;
  readonly id: number;
}

/** Negative when `a` comes first. */
export const comparePositions = (a: Position, b: Position): number => a.batch - b.batch || a.id - b.id;

/** As it leaves the server: `412-99813`. */
export const positionText = ({ batch, id }: Position): string => `${batch}-${id}`;

const TEXT = /^(\d{1,15})-(\d{1,15})$/;

/** Null for a text that is no position. */
export function parsePosition(text: string): Position | null {
  const found = TEXT.exec(text);
  return found === null ? null : { batch: Number(found[1]), id: Number(found[2]) };
}

export type EventType = 'created' | 'updated' | 'deleted' | 'restored';

/** One committed change of one record. */
export interface Event {
  readonly position: Position;
  readonly accountId: string;
  /** `main.posts`. */
  readonly collection: string;
  /** Another one of that name may have come since; and what it was like then. */
  readonly collectionId: string;
  readonly revision: number;
  readonly type: EventType;
  readonly recordId: string;
  /** RFC 3339 with `Z`. */
  readonly at: string;
  /** JSON text of `{kind, user_id?, key_id?, request_id?}`. */
  readonly actor: string;
  /** Physical columns of the table when it was written. */
  readonly columns: readonly string[];
  /** Their text after the change, of a deleted record before it. */
  readonly cells: readonly Cell[];
  /** What the change assigned, null where nothing was before it or the record is gone. */
  readonly assigned: readonly string[] | null;
  /** How that was. */
  readonly was: readonly Cell[] | null;
}

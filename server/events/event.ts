// One change of one record, as the log keeps it.
import type { Cell } from '../db/database.ts';
import type { Position } from './position.ts';

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

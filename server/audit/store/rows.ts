// A captured change as SQL selects it and as the room works with it.
import type { Cells, Change, Context } from '../entry.ts';

/** Bytes as hexadecimal text. */
export const HEX = (expression: string): string => `encode(${expression}, 'hex')`;
/** The moment of a change, as it is hashed: six digits and Z. */
export const OCCURRED = `to_char(c.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
/** The columns of a change `c` besides `occurred_at`, which joins may take from elsewhere. */
export const CHANGE = 'c.position, c.account_id, c.operation, c.table_name, c.record_id, c.context, c.entries';

export interface ChangeRow {
  readonly position: number;
  readonly account_id: string;
  readonly operation: string;
  readonly table_name: string;
  readonly record_id: string;
  readonly context: Context;
  readonly entries: Cells[];
  readonly occurred_at: string;
}

export const changeOf = (row: ChangeRow): Change => ({
  position: row.position,
  accountId: row.account_id,
  occurredAt: row.occurred_at,
  operation: row.operation,
  table: row.table_name,
  recordId: row.record_id,
  context: row.context,
  entries: row.entries,
});

/** The same from text cells: the columns of `CHANGE`, then the moment. */
export const changeOfCells = (cells: readonly string[]): Change => ({
  position: Number(cells[0]),
  accountId: cells[1] as string,
  operation: cells[2] as string,
  table: cells[3] as string,
  recordId: cells[4] as string,
  context: JSON.parse(cells[5] as string) as Context,
  entries: JSON.parse(cells[6] as string) as Cells[],
  occurredAt: cells[7] as string,
});

// What soft delete asks of a table and of the keys that point at it: see migration 0012.
import type { Transaction } from '../db/database.ts';
import type { TableId } from './define.ts';

/** Turns on or off that a row's soft deletion does what the references to it say, and that nobody refers to a deleted row. */
export async function guardSoftDelete(tx: Transaction, { schema, table }: TableId, soft: boolean): Promise<void> {
  await tx.query('select snackbase.guard_soft_delete($1, $2, $3)', [schema, table, soft]);
}

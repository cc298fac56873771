// Transactions that may be undone without a fault: trials.
import type { Database, Transaction } from '../db/database.ts';

class Undone extends Error {}

/** Does the work in a transaction, which leaves nothing unless the work answers true; answers the same. */
export async function keptIf(db: Database, work: (tx: Transaction) => Promise<boolean>): Promise<boolean> {
  try {
    await db.transaction(async (tx) => {
      if (!(await work(tx))) throw new Undone();
    });
    return true;
  } catch (error) {
    if (error instanceof Undone) return false;
    throw error;
  }
}

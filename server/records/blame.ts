// Which of many new records the database refuses: it names the constraint, but not the row of its statement.
import { Failure } from '../../contract/problems.ts';
import type { Database } from '../db/database.ts';
import { at } from './batch-places.ts';
import { recordFault } from './faults.ts';
import type { Opened } from './open.ts';
import type { Author } from './store/write.ts';
import type { NewRecord, RecordsWritten } from './store/write-many.ts';
import { keptIf } from './undone.ts';

/** The row of that place was refused. */
class Refused extends Error {
  constructor(
    readonly index: number,
    override readonly cause: unknown,
  ) {
    super('refused');
  }
}

/**
 * The failure with the place of the first row that is refused, found by storing one after the other in a transaction that is undone.
 * What is nobody's mistake comes back as it is.
 */
export async function blamed(
  { db, writesMany }: { readonly db: Database; readonly writesMany: RecordsWritten },
  { def, scope }: Opened,
  rows: readonly NewRecord[],
  author: Author,
  error: unknown,
): Promise<unknown> {
  // A failure knows its place, or has none.
  if (error instanceof Failure) return error;
  const told = recordFault(error, 'store', def);
  if (!(told instanceof Failure) || told.status >= 500) return error;
  try {
    await keptIf(db, async (tx) => {
      for (const [i, row] of rows.entries())
        await writesMany.insertMany(tx, def, scope, [row], author).catch((cause) => {
          throw new Refused(i, cause);
        });
      return false;
    });
  } catch (second) {
    if (!(second instanceof Refused)) return error;
    const fault = recordFault(second.cause, 'store', def);
    return fault instanceof Failure ? at(fault, second.index) : error;
  }
  return error;
}

// Work whose parts are done apart once it has failed, so that one part that the database refuses stops nobody else's.
import type { Database, Transaction } from '../db/database.ts';
import { isPassing } from '../db/errors.ts';
import { joined } from '../db/joined.ts';
import type { Logger } from '../db/log.ts';

/**
 * Does a part of the work, as that of one definition for one event, apart from the others: where it fails for what it is, that is
 * logged with `facts` and it is passed over, so that nobody's events wait for it. A fault that passes is thrown.
 */
export type Apart = (facts: object, part: (tx: Transaction) => Promise<void>) => Promise<void>;

interface CareOptions {
  readonly db: Database;
  /** Whose work it is, for the log. */
  readonly name: string;
  readonly log?: Logger | undefined;
}

/** From work that failed until some goes through of which nothing had to be passed over, its parts are done apart. */
export function createCare({ db, name, log }: CareOptions) {
  const care = {
    careful: false,
    async run<T>(tx: Transaction, work: (apart?: Apart) => Promise<T>): Promise<T> {
      let whole = true;
      const apart: Apart = async (facts, part) => {
        try {
          await joined(db, tx).transaction(part);
        } catch (error) {
          if (isPassing(error)) throw error;
          whole = false;
          log?.error({ err: error, consumer: name, ...facts }, 'An event could not be worked on and is passed over.');
        }
      };
      const again = care.careful;
      care.careful = true;
      const done = await work(again ? apart : undefined);
      care.careful = !whole;
      return done;
    },
  };
  return care;
}

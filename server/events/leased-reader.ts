// A durable reader of the log whose work happens outside of transactions, so that it may take its time: one process at a time has it.
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';
import type { Event } from './event.ts';
import * as outbox from './outbox.ts';
import { comparePositions, type Position } from './position.ts';
import * as place from './store/place.ts';
import type { Tail } from './tail.ts';

export interface LeasedReader {
  /** Resolves once its place is made: what is written from then on is read. */
  readonly ready: Promise<void>;
  /** Resolves once what is in the log now was worked through, unless another process is at it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface LeasedReaderOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly log?: Logger | undefined;
  /** Names the place; readers of one name share the work. */
  readonly name: string;
  readonly wants: (event: Event) => boolean;
  /**
   * Works on one event, which comes again when the process dies meanwhile. `keep` holds the place for so many seconds more and
   * answers false where it was lost; it is to be called before whatever takes long.
   */
  readonly work: (event: Event, keep: (seconds: number) => Promise<boolean>) => Promise<void>;
}

/** Beside what work asks for. After a process died its events wait for so long; losing it early only repeats them. */
const LEASE_S = 5;
const LIMIT = 100;

/** Begins at the end of the log the first time that this name is used, later where it stopped. */
export function createLeasedReader({ db, tail, log, name, wants, work }: LeasedReaderOptions): LeasedReader {
  let closed = false;

  /** One page; answers whether there is more. */
  async function page(): Promise<boolean> {
    const from = await place.find(db, name);
    if (from === undefined) {
      await place.begin(db, name);
      return true;
    }
    const read = await tail.read(from, LIMIT);
    if (read !== null && read.events.length === 0) return false;
    let lease = await place.take(db, name, LEASE_S);
    if (lease === undefined) return false;
    /** Holds the place there; false where it is another's by now. */
    const moved = async (to: Position, seconds: number): Promise<boolean> => {
      lease = lease && (await place.move(db, name, { ...lease, ...to }, seconds));
      return lease !== undefined;
    };
    try {
      if (comparePositions(lease, from) !== 0) return true;
      if (read === null) {
        // The log was pruned past ten times its size: nothing can be told of what went.
        log?.error({ consumer: name, from }, 'Events were pruned before they were read.');
        const [first] = await outbox.oldest(db);
        return first !== undefined && (await moved(first, LEASE_S));
      }
      let at: Position = from;
      for (const event of read.events) {
        if (closed) return false;
        if (wants(event)) {
          const here = at;
          await work(event, (seconds) => moved(here, seconds + LEASE_S));
          if (!(await moved(event.position, LEASE_S))) return false;
        }
        at = event.position;
      }
      return (await moved(read.reached, LEASE_S)) && read.more;
    } finally {
      if (lease !== undefined) await place.move(db, name, lease, 0);
    }
  }

  const pass = createPass(async () => {
    while (!closed && (await page()));
  });
  const onMore = () => {
    // It is called again within a second, whatever happened.
    pass().catch((error) => {
      if (!closed) log?.warn({ err: error, consumer: name }, 'Events could not be worked on; trying again.');
    });
  };
  const stop = tail.onMore(onMore);
  const ready = place.begin(db, name);
  ready.then(onMore, (error) => log?.warn({ err: error, consumer: name }, 'A reader of events could not begin.'));

  return {
    ready,
    async settle() {
      await tail.end();
      await pass();
    },
    async close() {
      closed = true;
      stop();
      await ready.catch(() => {});
      await pass.idle();
    },
  };
}

/** Nothing is kept any longer for readers of that name where none has read for so many seconds what is in the log. */
export const forgetReader = (db: Database, name: string, seconds: number): Promise<void> =>
  place.forgetUnread(db, name, seconds);

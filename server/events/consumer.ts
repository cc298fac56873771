// A durable reader of the log: its place is stored, moves on in the transaction of its work, and one process at a time has it.
import type { Database, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';
import { type Apart, createCare } from './apart.ts';
import type { Event } from './event.ts';
import * as outbox from './outbox.ts';
import type { Position } from './position.ts';
import type { Turn } from './sharing.ts';
import { begin } from './store/place.ts';
import type { Tail } from './tail.ts';

export interface Consumer {
  /** Somebody may want events now, where nobody did. */
  wake(): void;
  /** Resolves once what is in the log now was worked through, unless another process is at it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface ConsumerOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly log?: Logger | undefined;
  /** Names the place; two consumers of one name share the work. */
  readonly name: string;
  /**
   * Works on events in their order. What it writes with `tx` and the place commit together; when it throws, they come again, fewer at a
   * time and with `apart`, for each of its parts to be done with. Without it nothing is spent on savepoints.
   */
  readonly work: (
    tx: Transaction,
    events: readonly Event[],
    apart: Apart | undefined,
    place: Position,
  ) => Promise<void>;
  /** Works on what it left for later, in turns with what is new; with the place locked. */
  readonly turn?: (tx: Transaction, apart: Apart | undefined, place: Position) => Promise<Turn>;
  /**
   * Whether anybody wants events at all, asked in a transaction after the end of the log was read; where nobody does the place moves
   * there unread. Left out: somebody always does.
   */
  readonly wanted?: (tx: Transaction) => Promise<boolean>;
  /** Events at a time. */
  readonly limit?: number;
}

/** Makes the place of that name at the end of the log where there is none: what is committed from now on is read. */
export const beginReading = (db: Database, name: string): Promise<void> => begin(db, name);

/** After work that failed; news of further events tries at once. */
const RETRY_MS = 250;
/** Events at a time after work that failed. */
const FEW = 20;
/** What is new comes first, but after so many pages of it what was left for later has a turn. */
const PAGES = 8;
/** When what was left has no room yet. */
const HELD_BACK_MS = 1000;
/** How seldom a log that nobody wants is looked at; its place must follow, because readers hold back what is old. */
const UNWANTED_MS = 5000;

/** Begins at the end of the log the first time that this name is used, later where it stopped. */
export function createConsumer({ db, tail, log, name, work, turn, wanted, limit = 200 }: ConsumerOptions): Consumer {
  let closed = false;
  let unwantedUntil = 0;
  let retry: NodeJS.Timeout | undefined;
  const pages = createCare({ db, name, log });
  const turns = createCare({ db, name, log });

  /** One page; answers whether there is more. */
  const page = () =>
    db.transaction(async (tx) => {
      const place = await outbox.claim(tx, name);
      if (place === null) return false;
      if (wanted !== undefined) {
        const end = outbox.endOf(await outbox.lastBatch(tx));
        if (!(await wanted(tx))) {
          unwantedUntil = performance.now() + UNWANTED_MS;
          if (end.batch !== place.batch || end.id !== place.id) await outbox.advance(tx, name, end);
          return false;
        }
      }
      const read = await outbox.read(tx, place, pages.careful ? Math.min(FEW, limit) : limit);
      if (read === null) {
        // The log was pruned past ten times its size: nothing can be told of what went.
        log?.error({ consumer: name, place }, 'Events were pruned before they were read.');
        const [first] = await outbox.oldest(tx);
        if (first !== undefined) await outbox.advance(tx, name, first);
        return first !== undefined;
      }
      if (read.events.length > 0) await pages.run(tx, (apart) => work(tx, read.events, apart, place));
      if (read.reached.batch !== place.batch || read.reached.id !== place.id)
        await outbox.advance(tx, name, read.reached);
      return read.more;
    });

  const later = () =>
    db.transaction(async (tx) => {
      const place = await outbox.claim(tx, name);
      if (place === null || turn === undefined) return 'nobody';
      return turns.run(tx, (apart) => turn(tx, apart, place));
    });

  const pass = createPass(async () => {
    let left: Turn = 'nobody';
    for (let n = 1, more = true; !closed && (more || left === 'went on'); n++) {
      more = await page();
      left = turn !== undefined && (!more || n % PAGES === 0) ? await later() : 'nobody';
    }
    if (left === 'held back') again(HELD_BACK_MS);
  });

  function again(ms: number): void {
    if (closed || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      run();
    }, ms);
  }
  function run(): void {
    pass().catch((error) => {
      // Several may have asked for what failed.
      if (closed || retry !== undefined) return;
      log?.warn({ err: error, consumer: name }, 'Events could not be worked on; trying again.');
      again(RETRY_MS);
    });
  }
  const onMore = () => {
    if (performance.now() >= unwantedUntil) run();
  };
  const stop = tail.onMore(onMore);
  onMore();

  return {
    wake() {
      unwantedUntil = 0;
      onMore();
    },
    async settle() {
      await tail.end();
      await pass();
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      stop();
      await pass.idle();
    },
  };
}

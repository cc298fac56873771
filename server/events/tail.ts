// The end of the log: cuts what was committed into batches, tells this process's readers that there is more, and prunes.
import type { Database, Runner, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';
import * as outbox from './outbox.ts';
import type { Position } from './position.ts';

export interface Tail {
  /** For whoever ran a statement that appended events: they are cut soon after its commit. */
  appended(on: Runner): void;
  /** Cuts what is committed now; answers the end of the log. */
  end(): Promise<Position>;
  /** Events behind a position; null for one that the log does not hold. */
  read(after: Position, limit: number): Promise<outbox.Read | null>;
  /** Calls `fn` whenever there may be more to read, in whichever process it was written; answers the function that ends it. */
  onMore(fn: () => void): () => void;
  /** Forgets what is no longer kept; answers how many events went. */
  prune(): Promise<number>;
  close(): Promise<void>;
}

export interface TailOptions {
  readonly db: Database;
  readonly log?: Logger | undefined;
  readonly retention: outbox.Retention;
  /** Between two batches, in ms: what is committed meanwhile is one batch. The first after a pause is cut at once. */
  readonly pauseMs?: number;
  /** How often to look without being told, for writes of processes that died before they could tell. */
  readonly idleMs?: number;
  readonly pruneMs?: number;
}

/** Starts to listen. Rejects with DatabaseUnavailable. The database must be migrated. */
export async function createTail(options: TailOptions): Promise<Tail> {
  const { db, log, retention, pauseMs = 20, idleMs = 1000, pruneMs = 60_000 } = options;
  const readers = new Set<() => void>();
  let seen = 0;
  let last: outbox.Batch | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lastAt = 0;
  let closed = false;

  const warn = (message: string) => (error: unknown) => {
    if (!closed) log?.warn({ err: error }, message);
  };
  const tell = () => {
    for (const reader of [...readers]) reader();
  };

  const cut = createPass(async () => {
    lastAt = performance.now();
    for (;;) {
      last ??= await outbox.lastBatch(db);
      const made = await outbox.cut(db, last);
      if (made === null) return;
      last = made === 'behind' ? null : made;
      if (last !== null) return heard(last.number);
    }
  });

  function heard(batch: number): void {
    if (batch <= seen) return;
    seen = batch;
    tell();
  }

  function soon(): void {
    if (timer !== null || closed) return;
    const wait = lastAt + pauseMs - performance.now();
    timer = setTimeout(
      () => {
        timer = null;
        if (!closed) cut().catch(warn('Events could not be put into order; trying again.'));
      },
      Math.max(0, wait),
    );
  }

  await db.transaction((tx) => outbox.adopt(tx));
  const stop = await db.listen(outbox.CHANNEL, (batch) => heard(Number(batch)), tell);
  // Also where nothing was cut: a message of another process may have been lost.
  const idle = setInterval(() => {
    if (timer === null && !cut.running) soon();
    tell();
  }, idleMs);
  idle.unref();
  const prune = () => outbox.prune(db, retention);
  const pruning = setInterval(() => prune().catch(warn('Old events could not be removed.')), pruneMs);
  pruning.unref();

  return {
    appended(on) {
      if ('inTransaction' in on) (on as Transaction).afterCommit(soon);
      else soon();
    },
    async end() {
      await cut();
      return outbox.endOf(await outbox.lastBatch(db));
    },
    read: (after, limit) => outbox.read(db, after, limit),
    onMore(fn) {
      readers.add(fn);
      return () => readers.delete(fn);
    },
    prune,
    async close() {
      closed = true;
      clearInterval(idle);
      clearInterval(pruning);
      if (timer !== null) clearTimeout(timer);
      readers.clear();
      await stop();
      await cut.idle();
    },
  };
}

// A small table in memory: numbered by its changes, read whole or what has changed since, and kept equal to the database across processes.
import type { Database, Runner, Transaction } from '../db/database.ts';

/** What was read: its text, and the number of the last change it contains. */
export interface Read {
  readonly number: number;
  readonly text: string;
}

export interface Snapshot<T> {
  /** Another number whenever `value` may have changed. */
  readonly version: number;
  readonly value: T;
  /**
   * Makes what `tx` changed known: here before the promise of `tx` resolves, in other processes by notification. Call it last in
   * the transaction; whoever else publishes waits until this one ends. `of`: what `bump` is to be told.
   */
  publish(tx: Transaction, of?: readonly string[]): Promise<void>;
  /** Reads again. */
  reload(): Promise<void>;
  /** The value with every change that was committed before this call, read on `run` where it is not known yet. */
  current(run: Runner): Promise<T>;
  /** Ends the subscription. */
  close(): Promise<void>;
}

export interface SnapshotOptions<T> {
  readonly db: Database;
  readonly log?: { warn(facts: object, message: string): void } | undefined;
  readonly channel: string;
  /** One statement, so that number and rows belong together; all of them, or those that changed after the number `since`. */
  readonly read: (run: Runner, since: number) => Promise<Read>;
  /** The number alone; left out: of what `read` answers. */
  readonly number?: (run: Runner) => Promise<number>;
  /** Takes the next number, whose row stays locked until the transaction ends: numbers follow the order of commits. */
  readonly bump: (run: Runner, of: readonly string[]) => Promise<number>;
  /** `before`: the value so far, for what reads changes alone. */
  readonly parse: (text: string, before: T | undefined) => T;
}

const SLOWEST_RETRY_MS = 5000;

/** Subscribes to changes and reads the table. Rejects with DatabaseUnavailable. */
export async function createSnapshot<T>(options: SnapshotOptions<T>): Promise<Snapshot<T>> {
  const { db, log, channel, read, bump, parse } = options;
  let known: Read = { number: -1, text: '' };
  const asked = (run: Runner) => read(run, known.number);
  const { number = async (run) => (await asked(run)).number } = options;
  let value: T | undefined;
  let version = 0;
  let closed = false;

  // What was overtaken on its way is told by its number.
  function put(fresh: Read): void {
    if (fresh.number < known.number) return;
    if (fresh.text !== known.text) {
      value = parse(fresh.text, value);
      version += 1;
    }
    // Only now: what could not be parsed is read again.
    known = fresh;
  }

  async function reload(): Promise<void> {
    put(await asked(db));
  }

  // A change was announced but cannot be read now: what is known is old until a reading succeeds.
  function insist(pauseMs = 100): void {
    if (closed) return;
    reload().catch((error) => {
      log?.warn({ err: error, channel }, 'A change could not be read; trying again.');
      setTimeout(() => insist(Math.min(pauseMs * 2, SLOWEST_RETRY_MS)), pauseMs).unref();
    });
  }

  // Before reading, so that no change falls between the two.
  const stop = await db.listen(
    channel,
    (told) => {
      if (Number(told) > known.number) insist();
    },
    () => insist(),
  );
  await reload();

  return {
    get version() {
      return version;
    },
    get value() {
      return value as T;
    },
    async publish(tx, of = []) {
      const next = await bump(tx, of);
      const fresh = await asked(tx);
      tx.afterCommit(() => put(fresh));
      await db.notify(channel, String(next), tx);
    },
    reload,
    async current(run) {
      if ((await number(run)) > known.number) put(await asked(run));
      return value as T;
    },
    async close() {
      closed = true;
      await stop();
    },
  };
}

// Work that waits in a table until it is due: claimed by one process at a time under a lease, run side by side, taken up again when its process died.
//
// Accounts share the places. An item's place is the number of its account's items that run, itself included; the lowest places come
// first, accounts with the same place in turns, and an item is claimed only while at least as many places are free, its own included.
// So an account takes no more than it leaves: alone half of them, two a third each, and the last one goes to an account of which
// nothing runs. Each claim is ordered and cut that way:
//   turn = row_number() over (order by place, account_id <= after, account_id)    place + turn <= limit + 1
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';

/** A claimed item; `lease` is what its row carries for as long as it is this process's to work on. */
export interface Claimed {
  readonly id: string;
  readonly account_id?: string;
}

export interface DueOptions<T extends Claimed> {
  /** For the log. */
  readonly name: string;
  /**
   * Takes up to `limit` items that are due and nobody's, and writes `lease` and its end, `leaseMs` from now by the database's
   * clock, into their rows. Items whose lease has ended are nobody's. Those in `busy` are to be left alone: this process still works
   * on them for an earlier claim, or has just written that they are to come again. They are not begun a second time where they come, and
   * their new lease would have to end first. `after` is the account whose turn was the last:
   * that of the last item before.
   */
  readonly claim: (
    lease: string,
    leaseMs: number,
    limit: number,
    busy: readonly string[],
    after: string,
  ) => Promise<readonly T[]>;
  /** Puts off the end of the leases of these items. */
  readonly renew: (lease: string, leaseMs: number, ids: readonly string[]) => Promise<void>;
  /**
   * Works on one. What it writes must hold the lease as a condition, so that a process that lost it changes nothing. A rejection
   * leaves the item to be claimed again once its lease has ended.
   */
  readonly run: (item: T, lease: string, signal: AbortSignal) => Promise<void>;
  /**
   * Milliseconds until the next item is due or its lease ends, null when there is none; 0 or less for what is due and was not to be
   * had, because it waits for a place of its own.
   */
  readonly nextIn: () => Promise<number | null>;
  /** Items side by side. */
  readonly concurrency: number;
  readonly log?: Logger | undefined;
  /** Default 15 s. */
  readonly leaseMs?: number;
  /** How often to look when nobody calls; default 2 s. */
  readonly idleMs?: number;
}

export interface Due {
  /** There may be something to do. */
  wake(): void;
  /** Resolves once nothing is due and nothing runs. For tests. */
  settle(): Promise<void>;
  /** Takes nothing more, tells what runs to stop, and waits for it. */
  close(): Promise<void>;
}

const RETRY_MS = 500;
/** What is due and waits for a place of its own may get it by the end of something in another process. */
const HELD_BACK_MS = 100;

export function createDue<T extends Claimed>(options: DueOptions<T>): Due {
  const { name, claim, renew, run, nextIn, concurrency, log, leaseMs = 15_000, idleMs = 2000 } = options;
  const lease = randomUUID();
  const stopping = new AbortController();
  // Each item that runs may listen.
  setMaxListeners(0, stopping.signal);
  const active = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let hungry = false;
  let after = '';

  const warn = (error: unknown, message: string) => {
    if (!stopping.signal.aborted) log?.warn({ err: error, work: name }, message);
  };

  function start(item: T): void {
    const work = run(item, lease, stopping.signal)
      .catch((error) => warn(error, 'Work failed and is taken up again later.'))
      .finally(() => {
        active.delete(item.id);
        // Where more was due than was taken, a free place is a reason to look.
        if (hungry) wake();
      });
    active.set(item.id, work);
  }

  const pass = createPass(async () => {
    clearTimeout(timer);
    let pause = RETRY_MS;
    try {
      for (;;) {
        const free = concurrency - active.size;
        hungry = free <= 0;
        if (stopping.signal.aborted || hungry) return;
        const items = await claim(lease, leaseMs, free, [...active.keys()], after);
        after = items.at(-1)?.account_id ?? after;
        // One whose lease ended while this process was held up is still being worked on here: taking it again renewed that.
        for (const item of items) if (!active.has(item.id)) start(item);
        if (items.length === 0) break;
      }
      const next = await nextIn();
      hungry = next !== null && next <= 0;
      pause = next === null ? idleMs : Math.min(idleMs, hungry ? HELD_BACK_MS : Math.max(next, 5));
    } catch (error) {
      warn(error, 'Work could not be claimed; trying again.');
    }
    if (!stopping.signal.aborted) timer = setTimeout(wake, pause).unref();
  });
  const wake = () => void pass();

  const renewing = setInterval(() => {
    if (active.size === 0) return;
    renew(lease, leaseMs, [...active.keys()]).catch((error) => warn(error, 'Leases could not be renewed.'));
  }, leaseMs / 3);
  renewing.unref();
  wake();

  return {
    wake,
    async settle() {
      do {
        await pass();
        await Promise.all(active.values());
        await pass();
      } while (active.size > 0);
    },
    async close() {
      stopping.abort();
      clearTimeout(timer);
      clearInterval(renewing);
      await pass.idle();
      await Promise.all(active.values());
    },
  };
}

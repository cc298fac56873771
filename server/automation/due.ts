// Work that waits in a table until it is due: claimed by one process at a time under a lease, run side by side, taken up again when its process died.
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';

/** A claimed item; `lease` is what its row carries for as long as it is this process's to work on. */
export interface Claimed {
  readonly id: string;
}

export interface DueOptions<T extends Claimed> {
  /** For the log. */
  readonly name: string;
  /**
   * Takes up to `limit` items that are due and nobody's, and writes `lease` and its end, `leaseMs` from now by the database's
   * clock, into their rows. Items whose lease has ended are nobody's. Those in `busy` this process still works on for an earlier
   * claim: they may be left alone, and are not begun a second time where they come.
   */
  readonly claim: (lease: string, leaseMs: number, limit: number, busy: readonly string[]) => Promise<readonly T[]>;
  /** Puts off the end of the leases of these items. */
  readonly renew: (lease: string, leaseMs: number, ids: readonly string[]) => Promise<void>;
  /**
   * Works on one. What it writes must hold the lease as a condition, so that a process that lost it changes nothing. A rejection
   * leaves the item to be claimed again once its lease has ended.
   */
  readonly run: (item: T, lease: string, signal: AbortSignal) => Promise<void>;
  /** Milliseconds until the next item is due or its lease ends; null when there is none. */
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

export function createDue<T extends Claimed>(options: DueOptions<T>): Due {
  const { name, claim, renew, run, nextIn, concurrency, log, leaseMs = 15_000, idleMs = 2000 } = options;
  const lease = randomUUID();
  const stopping = new AbortController();
  // Each item that runs may listen.
  setMaxListeners(0, stopping.signal);
  const active = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let hungry = false;

  const warn = (error: unknown, message: string) => {
    if (!stopping.signal.aborted) log?.warn({ err: error, work: name }, message);
  };

  function start(item: T): void {
    const work = run(item, lease, stopping.signal)
      .catch((error) => warn(error, 'Work failed and is taken up again later.'))
      .finally(() => {
        active.delete(item.id);
        // Where more was due than could be taken, a free place is a reason to look.
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
        const items = await claim(lease, leaseMs, free, [...active.keys()]);
        // One whose lease ended while this process was held up is still being worked on here: taking it again renewed that.
        for (const item of items) if (!active.has(item.id)) start(item);
        if (items.length === 0) break;
      }
      const next = await nextIn();
      pause = next === null ? idleMs : Math.min(idleMs, Math.max(next, 5));
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

// The time that the hooks before writes have together in one transaction: its caller waits for all of them, and rows stay locked.
import type { Transaction } from '../../db/database.ts';
import { outerOf } from '../../db/joined.ts';

export interface TimeLeft {
  /** Seconds; 0 or less where they have used it up. What runs within another run shares its time. */
  in(tx: Transaction): number;
  /** Charges what a run takes, however it ends. */
  during<T>(tx: Transaction, run: () => Promise<T>): Promise<T>;
}

interface Used {
  ms: number;
  /** Runs that last; those within others and beside them take the same time. */
  running: number;
  since: number;
}

export function createTimeLeft(seconds: number, now = () => performance.now()): TimeLeft {
  const used = new WeakMap<Transaction, Used>();
  const of = (tx: Transaction): Used => {
    for (let at: Transaction | undefined = tx; at !== undefined; at = outerOf(at)) {
      const around = used.get(at);
      if (around !== undefined && around.running > 0) return around;
    }
    // Parts of a long transaction that are written one after the other, as groups of an import, have theirs each.
    const own = used.get(tx) ?? { ms: 0, running: 0, since: 0 };
    used.set(tx, own);
    return own;
  };
  return {
    in(tx) {
      const { ms, running, since } = of(tx);
      return seconds - (ms + (running > 0 ? now() - since : 0)) / 1000;
    },
    async during(tx, run) {
      const own = of(tx);
      if (own.running++ === 0) own.since = now();
      try {
        return await run();
      } finally {
        if (--own.running === 0) own.ms += now() - own.since;
      }
    },
  };
}

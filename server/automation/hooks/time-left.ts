// The time that the hooks before writes have together in one transaction: its caller waits for all of them, and rows stay locked.
import type { Transaction } from '../../db/database.ts';

export interface TimeLeft {
  /** Seconds; 0 or less where they have used it up. */
  in(tx: Transaction): number;
  /** Charges what a run takes, however it ends. */
  during<T>(tx: Transaction, run: () => Promise<T>): Promise<T>;
}

export function createTimeLeft(seconds: number): TimeLeft {
  const used = new WeakMap<Transaction, number>();
  return {
    in: (tx) => seconds - (used.get(tx) ?? 0) / 1000,
    async during(tx, run) {
      const began = performance.now();
      try {
        return await run();
      } finally {
        used.set(tx, (used.get(tx) ?? 0) + performance.now() - began);
      }
    },
  };
}

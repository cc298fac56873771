// Forgetting old deliveries, a bounded number at a time.
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { pruneDeliveries } from './store/deliveries.ts';

const KEPT = { deliveredDays: 7, deadDays: 30 };
const EVERY_MS = 10 * 60_000;
const AT_ONCE = 2000;

export function createRetention(db: Database, log: Logger | undefined) {
  let closed = false;
  let running: Promise<void> | null = null;

  async function prune(): Promise<void> {
    while (!closed && (await pruneDeliveries(db, KEPT, AT_ONCE)) === AT_ONCE);
  }
  const timer = setInterval(() => {
    running ??= prune()
      .catch((err) => log?.warn({ err }, 'Old deliveries could not be removed.'))
      .finally(() => {
        running = null;
      });
  }, EVERY_MS);
  timer.unref();

  return {
    prune,
    async close(): Promise<void> {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}

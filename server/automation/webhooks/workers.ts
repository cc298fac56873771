// What works behind the webhooks: turning events into deliveries, sending these, forgetting old ones, disabling what is hopeless.
import type { Transaction } from '../../db/database.ts';
import type { Definitions } from '../definitions.ts';
import { createForgetting } from '../forgetting.ts';
import type { WebhooksOf } from './definition.ts';
import { createFeed, type FeedOptions } from './feed.ts';
import type { Rows } from './rows.ts';
import { createSending, type SendingOptions } from './sending.ts';
import { pruneDeliveries } from './store/deliveries.ts';
import * as store from './store/webhooks.ts';

export type WorkersOptions = Omit<FeedOptions, 'disable' | 'onNew' | 'delay'> &
  Omit<SendingOptions, 'disable' | 'any'> & {
    readonly subscribed: Pick<Definitions<WebhooksOf>, 'value' | 'current' | 'publish'>;
    readonly rows: Rows;
  };

export interface Workers {
  /** Another webhook is there, or enabled. */
  wake(): void;
  /** There are deliveries that nobody knows of. */
  onNew(): void;
  close(): Promise<void>;
}

const KEPT = { deliveredDays: 7, deadDays: 30 };
const PRUNED_AT_ONCE = 2000;

/** Starts all of them. */
export function createWorkers(options: WorkersOptions): Workers {
  const { db, log, subscribed, rows, schedule } = options;

  /** The server's own decisions, with the reason by id. The last of their transaction. */
  async function disable(tx: Transaction, reasons: ReadonlyMap<string, string>): Promise<void> {
    const accounts = new Set<string>();
    for (const [id, reason] of reasons) {
      const before = await store.findWebhook(tx, id, null, true);
      if (before === null || !(await store.disableWebhook(tx, id, reason))) continue;
      accounts.add(before.account_id);
      await rows.told(tx, null, before, { ...before, enabled: false, disabled_reason: reason });
      log?.warn({ webhook: id, account: before.account_id, reason }, 'A webhook was disabled.');
    }
    // Once, and behind every lock of a webhook: whoever publishes waits for whoever else does.
    await subscribed.publish(tx, ...accounts);
  }

  const sending = createSending({ ...options, disable, any: () => subscribed.value.size > 0 });
  const feed = createFeed({ ...options, disable, delay: schedule[0] ?? 0, onNew: sending.wake });
  const forgetting = createForgetting({
    some: async () => (await pruneDeliveries(db, KEPT, PRUNED_AT_ONCE)) === PRUNED_AT_ONCE,
    everyMs: 10 * 60_000,
    log,
    what: 'Old deliveries',
  });
  return {
    wake() {
      feed.wake();
      sending.wake();
    },
    onNew: sending.wake,
    async close() {
      await forgetting.close();
      await feed.close();
      await sending.close();
    },
  };
}

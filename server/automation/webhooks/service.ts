// Outbound webhooks: managing them, trying them out, and the two workers behind them, which turn events into deliveries and send these.
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import type { Webhook, WebhookChange, WebhookInput } from '../../../contract/webhook-shapes.ts';
import type { webhooks as contract } from '../../../contract/webhooks.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import { type Ctx, requireCaller } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import type { Tail } from '../../events/tail.ts';
import { isUuid, uuidV7 } from '../../ids.ts';
import type { Lifecycle } from '../../lifecycle/service.ts';
import type { Records } from '../../records/service.ts';
import type { Working } from '../background.ts';
import type { Outbound } from '../outbound/call.ts';
import { createSubscribed } from './definition.ts';
import { createDeliveryLog } from './deliveries.ts';
import type { Collections } from './feed.ts';
import { messageId, testPayload } from './message.ts';
import { createRows } from './rows.ts';
import { createSealed } from './sealed.ts';
import { attempt } from './sending.ts';
import { createSettings } from './settings.ts';
import { createSight } from './sight.ts';
import { makeSecret } from './signature.ts';
import * as store from './store/webhooks.ts';
import { continued } from './subscriptions.ts';
import { createWorkers, type Workers } from './workers.ts';

type C = typeof contract;

export interface WebhooksOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly records: Pick<Records, 'watch'>;
  readonly collections: Collections;
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
  readonly accounts: Accounts;
  readonly trail: Recorder;
  readonly outbound: Outbound;
  readonly encryptionKey: string;
  /** Seconds before each attempt of a delivery. */
  readonly schedule: readonly number[];
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly lifecycle?: Pick<Lifecycle, 'wants' | 'fire'> | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: () => Date;
}

/** How many an account can have. */
export const MOST_WEBHOOKS = 50;
const FORMER_HOURS = 24;
const TEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

export type Webhooks = Awaited<ReturnType<typeof createWebhooks>>;

/** Reads what is defined; `work` begins to send. Rejects with DatabaseUnavailable. */
export async function createWebhooks(options: WebhooksOptions) {
  const { db, tail, records, collections, rules, accounts, trail, outbound, schedule, timeoutMs, log } = options;
  const clock = options.clock ?? (() => new Date());
  const { watch } = records;
  const sealed = createSealed(options.encryptionKey);
  const read = createSettings({ outbound, collections, watch, sealed });

  const rows = createRows({ trail, sealed, clock });
  let workers: Workers | undefined;
  const subscribed = await createSubscribed(db, log, () => workers?.wake());
  const sight = createSight({ watch, rules });
  const { lifecycle } = options;
  const parts = {
    db,
    lifecycle,
    tail,
    log,
    subscribed,
    collections,
    sight,
    outbound,
    sealed,
    rows,
    schedule,
    timeoutMs,
    clock,
  };

  accounts.onDelete(async (tx, accountId) => {
    await store.deleteOfAccount(tx, accountId);
    await subscribed.publish(tx, accountId);
  });

  async function find(id: string, ctx: Ctx): Promise<store.WebhookRow> {
    const accountId = await accounts.scope(ctx);
    const row = isUuid(id) ? await store.findWebhook(db, id, accountId) : null;
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  async function hold(tx: Transaction, { id }: store.WebhookRow): Promise<store.WebhookRow> {
    const row = await store.findWebhook(tx, id, null, true);
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  /** Throws RESOURCE_NOT_FOUND, INVALID_REQUEST, and WRITE_CONFLICT where others are always faster. */
  async function change(id: string, sent: WebhookChange, ctx: Ctx): Promise<Webhook> {
    for (let tries = 1; tries <= ATTEMPTS; tries++) {
      const seen = await find(id, ctx);
      const { settings } = await read(seen.account_id, seen, sent);
      const made = await db.transaction(async (tx) => {
        const before = await hold(tx, seen);
        // What was judged outside is judged again where it has changed since.
        if (before.updated_at !== seen.updated_at) return null;
        const subscriptions = continued(before.subscriptions, settings.subscriptions, await store.clock(tx));
        const anew = settings.enabled && !before.enabled;
        const forgiven = anew || settings.url !== before.url;
        const after = await store.updateWebhook(tx, seen.id, { ...settings, subscriptions }, { anew, forgiven });
        await rows.told(tx, ctx, before, after);
        await subscribed.publish(tx, seen.account_id);
        return after;
      });
      if (made !== null) return rows.shown(made);
    }
    throw new Failure('WRITE_CONFLICT');
  }

  return {
    ...createDeliveryLog({ db, find, hold, onNew: () => workers?.onNew() }),

    async list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>> {
      const window = offsetWindow(query);
      const found = await store.listWebhooks(db, await accounts.scope(ctx), window);
      return page(found.rows.map(rows.shown), found.total, window);
    },

    /** Throws INVALID_REQUEST with every problem, ACCOUNT_REQUIRED, LIMIT_REACHED. */
    async create(input: WebhookInput, ctx: Ctx): Promise<Reply<C['create']>> {
      const accountId = await accounts.scope(ctx);
      if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID with its id or slug' });
      const { settings, secret } = await read(accountId, null, input);
      const made = await db.transaction(async (tx) => {
        if ((await store.lockAndCount(tx, accountId)) >= MOST_WEBHOOKS) {
          const what = 'webhooks in the account';
          throw new Failure('LIMIT_REACHED', { limit: MOST_WEBHOOKS, what, hint: 'delete one first' });
        }
        const by = requireCaller(ctx).userId;
        const row = await store.insertWebhook(tx, { id: uuidV7(), accountId, by }, settings);
        await rows.told(tx, ctx, null, row);
        await subscribed.publish(tx, accountId);
        return row;
      });
      return { ...rows.shown(made), secret: secret as string };
    },

    get: async (id: string, ctx: Ctx): Promise<Webhook> => rows.shown(await find(id, ctx)),
    change,

    async delete(id: string, ctx: Ctx): Promise<undefined> {
      const found = await find(id, ctx);
      await db.transaction(async (tx) => {
        const row = await hold(tx, found);
        await store.deleteWebhook(tx, row.id);
        await rows.told(tx, ctx, row, null);
        await subscribed.publish(tx, row.account_id);
      });
      return undefined;
    },

    async rotateSecret(
      id: string,
      body: Parsed<C['rotateSecret']>['body'],
      ctx: Ctx,
    ): Promise<Reply<C['rotateSecret']>> {
      const found = await find(id, ctx);
      const secret = makeSecret();
      const made = await db.transaction(async (tx) => {
        const before = await hold(tx, found);
        const hours = body?.expires_in_hours ?? FORMER_HOURS;
        const after = await store.rotateSecret(tx, before.id, sealed.seal(secret), hours);
        await rows.told(tx, ctx, before, after);
        return after;
      });
      return { ...rows.shown(made), secret };
    },

    async test(id: string, ctx: Ctx): Promise<Reply<C['test']>> {
      const { account_id: accountId, former_secret: formerSecret, url, headers, secret, ...row } = await find(id, ctx);
      const deliveryId = uuidV7();
      const message = {
        webhookId: row.id,
        deliveryId,
        messageId: messageId(deliveryId),
        event: 'test',
        payload: JSON.stringify(testPayload(row.id, accountId, messageId(deliveryId), clock())),
      };
      const signing = { url, headers, secret, formerSecret: rows.signs(row.former_until) ? formerSecret : null };
      const tried = await attempt(
        { outbound, sealed, clock },
        { ...message, ...signing },
        { accountId, timeoutMs: Math.min(timeoutMs, TEST_TIMEOUT_MS) },
      );
      const { status: status_code, error, response_body, duration_ms } = tried.attempt;
      return { success: error === null, status_code, response_body, error, duration_ms };
    },

    /** Begins to turn events into deliveries and to send these; for `Background.add`. */
    work(): Working {
      const begun = createWorkers(parts);
      workers = begun;
      return {
        async close() {
          workers = undefined;
          await begun.close();
        },
      };
    },

    close: () => subscribed.close(),
  };
}

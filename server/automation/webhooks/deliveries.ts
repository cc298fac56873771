// The log of a webhook's deliveries: looking at it, and sending what is in it again.
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import type { WebhookDelivery } from '../../../contract/webhook-shapes.ts';
import type { webhooks as contract } from '../../../contract/webhooks.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { isUuid, uuidV7 } from '../../ids.ts';
import { shortName } from '../../permissions/service.ts';
import { eventName } from './message.ts';
import * as store from './store/deliveries.ts';
import type { WebhookRow } from './store/webhooks.ts';
import { typeNamed } from './subscriptions.ts';

type C = typeof contract;

/** At a time. */
const MOST_REPEATED = 10_000;

export interface DeliveriesOptions {
  readonly db: Database;
  /** One that the caller may manage. Throws RESOURCE_NOT_FOUND. */
  readonly find: (id: string, ctx: Ctx) => Promise<WebhookRow>;
  /** The same in a transaction, its row locked. */
  readonly hold: (tx: Transaction, webhook: WebhookRow) => Promise<WebhookRow>;
  readonly onNew: () => void;
}

export function createDeliveryLog({ db, find, hold, onNew }: DeliveriesOptions) {
  async function one(webhookId: string, id: string, run: Database | Transaction = db): Promise<store.DeliveryInFull> {
    const row = isUuid(id) ? await store.findDelivery(run, webhookId, id) : null;
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  /** Work on an enabled webhook whose row is locked, after which there may be new deliveries. Throws WEBHOOK_DISABLED. */
  async function repeating<T>(
    id: string,
    ctx: Ctx,
    work: (tx: Transaction, webhookId: string) => Promise<T>,
  ): Promise<T> {
    const found = await find(id, ctx);
    return db.transaction(async (tx) => {
      const webhook = await hold(tx, found);
      if (!webhook.enabled) throw new Failure('WEBHOOK_DISABLED');
      tx.afterCommit(onNew);
      return work(tx, webhook.id);
    });
  }

  return {
    async deliveries(id: string, query: Parsed<C['deliveries']>['query'], ctx: Ctx): Promise<Reply<C['deliveries']>> {
      const { status, event: named, record_id: recordId, ...paging } = query;
      const webhook = await find(id, ctx);
      const window = offsetWindow(paging);
      const type = named === undefined ? null : typeNamed(named);
      const event = type === null ? named : eventName(type);
      if (recordId !== undefined && !isUuid(recordId)) return page([], 0, window);
      const { rows, total } = await store.listDeliveries(
        db,
        { webhookId: webhook.id, status, event, recordId },
        window,
      );
      return page(rows.map(shown), total, window);
    },

    async delivery(id: string, delivery: string, ctx: Ctx): Promise<Reply<C['delivery']>> {
      const webhook = await find(id, ctx);
      return shown(await one(webhook.id, delivery));
    },

    /** Throws DELIVERY_UNFINISHED, WEBHOOK_DISABLED. */
    redeliver: (id: string, delivery: string, ctx: Ctx): Promise<WebhookDelivery> =>
      repeating(id, ctx, async (tx, webhookId) => {
        const { id: of, status } = await one(webhookId, delivery, tx);
        if (status === 'pending' || status === 'retrying') throw new Failure('DELIVERY_UNFINISHED');
        return shown(await store.repeatDelivery(tx, of, uuidV7()));
      }),

    /** Throws WEBHOOK_DISABLED. */
    redeliverMany: (id: string, span: Parsed<C['redeliverMany']>['body'], ctx: Ctx): Promise<{ count: number }> =>
      repeating(id, ctx, async (tx, webhookId) => {
        const { from = null, to = null, status = 'dead' } = span ?? {};
        return { count: await store.repeatSpan(tx, { webhookId, status, from, to }, MOST_REPEATED) };
      }),
  };
}

const shown = <T extends WebhookDelivery>(row: T): T => ({ ...row, collection: shortName(row.collection) });

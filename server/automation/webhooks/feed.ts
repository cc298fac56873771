// From the log of events to deliveries: every webhook's messages are stored in the transaction that moves the reader's place on.
import { setTimeout as delayed } from 'node:timers/promises';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createConsumer } from '../../events/consumer.ts';
import type { Event } from '../../events/event.ts';
import type { Tail } from '../../events/tail.ts';
import { uuidV7 } from '../../ids.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Definitions } from '../definitions.ts';
import { micros, type Subscribed, type WebhooksOf } from './definition.ts';
import { eventName, messageId, payloadOf } from './message.ts';
import { type Sight, UnfitFilter } from './sight.ts';
import { insertDeliveries, type NewDelivery } from './store/deliveries.ts';
import { asksFor } from './subscriptions.ts';

/** Collections as the records room knows them. */
export interface Collections {
  get(name: string): CollectionDef | undefined;
  refresh(name: string): Promise<CollectionDef | undefined>;
  all(): readonly CollectionDef[];
}

export interface FeedOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly log?: Logger | undefined;
  readonly subscribed: Pick<Definitions<WebhooksOf>, 'current'>;
  readonly collections: Collections;
  readonly sight: Sight;
  /** Seconds before the first attempt. */
  readonly delay: number;
  /** Within a transaction, which ends with it: the server's own decision to disable some, with the reason by id. */
  readonly disable: (tx: Transaction, reasons: ReadonlyMap<string, string>) => Promise<void>;
  /** There are new deliveries. */
  readonly onNew: () => void;
}

const LEARN_MS = 10;

/** The collection of an event is another one than this process knows: to be asked for outside of the transaction. */
class Unknown extends Error {
  readonly expected = true;
  constructor(readonly event: Event) {
    super(`The collection ${event.collection} is read anew.`);
  }
}

export function createFeed(options: FeedOptions) {
  const { db, tail, log, subscribed, collections, sight, delay, disable, onNew } = options;
  /** Ids of collections that are no more. */
  const gone = new Set<string>();

  /** As the event found it or later; null when there is none any more. Throws Unknown. */
  function collectionOf(event: Event): CollectionDef | null {
    if (gone.has(event.collectionId)) return null;
    const def = collections.get(event.collection);
    if (def?.id === event.collectionId && def.revision >= event.revision) return def;
    throw new Unknown(event);
  }

  async function learn({ collection, collectionId }: Event): Promise<void> {
    const def = await collections.refresh(collection);
    if (def?.id !== collectionId) gone.add(collectionId);
  }

  async function deliveryOf(webhook: Subscribed, def: CollectionDef, event: Event): Promise<NewDelivery | null> {
    const seen = await sight.told(webhook, def, event).catch((err) => {
      if (err instanceof UnfitFilter) throw err;
      // It would fail again and again, and hold up everybody's messages.
      const facts = { err, at: event.position, collection: event.collection, webhook: webhook.id };
      if ((err as { expected?: boolean }).expected) log?.warn(facts, 'An event of former fields cannot be told.');
      else log?.error(facts, 'An event could not be told.');
      return null;
    });
    if (seen === null) return null;
    const id = uuidV7();
    const message = messageId(id);
    return {
      id,
      webhook_id: webhook.id,
      batch: event.position.batch,
      event_id: event.position.id,
      message_id: message,
      event: eventName(event.type),
      collection: def.qualifiedName,
      record_id: event.recordId,
      payload: payloadOf(webhook, event, seen, message),
    };
  }

  async function work(tx: Transaction, events: readonly Event[]): Promise<void> {
    const byAccount = await subscribed.current(tx);
    const made: NewDelivery[] = [];
    const unfit = new Map<string, string>();
    for (const event of events) {
      const at = micros(event.at);
      const asking = (byAccount.get(event.accountId) ?? []).filter(
        (one) => at >= one.activeSince && asksFor(one.subscriptions, event.collection, event.type, at),
      );
      const def = asking.length === 0 ? null : collectionOf(event);
      if (def === null) continue;
      for (const webhook of asking) {
        if (unfit.has(webhook.id)) continue;
        try {
          const delivery = await deliveryOf(webhook, def, event);
          if (delivery !== null) made.push(delivery);
        } catch (error) {
          if (!(error instanceof UnfitFilter)) throw error;
          unfit.set(webhook.id, error.message);
        }
      }
    }
    if (made.length > 0) {
      await insertDeliveries(tx, made, delay);
      tx.afterCommit(onNew);
    }
    if (unfit.size > 0) await disable(tx, unfit);
  }

  let learning: Promise<void> | null = null;
  const consumer = createConsumer({
    db,
    tail,
    log,
    name: 'webhooks',
    wanted: async (tx) => (await subscribed.current(tx)).size > 0,
    async work(tx, events) {
      try {
        await work(tx, events);
      } catch (error) {
        // Once this transaction is over; the events come again.
        if (error instanceof Unknown) learning ??= delayed(LEARN_MS).then(() => learned(error.event));
        throw error;
      }
    },
  });

  const learned = (event: Event): Promise<void> =>
    learn(event)
      .catch((err) => log?.warn({ err, collection: event.collection }, 'A collection could not be read; trying again.'))
      .finally(() => {
        learning = null;
        consumer.wake();
      });

  return {
    wake: consumer.wake,
    async close() {
      await consumer.close();
      await learning;
    },
  };
}

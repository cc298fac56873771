// What the routes of webhooks speak of: the webhook, its deliveries, and the message that a receiver gets.
import { z } from './kit.ts';
import { AccountId, Id, Timestamp } from './shapes.ts';

/** Of one webhook without its headers, as JSON. */
export const MOST_WEBHOOK_BYTES = 16_384;

const names = z.array(z.string());
const Url = z.string().min(1).max(2048).meta({
  description: 'http or https (https alone in production), on a public address. Redirects are not followed.',
});
const Events = z
  .array(z.string().min(1).max(210))
  .min(1)
  .max(50)
  .meta({
    description:
      'create, update, delete and restore of the collections named beside it (also as created or records.create), or patterns: `posts.*`, `posts.created`, `crm.contacts.updated`, `crm.*.*`, `*.deleted`, `*`.',
    example: ['create', 'update', 'delete'],
  });
const Headers = z
  .record(z.string(), z.string().max(4000))
  .meta({ description: 'Sent with every message. Values of those that carry credentials are shown as ***.' });
const Filter = z.string().max(4096).nullable().meta({
  description:
    'A condition on the record, on the former one of a delete. Without it, or empty: every one. For patterns of several collections it may name system fields only.',
  example: 'published = true',
});
const Secret = z
  .string()
  .min(8)
  .max(200)
  .meta({ description: 'Left out: one is made. `whsec_` and base64 is decoded as Standard Webhooks says.' });
const Fields = z
  .array(z.string().min(1).max(100))
  .max(500)
  .nullable()
  .meta({ description: 'What of the record is sent; id always is. Left out or null: all that there is.' });

const settings = {
  url: Url,
  description: z.string().max(1000).nullable().optional(),
  collection: z.string().min(1).max(210).nullable().optional().meta({ description: 'One collection.' }),
  collections: z.array(z.string().min(1).max(210)).max(50).optional().meta({ description: 'Several.' }),
  events: Events,
  fields: Fields.optional(),
  filter: Filter.optional(),
  secret: Secret.optional(),
  headers: Headers.nullable().optional(),
  enabled: z.boolean().optional(),
};
export const WebhookInput = z.strictObject(settings).meta({ id: 'WebhookInput' });
export type WebhookInput = z.infer<typeof WebhookInput>;
export const WebhookChange = z
  .strictObject({ ...settings, url: Url.optional(), events: Events.optional() })
  .meta({ id: 'WebhookChange' });
export type WebhookChange = z.infer<typeof WebhookChange>;

const webhook = {
  id: Id,
  account_id: AccountId,
  url: z.string(),
  description: z.string().nullable(),
  collection: z.string().nullable().meta({ description: 'Where it is exactly one.' }),
  collections: names,
  events: names,
  fields: names.nullable(),
  filter: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  enabled: z.boolean(),
  disabled_reason: z.string().nullable().meta({ description: 'Why the server disabled it; null where a person did.' }),
  failures: z.int().meta({ description: 'Failed attempts since the last success.' }),
  failing_since: Timestamp.nullable(),
  former_secret_until: Timestamp.nullable().meta({ description: 'Until then two secrets sign.' }),
  created_at: Timestamp,
  updated_at: Timestamp,
  created_by: z.string().nullable(),
};
export const Webhook = z.object(webhook).meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;
export const WebhookWithSecret = z
  .object({ ...webhook, secret: z.string().meta({ description: 'Shown in this reply and never again.' }) })
  .meta({ id: 'WebhookWithSecret' });

const RecordOrNull = z.union([z.record(z.string(), z.unknown()), z.null()]);
/** What a receiver gets as the body. */
export const WebhookPayload = z
  .object({
    event: z.string().meta({ description: 'records.create, records.update, records.delete, records.restore or test.' }),
    type: z.string().meta({ description: '`{collection}.created`, `.updated`, `.deleted` or `.restored`.' }),
    id: z.string().meta({ description: 'Of the message; the same when it is sent again.' }),
    collection: z.string(),
    record: z.record(z.string(), z.unknown()).meta({ description: 'As it is now; empty when it is deleted.' }),
    previous: RecordOrNull.meta({ description: 'As it was; null where there was none.' }),
    changes: z
      .object({ added: names, updated: names, removed: names })
      .meta({ description: 'Names of fields that got a value, another value, or lost theirs.' }),
    timestamp: Timestamp,
    webhook_id: Id,
    account_id: AccountId,
  })
  .meta({ id: 'WebhookPayload' });
export type WebhookPayload = z.infer<typeof WebhookPayload>;

export const DELIVERY_STATUS = ['pending', 'retrying', 'delivered', 'dead'] as const;
const delivery = {
  id: Id,
  webhook_id: Id,
  message_id: z.string().meta({ description: 'Sent as webhook-id.' }),
  redelivery_of: Id.nullable(),
  event: z.string(),
  collection: z.string(),
  record_id: z.string(),
  status: z.enum(DELIVERY_STATUS).meta({ description: 'dead: given up, and can be sent again.' }),
  attempt_number: z.int().meta({ description: 'Attempts so far.' }),
  response_status: z.int().nullable().meta({ description: 'Of the last attempt; null where no answer came.' }),
  response_body: z.string().nullable().meta({ description: 'Its beginning.' }),
  error: z.string().nullable(),
  next_retry_at: Timestamp.nullable(),
  delivered_at: Timestamp.nullable(),
  created_at: Timestamp,
};
export const WebhookDelivery = z
  .object({
    ...delivery,
    payload: WebhookPayload.nullable().optional().meta({
      description: 'In lists; null where it has more than 100,000 characters: the delivery by its id has it.',
    }),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;
export const WebhookAttempt = z
  .object({
    at: Timestamp,
    status: z.int().nullable(),
    duration_ms: z.int(),
    error: z.string().nullable(),
    response_body: z.string().nullable(),
  })
  .meta({ id: 'WebhookAttempt' });
export type WebhookAttempt = z.infer<typeof WebhookAttempt>;
export const DeliveryInFull = z
  .object({ ...delivery, payload: WebhookPayload, attempts: z.array(WebhookAttempt) })
  .meta({ id: 'WebhookDeliveryInFull' });

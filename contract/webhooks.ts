// Outbound webhooks: signed messages to a URL for changes of records, every delivery logged, retried and repeatable.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { idParam, offsetQuery, pageOf } from './shapes.ts';
import { again, asked, at, id, one, params, payload, shown, told, withSecret } from './webhook-examples.ts';
import {
  DELIVERY_STATUS,
  DeliveryInFull,
  MOST_WEBHOOK_BYTES,
  Webhook,
  WebhookChange,
  WebhookDelivery,
  WebhookInput,
  WebhookWithSecret,
} from './webhook-shapes.ts';

const pageFigures = { total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 };
const deliveryParams = z.object({
  id: z.string().min(1).meta({ description: 'Of the webhook.' }),
  delivery: z.string().min(1).meta({ description: 'Of the delivery.' }),
});
const missing = errors('RESOURCE_NOT_FOUND');
const Moment = z.iso
  .datetime({ offset: true })
  .refine((text) => !text.startsWith('0000'), { message: 'there is no year 0' })
  .refine((text) => !/[+-](1[5-9]|2\d):?\d\d$/.test(text), { message: 'no offset is of 15 hours or more' })
  .optional();
const changing = {
  pathParams: idParam,
  body: WebhookChange,
  responses: { 200: Webhook, ...errors('RESOURCE_NOT_FOUND', 'INVALID_REQUEST', 'WRITE_CONFLICT') },
  metadata: writes('account_admin', 'webhook.update', { idempotent: 'natural' }),
} as const;

export const webhooks = room({
  list: {
    method: 'GET',
    path: '/api/v1/webhooks',
    summary: 'List webhooks',
    pathParams: noParams,
    query: z.strictObject(offsetQuery),
    responses: { 200: pageOf(Webhook), ...missing },
    metadata: reads('account_admin'),
    example: { reply: { items: [shown], ...pageFigures } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/webhooks',
    summary: 'Create a webhook',
    description: `Every committed change of a record that it asks for is sent as a WebhookPayload, as the account itself sees it: rules are about people and hide nothing here, what is locked is not told, personal data is masked. Messages of one record come in their order: the next waits until the one before was delivered or given up. An answer of 2xx is a success; everything else is tried again for three days with growing pauses, 429 and 503 when Retry-After says, and 410 disables the webhook. A message may come more than once, under the same \`webhook-id\`.
Signed as Standard Webhooks says (\`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\`), and with \`X-SnackBase-Signature: sha256=<hex HMAC-SHA256 of the body>\`. At most 50 an account, each of at most ${MOST_WEBHOOK_BYTES} bytes as JSON, headers apart.`,
    pathParams: noParams,
    body: WebhookInput,
    responses: {
      201: WebhookWithSecret,
      ...errors('INVALID_REQUEST', 'ACCOUNT_REQUIRED', 'LIMIT_REACHED', 'RESOURCE_NOT_FOUND'),
    },
    metadata: writes('account_admin', 'webhook.create'),
    example: { body: asked, reply: withSecret },
  },
  get: {
    method: 'GET',
    path: '/api/v1/webhooks/:id',
    summary: 'Get a webhook without its secret',
    pathParams: idParam,
    responses: { 200: Webhook, ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: shown },
  },
  update: {
    ...changing,
    method: 'PUT',
    path: '/api/v1/webhooks/:id',
    summary: 'Change a webhook',
    description: 'What is not sent stays, as with PATCH. Enabling it again forgets its failures.',
    example: { params, body: { enabled: false }, reply: { ...shown, enabled: false } },
  },
  patch: {
    ...changing,
    method: 'PATCH',
    path: '/api/v1/webhooks/:id',
    summary: 'Change what is sent of a webhook',
    example: { params, body: { filter: 'published = true' }, reply: { ...shown, filter: 'published = true' } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/webhooks/:id',
    summary: 'Delete a webhook and its deliveries',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('account_admin', 'webhook.delete', { idempotent: 'natural' }),
    example: { params },
  },
  test: {
    method: 'POST',
    path: '/api/v1/webhooks/:id/test',
    summary: 'Send a test message now',
    description:
      'One attempt with the event `test`, signed like every other and not logged. Also for a disabled webhook.',
    pathParams: idParam,
    body: noBody,
    responses: {
      200: z
        .object({
          success: z.boolean(),
          status_code: z.int().nullable(),
          response_body: z.string().nullable(),
          error: z.string().nullable(),
          duration_ms: z.int(),
        })
        .meta({ id: 'WebhookTest' }),
      ...missing,
    },
    metadata: writes('account_admin', 'webhook.test', { idempotent: 'none' }),
    example: {
      params,
      reply: { success: true, status_code: 200, response_body: 'ok', error: null, duration_ms: 42 },
    },
  },
  rotateSecret: {
    method: 'POST',
    path: '/api/v1/webhooks/:id/rotate-secret',
    summary: 'Make a new secret',
    description: 'Both secrets sign until the old one expires.',
    pathParams: idParam,
    body: z
      .strictObject({
        expires_in_hours: z.number().min(0).max(720).optional().meta({
          description: 'How long the old secret still signs; default 24, 0: no longer.',
        }),
      })
      .optional()
      .meta({ id: 'WebhookRotation' }),
    responses: { 200: WebhookWithSecret, ...missing },
    metadata: writes('account_admin', 'webhook.rotate_secret'),
    example: { params, body: { expires_in_hours: 48 }, reply: { ...withSecret, former_secret_until: at } },
  },
  deliveries: {
    method: 'GET',
    path: '/api/v1/webhooks/:id/deliveries',
    summary: 'List deliveries, the newest first',
    description: 'Delivered ones are kept for 7 days, dead ones for 30.',
    pathParams: idParam,
    query: z.strictObject({
      ...offsetQuery,
      status: z.enum(DELIVERY_STATUS).optional(),
      event: z.string().max(50).optional().meta({ description: 'As `records.create`, or `create`.' }),
      record_id: z.string().max(100).optional(),
    }),
    responses: { 200: pageOf(WebhookDelivery), ...missing },
    metadata: reads('account_admin'),
    example: { params, query: { status: 'delivered' }, reply: { items: [{ ...told, payload }], ...pageFigures } },
  },
  delivery: {
    method: 'GET',
    path: '/api/v1/webhooks/:id/deliveries/:delivery',
    summary: 'Get a delivery with its payload and attempts',
    pathParams: deliveryParams,
    responses: { 200: DeliveryInFull, ...missing },
    metadata: reads('account_admin'),
    example: {
      params: { id, delivery: one },
      reply: {
        ...told,
        payload,
        attempts: [{ at, status: 200, duration_ms: 42, error: null, response_body: 'ok' }],
      },
    },
  },
  redeliver: {
    method: 'POST',
    path: '/api/v1/webhooks/:id/deliveries/:delivery/redeliver',
    summary: 'Send a message again',
    description: 'A new delivery with the same payload and the same webhook-id.',
    pathParams: deliveryParams,
    body: noBody,
    responses: { 201: WebhookDelivery, ...errors('RESOURCE_NOT_FOUND', 'DELIVERY_UNFINISHED', 'WEBHOOK_DISABLED') },
    metadata: writes('account_admin', 'webhook.redeliver'),
    example: { params: { id, delivery: one }, reply: again },
  },
  redeliverMany: {
    method: 'POST',
    path: '/api/v1/webhooks/:id/redeliver',
    summary: 'Send the messages of a span again',
    description:
      'Each message once, in their order, at most 10,000 a call. Those that are on their way are left alone.',
    pathParams: idParam,
    body: z
      .strictObject({
        from: Moment.meta({ description: 'Created at or after.' }),
        to: Moment.meta({ description: 'Created at or before.' }),
        status: z.enum(['dead', 'delivered']).optional().meta({ description: 'Default dead.' }),
      })
      .refine(({ from = '', to = '' }) => !(Date.parse(from) > Date.parse(to)), {
        path: ['to'],
        message: 'it is not before from',
      })
      .optional()
      .meta({ id: 'WebhookRedelivery' }),
    responses: {
      200: z.object({ count: z.int() }).meta({ id: 'WebhookRedelivered' }),
      ...errors('RESOURCE_NOT_FOUND', 'WEBHOOK_DISABLED'),
    },
    metadata: writes('account_admin', 'webhook.redeliver'),
    example: { params, body: { from: at }, reply: { count: 12 } },
  },
});

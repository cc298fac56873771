// The routes of webhooks.
import type { webhooks as contract } from '../../../contract/webhooks.ts';
import type { Handlers } from '../../context.ts';
import type { Webhooks } from './service.ts';

export const webhookRoutes = (webhooks: Webhooks): Handlers<typeof contract> => ({
  list: ({ query, ctx }) => webhooks.list(query, ctx),
  create: ({ body, ctx }) => webhooks.create(body, ctx),
  get: ({ params, ctx }) => webhooks.get(params.id, ctx),
  update: ({ params, body, ctx }) => webhooks.change(params.id, body, ctx),
  patch: ({ params, body, ctx }) => webhooks.change(params.id, body, ctx),
  delete: ({ params, ctx }) => webhooks.delete(params.id, ctx),
  test: ({ params, ctx }) => webhooks.test(params.id, ctx),
  rotateSecret: ({ params, body, ctx }) => webhooks.rotateSecret(params.id, body, ctx),
  deliveries: ({ params, query, ctx }) => webhooks.deliveries(params.id, query, ctx),
  delivery: ({ params, ctx }) => webhooks.delivery(params.id, params.delivery, ctx),
  redeliver: ({ params, ctx }) => webhooks.redeliver(params.id, params.delivery, ctx),
  redeliverMany: ({ params, body, ctx }) => webhooks.redeliverMany(params.id, body, ctx),
});

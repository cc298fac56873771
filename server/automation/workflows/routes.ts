// The routes of workflows, of their instances and of the world outside.
import type {
  workflows as contract,
  workflowInstances as instancesContract,
  workflowWebhooks as webhooksContract,
} from '../../../contract/workflows.ts';
import type { Handlers } from '../../context.ts';
import type { Workflows } from './service.ts';

export const workflowRoutes = ({ definitions, instances, trigger }: Workflows): Handlers<typeof contract> => ({
  list: ({ query, ctx }) => definitions.list(query, ctx),
  create: ({ body, ctx }) => definitions.create(body, ctx),
  get: ({ params, ctx }) => definitions.get(params.id, ctx),
  update: ({ params, body, ctx }) => definitions.update(params.id, body, ctx),
  patch: ({ params, body, ctx }) => definitions.update(params.id, body, ctx),
  delete: ({ params, ctx }) => definitions.delete(params.id, ctx),
  toggle: ({ params, ctx }) => definitions.toggle(params.id, ctx),
  rotateToken: ({ params, ctx }) => definitions.rotateToken(params.id, ctx),
  trigger: ({ params, query, body, ctx }) => trigger(params.id, { body, ...query }, ctx),
  instances: ({ params, query, ctx }) => instances.list(params.id, query, ctx),
});

export const workflowInstanceRoutes = ({ instances }: Workflows): Handlers<typeof instancesContract> => ({
  get: ({ params, ctx }) => instances.get(params.id, ctx),
  cancel: ({ params, ctx }) => instances.cancel(params.id, ctx),
  resume: ({ params, ctx }) => instances.resume(params.id, ctx),
});

export const workflowWebhookRoutes = ({ receive }: Workflows): Handlers<typeof webhooksContract> => ({
  receive: ({ params, ctx }) => receive(params.token, ctx),
});

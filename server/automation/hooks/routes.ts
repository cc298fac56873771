// The routes of hooks.
import type { hooks as contract } from '../../../contract/hooks.ts';
import type { Handlers } from '../../context.ts';
import type { Hooks } from './service.ts';

export const hookRoutes = (hooks: Hooks): Handlers<typeof contract> => ({
  events: () => hooks.events(),
  list: ({ query, ctx }) => hooks.list(query, ctx),
  create: ({ body, ctx }) => hooks.create(body, ctx),
  get: ({ params, ctx }) => hooks.get(params.id, ctx),
  update: ({ params, body, ctx }) => hooks.change(params.id, body, ctx),
  put: ({ params, body, ctx }) => hooks.change(params.id, body, ctx),
  delete: ({ params, ctx }) => hooks.delete(params.id, ctx),
  toggle: ({ params, ctx }) => hooks.toggle(params.id, ctx),
  trigger: ({ params, query, body, ctx }) => hooks.trigger(params.id, { query, body }, ctx),
  executions: ({ params, query, ctx }) => hooks.executions(params.id, query, ctx),
  execution: ({ params, ctx }) => hooks.execution(params.id, params.execution, ctx),
});

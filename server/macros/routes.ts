// The routes of macros.
import type { macros as contract } from '../../contract/macros.ts';
import type { Handlers } from '../context.ts';
import type { MacroRoom } from './service.ts';

export const macroRoutes = (macros: MacroRoom): Handlers<typeof contract> => ({
  list: ({ query }) => macros.list(query),
  create: ({ body, ctx }) => macros.create(body, ctx),
  get: ({ params }) => macros.get(params.id),
  update: ({ params, body, ctx }) => macros.update(params.id, body, ctx),
  delete: ({ params, ctx }) => macros.delete(params.id, ctx),
  test: ({ params, body }) => macros.test(params.id, body),
});

// The routes of custom endpoints: their definitions, and calling them.
import type { endpoints as contract } from '../../../contract/endpoints.ts';
import type { x as called } from '../../../contract/x.ts';
import { admitted, type Handlers } from '../../context.ts';
import type { Dispatch } from './dispatch.ts';
import type { Endpoints } from './service.ts';

export const endpointRoutes = (endpoints: Endpoints): Handlers<typeof contract> => ({
  list: ({ query, ctx }) => endpoints.list(query, ctx),
  create: ({ body, ctx }) => endpoints.create(body, ctx),
  get: ({ params, ctx }) => endpoints.get(params.id, ctx),
  replace: ({ params, body, ctx }) => endpoints.update(params.id, body, ctx),
  update: ({ params, body, ctx }) => endpoints.update(params.id, body, ctx),
  delete: ({ params, ctx }) => endpoints.delete(params.id, ctx),
  toggle: ({ params, body, ctx }) => endpoints.toggle(params.id, body, ctx),
  executions: ({ params, query, ctx }) => endpoints.executions(params.id, query, ctx),
  execution: ({ params, ctx }) => endpoints.execution(params.id, params.execution_id, ctx),
});

export const xRoutes = ({ door }: Dispatch): Handlers<typeof called> => ({
  get: admitted(door('GET'), door('GET').call),
  post: admitted(door('POST'), door('POST').call),
  put: admitted(door('PUT'), door('PUT').call),
  patch: admitted(door('PATCH'), door('PATCH').call),
  delete: admitted(door('DELETE'), door('DELETE').call),
});

// The routes of resources.
import type { AppContract } from '../../contract/index.ts';
import { admitted, deciding, type Handlers } from '../context.ts';
import type { Resources } from './service.ts';

export const resourceRoutes = (resources: Resources): Handlers<AppContract['resources']> => ({
  list: deciding(resources.gate('list'), ({ ctx, params, query }) => resources.list(ctx, params.resource, query)),
  create: admitted(resources.gate('create'), ({ ctx, params, body }) => resources.create(ctx, params.resource, body)),
  stream: deciding(resources.gate('list'), ({ ctx, params, query }) => resources.stream(ctx, params.resource, query)),
  schema: ({ ctx, params }) => resources.schema(ctx, params.resource),
  openapi: ({ ctx, params }) => resources.openapi(ctx, params.resource),
  openapiYaml: ({ ctx, params }) => resources.openapiYaml(ctx, params.resource),
  get: deciding(resources.gate('view'), ({ ctx, params, query }) =>
    resources.get(ctx, params.resource, params.id, query),
  ),
  replace: admitted(resources.gate('update'), ({ ctx, params, body }) =>
    resources.replace(ctx, params.resource, params.id, body),
  ),
  patch: admitted(resources.gate('update'), ({ ctx, params, body }) =>
    resources.patch(ctx, params.resource, params.id, body),
  ),
  restore: admitted(resources.gate('delete'), ({ ctx, params }) => resources.restore(ctx, params.resource, params.id)),
  delete: admitted(resources.gate('delete'), ({ ctx, params, query }) =>
    resources.delete(ctx, params.resource, params.id, query.purge),
  ),
});

// The routes of apps.
import type { apps as contract } from '../../contract/apps.ts';
import type { Handlers } from '../context.ts';
import type { Apps } from './service.ts';

export const appRoutes = (apps: Apps): Handlers<typeof contract> => ({
  list: ({ query }) => apps.list(query),
  deploy: ({ body, query, ctx }) => apps.deploy(body, query, ctx),
  verify: ({ body, query, ctx }) => apps.deploy(body, { ...query, dry_run: true }, ctx),
  get: ({ params }) => apps.get(params.appId),
  replace: ({ params, body, query, ctx }) => apps.deploy(body, query, ctx, params.appId),
  delete: ({ params, ctx }) => apps.delete(params.appId, ctx),
  schema: ({ params }) => apps.schema(params.appId),
  deployments: ({ params, query }) => apps.deployments(params.appId, query),
});

// The routes of API keys and of admin tokens.
import type { adminTokens as adminContract, apiKeys as contract } from '../../contract/api-keys.ts';
import type { Handlers } from '../context.ts';
import type { ApiKeys } from './service.ts';

export const apiKeyRoutes = (keys: ApiKeys): Handlers<typeof contract> => ({
  list: ({ query, ctx }) => keys.list(query, ctx),
  create: ({ body, ctx }) => keys.create(body, ctx),
  get: ({ params, ctx }) => keys.get(params.id, ctx),
  revoke: ({ params, ctx }) => keys.revoke(params.id, ctx),
});

export const adminTokenRoutes = (keys: ApiKeys): Handlers<typeof adminContract> => ({
  list: ({ query }) => keys.listAdmin(query),
  create: ({ body, ctx }) => keys.createAdmin(body, ctx),
  get: ({ params }) => keys.getAdmin(params.id),
  revoke: ({ params, ctx }) => keys.revokeAdmin(params.id, ctx),
});

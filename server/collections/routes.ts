// The routes of collections.
import type { collections as contract } from '../../contract/collections.ts';
import type { Handlers } from '../context.ts';
import type { Collections } from './service.ts';

export const collectionRoutes = (collections: Collections): Handlers<typeof contract> => ({
  list: ({ query }) => collections.list(query),
  create: ({ body, ctx }) => collections.create(body, ctx),
  names: () => collections.names(),
  get: ({ params }) => collections.get(params.id),
  update: ({ params, body, ctx }) => collections.update(params.id, body, ctx),
  patch: ({ params, body, ctx }) => collections.update(params.id, body, ctx),
  delete: ({ params, ctx }) => collections.delete(params.id, ctx),
});

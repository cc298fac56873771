// The routes of collections.
import type { collections as contract } from '../../contract/collections.ts';
import type { Handlers } from '../context.ts';
import type { Collections } from './service.ts';

export const collectionRoutes = (collections: Collections): Handlers<typeof contract> => ({
  list: ({ query }) => collections.list(query),
  create: ({ body }) => collections.create(body),
  names: () => collections.names(),
  get: ({ params }) => collections.get(params.id),
  update: ({ params, body }) => collections.update(params.id, body),
  patch: ({ params, body }) => collections.update(params.id, body),
  delete: ({ params }) => collections.delete(params.id),
});

// The routes of records as managers write them.
import type { adminRecords as contract } from '../../contract/admin-records.ts';
import type { Handlers } from '../context.ts';
import type { Records } from './service.ts';

export const adminRecordRoutes = ({ managed }: Records): Handlers<typeof contract> => ({
  create: ({ ctx, params, body }) => managed.create(ctx, params.collection, body),
  replace: ({ ctx, params, body }) => managed.replace(ctx, params.collection, params.id, body),
  patch: ({ ctx, params, body }) => managed.patch(ctx, params.collection, params.id, body),
});

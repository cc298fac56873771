// The routes of the app face.
import type { appRecords as contract } from '../../contract/app-records.ts';
import { admitted, deciding, type Handlers } from '../context.ts';
import type { AppRecords } from './service.ts';

export const appRecordRoutes = (records: AppRecords): Handlers<typeof contract> => ({
  list: deciding(records.gate('list'), ({ ctx, params, query }) => records.list(ctx, params, query)),
  create: admitted(records.gate('create'), ({ ctx, params, body }) => records.create(ctx, params, body)),
  query: admitted(records.gate('list'), ({ ctx, params, body }) => records.query(ctx, params, body)),
  bulkCreate: admitted(records.gate('create'), ({ ctx, params, body }) => records.bulkCreate(ctx, params, body)),
  get: ({ ctx, params }) => records.get(ctx, params),
  patch: admitted(records.gate('update'), ({ ctx, params, body }) => records.patch(ctx, params, body)),
  delete: admitted(records.gate('delete'), ({ ctx, params }) => records.delete(ctx, params)),
});

// The routes of records.
import type { AppContract } from '../../contract/index.ts';
import { admitted, deciding, type Handlers } from '../context.ts';
import type { Realtime } from '../realtime/service.ts';
import type { Records } from './service.ts';

export const recordRoutes = (records: Records, realtime: Realtime): Handlers<AppContract['records']> => ({
  list: deciding(records.gate('list'), ({ ctx, params, query }) => records.list(ctx, params.collection, query)),
  query: admitted(records.gate('list'), ({ ctx, params, body }) => records.query(ctx, params.collection, body)),
  create: admitted(records.gate('create'), ({ ctx, params, body }) => records.create(ctx, params.collection, body)),
  schema: ({ ctx, params }) => records.schema(ctx, params.collection),
  openapi: ({ ctx, params }) => records.documents.openapi(ctx, params.collection),
  openapiYaml: ({ ctx, params }) => records.documents.openapiYaml(ctx, params.collection),
  aggregate: deciding(records.gate('list'), ({ ctx, params, query }) =>
    records.aggregate(ctx, params.collection, query),
  ),
  export: deciding(records.gate('list'), ({ ctx, params, query }) => records.export(ctx, params.collection, query)),
  stream: deciding(records.gate('list'), ({ ctx, params, query }) => realtime.stream(ctx, params.collection, query)),
  import: deciding(records.gate('create'), ({ ctx, params, query }) => records.import(ctx, params.collection, query)),
  batchCreate: admitted(records.gate('create'), ({ ctx, params, body }) =>
    records.batchCreate(ctx, params.collection, body),
  ),
  bulkCreate: admitted(records.gate('create'), ({ ctx, params, body }) =>
    records.bulkCreate(ctx, params.collection, body),
  ),
  batchUpdate: admitted(records.gate('update'), ({ ctx, params, body }) =>
    records.batchUpdate(ctx, params.collection, body),
  ),
  batchDelete: admitted(records.gate('delete'), ({ ctx, params, body }) =>
    records.batchDelete(ctx, params.collection, body),
  ),
  transaction: admitted({ rights: ({ ctx, body }) => records.transactionRights(ctx, body) }, ({ ctx, body }) =>
    records.transaction(ctx, body),
  ),
  get: deciding(records.gate('view'), ({ ctx, params, query }) =>
    records.get(ctx, params.collection, params.id, query.fields, query.expand),
  ),
  history: deciding(records.gate('view'), ({ ctx, params, query }) =>
    records.history(ctx, params.collection, params.id, query),
  ),
  replace: admitted(records.gate('update'), ({ ctx, params, body }) =>
    records.replace(ctx, params.collection, params.id, body),
  ),
  patch: admitted(records.gate('update'), ({ ctx, params, body }) =>
    records.patch(ctx, params.collection, params.id, body),
  ),
  restore: admitted(records.gate('delete'), ({ ctx, params }) => records.restore(ctx, params.collection, params.id)),
  delete: admitted(records.gate('delete'), ({ ctx, params, query }) =>
    records.delete(ctx, params.collection, params.id, query.purge),
  ),
});

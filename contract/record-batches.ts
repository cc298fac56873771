// Routes for many records of one collection in one transaction.
import { writes } from './access.ts';
import { type Room, z } from './kit.ts';
import { errors } from './problems.ts';
import { found, inCollection, ProjectedRecord, post, RecordBody, shown, stored } from './record-shapes.ts';
import { Id } from './shapes.ts';

export const batches = {
  batchCreate: {
    method: 'POST',
    path: '/api/v1/records/:collection/batch',
    summary: 'Create many records',
    description: 'All of them or none, at most 1000. Every problem names the place of its item as `index`.',
    pathParams: inCollection,
    body: z.strictObject({ records: z.array(RecordBody) }).meta({ id: 'RecordsToCreate' }),
    responses: {
      201: z.object({ created: z.array(ProjectedRecord), count: z.int() }).meta({ id: 'RecordsCreated' }),
      ...errors('RESOURCE_STORE_ERROR'),
      ...found,
      ...stored,
    },
    metadata: writes('rules', 'create', { rate: 'bulk' }),
    example: {
      params: { collection: 'posts' },
      body: { records: [post] },
      reply: { created: [shown], count: 1 },
    },
  },
  bulkCreate: {
    method: 'POST',
    path: '/api/v1/records/:collection/bulk',
    summary: 'Create many records (a bare list)',
    pathParams: inCollection,
    body: z.array(RecordBody),
    responses: { 201: z.array(ProjectedRecord), ...errors('RESOURCE_STORE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'create', { rate: 'bulk', mcp: 'bulk_create' }),
    example: { params: { collection: 'posts' }, body: [post], reply: [shown] },
  },
  batchUpdate: {
    method: 'PATCH',
    path: '/api/v1/records/:collection/batch',
    summary: 'Change many records',
    description: 'All of them or none, at most 1000.',
    pathParams: inCollection,
    body: z
      .strictObject({ records: z.array(z.strictObject({ id: z.string(), data: RecordBody })) })
      .meta({ id: 'RecordsToUpdate' }),
    responses: {
      200: z.object({ updated: z.array(ProjectedRecord), count: z.int() }).meta({ id: 'RecordsUpdated' }),
      ...errors('RESOURCE_UPDATE_ERROR'),
      ...found,
      ...stored,
    },
    metadata: writes('rules', 'update', { rate: 'bulk' }),
    example: {
      params: { collection: 'posts' },
      body: { records: [{ id: shown.id, data: { title: 'A better title' } }] },
      reply: { updated: [{ ...shown, title: 'A better title' }], count: 1 },
    },
  },
  batchDelete: {
    method: 'DELETE',
    path: '/api/v1/records/:collection/batch',
    summary: 'Delete many records',
    description: 'All of them or none, at most 1000.',
    pathParams: inCollection,
    body: z.strictObject({ ids: z.array(z.string()) }).meta({ id: 'RecordsToDelete' }),
    responses: {
      200: z.object({ deleted: z.array(Id), count: z.int() }).meta({ id: 'RecordsDeleted' }),
      ...errors('RESOURCE_DELETE_ERROR', 'RELATION_RESTRICTED', 'INVALID_RESOURCE_DATA'),
      ...found,
    },
    metadata: writes('rules', 'delete', { rate: 'bulk' }),
    example: { params: { collection: 'posts' }, body: { ids: [shown.id] }, reply: { deleted: [shown.id], count: 1 } },
  },
} as const satisfies Room;

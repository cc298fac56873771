// Routes for many records of one collection in one transaction.
import { writes } from './access.ts';
import { noParams, type Room, z } from './kit.ts';
import { errors } from './problems.ts';
import { found, inCollection, ProjectedRecord, post, RecordBody, shown, stored } from './record-shapes.ts';
import { Id } from './shapes.ts';

const RecordRef = z
  .strictObject({ $from: z.string().max(200) })
  .meta({ id: 'RecordRef', description: '`author.id`: a field of what the operation named `author` answered.' });
const common = {
  collection: z.string().min(1).meta({ description: 'Name of the collection.' }),
  as: z
    .string()
    .regex(/^[A-Za-z_]\w{0,99}$/)
    .optional()
    .meta({ description: 'A name for later operations to refer by; without one its place, from 0.' }),
};
const one = { ...common, id: z.union([z.string(), RecordRef]).meta({ description: 'Id of the record.' }) };
const TransactionOperation = z
  .discriminatedUnion('op', [
    z.strictObject({ op: z.literal('create'), ...common, data: RecordBody }),
    z.strictObject({ op: z.literal('update'), ...one, data: RecordBody }),
    z.strictObject({ op: z.literal('replace'), ...one, data: RecordBody }),
    z.strictObject({ op: z.literal('delete'), ...one }),
  ])
  .meta({ id: 'TransactionOperation' });
export const TransactionBody = z
  .strictObject({ operations: z.array(TransactionOperation) })
  .meta({ id: 'Transaction' });
export type TransactionBody = z.output<typeof TransactionBody>;

export const batches = {
  transaction: {
    method: 'POST',
    path: '/api/v1/batch',
    summary: 'Write to several collections in one transaction',
    description:
      'All operations or none, at most 1000, in their order. A value `{"$from": "author.id"}` is that field of what an earlier operation answered.',
    pathParams: noParams,
    body: TransactionBody,
    responses: {
      200: z
        .object({
          results: z.array(
            z.object({
              op: z.enum(['create', 'update', 'replace', 'delete']),
              collection: z.string(),
              as: z.string().optional(),
              id: Id,
              record: ProjectedRecord.nullable().meta({ description: 'As stored; null where it was deleted.' }),
            }),
          ),
          count: z.int(),
        })
        .meta({ id: 'TransactionResults' }),
      ...errors(
        'RESOURCE_STORE_ERROR',
        'RESOURCE_UPDATE_ERROR',
        'RESOURCE_DELETE_ERROR',
        'WRITE_CONFLICT',
        'RELATION_RESTRICTED',
        'RESOURCE_CONFLICT',
      ),
      ...found,
      ...errors('INVALID_RESOURCE_DATA', 'INVALID_FIELDS', 'RELATION_REFERENCE_ERROR'),
      ...errors('ADMIN_TOKEN_NOT_ALLOWED'),
    },
    metadata: writes('rules', 'batch', { rate: 'bulk' }),
    example: {
      body: {
        operations: [
          { op: 'create', collection: 'posts', as: 'first', data: post },
          { op: 'update', collection: 'posts', id: { $from: 'first.id' }, data: { title: 'A better title' } },
        ],
      },
      reply: {
        results: [
          { op: 'create', collection: 'posts', as: 'first', id: shown.id, record: shown },
          { op: 'update', collection: 'posts', id: shown.id, record: { ...shown, title: 'A better title' } },
        ],
        count: 2,
      },
    },
  },
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

// Records: the CRUD routes that every collection has. Their bodies are checked against the collection's own definition, not here.
import { reads, writes } from './access.ts';
import { noBody, room, text, z } from './kit.ts';
import { errors } from './problems.ts';
import { streams } from './realtime.ts';
import { aggregates } from './record-aggregates.ts';
import { batches } from './record-batches.ts';
import { Expand, ListQuery, RecordPage, RecordQueryBody } from './record-queries.ts';
import {
  found,
  inCollection,
  oneRecord,
  ProjectedRecord,
  page,
  params,
  post,
  RecordBody,
  StoredRecord,
  shown,
  stored,
} from './record-shapes.ts';
import { transfers } from './record-transfers.ts';
import { boolParam, intParam, OpenApiDocument, Timestamp } from './shapes.ts';

export { AggregateQuery } from './record-aggregates.ts';
export { ListQuery, RecordPage, RecordQueryBody } from './record-queries.ts';
export { inCollection, oneRecord, ProjectedRecord, RecordBody, StoredRecord } from './record-shapes.ts';
export { ExportQuery, ImportQuery, type ImportSummary } from './record-transfers.ts';

/** One state of a record, as the audit trail tells it. */
const RecordVersion = z
  .object({
    version: z.int().meta({ description: 'From 1, the oldest that the trail knows.' }),
    at: Timestamp,
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'RESTORE']),
    actor: z.object({ kind: z.string(), user_id: z.string().nullable(), user_email: z.string().nullable() }),
    reason: z.string().nullable().meta({ description: 'X-Audit-Reason of the request.' }),
    request_id: z.string().nullable(),
    changes: z
      .record(z.string(), z.object({ old: z.unknown().optional(), new: z.unknown().optional() }))
      .meta({ description: 'By field: the value before and after.' }),
    record: ProjectedRecord.nullable().meta({ description: 'The record from then on, null once it was deleted.' }),
  })
  .meta({ id: 'RecordVersion' });
export type RecordVersion = z.output<typeof RecordVersion>;

export const RecordHistory = z
  .object({ items: z.array(RecordVersion), total: z.int(), skip: z.int(), limit: z.int() })
  .meta({ id: 'RecordHistory', description: 'Newest first.' });

export const records = room({
  // In this order the most asked paths are found first; literal paths stand before those with an id.
  list: {
    method: 'GET',
    path: '/api/v1/records/:collection',
    summary: 'List records',
    description: 'Filter by any field (`published=true`), sort, project and page. `total` counts all matching records.',
    pathParams: inCollection,
    query: ListQuery,
    responses: { 200: RecordPage, ...errors('INVALID_FIELDS', 'RESOURCE_FETCH_ERROR'), ...found },
    metadata: reads('rules', { mcp: 'query' }),
    example: {
      params: { collection: 'posts' },
      query: { limit: '10', sort: '-created_at', published: 'true' },
      reply: page,
    },
  },
  create: {
    method: 'POST',
    path: '/api/v1/records/:collection',
    summary: 'Create a record',
    pathParams: inCollection,
    body: RecordBody,
    responses: { 201: StoredRecord, ...errors('RESOURCE_STORE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'create', { mcp: 'create' }),
    example: { params: { collection: 'posts' }, body: post, reply: shown },
  },
  schema: {
    method: 'GET',
    path: '/api/v1/records/:collection/schema',
    summary: 'JSON Schema of a collection',
    description:
      'What a body that creates a record may hold, as JSON Schema 2020-12; only the fields that you may read or write. It changes with the collection, and so does its ETag.',
    pathParams: inCollection,
    responses: { 200: z.record(z.string(), z.unknown()), ...errors('RESOURCE_SCHEMA_ERROR'), ...found },
    metadata: reads('rules'),
    example: {
      params: { collection: 'posts' },
      reply: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        title: 'posts',
        type: 'object',
        properties: { title: { type: 'string' } },
        required: ['title'],
        additionalProperties: false,
      },
    },
  },
  openapi: {
    method: 'GET',
    path: '/api/v1/records/:collection/openapi.json',
    summary: 'OpenAPI 3.1 of a collection (JSON)',
    description:
      'The operations on this collection that you may call, with its fields as far as you may see or write them.',
    pathParams: inCollection,
    responses: { 200: OpenApiDocument, ...found },
    metadata: reads('rules'),
    example: {
      params: { collection: 'posts' },
      reply: { openapi: '3.1.0', info: { title: 'posts', version: '0.1.0' } },
    },
  },
  openapiYaml: {
    method: 'GET',
    path: '/api/v1/records/:collection/openapi.yaml',
    summary: 'OpenAPI 3.1 of a collection (YAML)',
    pathParams: inCollection,
    responses: { 200: text('application/yaml'), ...found },
    metadata: reads('rules'),
    example: { params: { collection: 'posts' }, reply: 'openapi: 3.1.0\n' },
  },
  ...aggregates,
  ...transfers,
  ...streams,
  get: {
    method: 'GET',
    path: '/api/v1/records/:collection/:id',
    summary: 'Get a record',
    pathParams: oneRecord,
    query: z.strictObject({
      fields: z.string().max(8000).optional().meta({ description: 'Comma list of the fields to answer.' }),
      expand: Expand.optional(),
    }),
    responses: {
      200: ProjectedRecord,
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FIND_ERROR'),
      ...found,
    },
    metadata: reads('rules', { mcp: 'get' }),
    example: { params, reply: shown },
  },
  history: {
    method: 'GET',
    path: '/api/v1/records/:collection/:id/history',
    summary: 'Versions of a record',
    description:
      'For whoever may view the record; admins also read that of a deleted one. With `at` the answer is the record as it was then, or 404 when there was none. Fields the caller may not read are left out, personal data is masked.',
    pathParams: oneRecord,
    query: z.strictObject({
      at: z.iso.datetime({ offset: true }).optional().meta({ description: 'The record as it was at this moment.' }),
      skip: intParam({ min: 0 }).default(0),
      limit: intParam({ min: 1, max: 100 }).default(30),
    }),
    responses: {
      200: z.union([RecordHistory, ProjectedRecord]),
      ...errors('RESOURCE_FIND_ERROR'),
      ...found,
    },
    metadata: reads('rules'),
    example: {
      params,
      reply: {
        items: [
          {
            version: 1,
            at: shown.created_at,
            operation: 'CREATE',
            actor: { kind: 'user', user_id: shown.created_by, user_email: 'ada@example.com' },
            reason: null,
            request_id: 'cid_0198c0de',
            changes: { title: { old: null, new: post.title } },
            record: shown,
          },
        ],
        total: 1,
        skip: 0,
        limit: 30,
      },
    },
  },
  query: {
    method: 'POST',
    path: '/api/v1/records/:collection/query',
    summary: 'Query records',
    description:
      'The same as the list, with conditions as JSON. Operators: $eq $ne $gt $gte $lt $lte $like $ilike $match $in $nin $contains $isNull, and $and $or $not around conditions; keys of one object must all hold.',
    pathParams: inCollection,
    body: RecordQueryBody,
    responses: {
      200: RecordPage,
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules', { mcp: 'query' }),
    example: {
      params: { collection: 'posts' },
      body: { where: { $or: [{ published: true }, { title: { $ilike: '%draft%' } }] }, orderBy: 'title', limit: 10 },
      reply: page,
    },
  },
  ...batches,
  replace: {
    method: 'PUT',
    path: '/api/v1/records/:collection/:id',
    summary: 'Replace a record',
    description: 'Fields that are left out take their default, or null.',
    pathParams: oneRecord,
    body: RecordBody,
    responses: { 200: StoredRecord, ...errors('RESOURCE_UPDATE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'update', { idempotent: 'natural' }),
    example: { params, body: post, reply: shown },
  },
  patch: {
    method: 'PATCH',
    path: '/api/v1/records/:collection/:id',
    summary: 'Update fields of a record',
    description: 'Fields that are left out keep their value.',
    pathParams: oneRecord,
    body: RecordBody,
    responses: { 200: StoredRecord, ...errors('RESOURCE_UPDATE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'update', { mcp: 'update' }),
    example: { params, body: { title: 'A better title' }, reply: { ...shown, title: 'A better title' } },
  },
  restore: {
    method: 'POST',
    path: '/api/v1/records/:collection/:id/restore',
    summary: 'Restore a softly deleted record',
    description: 'For whoever may delete it. The record is as it was.',
    pathParams: oneRecord,
    body: noBody,
    responses: {
      200: StoredRecord,
      ...errors('RESOURCE_UPDATE_ERROR', 'RESOURCE_CONFLICT', 'RELATION_REFERENCE_ERROR'),
      ...found,
    },
    metadata: writes('rules', 'restore', { idempotent: 'natural' }),
    example: { params, reply: shown },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/records/:collection/:id',
    summary: 'Delete a record',
    description:
      'Softly where the collection says so; purge=true removes it for good, also one that is softly deleted.',
    pathParams: oneRecord,
    query: z.strictObject({ purge: boolParam.optional() }),
    responses: {
      204: noBody,
      ...errors('RESOURCE_DELETE_ERROR', 'RELATION_RESTRICTED', 'PRECONDITION_FAILED'),
      ...found,
    },
    metadata: writes('rules', 'delete', { idempotent: 'natural', mcp: 'delete' }),
    example: { params },
  },
});

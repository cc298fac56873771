// Records: the CRUD routes that every collection has. Their bodies are checked against the collection's own definition, not here.
import { reads, writes } from './access.ts';
import { noBody, room, text, z } from './kit.ts';
import { errors } from './problems.ts';
import { streams } from './realtime.ts';
import { aggregates } from './record-aggregates.ts';
import { batches } from './record-batches.ts';
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
export { inCollection, oneRecord, ProjectedRecord, RecordBody, StoredRecord } from './record-shapes.ts';
export { ExportQuery, ImportQuery, type ImportSummary } from './record-transfers.ts';

const Expand = z.string().max(4000).meta({
  description:
    'Comma list of references to show as records in place, nested to 4 (`author,author.company`); and of those that refer here: `comments_via_post(limit=5;sort=-created_at)`.',
  example: 'author',
});

const Linked = z.string().max(4000).meta({
  description:
    '`true` adds `_linked`: the records of all other apps that are the same person or thing (identity_kind and identity_key); a comma list of app ids, those of these.',
});

const Search = z.string().max(1000).meta({
  description:
    'Words that the searchable fields hold: all of them, `"a phrase"`, `this or that`, `-not`, `begin*`. Without a sort the best come first.',
});

/** Query of a list. Any further parameter is a filter: `{field}=value`. */
export const ListQuery = z
  .object({
    skip: intParam({ min: 0 }).default(0).meta({ description: 'Records to skip.' }),
    limit: intParam({ min: 1, max: 100 }).default(30).meta({ description: 'Records per page.' }),
    sort: z.string().max(1000).optional().meta({
      description: 'Comma list of fields; `-` before a name descends, `+` or nothing ascends. Default -created_at.',
      example: '-created_at,title',
    }),
    fields: z
      .string()
      .max(8000)
      .optional()
      .meta({ description: 'Comma list of the fields to answer; id always stays.', example: 'id,title' }),
    filter: z.string().max(16_384).optional().meta({
      description: 'A condition as text (`rank > 3 && title ~ "a"`), or the JSON of a where.',
      example: 'published = true',
    }),
    search: Search.optional(),
    expand: Expand.optional(),
    cursor: z.string().max(8000).optional().meta({
      description: 'next_cursor of the page before; empty for the first. The sort must be the same.',
    }),
    cursor_before: z.string().max(8000).optional().meta({
      description: 'prev_cursor of a page: answers the page in front of it.',
    }),
    count: z.enum(['exact', 'estimated', 'false']).optional().meta({
      description: 'How total is found: exact (the default), estimated from statistics, or false for not at all.',
    }),
    include_count: boolParam.optional().meta({ description: 'Same as count: true is exact, false is false.' }),
    linked: Linked.optional(),
    deleted: z.enum(['without', 'with', 'only']).optional().meta({
      description:
        'Records that are softly deleted: without (the default), with, only. The others need the right to delete.',
    }),
  })
  .catchall(z.string());
export type ListQuery = z.output<typeof ListQuery>;

const names = z.union([z.string().max(8000), z.array(z.string().max(200)).max(200)]);
/** Body of a query. What is out of range is refused with 400 by the name of its key. */
export const RecordQueryBody = z
  .strictObject({
    where: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Conditions by field, or $and, $or, $not.', example: { published: true } }),
    filter: z.string().max(16_384).optional().meta({ description: 'The same as text; both must hold.' }),
    search: Search.optional(),
    orderBy: names.optional().meta({ description: 'A field or several, as sort.' }),
    order: z.enum(['asc', 'desc']).optional().meta({ description: 'Direction of orderBy fields without a sign.' }),
    sort: names.optional().meta({ description: 'As in the list: `-` before a name descends.' }),
    fields: names.optional(),
    expand: names.optional(),
    skip: z.int().optional(),
    offset: z.int().optional().meta({ description: 'Same as skip.' }),
    limit: z.int().optional().meta({ description: '1 to 100, default 30.' }),
    cursor: z.string().max(8000).optional(),
    cursor_before: z.string().max(8000).optional(),
    count: z.union([z.boolean(), z.enum(['exact', 'estimated'])]).optional(),
    linked: z.union([z.boolean(), z.array(z.string().max(100)).max(100)]).optional(),
    deleted: z.enum(['without', 'with', 'only']).optional(),
  })
  .meta({ id: 'RecordQuery' });
export type RecordQueryBody = z.output<typeof RecordQueryBody>;

export const RecordPage = z
  .object({
    items: z.array(ProjectedRecord),
    total: z
      .int()
      .nullable()
      .meta({ description: 'All records that match, whatever skip and limit are; null with count=false.' }),
    skip: z.int(),
    limit: z.int(),
    next_cursor: z.string().nullable().meta({ description: 'For the next page; null at the end.' }),
    prev_cursor: z.string().nullable().meta({ description: 'For cursor_before; null at the beginning.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'RecordPage' });

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

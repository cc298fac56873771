// Resources: the records under `/v1/{resource}`, the same data and rules in envelopes of data and meta.
import { reads, writes } from './access.ts';
import { events, noBody, room, text, z } from './kit.ts';
import { errors } from './problems.ts';
import { RecordEvent, StreamQuery, streams } from './realtime.ts';
import { found, ProjectedRecord, post, RecordBody, StoredRecord, shown, stored } from './record-shapes.ts';
import { boolParam, intParam, OpenApiDocument } from './shapes.ts';

const ofResource = z.object({
  resource: z.string().min(1).meta({ description: 'Name of the collection.', example: 'posts' }),
});
const oneOfResource = ofResource.extend({ id: z.string().min(1).meta({ description: 'Id of the record.' }) });

/** Records of a page. */
const LIMIT = { usual: 50, most: 1000 } as const;

const Fields = z.string().max(8000).optional().meta({
  description: 'Comma list of the fields to answer; id always stays.',
  example: 'id,title',
});
const Include = z.string().max(4000).optional().meta({
  description:
    'Comma list of references whose records to show too: `property` for the field `property_id` adds the record under that name, the name of the field itself puts it in its place.',
  example: 'author',
});
const limit = intParam({ min: 1, max: LIMIT.most }).optional();
const offset = intParam({ min: 0 }).optional();

/** Query of a list. Any further parameter is a filter: `{field}=value` or `{field}__{operator}=value`. */
export const ResourceQuery = z
  .object({
    _limit: limit.meta({ description: `Records per page, 1 to ${LIMIT.most}; ${LIMIT.usual} when left out.` }),
    limit: limit.meta({ description: 'Same as _limit.' }),
    _offset: offset.meta({ description: 'Records to skip.' }),
    offset: offset.meta({ description: 'Same as _offset.' }),
    skip: offset.meta({ description: 'Same as _offset, by its name on the first face.' }),
    _sort: z.string().max(1000).optional().meta({
      description: 'Comma list of fields; `-` before a name descends. Default -created_at.',
      example: '-created_at',
    }),
    sort: z.string().max(1000).optional().meta({ description: 'Same as _sort.' }),
    fields: Fields,
    include: Include,
    filter: z.string().max(16_384).optional().meta({ description: 'A condition as text; it must hold too.' }),
    search: z.string().max(1000).optional().meta({ description: 'Words that the searchable fields hold.' }),
    deleted: z.enum(['without', 'with', 'only']).optional().meta({
      description:
        'Records that are softly deleted: without (the default), with, only. The others need the right to delete.',
    }),
  })
  .catchall(z.string());
export type ResourceQuery = z.output<typeof ResourceQuery>;

export const USUAL_LIMIT = LIMIT.usual;

const Meta = z.object({ resource: z.string() });
const PageMeta = Meta.extend({
  total: z.int().meta({ description: 'All records that match, whatever limit and offset are.' }),
  limit: z.int(),
  offset: z.int(),
});
const one = (data: typeof StoredRecord | typeof ProjectedRecord) => z.object({ data, meta: Meta });

const params = { resource: 'posts', id: shown.id };
const meta = { resource: 'posts' };
const reply = { data: shown, meta };

export const resources = room({
  list: {
    method: 'GET',
    path: '/v1/:resource',
    summary: 'List records (resource)',
    description:
      'Filters are `{field}__{operator}` with eq neq gt gte lt lte in nin like ilike is_null is_not_null; without an operator eq. in and nin take a comma list or a JSON array. All must hold.',
    pathParams: ofResource,
    query: ResourceQuery,
    responses: {
      200: z.object({ data: z.array(ProjectedRecord), meta: PageMeta }),
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules'),
    example: {
      params: { resource: 'posts' },
      query: { _limit: '10', _sort: '-created_at', title__ilike: '%start%' },
      reply: { data: [shown], meta: { ...meta, total: 1, limit: 10, offset: 0 } },
    },
  },
  create: {
    method: 'POST',
    path: '/v1/:resource',
    summary: 'Create a record (resource)',
    pathParams: ofResource,
    body: RecordBody,
    responses: { 200: one(StoredRecord), ...errors('RESOURCE_STORE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'create'),
    example: { params: { resource: 'posts' }, body: post, reply },
  },
  stream: {
    method: 'GET',
    path: '/v1/:resource/stream',
    summary: 'Stream of changes (SSE, resource)',
    description:
      'The events of the stream under /api/v1/records, for signed-in callers only, also where the collection is public.',
    pathParams: ofResource,
    query: StreamQuery,
    responses: {
      200: events(RecordEvent),
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'INVALID_HEADER', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules', { inUrl: ['ticket'] }),
    example: {
      params: { resource: 'posts' },
      query: { events: 'created,updated' },
      reply: streams.stream.example.reply,
    },
  },
  schema: {
    method: 'GET',
    path: '/v1/:resource/schema',
    summary: 'JSON Schema of a resource',
    description: 'The bare JSON Schema 2020-12 of a body that creates a record, as far as you may read or write it.',
    pathParams: ofResource,
    responses: { 200: z.record(z.string(), z.unknown()), ...errors('RESOURCE_SCHEMA_ERROR'), ...found },
    metadata: reads('rules'),
    example: {
      params: { resource: 'posts' },
      reply: { title: 'posts', type: 'object', properties: { title: { type: 'string' } } },
    },
  },
  openapi: {
    method: 'GET',
    path: '/v1/:resource/openapi.json',
    summary: 'OpenAPI 3.1 of a resource (JSON)',
    description: 'The operations under /v1 that you may call, with the fields that you may see or write.',
    pathParams: ofResource,
    responses: { 200: OpenApiDocument, ...found },
    metadata: reads('rules'),
    example: {
      params: { resource: 'posts' },
      reply: { openapi: '3.1.0', info: { title: 'posts', version: '0.1.0' } },
    },
  },
  openapiYaml: {
    method: 'GET',
    path: '/v1/:resource/openapi.yaml',
    summary: 'OpenAPI 3.1 of a resource (YAML)',
    pathParams: ofResource,
    responses: { 200: text('application/yaml'), ...found },
    metadata: reads('rules'),
    example: { params: { resource: 'posts' }, reply: 'openapi: 3.1.0\n' },
  },
  get: {
    method: 'GET',
    path: '/v1/:resource/:id',
    summary: 'Get a record (resource)',
    pathParams: oneOfResource,
    query: z.strictObject({ fields: Fields, include: Include }),
    responses: {
      200: one(ProjectedRecord),
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FIND_ERROR'),
      ...found,
    },
    metadata: reads('rules'),
    example: { params, reply },
  },
  replace: {
    method: 'PUT',
    path: '/v1/:resource/:id',
    summary: 'Replace a record (resource)',
    description: 'Fields that are left out take their default, or null.',
    pathParams: oneOfResource,
    body: RecordBody,
    responses: { 200: one(StoredRecord), ...errors('RESOURCE_UPDATE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'update', { idempotent: 'natural' }),
    example: { params, body: post, reply },
  },
  patch: {
    method: 'PATCH',
    path: '/v1/:resource/:id',
    summary: 'Update fields of a record (resource)',
    description: 'Fields that are left out keep their value.',
    pathParams: oneOfResource,
    body: RecordBody,
    responses: { 200: one(StoredRecord), ...errors('RESOURCE_UPDATE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'update'),
    example: {
      params,
      body: { title: 'A better title' },
      reply: { data: { ...shown, title: 'A better title' }, meta },
    },
  },
  restore: {
    method: 'POST',
    path: '/v1/:resource/:id/restore',
    summary: 'Restore a softly deleted record (resource)',
    description: 'For whoever may delete it. The record is as it was.',
    pathParams: oneOfResource,
    body: noBody,
    responses: {
      200: one(StoredRecord),
      ...errors('RESOURCE_UPDATE_ERROR', 'RESOURCE_CONFLICT', 'RELATION_REFERENCE_ERROR'),
      ...found,
    },
    metadata: writes('rules', 'restore', { idempotent: 'natural' }),
    example: { params, reply },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/:resource/:id',
    summary: 'Delete a record (resource)',
    description:
      'Softly where the collection says so; purge=true removes it for good, also one that is softly deleted.',
    pathParams: oneOfResource,
    query: z.strictObject({ purge: boolParam.optional() }),
    responses: {
      204: noBody,
      ...errors('RESOURCE_DELETE_ERROR', 'RELATION_RESTRICTED', 'PRECONDITION_FAILED'),
      ...found,
    },
    metadata: writes('rules', 'delete', { idempotent: 'natural' }),
    example: { params },
  },
});

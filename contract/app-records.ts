// The records of an app's entity at the address of seed 5: bare lists and records, all rows unless a limit is given.
import { reads, writes } from './access.ts';
import { room, z } from './kit.ts';
import { errors } from './problems.ts';
import { found, ProjectedRecord, RecordBody, stored } from './record-shapes.ts';
import { intParam, Message } from './shapes.ts';

const names = {
  appId: z
    .string()
    .min(1)
    .meta({ description: 'Id of the app; `main` holds the collections of /api/v1/collections.', example: 'crm' }),
  entity: z.string().min(1).meta({ description: 'Name of the entity.', example: 'contacts' }),
};
const inEntity = z.object(names);
const oneOfEntity = z.object({ ...names, id: z.string().min(1).meta({ description: 'Id of the record.' }) });

const anyInt = () => intParam({ min: Number.MIN_SAFE_INTEGER });
const linked = z.string().max(4000).optional().meta({
  description:
    '`true` adds `_linked` with the same person or thing in all other apps, a comma list of app ids in these.',
});

/** Query of a list. Any further parameter is an equality filter. */
export const EntityList = z
  .object({
    limit: anyInt().optional().meta({ description: 'Brought into 1 to 1000. Left out: all records.' }),
    offset: anyInt().default(0).meta({ description: 'Records to skip.' }),
    sort: z.string().max(1000).optional().meta({ description: 'A field; an unknown one is created_at.' }),
    order: z.enum(['asc', 'desc']).default('desc'),
    linked,
  })
  .catchall(z.string());
export type EntityList = z.output<typeof EntityList>;

/** Body of a query over an entity, or over all that are of one kind. */
export const EntityQuery = z
  .strictObject({
    where: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Conditions by field with operators, or $and, $or, $not.' }),
    orderBy: z.string().max(1000).optional().meta({ description: 'A field; created_at when left out or unknown.' }),
    order: z.enum(['asc', 'desc']).default('desc'),
    limit: z.int().default(100).meta({ description: 'Brought into 1 to 1000.' }),
    offset: z.int().default(0),
    linked: z.union([z.boolean(), z.array(z.string().max(100)).max(100)]).optional(),
  })
  .meta({ id: 'EntityQuery' });
export type EntityQuery = z.output<typeof EntityQuery>;

export const EntityPage = z
  .object({
    data: z.array(ProjectedRecord),
    total: z.int().meta({ description: 'All records that match, whatever limit and offset are.' }),
  })
  .meta({ id: 'EntityPage' });

const contact = { first_name: 'Alice', last_name: 'Smith', email: 'alice@example.com', stage: 'lead' };
export const shownContact = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee7',
  account_id: 'AB1234',
  ...contact,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  updated_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
};
const at = { appId: 'crm', entity: 'contacts' };
const one = { ...at, id: shownContact.id };

export const appRecords = room({
  list: {
    method: 'GET',
    path: '/api/v1/apps/:appId/collections/:entity',
    summary: 'List the records of an entity',
    description: 'A bare list, newest first. Without a limit it holds all records and is made while it is sent.',
    pathParams: inEntity,
    query: EntityList,
    responses: { 200: z.array(ProjectedRecord), ...errors('INVALID_FIELDS', 'RESOURCE_FETCH_ERROR'), ...found },
    metadata: reads('rules'),
    example: {
      params: at,
      query: { stage: 'lead', limit: '50', sort: 'created_at', order: 'desc' },
      reply: [shownContact],
    },
  },
  create: {
    method: 'POST',
    path: '/api/v1/apps/:appId/collections/:entity',
    summary: 'Create a record of an entity',
    pathParams: inEntity,
    body: RecordBody,
    responses: { 201: ProjectedRecord, ...errors('RESOURCE_STORE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'create'),
    example: { params: at, body: contact, reply: shownContact },
  },
  query: {
    method: 'POST',
    path: '/api/v1/apps/:appId/collections/:entity/query',
    summary: 'Query the records of an entity',
    pathParams: inEntity,
    body: EntityQuery,
    responses: {
      200: EntityPage,
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules'),
    example: {
      params: at,
      body: {
        where: { $or: [{ stage: 'lead' }, { email: { $ilike: '%@example.com' } }] },
        orderBy: 'created_at',
        limit: 50,
      },
      reply: { data: [shownContact], total: 1 },
    },
  },
  bulkCreate: {
    method: 'POST',
    path: '/api/v1/apps/:appId/collections/:entity/bulk',
    summary: 'Create many records of an entity',
    description: 'All of them or none, at most 1000; a field that is left out takes its default.',
    pathParams: inEntity,
    body: z.array(RecordBody),
    responses: { 201: z.array(ProjectedRecord), ...errors('RESOURCE_STORE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'create', { rate: 'bulk' }),
    example: { params: at, body: [contact], reply: [shownContact] },
  },
  get: {
    method: 'GET',
    path: '/api/v1/apps/:appId/collections/:entity/:id',
    summary: 'Get a record of an entity',
    pathParams: oneOfEntity,
    responses: { 200: ProjectedRecord, ...errors('RESOURCE_FIND_ERROR'), ...found },
    metadata: reads('rules'),
    example: { params: one, reply: shownContact },
  },
  patch: {
    method: 'PATCH',
    path: '/api/v1/apps/:appId/collections/:entity/:id',
    summary: 'Update fields of a record of an entity',
    pathParams: oneOfEntity,
    body: RecordBody,
    responses: { 200: ProjectedRecord, ...errors('RESOURCE_UPDATE_ERROR'), ...found, ...stored },
    metadata: writes('rules', 'update'),
    example: { params: one, body: { first_name: 'Alice B.' }, reply: { ...shownContact, first_name: 'Alice B.' } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/apps/:appId/collections/:entity/:id',
    summary: 'Delete a record of an entity',
    pathParams: oneOfEntity,
    responses: {
      200: Message,
      ...errors('RESOURCE_DELETE_ERROR', 'RELATION_RESTRICTED', 'PRECONDITION_FAILED'),
      ...found,
    },
    metadata: writes('rules', 'delete', { idempotent: 'natural' }),
    example: { params: one, reply: { message: `record '${shownContact.id}' deleted` } },
  },
});

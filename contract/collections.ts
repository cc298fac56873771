// Collections: the definition that becomes a table, its endpoints, documents and client types. Superadmins only.
import { reads, writes } from './access.ts';
import { Field, FieldInput } from './fields.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { constraintShape, Operation, shownConstraints } from './permissions.ts';
import { errors } from './problems.ts';
import { FieldList, fieldListShape, ruleShape } from './rules.ts';
import { Id, idParam, pageOf, pageQuery, Timestamp } from './shapes.ts';
import { TableCheck, TableIndex, tableObjects } from './table-objects.ts';

/** Any of the accepted spellings of a key, brought to ours. null means not set, but for rules, where it takes a rule away. */
export const spelled = (spellings: Readonly<Record<string, string>>) => (input: unknown) => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input)) {
    if (value === null && !Object.hasOwn(ruleShape, key) && !key.startsWith('identity')) continue;
    const known = Object.hasOwn(spellings, key) ? (spellings[key] as string) : key;
    out[Object.hasOwn(out, known) ? key : known] = value;
  }
  return out;
};
export const SPELLINGS = {
  fields: 'schema',
  enableSoftDelete: 'soft_delete',
  softDelete: 'soft_delete',
  enable_soft_delete: 'soft_delete',
  displayName: 'display_name',
  identityKind: 'identity_kind',
  identityKey: 'identity_key',
};

/** `action` and `operation` are one. */
export const CollectionPermission = z
  .preprocess(
    spelled({ action: 'operation' }),
    z.strictObject({
      role: z.string().min(1).max(100).meta({ description: 'Name of the role.' }),
      operation: Operation,
      rule: z.string().max(8192).optional().meta({ description: 'Which rows; all when left out.' }),
      fields: FieldList.optional(),
      ...constraintShape,
    }),
  )
  .meta({ id: 'CollectionPermission', description: '`action` is accepted for operation.' });

const access = z.object({ ...ruleShape, ...fieldListShape }).partial().shape;
export const definition = {
  name: z
    .string()
    .meta({ description: 'Letters, digits and underscore, at most 100; starts with a letter or underscore.' }),
  description: z.string().max(500).optional(),
  display_name: z.string().max(200).optional(),
  schema: z.array(FieldInput).meta({ description: 'The fields. `fields` is accepted as well.' }),
  soft_delete: z.boolean().optional().meta({ description: 'Deleting sets deleted_at instead of removing the row.' }),
  enabled: z
    .boolean()
    .optional()
    .meta({ description: 'A disabled collection answers 404 RESOURCE_DISABLED and keeps its data.' }),
  ...tableObjects,
  ...access,
  permissions: z
    .array(CollectionPermission)
    .max(500)
    .optional()
    .meta({ description: 'What roles may do. When sent, it replaces the permissions of exactly this collection.' }),
};

export const CollectionInput = z
  .preprocess(spelled(SPELLINGS), z.strictObject(definition))
  .meta({ id: 'CollectionInput' });
export const CollectionChange = z.preprocess(spelled(SPELLINGS), z.strictObject(definition).partial()).meta({
  id: 'CollectionChange',
  description: 'What is sent changes; what is left out stays. `schema` is the whole list of fields.',
});

export const Collection = z
  .object({
    id: Id,
    app: z.string(),
    name: z.string(),
    qualified_name: z.string(),
    table_name: z.string(),
    description: z.string().nullable(),
    display_name: z.string().nullable(),
    schema: z.array(Field),
    fields: z.array(Field).meta({ description: 'The same array as schema.' }),
    soft_delete: z.boolean(),
    enableSoftDelete: z.boolean().meta({ description: 'The same as soft_delete.' }),
    enabled: z.boolean(),
    indexes: z.array(TableIndex),
    checks: z.array(TableCheck),
    identity_kind: z.string().nullable(),
    identity_key: z.string().nullable(),
    ...ruleShape,
    ...fieldListShape,
    permissions: z
      .array(
        z.object({
          role: z.string(),
          operation: Operation,
          rule: z.string(),
          fields: FieldList,
          ...shownConstraints,
        }),
      )
      .meta({ description: 'Permissions of exactly this collection; those of patterns are with their roles.' }),
    revision: z.int().meta({ description: 'Grows with each change of the definition.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Collection' });
export type Collection = z.infer<typeof Collection>;
export type CollectionInput = z.output<typeof CollectionInput>;
export type CollectionChange = z.output<typeof CollectionChange>;

const collectionParam = idParam.meta({ description: 'The id or the name of a collection.' });
const posts = {
  name: 'posts',
  schema: [
    { name: 'title', type: 'text', required: true },
    { name: 'content', type: 'text', required: true },
    { name: 'published', type: 'boolean', default: false },
  ],
};
const shown = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  app: 'main',
  name: 'posts',
  qualified_name: 'main.posts',
  table_name: 'app_main.posts',
  description: null,
  display_name: null,
  schema: posts.schema.map((f) => ({ required: false, unique: false, ...f })),
  fields: posts.schema.map((f) => ({ required: false, unique: false, ...f })),
  soft_delete: false,
  enableSoftDelete: false,
  enabled: true,
  indexes: [],
  checks: [],
  identity_kind: null,
  identity_key: null,
  list_rule: null,
  view_rule: null,
  create_rule: null,
  update_rule: null,
  delete_rule: null,
  list_fields: '*' as const,
  view_fields: '*' as const,
  create_fields: '*' as const,
  update_fields: '*' as const,
  permissions: [],
  revision: 1,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
};
const invalid = errors('INVALID_RESOURCE_DATA', 'CONFLICT', 'APP_MANAGED', 'SCHEMA_SYNC_FAILED', 'WRITE_CONFLICT');

export const collections = room({
  list: {
    method: 'GET',
    path: '/api/v1/collections',
    summary: 'List collections',
    pathParams: noParams,
    query: z.strictObject({
      ...pageQuery,
      sort_by: z.enum(['created_at', 'updated_at', 'name']).optional(),
      sort_order: z.enum(['asc', 'desc']).optional(),
      search: z.string().max(100).optional().meta({ description: 'Part of the name.' }),
    }),
    responses: { 200: pageOf(Collection) },
    metadata: reads('superadmin'),
    example: {
      query: { search: 'pos' },
      reply: { items: [shown], total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 },
    },
  },
  create: {
    method: 'POST',
    path: '/api/v1/collections',
    summary: 'Create a collection',
    description: 'One definition becomes a table with validated endpoints, at once and without a restart.',
    pathParams: noParams,
    body: CollectionInput,
    responses: { 201: Collection, ...invalid },
    metadata: writes('superadmin', 'collection.create'),
    example: { body: posts, reply: shown },
  },
  names: {
    method: 'GET',
    path: '/api/v1/collections/names',
    summary: 'List the names of all collections',
    pathParams: noParams,
    responses: { 200: z.object({ names: z.array(z.string()), total: z.int() }) },
    metadata: reads('superadmin'),
    example: { reply: { names: ['posts'], total: 1 } },
  },
  get: {
    method: 'GET',
    path: '/api/v1/collections/:id',
    summary: 'Get a collection by id or name',
    pathParams: collectionParam,
    responses: { 200: Collection, ...errors('RESOURCE_NOT_FOUND') },
    metadata: reads('superadmin'),
    example: { params: { id: 'posts' }, reply: shown },
  },
  update: {
    method: 'PUT',
    path: '/api/v1/collections/:id',
    summary: 'Change a collection',
    description:
      'What is left out stays. A field that is left out of schema goes with its values; a renamed one is another field. A changed type converts the values: text to number, boolean, date, datetime, uuid and json (the empty text becomes null), any single value to text, boolean and number, date and datetime (UTC), a value to a list of it. Values that cannot be converted are told before anything is done (409 SCHEMA_SYNC_FAILED).',
    pathParams: collectionParam,
    body: CollectionChange,
    responses: { 200: Collection, ...errors('RESOURCE_NOT_FOUND'), ...invalid },
    metadata: writes('superadmin', 'collection.update', { idempotent: 'natural' }),
    example: {
      params: { id: 'posts' },
      body: { schema: [...posts.schema, { name: 'views', type: 'number', default: 0 }] },
      reply: shown,
    },
  },
  patch: {
    method: 'PATCH',
    path: '/api/v1/collections/:id',
    summary: 'Change a collection (same as PUT)',
    pathParams: collectionParam,
    body: CollectionChange,
    responses: { 200: Collection, ...errors('RESOURCE_NOT_FOUND'), ...invalid },
    metadata: writes('superadmin', 'collection.update'),
    example: { params: { id: 'posts' }, body: { enabled: false }, reply: { ...shown, enabled: false } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/collections/:id',
    summary: 'Delete a collection and its records',
    pathParams: collectionParam,
    responses: {
      204: noBody,
      ...errors(
        'INVALID_RESOURCE_DATA',
        'RESOURCE_NOT_FOUND',
        'COLLECTION_REFERENCED',
        'APP_MANAGED',
        'SCHEMA_SYNC_FAILED',
        'WRITE_CONFLICT',
      ),
    },
    metadata: writes('superadmin', 'collection.delete'),
    example: { params: { id: 'posts' } },
  },
});

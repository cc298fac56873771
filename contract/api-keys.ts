// API keys of an account, limited by scopes, and the admin tokens of superadmins. Either is shown once.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, Id, idParam, pageOf, pageQuery, Timestamp } from './shapes.ts';

const Granted = z.union([z.literal('*'), z.array(z.string().max(100)).max(500)]).optional();
export const Scopes = z
  .record(
    z.string(),
    z.strictObject({
      list: Granted,
      view: Granted,
      read: Granted,
      create: Granted,
      update: Granted,
      delete: Granted,
      deploy: z
        .literal('*')
        .optional()
        .meta({ description: 'Of `apps` alone: deploying manifests, for keys of superadmins.' }),
    }),
  )
  .meta({
    id: 'KeyScopes',
    description:
      'By collection (`posts`, `main.*` or `*`) and operation (`read` means list and view): the fields, or "*". Anything else is refused.',
    example: { posts: { read: '*', update: ['title'] } },
  });

const Expiry = z.iso
  .datetime({ offset: true })
  .nullable()
  .optional()
  .meta({ description: 'When the key stops working; left out or null: never.' });
const Name = z.string().trim().min(1).max(100);

const token = {
  id: Id,
  name: z.string(),
  key: z.string().meta({ description: 'Whole in the reply to its creation; afterwards only its beginning.' }),
  is_active: z.boolean().meta({ description: 'False once it is revoked or expired.' }),
  created_at: Timestamp,
  expires_at: Timestamp.nullable(),
  last_used_at: Timestamp.nullable().meta({ description: 'To the minute.' }),
  revoked_at: Timestamp.nullable(),
  created_by: Id.meta({ description: 'The user it acts for.' }),
};
export const AdminToken = z.object(token).meta({ id: 'AdminToken' });
export type AdminToken = z.infer<typeof AdminToken>;
export const ApiKey = z
  .object({ ...token, kind: z.literal('user'), account_id: AccountId, scopes: Scopes })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee5';
const params = { id };
const masked = {
  id,
  name: 'Website',
  key: `sb_uk.${id}.aB3d…`,
  is_active: true,
  created_at: '2026-01-02T03:04:05.678Z',
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
};
const shown = { ...masked, kind: 'user' as const, account_id: 'AB1234', scopes: { 'main.*': { read: '*' as const } } };
const whole = `sb_uk.${id}.aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9d`;
const admin = { ...masked, name: 'Deployment', key: `sb_ak.${id}.aB3d…` };
const missing = errors('RESOURCE_NOT_FOUND');
const limited = errors('INVALID_RESOURCE_DATA', 'LIMIT_REACHED');

export const apiKeys = room({
  list: {
    method: 'GET',
    path: '/api/v1/api-keys',
    summary: 'List the API keys of your account',
    pathParams: noParams,
    query: z.strictObject(pageQuery),
    responses: { 200: pageOf(ApiKey), ...missing },
    metadata: reads('account_admin'),
    example: { reply: { items: [shown], total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/api-keys',
    summary: 'Create an API key',
    description:
      'The key acts for you, within your account and its scopes only. It is shown in this reply and never again; it dies when you are deactivated.',
    pathParams: noParams,
    body: z
      .strictObject({ name: Name, scopes: Scopes, expires_at: Expiry, kind: z.literal('user').optional() })
      .meta({ id: 'ApiKeyInput' }),
    responses: { 201: ApiKey, ...limited },
    metadata: writes('account_admin', 'api_key.create'),
    example: { body: { name: 'Website', scopes: { 'main.*': { read: '*' } } }, reply: { ...shown, key: whole } },
  },
  get: {
    method: 'GET',
    path: '/api/v1/api-keys/:id',
    summary: 'Get an API key without its secret',
    pathParams: idParam,
    responses: { 200: ApiKey, ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: shown },
  },
  revoke: {
    method: 'DELETE',
    path: '/api/v1/api-keys/:id',
    summary: 'Revoke an API key',
    description: 'Its next request is refused. The key stays in the list.',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('account_admin', 'api_key.revoke', { idempotent: 'natural' }),
    example: { params },
  },
});

export const adminTokens = room({
  list: {
    method: 'GET',
    path: '/api/v1/admin/api-keys',
    summary: 'List admin tokens',
    pathParams: noParams,
    query: z.strictObject({ ...pageQuery, offset: pageQuery.skip.meta({ description: 'Same as skip.' }) }),
    responses: { 200: pageOf(AdminToken) },
    metadata: reads('superadmin'),
    example: { reply: { items: [admin], total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/admin/api-keys',
    summary: 'Create an admin token',
    description: 'The token manages everything; records it may only read and delete. It is shown once.',
    pathParams: noParams,
    body: z
      .strictObject({ name: Name, expires_at: Expiry, kind: z.literal('admin').optional() })
      .meta({ id: 'AdminTokenInput' }),
    responses: { 201: AdminToken, ...limited },
    metadata: writes('superadmin', 'admin_token.create'),
    example: { body: { name: 'Deployment' }, reply: { ...admin, key: whole.replace('uk', 'ak') } },
  },
  get: {
    method: 'GET',
    path: '/api/v1/admin/api-keys/:id',
    summary: 'Get an admin token without its secret',
    pathParams: idParam,
    responses: { 200: AdminToken, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: admin },
  },
  revoke: {
    method: 'DELETE',
    path: '/api/v1/admin/api-keys/:id',
    summary: 'Revoke an admin token',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('superadmin', 'admin_token.revoke', { idempotent: 'natural' }),
    example: { params },
  },
});

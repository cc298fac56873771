// Accounts (tenants), managed by superadmins.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, idParam, pageOf, pageQuery, Timestamp } from './shapes.ts';
import { User } from './users.ts';

export const Account = z
  .object({
    id: AccountId,
    account_code: AccountId.meta({ description: 'The same as id.' }),
    slug: z.string(),
    name: z.string(),
    user_count: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof Account>;

const shown = {
  id: 'AB1234',
  account_code: 'AB1234',
  slug: 'acme',
  name: 'Acme Corporation',
  user_count: 1,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
};
const params = { id: 'AB1234' };
const accountParam = idParam.meta({ description: 'The id or the slug of an account.' });
const missing = errors('RESOURCE_NOT_FOUND');
const onePage = { total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 };

export const accounts = room({
  list: {
    method: 'GET',
    path: '/api/v1/accounts',
    summary: 'List accounts',
    pathParams: noParams,
    query: z.strictObject({
      ...pageQuery,
      search: z.string().max(255).optional().meta({ description: 'Part of the name, the slug or the id.' }),
      sort_by: z.enum(['id', 'account_code', 'slug', 'name', 'created_at']).optional(),
      sort_order: z.enum(['asc', 'desc']).optional(),
    }),
    responses: { 200: pageOf(Account) },
    metadata: reads('superadmin'),
    example: { query: { search: 'acme' }, reply: { items: [shown], ...onePage } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/accounts',
    summary: 'Create an account without users',
    pathParams: noParams,
    body: z
      .strictObject({ name: z.string().trim().min(1).max(255), slug: z.string().max(100).optional() })
      .meta({ id: 'AccountInput' }),
    responses: { 201: Account, ...errors('INVALID_RESOURCE_DATA', 'CONFLICT') },
    metadata: writes('superadmin', 'account.create'),
    example: { body: { name: 'Acme Corporation', slug: 'acme' }, reply: { ...shown, user_count: 0 } },
  },
  get: {
    method: 'GET',
    path: '/api/v1/accounts/:id',
    summary: 'Get an account by id or slug',
    pathParams: accountParam,
    responses: { 200: Account, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: shown },
  },
  update: {
    method: 'PUT',
    path: '/api/v1/accounts/:id',
    summary: 'Rename an account',
    pathParams: accountParam,
    body: z.strictObject({ name: z.string().trim().min(1).max(255) }).meta({ id: 'AccountChange' }),
    responses: { 200: Account, ...missing, ...errors('INVALID_RESOURCE_DATA') },
    metadata: writes('superadmin', 'account.update', { idempotent: 'natural' }),
    example: { params, body: { name: 'Acme Ltd' }, reply: { ...shown, name: 'Acme Ltd' } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/accounts/:id',
    summary: 'Delete an account with its users and records',
    pathParams: accountParam,
    responses: { 204: noBody, ...missing, ...errors('FORBIDDEN') },
    metadata: writes('superadmin', 'account.delete', { idempotent: 'natural' }),
    example: { params },
  },
  users: {
    method: 'GET',
    path: '/api/v1/accounts/:id/users',
    summary: 'List the users of an account',
    pathParams: accountParam,
    query: z.strictObject(pageQuery),
    responses: { 200: pageOf(User), ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: { items: [], ...onePage, total: 0, total_pages: 0 } },
  },
});

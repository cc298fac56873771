// Users of all accounts, managed by superadmins.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, boolParam, Id, idParam, intParam, Message, pageOf, pageQuery, Timestamp } from './shapes.ts';

/** Role ids are numbers; clients may send them as text, as the documented sample does. */
export const RoleId = z
  .union([
    z.int().min(1).max(2147483647),
    z
      .string()
      .regex(/^[1-9]\d{0,8}$/)
      .transform(Number),
  ])
  .meta({ description: 'A role id, as a number or as text.', example: 2 });

export const User = z
  .object({
    id: Id,
    email: z.string(),
    account_id: AccountId,
    account_code: AccountId.meta({ description: 'The same as account_id.' }),
    account_name: z.string(),
    role: z.string(),
    role_id: z.int(),
    role_name: z.string().meta({ description: 'The same as role.' }),
    groups: z.array(z.string()),
    is_active: z.boolean(),
    auth_provider: z.string(),
    email_verified: z.boolean(),
    email_verified_at: Timestamp.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
    last_login: Timestamp.nullable(),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

const email = z.email().max(254);
const password = z.string().min(1).max(200);
const shown = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  email: 'ada@example.com',
  account_id: 'AB1234',
  account_code: 'AB1234',
  account_name: 'Acme Corporation',
  role: 'user',
  role_id: 2,
  role_name: 'user',
  groups: [],
  is_active: true,
  auth_provider: 'password',
  email_verified: true,
  email_verified_at: '2026-01-02T03:04:05.678Z',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
  last_login: null,
};
const params = { id: shown.id };
const missing = errors('RESOURCE_NOT_FOUND');

export const users = room({
  list: {
    method: 'GET',
    path: '/api/v1/users',
    summary: 'List users',
    pathParams: noParams,
    query: z.strictObject({
      ...pageQuery,
      account_id: z.string().max(255).optional().meta({ description: 'Only users of this account (id or slug).' }),
      role_id: intParam({ min: 1, max: 2147483647 }).optional(),
      is_active: boolParam.optional(),
      search: z.string().max(254).optional().meta({ description: 'Part of the e-mail address.' }),
      sort: z.enum(['created_at', '-created_at', 'email', '-email']).optional(),
      sort_by: z.enum(['created_at', 'email']).optional(),
      sort_order: z.enum(['asc', 'desc']).optional(),
    }),
    responses: { 200: pageOf(User) },
    metadata: reads('superadmin'),
    example: {
      query: { account_id: 'AB1234' },
      reply: { items: [shown], total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 },
    },
  },
  create: {
    method: 'POST',
    path: '/api/v1/users',
    summary: 'Create a user in an account',
    description:
      'The user can log in at once: an address that a superadmin enters counts as verified, unless email_verified is false.',
    pathParams: noParams,
    body: z
      .strictObject({
        email,
        password,
        account_id: z.string().min(1).max(255).meta({ description: 'Id or slug of the account.' }),
        role_id: RoleId.optional().meta({ description: 'A role id, as a number or as text. Default: the role user.' }),
        is_active: z.boolean().optional(),
        email_verified: z.boolean().optional(),
      })
      .meta({ id: 'UserInput' }),
    responses: { 201: User, ...errors('INVALID_RESOURCE_DATA', 'RESOURCE_NOT_FOUND', 'CONFLICT') },
    metadata: writes('superadmin', 'user.create'),
    example: {
      body: { email: 'ada@example.com', password: 'SecurePass123!', account_id: 'AB1234', role_id: '2' },
      reply: shown,
    },
  },
  get: {
    method: 'GET',
    path: '/api/v1/users/:id',
    summary: 'Get a user',
    pathParams: idParam,
    responses: { 200: User, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: shown },
  },
  update: {
    method: 'PATCH',
    path: '/api/v1/users/:id',
    summary: 'Update a user',
    description: 'Deactivating a user or changing his role acts on his next request.',
    pathParams: idParam,
    body: z.strictObject({ email, role_id: RoleId, is_active: z.boolean() }).partial().meta({ id: 'UserChange' }),
    responses: { 200: User, ...missing, ...errors('CONFLICT', 'FORBIDDEN') },
    metadata: writes('superadmin', 'user.update'),
    example: { params, body: { is_active: false }, reply: { ...shown, is_active: false } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/users/:id',
    summary: 'Deactivate a user',
    description: 'The user stays in the history of what he did; he cannot log in any more and his sessions end.',
    pathParams: idParam,
    responses: { 204: noBody, ...missing, ...errors('FORBIDDEN') },
    metadata: writes('superadmin', 'user.delete', { idempotent: 'natural' }),
    example: { params },
  },
  setPassword: {
    method: 'PUT',
    path: '/api/v1/users/:id/password',
    summary: 'Set a password for a user',
    description: 'All sessions of the user end.',
    pathParams: idParam,
    body: z.strictObject({ new_password: password }).meta({ id: 'PasswordInput' }),
    responses: { 200: Message, ...missing, ...errors('INVALID_RESOURCE_DATA') },
    metadata: writes('superadmin', 'user.set_password', { idempotent: 'natural' }),
    example: { params, body: { new_password: 'SecurePass123!' }, reply: { message: 'The password is set.' } },
  },
  verify: {
    method: 'POST',
    path: '/api/v1/users/:id/verify',
    summary: "Mark a user's address as verified",
    pathParams: idParam,
    body: z.looseObject({}).optional(),
    responses: { 200: z.object({ message: z.string(), user: User }), ...missing },
    metadata: writes('superadmin', 'user.verify', { idempotent: 'natural' }),
    example: { params, body: {}, reply: { message: 'The address is verified.', user: shown } },
  },
  resendVerification: {
    method: 'POST',
    path: '/api/v1/users/:id/resend-verification',
    summary: 'Send the verification message to a user again',
    pathParams: idParam,
    body: z.looseObject({}).optional(),
    responses: { 200: Message, ...missing, ...errors('EMAIL_ALREADY_VERIFIED') },
    metadata: writes('superadmin', 'user.send_verification', { idempotent: 'none' }),
    example: { params, body: {}, reply: { message: 'The message is on its way.' } },
  },
});

// Invitations: how a person who is not yet there joins an account. Its admins invite; whoever holds the token accepts.
import { reads, writes } from './access.ts';
import { Session } from './auth.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, Id, idParam, pageOf, pageQuery, Timestamp } from './shapes.ts';
import { RoleId } from './users.ts';

export const InvitationStatus = z.enum(['pending', 'accepted', 'expired', 'cancelled']);

export const Invitation = z
  .object({
    id: Id,
    account_id: AccountId,
    account_code: AccountId.meta({ description: 'The same as account_id.' }),
    email: z.string(),
    role_id: z.int(),
    role: z.string(),
    invited_by: z.string().nullable(),
    status: InvitationStatus,
    expires_at: Timestamp,
    accepted_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'Invitation' });
export type Invitation = z.infer<typeof Invitation>;

const shown = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee3',
  account_id: 'AB1234',
  account_code: 'AB1234',
  email: 'grace@example.com',
  role_id: 2,
  role: 'user',
  invited_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  status: 'pending' as const,
  expires_at: '2026-01-04T03:04:05.678Z',
  accepted_at: null,
  created_at: '2026-01-02T03:04:05.678Z',
};
const token = '3f'.repeat(32);
// One name for both kinds of identifier: two templates that differ by a name alone are one path to every other tool.
const tokenParam = z.object({ id: z.string().min(1).meta({ description: 'The token from the message.' }) });
const missing = errors('RESOURCE_NOT_FOUND');

export const invitations = room({
  list: {
    method: 'GET',
    path: '/api/v1/invitations',
    summary: 'List invitations',
    description: "Those of the caller's account; superadmins see all, or one account's with account_id.",
    pathParams: noParams,
    query: z.strictObject({
      ...pageQuery,
      status_filter: InvitationStatus.optional(),
      account_id: z.string().max(255).optional().meta({ description: 'Superadmins only: id or slug of an account.' }),
    }),
    responses: {
      200: pageOf(Invitation).extend({
        invitations: z.array(Invitation).meta({ description: 'The same array as items.' }),
      }),
    },
    metadata: reads('account_admin'),
    example: {
      query: { status_filter: 'pending' },
      reply: {
        items: [shown],
        invitations: [shown],
        total: 1,
        skip: 0,
        limit: 25,
        page: 1,
        page_size: 25,
        total_pages: 1,
      },
    },
  },
  create: {
    method: 'POST',
    path: '/api/v1/invitations',
    summary: 'Invite a person into the account',
    description:
      'A message with a token is sent; the token is in the reply as well, this once. It is valid for 48 hours.',
    pathParams: noParams,
    body: z
      .strictObject({
        email: z.email().max(254),
        role_id: RoleId.optional().meta({ description: 'Default: the role user.' }),
        account_id: z
          .string()
          .min(1)
          .max(255)
          .optional()
          .meta({ description: 'Superadmins only: id or slug of the account.' }),
      })
      .meta({ id: 'InvitationInput' }),
    responses: {
      201: Invitation.extend({ token: z.string() }),
      ...errors('ACCOUNT_REQUIRED', 'CONFLICT', 'RESOURCE_NOT_FOUND'),
    },
    metadata: writes('account_admin', 'invitation.create'),
    example: { body: { email: 'grace@example.com', role_id: 2 }, reply: { ...shown, token } },
  },
  show: {
    method: 'GET',
    path: '/api/v1/invitations/:id',
    summary: 'What an invitation says, for its holder',
    pathParams: tokenParam,
    responses: {
      200: z
        .object({
          email: z.string(),
          account_name: z.string(),
          invited_by_name: z.string().nullable(),
          expires_at: Timestamp,
          is_valid: z.boolean(),
        })
        .meta({ id: 'InvitationNotice' }),
      ...missing,
    },
    metadata: reads('anyone', { rate: 'auth' }),
    example: {
      params: { id: token },
      reply: {
        email: 'grace@example.com',
        account_name: 'Acme Corporation',
        invited_by_name: 'ada@example.com',
        expires_at: shown.expires_at,
        is_valid: true,
      },
    },
  },
  accept: {
    method: 'POST',
    path: '/api/v1/invitations/:id/accept',
    summary: 'Accept an invitation and log in',
    description: 'Makes the user, whose address counts as verified. A token works once.',
    pathParams: tokenParam,
    body: z.object({ password: z.string().min(1).max(200) }).meta({ id: 'InvitationAcceptance' }),
    responses: { 200: Session, ...missing, ...errors('INVALID_TOKEN', 'INVALID_RESOURCE_DATA', 'CONFLICT') },
    metadata: writes('anyone', 'invitation.accept', { rate: 'auth', idempotent: 'none' }),
    example: {
      params: { id: token },
      body: { password: 'SecurePass123!' },
      reply: {
        token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln',
        refresh_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.bmV4dA',
        expires_in: 3600,
        account: { id: 'AB1234', slug: 'acme', name: 'Acme Corporation', created_at: '2026-01-02T03:04:05.678Z' },
        user: {
          id: '0198c0de-7a11-7000-8000-3b2f5c0ffee4',
          email: 'grace@example.com',
          role: 'user',
          account_id: 'AB1234',
          groups: [],
          is_active: true,
          email_verified: true,
          created_at: '2026-01-02T03:04:05.678Z',
          last_login: '2026-01-02T03:04:05.678Z',
        },
      },
    },
  },
  resend: {
    method: 'POST',
    path: '/api/v1/invitations/:id/resend',
    summary: 'Send the message again, with a new token',
    pathParams: idParam,
    body: z.looseObject({}).optional(),
    responses: { 200: z.object({ message: z.string(), token: z.string() }), ...missing },
    metadata: writes('account_admin', 'invitation.resend', { idempotent: 'none' }),
    example: { params: { id: shown.id }, body: {}, reply: { message: 'The message is on its way.', token } },
  },
  cancel: {
    method: 'DELETE',
    path: '/api/v1/invitations/:id',
    summary: 'Cancel a pending invitation',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('account_admin', 'invitation.cancel', { idempotent: 'natural' }),
    example: { params: { id: shown.id } },
  },
});

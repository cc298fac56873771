// Authentication: registering an account, logging in and out, refreshing, verifying an address, who am I.
import { reads, writes } from './access.ts';
import { noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, Message, Timestamp } from './shapes.ts';

/** Passwords are bounded so that hashing one costs a bounded time. */
export const PASSWORD_MAX = 200;
/** One address: the field's own rules decide what is valid, here only the length of RFC 5321 is kept. */
const EmailInput = z
  .email()
  .max(254)
  .meta({ description: 'Compared without regard to case.', example: 'ada@example.com' });
const PasswordInput = z.string().min(1).max(PASSWORD_MAX).meta({
  description: 'At least 12 characters with an upper-case and a lower-case letter, a digit and a special character.',
  example: 'SecurePass123!',
});

export const AccountBrief = z
  .looseObject({ id: AccountId, slug: z.string(), name: z.string(), created_at: Timestamp })
  .meta({ id: 'AccountBrief' });
export const UserBrief = z
  .looseObject({
    id: z.string(),
    email: z.string(),
    role: z.string(),
    account_id: AccountId,
    groups: z.array(z.string()),
    is_active: z.boolean(),
    email_verified: z.boolean(),
    created_at: Timestamp,
    last_login: Timestamp.nullable(),
  })
  .meta({ id: 'UserBrief' });

export const Session = z
  .object({
    token: z.string().meta({ description: 'Access token: a JWT signed with HS256.' }),
    refresh_token: z.string().meta({ description: 'Works once; each refresh answers the next one.' }),
    expires_in: z.int().meta({ description: 'Seconds until the access token expires.', example: 3600 }),
    account: AccountBrief,
    user: UserBrief,
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

const Me = z
  .object({
    id: z.string(),
    user_id: z.string().meta({ description: 'The same as id.' }),
    email: z.string(),
    role: z.string(),
    account_id: AccountId,
    is_superadmin: z.boolean(),
    user: UserBrief,
    account: AccountBrief,
  })
  .meta({ id: 'Me' });

const account = { id: 'AB1234', slug: 'acme', name: 'Acme Corporation', created_at: '2026-01-02T03:04:05.678Z' };
const user = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  email: 'ada@example.com',
  role: 'admin',
  account_id: 'AB1234',
  groups: [],
  is_active: true,
  email_verified: true,
  created_at: '2026-01-02T03:04:05.678Z',
  last_login: '2026-01-02T04:05:06.789Z',
};
const session = {
  token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln',
  refresh_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.bmV4dA',
  expires_in: 3600,
  account,
  user,
};

/** One route under the two paths that clients know it by. */
const sendsVerification = <const P extends `/${string}`>(path: P, summary: string) =>
  ({
    method: 'POST',
    path,
    summary,
    description: 'The answer is the same whether the address is known or not.',
    pathParams: noParams,
    body: z.object({ account: z.string().max(255).optional(), email: z.string().max(254).optional() }).optional(),
    responses: { 200: Message, ...errors('ACCOUNT_REQUIRED') },
    metadata: writes('anyone', 'user.send_verification', { rate: 'auth', idempotent: 'none' }),
    example: {
      body: { account: 'acme', email: 'ada@example.com' },
      reply: { message: 'If the address waits for verification, a message is on its way.' },
    },
  }) as const;

export const auth = room({
  register: {
    method: 'POST',
    path: '/api/v1/auth/register',
    summary: 'Register an account with its first user',
    description:
      'The first user has the role admin. No token is answered: the address must be verified before the first login.',
    pathParams: noParams,
    body: z
      .object({
        account_name: z.string().trim().min(1).max(255),
        account_slug: z.string().max(100).optional().meta({
          description:
            '3 to 32 characters: a letter, then letters, digits and hyphens. Derived from the name when missing.',
        }),
        email: EmailInput,
        password: PasswordInput,
      })
      .meta({ id: 'RegisterInput' }),
    responses: {
      201: z.object({ message: z.string(), account: AccountBrief, user: UserBrief }).meta({ id: 'Registration' }),
      ...errors('INVALID_RESOURCE_DATA', 'CONFLICT'),
    },
    metadata: writes('anyone', 'account.register', { rate: 'auth' }),
    example: {
      body: {
        account_name: 'Acme Corporation',
        account_slug: 'acme',
        email: 'ada@example.com',
        password: 'SecurePass123!',
      },
      reply: {
        message: 'Registration successful. Please check your email to verify your account.',
        account,
        user: { ...user, email_verified: false, last_login: null },
      },
    },
  },
  login: {
    method: 'POST',
    path: '/api/v1/auth/login',
    summary: 'Log in with e-mail and password',
    description:
      'With `session: true` the reply also sets an httpOnly cookie that authenticates browsers on the same site.',
    pathParams: noParams,
    body: z
      .object({
        account: z
          .string()
          .min(1)
          .max(255)
          .optional()
          .meta({ description: 'Slug or id of the account. `system` for superadmins.', example: 'acme' }),
        email: z.string().min(1).max(254).meta({ example: 'ada@example.com' }),
        password: z.string().min(1).max(PASSWORD_MAX).meta({ example: 'SecurePass123!' }),
        session: z.boolean().optional(),
      })
      .meta({ id: 'LoginInput' }),
    responses: { 200: Session, ...errors('ACCOUNT_REQUIRED', 'INVALID_CREDENTIALS', 'EMAIL_NOT_VERIFIED') },
    metadata: writes('anyone', 'session.login', { rate: 'auth', idempotent: 'none' }),
    example: { body: { account: 'acme', email: 'ada@example.com', password: 'SecurePass123!' }, reply: session },
  },
  refresh: {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    summary: 'Exchange a refresh token for new tokens',
    description:
      'The token sent is used up. Sending a used one again ends the whole session, because it may have been stolen.',
    pathParams: noParams,
    body: z.object({ refresh_token: z.string().min(1).max(4096) }).meta({ id: 'RefreshInput' }),
    responses: { 200: Session, ...errors('INVALID_REFRESH_TOKEN') },
    metadata: writes('anyone', 'session.refresh', { rate: 'auth', idempotent: 'none' }),
    example: { body: { refresh_token: session.refresh_token }, reply: session },
  },
  logout: {
    method: 'POST',
    path: '/api/v1/auth/logout',
    summary: 'End the session',
    description:
      'The access token, the refresh token and the session cookie stop working. Without a credential it only clears the cookie.',
    pathParams: noParams,
    body: z.object({ refresh_token: z.string().max(4096).optional() }).optional(),
    responses: { 200: Message },
    metadata: writes('anyone', 'session.logout', { rate: 'auth', idempotent: 'natural' }),
    example: { body: {}, reply: { message: 'You are logged out.' } },
  },
  me: {
    method: 'GET',
    path: '/api/v1/auth/me',
    summary: 'Who am I',
    pathParams: noParams,
    responses: { 200: Me },
    metadata: reads('user'),
    example: {
      reply: {
        id: user.id,
        user_id: user.id,
        email: user.email,
        role: 'admin',
        account_id: 'AB1234',
        is_superadmin: false,
        user,
        account,
      },
    },
  },
  verifyEmail: {
    method: 'POST',
    path: '/api/v1/auth/verify-email',
    summary: 'Verify an address with the token from the message',
    pathParams: noParams,
    body: z.object({ token: z.string().min(1).max(500) }).meta({ id: 'VerifyEmailInput' }),
    responses: { 200: z.object({ message: z.string(), user: UserBrief }), ...errors('INVALID_TOKEN') },
    metadata: writes('anyone', 'user.verify', { rate: 'auth' }),
    example: { body: { token: 'mJ0y…' }, reply: { message: 'Your address is verified.', user } },
  },
  verifyEmailLink: {
    method: 'GET',
    path: '/api/v1/auth/verify-email',
    summary: 'Verify an address by following the link in the message',
    pathParams: noParams,
    query: z.object({ token: z.string().min(1).max(500) }),
    responses: { 200: z.object({ message: z.string(), user: UserBrief }), ...errors('INVALID_TOKEN') },
    metadata: writes('anyone', 'user.verify', { rate: 'auth', idempotent: 'none' }),
    example: { query: { token: 'mJ0y…' }, reply: { message: 'Your address is verified.', user } },
  },
  sendVerification: sendsVerification('/api/v1/auth/send-verification', 'Send the verification message again'),
  resendVerification: sendsVerification(
    '/api/v1/auth/resend-verification',
    'Send the verification message again (same as send-verification)',
  ),
});

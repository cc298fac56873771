// The audit trail: who changed what, when and from where, one entry a column, chained so that any later change of it shows.
import { reads, writes } from './access.ts';
import { noParams, room, text, z } from './kit.ts';
import { errors } from './problems.ts';
import { boolParam, Id, intParam, Timestamp } from './shapes.ts';

const nullable = (description: string) => z.string().nullable().meta({ description });

export const AuditOperation = z
  .enum(['CREATE', 'UPDATE', 'DELETE', 'RESTORE', 'LOGIN', 'LOGOUT', 'SIGN'])
  .meta({ id: 'AuditOperation' });

export const AuditEntry = z
  .object({
    id: z.int().meta({ description: 'Grows with each entry of the server; known from the moment of the change.' }),
    account_id: z.string(),
    seq: z.int().meta({ description: 'Place in the chain of the account, from 1 without gaps.' }),
    occurred_at: Timestamp,
    operation: AuditOperation,
    table_name: z.string().meta({ description: "Name of the collection, or of one of the server's own tables." }),
    collection: nullable("Name of the collection, null for the server's own tables."),
    record_id: z.string(),
    column_name: z.string(),
    old_value: nullable('The value before as text, null when there was none.'),
    new_value: nullable('The value after as text, null when there is none.'),
    mask_type: nullable('How the column is masked, null when it is not personal data.'),
    masked: z.boolean().meta({ description: 'True when the values are masked for you.' }),
    actor_kind: z.string().meta({
      description: 'user, key, admin_token, anonymous, system (the server itself) or database (past the server).',
    }),
    user_id: nullable('The user, also behind a key.'),
    user_email: nullable('His address at that time.'),
    user_name: nullable('His name at that time.'),
    es_username: nullable('Who signed, after his password was checked again.'),
    es_reason: nullable('Why: X-Audit-Reason of the request, or the reason of the signature.'),
    es_timestamp: nullable('When it was signed.'),
    ip_address: nullable('Address of the client.'),
    user_agent: nullable('User-Agent of the request.'),
    request_id: nullable('X-Correlation-ID of the request.'),
    extra_metadata: z.record(z.string(), z.unknown()).nullable(),
    salt: nullable(
      'Random text that enters the checksum, so that a masked value cannot be found by trying; null where the values are masked for you.',
    ),
    checksum: z.string().meta({
      description:
        'SHA-256, lower-case hexadecimal, over the entry without id, checksum and masked, as RFC 8785 writes it: keys in order, no white space, nulls kept, UTF-8.',
    }),
    previous_hash: nullable('The checksum of the entry with the seq before, null at 1.'),
  })
  .meta({ id: 'AuditEntry', description: 'One changed column of one row.' });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditHead = z
  .object({
    account_id: z.string(),
    seq: z.int(),
    checksum: z.string(),
    signature: z.string().meta({
      description:
        'HMAC-SHA256, by a key of the server, over {"account_id":…,"checksum":…,"seq":…} without white space.',
    }),
  })
  .meta({ id: 'AuditHead', description: 'Where a chain ends, signed: an export that was cut does not end there.' });
export type AuditHead = z.infer<typeof AuditHead>;

const moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .refine((text) => !text.startsWith('0000'), { message: 'there is no year 0' })
  .meta({ description: 'RFC 3339, or a date, which means the whole day in UTC.' });
const filter = {
  account_id: z
    .string()
    .max(100)
    .optional()
    .meta({ description: 'Id or slug; only superadmins name another than their own.' }),
  table_name: z.string().max(200).optional().meta({ description: "A collection, or one of the server's own tables." }),
  collection: z.string().max(200).optional().meta({ description: 'A collection, as posts or crm.contacts.' }),
  record_id: z.string().max(200).optional(),
  user_id: z.string().max(100).optional(),
  operation: z.preprocess((v) => (typeof v === 'string' ? v.toUpperCase() : v), AuditOperation).optional(),
  column: z.string().max(100).optional().meta({ description: 'Only entries of this column.' }),
  from_date: moment.optional(),
  to_date: moment.optional(),
  sealed: boolParam.optional().meta({
    description: 'false does not wait until the newest changes are chained, and leaves them out.',
  }),
};
const AuditFilter = z.strictObject(filter);
export type AuditFilter = z.output<typeof AuditFilter>;

const hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const shown = {
  id: 42003,
  account_id: 'AB1234',
  seq: 7,
  occurred_at: '2026-01-02T03:04:05.678901Z',
  operation: 'UPDATE' as const,
  table_name: 'posts',
  collection: 'posts',
  record_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  column_name: 'title',
  old_value: 'Getting started',
  new_value: 'A better title',
  mask_type: null,
  masked: false,
  actor_kind: 'user',
  user_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  user_email: 'ada@example.com',
  user_name: null,
  es_username: null,
  es_reason: null,
  es_timestamp: null,
  ip_address: '203.0.113.7',
  user_agent: 'curl/8.5.0',
  request_id: 'cid_0198c0de',
  extra_metadata: { auth_method: 'bearer' },
  salt: '8f14e45fceea167a5a36dedd4bea2543',
  checksum: hash,
  previous_hash: hash,
};
const head = { account_id: 'AB1234', seq: 7, checksum: hash, signature: hash };

export const audit = room({
  list: {
    method: 'GET',
    path: '/api/v1/audit-logs',
    summary: 'List audit entries',
    description: "Admins read their own account's trail, superadmins any. Newest first.",
    pathParams: noParams,
    query: z.strictObject({
      ...filter,
      skip: intParam({ min: 0 }).default(0),
      limit: intParam({ min: 1, max: 500 }).default(50),
      sort_by: z.enum(['occurred_at', 'id', 'seq', 'operation', 'table_name', 'record_id']).default('occurred_at'),
      sort_order: z.enum(['asc', 'desc']).default('desc'),
    }),
    responses: {
      200: z.object({
        items: z.array(AuditEntry),
        total: z.int(),
        skip: z.int(),
        limit: z.int(),
        audit_logging_enabled: z.literal(true),
      }),
      ...errors('RESOURCE_NOT_FOUND'),
    },
    metadata: reads('account_admin'),
    example: {
      query: { collection: 'posts', operation: 'UPDATE' },
      reply: { items: [shown], total: 1, skip: 0, limit: 50, audit_logging_enabled: true },
    },
  },
  export: {
    method: 'GET',
    path: '/api/v1/audit-logs/export',
    summary: 'Export audit entries',
    description:
      'Complete and in the order of the chains, however many there are. The last line (csv, ndjson) or the key heads (json) is the signed end of each chain: an export without it was cut.',
    pathParams: noParams,
    query: z.strictObject({ ...filter, format: z.enum(['json', 'ndjson', 'csv']).default('json') }),
    responses: { 200: text('*/*'), ...errors('RESOURCE_NOT_FOUND') },
    metadata: reads('account_admin', { rate: 'bulk' }),
    example: { query: { format: 'ndjson' }, reply: `${JSON.stringify(shown)}\n${JSON.stringify({ head })}\n` },
  },
  verify: {
    method: 'GET',
    path: '/api/v1/audit-logs/verify',
    summary: 'Verify the audit trail',
    description:
      "Makes every checksum anew and checks where the chain ends. Superadmins who name no account verify all of them. Without a cap: the time grows with the trail's length.",
    pathParams: noParams,
    query: z.strictObject({ account_id: filter.account_id }),
    responses: {
      200: z.object({
        valid: z.boolean(),
        checked: z.int().meta({ description: 'Entries found good.' }),
        accounts: z.int().meta({ description: 'Chains found good.' }),
        first_bad: z
          .object({
            account_id: z.string().nullable(),
            seq: z.int().nullable(),
            id: z.int().nullable(),
            reason: z.enum(['missing', 'order', 'content', 'end', 'signature', 'total']),
          })
          .nullable(),
      }),
      ...errors('RESOURCE_NOT_FOUND'),
    },
    metadata: reads('account_admin', { rate: 'bulk' }),
    example: { reply: { valid: true, checked: 7, accounts: 1, first_bad: null } },
  },
  sign: {
    method: 'POST',
    path: '/api/v1/audit-logs/signatures',
    summary: 'Sign a record electronically',
    description:
      "Checks the caller's password again and adds an entry of the operation SIGN to the record's trail: who, when, why, and the checksum of the record's last entry.",
    pathParams: noParams,
    body: z.strictObject({
      collection: z.string().min(1).max(200),
      record_id: z.string().min(1).max(200),
      reason: z.string().trim().min(1).max(500),
      password: z.string().min(1).max(1000),
    }),
    responses: {
      201: z.object({
        collection: z.string(),
        record_id: Id,
        es_username: z.string(),
        es_reason: z.string(),
        es_timestamp: Timestamp,
        signed_checksum: z.string(),
      }),
      ...errors(
        'INVALID_CREDENTIALS',
        'FORBIDDEN',
        'RESOURCE_NOT_FOUND',
        'RESOURCE_DISABLED',
        'RESOURCE_FIND_ERROR',
        'STATEMENT_TIMEOUT',
      ),
    },
    metadata: writes('user', 'audit.sign', { rate: 'auth' }),
    example: {
      body: { collection: 'posts', record_id: shown.record_id, reason: 'Reviewed', password: 'SecurePass123!' },
      reply: {
        collection: 'posts',
        record_id: shown.record_id,
        es_username: 'ada@example.com',
        es_reason: 'Reviewed',
        es_timestamp: '2026-01-02T03:04:05.678Z',
        signed_checksum: hash,
      },
    },
  },
  get: {
    method: 'GET',
    path: '/api/v1/audit-logs/:id',
    summary: 'Get an audit entry',
    pathParams: z.object({ id: z.string().min(1).meta({ description: 'Id of the entry.' }) }),
    responses: { 200: AuditEntry, ...errors('RESOURCE_NOT_FOUND') },
    metadata: reads('account_admin'),
    example: { params: { id: '42003' }, reply: shown },
  },
});

// Headers that many routes share, each written once as a component.
import type { Access, Who } from '../contract/access.ts';

const parameter = (name: string) => ({ $ref: `#/components/parameters/${name}` });

/** Put on every response. */
export const CORRELATION_HEADER = { 'X-Correlation-ID': { $ref: '#/components/headers/CorrelationId' } };
/** Put on 429 and 503. */
export const RETRY_HEADER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };

export const RESPONSE_HEADERS = {
  CorrelationId: {
    description: 'The id of this request: yours, or one that the server made.',
    schema: { type: 'string' },
  },
  RetryAfter: { description: 'Seconds to wait before the next attempt.', schema: { type: 'integer' } },
};

interface SharedHeader {
  readonly component: string;
  readonly name: string;
  readonly description: string;
  readonly schema: object;
  readonly on: (access: Access, repeatable: boolean) => boolean;
}

const chooseAccount: readonly Who[] = ['rules', 'superadmin'];

const REQUEST_HEADERS: readonly SharedHeader[] = [
  {
    component: 'AccountHeader',
    name: 'X-Account-ID',
    description:
      'Id or slug of the account to work in. Anonymous callers of public collections name it, and superadmins may.',
    schema: { type: 'string' },
    on: ({ who }) => chooseAccount.includes(who),
  },
  {
    component: 'CorrelationHeader',
    name: 'X-Correlation-ID',
    description:
      'Your own id for this request: up to 128 visible ASCII characters. It comes back on the reply, in errors and in the audit trail.',
    schema: { type: 'string', maxLength: 128 },
    on: () => true,
  },
  {
    component: 'IdempotencyHeader',
    name: 'Idempotency-Key',
    description:
      'Makes the request safe to send again: for 24 hours the same key with the same request gets the same reply, marked `Idempotency-Replayed: true`.',
    schema: { type: 'string', maxLength: 255 },
    on: (_access, repeatable) => repeatable,
  },
  {
    component: 'AuditReasonHeader',
    name: 'X-Audit-Reason',
    description: 'Why you change this: up to 500 characters, kept as es_reason of the audit entries.',
    schema: { type: 'string', maxLength: 500 },
    on: ({ audit }) => audit !== null,
  },
];

/** References to the shared request headers that a route with this metadata reads. */
export const requestHeaders = (access: Access, repeatable: boolean) =>
  REQUEST_HEADERS.filter((h) => h.on(access, repeatable)).map((h) => parameter(h.component));

/** The `components.parameters` that `requestHeaders` refers to. */
export const headerParameters = () =>
  Object.fromEntries(
    REQUEST_HEADERS.map(({ component, name, description, schema }) => [
      component,
      { name, in: 'header', required: false, description, schema },
    ]),
  );

// The error catalogue: every code with its status, title and message, the one body that all errors have, and the value that carries one.
import * as z from 'zod';
import { type Access, bodyRefusal } from './access.ts';

type Entry = { readonly status: number; readonly title: string; readonly message: string };

/** `{name}` in a message is filled from the problem's parameters. Codes are stable; messages may be reworded. */
export const CATALOGUE = {
  NO_RESOURCE_NAME: {
    status: 400,
    title: 'Bad request',
    message: 'The URL lacks a collection name: use {path}/<collection>.',
  },
  INVALID_JSON: { status: 400, title: 'Bad request', message: 'The request body is not valid JSON: {reason}.' },
  INVALID_YAML: { status: 400, title: 'Bad request', message: 'The request body is not valid YAML: {reason}.' },
  INVALID_FIELDS: {
    status: 400,
    title: 'Bad request',
    message: 'These fields do not exist or are not open to you: {fields}.',
  },
  INVALID_QUERY_PARAMS: { status: 400, title: 'Bad request', message: 'Query parameter {name}: {reason}.' },
  INVALID_HEADER: { status: 400, title: 'Bad request', message: 'Header {name}: {reason}.' },
  INVALID_RESOURCE_DATA: { status: 400, title: 'Validation error', message: 'Validation failed' },
  INVALID_URL: { status: 400, title: 'Bad request', message: 'The URL has an invalid percent-encoding.' },
  RELATION_REFERENCE_ERROR: {
    status: 400,
    title: 'Validation error',
    message: 'A referenced record does not exist in this account.',
  },
  INVALID_TOKEN: {
    status: 400,
    title: 'Bad request',
    message: 'This link or token is invalid, used or expired. Ask for a new one.',
  },
  ACCOUNT_REQUIRED: { status: 400, title: 'Bad request', message: 'Name the account: {how}.' },
  EMAIL_ALREADY_VERIFIED: { status: 400, title: 'Bad request', message: 'This address is verified already.' },
  RESULT_TOO_LARGE: {
    status: 400,
    title: 'Bad request',
    message:
      'The results of a run have at most {limit} characters together. This one has {characters}, and those before it {used}: ask for fewer records or fields.',
  },
  CALL_REFUSED: {
    status: 400,
    title: 'Bad request',
    message: 'The server that was called answered {status}: {body}',
  },
  HOOK_ABORTED: { status: 400, title: 'Refused', message: '{message}' },
  UNAUTHORIZED: {
    status: 401,
    title: 'Authentication required',
    message: 'Send a valid credential: Authorization: Bearer <token>.',
  },
  INVALID_CREDENTIALS: {
    status: 401,
    title: 'Authentication failed',
    message: 'The account, the login or the password is wrong.',
  },
  EMAIL_NOT_VERIFIED: {
    status: 401,
    title: 'Authentication failed',
    message: 'Please verify your email address first: follow the link in the message we sent.',
  },
  TOKEN_EXPIRED: {
    status: 401,
    title: 'Authentication required',
    message: 'The access token has expired: refresh it or log in again.',
  },
  INVALID_SIGNATURE: {
    status: 401,
    title: 'Authentication failed',
    message: 'The signature of the message is missing or wrong: {reason}.',
  },
  INVALID_REFRESH_TOKEN: {
    status: 401,
    title: 'Authentication failed',
    message: 'The refresh token is invalid, used, revoked or expired: log in again.',
  },
  FORBIDDEN: { status: 403, title: 'Forbidden', message: 'You are not allowed to do this: {reason}.' },
  CROSS_SITE_REQUEST: {
    status: 403,
    title: 'Forbidden',
    message: 'A cookie session cannot be used from another site. Send a bearer token.',
  },
  KEY_PERMISSION_DENIED: { status: 403, title: 'Forbidden', message: 'This API key has no scope for {action}.' },
  ADMIN_TOKEN_NOT_ALLOWED: {
    status: 403,
    title: 'Forbidden',
    message: 'Admin tokens cannot create or update records here: use /api/v1/admin/records.',
  },
  RESOURCE_NOT_FOUND: { status: 404, title: 'Not found', message: 'Resource not found' },
  RESOURCE_DISABLED: { status: 404, title: 'Not found', message: 'The collection {collection} is disabled.' },
  ROUTE_NOT_FOUND: { status: 404, title: 'Not found', message: 'There is no endpoint {method} {path}. See /docs.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'Method not allowed',
    message: '{method} is not allowed here: use {allow}.',
  },
  NOT_ACCEPTABLE: { status: 406, title: 'Not acceptable', message: 'The Accept header must allow {type}.' },
  CONFLICT: { status: 409, title: 'Conflict', message: '{what} exists already.' },
  RESOURCE_CONFLICT: {
    status: 409,
    title: 'Conflict',
    message: 'Another record has the same value in a unique field.',
  },
  RELATION_RESTRICTED: { status: 409, title: 'Conflict', message: 'Other records refer to this one: {references}.' },
  BUILTIN_ROLE: {
    status: 409,
    title: 'Conflict',
    message: 'The role {name} is built in: {reason}.',
  },
  LIMIT_REACHED: { status: 409, title: 'Conflict', message: 'There are {limit} {what} already: {hint}.' },
  WRONG_STATE: { status: 409, title: 'Conflict', message: 'The {what} is {status}: {hint}.' },
  MACRO_IN_USE: { status: 409, title: 'Conflict', message: '@{name}() is called by {users}: change these first.' },
  COLLECTION_REFERENCED: {
    status: 409,
    title: 'Conflict',
    message: 'Other collections refer to this one: {references}.',
  },
  APP_MANAGED: {
    status: 409,
    title: 'Conflict',
    message: 'This collection belongs to the app {app}: change its manifest and deploy it.',
  },
  SCHEMA_SYNC_FAILED: {
    status: 409,
    title: 'Conflict',
    message: 'The schema change was rolled back at {change}: {reason}.',
  },
  WRITE_CONFLICT: {
    status: 409,
    title: 'Conflict',
    message: 'Another request changed the same data at the same time: try again.',
  },
  DELIVERY_UNFINISHED: {
    status: 409,
    title: 'Conflict',
    message: 'The delivery is still on its way: wait until it is delivered or dead.',
  },
  WEBHOOK_DISABLED: { status: 409, title: 'Conflict', message: 'The webhook is disabled: enable it first.' },
  IDEMPOTENCY_IN_FLIGHT: {
    status: 409,
    title: 'Conflict',
    message: 'A request with this Idempotency-Key is still running.',
  },
  WORKFLOW_STATE: { status: 409, title: 'Conflict', message: 'This is not possible: {reason}.' },
  DEPTH_LIMIT: {
    status: 409,
    title: 'Conflict',
    message: 'Automation set off automation {depth} times in a row, more than {limit}: {what} was not run.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: 'Precondition failed',
    message: 'It has changed since you read it.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'Payload too large',
    message: 'The request body is larger than {limit} bytes.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'Unsupported media type',
    message: 'Send the body as {types} in UTF-8, without content encoding.',
  },
  INVALID_REQUEST: { status: 422, title: 'Invalid request', message: 'The request does not have the documented form.' },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    title: 'Invalid request',
    message: 'This Idempotency-Key was used with another request.',
  },
  UPGRADE_REQUIRED: { status: 426, title: 'Upgrade required', message: 'Open this address as a WebSocket.' },
  RATE_LIMITED: { status: 429, title: 'Too many requests', message: 'Too many requests: wait {seconds} s.' },
  ACTION_TIMEOUT: {
    status: 400,
    title: 'Bad request',
    message: 'It took longer than it may and was stopped.',
  },
  ENDPOINT_FAILED: {
    status: 502,
    title: 'Endpoint failed',
    message: 'The endpoint could not do its work: {reason}.',
  },
  ENDPOINT_TIMEOUT: {
    status: 504,
    title: 'Endpoint timeout',
    message: 'The endpoint took longer than {seconds} s and was stopped.',
  },
  INTERNAL_ERROR: {
    status: 500,
    title: 'Internal server error',
    message: 'Something failed on the server. Quote request_id when you report it.',
  },
  HOOK_FAILED: {
    status: 500,
    title: 'Internal server error',
    message: 'An extension of this server failed, so nothing was done. Quote request_id when you report it.',
  },
  RESOURCE_FETCH_ERROR: { status: 500, title: 'Internal server error', message: 'The records could not be fetched.' },
  RESOURCE_FIND_ERROR: {
    status: 500,
    title: 'Internal server error',
    message: 'The record could not be found because of a server fault.',
  },
  RESOURCE_STORE_ERROR: { status: 500, title: 'Internal server error', message: 'The record could not be created.' },
  RESOURCE_UPDATE_ERROR: { status: 500, title: 'Internal server error', message: 'The record could not be updated.' },
  RESOURCE_DELETE_ERROR: { status: 500, title: 'Internal server error', message: 'The record could not be deleted.' },
  RESOURCE_SCHEMA_ERROR: { status: 500, title: 'Internal server error', message: 'The schema could not be read.' },
  SERVICE_UNAVAILABLE: {
    status: 503,
    title: 'Service unavailable',
    message: 'The database does not answer right now: try again shortly.',
  },
  STATEMENT_TIMEOUT: {
    status: 503,
    title: 'Service unavailable',
    message: 'The query took longer than allowed: narrow it, or add an index.',
  },
} as const satisfies Record<string, Entry>;

export type Code = keyof typeof CATALOGUE;
export type StatusOf<C extends Code> = (typeof CATALOGUE)[C]['status'];

/** One finding about one input. `field` is a dotted path; `index` is the position in a batch. */
export const ProblemEntry = z
  .object({
    field: z.string(),
    message: z.string(),
    code: z.string(),
    type: z.string().optional(),
    expected: z.string().optional(),
    received: z.string().optional(),
    index: z.int().optional(),
    position: z.int().optional().meta({ description: 'In a rule or filter: characters before the mistake.' }),
    hint: z.string().optional().meta({ description: 'In a rule or filter: what to write instead.' }),
  })
  .meta({ id: 'ProblemEntry', description: 'One finding about one field of the input.' });
export type ProblemEntry = z.infer<typeof ProblemEntry>;

const bodyOf = (codes: readonly Code[]) =>
  z.object({
    error: z.string().meta({ description: 'Title of the kind of error.' }),
    message: z.string().meta({ description: 'What went wrong and what to do.' }),
    code: z.enum(codes as [Code, ...Code[]]),
    errors: z.array(ProblemEntry),
    details: z
      .array(ProblemEntry)
      .optional()
      .meta({ description: 'The same list as errors, present when it is not empty.' }),
    request_id: z.string(),
  });
export type ProblemBody = ReturnType<typeof bodyOf>;

/** The body of every error on every surface. */
export const Problem = bodyOf(Object.keys(CATALOGUE) as Code[]).meta({ id: 'Problem' });
export type ProblemJson = z.infer<typeof Problem>;

/** `errors('FORBIDDEN', 'CONFLICT')` → the responses of a route for those codes, keyed by status. */
export function errors<const C extends Code>(...codes: C[]): { [S in StatusOf<C>]: ProblemBody } {
  const byStatus = new Map<number, Code[]>();
  for (const code of codes)
    byStatus.set(CATALOGUE[code].status, [...(byStatus.get(CATALOGUE[code].status) ?? []), code]);
  return Object.fromEntries([...byStatus].map(([status, list]) => [status, bodyOf(list)])) as never;
}
errors.of = bodyOf;

/** The codes that follow from a route's metadata and need not be declared. */
export function standingErrors(
  access: Access,
  { body, query, params, repeatable }: { body: boolean; query: boolean; params: boolean; repeatable: boolean },
): Code[] {
  const codes: Code[] = ['INTERNAL_ERROR', 'SERVICE_UNAVAILABLE'];
  if (access.who !== 'anyone') codes.push('UNAUTHORIZED', 'TOKEN_EXPIRED', 'CROSS_SITE_REQUEST');
  if (access.who !== 'anyone' && access.who !== 'user') codes.push('FORBIDDEN');
  if (access.who !== 'anyone') codes.push('KEY_PERMISSION_DENIED');
  if (access.who === 'rules') codes.push('ACCOUNT_REQUIRED');
  if (access.rate !== 'open') codes.push('RATE_LIMITED', 'HOOK_ABORTED', 'HOOK_FAILED');
  if (body) codes.push('INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', bodyRefusal(access));
  if (query) codes.push('INVALID_QUERY_PARAMS');
  if (params) codes.push('INVALID_URL');
  if (repeatable) codes.push('INVALID_HEADER', 'IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_MISMATCH');
  return codes;
}

export type Parameters = Readonly<Record<string, string | number>>;

/** An error that the caller may see. Thrown by services; `http/problems` alone turns it into a response. */
export class Failure extends Error {
  readonly status: number;
  constructor(
    readonly code: Code,
    readonly parameters: Parameters = {},
    readonly entries: readonly ProblemEntry[] = [],
    options?: ErrorOptions & { readonly status?: number | undefined },
  ) {
    super(
      CATALOGUE[code].message
        .replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''))
        .replace(/\.\.$/, '.'),
      options,
    );
    this.name = 'Failure';
    this.status =
      options?.status ?? (code === 'HOOK_ABORTED' ? Number(parameters.status ?? 400) : CATALOGUE[code].status);
  }

  /** The JSON body for this failure. */
  body(requestId: string): ProblemJson {
    const errors = told(this.entries);
    const { title } = CATALOGUE[this.code];
    return {
      error: title,
      message: this.message,
      code: this.code,
      errors,
      ...(errors.length > 0 && { details: errors }),
      request_id: requestId,
    };
  }
}

/** INVALID_QUERY_PARAMS for the parameter `name`; `code` is that of its entry. */
export const invalidParameter = (name: string, reason: string, code = 'invalid'): Failure =>
  new Failure('INVALID_QUERY_PARAMS', { name, reason }, [{ field: name, code, message: reason }]);

/** INVALID_RESOURCE_DATA with the one entry. */
export const invalidData = (entry: ProblemEntry): Failure => new Failure('INVALID_RESOURCE_DATA', {}, [entry]);

/** A reply lists this many findings; one more entry says how many there were. */
const TOLD = 100;

const told = (entries: readonly ProblemEntry[]): ProblemEntry[] =>
  entries.length <= TOLD
    ? [...entries]
    : [...entries.slice(0, TOLD), { field: '', code: 'more', message: `and ${entries.length - TOLD} more` }];

// Custom endpoints: routes of an account's own, made of actions on its records, and the log of their calls.
import { reads, writes } from './access.ts';
import { Actions, Condition, RunAs } from './actions.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { boolParam, Id, idParam, offsetQuery, pageOf, Timestamp } from './shapes.ts';

/** How many endpoints an account can have. */
export const MOST_ENDPOINTS = 50;
/** Of one endpoint, as JSON. */
export const MOST_ENDPOINT_BYTES = 65_536;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export const EndpointMethod = z.enum(METHODS);
export type EndpointMethod = z.infer<typeof EndpointMethod>;

const JsonSchema = z.record(z.string(), z.unknown());
export const ResponseTemplate = z
  .strictObject({
    status: z.int().optional().meta({ description: '200 to 299 or 400 to 499, default 200.' }),
    body: z.unknown().optional().meta({
      description: 'Any JSON with templates. A text is sent as it is where Content-Type is not JSON.',
    }),
    headers: z
      .record(z.string().max(100), z.string().max(2000))
      .optional()
      .meta({ description: 'Values may hold templates.', example: { 'Cache-Control': 'max-age=60' } }),
  })
  .meta({ id: 'EndpointResponse', description: 'What is answered; without it the result of the last action.' });

const settings = {
  name: z.string().trim().min(1).max(200),
  description: z.string().max(1000).nullable().optional(),
  path: z.string().max(1000).optional().meta({
    description: 'Below /api/v1/x; `:name` stands for one segment and is read as request.params.name.',
    example: '/orders/:id/summary',
  }),
  slug: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Short for a path of one segment.', example: 'order-summary' }),
  method: EndpointMethod.optional().meta({ description: 'Default GET.' }),
  auth_required: z.boolean().optional().meta({ description: 'Default true. False: whoever knows the address.' }),
  condition: Condition.nullable().optional(),
  input_schema: JsonSchema.nullable()
    .optional()
    .meta({
      description: 'JSON Schema 2020-12 of the body. What it does not know is refused when the endpoint is stored.',
      example: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
    }),
  query_schema: JsonSchema.nullable().optional().meta({
    description: 'JSON Schema of the query, an object of scalars; numbers and booleans are read from their texts.',
  }),
  actions: Actions.optional(),
  response_template: ResponseTemplate.nullable().optional(),
  failure_status: z.int().min(400).max(599).nullable().optional().meta({
    description: 'The status where an action fails. Default: its own where the caller is to blame, else 502.',
  }),
  timeout_seconds: z.number().min(0.1).max(30).optional().meta({ description: 'Default 30.' }),
  run_as: RunAs.optional().meta({
    description:
      '`caller` (default): under the rules of whoever calls; `account`: as the account itself; or a role with whose rights it acts.',
    example: 'caller',
  }),
  atomic: z.boolean().nullable().optional().meta({
    description: 'All actions in one transaction, calls out after it. Default: where no action calls out.',
  }),
  enabled: z.boolean().optional(),
};
export const EndpointInput = z.strictObject(settings).meta({ id: 'EndpointInput' });
export type EndpointInput = z.output<typeof EndpointInput>;
const EndpointChange = z.strictObject(settings).partial().meta({ id: 'EndpointChange' });
export type EndpointChange = z.output<typeof EndpointChange>;

export const Endpoint = z
  .object({
    id: Id,
    account_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    path: z.string(),
    slug: z.string().nullable().meta({ description: 'Of a path of one literal segment.' }),
    method: EndpointMethod,
    url: z.string().meta({ description: 'Where its account calls it.' }),
    public_url: z.string().meta({ description: 'Where callers without an account call it.' }),
    auth_required: z.boolean(),
    condition: z.string().nullable(),
    input_schema: JsonSchema.nullable(),
    query_schema: JsonSchema.nullable(),
    actions: z.array(z.record(z.string(), z.unknown())),
    response_template: z.record(z.string(), z.unknown()).nullable(),
    failure_status: z.int().nullable(),
    timeout_seconds: z.number(),
    run_as: z.string(),
    atomic: z.boolean().nullable(),
    enabled: z.boolean(),
    created_at: Timestamp,
    updated_at: Timestamp,
    created_by: z.string().nullable(),
  })
  .meta({ id: 'Endpoint' });
export type Endpoint = z.infer<typeof Endpoint>;

export const EndpointExecution = z
  .object({
    id: Id,
    endpoint_id: Id,
    status: z
      .enum(['success', 'partial', 'failed', 'denied'])
      .meta({ description: 'partial: an action failed and was passed over. denied: the condition or the input.' }),
    http_status: z.int(),
    duration_ms: z.int(),
    request_data: z.record(z.string(), z.unknown()).meta({
      description:
        'Method, path, params, query and body, without values of secrets, cut at 8 KB; personal_data: true where the caller saw personal data unmasked.',
    }),
    response_body: z.unknown().optional().meta({
      description: 'The same; withheld from whoever sees no personal data where the caller did.',
    }),
    error_message: z.string().nullable(),
    user_id: z.string().nullable(),
    executed_at: Timestamp,
    created_at: Timestamp.meta({ description: 'Same as executed_at.' }),
    completed_at: Timestamp,
  })
  .meta({ id: 'EndpointExecution' });
export type EndpointExecution = z.infer<typeof EndpointExecution>;

const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee7';
const params = { id };
const at = '2026-01-02T03:04:05.678Z';
const input = {
  name: 'Post counter',
  path: '/post-counter',
  method: 'GET' as const,
  actions: [
    { type: 'aggregate_records' as const, name: 'total', collection: 'posts', function: 'count' as const },
    { type: 'transform' as const, output: { posts: '{{actions.total.result}}' } },
  ],
};
const shown = {
  id,
  account_id: 'AB1234',
  description: null,
  slug: 'post-counter',
  url: '/api/v1/x/post-counter',
  public_url: '/api/v1/x/acme/post-counter',
  auth_required: true,
  condition: null,
  input_schema: null,
  query_schema: null,
  response_template: null,
  failure_status: null,
  timeout_seconds: 30,
  run_as: 'caller',
  atomic: null,
  enabled: true,
  created_at: at,
  updated_at: at,
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  ...input,
};
const execution = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee8',
  endpoint_id: id,
  status: 'success' as const,
  http_status: 200,
  duration_ms: 4,
  request_data: { method: 'GET', path: '/post-counter', params: {}, query: {}, body: null },
  response_body: { posts: 3 },
  error_message: null,
  user_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  executed_at: at,
  created_at: at,
  completed_at: '2026-01-02T03:04:05.682Z',
};
const window = { total: 1, skip: 0, limit: 50, page: 1, page_size: 50, total_pages: 1 };
const missing = errors('RESOURCE_NOT_FOUND');
const refused = errors('INVALID_REQUEST', 'CONFLICT');
const admin = 'account_admin';

export const endpoints = room({
  list: {
    method: 'GET',
    path: '/api/v1/endpoints',
    summary: 'List custom endpoints',
    pathParams: noParams,
    query: z.strictObject({
      ...offsetQuery,
      enabled: boolParam.optional(),
      method: EndpointMethod.optional(),
    }),
    responses: { 200: pageOf(Endpoint), ...missing },
    metadata: reads(admin),
    example: { reply: { items: [shown], ...window } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/endpoints',
    summary: 'Define an endpoint',
    description: `At most ${MOST_ENDPOINTS} an account, each of at most ${MOST_ENDPOINT_BYTES} bytes as JSON. Templates, conditions, filters and schemas are judged now, and every problem is told with its place. It answers at once, and stands in the OpenAPI document of its account.`,
    pathParams: noParams,
    body: EndpointInput,
    responses: { 201: Endpoint, ...errors('ACCOUNT_REQUIRED', 'LIMIT_REACHED'), ...missing, ...refused },
    metadata: writes(admin, 'endpoint.create'),
    example: { body: input, reply: shown },
  },
  get: {
    method: 'GET',
    path: '/api/v1/endpoints/:id',
    summary: 'Get an endpoint',
    pathParams: idParam,
    responses: { 200: Endpoint, ...missing },
    metadata: reads(admin),
    example: { params, reply: shown },
  },
  replace: {
    method: 'PUT',
    path: '/api/v1/endpoints/:id',
    summary: 'Change an endpoint',
    description: 'What is not sent stays.',
    pathParams: idParam,
    body: EndpointChange,
    responses: { 200: Endpoint, ...missing, ...refused, ...errors('WRITE_CONFLICT') },
    metadata: writes(admin, 'endpoint.update', { idempotent: 'natural' }),
    example: { params, body: { enabled: true }, reply: shown },
  },
  update: {
    method: 'PATCH',
    path: '/api/v1/endpoints/:id',
    summary: 'Change an endpoint',
    description: 'What is not sent stays.',
    pathParams: idParam,
    body: EndpointChange,
    responses: { 200: Endpoint, ...missing, ...refused, ...errors('WRITE_CONFLICT') },
    metadata: writes(admin, 'endpoint.update'),
    example: {
      params,
      body: { description: 'For the start page' },
      reply: { ...shown, description: 'For the start page' },
    },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/endpoints/:id',
    summary: 'Delete an endpoint with its log',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes(admin, 'endpoint.delete', { idempotent: 'natural' }),
    example: { params },
  },
  toggle: {
    method: 'PATCH',
    path: '/api/v1/endpoints/:id/toggle',
    summary: 'Switch an endpoint on or off',
    pathParams: idParam,
    body: z.strictObject({ enabled: z.boolean().optional() }).optional().meta({ id: 'EndpointToggle' }),
    responses: { 200: Endpoint, ...missing },
    metadata: writes(admin, 'endpoint.update'),
    example: { params, body: { enabled: true }, reply: shown },
  },
  executions: {
    method: 'GET',
    path: '/api/v1/endpoints/:id/executions',
    summary: 'Calls of an endpoint, the newest first',
    description: 'The last 1000 of 30 days.',
    pathParams: idParam,
    query: z.strictObject({ ...offsetQuery, status: EndpointExecution.shape.status.optional() }),
    responses: { 200: pageOf(EndpointExecution), ...missing },
    metadata: reads(admin),
    example: { params, reply: { items: [execution], ...window } },
  },
  execution: {
    method: 'GET',
    path: '/api/v1/endpoints/:id/executions/:execution_id',
    summary: 'One call of an endpoint',
    pathParams: idParam.extend({ execution_id: z.string().min(1).meta({ description: 'Identifier.' }) }),
    responses: { 200: EndpointExecution, ...missing },
    metadata: reads(admin),
    example: { params: { id, execution_id: execution.id }, reply: execution },
  },
});

// Calling custom endpoints: whatever path and method an account has defined, below /api/v1/x.
import { type Access, reads, writes } from './access.ts';
import { noBody, room, z } from './kit.ts';
import { errors } from './problems.ts';

const isPath = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));

const pathParams = z.object({
  path: z.custom<string | readonly string[]>(isPath).meta({
    type: 'string',
    description:
      'The path of the endpoint, as `order-summary` or `orders/42/summary`. Callers without an account put the account in front, as `acme/order-summary`, or send X-Account-ID.',
  }),
});
const query = z
  .object({})
  .catchall(z.string().meta({ description: 'Whatever the endpoint reads, each as a parameter of its own.' }));
const body = z.unknown().optional().meta({ description: 'JSON, as the endpoint wants it.' });
const params = { path: 'order-summary' };

/** Whatever fails within is the endpoint's to name, so any of these may come. */
const failures = errors(
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'INVALID_RESOURCE_DATA',
  'CONFLICT',
  'ENDPOINT_FAILED',
  'ENDPOINT_TIMEOUT',
  'RESOURCE_NOT_FOUND',
  'RESOURCE_CONFLICT',
);
const description =
  'The definition says what it does. Whether a credential is needed is its own decision, and so is the form of what is answered.';

const called = <const M extends 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'>(method: M, metadata: Access) => ({
  method,
  path: '/api/v1/x/*path' as const,
  summary: `Call a custom endpoint with ${method}`,
  description,
  pathParams,
  query,
  responses: { 200: z.unknown(), 204: noBody, ...failures },
  metadata,
});
const changes = writes('rules', 'endpoint.call');

export const x = room({
  get: { ...called('GET', reads('rules')), example: { params, reply: { orders: 3 } } },
  post: { ...called('POST', changes), body, example: { params, body: { amount: 12 }, reply: { orders: 4 } } },
  put: { ...called('PUT', changes), body, example: { params, body: { amount: 12 }, reply: { orders: 4 } } },
  patch: { ...called('PATCH', changes), body, example: { params, body: { amount: 12 }, reply: { orders: 4 } } },
  delete: { ...called('DELETE', changes), body, example: { params, reply: { orders: 3 } } },
});

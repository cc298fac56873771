// Errors: the class and the facts for every kind of bad reply.
import { describe, expect, test } from 'vitest';
import * as sdk from '../../sdk/src/index.ts';
import { type Answer, problem, serve } from './server.ts';

const classes: Record<string, unknown> = { ...sdk };

async function failure(answer: Answer): Promise<sdk.SnackBaseError> {
  const server = await serve(() => answer);
  const sb = new sdk.SnackBaseClient({ url: server.url, maxRetries: 0, token: 'secret-token' });
  const error = await sb.records.create('posts', {}).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(sdk.SnackBaseError);
  return error as sdk.SnackBaseError;
}

test.each([
  [400, 'INVALID_RESOURCE_DATA', 'ValidationError'],
  [400, 'INVALID_JSON', 'SnackBaseError'],
  [401, 'UNAUTHORIZED', 'AuthenticationError'],
  [403, 'FORBIDDEN', 'PermissionError'],
  [404, 'RESOURCE_NOT_FOUND', 'NotFoundError'],
  [409, 'RESOURCE_CONFLICT', 'ConflictError'],
  [412, 'PRECONDITION_FAILED', 'SnackBaseError'],
  [422, 'INVALID_REQUEST', 'ValidationError'],
  [429, 'RATE_LIMITED', 'RateLimitError'],
  [500, 'INTERNAL_ERROR', 'ServerError'],
  [503, 'SERVICE_UNAVAILABLE', 'ServerError'],
  [418, 'CODE_OF_A_NEWER_SERVER', 'SnackBaseError'],
] as const)('%i %s is a %s', async (status, code, name) => {
  const error = await failure(problem(status, code));
  expect(error).toBeInstanceOf(classes[name]);
  expect(error).toMatchObject({ name, status, code, message: `${code} happened`, errors: [], requestId: 'req-1' });
  expect(error.headers.get('content-type')).toBe('application/json');
});

test('findings about fields arrive as they are', async () => {
  const errors = [{ field: 'title', message: 'Field is required', code: 'required', index: 0 }];
  expect((await failure(problem(400, 'INVALID_RESOURCE_DATA', { errors, details: errors }))).errors).toEqual(errors);
});

test('the header names the request when there is one', async () => {
  const answer = { ...(problem(404, 'RESOURCE_NOT_FOUND') as object), headers: { 'x-correlation-id': 'from-header' } };
  expect((await failure(answer)).requestId).toBe('from-header');
});

describe('retryAfter of a RateLimitError', () => {
  test.each([
    ['7', 7],
    ['nonsense', undefined],
    [new Date(0).toUTCString(), 0],
  ])('%s', async (value, seconds) => {
    const error = await failure({ status: 429, json: {}, headers: { 'retry-after': value } });
    expect((error as sdk.RateLimitError).retryAfter).toBe(seconds);
  });
});

describe('bodies that are not the server’s', () => {
  test.each<[string, Answer, number, string]>([
    ['HTML of a proxy', { status: 502, text: '<html>Bad gateway</html>' }, 502, 'ServerError'],
    ['HTML with 404', { status: 404, text: '<html>' }, 404, 'NotFoundError'],
    ['nothing', { status: 500 }, 500, 'ServerError'],
    ['JSON of another kind', { status: 403, json: { detail: { why: 1 } } }, 403, 'PermissionError'],
    ['a JSON text', { status: 400, json: 'no' }, 400, 'SnackBaseError'],
    ['JSON null', { status: 400, json: null }, 400, 'SnackBaseError'],
    ['wrong types', { status: 409, json: { code: 7, message: { a: 1 }, errors: 'x' } }, 409, 'ConflictError'],
    ['HTML with 200', { status: 200, text: '<html>Log in to the hotel network</html>' }, 200, 'SnackBaseError'],
  ])('%s', async (_, answer, status, name) => {
    const error = await failure(answer);
    expect(error).toMatchObject({ name, status, code: 'INVALID_RESPONSE', errors: [] });
    expect(error.message).toBe(`POST /api/v1/records/:collection answered ${status} without SnackBase JSON`);
  });

  test('an empty 2xx is undefined', async () => {
    const server = await serve(() => ({ status: 200 }));
    expect(await new sdk.SnackBaseClient({ url: server.url }).health()).toBeUndefined();
  });
});

test('isCode narrows to the code, and is false for anything else', async () => {
  const error: unknown = await failure(problem(404, 'RESOURCE_NOT_FOUND'));
  expect(sdk.isCode(error, 'RESOURCE_NOT_FOUND')).toBe(true);
  if (sdk.isCode(error, 'RESOURCE_NOT_FOUND'))
    expect(error.code satisfies 'RESOURCE_NOT_FOUND').toBe('RESOURCE_NOT_FOUND');
  for (const other of [error, new Error('x'), { code: 'FORBIDDEN' }, null, undefined])
    expect(sdk.isCode(other, 'FORBIDDEN')).toBe(false);
});

test('a failure shows no token, however it is printed', async () => {
  const error = await failure(problem(500, 'INTERNAL_ERROR'));
  const { inspect } = await import('node:util');
  expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain('secret');
});

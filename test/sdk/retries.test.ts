// Retries: what is sent again, how often and when; and what must never be sent twice.
import { expect, test } from 'vitest';
import { type CallOptions, NetworkError, SnackBaseClient, TimeoutError } from '../../sdk/src/index.ts';
import { retryAfter, retryDelay } from '../../sdk/src/retry.ts';
import { type Answer, serve } from './server.ts';

const drop: Answer = (response) => response.destroy();
const cut: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"items":[');
  setTimeout(() => response.destroy(), 10);
};
const silent: Answer = () => {};
const status = (code: number, headers: Record<string, string> = {}): Answer => ({
  status: code,
  json: { code: 'X' },
  headers,
});
const now = { 'retry-after': '0' };
const verbs = {
  GET: (sb: SnackBaseClient, o: CallOptions) => sb.records.get('c', 'x', {}, o),
  PUT: (sb: SnackBaseClient, o: CallOptions) => sb.records.update('c', 'x', {}, o),
  DELETE: (sb: SnackBaseClient, o: CallOptions) => sb.records.delete('c', 'x', o),
  POST: (sb: SnackBaseClient, o: CallOptions) => sb.records.create('c', {}, o),
  PATCH: (sb: SnackBaseClient, o: CallOptions) => sb.records.patch('c', 'x', {}, o),
};

/** How often a request arrives when the first answer is `first` and the next ones are good; and whether the call succeeded. */
async function sent(verb: keyof typeof verbs, first: Answer, options: CallOptions = {}) {
  const server = await serve((_, nth) => (nth === 0 ? first : { json: { id: 'x' } }));
  const outcome = await verbs[verb](new SnackBaseClient({ url: server.url }), options).then(
    () => 'ok',
    (error: Error) => error.name,
  );
  return [server.seen.length, outcome];
}

const faults: Record<string, [Answer, CallOptions?]> = {
  'dropped connection': [drop],
  'cut reply': [cut],
  timeout: [silent, { timeout: 200 }],
  429: [status(429)],
  502: [status(502)],
  503: [status(503)],
  504: [status(504)],
};
const finals = Object.fromEntries(
  [400, 401, 404, 409, 422, 500, 501].map((code) => [code, [status(code)] as [Answer]]),
);
const asked = Object.fromEntries([429, 503].map((code) => [code, [status(code, now)] as [Answer]]));
const askedInVain = Object.fromEntries([500, 502, 504].map((code) => [code, [status(code, now)] as [Answer]]));

/** For each fault, side by side: was the call sent again, and did it succeed then? */
async function resent(verb: keyof typeof verbs, table: Record<string, [Answer, CallOptions?]>, more: CallOptions = {}) {
  const row = async ([name, [fault, options]]: [string, [Answer, CallOptions?]]) => {
    const [count, outcome] = await sent(verb, fault, { ...options, ...more });
    return [
      name,
      count === 2 && outcome === 'ok' ? 'again' : count === 1 && outcome !== 'ok' ? 'once' : [count, outcome],
    ];
  };
  return Object.fromEntries(await Promise.all(Object.entries(table).map(row)));
}
const all = (table: object, word: string) => Object.fromEntries(Object.keys(table).map((name) => [name, word]));

test.each(['GET', 'PUT', 'DELETE'] as const)(
  '%s is sent again after faults on the way, not after an answer',
  async (verb) => {
    expect(await resent(verb, faults)).toEqual(all(faults, 'again'));
    expect(await resent(verb, finals)).toEqual(all(finals, 'once'));
  },
);

test.each(['POST', 'PATCH'] as const)(
  '%s is sent again only where the server says that it did not begin',
  async (verb) => {
    expect(await resent(verb, faults)).toEqual(all(faults, 'once'));
    expect(await resent(verb, asked)).toEqual(all(asked, 'again'));
    expect(await resent(verb, askedInVain)).toEqual(all(askedInVain, 'once'));
  },
);

test.each(['POST', 'PATCH'] as const)('%s with an idempotency key is sent again like a GET', async (verb) => {
  expect(await resent(verb, faults, { idempotencyKey: 'k' })).toEqual(all(faults, 'again'));
  expect(await resent(verb, finals, { idempotencyKey: 'k' })).toEqual(all(finals, 'once'));
});

test('the number of retries: two, as the client says, as the call says', async () => {
  const server = await serve(() => status(503, now));
  const count = async (client: object, call: object) => {
    const before = server.seen.length;
    await expect(new SnackBaseClient({ url: server.url, ...client }).health(call)).rejects.toMatchObject({
      status: 503,
    });
    return server.seen.length - before;
  };
  expect(await count({}, {})).toBe(3);
  expect(await count({ maxRetries: 1 }, {})).toBe(2);
  expect(await count({ maxRetries: 0 }, {})).toBe(1);
  expect(await count({ maxRetries: 5 }, { retries: 0 })).toBe(1);
});

test('an idempotency key stays the same over the attempts', async () => {
  const server = await serve((_, nth) => (nth < 2 ? drop : { json: {} }));
  await new SnackBaseClient({ url: server.url }).records.create('c', { a: 1 }, { idempotencyKey: 'k-9' });
  expect(server.seen.map((s) => [s.headers['idempotency-key'], s.body])).toEqual(Array(3).fill(['k-9', '{"a":1}']));
});

test('Retry-After in seconds and as a date is waited for', async () => {
  const server = await serve((seen, nth) => {
    if (nth > 0) return { json: {} };
    const date = new Date(Date.now() + 2000).toUTCString();
    return status(429, { 'retry-after': seen.path === '/health' ? '1' : date });
  });
  const sb = new SnackBaseClient({ url: server.url });
  await Promise.all([sb.health(), sb.request('ops.live')]);
  const gap = (path: string) => (server.at(path)[1]?.at ?? 0) - (server.at(path)[0]?.at ?? 0);
  expect(gap('/health')).toBeGreaterThanOrEqual(990);
  expect(gap('/live')).toBeGreaterThanOrEqual(950);
});

test('a wait beyond a minute is left to the caller', async () => {
  const server = await serve(() => status(429, { 'retry-after': '61' }));
  await expect(new SnackBaseClient({ url: server.url }).health()).rejects.toMatchObject({
    name: 'RateLimitError',
    retryAfter: 61,
  });
  expect(server.seen).toHaveLength(1);
});

test('each attempt has its own time, and the last fault is what is thrown', async () => {
  const server = await serve(() => silent);
  const sb = new SnackBaseClient({ url: server.url, timeout: 50 });
  const failure = await sb.health().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TimeoutError);
  expect(failure).toMatchObject({ status: 0, code: 'TIMEOUT', message: 'GET /health took longer than 50 ms' });
  expect(server.seen).toHaveLength(3);
});

test('the time covers the body, and 0 is no limit', async () => {
  const slow: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"a":');
    setTimeout(() => response.end('1}'), 150);
  };
  const server = await serve(() => slow);
  const sb = new SnackBaseClient({ url: server.url, maxRetries: 0, timeout: 50 });
  await expect(sb.health()).rejects.toBeInstanceOf(TimeoutError);
  for (const timeout of [0, Number.POSITIVE_INFINITY, 1e12]) expect(await sb.health({ timeout })).toEqual({ a: 1 });
});

test('nobody listens: NetworkError with the cause', async () => {
  const sb = new SnackBaseClient({ url: 'http://127.0.0.1:1', maxRetries: 0, token: 'secret' });
  const failure = (await sb.auth.verifyEmailLink({ token: 'secret' }).catch((error: unknown) => error)) as NetworkError;
  expect(failure).toBeInstanceOf(NetworkError);
  expect(failure).toMatchObject({ status: 0, code: 'NETWORK_ERROR', errors: [], requestId: undefined });
  expect(failure.cause).toBeInstanceOf(Error);
  expect(failure.message).not.toContain('secret');
});

test('waits grow, are spread, and are bounded', () => {
  const none = new Headers();
  const waits = (round: number) => Array.from({ length: 200 }, () => retryDelay(503, none, true, round) as number);
  for (const [round, top] of [
    [0, 300],
    [1, 600],
    [2, 1200],
    [20, 8000],
  ] as const) {
    const all = waits(round);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(top / 2);
    expect(Math.max(...all)).toBeLessThanOrEqual(top);
    expect(new Set(all).size).toBeGreaterThan(100);
  }
});

test.each([
  ['120', 120],
  ['0', 0],
  ['1.5', 1.5],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
])('Retry-After %j is %s', (value, seconds) => {
  expect(retryAfter(new Headers({ 'retry-after': value }))).toBe(seconds);
});

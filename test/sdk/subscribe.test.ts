// Subscriptions: events in order over one connection and many, what ends them, and a reader that is slow, gone or hears no more.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import {
  AuthenticationError,
  type ClientOptions,
  type LiveEvent,
  NetworkError,
  NotFoundError,
  PermissionError,
  ServerError,
  SnackBaseClient,
  SnackBaseError,
  type StreamStatus,
  type SubscribeOptions,
  TimeoutError,
} from '../../sdk/src/index.ts';
import { isAfter } from '../../sdk/src/position.ts';
import { isFinal, reconnectDelay } from '../../sdk/src/reconnect.ts';
import { type Block, blocksOf } from '../../sdk/src/sse.ts';
import { jwt, type Seen, session } from './server.ts';
import { type Connection, change, hello, type StreamServer, sleep, some, streamServer } from './stream-server.ts';

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
process.on('unhandledRejection', note);
afterAll(async () => {
  await sleep(20);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

type Event = LiveEvent<Record<string, unknown>>;
const R = '/api/v1/records';
const ids = (events: readonly Event[]) => events.map(({ id }) => id);
const bearer = (seen: Seen) => seen.headers.authorization?.replace('Bearer ', '');

/** A subscription with its server and every status it told. */
async function subscribed(
  options: SubscribeOptions<Record<string, unknown>> = {},
  { client = {}, server }: { client?: ClientOptions; server?: StreamServer } = {},
) {
  const on = server ?? (await streamServer());
  const states: StreamStatus[] = [];
  const sb = new SnackBaseClient({ url: on.url, token: 'secret-token', ...client });
  const sub = sb.records.subscribe('posts', { onStatus: (status) => states.push(status), ...options });
  const kinds = () => states.map(({ state }) => state);
  return { server: on, sub, states, kinds, events: () => sub[Symbol.asyncIterator]() };
}

/** What a promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => Promise.reject(new Error(`It answered ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  );

describe('the request', () => {
  test.each<[string, SubscribeOptions<Record<string, unknown>>, string]>([
    ['nothing', {}, ''],
    ['kinds', { events: ['created', 'deleted'] }, '?events=created%2Cdeleted'],
    ['fields', { fields: ['title', 'rank'] }, '?fields=title%2Crank'],
    ['a filter of fields', { filter: { active: true, rank__gte: 3 } }, '?active=true&rank__gte=3'],
    ['operators', { filter: { a: { $gt: 1 } } }, '?filter=%7B%22a%22%3A%7B%22%24gt%22%3A1%7D%7D'],
    ['a filter text', { filter: 'a = 1' }, '?filter=a+%3D+1'],
    [
      'fields named as parameters',
      { filter: { events: 'x', last_event_id: 'y', ticket: 'z' } },
      '?events__eq=x&last_event_id__eq=y&ticket__eq=z',
    ],
  ])('%s', async (_, options, query) => {
    const { server, sub } = await subscribed({ headers: { 'x-own': '1' }, ...options });
    const { seen } = (await server.next()).open();
    expect(seen.url).toBe(`${R}/posts/stream${query}`);
    expect(seen.headers).toMatchObject({
      accept: 'text/event-stream',
      authorization: 'Bearer secret-token',
      'x-own': '1',
    });
    expect(seen.headers['last-event-id']).toBeUndefined();
    sub.close();
  });

  test('since is where it begins', async () => {
    const { server, sub } = await subscribed({ since: '7-3' });
    expect(sub.lastEventId).toBe('7-3');
    expect((await server.next()).open().lastEventId).toBe('7-3');
    sub.close();
  });
});

describe('events', () => {
  test('arrive in order, typed by kind, and move the place', async () => {
    const { server, sub, events } = await subscribed();
    const connection = (await server.next()).open(hello('1-0'));
    await sub.opened;
    await expect.poll(() => sub.lastEventId).toBe('1-0');
    connection.send(
      change('1-1', 'created', { id: 'a', title: 'A' }),
      change('1-2', 'updated', { id: 'a', title: 'B' }, { id: 'a', title: 'A' }),
      change('1-3', 'deleted', { id: 'a' }),
    );
    const reader = events();
    const [first, second, third] = await some(reader, 3);
    expect(first).toEqual({
      id: '1-1',
      type: 'created',
      collection: 'posts',
      record_id: 'a',
      timestamp: '2026-01-02T03:04:05.678901Z',
      old: null,
      new: { id: 'a', title: 'A' },
      changes: { added: [], updated: [], removed: [] },
    });
    expect(second).toMatchObject({ type: 'updated', old: { title: 'A' }, new: { title: 'B' } });
    expect(third).toMatchObject({ type: 'deleted', record_id: 'a', old: null, new: null });
    expect(sub.lastEventId).toBe('1-3');
    sub.close();
    await sub.closed;
  });

  test('the place is that of what the reader has got, not of what has come', async () => {
    const { server, sub, events } = await subscribed();
    (await server.next())
      .open()
      .send(hello('1-0'), change('1-1', 'created', {}), change('1-2', 'created', {}), ': x\nid: 1-9\n\n');
    const reader = events();
    expect(ids(await some(reader, 1))).toEqual(['1-1']);
    await sleep(50);
    expect(sub.lastEventId).toBe('1-1');
    await some(reader, 1);
    expect(sub.lastEventId).toBe('1-9');
    sub.close();
  });

  test('events of another name are passed over, and move the place', async () => {
    const { server, sub, events } = await subscribed();
    const strange =
      'id: 1-1\nevent: posts.moved\ndata: {}\n\nid: 1-2\ndata: {"a":1}\n\nevent: ping\ndata: not JSON\n\n';
    (await server.next()).open(hello() + strange + change('1-3', 'created', {}));
    expect(ids(await some(events(), 1))).toEqual(['1-3']);
    sub.close();
  });

  test('a callback gets them one by one, each when the one before is done', async () => {
    const server = await streamServer();
    const told: string[] = [];
    const sub = new SnackBaseClient({ url: server.url }).records.subscribe('posts', {}, async ({ id }) => {
      told.push(`begin ${id}`);
      await sleep(10);
      told.push(`end ${id}`);
    });
    (await server.next()).open(hello() + change('1-1', 'created', {}) + change('1-2', 'created', {}));
    await expect.poll(() => told).toEqual(['begin 1-1', 'end 1-1', 'begin 1-2', 'end 1-2']);
    expect(() => sub[Symbol.asyncIterator]()).toThrow(TypeError);
    sub.close();
    await sub.closed;
  });

  test('a callback that throws ends the subscription with what it threw', async () => {
    const server = await streamServer();
    const wrong = new Error('a mistake of the application');
    const errors: unknown[] = [];
    const options = { onError: (error: unknown) => errors.push(error) };
    const sub = new SnackBaseClient({ url: server.url }).records.subscribe('posts', options, () => {
      throw wrong;
    });
    const connection = (await server.next()).open(hello() + change('1-1', 'created', {}));
    expect(await failure(sub.closed)).toBe(wrong);
    expect(errors).toEqual([wrong]);
    await expect.poll(() => connection.gone).toBe(true);
  });

  test('they are read once', async () => {
    const { server, sub, events } = await subscribed();
    (await server.next()).open();
    events();
    expect(events).toThrow(TypeError);
    sub.close();
  });

  test('leaving the loop closes the connection', async () => {
    const { server, sub } = await subscribed();
    const connection = await server.next();
    connection.open(hello() + change('1-1', 'created', {}));
    for await (const event of sub) {
      expect(event.id).toBe('1-1');
      break;
    }
    await sub.closed;
    await expect.poll(() => connection.gone).toBe(true);
    expect(sub.status.state).toBe('closed');
  });
});

describe('the wire', () => {
  const wire = `${hello('1-0')}${change('1-1', 'created', { id: 'é', title: 'Zoë 😀 €' })}: beat\nid: 1-5\n\n${change('1-6', 'updated', { id: 'b' })}`;
  const spellings: [string, string][] = [
    ['LF', wire],
    ['CRLF', wire.replaceAll('\n', '\r\n')],
    ['CR', wire.replaceAll('\n', '\r')],
    ['a byte order mark', `\uFEFF${wire}`],
  ];
  const read = (chunks: Uint8Array[]): [Block[], number[]] => {
    const decoder = new TextDecoder();
    const retries: number[] = [];
    const take = blocksOf((ms) => retries.push(ms));
    return [chunks.flatMap((chunk) => take(decoder.decode(chunk, { stream: true }))), retries];
  };

  test.each(spellings)('%s, cut at every byte', (_, text) => {
    const bytes = new TextEncoder().encode(text);
    const [whole, retries] = read([bytes]);
    expect(retries).toEqual([20]);
    expect(whole.map(({ id, event }) => [id, event])).toEqual([
      ['1-0', undefined],
      ['1-1', 'posts.created'],
      ['1-5', undefined],
      ['1-6', 'posts.updated'],
    ]);
    expect(JSON.parse(whole[1]?.data ?? '').new.title).toBe('Zoë 😀 €');
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])[0]).toEqual(whole);
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))[0]).toEqual(whole);
  });

  test('data over several lines, and what is no field', () => {
    const take = blocksOf(() => {});
    expect(take('data: a\ndata: b\nnonsense\nid\nretry: soon\n\n')).toEqual([
      { id: undefined, event: undefined, data: 'a\nb' },
    ]);
    expect(take('id: 5\ndata\n\nevent: x\n\n')).toEqual([{ id: '5', event: undefined, data: '' }]);
    expect(take('id: 6\n')).toEqual([]);
    expect(take('\n')).toEqual([{ id: '6' }]);
  });

  test('byte by byte over a connection, with CRLF', async () => {
    const { server, sub, events } = await subscribed();
    const connection = (await server.next()).open('');
    connection.response.socket?.setNoDelay();
    for (const byte of new TextEncoder().encode(wire.replaceAll('\n', '\r\n'))) {
      connection.send(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    const [first, second] = await some(events(), 2);
    expect(first).toMatchObject({ id: '1-1', new: { title: 'Zoë 😀 €' } });
    expect(second).toMatchObject({ id: '1-6' });
    sub.close();
  });
});

describe('a broken connection', () => {
  test.each<[string, (connection: Connection) => void]>([
    ['dropped', (connection) => connection.drop()],
    ['closed by the server', (connection) => connection.close()],
  ])('%s in the middle of an event: that comes once, whole, after the resume', async (_, breaking) => {
    const { server, sub, events, kinds } = await subscribed();
    const reader = events();
    const first = (await server.next()).open(hello('1-0') + change('1-1', 'created', { id: 'a' }));
    expect(ids(await some(reader, 1))).toEqual(['1-1']);
    const half = change('1-2', 'created', { id: 'b' });
    first.send(half.slice(0, half.length - 20));
    await sleep(30);
    breaking(first);
    const second = await server.next();
    expect(second.lastEventId).toBe('1-1');
    second.open(hello('1-1') + half + change('1-3', 'created', { id: 'c' }));
    expect(ids(await some(reader, 2))).toEqual(['1-2', '1-3']);
    expect(kinds()).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
    sub.close();
  });

  test('before any event it goes on from the place that the server named, also the one of a heartbeat', async () => {
    const { server, sub, events } = await subscribed();
    (await server.next()).open(hello('5-1')).close();
    const second = await server.next();
    expect(second.lastEventId).toBe('5-1');
    second.open().send(': beat\nid: 5-8\n\n');
    await expect.poll(() => sub.lastEventId).toBe('5-8');
    second.drop();
    const third = await server.next();
    expect(third.lastEventId).toBe('5-8');
    third.open(change('5-9', 'created', {}));
    expect(ids(await some(events(), 1))).toEqual(['5-9']);
    sub.close();
  });

  test('what was received but not yet read counts as received', async () => {
    const { server, sub, events } = await subscribed();
    (await server.next()).open(hello() + change('1-1', 'created', {}) + change('1-2', 'created', {})).close();
    const second = await server.next();
    expect([second.lastEventId, sub.lastEventId]).toEqual(['1-2', undefined]);
    second.open(change('1-3', 'created', {}));
    expect(ids(await some(events(), 3))).toEqual(['1-1', '1-2', '1-3']);
    sub.close();
  });

  test('events that were delivered before are dropped, by number and not by text', async () => {
    const { server, sub, events } = await subscribed();
    const reader = events();
    (await server.next()).open(hello() + change('9-9', 'created', {}) + change('9-10', 'created', {})).close();
    await some(reader, 2);
    const again = ['8-99', '9-9', '9-10', '9-11', '9-11', '10-2', '9-12', '10-3'];
    (await server.next()).open(hello() + again.map((id) => change(id, 'created', {})).join(''));
    expect(ids(await some(reader, 3))).toEqual(['9-11', '10-2', '10-3']);
    sub.close();
  });

  test('which place comes later', () => {
    const later: [string, string | undefined, boolean][] = [
      ['1-1', undefined, true],
      ['1-2', '1-1', true],
      ['1-1', '1-1', false],
      ['2-1', '1-9', true],
      ['10-1', '9-9', true],
      ['9-10', '9-9', true],
      ['9-9', '9-10', false],
      ['412-999999999999999', '412-999999999999998', true],
      ['abc', '1-1', true],
      ['abc', 'abc', false],
    ];
    for (const [id, than, answer] of later) expect([id, than, isAfter(id, than)]).toEqual([id, than, answer]);
  });

  test('nobody listens: it keeps trying, and stands once somebody does', async () => {
    const server = await streamServer();
    let down = true;
    const states: StreamStatus[] = [];
    const own: typeof fetch = (url, init) => (down ? Promise.reject(new TypeError('fetch failed')) : fetch(url, init));
    const sb = new SnackBaseClient({ url: server.url, fetch: own });
    const sub = sb.records.subscribe('posts', { onStatus: (status) => states.push(status) });
    await expect.poll(() => states.at(-1)?.state).toBe('waiting');
    expect(states[1]).toMatchObject({ state: 'waiting', attempt: 1, error: { code: 'NETWORK_ERROR' } });
    expect((states[1] as { error: unknown }).error).toBeInstanceOf(NetworkError);
    expect((states[1] as { retryIn: number }).retryIn).toBeGreaterThanOrEqual(3000);
    down = false;
    (await server.next()).open();
    await sub.opened;
    sub.close();
  });
});

describe('resets', () => {
  test('are told in their place, and the stream goes on from the new one, also a lower one', async () => {
    const { server, sub, events } = await subscribed({ since: '90-1' });
    const reader = events();
    const reset = 'id: 20-5\nevent: reset\ndata: {}\n\n';
    const first = (await server.next()).open(hello() + reset + change('20-6', 'created', {}));
    expect(await some(reader, 2)).toMatchObject([
      { type: 'reset', id: '20-5' },
      { type: 'created', id: '20-6' },
    ]);
    expect(sub.lastEventId).toBe('20-6');
    first.close();
    expect((await server.next()).open().lastEventId).toBe('20-6');
    sub.close();
  });
});

describe('what ends a stream for good', () => {
  test.each([
    ['FORBIDDEN', 403, PermissionError],
    ['KEY_PERMISSION_DENIED', 403, PermissionError],
    ['RESOURCE_DISABLED', 404, NotFoundError],
    ['RESOURCE_NOT_FOUND', 404, NotFoundError],
    ['INVALID_FIELDS', 400, SnackBaseError],
  ])('end with %s', async (code, status, Kind) => {
    const errors: unknown[] = [];
    const { server, sub, events, states } = await subscribed({ onError: (error) => errors.push(error) });
    const connection = (await server.next()).open(hello() + change('1-1', 'created', {}));
    connection.end(code);
    const error = await failure(sub.closed);
    expect(error).toBeInstanceOf(Kind);
    expect(error).toMatchObject({ code, status, message: `${code} happened`, requestId: 'req-1', errors: [] });
    expect([errors, states.at(-1)]).toEqual([[error], { state: 'closed', error }]);
    // What came before the end is not lost, and the loop then throws.
    const reader = events();
    expect(ids(await some(reader, 1))).toEqual(['1-1']);
    expect(await failure(reader.next())).toBe(error);
    await sub.opened;
    await sleep(60);
    expect(server.untaken).toEqual([]);
  });

  test.each([
    [400, 'INVALID_QUERY_PARAMS', SnackBaseError],
    [403, 'FORBIDDEN', PermissionError],
    [404, 'RESOURCE_DISABLED', NotFoundError],
    [401, 'EMAIL_NOT_VERIFIED', AuthenticationError],
  ])('an answer %i %s', async (status, code, Kind) => {
    const { server, sub, kinds } = await subscribed();
    (await server.next()).refuse(status, code);
    const error = await failure(sub.opened);
    expect(error).toBeInstanceOf(Kind);
    expect(error).toMatchObject({ code, status, requestId: 'req-1' });
    expect(await failure(sub.closed)).toBe(error);
    expect(await failure(sub[Symbol.asyncIterator]().next())).toBe(error);
    expect(kinds()).toEqual(['connecting', 'closed']);
    await sleep(60);
    expect(server.untaken).toEqual([]);
  });

  test('with a callback: it hears what came before, then onError, and the loop of nobody throws', async () => {
    const server = await streamServer();
    const told: unknown[] = [];
    const options = { onError: (error: unknown) => told.push((error as SnackBaseError).code) };
    const sub = new SnackBaseClient({ url: server.url }).records.subscribe('posts', options, async ({ id }) => {
      await sleep(20);
      told.push(id);
    });
    (await server.next()).open(hello() + change('1-1', 'created', {}) + change('1-2', 'created', {})).end('FORBIDDEN');
    await failure(sub.closed);
    expect(told).toEqual(['1-1', '1-2', 'FORBIDDEN']);
  });

  test('a mistake of the call: nothing is sent', async () => {
    const server = await streamServer();
    const sb = new SnackBaseClient({ url: server.url });
    const wrong = [
      sb.records.subscribe(''),
      sb.records.subscribe('posts', { filter: { a: new Date() } as never }),
      sb.records.subscribe('posts', { headers: { 'x-a': 'b\nc' } }),
    ];
    for (const sub of wrong) expect(await failure(sub.opened)).toBeInstanceOf(TypeError);
    expect(server.seen).toEqual([]);
  });

  test('a page of somebody else is final as the first answer, and waited out later', async () => {
    const html = (connection: Connection) =>
      connection.response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html>Log in to the hotel network</html>');
    const { server, sub } = await subscribed();
    html(await server.next());
    expect(await failure(sub.opened)).toMatchObject({ status: 200, code: 'INVALID_RESPONSE' });
    const later = await subscribed();
    (await later.server.next()).open().close();
    html(await later.server.next());
    (await later.server.next()).open(hello() + change('1-1', 'created', {}));
    expect(ids(await some(later.events(), 1))).toEqual(['1-1']);
    later.sub.close();
  });
});

describe('what passes', () => {
  test.each([
    [429, 'RATE_LIMITED'],
    [500, 'RESOURCE_FETCH_ERROR'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('an answer %i %s', async (status, code) => {
    const { server, sub, events, states } = await subscribed();
    const reader = events();
    (await server.next()).open(hello('1-0')).close();
    (await server.next()).refuse(status, code);
    const third = await server.next();
    expect(third.lastEventId).toBe('1-0');
    third.open(change('1-1', 'created', {}));
    expect(ids(await some(reader, 1))).toEqual(['1-1']);
    expect(states.filter(({ state }) => state === 'waiting')).toMatchObject([
      { attempt: 1, error: undefined },
      { attempt: 2, error: { status, code } },
    ]);
    sub.close();
  });

  test.each(['SERVICE_UNAVAILABLE', 'CODE_OF_A_NEWER_SERVER'])('end with %s', async (code) => {
    const { server, sub, events, states } = await subscribed();
    (await server.next()).open(hello('1-0')).end(code);
    const second = await server.next();
    expect(second.lastEventId).toBe('1-0');
    second.open(change('1-1', 'created', {}));
    expect(ids(await some(events(), 1))).toEqual(['1-1']);
    expect(states.find(({ state }) => state === 'waiting')).toMatchObject({ error: { code } });
    sub.close();
  });

  test('data that is no JSON', async () => {
    const { server, sub, events, states } = await subscribed();
    (await server.next()).open(`${hello('1-0')}id: 1-1\nevent: posts.created\ndata: {"id":\n\n`);
    const second = await server.next();
    expect(second.lastEventId).toBe('1-0');
    second.open(change('1-1', 'created', {}));
    expect(ids(await some(events(), 1))).toEqual(['1-1']);
    expect(states.find(({ state }) => state === 'waiting')).toMatchObject({ error: { code: 'INVALID_RESPONSE' } });
    sub.close();
  });

  test('Retry-After is waited for', async () => {
    const { server, sub, states } = await subscribed();
    (await server.next()).open().close();
    (await server.next()).refuse(503, 'SERVICE_UNAVAILABLE', { 'retry-after': '1' });
    (await server.next()).open();
    const [, , , , waited] = states as { retryIn: number }[];
    expect(waited?.retryIn).toBeGreaterThanOrEqual(1000);
    const [, refused, last] = server.seen;
    expect((last?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990);
    sub.close();
  });

  test('no head in time, and silence: the connection is given up and made again', async () => {
    const { server, sub, events, states } = await subscribed({ idleTimeout: 150, timeout: 150 });
    const reader = events();
    const silent = (await server.next()).open(hello('1-0') + change('1-1', 'created', {}));
    await some(reader, 1);
    const headless = await server.next();
    await expect.poll(() => silent.gone).toBe(true);
    const third = await server.next();
    await expect.poll(() => headless.gone).toBe(true);
    expect(third.lastEventId).toBe('1-1');
    const waits = states.filter((status) => status.state === 'waiting') as { error: unknown }[];
    expect(waits).toMatchObject([
      { error: { message: 'The stream was silent for 150 ms' } },
      { error: { message: 'GET /api/v1/records/:collection/stream took longer than 150 ms' } },
    ]);
    for (const { error } of waits) expect(error).toBeInstanceOf(TimeoutError);
    third.open(change('1-2', 'created', {}));
    expect(ids(await some(reader, 1))).toEqual(['1-2']);
    sub.close();
  });

  test('comments are no silence', async () => {
    const { server, sub } = await subscribed({ idleTimeout: 1000 });
    const connection = (await server.next()).open();
    for (let beat = 0; beat < 20; beat++) {
      await sleep(100);
      connection.send(': beat\n\n');
    }
    expect([connection.gone, server.seen.length]).toEqual([false, 1]);
    sub.close();
  });
});

describe('waits', () => {
  test('double with every failure, are spread, and begin at what the server asks for', () => {
    const waits = (retry: number, failures: number) =>
      Array.from({ length: 200 }, () => reconnectDelay(retry, failures, undefined));
    for (const [retry, failures, least, most] of [
      [3000, 1, 3000, 6000],
      [3000, 2, 6000, 12_000],
      [3000, 3, 12_000, 24_000],
      [3000, 4, 15_000, 30_000],
      [3000, 1000, 15_000, 30_000],
      [20, 1, 20, 40],
      [0, 1, 10, 20],
    ] as const) {
      const all = waits(retry, failures);
      expect(Math.min(...all)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...all)).toBeLessThanOrEqual(most);
      expect(new Set(all).size).toBeGreaterThan(100);
    }
    expect(new Set(waits(60_000, 1))).toEqual(new Set([60_000]));
    const forEver = new ServerError({
      status: 503,
      code: 'X',
      message: '',
      headers: new Headers({ 'retry-after': '1e300' }),
    });
    const long = new ServerError({
      status: 503,
      code: 'X',
      message: '',
      headers: new Headers({ 'retry-after': '9999999999' }),
    });
    expect(reconnectDelay(20, 1, forEver)).toBeLessThanOrEqual(40);
    expect(reconnectDelay(20, 1, long)).toBe(3_600_000);
  });

  test('grow while connections break, and begin again after one that lasted', async () => {
    const { server, sub, states } = await subscribed();
    for (let n = 0; n < 3; n++) (await server.next()).open(hello('1-0', 100)).close();
    const lasting = (await server.next()).open(hello('1-0', 100));
    await sleep(700);
    lasting.drop();
    (await server.next()).open();
    const waits = states.filter((status) => status.state === 'waiting') as { attempt: number; retryIn: number }[];
    expect(waits.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1]);
    for (const { attempt, retryIn } of waits) {
      expect(retryIn).toBeGreaterThanOrEqual(100 * 2 ** (attempt - 1));
      expect(retryIn).toBeLessThanOrEqual(100 * 2 ** attempt);
    }
    // What was announced is what was waited.
    const gaps = server.seen.slice(1, 4).map(({ at }, i) => at - (server.seen[i]?.at ?? 0));
    for (const [i, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual((waits[i]?.retryIn ?? 0) - 2);
    sub.close();
  });

  test('what is final', () => {
    const of = (status: number, code = 'X') => new SnackBaseError({ status, code, message: '' });
    const final = [400, 401, 403, 404, 405, 409, 422, 426].map((status) => isFinal(of(status), true));
    const passing = [0, 408, 425, 429, 500, 502, 503, 504].map((status) => isFinal(of(status), false));
    expect(new Set(final)).toEqual(new Set([true]));
    expect(new Set(passing)).toEqual(new Set([false]));
    expect([false, true].map((reached) => isFinal(new TypeError('a mistake'), reached))).toEqual([true, false]);
    expect([isFinal(of(404, 'INVALID_RESPONSE'), false), isFinal(of(404, 'INVALID_RESPONSE'), true)]).toEqual([
      true,
      false,
    ]);
  });
});

describe('the credential', () => {
  const REFRESH = '/api/v1/auth/refresh';
  const renewing = (fresh: string) =>
    streamServer((seen) => (seen.path === REFRESH ? session(fresh, 'r1') : { json: {} }));

  test('one that is refused is renewed once', async () => {
    const fresh = jwt(3600, { fresh: 1 });
    const server = await renewing(fresh);
    const { sub, kinds } = await subscribed({}, { server, client: { token: jwt(3600), refreshToken: 'r0' } });
    (await server.next()).refuse(401, 'TOKEN_EXPIRED');
    const second = await server.next();
    expect(bearer(second.seen)).toBe(fresh);
    second.open();
    await sub.opened;
    expect(kinds()).toEqual(['connecting', 'open']);
    expect(server.at(REFRESH)).toHaveLength(1);
    sub.close();
  });

  test('the new one is refused too: that is the end', async () => {
    const server = await renewing(jwt(3600, { fresh: 1 }));
    const { sub } = await subscribed({}, { server, client: { token: jwt(3600), refreshToken: 'r0' } });
    for (let n = 0; n < 2; n++) (await server.next()).refuse(401, 'UNAUTHORIZED');
    expect(await failure(sub.opened)).toBeInstanceOf(AuthenticationError);
    expect(server.at(REFRESH)).toHaveLength(1);
  });

  test('one that expires while the stream stands: at once a new one, and nothing is missed', async () => {
    const fresh = jwt(3600, { fresh: 1 });
    const server = await renewing(fresh);
    const { sub, events, kinds } = await subscribed({}, { server, client: { token: jwt(3600), refreshToken: 'r0' } });
    const reader = events();
    (await server.next()).open(hello() + change('1-1', 'created', {})).end('TOKEN_EXPIRED');
    (await server.next()).refuse(401, 'TOKEN_EXPIRED');
    const third = await server.next();
    expect([bearer(third.seen), third.lastEventId]).toEqual([fresh, '1-1']);
    third.open(change('1-2', 'created', {}));
    expect(ids(await some(reader, 2))).toEqual(['1-1', '1-2']);
    expect(kinds()).toEqual(['connecting', 'open', 'connecting', 'open']);
    sub.close();
  });

  test('ended twice in a row, or without another credential: AuthenticationError', async () => {
    const server = await renewing(jwt(3600, { fresh: 1 }));
    const twice = await subscribed({}, { server, client: { token: jwt(3600), refreshToken: 'r0' } });
    for (let n = 0; n < 2; n++) (await server.next()).open(hello(undefined, 5000)).end('UNAUTHORIZED');
    expect(await failure(twice.sub.closed)).toMatchObject({ name: 'AuthenticationError', code: 'UNAUTHORIZED' });
    const { sub, server: other } = await subscribed({}, { client: { token: 'key' } });
    (await other.next()).open().end('TOKEN_EXPIRED');
    (await other.next()).refuse(401, 'TOKEN_EXPIRED');
    expect(await failure(sub.closed)).toMatchObject({ name: 'AuthenticationError', code: 'TOKEN_EXPIRED' });
  });

  test('a token function that fails: a mistake at first, waited out once the stream has stood', async () => {
    const wrong = new TypeError('fetch failed');
    const first = await subscribed({}, { client: { token: () => Promise.reject(wrong) } });
    expect(await failure(first.sub.opened)).toBe(wrong);
    expect(first.server.seen).toEqual([]);
    const tokens: (string | Error)[] = ['one', wrong, 'two'];
    const token = async () => {
      const next = tokens.shift() as string | Error;
      if (typeof next !== 'string') throw next;
      return next;
    };
    const { server, sub, states } = await subscribed({}, { client: { token } });
    (await server.next()).open().close();
    expect(bearer((await server.next()).open().seen)).toBe('two');
    expect(states.filter(({ state }) => state === 'waiting')).toMatchObject([{ error: undefined }, { error: wrong }]);
    sub.close();
  });

  test('a session that is over', async () => {
    const server = await streamServer(() => ({ status: 401, json: { code: 'INVALID_REFRESH_TOKEN', message: 'x' } }));
    const { sub } = await subscribed({}, { server, client: { token: jwt(-5), refreshToken: 'used' } });
    expect(await failure(sub.opened)).toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
  });
});

describe('close and abort', () => {
  const reason = new Error('the user left');
  type Prepare = (server: StreamServer) => Promise<unknown>;
  const states: [string, Prepare][] = [
    ['connecting', async (server) => server.next()],
    ['open', async (server) => (await server.next()).open()],
    ['waiting', async (server) => (await server.next()).open(hello(undefined, 60_000)).close()],
  ];

  test.each(states)(
    'close while %s: a waiting reader gets the end, and nothing is sent any more',
    async (state, prepare) => {
      const errors: unknown[] = [];
      const { server, sub, events, states: told } = await subscribed({ onError: (error) => errors.push(error) });
      const pending = events().next();
      await prepare(server);
      await expect.poll(() => sub.status.state).toBe(state);
      sub.close();
      sub.close();
      expect(await pending).toEqual({ done: true, value: undefined });
      await sub.closed;
      if (state === 'connecting') expect(await failure(sub.opened)).toMatchObject({ name: 'AbortError' });
      else await sub.opened;
      await sleep(60);
      expect(told.filter((status) => status.state === 'closed')).toEqual([{ state: 'closed', error: undefined }]);
      expect([errors, server.seen.length]).toEqual([[], 1]);
    },
  );

  test.each(states)('abort while %s: a waiting reader rejects with the reason', async (state, prepare) => {
    const abort = new AbortController();
    const errors: unknown[] = [];
    const { server, sub, events } = await subscribed({ signal: abort.signal, onError: (error) => errors.push(error) });
    const pending = events().next();
    await prepare(server);
    await expect.poll(() => sub.status.state).toBe(state);
    abort.abort(reason);
    expect(await failure(pending)).toBe(reason);
    expect(await failure(sub.closed)).toBe(reason);
    if (state === 'connecting') expect(await failure(sub.opened)).toBe(reason);
    await sleep(60);
    expect([errors, server.seen.length, sub.status]).toEqual([[], 1, { state: 'closed', error: reason }]);
  });

  test('before it began: nothing is sent', async () => {
    const server = await streamServer();
    const sb = new SnackBaseClient({ url: server.url });
    const closed = sb.records.subscribe('posts');
    closed.close();
    await closed.closed;
    const aborted = sb.records.subscribe('posts', { signal: AbortSignal.abort(reason) });
    expect(await failure(aborted.closed)).toBe(reason);
    await sleep(30);
    expect(server.seen).toEqual([]);
  });

  test('what was held for a reader is not given after a close', async () => {
    const { server, sub, events } = await subscribed();
    (await server.next()).open(hello('1-0') + change('1-1', 'created', {}));
    await sub.opened;
    await sleep(50);
    sub.close();
    expect(await events().next()).toEqual({ done: true, value: undefined });
  });

  test('from a callback of its own', async () => {
    const server = await streamServer();
    const told: string[] = [];
    const sub = new SnackBaseClient({ url: server.url }).records.subscribe('posts', {}, ({ id }) => {
      told.push(id);
      sub.close();
    });
    (await server.next()).open(hello() + change('1-1', 'created', {}) + change('1-2', 'created', {}));
    await sub.closed;
    await sleep(30);
    expect(told).toEqual(['1-1']);
  });

  test('callbacks that throw at the end harm nobody, an onStatus that throws ends it', async () => {
    const server = await streamServer();
    const sb = new SnackBaseClient({ url: server.url });
    const wrong = () => {
      throw reason;
    };
    const sub = sb.records.subscribe('posts', { onStatus: wrong, onError: wrong });
    expect(await failure(sub.closed)).toBe(reason);
    const open = sb.records.subscribe('posts', { onStatus: ({ state }) => state === 'open' && wrong() });
    const connection = (await server.next()).open();
    expect(await failure(open.closed)).toBe(reason);
    await expect.poll(() => connection.gone).toBe(true);
  });

  test('no listener stays on the signal', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    Object.assign(signal, {
      addEventListener: (...given: Parameters<typeof addEventListener>) => {
        listeners += 1;
        addEventListener.apply(signal, given);
      },
      removeEventListener: (...given: Parameters<typeof removeEventListener>) => {
        listeners -= 1;
        removeEventListener.apply(signal, given);
      },
    });
    const { server, sub } = await subscribed({ signal });
    (await server.next()).open();
    await sub.opened;
    expect(listeners).toBe(1);
    sub.close();
    expect(listeners).toBe(0);
  });

  test('a program ends by itself once its subscriptions are closed: no timer and no socket stays', async () => {
    const server = await streamServer();
    const program = `
      import { SnackBaseClient } from '@snackbase/sdk';
      const sb = new SnackBaseClient({ url: process.env.SERVER });
      const open = sb.records.subscribe('posts');
      await open.opened;
      const list = sb.records.live('posts');
      await new Promise((done) => setTimeout(done, 100));
      const refused = new SnackBaseClient({ url: 'http://127.0.0.1:1' }).records.subscribe('posts');
      while (refused.status.state !== 'waiting') await new Promise((done) => setTimeout(done, 10));
      for (const one of [open, list, refused]) one.close();
      console.log('closed');`;
    const args = ['--input-type=module', '-e', program];
    const cwd = resolve(import.meta.dirname, '../..');
    const env = { ...process.env, SERVER: server.url };
    const running = promisify(execFile)(process.execPath, args, { cwd, env, timeout: 20_000 });
    (await server.next()).open();
    expect((await running).stdout).toBe('closed\n');
  });
});

describe('a reader that is slow', () => {
  const big = (n: number) => change(`1-${n}`, 'created', { id: `r${n}`, text: 'x'.repeat(10_000) });
  const LIMIT = 6000;

  /** Sends until the client takes no more for a while; answers how many events were sent. */
  async function flood({ response }: Connection): Promise<number> {
    let sent = 0;
    while (sent < LIMIT) {
      sent += 1;
      if (response.write(big(sent))) continue;
      const drained = new Promise<boolean>((done) => response.once('drain', () => done(true)));
      if (!(await Promise.race([drained, sleep(700).then(() => false)]))) return sent;
    }
    return sent;
  }

  test('stops the reading from the network, loses nothing, and is not taken for a silent server', async () => {
    const { server, sub, events } = await subscribed({ idleTimeout: 500 });
    const connection = (await server.next()).open();
    const sent = await flood(connection);
    // 60 MB were there to be sent; what has left lies in the buffers of the two sockets and below the bound of the client.
    expect(sent).toBeLessThan(LIMIT / 2);
    expect(connection.gone).toBe(false);
    const reader = events();
    const read = await some(reader, sent);
    expect(ids(read)).toEqual(Array.from({ length: sent }, (_, i) => `1-${i + 1}`));
    connection.send(big(sent + 1));
    expect(ids(await some(reader, 1))).toEqual([`1-${sent + 1}`]);
    expect(server.seen).toHaveLength(1);
    sub.close();
  }, 60_000);

  test('a server that closes on it: the reader takes up where it was', async () => {
    const { server, sub, events } = await subscribed();
    const first = (await server.next()).open();
    const sent = await flood(first);
    first.drop();
    const reader = events();
    const read: Event[] = [];
    const resuming = server.next().then((second) => {
      const from = Number(second.lastEventId?.slice(2));
      second.open();
      for (let n = from + 1; n <= sent; n++) second.send(big(n));
      return from;
    });
    while (read.length < sent) read.push(...(await some(reader, 1)));
    expect(ids(read)).toEqual(Array.from({ length: sent }, (_, i) => `1-${i + 1}`));
    expect(await resuming).toBeLessThan(sent);
    sub.close();
  }, 60_000);
});

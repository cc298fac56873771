// Requests of any route: URLs, path parameters, headers, bodies, and the services that come from the table.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CoreClient, SnackBaseClient } from '../../sdk/src/index.ts';
import { rooms } from '../../sdk/src/routes.gen.ts';
import { serve } from './server.ts';

const echo = (url: string, more: object = {}) => new SnackBaseClient({ url, token: 'secret-token', ...more });

describe('url', () => {
  test.each(['', '/', '//', '/prefix', '/prefix/', '/a/b//', '/prefix/?x=1#y'])('base ending in "%s"', async (end) => {
    const server = await serve(() => ({ json: {} }));
    await echo(server.url + end).health();
    expect(server.seen[0]?.url).toBe(`${end.replace(/[?#].*/, '').replace(/\/+$/, '')}/health`);
  });

  test('baseUrl is the same, a URL object too', async () => {
    const server = await serve(() => ({ json: {} }));
    await new SnackBaseClient({ baseUrl: new URL(server.url) }).health();
    expect(server.seen[0]?.url).toBe('/health');
  });

  test.each([
    undefined,
    '',
    'api.example.com',
    'ftp://x',
    'http://',
    '//evil.example',
    'https://user:pw@x',
    'http://a b',
    7,
  ])('url %j is refused', (url) => {
    expect(() => new SnackBaseClient({ url: url as string })).toThrow(TypeError);
  });

  test('a path is allowed, for pages of the same origin', async () => {
    const urls: unknown[] = [];
    const fetched = (async (url: unknown) => {
      urls.push(url);
      return Response.json({});
    }) as typeof fetch;
    await new SnackBaseClient({ url: '/backend/', fetch: fetched }).health();
    expect(urls).toEqual(['/backend/health']);
  });
});

describe('path parameters', () => {
  test.each([
    ['a/b c?d#e', 'a%2Fb%20c%3Fd%23e'],
    ['../users', '..%2Fusers'],
    ['%2e%2e', '%252e%252e'],
    ['ü😀', '%C3%BC%F0%9F%98%80'],
    ['a+b&c=d', 'a%2Bb%26c%3Dd'],
    ['0', '0'],
  ])('%s is encoded', async (id, sent) => {
    const server = await serve(() => ({ json: {} }));
    await echo(server.url).records.get('posts', id);
    expect(server.seen[0]?.url).toBe(`/api/v1/records/posts/${sent}`);
  });

  test.each(['', undefined, null, '.', '..', {}, []])('id %j is refused and named; nothing is sent', async (id) => {
    const server = await serve(() => ({ json: {} }));
    const sb = echo(server.url);
    for (const call of [
      sb.records.get('posts', id as string),
      sb.records.delete('posts', id as string),
      sb.users.get(id as string),
    ]) {
      await expect(call).rejects.toThrow(TypeError);
      await expect(call).rejects.toThrow(/: id must not be empty/);
    }
    await expect(sb.records.list(id as string)).rejects.toThrow(/: collection must not be empty/);
    expect(server.seen).toEqual([]);
  });
});

describe('headers', () => {
  test('client, account and call headers; the call wins', async () => {
    const server = await serve(() => ({ json: {} }));
    const sb = echo(server.url, { accountId: 'AB1234', headers: { 'X-App': 'one', 'X-Both': 'client' } });
    await sb.health({ headers: { 'x-both': 'call', Authorization: 'Basic abc' } });
    expect(server.seen[0]?.headers).toMatchObject({
      'x-account-id': 'AB1234',
      'x-app': 'one',
      'x-both': 'call',
      authorization: 'Basic abc',
      accept: 'application/json',
    });
    expect(server.seen[0]?.headers['idempotency-key']).toBeUndefined();
  });

  test('an idempotency key is sent as given', async () => {
    const server = await serve(() => ({ json: {} }));
    await echo(server.url).records.create('posts', {}, { idempotencyKey: 'k-1' });
    expect(server.seen[0]?.headers['idempotency-key']).toBe('k-1');
  });

  test('a token that no header can carry is not shown; blanks around one are dropped', async () => {
    const server = await serve(() => ({ json: {} }));
    for (const options of [
      { token: 'sec\nret' },
      { token: () => 'sec\u2028ret' },
      { headers: { 'x-api-key': 'sec\nret' } },
    ]) {
      const failure = echo(server.url, options).health();
      await expect(failure).rejects.toThrow(TypeError);
      await expect(failure).rejects.not.toThrow(/sec/);
    }
    await echo(server.url, { token: ' secret\n' }).health();
    expect(server.seen.map((s) => s.headers.authorization)).toEqual(['Bearer secret']);
  });

  test('a printed client shows no token', () => {
    const sb = echo('http://localhost', { refreshToken: 'secret-refresh' });
    expect(inspect(sb, { depth: 20, showHidden: true }) + JSON.stringify(sb)).not.toContain('secret');
  });
});

describe('bodies', () => {
  test.each([
    [0, '0'],
    ['', '""'],
    [false, 'false'],
    [null, 'null'],
    [[], '[]'],
  ])('%j is sent as JSON', async (body, sent) => {
    const server = await serve(() => ({ json: {} }));
    await echo(server.url).request('records.create', { params: { collection: 'c' }, body: body as never });
    expect(server.seen[0]).toMatchObject({ body: sent, headers: { 'content-type': 'application/json' } });
  });

  test('undefined is no body and no content type', async () => {
    const server = await serve(() => ({ json: {} }));
    await echo(server.url).users.verify('u1');
    expect(server.seen[0]).toMatchObject({ method: 'POST', body: '' });
    expect(server.seen[0]?.headers['content-type']).toBeUndefined();
  });

  test('FormData and Blob are left alone', async () => {
    const server = await serve(() => ({ json: {} }));
    const form = new FormData();
    form.set('file', new Blob(['hello'], { type: 'text/plain' }), 'a.txt');
    const send = (body: unknown) =>
      echo(server.url).request('records.create', { params: { collection: 'c' }, body: body as never });
    await send(form);
    await send(new Blob(['x,y'], { type: 'text/csv' }));
    expect(server.seen[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(server.seen[0]?.body).toContain('filename="a.txt"');
    expect(server.seen[1]).toMatchObject({ body: 'x,y', headers: { 'content-type': 'text/csv' } });
  });
});

describe('services of the table', () => {
  test('arguments: path parameters, body, query, options', async () => {
    const server = await serve((seen) =>
      seen.method === 'DELETE' ? { status: 204 } : { json: { method: seen.method } },
    );
    const sb = echo(server.url);
    await sb.collections.list({ search: 'po', page: 2 });
    await sb.collections.names();
    await sb.collections.create({ name: 'posts', schema: [{ name: 'title', type: 'text' }] });
    await sb.collections.update('posts', { enabled: false }, { headers: { 'x-last': '1' } });
    expect(await sb.collections.delete('posts')).toBeUndefined();
    await sb.accounts.users('AB1234', { limit: 5 });
    await sb.users.update('u/1', { role_id: '2' });
    await sb.roles.list({ headers: { 'x-last': '2' } });
    expect(server.seen.map((s) => `${s.method} ${s.url} ${s.body}${s.headers['x-last'] ?? ''}`)).toEqual([
      'GET /api/v1/collections?search=po&page=2 ',
      'GET /api/v1/collections/names ',
      'POST /api/v1/collections {"name":"posts","schema":[{"name":"title","type":"text"}]}',
      'PUT /api/v1/collections/posts {"enabled":false}1',
      'DELETE /api/v1/collections/posts ',
      'GET /api/v1/accounts/AB1234/users?limit=5 ',
      'PATCH /api/v1/users/u%2F1 {"role_id":"2"}',
      'GET /api/v1/roles 2',
    ]);
  });

  test('request calls a route by name; text routes give text', async () => {
    const server = await serve(() => ({ text: 'openapi: 3.1.0' }));
    expect(await echo(server.url).request('ops.openapiYaml')).toBe('openapi: 3.1.0');
  });

  test('a route that streams answers while its body comes, however long that is', async () => {
    let more = (_text: string) => {};
    let closed = false;
    const server = await serve(() => (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      response.on('close', () => {
        closed = true;
      });
      more = (text) => response.write(text);
    });
    const body = await echo(server.url, { timeout: 100 }).request('records.stream', {
      params: { collection: 'posts' },
    });
    const reader = body.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe('data: 1\n\n');
    await new Promise((done) => setTimeout(done, 200));
    more('data: 2\n\n');
    expect(await next()).toBe('data: 2\n\n');
    await reader.cancel();
    await expect.poll(() => closed).toBe(true);
  });

  test.each([
    ['a page', { text: '<html>' }],
    ['JSON', { json: { items: [] } }],
    ['nothing', { status: 204 }],
  ])('%s instead of a stream is INVALID_RESPONSE', async (_, answer) => {
    const server = await serve(() => answer);
    const call = echo(server.url).request('records.stream', { params: { collection: 'posts' } });
    await expect(call).rejects.toMatchObject({ code: 'INVALID_RESPONSE' });
  });

  test('every room of the table is a service with every verb; CoreClient has records and auth', () => {
    const sb = echo('http://localhost') as unknown as Record<string, Record<string, unknown>>;
    for (const [room, verbs] of Object.entries(rooms)) {
      const own: Record<string, string> = room === 'records' ? { replace: 'update', stream: 'subscribe' } : {};
      const named = Object.keys(verbs).map((verb) => own[verb] ?? verb);
      for (const verb of named) expect(typeof sb[room]?.[verb], `${room}.${verb}`).toBe('function');
    }
    expect(Object.keys(new CoreClient({ url: 'http://localhost' }))).toEqual(
      expect.arrayContaining(['records', 'auth']),
    );
  });

  test('an own fetch is called without a receiver', async () => {
    const receivers: unknown[] = [];
    const own = function (this: unknown) {
      receivers.push(this);
      return Promise.resolve(Response.json({}));
    } as typeof fetch;
    await echo('http://localhost', { fetch: own }).health();
    expect(receivers).toEqual([undefined]);
  });
});

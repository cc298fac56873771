// The protocol by hand: who is let in, which messages are answered how, and what is no message at all.
import { beforeAll, describe, expect, it } from 'vitest';
import { McpReply } from '../../contract/mcp.ts';
import { Problem } from '../../contract/problems.ts';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const PATHS = ['/api/v1/mcp', '/mcp'];

describe.runIf(available)('mcp protocol', () => {
  let t: TestApp;
  let acme: Tenant;
  let posts: string;
  const send = (body: unknown, headers: Record<string, string> = {}, path = '/mcp') =>
    t.call('POST', path, body, { token: acme.token, headers });
  const ask = (method: string, params: Json = {}, id: Json = 1) => ({ jsonrpc: '2.0', id, method, params });
  const tool = (name: string, args: Json, id: Json = 1) => ask('tools/call', { name, arguments: args }, id);

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    posts = (await t.collection({ schema: [{ name: 'title', type: 'text', required: true }] })).name;
  });

  it('without a credential nothing is answered but 401, on both paths and for both methods', async () => {
    for (const path of PATHS)
      for (const [method, body] of [['POST', ask('tools/list')], ['POST', 'nonsense'], ['GET']] as const) {
        const reply = await t.call(method, path, body);
        expect([reply.status, reply.body.code]).toEqual([401, 'UNAUTHORIZED']);
        expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    const old = await t.call('POST', '/mcp', ask('ping'), { token: `${acme.token}x` });
    expect(old.status).toBe(401);
  });

  it('answers each known version with itself and any other with the newest', async () => {
    const versions = ['2025-11-25', '2025-06-18', '2025-03-26'];
    const params = (protocolVersion: string) => ({
      protocolVersion,
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    });
    for (const path of PATHS)
      for (const version of versions) {
        const { body } = await send(ask('initialize', params(version)), {}, path);
        expect(body.result.protocolVersion).toBe(version);
      }
    expect((await send(ask('initialize', params('1999-01-01')))).body.result.protocolVersion).toBe(versions[0]);
    for (const version of versions)
      expect((await send(ask('ping'), { 'MCP-Protocol-Version': version })).body.result).toEqual({});
    for (const version of ['1999-01-01', 'x', '2025-11-25, 2025-06-18']) {
      const refused = await send(ask('ping'), { 'MCP-Protocol-Version': version });
      expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_HEADER']);
      expect(refused.body.message).toContain('2025-11-25');
    }
  });

  it('answers JSON to whoever takes JSON', async () => {
    for (const accept of ['application/json, text/event-stream', 'application/json', '*/*', 'application/*;q=0.5'])
      expect((await send(ask('ping'), { Accept: accept })).body.result).toEqual({});
    for (const accept of ['text/event-stream', 'text/html', 'application/json;q=0, text/html']) {
      const refused = await send(ask('ping'), { Accept: accept });
      expect([refused.status, refused.body.code]).toEqual([406, 'NOT_ACCEPTABLE']);
    }
    const page = await t.call('GET', '/mcp', undefined, { token: acme.token, headers: { Accept: 'text/html' } });
    expect(page.status).toBe(406);
  });

  it('refuses pages of other sites, with whatever credential', async () => {
    const cookie = async () => {
      const body = { account: acme.account.id, email: acme.email, password: 'SecurePass123!', session: true };
      const reply = await t.call('POST', '/api/v1/auth/login', body);
      return { Cookie: (reply.headers.get('set-cookie') as string).split(';')[0] as string };
    };
    const evil = { Origin: 'https://evil.example' };
    const withToken = await send(ask('ping'), evil);
    expect([withToken.status, withToken.body.code]).toEqual([403, 'FORBIDDEN']);
    const session = await cookie();
    const withCookie = await t.call('POST', '/mcp', ask('ping'), { headers: { ...session, ...evil } });
    expect([withCookie.status, withCookie.body.code]).toEqual([403, 'CROSS_SITE_REQUEST']);
    const listening = await t.call('GET', '/mcp', undefined, { headers: { ...session, ...evil } });
    expect([listening.status, listening.body.code]).toEqual([403, 'FORBIDDEN']);
    // A name that was bound to our address.
    const rebound = await send(ask('ping'), { Origin: 'http://evil.example:8000', Host: 'evil.example:8000' });
    expect(rebound.status).toBe(403);
    for (const Origin of ['http://localhost:8000', 'http://localhost:6274'])
      expect((await send(ask('ping'), { Origin })).status).toBe(200);
    expect((await t.call('POST', '/mcp', ask('ping'), { headers: session })).body.result).toEqual({});
  });

  it('notifications and responses are taken without an answer', async () => {
    for (const body of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
      { jsonrpc: '2.0', id: 7, result: {} },
      { jsonrpc: '2.0', id: 7, error: { code: 1, message: 'no' } },
      [{ jsonrpc: '2.0', method: 'notifications/unheard' }],
    ]) {
      const reply = await send(body);
      expect([reply.status, reply.text], JSON.stringify(body)).toEqual([202, '']);
    }
  });

  it('a list of messages is answered in its order, each with its own outcome', async () => {
    const reply = await send([
      tool(`${posts}_create`, { data: { title: 'first' } }, 'a'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      tool(`${posts}_query`, { where: { title: 'first' } }, 'b'),
      tool(`${posts}_create`, { data: {} }, 'c'),
      ask('no/such/method', {}, 'd'),
      ask('ping', {}, 'a'),
    ]);
    expect(reply.status).toBe(200);
    expect(reply.body.map(({ id }: Json) => id)).toEqual(['a', 'b', 'c', 'd', 'a']);
    const [made, found, refused, unknown, pong] = reply.body;
    expect(found.result.structuredContent).toEqual({ data: [made.result.structuredContent], total: 1 });
    expect(refused.result.isError).toBe(true);
    expect(JSON.parse(refused.result.content[0].text).code).toBe('INVALID_RESOURCE_DATA');
    expect(unknown.error.code).toBe(-32601);
    expect(pong.result).toEqual({});
    // Whoever asks twice is answered twice, without a session between.
    expect((await send(Array.from({ length: 50 }, (_, i) => ask('ping', {}, i)))).body).toHaveLength(50);
  });

  it('what is no message is refused with the error body of this API', async () => {
    const cases: [unknown, number, string][] = [
      [[], 422, 'INVALID_REQUEST'],
      [{}, 422, 'INVALID_REQUEST'],
      ['ping', 422, 'INVALID_REQUEST'],
      [null, 422, 'INVALID_REQUEST'],
      [{ jsonrpc: '1.0', id: 1, method: 'ping' }, 422, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: null, method: 'ping' }, 422, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: { a: 1 }, method: 'ping' }, 422, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: 1, method: 5 }, 422, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: 1, method: 'ping', params: [1] }, 422, 'INVALID_REQUEST'],
      [[ask('ping'), 5], 422, 'INVALID_REQUEST'],
      [Array.from({ length: 51 }, (_, i) => ask('ping', {}, i)), 422, 'INVALID_REQUEST'],
    ];
    for (const [body, status, code] of cases) {
      const reply = await send(body);
      expect([reply.status, reply.body.code], JSON.stringify(body)?.slice(0, 80)).toEqual([status, code]);
      expect(Problem.safeParse(reply.body).success).toBe(true);
    }
    const raw = (text: string, type = 'application/json') =>
      t.call('POST', '/mcp', undefined, { token: acme.token, raw: text, headers: { 'Content-Type': type } });
    expect((await raw('{"jsonrpc":')).body.code).toBe('INVALID_JSON');
    expect((await raw('{}', 'text/plain')).status).toBe(415);
    expect((await t.call('POST', '/mcp', undefined, { token: acme.token })).status).toBe(422);
    for (const [body, code] of [
      [{ jsonrpc: '2.0', id: 1 }, -32600],
      [{ jsonrpc: '2.0', id: 1, method: 'ping', more: true }, -32600],
    ] as const)
      expect((await send(body)).body).toMatchObject({ id: 1, error: { code } });
  });

  it('parameters that do not fit are -32602, and a method that is not there -32601', async () => {
    for (const [method, params] of [
      ['tools/call', {}],
      ['tools/call', { name: 5 }],
      ['tools/call', { name: `${posts}_query`, arguments: [] }],
      ['tools/call', { name: `${posts}_query`, arguments: 'all' }],
      ['tools/call', { name: 'nothing' }],
      ['tools/call', { name: '__proto__' }],
      ['tools/call', { name: `${posts}_drop` }],
      ['tools/list', { cursor: 5 }],
      ['tools/list', { cursor: 'no cursor' }],
      ['tools/list', { cursor: '' }],
      ['resources/list', { cursor: '🙂' }],
      ['resources/read', {}],
      ['resources/read', { uri: 5 }],
      ['initialize', {}],
    ] as const) {
      const { status, body } = await send(ask(method, params));
      expect([status, body.error?.code], `${method} ${JSON.stringify(params)} ${JSON.stringify(body)}`).toEqual([
        200, -32602,
      ]);
    }
    for (const method of ['prompts/list', 'logging/setLevel', 'constructor', 'tasks/get', '__proto__'])
      expect((await send(ask(method))).body.error.code).toBe(-32601);
  });

  it('a body that is too large is refused before it is read', async () => {
    const small = await startApp({ bodyLimit: 4096 });
    const body = JSON.stringify(ask('ping', { _meta: { text: 'x'.repeat(40_000) } }));
    const tenant = await small.tenant('Small');
    const reply = await small.call('POST', '/mcp', undefined, { token: tenant.token, raw: body });
    expect([reply.status, reply.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    await small.stop();
  });

  it('DELETE and PUT are not allowed: there is no session to end', async () => {
    for (const method of ['DELETE', 'PUT']) {
      const reply = await t.call(method, '/api/v1/mcp', undefined, { token: acme.token });
      expect([reply.status, reply.body.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
      expect(reply.headers.get('allow')).toMatch(/GET.*POST|POST.*GET/);
    }
  });

  it('no arguments whatever make the server fail', async () => {
    const values: Json[] = [
      null,
      true,
      0,
      -1,
      1e308,
      '',
      'x',
      '\u0000',
      '%24{x}',
      "'; drop table x --",
      [],
      [[]],
      {},
      { $gt: {} },
      { id: null },
      { __proto__: null, constructor: 1 },
      Array.from({ length: 50 }, () => ({})),
      'é'.repeat(5000),
      { $or: 1 },
      { $and: [{ title: { $in: 5 } }] },
      { title: { $like: 7, $nothing: [] } },
      { $not: [] },
    ];
    const keys = [
      'id',
      'data',
      'records',
      'where',
      'orderBy',
      'order',
      'limit',
      'offset',
      'fields',
      'linked',
      'nothing',
    ];
    let sent = 0;
    for (const verb of ['query', 'get', 'create', 'update', 'delete', 'bulk_create'])
      for (const value of values) {
        const batch = keys.map((key, i) =>
          tool(`${posts}_${verb}`, { ...(verb === 'update' && { id: 'x', data: {} }), [key]: value }, i),
        );
        const reply = await t.call('POST', '/mcp', batch, { token: acme.token });
        sent += 1;
        const label = `${verb} ${JSON.stringify(value)?.slice(0, 80)} → ${reply.status} ${reply.text.slice(0, 300)}`;
        if (reply.status === 400) expect(reply.body.code, label).toBe('INVALID_JSON');
        else expect(reply.status, label).toBe(200);
        for (const one of reply.status === 200 ? reply.body : []) {
          expect(McpReply.safeParse(one).success, label).toBe(true);
          const text = one.result?.isError ? JSON.parse(one.result.content[0].text) : null;
          expect(text?.code ?? '', label).not.toMatch(/ERROR$|UNAVAILABLE|TIMEOUT/);
          expect(one.error?.code ?? -32602, label).toBe(-32602);
        }
      }
    expect(sent).toBe(6 * values.length);
  });
});

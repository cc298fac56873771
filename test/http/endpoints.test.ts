// Custom endpoints: defined by API, called below /api/v1/x, under whose rules they act, what they answer and what is logged.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { NotFoundError, SnackBaseClient } from '../../sdk/src/index.ts';
import { available, type Json, kind, type Reply, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('custom endpoints', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let orders: string;
  /** Every caller sees his own orders; the admin sees all. */
  let own: string;

  const define = (definition: Json, as: Tenant = a) =>
    t.call('POST', '/api/v1/endpoints', { name: 'An endpoint', ...definition }, { token: as.token });
  const defined = async (definition: Json, as: Tenant = a): Promise<Json> => {
    const { status, body, text } = await define(definition, as);
    expect(status, text).toBe(201);
    return body;
  };
  const x = (method: string, path: string, body?: unknown, token: string | null = a.token, headers = {}) =>
    t.call(method, `/api/v1/x${path}`, body, { token, headers });
  const logOf = async (id: string): Promise<Json[]> =>
    (await t.call('GET', `/api/v1/endpoints/${id}/executions`, undefined, { token: a.token })).body.items;
  const path = () => `/${unique('e-')}`;
  const said = ({ status, body }: Reply) => [status, body?.code];
  const count = async (collection: string) =>
    (await t.call('GET', `/api/v1/records/${collection}`, undefined, { token: a.token })).body.total;
  const echo = { actions: [{ type: 'transform', output: { request: '{{request}}', auth: '{{auth}}' } }] };

  beforeAll(async () => {
    t = await startApp({ webhookAllowPrivate: true });
    [a, b] = [await t.tenant('Acme'), await t.tenant('Beta')];
    const schema = [
      { name: 'customer', type: 'text', required: true },
      { name: 'total', type: 'number', required: true },
      { name: 'status', type: 'text', default: 'new' },
    ];
    const rules = {
      list_rule: '@request.auth.id != ""',
      view_rule: '@request.auth.id != ""',
      create_rule: '@request.auth.id != ""',
    };
    orders = (await t.collection({ schema, ...rules })).name;
    own = (await t.collection({ schema, list_rule: '@owns_record()', create_rule: '@request.auth.id != ""' })).name;
    for (const [customer, total, status] of [
      ['Ada', 100, 'paid'],
      ['Ada', 50, 'paid'],
      ['Bob', 30, 'new'],
    ])
      await t.call('POST', `/api/v1/records/${orders}`, { customer, total, status }, { token: a.token });
  });

  it('S000-12 S000-44 S000-47 S000-48 a pipeline of query, aggregate and transform answers what it computed, by HTTP alone', async () => {
    const slug = unique('order-summary-');
    const made = await defined({
      name: 'Order summary',
      slug,
      actions: [
        {
          type: 'query_records',
          name: 'paid',
          collection: orders,
          filter: "status = '{{request.query.status}}'",
          sort: '-total',
        },
        {
          type: 'aggregate_records',
          name: 'sums',
          collection: orders,
          functions: 'count(),sum(total)',
          filter: "status = '{{request.query.status}}'",
        },
        {
          type: 'transform',
          output: {
            biggest: '{{actions.paid.result.items[0].total}}',
            who: 'for {{actions[0].result.items[0].customer}}',
            sums: '{{actions.sums.result}}',
            by: '{{auth.email}}',
          },
        },
      ],
    });
    expect(made).toMatchObject({
      slug,
      path: `/${slug}`,
      method: 'GET',
      auth_required: true,
      run_as: 'caller',
      enabled: true,
    });
    const { status, body, headers } = await x('GET', `/${slug}?status=paid`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(body).toMatchObject({ biggest: 100, who: 'for Ada', by: a.email });
    expect(JSON.stringify(body.sums)).toMatch(/150/);
  });

  it('S000-43 definitions are made, listed, read, changed, toggled and deleted; what is not sent stays', async () => {
    const at = path();
    const made = await defined({ path: at, method: 'POST', actions: echo.actions, timeout_seconds: 5 });
    const of = (method: string, more = '', body?: unknown) =>
      t.call(method, `/api/v1/endpoints/${made.id}${more}`, body, { token: a.token });
    expect((await of('GET')).body).toEqual(made);
    const list = await t.call('GET', '/api/v1/endpoints?method=POST&enabled=true&limit=100', undefined, {
      token: a.token,
    });
    expect(list.body.items.map(({ id }: Json) => id)).toContain(made.id);
    expect((await of('PUT', '', { description: 'x' })).body).toMatchObject({
      description: 'x',
      method: 'POST',
      timeout_seconds: 5,
    });
    expect((await of('PATCH', '', { name: 'Other' })).body).toMatchObject({ name: 'Other', description: 'x' });
    expect((await x('POST', at, {})).status).toBe(200);
    expect((await of('PATCH', '/toggle')).body.enabled).toBe(false);
    expect(said(await x('POST', at, {}))).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect((await of('PATCH', '/toggle', { enabled: true })).body.enabled).toBe(true);
    expect((await x('POST', at, {})).status).toBe(200);
    expect((await of('DELETE')).status).toBe(204);
    expect((await of('GET')).status).toBe(404);
    expect((await x('POST', at, {})).status).toBe(404);
    const trail = await t.call('GET', `/api/v1/audit-logs?record_id=${made.id}&limit=100`, undefined, {
      token: a.token,
    });
    expect(new Set(trail.body.items.map(({ operation }: Json) => operation))).toEqual(
      new Set(['CREATE', 'UPDATE', 'DELETE']),
    );
  });

  it('no path looks like one of the API or begins as another account', async () => {
    for (const path of ['/auth/login', '/records', `/${b.account.slug}/orders`, `/${b.account.id.toLowerCase()}`]) {
      const refused = await t.call('POST', '/api/v1/endpoints', { name: 'x', path, ...echo }, { token: a.token });
      expect(refused.body.errors, path).toMatchObject([{ field: 'path', code: 'reserved' }]);
    }
    const at = path();
    await defined({ path: `${at}/:id/items`, ...echo });
    expect((await x('GET', `${at}/1/items`)).status).toBe(200);
    expect((await x('GET', `${at}//items`)).status).toBe(404);
  });

  it('only the account manages its endpoints: members 403, others 404, a superadmin names the account', async () => {
    const { id } = await defined({ path: path(), ...echo });
    const member = await t.member(a.account.id);
    expect(said(await t.call('GET', '/api/v1/endpoints', undefined, { token: member.token }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
    for (const [method, more] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['PATCH', '/toggle'],
      ['GET', '/executions'],
    ] as const) {
      const { status } = await t.call(method, `/api/v1/endpoints/${id}${more}`, method === 'PATCH' ? {} : undefined, {
        token: b.token,
      });
      expect(status, `${method} ${more}`).toBe(404);
    }
    const input = { name: 'x', path: path() };
    expect(said(await t.call('POST', '/api/v1/endpoints', input, { token: t.root }))).toEqual([
      400,
      'ACCOUNT_REQUIRED',
    ]);
    const named = { token: t.root, headers: { 'X-Account-ID': a.account.slug } };
    expect((await t.call('POST', '/api/v1/endpoints', input, named)).body.account_id).toBe(a.account.id);
  });

  it('S000-45 the defined method and path answer; another method 405 with Allow, an unknown path 404', async () => {
    const at = path();
    await defined({ path: at, method: 'POST', ...echo });
    await defined({ path: at, method: 'GET', ...echo });
    expect((await x('GET', at)).status).toBe(200);
    expect((await x('GET', `${at}/`)).status).toBe(200);
    expect((await x('HEAD', at)).status).toBe(200);
    const wrong = await x('DELETE', at);
    expect(said(wrong)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(said(await x('GET', '/there-is-none'))).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(said(await x('GET', `${at}/more`))).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect((await x('GET', '/%E0%A4%A')).status).toBe(400);
  });

  it('a literal segment wins over a parameter, from left to right and whatever was defined first; parameters are decoded', async () => {
    const base = path();
    const named = (name: string, more: string, method = 'GET') =>
      defined({
        path: base + more,
        method,
        actions: [{ type: 'transform', output: { name, params: '{{request.params}}' } }],
      });
    await named('both', '/:one/:two');
    await named('right', '/:one/summary');
    await named('left', '/orders/:two');
    await named('post', '/orders/summary', 'POST');
    const of = async (more: string) => (await x('GET', base + more)).body;
    expect(await of('/orders/1')).toEqual({ name: 'left', params: { two: '1' } });
    expect(await of('/orders/summary')).toEqual({ name: 'left', params: { two: 'summary' } });
    expect(await of('/other/summary')).toEqual({ name: 'right', params: { one: 'other' } });
    expect(await of('/a%2Fb/%C3%A9')).toEqual({ name: 'both', params: { one: 'a/b', two: 'é' } });
    expect((await x('PUT', `${base}/orders/summary`)).headers.get('allow')).toBe('GET, HEAD, POST');
    const same = await define({ path: `${base}/:x/:y`, ...echo });
    expect(said(same)).toEqual([409, 'CONFLICT']);
    expect(same.text).toContain(`${base}/:one/:two`);
  });

  it('needs a credential unless it is public; callers without an account name it in the path or a header', async () => {
    const [open, closed] = [path(), path()];
    await defined({ path: open, auth_required: false, ...echo });
    await defined({ path: closed, ...echo });
    const { slug, id } = a.account;
    for (const place of [`/${slug}${open}`, `/${id}${open}`, `/${id.toLowerCase()}${open}`]) {
      const { status, body } = await x('GET', place, undefined, null);
      expect(status, place).toBe(200);
      expect(body.auth).toEqual({ id: null, user_id: null, email: null, role: null, groups: null, account_id: id });
    }
    expect((await x('GET', open, undefined, null, { 'X-Account-ID': slug })).status).toBe(200);
    expect(said(await x('GET', `/${slug}${closed}`, undefined, null))).toEqual([401, 'UNAUTHORIZED']);
    expect(said(await x('GET', open, undefined, null))).toEqual([401, 'UNAUTHORIZED']);
    expect(said(await x('GET', `/${slug}/nothing`, undefined, null))).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(said(await x('GET', `/${slug}${open}`, undefined, 'a.bad.token'))).toEqual([401, 'UNAUTHORIZED']);
    expect((await x('GET', `/${slug}${closed}`)).body.auth.email).toBe(a.email);
    // Of another account only what is public, and there he is nobody.
    expect(said(await x('GET', `/${slug}${closed}`, undefined, b.token))).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(said(await x('GET', closed, undefined, b.token, { 'X-Account-ID': slug }))).toEqual([
      404,
      'ROUTE_NOT_FOUND',
    ]);
    expect((await x('GET', `/${slug}${open}`, undefined, b.token)).body.auth.email).toBe(null);
    expect((await x('GET', closed, undefined, t.root, { 'X-Account-ID': slug })).body.auth.account_id).toBe(id);
  });

  it('S000-46 reads records under the rules of whoever calls, or of the role that the definition names', async () => {
    const [mine, all, open] = [path(), path(), path()];
    const actions = [{ type: 'query_records', collection: own }];
    await defined({ path: mine, actions });
    await defined({ path: all, actions, run_as: 'admin' });
    await defined({ path: open, actions, auth_required: false });
    const [one, two] = [await t.member(a.account.id), await t.member(a.account.id)];
    for (const { token, user } of [one, two])
      expect(
        (await t.call('POST', `/api/v1/records/${own}`, { customer: user.email, total: 1 }, { token })).status,
      ).toBe(201);
    const customers = async (at: string, token: string | null) =>
      (await x('GET', at, undefined, token)).body.items.map(({ customer }: Json) => customer);
    expect(await customers(mine, one.token)).toEqual([one.email]);
    expect(await customers(mine, two.token)).toEqual([two.email]);
    const asRole = await x('GET', all, undefined, one.token);
    expect(asRole.status, asRole.text).toBe(200);
    expect(said(await x('GET', `/${a.account.slug}${open}`, undefined, null))).toEqual([401, 'UNAUTHORIZED']);
    // A key reaches as far as its scopes, not as far as a role that it does not have.
    const key = await t.call(
      'POST',
      '/api/v1/api-keys',
      { name: 'k', scopes: { [orders]: { read: '*' } } },
      { token: a.token },
    );
    expect(said(await x('GET', all, undefined, key.body.key))).toEqual([403, 'KEY_PERMISSION_DENIED']);
    expect(said(await x('GET', mine, undefined, key.body.key))).toEqual([403, 'KEY_PERMISSION_DENIED']);
  });

  it('a condition decides before the input is judged', async () => {
    const at = path();
    const { id } = await defined({
      path: at,
      method: 'POST',
      condition: "request.body.amount > 5 and auth.role = 'admin'",
      input_schema: {
        type: 'object',
        properties: { amount: { type: 'number' }, note: { type: 'string' } },
        required: ['note'],
      },
      ...echo,
    });
    expect((await x('POST', at, { amount: 6, note: 'x' })).status).toBe(200);
    expect(said(await x('POST', at, { amount: 5 }))).toEqual([403, 'FORBIDDEN']);
    expect(said(await x('POST', at, { amount: 'many' }))).toEqual([403, 'FORBIDDEN']);
    const member = await t.member(a.account.id);
    expect(said(await x('POST', at, { amount: 6, note: 'x' }, member.token))).toEqual([403, 'FORBIDDEN']);
    expect((await logOf(id)).map(({ status, http_status }) => [status, http_status])).toEqual([
      ['denied', 403],
      ['denied', 403],
      ['denied', 403],
      ['success', 200],
    ]);
  });

  it('a body is judged by its schema, every problem with its place; a query is read as its schema says', async () => {
    const at = path();
    await defined({
      path: at,
      method: 'POST',
      input_schema: {
        type: 'object',
        additionalProperties: false,
        required: ['email', 'lines'],
        properties: {
          email: { type: 'string', format: 'email' },
          code: { type: 'string', pattern: '^(a+)+$' },
          lines: { type: 'array', uniqueItems: true, items: { $ref: '#/$defs/line' } },
        },
        $defs: {
          line: {
            type: 'object',
            required: ['sku'],
            properties: { sku: { type: 'string' }, n: { type: 'integer', minimum: 1 } },
          },
        },
      },
      query_schema: {
        type: 'object',
        properties: { limit: { type: 'integer', maximum: 10, default: 3 }, full: { type: 'boolean' } },
      },
      ...echo,
    });
    const good = { email: 'a@example.com', lines: [{ sku: 'x', n: 1 }], code: 'aaa' };
    const answered = await x('POST', `${at}?full=true`, good);
    expect(answered.body.request).toMatchObject({
      body: good,
      query: { full: true, limit: 3 },
      method: 'POST',
      path: at,
    });
    const bad = await x('POST', at, { email: 'none', lines: [{ n: 0 }, { sku: 1 }], extra: 1 });
    expect(said(bad)).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect(bad.body.errors.map(({ field, code }: Json) => `${field} ${code}`).sort()).toEqual([
      'email invalid_format',
      'extra unknown_field',
      'lines.0.n too_small',
      'lines.0.sku required',
      'lines.1.sku invalid_type',
    ]);
    expect(said(await x('POST', at))).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect(said(await x('POST', at, { ...good, lines: [{ sku: 'x' }, { sku: 'x' }] }))).toEqual([
      400,
      'INVALID_RESOURCE_DATA',
    ]);
    const query = await x('POST', `${at}?limit=11&full=perhaps`, good);
    expect(said(query)).toEqual([400, 'INVALID_QUERY_PARAMS']);
    expect(query.body.errors.map(({ field }: Json) => field).sort()).toEqual(['full', 'limit']);
    // A pattern that backtracks would take hours.
    const began = performance.now();
    expect((await x('POST', at, { ...good, code: `${'a'.repeat(50)}!` })).status).toBe(400);
    expect(performance.now() - began).toBeLessThan(2000);
    const raw = (text: string, type: string) =>
      t.call('POST', `/api/v1/x${at}`, undefined, { token: a.token, raw: text, headers: { 'Content-Type': type } });
    expect(said(await raw('{', 'application/json'))).toEqual([400, 'INVALID_JSON']);
    expect(said(await raw('a=1', 'application/x-www-form-urlencoded'))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(said(await raw(`"${'x'.repeat(2_000_000)}"`, 'application/json'))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('a failing pipeline leaves nothing where it is one transaction, what was done where it is not', async () => {
    const actions = [
      { type: 'create_record', collection: orders, data: { customer: '{{request.body.customer}}', total: 1 } },
      {
        type: 'create_record',
        collection: orders,
        data: { customer: '{{request.body.customer}}', total: '{{request.body.total}}' },
      },
    ];
    const [atomic, single] = [path(), path()];
    const { id } = await defined({ path: atomic, method: 'POST', actions });
    await defined({ path: single, method: 'POST', actions, atomic: false });
    const before = await count(orders);
    const failed = await x('POST', atomic, { customer: 'Cid', total: 'many' });
    expect(said(failed)).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect(await count(orders)).toBe(before);
    expect((await x('POST', single, { customer: 'Cid', total: 'many' })).status).toBe(400);
    expect(await count(orders)).toBe(before + 1);
    expect((await x('POST', atomic, { customer: 'Cid', total: 2 })).body).toMatchObject({ customer: 'Cid', total: 2 });
    expect(await count(orders)).toBe(before + 3);
    const [, log] = await logOf(id);
    expect(log).toMatchObject({ status: 'failed', http_status: 400, response_body: null });
    expect(log.error_message).toMatch(/Validation failed/);
  });

  it('answers the failure status of the definition, what abort says, and goes on where it may', async () => {
    const [custom, aborting, going] = [path(), path(), path()];
    const missing = {
      type: 'update_record',
      collection: orders,
      record_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
      data: { total: 1 },
    };
    await defined({ path: custom, method: 'POST', failure_status: 422, actions: [missing] });
    expect(said(await x('POST', custom))).toEqual([422, 'RESOURCE_NOT_FOUND']);
    await defined({
      path: aborting,
      method: 'POST',
      failure_status: 500,
      actions: [
        { type: 'abort', condition: 'request.body.n > 1', message: 'Too many: {{request.body.n}}', status: 409 },
        { type: 'transform', output: 'fine' },
      ],
    });
    const refused = await x('POST', aborting, { n: 2 });
    expect([refused.status, refused.body.message]).toEqual([409, 'Too many: 2']);
    expect((await x('POST', aborting, { n: 1 })).body).toBe('fine');
    const { id } = await defined({
      path: going,
      method: 'POST',
      actions: [
        { ...missing, name: 'change', on_error: 'continue' },
        { type: 'transform', output: '{{actions.change.error.code}}' },
      ],
    });
    expect((await x('POST', going)).body).toBe('RESOURCE_NOT_FOUND');
    expect((await logOf(id))[0]).toMatchObject({ status: 'partial', http_status: 200 });
  });

  it('a template answers with status, headers and typed body; a browser trusts no page of it', async () => {
    const [json, page, none] = [path(), path(), path()];
    await defined({
      path: json,
      method: 'POST',
      response_template: {
        status: 201,
        body: { n: '{{request.body.n}}', all: 'n is {{request.body.n}}' },
        headers: { 'X-Number': '{{request.body.n}}', 'Cache-Control': 'max-age=5' },
      },
    });
    const answered = await x('POST', json, { n: 7 });
    expect([answered.status, answered.body]).toEqual([201, { n: 7, all: 'n is 7' }]);
    expect([answered.headers.get('x-number'), answered.headers.get('cache-control')]).toEqual(['7', 'max-age=5']);
    const split = await x('POST', json, { n: 'a\r\nSet-Cookie: a=b' });
    expect([split.status, split.headers.get('set-cookie')]).toEqual([201, null]);
    await defined({
      path: page,
      response_template: { body: '<h1>{{request.query.who}}</h1>', headers: { 'Content-Type': 'text/html' } },
    });
    const html = await x('GET', `${page}?who=Ada`);
    expect([html.text, html.headers.get('content-type')]).toEqual(['<h1>Ada</h1>', 'text/html; charset=utf-8']);
    expect(html.headers.get('content-security-policy')).toMatch(/^sandbox/);
    expect(html.headers.get('x-content-type-options')).toBe('nosniff');
    await defined({ path: none, method: 'DELETE', response_template: { status: 204 } });
    const empty = await x('DELETE', none);
    expect([empty.status, empty.text]).toEqual([204, '']);
  });

  it('time over: answered at once, and nothing is written after it', async () => {
    const at = path();
    const made = await t.call('POST', `/api/v1/records/${orders}`, { customer: 'Slow', total: 1 }, { token: a.token });
    const update = { type: 'update_record', collection: orders, record_id: made.body.id, data: { total: 2 } };
    const create = { type: 'create_record', collection: orders, data: { customer: 'After', total: 9 } };
    const { id } = await defined({ path: at, method: 'POST', timeout_seconds: 0.5, actions: [create, update] });
    let reply: Reply | undefined;
    const before = await count(orders);
    let waited = 0;
    await t.app.db.transaction(async (tx) => {
      await tx.query(`update app_main.${orders} set total = total where id = $1`, [made.body.id]);
      const began = performance.now();
      reply = await x('POST', at);
      waited = performance.now() - began;
    });
    expect(said(reply as Reply)).toEqual([504, 'ENDPOINT_TIMEOUT']);
    expect(waited).toBeLessThan(3000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await count(orders)).toBe(before);
    expect(
      (await t.call('GET', `/api/v1/records/${orders}/${made.body.id}`, undefined, { token: a.token })).body.total,
    ).toBe(1);
    expect((await logOf(id))[0]).toMatchObject({ status: 'failed', http_status: 504 });
    expect((await x('POST', at)).status).toBe(200);
  });

  it('the log holds no secrets and no more than fits', async () => {
    const base = path();
    const { id } = await defined({
      path: `${base}/:token`,
      method: 'POST',
      actions: [{ type: 'transform', output: { api_key: 'abc-secret', ok: true } }],
    });
    const secrets = {
      password: 'hunter2-secret',
      nested: [{ cardNumber: '4111-secret', fine: 'shown' }],
      Authorization: 'Bearer secret',
    };
    await x('POST', `${base}/path-secret?access_token=query-secret&page=2`, secrets);
    await x('POST', `${base}/one`, { text: 'y'.repeat(20_000) });
    const [long, log] = await logOf(id);
    expect(JSON.stringify(log)).not.toContain('secret');
    expect(log.request_data).toMatchObject({
      method: 'POST',
      path: `${base}/***`,
      query: { access_token: '***', page: '2' },
    });
    expect(log.request_data.body).toEqual({
      password: '***',
      nested: [{ cardNumber: '***', fine: 'shown' }],
      Authorization: '***',
    });
    expect(log.response_body).toEqual({ api_key: '***', ok: true });
    expect(log.user_id).toBe(a.user.id);
    expect(log.created_at).toBe(log.executed_at);
    expect(Date.parse(log.completed_at) - Date.parse(log.executed_at)).toBe(log.duration_ms);
    expect(JSON.stringify(long).length).toBeLessThan(10_000);
    const one = await t.call('GET', `/api/v1/endpoints/${id}/executions/${log.id}`, undefined, { token: a.token });
    expect(one.body).toEqual(log);
    expect(
      (await t.call('GET', `/api/v1/endpoints/${id}/executions/${log.id}`, undefined, { token: b.token })).status,
    ).toBe(404);
  });

  it('the log keeps the newest thousand, of thirty days', async () => {
    const at = path();
    const { id } = await defined({ path: at, ...echo });
    await t.app.db.query(
      `insert into snackbase.endpoint_executions
         (id, endpoint_id, status, http_status, duration_ms, request_data, executed_at)
       select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1, 'success', 200, n, '{}',
         now() - make_interval(days => case when n > 1200 then 31 else 1 end)
       from generate_series(1, 1210) n`,
      [id],
    );
    expect((await x('GET', at)).status).toBe(200);
    await logOf(id);
    const sql = `select count(*)::int as n, min(duration_ms) filter (where request_data::text = '{}') as oldest,
      max(duration_ms) filter (where request_data::text = '{}') as newest
      from snackbase.endpoint_executions where endpoint_id = $1`;
    const [row] = (await t.app.db.query(sql, [id])) as [Json];
    expect([row.n <= 1000, row.n > 900, row.oldest > 200, row.newest]).toEqual([true, true, true, 1200]);
  });

  it('templates read the request, but no header that holds a credential', async () => {
    const at = path();
    await defined({ path: at, ...echo });
    const { body } = await x('GET', `${at}?a=1`, undefined, a.token, {
      'X-Shop': 'north',
      'X-API-Token': 'hidden',
      Cookie: 'c=hidden',
    });
    expect(body.request).toMatchObject({ query: { a: '1' }, params: {}, headers: { 'x-shop': 'north' } });
    expect(JSON.stringify(body)).not.toMatch(/hidden|Bearer/);
    expect(JSON.stringify(body)).not.toContain(a.token);
  });

  it('a repeated request under one Idempotency-Key is done once', async () => {
    const at = path();
    await defined({
      path: at,
      method: 'POST',
      actions: [{ type: 'create_record', collection: orders, data: { customer: 'Once', total: 1 } }],
    });
    const before = await count(orders);
    const key = { 'Idempotency-Key': unique('key-') };
    const [first, second] = [await x('POST', at, {}, a.token, key), await x('POST', at, {}, a.token, key)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await count(orders)).toBe(before + 1);
  });

  it('what an endpoint writes is in the trail as its doing, on behalf of the caller', async () => {
    const at = path();
    await defined({
      path: at,
      method: 'POST',
      actions: [{ type: 'create_record', collection: orders, data: { customer: 'Trail', total: 1 } }],
    });
    const { body } = await x('POST', at);
    expect(body.created_by).toBe(a.user.id);
    const trail = await t.call('GET', `/api/v1/audit-logs?record_id=${body.id}`, undefined, { token: a.token });
    expect(trail.body.items.length).toBeGreaterThan(0);
  });

  it('the documents of its account tell of it, as valid OpenAPI; their ETag changes with it', async () => {
    const base = path();
    const doc = (token: string | null) => t.call('GET', '/api/v1/openapi.json', undefined, { token });
    const before = await doc(a.token);
    await defined({
      path: `${base}/:id/lines`,
      method: 'POST',
      auth_required: false,
      input_schema: { type: 'object', properties: { n: { $ref: '#/$defs/n' } }, $defs: { n: { type: 'number' } } },
      query_schema: { type: 'object', properties: { limit: { type: 'integer' } }, required: ['limit'] },
      ...echo,
    });
    const after = await doc(a.token);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    const operation = after.body.paths[`/api/v1/x${base}/{id}/lines`].post;
    expect(operation).toMatchObject({ tags: ['Endpoints'], security: [] });
    expect(operation.parameters.map(({ name, in: place, required }: Json) => [name, place, required])).toEqual([
      ['id', 'path', true],
      ['limit', 'query', true],
    ]);
    const name = operation.requestBody.content['application/json'].schema.$ref.split('/').at(-1);
    expect(after.body.components.schemas[name].properties.n.$ref).toBe(`#/components/schemas/${name}/$defs/n`);
    expect(await new Validator().validate(after.body)).toMatchObject({ valid: true });
    for (const token of [b.token, null]) expect((await doc(token)).text).not.toContain(base);
    expect((await t.call('GET', '/openapi.yaml', undefined, { token: a.token })).text).toContain(base);
  });

  it('calls out and reads the answer; a refusal is 502, a slow one ends with its time', async () => {
    const receiver = createServer((request, response) => {
      if (request.url === '/slow') return;
      response.writeHead(request.url === '/bad' ? 500 : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ rate: 1.5 }));
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    const at = path();
    const call = { type: 'send_webhook', name: 'rate', url: `${url}/{{request.body.what}}`, method: 'GET' };
    const create = { type: 'create_record', collection: orders, data: { customer: 'Out', total: 1 } };
    const output = { rate: '{{actions.rate.result.body.rate}}' };
    const { id } = await defined({
      path: at,
      method: 'POST',
      timeout_seconds: 1,
      actions: [create, call, { type: 'transform', output }],
    });
    const before = await count(orders);
    expect((await x('POST', at, { what: 'good' })).body).toEqual({ rate: 1.5 });
    const bad = await x('POST', at, { what: 'bad' });
    expect(said(bad)).toEqual([502, 'ENDPOINT_FAILED']);
    // What the other server says is for the log, not for whoever calls.
    expect(bad.body.message).toContain('action 1 failed: the server that was called answered 500');
    expect(bad.text).not.toContain('rate');
    const began = performance.now();
    expect(said(await x('POST', at, { what: 'slow' }))).toEqual([504, 'ENDPOINT_TIMEOUT']);
    expect(performance.now() - began).toBeLessThan(3000);
    // Each action by itself: what came before the call stays.
    expect(await count(orders)).toBe(before + 3);
    const log = await logOf(id);
    expect(log.map(({ http_status }) => http_status)).toEqual([504, 502, 200]);
    expect(log[1]?.error_message).toContain('answered 500: {"rate":1.5}');
    // In one transaction the call is made once that has committed.
    const later = path();
    await defined({ path: later, method: 'POST', atomic: true, actions: [create, { ...call, url: `${url}/good` }] });
    expect((await x('POST', later)).body).toMatchObject({ queued: true });
    receiver.closeAllConnections();
    receiver.close();
  });

  it('the client defines and calls it, with its own types', async () => {
    const sb = new SnackBaseClient({ url: t.url, token: a.token });
    const at = path();
    const made = await sb.endpoints.create({
      name: 'Typed',
      path: `${at}/:who`,
      method: 'POST',
      auth_required: false,
      actions: [
        {
          type: 'transform',
          output: { who: '{{request.params.who}}', n: '{{request.body.n}}', q: '{{request.query.q}}' },
        },
      ],
    });
    expect((await sb.endpoints.get(made.id)).public_url).toBe(`/api/v1/x/${a.account.slug}${at}/:who`);
    const asked = { body: { n: 2 }, query: { q: 1 } };
    const reply = await sb.endpoints.call<{ who: string; n: number }>(`${at}/Ada Lovelace?`, asked);
    expect([reply.who, reply.n]).toEqual(['Ada Lovelace?', 2]);
    expect(await sb.x.post(`${at}/Bob`, { n: 3 }, { q: 'x' })).toEqual({ who: 'Bob', n: 3, q: 'x' });
    const nobody = new SnackBaseClient({ url: t.url });
    expect(await nobody.endpoints.call(`${at}/Cid`, { ...asked, account: a.account.slug })).toMatchObject({
      who: 'Cid',
    });
    const page = path();
    const html = { body: '<p>{{request.query.a}}</p>', headers: { 'Content-Type': 'text/html' } };
    await defined({ path: page, response_template: html });
    expect(await sb.endpoints.call<string>(page, { query: { a: 5 } })).toBe('<p>5</p>');
    await expect(sb.endpoints.call(path())).rejects.toBeInstanceOf(NotFoundError);
    await expect(sb.endpoints.call('a/../b')).rejects.toBeInstanceOf(TypeError);
  });

  it.runIf(kind === 'postgres')('another process answers it and no longer once it is gone', async () => {
    const other = await t.twin();
    const at = path();
    const { id } = await defined({ path: at, ...echo });
    const there = () => fetch(`${other.url}/api/v1/x${at}`, { headers: { Authorization: `Bearer ${a.token}` } });
    await expect.poll(async () => (await there()).status).toBe(200);
    await t.call('DELETE', `/api/v1/endpoints/${id}`, undefined, { token: a.token });
    await expect.poll(async () => (await there()).status).toBe(404);
    await other.stop();
  });

  it('no account runs more than its share at once', async () => {
    const at = path();
    const made = await t.call('POST', `/api/v1/records/${orders}`, { customer: 'Busy', total: 1 }, { token: b.token });
    const update = { type: 'update_record', collection: orders, record_id: made.body.id, data: { total: 2 } };
    await defined({ path: at, method: 'POST', timeout_seconds: 1, actions: [update] }, b);
    let replies: Reply[] = [];
    await t.app.db.transaction(async (tx) => {
      await tx.query(`update app_main.${orders} set total = total where id = $1`, [made.body.id]);
      replies = await Promise.all(Array.from({ length: 24 }, () => x('POST', at, undefined, b.token)));
    });
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBe(4);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(replies.filter(({ status }) => status === 504).length).toBe(20);
    await expect.poll(async () => (await x('POST', at, undefined, b.token)).status).toBe(200);
  });

  describe('bad input is refused with its place', () => {
    const bad: [string, Json, string][] = [
      ['no path', {}, 'path required'],
      ['no slash in front', { path: 'a' }, 'path bad_path'],
      ['an empty segment', { path: '/a//b' }, 'path bad_path'],
      ['a slash at the end', { path: '/a/' }, 'path bad_path'],
      ['the root', { path: '/' }, 'path bad_path'],
      ['dots', { path: '/a/../b' }, 'path bad_path'],
      ['other characters', { path: '/a b' }, 'path bad_path'],
      ['a wildcard', { path: '/a/*' }, 'path bad_path'],
      ['half a parameter', { path: '/a/x:id' }, 'path bad_path'],
      ['a long path', { path: `/${'a'.repeat(200)}` }, 'path too_long'],
      ['many parameters', { path: Array.from({ length: 11 }, (_, i) => `/:p${i}`).join('') }, 'path too_many'],
      ['a parameter twice', { path: '/:a/:a' }, 'path duplicate'],
      ['path and slug', { path: '/a', slug: 'b' }, 'slug conflict'],
      ['a slug of two segments', { slug: 'a/b' }, 'slug bad_path'],
      [
        'an unknown path in a template',
        { actions: [{ type: 'transform', output: { a: ['{{request.boby}}'] } }] },
        'actions[0].output.a[0] unknown_path',
      ],
      [
        'a parameter that there is not',
        { path: '/q/:id', actions: [{ type: 'transform', output: '{{request.params.ib}}' }] },
        'actions[0].output unknown_path',
      ],
      [
        'an outcome that comes later',
        {
          actions: [
            { type: 'transform', output: '{{actions[1].result}}' },
            { type: 'transform', output: 1 },
          ],
        },
        'actions[0].output unknown_path',
      ],
      [
        'a body key that the schema has not',
        {
          input_schema: { type: 'object', properties: { a: { type: 'string' } } },
          actions: [{ type: 'transform', output: '{{request.body.b}}' }],
        },
        'actions[0].output unknown_path',
      ],
      [
        'an unknown collection',
        { actions: [{ type: 'query_records', collection: 'no_such' }] },
        'actions[0].collection unknown_collection',
      ],
      ['a condition that does not parse', { condition: 'request.body.a >' }, 'condition *'],
      ['an unknown role', { run_as: 'emperor' }, 'run_as unknown_role'],
      ['a redirect', { response_template: { status: 302 } }, 'response_template.status invalid_value'],
      ['a server error', { response_template: { status: 500 } }, 'response_template.status invalid_value'],
      [
        'a cookie',
        { response_template: { headers: { 'Set-Cookie': 'a=b' } } },
        'response_template.headers.Set-Cookie header_not_allowed',
      ],
      [
        'CORS',
        { response_template: { headers: { 'Access-Control-Allow-Origin': '*' } } },
        'response_template.headers.Access-Control-Allow-Origin header_not_allowed',
      ],
      [
        'a second line',
        { response_template: { headers: { 'X-A': 'a\r\nb' } } },
        'response_template.headers.X-A bad_header',
      ],
      ['a schema that is none', { input_schema: { type: 'thing' } }, 'input_schema bad_schema'],
      ['an unknown keyword', { input_schema: { type: 'object', propertis: {} } }, 'input_schema bad_schema'],
      ['a pattern that is none', { input_schema: { type: 'string', pattern: '(' } }, 'input_schema bad_schema'],
      ['a remote reference', { input_schema: { $ref: 'https://example.com/a.json' } }, 'input_schema.$ref remote_ref'],
      [
        'a reference to itself',
        { input_schema: { $defs: { a: { items: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' } },
        'input_schema.$ref.items.$ref recursive_ref',
      ],
      [
        'a query of objects',
        { query_schema: { type: 'object', properties: { a: { type: 'object' } } } },
        'query_schema.properties.a bad_schema',
      ],
    ];
    it.each(bad)('%s', async (_, definition, expected) => {
      const given =
        'path' in definition || 'slug' in definition || expected === 'path required'
          ? definition
          : { path: path(), ...definition };
      const reply = await define(given);
      expect(said(reply), reply.text).toEqual([422, 'INVALID_REQUEST']);
      const found = reply.body.errors.map(({ field, code }: Json) => `${field} ${code}`);
      expect(
        found.some((one: string) =>
          expected.endsWith('*') ? one.startsWith(expected.slice(0, -1)) : one === expected,
        ),
        reply.text,
      ).toBe(true);
    });

    it.each([
      ['an unknown key', { colour: 'red' }],
      ['an unknown method', { method: 'TRACE' }],
      ['an unknown action', { actions: [{ type: 'explode' }] }],
      ['too many actions', { actions: Array.from({ length: 51 }, () => ({ type: 'transform', output: 1 })) }],
      ['a long time', { timeout_seconds: 31 }],
      ['a failure that is none', { failure_status: 200 }],
    ])('%s', async (_, definition) => {
      expect(said(await define({ path: path(), ...definition }))).toEqual([422, 'INVALID_REQUEST']);
    });

    it('the own account in front, schemas that grow without end, and all problems at once', async () => {
      for (const first of [a.account.slug, a.account.id, a.account.slug.toUpperCase()]) {
        const { body } = await define({ path: `/${first}/x` });
        expect(body.errors[0]).toMatchObject({ field: 'path', code: 'reserved' });
      }
      const $defs = Object.fromEntries(
        Array.from({ length: 25 }, (_, i) => [
          `d${i}`,
          i === 24 ? { type: 'string' } : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
        ]),
      );
      const grown = await define({ path: path(), input_schema: { $defs, $ref: '#/$defs/d0' } });
      expect(grown.body.errors[0].code).toBe('too_large');
      const all = await define({
        path: 'x',
        run_as: 'emperor',
        condition: '(',
        actions: [{ type: 'transform', output: '{{nothing}}' }],
      });
      expect(all.body.errors.map(({ field }: Json) => field)).toEqual(
        expect.arrayContaining(['path', 'run_as', 'condition', 'actions[0].output']),
      );
    });

    it('more endpoints than an account may have', async () => {
      const c = await t.tenant('Many');
      for (let i = 0; i < 50; i++) await defined({ path: `/p${i}` }, c);
      expect(said(await define({ path: '/more' }, c))).toEqual([409, 'LIMIT_REACHED']);
    });
  });
});

// Every way a request can be wrong: one JSON body, the right status, a code, and never a 5xx for a client's mistake.
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE, Problem } from '../../contract/problems.ts';
import { available, type Json, type Reply, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('errors', () => {
  let t: TestApp;
  let a: Tenant;
  let base: string;

  const isProblem = (reply: Reply, status: number, code: string, label = '') => {
    expect([reply.status, reply.body?.code], `${label} ${reply.text.slice(0, 300)}`).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(() => Problem.parse(reply.body)).not.toThrow();
    expect(reply.body.error).toBe(CATALOGUE[code as keyof typeof CATALOGUE].title);
    expect(reply.body.request_id).toBe(reply.headers.get('x-correlation-id'));
    expect(reply.body.details).toEqual(reply.body.errors.length > 0 ? reply.body.errors : undefined);
  };

  beforeAll(async () => {
    t = await startApp({ bodyLimit: 200_000 });
    a = await t.tenant();
    base = `/api/v1/records/${
      (
        await t.collection({
          schema: [
            { name: 'title', type: 'text' },
            { name: 'doc', type: 'json' },
          ],
        })
      ).name
    }`;
  });

  it('S001-06 S001-17 S001-114 unknown routes are JSON 404, also /api/v1/{collection}', async () => {
    for (const path of [
      '/',
      '/nope',
      '/api',
      '/api/v2/records/x',
      base.replace('/records', ''),
      '/api/v1/records/a/b/c',
      '/V1/x',
      '/api/v1/../../etc/passwd',
      '/docs/assets/none.js',
    ]) {
      for (const method of ['GET', 'POST', 'PUT'])
        isProblem(
          await t.call(method, path, method === 'GET' ? undefined : {}, { token: a.token }),
          404,
          'ROUTE_NOT_FOUND',
          `${method} ${path}`,
        );
    }
  });

  it('a known path with another method is 405 with Allow', async () => {
    for (const [method, path, allow] of [
      ['DELETE', '/health', 'GET, HEAD'],
      ['PUT', '/api/v1/auth/login', 'POST'],
      ['PATCH', base, 'GET, HEAD, POST'],
      ['POST', `${base}/x`, 'DELETE, GET, HEAD, PATCH, PUT'],
      ['DELETE', '/api/v1/collections/', 'GET, HEAD, POST'],
    ] as const) {
      const reply = await t.call(method, path, undefined, { token: a.token });
      isProblem(reply, 405, 'METHOD_NOT_ALLOWED', `${method} ${path}`);
      expect(reply.headers.get('allow')).toBe(allow);
    }
  });

  it('S002-40 a records path without a collection is NO_RESOURCE_NAME', async () => {
    for (const path of ['/api/v1/records', '/api/v1/records/']) {
      isProblem(await t.call('GET', path, undefined, { token: a.token }), 400, 'NO_RESOURCE_NAME');
      isProblem(await t.call('POST', path, {}, { token: a.token }), 400, 'NO_RESOURCE_NAME');
    }
  });

  it('S002-41 text that is not JSON is INVALID_JSON and says why', async () => {
    const deep = (n: number) => `{"doc":${'['.repeat(n)}${']'.repeat(n)}}`;
    for (const raw of [
      '{',
      '{"title":}',
      "{'title':1}",
      '{"title":"x",}',
      'NaN',
      '{"doc":NaN}',
      '{"doc":Infinity}',
      '{"title":"x"} x',
      '\u0000',
      '{"title":"a\u0001"}',
      Uint8Array.from([0x7b, 0xff, 0x7d]),
    ]) {
      isProblem(await t.call('POST', base, undefined, { token: a.token, raw }), 400, 'INVALID_JSON', String(raw));
    }
    for (const [raw, field] of [
      ['{"title":"x","title":"y"}', 'title'],
      ['{"doc":{"a":{"b":1,"b":2}}}', 'doc.a.b'],
      ['{"title":"a\\u0000b"}', 'title'],
      ['{"doc":["x",{"k\\u0000":1}]}', 'doc.1.'],
      ['{"title":"\\ud800"}', 'title'],
      ['{"doc":1e400}', 'doc'],
      ['{"doc":[-1e999]}', 'doc.0'],
      ['{"__proto__":{"x":1}}', '__proto__'],
    ] as const) {
      const reply = await t.call('POST', base, undefined, { token: a.token, raw });
      isProblem(reply, 400, 'INVALID_JSON', raw);
      expect(reply.body.errors[0].field.startsWith(field), `${raw} ${reply.text}`).toBe(true);
    }
    isProblem(await t.call('POST', base, undefined, { token: a.token, raw: deep(5000) }), 400, 'INVALID_JSON', 'deep');
    expect((await t.call('POST', base, undefined, { token: a.token, raw: deep(50) })).status).toBe(201);
    const wide = { doc: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i])) };
    expect((await t.call('POST', base, wide, { token: a.token })).status).toBe(201);
  });

  it('S001-09 another content type, charset or encoding is 415; a body over the limit 413', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json; charset=latin1',
      'application/xml',
      '',
    ]) {
      isProblem(
        await t.call('POST', base, undefined, {
          token: a.token,
          raw: '{"title":"x"}',
          headers: { 'Content-Type': type },
        }),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        type,
      );
    }
    isProblem(
      await t.call('POST', base, undefined, { token: a.token, raw: '{}', headers: { 'Content-Encoding': 'gzip' } }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
      'application/merge-patch+json',
    ]) {
      expect(
        (
          await t.call('POST', base, undefined, {
            token: a.token,
            raw: '{"title":"x"}',
            headers: { 'Content-Type': type },
          })
        ).status,
        type,
      ).toBe(201);
    }
    isProblem(await t.call('POST', base, { title: 'x'.repeat(300_000) }, { token: a.token }), 413, 'PAYLOAD_TOO_LARGE');
    const chunked = await fetch(t.url + base, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${a.token}` },
      body: new ReadableStream({
        start(c) {
          for (let i = 0; i < 40; i++) c.enqueue(new TextEncoder().encode('x'.repeat(10_000)));
          c.close();
        },
      }),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  it('bad percent-encoding, U+0000, repeated and bracketed parameters are 400', async () => {
    isProblem(await t.call('GET', `${base}/%E0%A4%A`, undefined, { token: a.token }), 400, 'INVALID_URL');
    isProblem(
      await t.call('GET', `${base}?title=%E0%A4%A`, undefined, { token: a.token }),
      400,
      'INVALID_QUERY_PARAMS',
    );
    for (const path of [`${base}/a%00b`, `${base}?title=a%00`, '/api/v1/collections/a%00b'])
      expect((await t.call('GET', path, undefined, { token: t.root })).status, path).toBe(400);
    isProblem(
      await t.call('GET', `${base}?title=a&title=b`, undefined, { token: a.token }),
      400,
      'INVALID_QUERY_PARAMS',
    );
    for (const query of ['title[eq]=1', 'filter[a]=b', 'a.b=1', '__proto__=1', 'constructor=1', '=1', 'title__foo=1']) {
      const reply = await t.call('GET', `${base}?${query}`, undefined, { token: a.token });
      expect(reply.status, query).toBe(400);
    }
    expect((await t.call('GET', `${base}?title=a+b`, undefined, { token: a.token })).status).toBe(200);
  });

  it('S001-10 S001-108 missing, foreign, broken, forged and expired credentials are 401 and say how to authenticate', async () => {
    const [head, payload, signature] = a.token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const other = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const authorization of [
      undefined,
      'Basic dTpw',
      'Bearer',
      'Bearer ',
      'Bearer x',
      'Bearer a.b.c',
      `Bearer ${head}.${payload}`,
      `Bearer ${head}.${payload}.${signature.slice(0, -2)}xx`,
      `Bearer ${other({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `Bearer ${head}.${other({ ...claims, role: 'admin', account_id: 'SY0000' })}.${signature}`,
      `Bearer ${a.refreshToken}`,
      `Token ${a.token}`,
    ]) {
      for (const path of [
        base,
        '/api/v1/auth/me',
        '/api/v1/collections',
        '/api/v1/users',
        '/api/v1/accounts',
        '/api/v1/roles',
      ]) {
        const reply = await t.call('GET', path, undefined, {
          headers: authorization === undefined ? {} : { Authorization: authorization },
        });
        isProblem(reply, 401, 'UNAUTHORIZED', `${authorization} ${path}`);
        expect(reply.headers.get('www-authenticate')).toContain('Bearer');
        expect(reply.body.message).not.toMatch(/email|verify/);
      }
    }
    expect((await t.call('GET', base, undefined, { headers: { Authorization: `bearer ${a.token}` } })).status).toBe(
      200,
    );
  });

  it('S001-11 X-Correlation-ID is echoed, or generated; nonsense is replaced', async () => {
    expect(
      (await t.call('GET', '/health', undefined, { headers: { 'X-Correlation-ID': 'req-42' } })).headers.get(
        'x-correlation-id',
      ),
    ).toBe('req-42');
    expect(
      (await t.call('GET', base, undefined, { token: a.token, headers: { 'X-Correlation-ID': 'req-43' } })).headers.get(
        'x-correlation-id',
      ),
    ).toBe('req-43');
    const generated = (await t.call('GET', '/nope')).headers.get('x-correlation-id');
    expect(generated).toMatch(/^cid_/);
    expect(
      (await t.call('GET', '/health', undefined, { headers: { 'X-Correlation-ID': 'x'.repeat(500) } })).headers.get(
        'x-correlation-id',
      ),
    ).toMatch(/^cid_/);
  });

  it('S001-57 a trailing slash answers like the path without it, without a redirect', async () => {
    expect((await t.call('GET', `${base}/`, undefined, { token: a.token })).status).toBe(200);
    expect((await t.call('POST', `${base}/`, { title: 'x' }, { token: a.token })).status).toBe(201);
    expect((await t.call('GET', '/api/v1/collections/', undefined, { token: t.root })).status).toBe(200);
    expect((await t.call('GET', '/health/')).status).toBe(200);
  });

  it('HEAD answers the headers of GET', async () => {
    const reply = await t.call('HEAD', base, undefined, { token: a.token });
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(Number(reply.headers.get('content-length'))).toBeGreaterThan(10);
  });

  it('bytes that are not HTTP get a 400 and the connection ends', async () => {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(t.url).port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk;
      });
      socket.on('close', () => resolve(seen));
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.split('\r\n\r\n')[1] as string).error).toBe('Bad request');
  });

  it('S001-113 S002-51…56 a broken table is 500 with the code of the work, without internals, and heals', async () => {
    const { name, table_name } = await t.collection({ schema: [{ name: 'title', type: 'text' }] });
    const path = `/api/v1/records/${name}`;
    const { id } = (await t.call('POST', path, { title: 'x' }, { token: a.token })).body;
    const sql = (text: string) => t.app.db.query(text);
    await sql(`alter table ${table_name} rename to broken_${name}`);
    const probes = [
      ['GET', path, 'RESOURCE_FETCH_ERROR'],
      ['POST', path, 'RESOURCE_STORE_ERROR'],
      ['GET', `${path}/${id}`, 'RESOURCE_FIND_ERROR'],
      ['PATCH', `${path}/${id}`, 'RESOURCE_UPDATE_ERROR'],
      ['DELETE', `${path}/${id}`, 'RESOURCE_DELETE_ERROR'],
    ] as const;
    for (const [method, target, code] of probes) {
      const reply = await t.call(method, target, method === 'POST' || method === 'PATCH' ? { title: 'y' } : undefined, {
        token: a.token,
      });
      isProblem(reply, 500, code);
      expect(reply.text).not.toMatch(/select|relation|app_main|at .*:\d+/i);
    }
    await sql(`alter table app_main.broken_${name} rename to ${name}`);
    await sql(
      `update snackbase.collections set definition = '[{"name": 5, "type": "nonsense"}]' where name = '${name}'`,
    );
    const schema = await t.call('GET', `${path}/schema`, undefined, { token: a.token });
    isProblem(schema, 500, 'RESOURCE_SCHEMA_ERROR');
    expect(schema.text).not.toMatch(/zod|nonsense|at .*:\\d+/i);
    await sql(
      `update snackbase.collections set definition = '[{"name": "title", "type": "text"}]' where name = '${name}'`,
    );
    expect((await t.call('GET', `${path}/schema`, undefined, { token: a.token })).status).toBe(200);
    expect((await t.call('GET', `${path}/${id}`, undefined, { token: a.token })).status).toBe(200);
  });
});

describe.runIf(available)('limits of the auth class', () => {
  it('too many calls are 429 with Retry-After', async () => {
    const t = await startApp({ rateLimit: 'default' });
    let last: Reply | undefined;
    for (let i = 0; i < 130 && last?.status !== 429; i++)
      last = await t.call('POST', '/api/v1/auth/refresh', { refresh_token: 'x' });
    expect([last?.status, last?.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await t.call('GET', '/health')).status).toBe(200);
  });
});

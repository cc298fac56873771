// Records over HTTP: the REST guide's section, request by request, and the rules of lists.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const POSTS = {
  schema: [
    { name: 'title', type: 'text', required: true },
    { name: 'content', type: 'text', required: true },
    { name: 'published', type: 'boolean', default: false },
    { name: 'views', type: 'number' },
  ],
};

describe.runIf(available)('records', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let base: string;
  const post = (body: Json, token = a.token) => t.call('POST', base, body, { token });

  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('Acme'), await t.tenant('Other')];
    const { name } = await t.collection(POSTS);
    base = `/api/v1/records/${name}`;
  });

  it('S000-01 S001-05 S001-39 S001-40 one definition serves create, get, list, put, patch and delete at once', async () => {
    const created = await post({ title: 'Hello', content: 'World', published: true });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      title: 'Hello',
      content: 'World',
      published: true,
      views: null,
      account_id: a.account.id,
    });
    const path = `${base}/${created.body.id}`;
    expect((await t.call('GET', path, undefined, { token: a.token })).body).toEqual(created.body);
    expect((await t.call('PUT', path, { title: 'Put', content: 'P' }, { token: a.token })).status).toBe(200);
    expect((await t.call('PATCH', path, { title: 'Patched' }, { token: a.token })).body.title).toBe('Patched');
    expect((await t.call('DELETE', path, undefined, { token: a.token })).status).toBe(204);
  });

  it('S000-05 S001-04 records are at /api/v1/records/{collection}, nowhere else', async () => {
    const product = { title: 'x', content: 'y' };
    const elsewhere = await t.call('POST', base.replace('/records', ''), product, { token: a.token });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect((await post(product)).status).toBe(201);
    for (const [method, path] of [
      ['POST', '/api/v1/auth/register'],
      ['GET', '/api/v1/collections'],
      ['GET', base],
    ] as const) {
      const reply = await t.call(method, path, method === 'POST' ? {} : undefined);
      expect(reply.body.code, path).not.toBe('ROUTE_NOT_FOUND');
    }
  });

  it('S001-41 S001-48 S001-49 S001-50 a list answers items, total, skip and limit, with times in UTC', async () => {
    const name = (await t.collection(POSTS)).name;
    const own = `/api/v1/records/${name}`;
    for (let i = 0; i < 12; i++) await t.call('POST', own, { title: `t${i}`, content: 'c' }, { token: a.token });
    const { status, body } = await t.call('GET', `${own}?skip=0&limit=10`, undefined, { token: a.token });
    expect(status).toBe(200);
    expect(body).toMatchObject({ total: 12, skip: 0, limit: 10, has_more: true });
    expect(body.items).toHaveLength(10);
    for (const item of body.items) {
      expect(item.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      expect(item.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
    }
  });

  it('S000-03 S001-42 S001-43 S001-121 pages cover every id once; windows out of range are refused', async () => {
    const name = (await t.collection(POSTS)).name;
    const own = `/api/v1/records/${name}`;
    for (let i = 0; i < 25; i++) await t.call('POST', own, { title: `t${i}`, content: 'c' }, { token: a.token });
    const list = async (query: string) => t.call('GET', `${own}${query}`, undefined, { token: a.token });
    const ids = new Set<string>();
    for (const skip of [0, 10, 20])
      for (const item of (await list(`?skip=${skip}&limit=10`)).body.items) ids.add(item.id);
    expect(ids.size).toBe(25);
    expect((await list('')).body).toMatchObject({ skip: 0, limit: 30, total: 25 });
    expect((await list('?skip=100')).body).toMatchObject({ items: [], total: 25 });
    for (const ok of ['limit=1', 'limit=100']) expect((await list(`?${ok}`)).status).toBe(200);
    for (const bad of [
      'skip=-1',
      'skip=x',
      'limit=0',
      'limit=101',
      'limit=1000',
      'limit=abc',
      'limit=1.5',
      'limit=',
      'limit=1e1',
      'limit=10&limit=20',
    ]) {
      const reply = await list(`?${bad}`);
      expect([reply.status, reply.body.code], bad).toEqual([400, 'INVALID_QUERY_PARAMS']);
      expect(reply.body.errors[0].field).toMatch(/skip|limit/);
    }
  });

  it('S001-44 S001-45 newest first by default; + - and lists of keys', async () => {
    const name = (await t.collection(POSTS)).name;
    const own = `/api/v1/records/${name}`;
    for (const [title, views] of [
      ['b', 1],
      ['a', 2],
      ['c', 1],
      ['a', 1],
    ] as const)
      await t.call('POST', own, { title, content: 'c', views }, { token: a.token });
    const titles = async (sort: string) =>
      (await t.call('GET', `${own}${sort}`, undefined, { token: a.token })).body.items
        .map((i: Json) => `${i.title}${i.views}`)
        .join(' ');
    expect(await titles('')).toBe('a1 c1 a2 b1');
    expect(await titles('?sort=title,views')).toBe('a1 a2 b1 c1');
    expect(await titles('?sort=%2Btitle,-views')).toBe('a2 a1 b1 c1');
    expect(await titles('?sort=+title,-views')).toBe('a2 a1 b1 c1');
    expect(await titles('?sort=-title,views')).toBe('c1 b1 a1 a2');
    expect(await titles('?sort=created_at')).toBe('b1 a2 c1 a1');
    const bad = await t.call('GET', `${own}?sort=nope`, undefined, { token: a.token });
    expect([bad.status, bad.body.code]).toEqual([400, 'INVALID_FIELDS']);
  });

  it('S001-46 S001-122 fields answers exactly the named keys and id', async () => {
    const { body } = await post({ title: 'f', content: 'c' });
    const list = await t.call('GET', `${base}?fields=id,title,created_at&id=${body.id}`, undefined, { token: a.token });
    expect(Object.keys(list.body.items[0]).sort()).toEqual(['created_at', 'id', 'title']);
    const one = await t.call('GET', `${base}/${body.id}?fields=title`, undefined, { token: a.token });
    expect(Object.keys(one.body).sort()).toEqual(['id', 'title']);
    for (const path of [`${base}?fields=nope`, `${base}/${body.id}?fields=nope`]) {
      const bad = await t.call('GET', path, undefined, { token: a.token });
      expect([bad.status, bad.body.code]).toEqual([400, 'INVALID_FIELDS']);
    }
  });

  it('S000-02 S000-15 S001-47 any field filters, typed by its column', async () => {
    const { name } = await t.collection({
      schema: [
        { name: 'txt', type: 'text' },
        { name: 'num', type: 'number' },
        { name: 'flag', type: 'boolean' },
        { name: 'at', type: 'datetime' },
        { name: 'day', type: 'date' },
        { name: 'tags', type: 'text[]' },
        { name: 'doc', type: 'json' },
        { name: 'limit', type: 'number' },
      ],
    });
    const own = `/api/v1/records/${name}`;
    const rows = [
      {
        txt: 'a+b&c=%',
        num: 10,
        flag: true,
        at: '2026-01-02T03:04:05Z',
        day: '2026-01-02',
        tags: ['x', 'y'],
        limit: 7,
      },
      { txt: '10', num: 9, flag: false, at: '2026-01-02T05:04:05+02:00', day: '2024-02-29', tags: [], limit: 8 },
    ];
    for (const row of rows) expect((await t.call('POST', own, row, { token: a.token })).status).toBe(201);
    const count = async (query: string) =>
      (await t.call('GET', `${own}?${query}`, undefined, { token: a.token })).body.total;
    expect(await count('flag=true')).toBe(1);
    expect(await count('flag=0')).toBe(1);
    expect(await count('num=10')).toBe(1);
    expect(await count('num=1e1')).toBe(1);
    expect(await count(`txt=${encodeURIComponent('a+b&c=%')}`)).toBe(1);
    expect(await count('at=2026-01-02T03:04:05Z')).toBe(2);
    expect(await count('at=2026-01-02T04:04:05+01:00')).toBe(2);
    expect(await count('day=2024-02-29')).toBe(1);
    expect(await count(`tags=${encodeURIComponent('["x","y"]')}`)).toBe(1);
    expect(await count('limit__eq=7')).toBe(1);
    expect(await count('flag=true&num=9')).toBe(0);
    for (const bad of [
      'num=abc',
      'num=1e400',
      'num=',
      'flag=yes',
      'at=yesterday',
      'day=2023-02-29',
      'id=1',
      'doc=%7B%7D',
      'tags=x',
    ]) {
      const reply = await t.call('GET', `${own}?${bad}`, undefined, { token: a.token });
      expect([reply.status, reply.body.code, reply.body.errors[0].field], bad).toEqual([
        400,
        'INVALID_QUERY_PARAMS',
        bad.split('=')[0],
      ]);
    }
    const unknown = await t.call('GET', `${own}?nope=1`, undefined, { token: a.token });
    expect([unknown.status, unknown.body.code]).toEqual([400, 'INVALID_FIELDS']);
  });

  it('S001-52 S001-55 S001-110 a missing, malformed or deleted record is 404', async () => {
    const { body } = await post({ title: 'x', content: 'y' });
    const path = `${base}/${body.id}`;
    expect((await t.call('DELETE', path, undefined, { token: a.token })).text).toBe('');
    for (const target of [
      path,
      `${base}/0198c0de-7a11-7000-8000-3b2f5c0ffee1`,
      `${base}/rec_abc123`,
      `${base}/${'x'.repeat(300)}`,
      `${base}/%F0%9F%98%80`,
    ]) {
      for (const [method, sent] of [
        ['GET'],
        ['DELETE'],
        ['PATCH', { title: 'n' }],
        ['PUT', { title: 'n', content: 'n' }],
      ] as const) {
        const reply = await t.call(method, target, sent, { token: a.token });
        expect([reply.status, reply.body.code, reply.body.errors], `${method} ${target}`).toEqual([
          404,
          'RESOURCE_NOT_FOUND',
          [],
        ]);
      }
    }
    const unknown = await t.call('GET', '/api/v1/records/nope', undefined, { token: a.token });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });

  it('S001-53 PUT replaces: an omitted optional field is reset, an omitted required one is refused', async () => {
    const { body } = await post({ title: 'x', content: 'y', published: true, views: 5 });
    const put = await t.call('PUT', `${base}/${body.id}`, { title: 'new', content: 'z' }, { token: a.token });
    expect(put.body).toMatchObject({ title: 'new', published: false, views: null, created_at: body.created_at });
    const bad = await t.call('PUT', `${base}/${body.id}`, { title: 'only' }, { token: a.token });
    expect([bad.status, bad.body.errors[0].field]).toEqual([400, 'content']);
  });

  it('S001-54 PATCH touches only what is sent; updated_at grows each time and created_at stays', async () => {
    const { body } = await post({ title: 'x', content: 'y', views: 1 });
    let last = body;
    for (let i = 0; i < 5; i++) {
      const patched = (await t.call('PATCH', `${base}/${body.id}`, { views: 150 + i }, { token: a.token })).body;
      const { views, updated_at, ...rest } = patched;
      const { views: _v, updated_at: _u, ...before } = last;
      expect(rest).toEqual(before);
      expect(views).toBe(150 + i);
      expect(updated_at > last.updated_at).toBe(true);
      last = patched;
    }
  });

  it('S000-18 S000-25 S000-28 an account sees and changes only its own rows, and cannot name another', async () => {
    const { body } = await post({
      title: 'mine',
      content: 'x',
      account_id: b.account.id,
      id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
      created_at: '2000-01-01T00:00:00Z',
    });
    expect(body.account_id).toBe(a.account.id);
    expect(body.id).not.toBe('0198c0de-7a11-7000-8000-3b2f5c0ffee1');
    expect(Date.now() - Date.parse(body.created_at)).toBeLessThan(60_000);
    const path = `${base}/${body.id}`;
    for (const headers of [{}, { 'X-Account-ID': a.account.id }]) {
      const as = { token: b.token, headers };
      expect((await t.call('GET', path, undefined, as)).status).toBe(404);
      expect((await t.call('PUT', path, { title: 'h', content: 'h' }, as)).status).toBe(404);
      expect((await t.call('PATCH', path, { title: 'h' }, as)).status).toBe(404);
      expect((await t.call('DELETE', path, undefined, as)).status).toBe(404);
      const { items } = (await t.call('GET', `${base}?limit=100`, undefined, as)).body;
      expect(items.every((i: Json) => i.account_id === b.account.id)).toBe(true);
      expect((await t.call('GET', `${base}?account_id=${a.account.id}`, undefined, as)).body.total).toBe(0);
    }
    expect((await t.call('GET', path, undefined, { token: a.token })).body.title).toBe('mine');
  });

  it('S000-26 S000-27 both accounts live in one physical table', async () => {
    const { name, table_name } = await t.collection(POSTS);
    for (const who of [a, b])
      await t.call('POST', `/api/v1/records/${name}`, { title: 'x', content: 'y' }, { token: who.token });
    const tables = await t.app.db.query(`select 1 from pg_class where relname = $1 and relkind = 'r'`, [name]);
    expect(tables).toHaveLength(1);
    const rows = await t.app.db.query<{ account_id: string }>(`select distinct account_id from ${table_name}`);
    expect(rows.map((r) => r.account_id).sort()).toEqual([a.account.id, b.account.id].sort());
  });

  it('superadmins read every account, or one by X-Account-ID, and must name an account to create', async () => {
    const { name } = await t.collection(POSTS);
    const own = `/api/v1/records/${name}`;
    for (const who of [a, b]) await t.call('POST', own, { title: 'x', content: 'y' }, { token: who.token });
    const as = (headers: Record<string, string> = {}) => ({ token: t.root, headers });
    expect((await t.call('GET', own, undefined, as())).body.total).toBe(2);
    expect((await t.call('GET', own, undefined, as({ 'X-Account-ID': a.account.slug }))).body.total).toBe(1);
    expect((await t.call('GET', own, undefined, as({ 'X-Account-ID': 'nobody' }))).status).toBe(404);
    const nowhere = await t.call('POST', own, { title: 'x', content: 'y' }, as());
    expect([nowhere.status, nowhere.body.code]).toEqual([400, 'ACCOUNT_REQUIRED']);
    expect(
      (await t.call('POST', own, { title: 'x', content: 'y' }, as({ 'X-Account-ID': a.account.id }))).body.account_id,
    ).toBe(a.account.id);
    expect(
      (await t.call('POST', own, { title: 'x', content: 'y', account_id: b.account.id }, as())).body.account_id,
    ).toBe(b.account.id);
    const wrong = await t.call('POST', own, { title: 'x', content: 'y', account_id: 'ZZ0000' }, as());
    expect([wrong.status, wrong.body.errors[0].field]).toEqual([400, 'account_id']);
  });

  it('S001-109 a user without a grant gets 403, before validation and before 404; an anonymous caller 401', async () => {
    const { token } = await t.member(a.account.id);
    const { body } = await post({ title: 'x', content: 'y' });
    const probes = [
      ['GET', base],
      ['POST', base, {}],
      ['GET', `${base}/${body.id}`],
      ['PATCH', `${base}/none`, { nope: 1 }],
      ['PUT', `${base}/none`, {}],
      ['DELETE', `${base}/none`],
    ] as const;
    for (const [method, path, sent] of probes) {
      const as = await t.call(method, path, sent, { token });
      expect([as.status, as.body.code], `${method} ${path}`).toEqual([403, 'FORBIDDEN']);
      expect((await t.call(method, path, sent)).status).toBe(401);
    }
    const broken = await t.call('POST', base, undefined, { token, raw: '{' });
    expect(broken.status).toBe(403);
  });

  it('a disabled collection answers RESOURCE_DISABLED, keeps its data, and comes back', async () => {
    const { name } = await t.collection(POSTS);
    const own = `/api/v1/records/${name}`;
    const made = (await t.call('POST', own, { title: 'x', content: 'y' }, { token: a.token })).body;
    for (let cycle = 0; cycle < 2; cycle++) {
      await t.call('PATCH', `/api/v1/collections/${name}`, { enabled: false }, { token: t.root });
      for (const [method, path, sent] of [
        ['GET', own],
        ['POST', own, {}],
        ['GET', `${own}/${made.id}`],
        ['DELETE', `${own}/${made.id}`],
      ] as const) {
        const reply = await t.call(method, path, sent, { token: a.token });
        expect([reply.status, reply.body.code]).toEqual([404, 'RESOURCE_DISABLED']);
        expect((await t.call(method, path, sent)).body.code).toBe('RESOURCE_NOT_FOUND');
      }
      await t.call('PATCH', `/api/v1/collections/${name}`, { enabled: true }, { token: t.root });
      expect((await t.call('GET', own, undefined, { token: a.token })).body.items).toEqual([made]);
    }
  });
});

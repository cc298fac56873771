// The records of an app at the addresses of seed 5, statement by statement.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { CONTACTS, crm, support } from './manifests.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ABSENT = '0198c0de-7a11-7000-8000-00000000dead';

describe.runIf(available)('the app face', () => {
  let t: TestApp;
  let a: Tenant;
  let ada: string;

  const as = (token: string | null) => (method: string, path: string, body?: unknown) =>
    t.call(method, path, body, { token });
  const get = (query = '', token: string | null = ada) => as(token)('GET', CONTACTS + query);
  const post = (body: unknown, token: string | null = ada) => as(token)('POST', CONTACTS, body);
  const query = (body: unknown, token: string | null = ada) => as(token)('POST', `${CONTACTS}/query`, body);
  const names = (reply: { body: Json }): string[] =>
    ((reply.body.data ?? reply.body) as Json[]).map((row) => row.first_name as string);
  const where = async (condition: Json) =>
    names(await query({ where: condition, orderBy: 'first_name', order: 'asc' }));

  /** A user whose role may do just these operations on a collection. */
  async function limited(grants: readonly (readonly [collection: string, operation: string])[]): Promise<string> {
    const role = await t.call(
      'POST',
      '/api/v1/roles',
      { name: `r${Math.random().toString(36).slice(2)}` },
      { token: t.root },
    );
    const updates = grants.map(([collection, operation]) => ({ collection, operation }));
    await t.call('PUT', `/api/v1/roles/${role.body.id}/permissions/bulk`, { updates }, { token: t.root });
    return (await t.member(a.account.id, role.body.id)).token;
  }

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
    ada = a.token;
    for (const manifest of [crm(), support()])
      expect((await t.call('POST', '/api/v1/apps', manifest, { token: t.root })).status).toBe(200);
    const rows = [
      {
        first_name: 'Alice',
        last_name: 'Smith',
        email: 'alice@acme.com',
        stage: 'lead',
        source: 'web',
        amount: 9,
        born: '2020-01-01',
        tags: ['vip', 'a'],
        scores: [1, 2],
      },
      {
        first_name: 'Bob',
        email: 'bob@ACME.com',
        stage: 'qualified',
        source: 'web',
        amount: 10,
        active: false,
        tags: ['a'],
      },
      { first_name: 'Carol', email: null, stage: 'lead', amount: 20000, scores: [2] },
      { first_name: 'Dan', email: 'dan@other.com', stage: 'customer', source: 'fair' },
    ];
    for (const row of rows) expect((await post(row)).status).toBe(201);
  });

  it('S004-14 a bearer token is required on every request, also where the rule is public', async () => {
    await t.call('PATCH', '/api/v1/collections/crm.contacts', { list_rule: '', view_rule: '' }, { token: t.root });
    const asked = [
      ['GET', ''],
      ['POST', '', {}],
      ['POST', '/query', {}],
      ['POST', '/bulk', []],
      ['GET', `/${ABSENT}`],
      ['PATCH', `/${ABSENT}`, {}],
      ['DELETE', `/${ABSENT}`],
    ] as const;
    for (const [method, path, body] of asked)
      expect([(await t.call(method, CONTACTS + path, body)).status, method, path]).toEqual([401, method, path]);
    await t.call('PATCH', '/api/v1/collections/crm.contacts', { list_rule: null, view_rule: null }, { token: t.root });
  });

  it('S004-07…13 each endpoint asks for its own permission', async () => {
    const only = async (operation: string) => {
      const token = await limited([['crm.contacts', operation]]);
      const call = as(token);
      const [row] = (await get('?limit=1')).body as Json[];
      const body = { first_name: 'Zoe' };
      return {
        list: (await call('GET', CONTACTS)).status,
        query: (await call('POST', `${CONTACTS}/query`, {})).status,
        get: (await call('GET', `${CONTACTS}/${row.id}`)).status,
        create: (await call('POST', CONTACTS, body)).status,
        bulk: (await call('POST', `${CONTACTS}/bulk`, [body])).status,
        update: (await call('PATCH', `${CONTACTS}/${row.id}`, {})).status,
        delete: (await call('DELETE', `${CONTACTS}/${ABSENT}`)).status,
      };
    };
    const none = { list: 403, query: 403, get: 403, create: 403, bulk: 403, update: 403, delete: 403 };
    expect(await only('read')).toEqual({ ...none, list: 200, query: 200, get: 200 });
    expect(await only('create')).toEqual({ ...none, create: 201, bulk: 201 });
    expect(await only('update')).toEqual({ ...none, update: 400 });
    expect(await only('delete')).toEqual({ ...none, delete: 404 });
    for (const name of ['Zoe', 'Zoe'])
      await as(ada)('DELETE', `${CONTACTS}/${(await get(`?first_name=${name}`)).body[0].id}`);
  });

  it('S004-16 the decision comes before the body and the row', async () => {
    const call = as(await limited([]));
    expect((await t.call('POST', CONTACTS, undefined, { token: await limited([]), raw: '{' })).status).toBe(403);
    expect((await call('POST', `${CONTACTS}/query`, { limit: 'x' })).status).toBe(403);
    expect((await call('GET', `${CONTACTS}/${ABSENT}`)).status).toBe(403);
  });

  it('S004-17 an unknown app or entity is a 404 for who is signed in', async () => {
    for (const base of [
      'crm/collections/nope',
      'nope/collections/contacts',
      'crm.contacts/collections/x',
      'crm/collections/a.b',
    ]) {
      const at = `/api/v1/apps/${base}`;
      const asked = [
        ['GET', ''],
        ['POST', '', {}],
        ['POST', '/query', {}],
        ['POST', '/bulk', [{}]],
        ['GET', `/${ABSENT}`],
        ['PATCH', `/${ABSENT}`, { a: 1 }],
        ['DELETE', `/${ABSENT}`],
      ] as const;
      for (const [method, path, body] of asked) {
        const reply = await as(ada)(method, at + path, body);
        expect([reply.status, reply.body.code, method, path]).toEqual([404, 'RESOURCE_NOT_FOUND', method, path]);
      }
    }
  });

  it('S004-18…20, 64…66 a record is created with all its columns, and the system columns are the server’s', async () => {
    const sent = {
      first_name: 'Eve',
      id: ABSENT,
      created_at: '2000-01-01T00:00:00Z',
      updated_at: '2000-01-01T00:00:00Z',
    };
    const { status, body } = await post(sent);
    expect(status).toBe(201);
    expect(body).toMatchObject({ first_name: 'Eve', last_name: null, stage: 'lead', active: true });
    expect(body.id).toMatch(UUID);
    expect(body.id).not.toBe(ABSENT);
    expect(body.created_at > '2026').toBe(true);
    const changed = await as(ada)('PATCH', `${CONTACTS}/${body.id}`, {
      last_name: 'E',
      created_at: '2000-01-01T00:00:00Z',
      updated_at: '2000-01-01T00:00:00Z',
    });
    expect(changed.body).toMatchObject({ created_at: body.created_at, last_name: 'E', first_name: 'Eve' });
    expect(changed.body.updated_at > body.updated_at).toBe(true);
    for (const empty of [{}, { id: ABSENT }]) expect((await post(empty)).status).toBe(400);
    expect((await as(ada)('PATCH', `${CONTACTS}/${body.id}`, {})).status).toBe(400);
    // S004-70…76
    expect((await as(ada)('GET', `${CONTACTS}/${body.id}`)).body).toEqual(changed.body);
    expect((await as(ada)('GET', `${CONTACTS}/nonsense`)).status).toBe(404);
    const gone = await as(ada)('DELETE', `${CONTACTS}/${body.id}`);
    expect([gone.status, gone.body]).toEqual([200, { message: `record '${body.id}' deleted` }]);
    expect((await as(ada)('DELETE', `${CONTACTS}/${body.id}`)).status).toBe(404);
    expect((await as(ada)('GET', `${CONTACTS}/${body.id}`)).status).toBe(404);
  });

  it('S004-21…23, 34 any field is a filter, cast to its column’s type', async () => {
    expect(names(await get('?stage=lead&sort=first_name&order=asc'))).toEqual(['Alice', 'Carol']);
    expect(names(await get('?stage=lead&source=web'))).toEqual(['Alice']);
    expect(names(await get('?amount=10'))).toEqual(['Bob']);
    expect(names(await get('?active=false'))).toEqual(['Bob']);
    expect(names(await get('?born=2020-01-01'))).toEqual(['Alice']);
    expect(names(await get(`?tags=${encodeURIComponent('["a"]')}`))).toEqual(['Bob']);
    const [bob] = (await get('?first_name=Bob')).body;
    expect(names(await get(`?id=${bob.id}`))).toEqual(['Bob']);
    for (const bad of ['?amount=abc', '?active=perhaps', '?born=yesterday', '?nope=1', '?limit=abc', '?order=up'])
      expect([bad, (await get(bad)).status]).toEqual([bad, 400]);
    expect((await get('?filter=x')).body.code).toBe('INVALID_FIELDS');
  });

  it('S004-24…26, 38, 42 limits: all rows without one, else 1 to 1000', async () => {
    const many = (n: number) =>
      Array.from({ length: n }, (_, i) => ({ first_name: `M${String(i).padStart(4, '0')}`, source: 'many' }));
    for (const part of [many(1000), many(51)])
      expect((await as(ada)('POST', `${CONTACTS}/bulk`, part)).status).toBe(201);
    expect((await get('?source=many')).body).toHaveLength(1051);
    expect(new Set((await get('?source=many')).body.map((row: Json) => row.id)).size).toBe(1051);
    expect((await get('?source=many&sort=first_name&order=asc')).body.at(-1).first_name).toBe('M0999');
    expect((await get('?source=many&offset=1001')).body).toHaveLength(50);
    for (const [limit, rows] of [
      [0, 1],
      [-5, 1],
      [5000, 1000],
      [7, 7],
    ])
      expect((await get(`?source=many&limit=${limit}`)).body).toHaveLength(rows as number);
    const where = { source: 'many' };
    expect((await query({ where })).body).toMatchObject({ total: 1051, data: { length: 100 } });
    expect((await query({ where, limit: 1000 })).body.data).toHaveLength(1000);
    expect((await query({ where, limit: 0 })).body.data).toHaveLength(1);
    expect((await query({ where, limit: 5000, offset: 51 })).body.data).toHaveLength(1000);
    expect((await query({ where, offset: 5000 })).body).toEqual({ data: [], total: 1051 });
    const purge = (await get('?source=many')).body.map((row: Json) => row.id) as string[];
    for (let i = 0; i < purge.length; i += 1000)
      await as(ada)('DELETE', '/api/v1/records/crm.contacts/batch', { ids: purge.slice(i, i + 1000) });
  });

  it('S004-27…31, 36, 37 order: created_at descending unless another field is known', async () => {
    const newest = ['Dan', 'Carol', 'Bob', 'Alice'];
    expect(names(await get())).toEqual(newest);
    expect(names(await get('?order=asc'))).toEqual([...newest].reverse());
    expect(names(await get('?sort=nope'))).toEqual(newest);
    expect(names(await get('?sort=nope&order=asc&limit=2'))).toEqual(['Alice', 'Bob']);
    expect(names(await get('?sort=a,b'))).toEqual(newest);
    expect(names(await get('?sort=amount&order=asc'))).toEqual(['Alice', 'Bob', 'Carol', 'Dan']);
    expect(names(await get('?sort=first_name'))).toEqual(newest);
    for (const sort of ['id', 'updated_at', 'created_at']) expect((await get(`?sort=${sort}`)).status).toBe(200);
    expect(names(await query({}))).toEqual(newest);
    expect(names(await query({ orderBy: 'amount', order: 'asc' }))).toEqual(['Alice', 'Bob', 'Carol', 'Dan']);
    expect(names(await query({ orderBy: 'nope' }))).toEqual(newest);
  });

  it('S004-43…63 the where operators', async () => {
    expect(await where({ $or: [{ stage: 'customer' }, { amount: { $gt: 10000 } }] })).toEqual(['Carol', 'Dan']);
    expect(await where({ stage: 'lead' })).toEqual(await where({ stage: { $eq: 'lead' } }));
    expect(await where({ email: null })).toEqual(['Carol']);
    expect(await where({ email: { $eq: null } })).toEqual(['Carol']);
    expect(await where({ source: { $ne: 'web' } })).toEqual(['Dan']);
    expect(await where({ source: { $ne: null } })).toEqual(['Alice', 'Bob', 'Dan']);
    expect(await where({ amount: { $gt: 9 } })).toEqual(['Bob', 'Carol']);
    expect(await where({ amount: { $gte: 9, $lte: 10 } })).toEqual(['Alice', 'Bob']);
    expect(await where({ amount: { $lt: 10 } })).toEqual(['Alice']);
    expect(await where({ email: { $like: '%acme%' } })).toEqual(['Alice']);
    expect(await where({ email: { $ilike: '%acme%' } })).toEqual(['Alice', 'Bob']);
    expect(await where({ stage: { $in: ['customer', 'qualified'] } })).toEqual(['Bob', 'Dan']);
    expect(await where({ stage: { $in: [] } })).toEqual([]);
    expect(await where({ stage: { $nin: ['lead'] } })).toEqual(['Bob', 'Dan']);
    expect(await where({ stage: { $nin: [] } })).toHaveLength(4);
    expect(await where({ tags: { $contains: ['vip', 'a'] } })).toEqual(['Alice']);
    expect(await where({ scores: { $contains: [2] } })).toEqual(['Alice', 'Carol']);
    expect(await where({ tags: { $contains: [] } })).toHaveLength(4);
    expect(await where({ tags: ['a'] })).toEqual(['Bob']);
    expect(await where({ email: { $isNull: true } })).toEqual(['Carol']);
    expect(await where({ email: { $isNull: false } })).toEqual(['Alice', 'Bob', 'Dan']);
    expect(await where({ $and: [{ stage: 'lead' }, { amount: { $gt: 1000 } }] })).toEqual(['Carol']);
    expect(await where({ $or: [{ $not: { stage: 'lead' } }, { first_name: 'Alice' }] })).toEqual([
      'Alice',
      'Bob',
      'Dan',
    ]);
    expect(await where({ stage: 'lead', $or: [{ amount: 9 }, { amount: 10 }] })).toEqual(['Alice']);
    const bad = [
      { amount: { $gt: null } },
      { amount: { $like: '%1%' } },
      { stage: { $in: 'lead' } },
      { first_name: { $contains: ['a'] } },
      { email: { $isNull: 'yes' } },
      { amount: { $bogus: 1 } },
      { nope: 1 },
      { amount: 'abc' },
      { $and: {} },
      { $not: [] },
      { first_name: { a: 1 } },
    ];
    for (const condition of bad)
      expect([condition, (await query({ where: condition })).status]).toEqual([condition, 400]);
    expect((await query({ where: [] })).status).toBe(400);
    expect((await query({ nope: 1 })).status).toBe(400);
  });

  it('S004-67…69 bulk: a bare list in and out, defaults for what is missing, all or nothing', async () => {
    const bulk = (body: unknown) => as(ada)('POST', `${CONTACTS}/bulk`, body);
    const { status, body } = await bulk([
      { first_name: 'F1', email: 'f1@x' },
      { first_name: 'F2', stage: 'customer' },
    ]);
    expect(status).toBe(201);
    expect(body.map((row: Json) => [row.first_name, row.stage, row.active])).toEqual([
      ['F1', 'lead', true],
      ['F2', 'customer', true],
    ]);
    for (const id of body.map((row: Json) => row.id)) await as(ada)('DELETE', `${CONTACTS}/${id}`);
    const before = (await query({})).body.total;
    expect((await bulk([])).status).toBe(400);
    expect((await bulk({ first_name: 'x' })).status).toBe(400);
    expect((await bulk([1])).status).toBe(400);
    expect((await bulk([{ first_name: 'ok' }, { first_name: 7 }])).status).toBe(400);
    expect((await bulk(Array.from({ length: 1001 }, () => ({ first_name: 'x' })))).status).toBe(400);
    expect((await query({})).body.total).toBe(before);
  });

  it('the collections of main have the same address', async () => {
    const { name } = await t.collection({ name: 'face_posts', schema: [{ name: 'title', type: 'text' }] });
    const made = await as(ada)('POST', `/api/v1/apps/main/collections/${name}`, { title: 'x' });
    expect([made.status, made.body.title]).toEqual([201, 'x']);
    expect((await as(ada)('GET', `/api/v1/records/${name}/${made.body.id}`)).body).toEqual(made.body);
  });

  it('another account sees nothing of it', async () => {
    const b = await t.tenant();
    expect((await get('', b.token)).body).toEqual([]);
    const [row] = (await get('?limit=1')).body;
    expect((await as(b.token)('GET', `${CONTACTS}/${row.id}`)).status).toBe(404);
    expect((await as(b.token)('PATCH', `${CONTACTS}/${row.id}`, { first_name: 'X' })).status).toBe(404);
    expect((await as(b.token)('DELETE', `${CONTACTS}/${row.id}`)).status).toBe(404);
  });

  describe('federation', () => {
    const SUPPORT = '/api/v1/apps/support/collections/contacts';
    let alice: Json;

    beforeAll(async () => {
      alice = (await as(ada)('POST', SUPPORT, { email: 'alice@acme.com', plan: 'gold', amount: 100 })).body;
      await as(ada)('POST', SUPPORT, { email: 'alice@acme.com', plan: 'later' });
      await as(ada)('POST', SUPPORT, { email: 'nobody@acme.com', plan: 'silver', amount: 9.5 });
      const b = await t.tenant();
      await as(b.token)('POST', SUPPORT, { email: 'dan@other.com', plan: 'of another account' });
    });

    it('S004-32, 33, 78…80 linked adds the record of other apps with the same key, the oldest', async () => {
      const rows = (await get('?linked=true&sort=first_name&order=asc')).body as Json[];
      expect(rows[0]._linked).toEqual({ support: { entity: 'contacts', recordId: alice.id, data: alice } });
      for (const row of rows.slice(1)) expect(row).not.toHaveProperty('_linked');
      expect((await get('?linked=support&first_name=Alice')).body[0]._linked.support.recordId).toBe(alice.id);
      expect((await get('?linked=billing&first_name=Alice')).body[0]).not.toHaveProperty('_linked');
      expect((await get('?linked=false&first_name=Alice')).body[0]).not.toHaveProperty('_linked');
      const from = (await as(ada)('GET', `${SUPPORT}?linked=true&limit=9`)).body as Json[];
      expect(from.filter((row) => row._linked).map((row) => [row.plan, row._linked.crm.data.first_name])).toEqual([
        ['later', 'Alice'],
        ['gold', 'Alice'],
      ]);
    });

    it('S004-40 linked in the body of a query, and on the first face', async () => {
      const linked = async (value: Json) =>
        (await query({ where: { first_name: 'Alice' }, linked: value })).body.data[0]._linked;
      expect((await linked(true)).support.recordId).toBe(alice.id);
      expect((await linked(['support', 'nope'])).support.recordId).toBe(alice.id);
      for (const none of [false, [], ['crm'], undefined]) expect(await linked(none)).toBeUndefined();
      const first = await as(ada)('GET', '/api/v1/records/crm.contacts?linked=true&first_name=Alice');
      expect(first.body.items[0]._linked.support.recordId).toBe(alice.id);
    });

    it('S004-81, 85 only apps that the caller may read take part', async () => {
      const one = await limited([['crm.contacts', 'read']]);
      expect((await get('?linked=true&first_name=Alice', one)).body[0]).not.toHaveProperty('_linked');
      const federated = await as(one)('POST', '/api/v1/federated/contact/query', {});
      expect([federated.body.total, new Set(federated.body.data.map((row: Json) => row._source.app))]).toEqual([
        4,
        new Set(['crm']),
      ]);
      const both = await limited([
        ['crm.contacts', 'read'],
        ['support.contacts', 'read'],
      ]);
      expect((await get('?linked=true&first_name=Alice', both)).body[0]._linked.support.recordId).toBe(alice.id);
    });

    it('a key or field that the caller may not read links nothing', async () => {
      const role = await t.call('POST', '/api/v1/roles', { name: 'no_email' }, { token: t.root });
      const updates = [
        { collection: 'crm.contacts', operation: 'read' },
        { collection: 'support.contacts', operation: 'read', fields: ['plan'] },
      ];
      await t.call('PUT', `/api/v1/roles/${role.body.id}/permissions/bulk`, { updates }, { token: t.root });
      const { token } = await t.member(a.account.id, role.body.id);
      expect((await get('?linked=true&first_name=Alice', token)).body[0]).not.toHaveProperty('_linked');
    });

    it('S004-82…86 one query over all entities of the kind', async () => {
      const federated = (body: Json) => as(ada)('POST', '/api/v1/federated/contact/query', body);
      const { body } = await federated({ orderBy: 'amount', order: 'asc' });
      expect(body.total).toBe(7);
      expect(body.data.map((row: Json) => [row._source.app, row.amount])).toEqual([
        ['crm', 9],
        ['support', 9.5],
        ['crm', 10],
        ['support', 100],
        ['crm', 20000],
        ...body.data.slice(5).map((row: Json) => [row._source.app, null]),
      ]);
      expect(body.data.find((row: Json) => row.id === alice.id)).toEqual({
        ...alice,
        _source: { app: 'support', entity: 'contacts' },
      });
      const some = await federated({ where: { plan: 'gold' } });
      expect([some.body.total, some.body.data.map((row: Json) => row.id)]).toEqual([1, [alice.id]]);
      expect((await federated({ where: { plan: null } })).body.total).toBe(4);
      const part = await federated({ orderBy: 'amount', order: 'asc', limit: 2, offset: 1 });
      expect([part.body.total, part.body.data.map((row: Json) => row.amount)]).toEqual([7, [9.5, 10]]);
      expect((await federated({ offset: 100 })).body).toEqual({ data: [], total: 7 });
      expect((await federated({ where: { nope: 1 } })).body.code).toBe('INVALID_FIELDS');
      expect(
        (await federated({ where: { $or: [{ stage: 'customer' }, { plan: { $ilike: 'S%' } }] } })).body.total,
      ).toBe(2);
      expect(
        (await federated({ linked: true, where: { first_name: 'Alice' } })).body.data[0]._linked.support.recordId,
      ).toBe(alice.id);
      expect((await as(ada)('POST', '/api/v1/federated/nothing/query', {})).body).toEqual({ data: [], total: 0 });
      expect((await t.call('POST', '/api/v1/federated/contact/query', {})).status).toBe(401);
    });

    it('a superadmin who sees all accounts links within each', async () => {
      const rows = (await get('?linked=true&first_name=Dan', t.root)).body as Json[];
      expect(rows).toHaveLength(1);
      expect(rows[0]).not.toHaveProperty('_linked');
      expect((await get('?linked=true&first_name=Alice', t.root)).body[0]._linked.support.recordId).toBe(alice.id);
    });
  });
});

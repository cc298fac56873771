// The second face of records: paths, envelopes, parameters and documents under /v1.
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { available, type Json, PASSWORD, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { openStream } from '../helpers/stream.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/;
const FIELDS = [
  { name: 'title', type: 'text', required: true, max_length: 40 },
  { name: 'body', type: 'text' },
  { name: 'rank', type: 'number', default: 1 },
  { name: 'state', type: 'enum', enum: ['open', 'done'] },
];

describe.runIf(available)('resources', () => {
  let t: TestApp;
  let acme: Tenant;
  let as: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => ReturnType<TestApp['call']>;
  const open = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
  const made = async (definition: Json = {}) => (await t.collection({ schema: FIELDS, ...definition })).name as string;
  const create = async (name: string, body: Json) => (await as('POST', `/v1/${name}`, body)).body.data;

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    as = (method, path, body, headers = {}) => t.call(method, path, body, { token: acme.token, headers });
  });

  it('S002-01 S002-02 S002-06 S003-01 every collection has its endpoints at once, under its own name', async () => {
    for (const name of [unique('posts_'), unique('comments_'), unique('orders_')]) {
      await made({ name, soft_delete: true });
      const { id } = await create(name, { title: 'x' });
      const asked = [
        ['GET', ''],
        ['GET', `/${id}`],
        ['PUT', `/${id}`, { title: 'y' }],
        ['PATCH', `/${id}`, { title: 'z' }],
        ['GET', '/schema'],
        ['GET', '/openapi.json'],
        ['GET', '/openapi.yaml'],
        ['DELETE', `/${id}`],
        ['POST', `/${id}/restore`],
      ] as const;
      for (const [method, rest, body] of asked) {
        const { status, text } = await as(method, `/v1/${name}${rest}`, body);
        expect([method, rest, status < 300, text].slice(0, 3), text).toEqual([method, rest, true]);
      }
      expect((await as('GET', `/v1/${name}/`)).body.meta.resource).toBe(name);
      expect((await as('GET', `/v1/main.${name}`)).body.meta.total).toBe(1);
    }
  });

  it('S002-07 to S002-13 lists in pages of 50, with filter, sort and a total', async () => {
    const name = await made();
    const records = Array.from({ length: 60 }, (_, i) => ({ title: `t${String(i).padStart(2, '0')}`, rank: i }));
    await as('POST', `/api/v1/records/${name}/batch`, { records });
    const first = await as('GET', `/v1/${name}`);
    expect(first.headers.get('content-type')).toContain('application/json');
    expect(Object.keys(first.body)).toEqual(['data', 'meta']);
    expect(first.body.meta).toEqual({ resource: name, total: 60, limit: 50, offset: 0 });
    expect(first.body.data).toHaveLength(50);
    const rest = await as('GET', `/v1/${name}?offset=50`);
    expect(rest.body.data).toHaveLength(10);
    expect(new Set([...first.body.data, ...rest.body.data].map(({ id }: Json) => id)).size).toBe(60);
    const [record] = first.body.data;
    expect(record.id).toMatch(UUID);
    expect([record.created_at, record.updated_at]).toEqual([
      expect.stringMatching(STAMP),
      expect.stringMatching(STAMP),
    ]);
    const titles = async (query: string) =>
      (await as('GET', `/v1/${name}?${query}`)).body.data.map(({ title }: Json) => title);
    expect(await titles('title=t07')).toEqual(['t07']);
    expect(await titles('_sort=-title&_limit=2&_offset=1')).toEqual(['t58', 't57']);
    expect(await titles('sort=title&limit=2&offset=1')).toEqual(['t01', 't02']);
    expect((await as('GET', `/v1/${name}?limit=1000`)).body.data).toHaveLength(60);
    expect((await as('GET', `/v1/${name}?offset=500`)).body).toEqual({
      data: [],
      meta: { resource: name, total: 60, limit: 50, offset: 500 },
    });
    expect((await as('GET', `/v1/${name}?fields=title&limit=1&sort=title`)).body.data).toEqual([
      { id: expect.stringMatching(UUID), title: 't00' },
    ]);
  });

  it('S002-14 takes twelve operators, comma lists and JSON lists; all must hold', async () => {
    const name = await made();
    for (const [title, rank, body] of [
      ['alpha', 1, null],
      ['beta', 2, 'text'],
      ['Gamma', 3, 'text'],
    ])
      await create(name, { title, rank, body });
    const found = async (query: string) => {
      const { body, text } = await as('GET', `/v1/${name}?sort=rank&${query}`);
      expect(body.data, text).toBeDefined();
      return body.data.map(({ rank }: Json) => rank);
    };
    const all: [string, number[]][] = [
      ['rank__eq=2', [2]],
      ['rank__neq=2', [1, 3]],
      ['rank__gt=2', [3]],
      ['rank__gte=2', [2, 3]],
      ['rank__lt=2', [1]],
      ['rank__lte=2', [1, 2]],
      ['rank__in=1,3', [1, 3]],
      [`title__in=${encodeURIComponent('["alpha","Gamma"]')}`, [1, 3]],
      ['rank__nin=1,3', [2]],
      ['title__like=%25a', [1, 2, 3]],
      ['title__like=g%25', []],
      ['title__ilike=g%25', [3]],
      ['body__is_null', [1]],
      ['body__is_not_null=', [2, 3]],
      ['rank=2', [2]],
      ['rank__gt=1&rank__lt=3', [2]],
    ];
    for (const [query, expected] of all) expect([query, await found(query)]).toEqual([query, expected]);
  });

  it('S002-15 to S002-24 one record: made, read, replaced, changed, deleted', async () => {
    const name = await made();
    const post = await as('POST', `/v1/${name}`, { title: 'A', body: 'text', rank: 7 });
    expect(post.status).toBe(200);
    expect(Object.keys(post.body)).toEqual(['data', 'meta']);
    expect(post.body.meta).toEqual({ resource: name });
    const { id } = post.body.data;
    expect(post.body.data).toMatchObject({ title: 'A', body: 'text', rank: 7, state: null });
    expect(id).toMatch(UUID);
    const get = await as('GET', `/v1/${name}/${id}`);
    expect(get.body).toEqual(post.body);
    const put = await as('PUT', `/v1/${name}/${id}`, { title: 'B' });
    expect([put.status, put.body.data]).toMatchObject([200, { title: 'B', body: null, rank: 1 }]);
    const patch = await as('PATCH', `/v1/${name}/${id}`, { body: 'again' });
    expect([patch.status, patch.body.data]).toMatchObject([200, { title: 'B', body: 'again', rank: 1 }]);
    const gone = await as('DELETE', `/v1/${name}/${id}`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await as('GET', `/v1/${name}/${id}`)).body).toMatchObject({ code: 'RESOURCE_NOT_FOUND', errors: [] });
    const [{ n }] = (await t.app.db.query(`select count(*)::int as n from app_main.${name}`, [])) as [{ n: number }];
    expect(n).toBe(0);
    expect((await as('GET', `/v1/${name}?deleted=with`)).body.meta.total).toBe(0);
  });

  it('S002-22 S003-23 to S003-26 S003-28 deletes softly where the collection says so, and restores', async () => {
    const { name, enableSoftDelete } = await t.collection({ fields: FIELDS, enableSoftDelete: true });
    expect(enableSoftDelete).toBe(true);
    const { id } = await create(name, { title: 'A' });
    expect((await as('DELETE', `/v1/${name}/${id}`)).status).toBe(204);
    expect((await as('GET', `/v1/${name}`)).body.meta.total).toBe(0);
    expect((await as('GET', `/v1/${name}/${id}`)).status).toBe(404);
    const only = await as('GET', `/v1/${name}?deleted=only`);
    expect(only.body.data).toMatchObject([{ id, deleted_at: expect.stringMatching(STAMP) }]);
    expect((await as('GET', `/v1/${name}?deleted=with`)).body.meta.total).toBe(1);
    const back = await as('POST', `/v1/${name}/${id}/restore`);
    expect([back.status, back.body]).toMatchObject([200, { data: { id, deleted_at: null }, meta: { resource: name } }]);
    expect((await as('POST', `/v1/${name}/${id}/restore`)).status).toBe(404);
    expect((await as('GET', `/v1/${name}`)).body.meta.total).toBe(1);
    expect((await as('DELETE', `/v1/${name}/${id}?purge=true`)).status).toBe(204);
    expect((await as('GET', `/v1/${name}?deleted=with`)).body.meta.total).toBe(0);
  });

  it('S003-29 to S003-31 soft delete is off, and switched when updating', async () => {
    const name = await made();
    const root = (body: Json) => t.call('PATCH', `/api/v1/collections/${name}`, body, { token: t.root });
    const states = async (query: string) => (await as('GET', `/v1/${name}?sort=title&deleted=${query}`)).body.data;
    const [a, b] = [await create(name, { title: 'a' }), await create(name, { title: 'b' })];
    expect((await root({ soft_delete: true })).body.soft_delete).toBe(true);
    await as('DELETE', `/v1/${name}/${a.id}`);
    expect((await states('only')).map(({ title }: Json) => title)).toEqual(['a']);
    expect((await root({ soft_delete: false })).status).toBe(200);
    await as('DELETE', `/v1/${name}/${b.id}`);
    expect((await as('GET', `/v1/${name}`)).body.meta.total).toBe(0);
    const rows = await t.app.db.query(`select title from app_main.${name}`, []);
    expect(rows).toEqual([{ title: 'a' }]);
  });

  it('S002-40 to S002-44 names what is wrong with a request', async () => {
    const name = await made();
    const code = async (method: string, path: string, options: Json = {}) => {
      const reply = await t.call(method, path, options.body, { token: acme.token, ...options });
      expect(reply.headers.get('content-type')).toContain('application/json');
      expect(reply.body).toMatchObject({ message: expect.any(String), errors: expect.any(Array) });
      return `${reply.status} ${reply.body.code}`;
    };
    for (const path of ['/v1', '/v1/', '/api/v1/records', '/api/v1/records/'])
      for (const method of ['GET', 'POST']) expect(await code(method, path)).toBe('400 NO_RESOURCE_NAME');
    expect(await code('POST', `/v1/${name}`, { raw: '{' })).toBe('400 INVALID_JSON');
    for (const query of ['fields=nope', 'nope=1', 'sort=nope', 'cursor=x', 'include=nope'])
      expect([query, await code('GET', `/v1/${name}?${query}`)]).toEqual([query, '400 INVALID_FIELDS']);
    expect(await code('POST', `/v1/${name}`, { body: { title: 'x', nope: 1 } })).toBe('400 INVALID_FIELDS');
    const bad = [
      'limit=abc',
      'limit=0',
      'limit=1001',
      '_limit=1001',
      'offset=-1',
      '_offset=1.5',
      'rank__foo=1',
      'rank=abc',
      'filter={',
      'limit=1&_limit=2',
      'sort=title&_sort=rank',
      'deleted=perhaps',
      'include=title',
    ];
    for (const query of bad)
      expect([query, await code('GET', `/v1/${name}?${query}`)]).toEqual([query, '400 INVALID_QUERY_PARAMS']);
    for (const body of [{ title: 5 }, {}, { title: 'x', state: 'no' }, { title: 'x'.repeat(41) }])
      expect(await code('POST', `/v1/${name}`, { body })).toBe('400 INVALID_RESOURCE_DATA');
    expect(await code('PATCH', `/v1/${name}`)).toBe('405 METHOD_NOT_ALLOWED');
    expect(await code('GET', `/v1/nope`)).toBe('404 RESOURCE_NOT_FOUND');
    expect(await code('GET', `/v1/${name}/0198c0de-7a11-7000-8000-3b2f5c0ffee1`)).toBe('404 RESOURCE_NOT_FOUND');
  });

  it('S002-36 to S002-39 S003-03 tells every problem of a body', async () => {
    const name = await made();
    const { status, body } = await as('POST', `/v1/${name}`, { title: 5, rank: 'x' });
    expect([status, body.message, body.code]).toEqual([400, 'Validation failed', 'INVALID_RESOURCE_DATA']);
    expect(body.errors).toMatchObject([
      { field: 'title', type: 'string', expected: 'string', received: 'number', message: expect.any(String) },
      { field: 'rank', type: 'number', expected: 'number', received: 'string' },
    ]);
  });

  it('S002-45 refuses references that lead nowhere or into another account', async () => {
    const [target, other] = [await made(), await t.tenant()];
    const name = await made({ schema: [...FIELDS, { name: 'target_id', type: 'reference', collection: target }] });
    const foreign = await t.call('POST', `/v1/${target}`, { title: 'x' }, { token: other.token });
    for (const target_id of ['0198c0de-7a11-7000-8000-3b2f5c0ffee1', foreign.body.data.id]) {
      const { status, body } = await as('POST', `/v1/${name}`, { title: 'x', target_id });
      expect([status, body.code]).toEqual([400, 'RELATION_REFERENCE_ERROR']);
    }
    expect((await as('GET', `/v1/${name}`)).body.meta.total).toBe(0);
  });

  it('include shows the record beside the field that names it', async () => {
    const owner = await made();
    const property = await made({ schema: [...FIELDS, { name: 'owner_id', type: 'reference', collection: owner }] });
    const name = await made({
      schema: [
        { name: 'note', type: 'text' },
        { name: 'property_id', type: 'reference', collection: property },
        { name: 'rival', type: 'reference', collection: property },
      ],
    });
    const { id: owner_id } = await create(owner, { title: 'Ada' });
    const { id: property_id } = await create(property, { title: 'House', owner_id });
    const { id } = await create(name, { note: 'n', property_id, rival: property_id });
    await create(name, { note: 'none' });
    const list = await as('GET', `/v1/${name}?include=property,rival&sort=note`);
    expect(list.body.data).toMatchObject([
      { property_id, property: { id: property_id, title: 'House', owner_id }, rival: { title: 'House' } },
      { property_id: null, property: null, rival: null },
    ]);
    const one = await as('GET', `/v1/${name}/${id}?include=property.owner`);
    expect(one.body.data).toMatchObject({ property_id, property: { owner_id, owner: { title: 'Ada' } } });
    const inPlace = await as('GET', `/v1/${name}/${id}?include=property_id`);
    expect(inPlace.body.data.property_id).toMatchObject({ title: 'House' });
    expect(inPlace.body.data).not.toHaveProperty('property');
    for (const path of [`/v1/${name}?include=note`, `/v1/${name}/${id}?include=property&fields=note`]) {
      const { status, body } = await as('GET', path);
      expect([status, body.errors[0].field]).toEqual([400, 'include']);
    }
  });

  it('versions and repeats hold here as they do on the first face', async () => {
    const name = await made();
    const headers = { 'Idempotency-Key': unique('key-') };
    const first = await as('POST', `/v1/${name}`, { title: 'once' }, headers);
    const again = await as('POST', `/v1/${name}`, { title: 'once' }, headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await as('POST', `/v1/${name}`, { title: 'twice' }, headers)).status).toBe(422);
    expect((await as('GET', `/v1/${name}`)).body.meta.total).toBe(1);
    const path = `/v1/${name}/${first.body.data.id}`;
    const tag = (await as('GET', path)).headers.get('etag') as string;
    expect(tag).toMatch(/^"/);
    expect((await as('GET', path, undefined, { 'If-None-Match': tag })).status).toBe(304);
    expect((await as('PATCH', path, { rank: 2 }, { 'If-Match': tag })).status).toBe(200);
    for (const [method, body] of [['PATCH', { rank: 3 }], ['PUT', { title: 'x' }], ['DELETE']] as const)
      expect((await as(method, path, body, { 'If-Match': tag })).status).toBe(412);
  });

  it('S002-25 S003-04 streams changes to whoever is signed in', async () => {
    const name = await made(open);
    const anonymous = await t.call('GET', `/v1/${name}/stream`, undefined, {
      headers: { 'X-Account-ID': acme.account.slug },
    });
    expect([anonymous.status, anonymous.body.code]).toEqual([401, 'UNAUTHORIZED']);
    const stream = await openStream(`${t.url}/v1/${name}/stream?events=created&fields=title`, {
      Authorization: `Bearer ${acme.token}`,
    });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/event-stream/),
    ]);
    const { id } = await create(name, { title: 'live', body: 'hidden' });
    await as('PATCH', `/v1/${name}/${id}`, { title: 'not asked for' });
    const [event] = await stream.take(1, 5000);
    expect(event).toMatchObject({ event: `${name}.created`, data: { record_id: id, new: { title: 'live' } } });
    expect(event?.data.new).not.toHaveProperty('body');
    expect(stream.text.startsWith('retry: 3000\n: connected\n')).toBe(true);
    stream.close();
    expect((await as('GET', `/v1/${name}/stream?events=nope`)).status).toBe(400);
  });

  it('S002-26 the schema is a bare JSON Schema and follows the collection', async () => {
    const name = await made();
    const schema = (await as('GET', `/v1/${name}/schema`)).body;
    const ajv = addFormats.default(new Ajv2020({ strict: false }));
    const validate = ajv.compile(schema);
    expect([validate({ title: 'x', rank: 2 }), validate({ title: 5 }), validate({})]).toEqual([true, false, false]);
    const changed = { schema: [...FIELDS, { name: 'more', type: 'text' }] };
    await t.call('PUT', `/api/v1/collections/${name}`, changed, { token: t.root });
    expect((await as('GET', `/v1/${name}/schema`)).body.properties).toHaveProperty('more');
  });

  it('S002-27 S002-28 the documents speak of this face and its envelopes', async () => {
    const name = await made(open);
    const json = await as('GET', `/v1/${name}/openapi.json`);
    const yaml = await as('GET', `/v1/${name}/openapi.yaml`);
    expect(json.body.openapi).toMatch(/^3\.1\./);
    expect(await new Validator().validate(structuredClone(json.body))).toMatchObject({ valid: true });
    expect(yaml.headers.get('content-type')).toContain('yaml');
    expect(parse(yaml.text)).toEqual(json.body);
    const at = `/v1/${name}`;
    expect(Object.keys(json.body.paths).sort()).toEqual(
      ['', '/openapi.json', '/openapi.yaml', '/schema', '/stream', '/{id}', '/{id}/restore'].map((rest) => at + rest),
    );
    const reply = json.body.paths[at].get.responses['200'].content['application/json'].schema;
    expect(Object.keys(reply.properties)).toEqual(['data', 'meta']);
    const record = json.body.components.schemas[reply.properties.data.items.$ref.split('/').at(-1)];
    expect(record.properties).toHaveProperty('rank');
    const bodyRef = json.body.paths[at].post.requestBody.content['application/json'].schema.$ref.split('/').at(-1);
    expect(json.body.components.schemas[bodyRef].required).toEqual(['title']);
    expect(json.body.paths[at].get.parameters.map(({ name: one }: Json) => one)).toEqual(
      expect.arrayContaining(['_limit', '_sort', 'include', 'rank']),
    );
    const tag = json.headers.get('etag') as string;
    expect((await as('GET', `${at}/openapi.json`, undefined, { 'If-None-Match': tag })).status).toBe(304);
    const first = (await as('GET', `/api/v1/records/${name}/openapi.json`)).body;
    expect(Object.keys(first.paths).every((path) => path.startsWith('/api/v1/records/'))).toBe(true);
  });

  it('S002-03 a session cookie authenticates, and other sites may not use it', async () => {
    const name = await made(open);
    const login = { account: acme.account.slug, email: acme.email, password: PASSWORD, session: true };
    const cookie = String((await t.call('POST', '/api/v1/auth/login', login)).headers.get('set-cookie')).split(';')[0];
    const call = (method: string, headers: Record<string, string>, body?: Json) =>
      t.call(method, `/v1/${name}`, body, { headers: { Cookie: cookie as string, ...headers } });
    expect((await call('GET', {})).status).toBe(200);
    expect((await call('POST', {}, { title: 'own' })).status).toBe(200);
    const cross = await call(
      'POST',
      { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      { title: 'x' },
    );
    expect([cross.status, cross.body.code]).toEqual([403, 'CROSS_SITE_REQUEST']);
  });

  it('S002-04 S002-48 S002-49 S003-02 keys and roles may what they were given', async () => {
    const name = await made();
    const scopes = { [name]: { read: '*' } };
    const { key } = (await as('POST', '/api/v1/api-keys', { name: unique('k'), scopes })).body;
    for (const headers of [{ 'X-API-Key': key }, { Authorization: `Bearer ${key}` }] as Record<string, string>[])
      expect((await t.call('GET', `/v1/${name}`, undefined, { headers })).status).toBe(200);
    expect((await t.call('GET', `/v1/${name}`, undefined, { headers: { 'X-API-Key': `${key}x` } })).status).toBe(401);
    const post = await t.call('POST', `/v1/${name}`, { nonsense: 1 }, { token: key });
    expect([post.status, post.body.code]).toEqual([403, 'KEY_PERMISSION_DENIED']);
    const { token } = await t.member(acme.account.id);
    const { id } = await create(name, { title: 'x' });
    for (const [method, rest] of [
      ['GET', ''],
      ['POST', ''],
      ['PUT', `/${id}`],
      ['PATCH', `/${id}`],
      ['DELETE', `/${id}`],
    ]) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : { nonsense: 1 };
      const reply = await t.call(method as string, `/v1/${name}${rest}`, body, { token });
      expect([method, reply.status, reply.body.code]).toEqual([method, 403, 'FORBIDDEN']);
    }
  });

  it('S002-05 S002-50 S002-57 to S002-63 admin tokens read and delete records, and manage', async () => {
    const name = await made();
    const { id } = await create(name, { title: 'kept' });
    const { key } = (await t.call('POST', '/api/v1/admin/api-keys', { name: unique('k') }, { token: t.root })).body;
    const on = { token: key as string, headers: { 'X-Account-ID': acme.account.id as string } };
    expect((await t.call('GET', `/v1/${name}`, undefined, on)).body.meta.total).toBe(1);
    expect((await t.call('GET', `/v1/${name}/${id}`, undefined, on)).status).toBe(200);
    for (const [method, rest] of [
      ['POST', ''],
      ['PUT', `/${id}`],
      ['PATCH', `/${id}`],
    ]) {
      for (const options of [
        { ...on, raw: '{' },
        { ...on, raw: '{"title":"changed"}' },
      ]) {
        const reply = await t.call(method as string, `/v1/${name}${rest}`, undefined, options);
        expect([method, reply.status, reply.body.code]).toEqual([method, 403, 'ADMIN_TOKEN_NOT_ALLOWED']);
      }
    }
    expect((await as('GET', `/v1/${name}/${id}`)).body.data.title).toBe('kept');
    expect((await t.call('DELETE', `/v1/${name}/${id}`, undefined, on)).status).toBe(204);
    const other = { name: unique('by_token_'), schema: FIELDS };
    expect((await t.call('POST', '/api/v1/collections', other, { token: key })).status).toBe(201);
  });

  it('S002-46 S002-47 S003-32 to S003-37 a disabled collection is off, with all its data', async () => {
    const { name, enabled } = await t.collection({ schema: FIELDS, ...open });
    expect(enabled).toBe(true);
    const { id } = await create(name, { title: 'kept' });
    const turn = (on: boolean) => t.call('PATCH', `/api/v1/collections/${name}`, { enabled: on }, { token: t.root });
    const everything = [
      ['GET', ''],
      ['POST', ''],
      ['GET', `/${id}`],
      ['PUT', `/${id}`],
      ['PATCH', `/${id}`],
      ['DELETE', `/${id}`],
      ['POST', `/${id}/restore`],
      ['GET', '/schema'],
      ['GET', '/openapi.json'],
      ['GET', '/openapi.yaml'],
      ['GET', '/stream'],
    ] as const;
    for (let cycle = 0; cycle < 2; cycle++) {
      const stream = await openStream(`${t.url}/v1/${name}/stream`, { Authorization: `Bearer ${acme.token}` });
      expect((await turn(false)).body.enabled).toBe(false);
      await stream.ended;
      for (const [method, rest] of everything) {
        const body = method === 'PUT' || method === 'PATCH' || (method === 'POST' && rest === '') ? {} : undefined;
        const reply = await as(method, `/v1/${name}${rest}`, body);
        expect([method, rest, reply.status, reply.body.code]).toEqual([method, rest, 404, 'RESOURCE_DISABLED']);
      }
      const headers = { 'X-Account-ID': acme.account.slug };
      expect((await t.call('GET', `/v1/${name}`, undefined, { headers })).body.code).toBe('RESOURCE_NOT_FOUND');
      expect((await t.call('GET', `/api/v1/collections/${name}`, undefined, { token: t.root })).body.enabled).toBe(
        false,
      );
      expect((await turn(true)).status).toBe(200);
      expect((await as('GET', `/v1/${name}`)).body.data).toMatchObject([{ id, title: 'kept' }]);
    }
  });

  it('S003-10 S003-36 takes the definitions of the guide as they stand', async () => {
    const name = unique('posts_');
    const sample = {
      name,
      description: 'Blog posts written by users',
      fields: [
        { name: 'title', type: 'string', required: true },
        { name: 'body', type: 'text' },
      ],
      permissions: [{ role: 'user', action: 'read', fields: ['title', 'body'] }],
    };
    expect((await t.call('POST', '/api/v1/collections', sample, { token: t.root })).status).toBe(201);
    await create(name, { title: 'A', body: 'b' });
    const { token } = await t.member(acme.account.id);
    const list = await t.call('GET', `/v1/${name}`, undefined, { token });
    expect(list.body.data).toMatchObject([{ title: 'A', body: 'b', id: expect.stringMatching(UUID) }]);
    expect((await t.call('POST', `/v1/${name}`, { title: 'x' }, { token })).body.code).toBe('FORBIDDEN');
    const legacy = { name: unique('legacy_'), enabled: false, fields: sample.fields };
    expect((await t.call('POST', '/api/v1/collections', legacy, { token: t.root })).status).toBe(201);
    expect((await as('GET', `/v1/${legacy.name}`)).body.code).toBe('RESOURCE_DISABLED');
  });

  it('S003-13 S003-15 to S003-21 names of 100 characters; system fields belong to the server', async () => {
    const name = await made({
      name: unique('n').padEnd(100, '_'),
      permissions: [{ role: 'user', action: 'read', rule: 'created_at > "2020-01-01"', fields: ['title'] }],
    });
    const before = Date.now();
    const sent = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';
    const record = await create(name, { title: 'A', id: sent, created_at: '2001-01-01T00:00:00Z' });
    expect(record.id).not.toBe(sent);
    expect(Math.abs(Date.parse(record.created_at) - before)).toBeLessThan(60_000);
    let { updated_at } = record;
    for (const [method, body] of [
      ['PATCH', { rank: 2 }],
      ['PUT', { title: 'B' }],
    ] as const) {
      const { data } = (await as(method, `/v1/${name}/${record.id}`, body)).body;
      expect(data.created_at).toBe(record.created_at);
      expect(data.updated_at > updated_at).toBe(true);
      updated_at = data.updated_at;
    }
    const { token } = await t.member(acme.account.id);
    for (const query of ['', '?created_at__gte=2020-01-01', `?id=${record.id}`, '?sort=updated_at']) {
      const { data } = (await t.call('GET', `/v1/${name}${query}`, undefined, { token })).body;
      expect(data).toMatchObject([{ id: record.id, title: 'B', created_at: record.created_at, updated_at }]);
      expect(data[0]).not.toHaveProperty('rank');
    }
    expect((await t.call('GET', `/v1/${name}?rank=1`, undefined, { token })).body.code).toBe('INVALID_FIELDS');
  });
});

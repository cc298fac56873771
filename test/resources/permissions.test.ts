// Permissions with filters and checks: which rows they leave, what they set, and that no way of writing goes around them.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('filters and checks of permissions', () => {
  let t: TestApp;
  let acme: Tenant;
  let role: Json;
  let agent: { token: string; user: Json; email: string };
  let other: { token: string; user: Json };

  const FIELDS = [
    { name: 'title', type: 'text' },
    { name: 'price', type: 'number' },
    { name: 'state', type: 'enum', enum: ['draft', 'live'] },
    { name: 'owner', type: 'uuid', required: true },
  ];
  const mine = { field: 'owner', operator: 'eq', claim: 'id' };
  const as = (who: { token: string }, method: string, path: string, body?: unknown) =>
    t.call(method, path, body, { token: who.token });
  const root = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: t.root });
  const made = async (permissions: Json[], more: Json = {}) =>
    (
      await t.collection({
        schema: FIELDS,
        permissions: permissions.map((one) => ({ role: role.name, ...one })),
        ...more,
      })
    ).name as string;
  const ALL = [
    { action: 'read', filters: [mine] },
    { action: 'create', fields: ['title', 'price', 'state'], checks: [mine] },
    { action: 'update', filters: [mine], checks: [mine, { field: 'price', operator: 'gte', value: 10 }] },
    { action: 'delete', filters: [mine] },
  ];

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    role = (await root('POST', '/api/v1/roles', { name: unique('agent_') })).body;
    agent = await t.member(acme.account.id, role.id);
    other = await t.member(acme.account.id, role.id);
  });

  it('filters leave the own rows to read, change and delete', async () => {
    const name = await made(ALL);
    const own = (await as(agent, 'POST', `/v1/${name}`, { title: 'a', price: 20 })).body.data;
    const foreign = (await as(other, 'POST', `/v1/${name}`, { title: 'b', price: 20 })).body.data;
    expect([own.owner, foreign.owner]).toEqual([agent.user.id, other.user.id]);
    expect((await as(agent, 'GET', `/v1/${name}`)).body).toMatchObject({ data: [{ id: own.id }], meta: { total: 1 } });
    expect((await as(agent, 'GET', `/api/v1/records/${name}`)).body.total).toBe(1);
    expect((await as(acme, 'GET', `/v1/${name}`)).body.meta.total).toBe(2);
    for (const [method, body] of [['GET'], ['PATCH', { price: 30 }], ['PUT', { price: 30 }], ['DELETE']] as const)
      expect((await as(agent, method, `/v1/${name}/${foreign.id}`, body)).status).toBe(404);
    expect((await as(agent, 'PATCH', `/v1/${name}/${own.id}`, { price: 30 })).body.data.price).toBe(30);
    expect((await as(agent, 'DELETE', `/v1/${name}/${own.id}`)).status).toBe(204);
    expect((await as(acme, 'GET', `/v1/${name}/${foreign.id}`)).body.data.price).toBe(20);
  });

  it('a check with eq sets the field, accepts the same value and refuses another, on every way of writing', async () => {
    const name = await made(ALL);
    const V = `/v1/${name}`;
    const R = `/api/v1/records/${name}`;
    const body = { title: 'x', price: 20 };
    const wrong = { ...body, owner: other.user.id };
    const count = async () => (await as(acme, 'GET', V)).body.meta.total as number;
    const made1 = [
      (await as(agent, 'POST', V, body)).body.data,
      (await as(agent, 'POST', V, { ...body, owner: agent.user.id })).body.data,
      (await as(agent, 'POST', R, body)).body,
      (await as(agent, 'POST', `${R}/batch`, { records: [body] })).body.created[0],
      (await as(agent, 'POST', `${R}/bulk`, [body])).body[0],
      (await as(agent, 'POST', '/api/v1/batch', { operations: [{ op: 'create', collection: name, data: body }] })).body
        .results[0].record,
    ];
    expect(made1.map((row) => row.owner)).toEqual(made1.map(() => agent.user.id));
    const ndjson = (rows: Json[]) =>
      t.call('POST', `${R}/import`, undefined, {
        token: agent.token,
        raw: rows.map((row) => JSON.stringify(row)).join('\n'),
        headers: { 'Content-Type': 'application/x-ndjson' },
      });
    expect((await ndjson([body])).body).toMatchObject({ created: 1, rejected: 0 });
    const before = await count();
    expect(before).toBe(7);
    const { id } = made1[0];
    const refused = [
      await as(agent, 'POST', V, wrong),
      await as(agent, 'POST', V, { ...wrong, owner: null }),
      await as(agent, 'POST', V, { ...wrong, owner: 5 }),
      await as(agent, 'POST', R, wrong),
      await as(agent, 'POST', `${R}/batch`, { records: [body, wrong] }),
      await as(agent, 'POST', `${R}/bulk`, [body, wrong]),
      await as(agent, 'POST', '/api/v1/batch', {
        operations: [
          { op: 'create', collection: name, data: body },
          { op: 'create', collection: name, data: wrong },
        ],
      }),
      await as(agent, 'PATCH', `${V}/${id}`, { owner: other.user.id }),
      await as(agent, 'PUT', `${V}/${id}`, wrong),
      await as(agent, 'PATCH', `${R}/batch`, { records: [{ id, data: { owner: other.user.id } }] }),
      await as(agent, 'POST', '/api/v1/batch', {
        operations: [{ op: 'update', collection: name, id, data: { owner: other.user.id } }],
      }),
    ];
    for (const { status, body: told, text } of refused) {
      expect([status, told.code], text).toEqual([403, 'FORBIDDEN']);
      expect(told.errors, text).toMatchObject([{ field: 'owner', code: 'check_failed' }]);
    }
    expect((await ndjson([body, wrong])).body).toMatchObject({
      rejected: 1,
      rejects: [{ line: 2, errors: [{ field: 'owner', code: 'check_failed' }] }],
    });
    expect((await as(acme, 'GET', `${V}?owner=${agent.user.id}`)).body.meta.total).toBe(await count());
  });

  it('other checks judge what is written: on create the whole row, on a change what is sent', async () => {
    const name = await made([
      { action: 'read' },
      {
        action: 'create',
        checks: [
          mine,
          { field: 'price', operator: '>', value: 10 },
          { field: 'state', operator: 'in', value: ['draft'] },
        ],
      },
      {
        action: 'update',
        checks: [
          { field: 'price', operator: 'gte', value: 10 },
          { field: 'state', operator: 'eq', value: 'draft' },
        ],
      },
    ]);
    const V = `/v1/${name}`;
    const refused = async (method: string, path: string, body: Json, field: string) => {
      const reply = await as(agent, method, path, body);
      expect([reply.status, reply.body.errors?.[0]?.field], reply.text).toEqual([403, field]);
    };
    await refused('POST', V, { price: 5, state: 'draft' }, 'price');
    await refused('POST', V, { state: 'draft' }, 'price');
    await refused('POST', V, { price: 11, state: 'live' }, 'state');
    expect((await as(agent, 'POST', V, { price: 'x', state: 'draft' })).body.code).toBe('INVALID_RESOURCE_DATA');
    const { id } = (await as(agent, 'POST', V, { price: 11, state: 'draft' })).body.data;
    await as(acme, 'PATCH', `${V}/${id}`, { price: 1, state: 'live' });
    const patched = await as(agent, 'PATCH', `${V}/${id}`, { title: 'only this' });
    expect(patched.body.data).toMatchObject({ title: 'only this', price: 1, state: 'draft' });
    await refused('PATCH', `${V}/${id}`, { price: 9 }, 'price');
    await refused('PATCH', `${V}/${id}`, { state: 'live', price: 12 }, 'state');
    await refused('PUT', `${V}/${id}`, { title: 'x', owner: agent.user.id }, 'price');
    expect((await as(agent, 'PATCH', `${V}/${id}`, {})).status).toBe(400);
    expect((await as(acme, 'PATCH', `${V}/${id}`, { price: 1 })).status).toBe(200);
  });

  it('they hold for keys, whichever permission lets the caller in, and for what the documents tell', async () => {
    const name = await made(ALL);
    const updates = [{ collection: '*', operation: 'create' }];
    expect((await root('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates })).status).toBe(200);
    const wide = await as(agent, 'POST', `/v1/${name}`, { title: 'x', owner: other.user.id });
    expect(wide.status).toBe(403);
    const rows = (await root('GET', `/api/v1/roles/${role.id}/permissions`)).body;
    await root('DELETE', `/api/v1/permissions/${rows.items.find((row: Json) => row.collection === '*').id}`);
    const kept = await t.collection({
      schema: FIELDS,
      permissions: [{ role: 'admin', action: 'create', checks: [mine] }],
    });
    const scopes = { [kept.name]: { create: '*' } };
    const { key } = (await as(acme, 'POST', '/api/v1/api-keys', { name: unique('k'), scopes })).body;
    const byKey = (body: Json) => t.call('POST', `/v1/${kept.name}`, body, { token: key });
    expect((await byKey({ title: 'k', owner: other.user.id })).status).toBe(403);
    expect((await byKey({ title: 'k' })).status).toBe(200);
    const stored = await t.app.db.query(`select title, owner from app_main.${kept.name}`, []);
    expect(stored).toEqual([{ title: 'k', owner: acme.user.id }]);
    const schema = (await as(agent, 'GET', `/v1/${name}/schema`)).body;
    expect([schema.required, Object.keys(schema.properties)]).toEqual([[], expect.arrayContaining(['owner', 'title'])]);
    const paths = (await as(agent, 'GET', `/v1/${name}/openapi.json`)).body;
    const ref = paths.paths[`/v1/${name}`].post.requestBody.content['application/json'].schema.$ref.split('/').at(-1);
    expect(paths.components.schemas[ref].required).toBeUndefined();
  });

  it('are kept, shown, explained, and may be changed in bulk', async () => {
    const name = await made(ALL);
    const { permissions } = (await root('GET', `/api/v1/collections/${name}`)).body;
    expect(permissions.find((row: Json) => row.operation === 'create')).toMatchObject({
      fields: ['title', 'price', 'state'],
      checks: [mine],
    });
    const same = await root('PATCH', `/api/v1/collections/${name}`, {
      permissions: ALL.map((one) => ({ role: role.name, ...one })),
    });
    expect(same.body.permissions).toEqual(permissions);
    const explained = (
      await root('POST', '/api/v1/rules/explain', { collection: name, operation: 'update', user_id: agent.user.id })
    ).body;
    expect(JSON.stringify(explained)).toContain('owner = @request.auth.id');
    expect(JSON.stringify(explained)).toContain('"operator":"gte"');
    const updates = [
      {
        collection: name,
        operation: 'read',
        rule: 'price > 1 || price is null',
        filters: [
          { field: 'title', operator: '=', value: "it's" },
          { field: 'owner', operator: 'in', value: [agent.user.id] },
        ],
      },
    ];
    expect((await root('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates })).status).toBe(200);
    const rows = (await root('GET', `/api/v1/roles/${role.id}/permissions`)).body;
    expect(rows.permissions[name].read).toEqual({
      rule: 'price > 1 || price is null',
      fields: '*',
      filters: [
        { field: 'title', operator: 'eq', value: "it's" },
        { field: 'owner', operator: 'in', value: [agent.user.id] },
      ],
    });
    for (const [title, price] of [
      ["it's", 2],
      ["it's", 1],
      ["it's", null],
      ['its', 2],
    ])
      await as(agent, 'POST', `/v1/${name}`, { title, price });
    const found = (await as(agent, 'GET', `/v1/${name}?sort=price`)).body.data;
    expect(found.map(({ title, price }: Json) => [title, price])).toEqual([
      ["it's", 2],
      ["it's", null],
    ]);
  });

  it('names every mistake by its place and stores nothing', async () => {
    const bad: [Json, string, string][] = [
      [
        { action: 'read', filters: [mine, { field: 'nope', operator: 'eq', value: 1 }] },
        'filters.1.field',
        'unknown_field',
      ],
      [
        { action: 'read', filters: [{ field: 'price', operator: 'neqq', value: 1 }] },
        'filters.0.operator',
        'unknown_operator',
      ],
      [{ action: 'read', filters: [mine, { ...mine, claim: 'shoe_size' }] }, 'filters.1.claim', 'unknown_claim'],
      [{ action: 'read', filters: [{ ...mine, claim: 'email' }] }, 'filters.0.claim', 'claim_of_other_type'],
      [
        { action: 'read', filters: [{ field: mine.field, operator: 'is_null', value: 'a' }] },
        'filters.0.value',
        'not_expected',
      ],
      [
        { action: 'read', filters: [{ field: 'owner', operator: '=', value: '$user.shoe' }] },
        'filters.0.value',
        'unknown_claim',
      ],
      [{ action: 'read', filters: [{ ...mine, value: 'x' }] }, 'filters.0.claim', 'value_or_claim'],
      [{ action: 'read', filters: [{ field: 'price', operator: 'eq' }] }, 'filters.0.value', 'value_or_claim'],
      [
        { action: 'read', filters: [{ field: 'price', operator: 'eq', value: [1] }] },
        'filters.0.value',
        'one_expected',
      ],
      [{ action: 'read', filters: [{ field: 'price', operator: 'in', value: 1 }] }, 'filters.0.value', 'list_expected'],
      [
        { action: 'read', filters: [{ field: 'title', operator: 'is_null', claim: 'id' }] },
        'filters.0.claim',
        'not_expected',
      ],
      [
        { action: 'read', filters: [{ field: 'owner = owner or title', operator: 'eq', value: 'x' }] },
        'filters.0.field',
        'unknown_field',
      ],
      [{ action: 'read', rule: 'price >', filters: [mine] }, 'rule', 'syntax'],
      [{ action: 'read', rule: '', filters: [mine] }, 'rule', 'required'],
      [
        {
          action: 'read',
          rule: `title = '${'x'.repeat(4000)}'`,
          filters: [
            { ...mine, claim: undefined, value: '0198c0de-7a11-7000-8000-3b2f5c0ffee1' },
            { field: 'title', operator: 'neq', value: 'y'.repeat(200) },
          ],
        },
        'filters',
        'bound_exceeded',
      ],
      [{ action: 'create', filters: [mine] }, 'filters', 'not_for_create'],
      [{ action: 'read', checks: [mine] }, 'checks', 'only_for_writes'],
      [{ action: 'create', checks: [{ ...mine, field: 'created_by' }] }, 'checks.0.field', 'not_writable'],
      [
        { action: 'create', checks: [{ field: 'state', operator: 'eq', value: 'sold' }] },
        'checks.0.value',
        'invalid_value',
      ],
      [{ action: 'create', checks: [mine, mine] }, 'checks.1.field', 'duplicate'],
    ];
    for (const [permission, place, code] of bad) {
      const name = unique('bad_');
      const permissions = [{ role: role.name, ...permission }];
      const { status, body } = await root('POST', '/api/v1/collections', { name, schema: FIELDS, permissions });
      expect([place, status, body.errors?.[0]?.field, body.errors?.[0]?.code]).toEqual([
        place,
        400,
        `permissions.0.${place}`,
        code,
      ]);
      expect((await root('GET', `/api/v1/collections/${name}`)).status).toBe(404);
    }
    for (const [part, code] of [
      ['value', 'x'],
      ['claim', 'email'],
    ] as const) {
      const name = unique('bad_');
      const permissions = [
        { role: role.name, action: 'read', filters: [{ field: 'price', operator: 'gt', [part]: code }] },
      ];
      const { status, body } = await root('POST', '/api/v1/collections', { name, schema: FIELDS, permissions });
      expect([status, body.errors[0].field]).toEqual([400, `permissions.0.filters.0.${part}`]);
    }
    const updates = [{ collection: '*', operation: 'create', checks: [mine] }];
    const bulk = await root('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates });
    expect([bulk.status, bulk.body.errors[0]]).toMatchObject([
      400,
      { field: 'updates.0.checks', code: 'one_collection', index: 0 },
    ]);
  });

  it('a field that a filter or a check names cannot go', async () => {
    const name = await made([
      { action: 'create', checks: [mine] },
      { action: 'read', filters: [{ field: 'state', operator: 'eq', value: 'live' }] },
    ]);
    for (const gone of ['owner', 'state']) {
      const schema = FIELDS.filter((field) => field.name !== gone);
      const { status, body, text } = await root('PUT', `/api/v1/collections/${name}`, { schema });
      expect([gone, status, body.errors?.[0]?.field], text).toEqual([gone, 400, 'schema']);
      expect(text).toContain(role.name);
    }
  });

  it('anonymous callers have no claims', async () => {
    const name = (
      await t.collection({
        schema: FIELDS,
        permissions: [
          { role: 'public', action: 'read', filters: [{ field: 'state', operator: 'eq', value: 'live' }] },
          { role: 'public', action: 'create', checks: [mine] },
        ],
      })
    ).name as string;
    const owner = acme.user.id;
    for (const state of ['live', 'draft']) await as(acme, 'POST', `/v1/${name}`, { title: state, state, owner });
    const headers = { 'X-Account-ID': acme.account.slug };
    const seen = await t.call('GET', `/v1/${name}`, undefined, { headers });
    expect(seen.body.data.map(({ title }: Json) => title)).toEqual(['live']);
    const post = await t.call('POST', `/v1/${name}`, { title: 'x' }, { headers });
    expect([post.status, post.body.errors[0].field]).toEqual([403, 'owner']);
  });
});

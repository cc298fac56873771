// Tools over MCP with a stock client: the six verbs, rights, scopes, accounts, errors as over REST.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { openStream } from '../helpers/stream.ts';
import { type Agent, agent } from './agent.ts';

const DEALS = [
  { name: 'title', type: 'text', required: true, max_length: 50, description: 'What it is about.' },
  { name: 'amount', type: 'number', min: 0 },
  { name: 'stage', type: 'enum', enum: ['lead', 'won'], default: 'lead' },
  { name: 'secret', type: 'text' },
  { name: 'email', type: 'email', pii: true, mask_type: 'email' },
  { name: 'tags', type: 'text[]' },
];
const VERBS = ['query', 'get', 'create', 'update', 'delete', 'bulk_create'];

describe.runIf(available)('mcp tools', () => {
  let t: TestApp;
  let acme: Tenant;
  let other: Tenant;
  let deals: string;
  let admin: Agent;

  /** A role with permissions on the collection, and a user of it. */
  const user = async (permissions: readonly Json[], account = acme.account.id) => {
    const role = (await t.call('POST', '/api/v1/roles', { name: unique('role_') }, { token: t.root })).body;
    const updates = permissions.map((one) => ({ collection: deals, ...one }));
    const set = await t.call('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates }, { token: t.root });
    expect(set.body).toMatchObject({ failure_count: 0 });
    return t.member(account, role.id);
  };
  const rest = (token: string, method: string, path = '', body?: Json) =>
    t.call(method, `/api/v1/records/${deals}${path}`, body, { token });
  const own = (names: readonly string[]) => names.filter((name) => name.startsWith(`${deals}_`));

  beforeAll(async () => {
    t = await startApp();
    [acme, other] = [await t.tenant('Acme'), await t.tenant('Other')];
    deals = (await t.collection({ schema: DEALS, description: 'Deals in the pipeline.' })).name;
    admin = await agent(t.url, acme.token);
  });

  it('S004-108 initializes, pings, and says what it can do', async () => {
    expect(admin.client.getServerVersion()).toMatchObject({ name: 'snackbase' });
    expect(admin.client.getServerCapabilities()).toEqual({
      tools: { listChanged: true },
      resources: { listChanged: true },
    });
    expect(admin.client.getInstructions()).toContain('_query');
    await admin.client.ping();
    const short = await agent(t.url, acme.token, { path: '/mcp' });
    expect(await short.names()).toEqual(await admin.names());
    await short.close();
  });

  it('S004-03 S004-110 lists six tools a collection, described and typed by its fields', async () => {
    const tools = (await admin.tools()).filter(({ name }) => name.startsWith(`${deals}_`));
    expect(tools.map(({ name }) => name)).toEqual(VERBS.map((verb) => `${deals}_${verb}`));
    const [query, get, create, update, remove, bulk] = tools as [Json, Json, Json, Json, Json, Json];
    const schema = (await rest(acme.token, 'GET', '/schema')).body;
    const { data } = create.inputSchema.properties;
    expect(Object.keys(data.properties)).toEqual(DEALS.map(({ name }) => name));
    for (const { name } of DEALS.filter(({ name }) => name !== 'email'))
      expect(data.properties[name]).toEqual(schema.properties[name]);
    expect(data.required).toEqual(schema.required);
    expect(data.additionalProperties).toBe(false);
    expect(create.inputSchema.required).toEqual(['data']);
    expect(update.inputSchema.properties.data.required).toBeUndefined();
    expect(update.inputSchema.required).toEqual(['id', 'data']);
    expect(get.inputSchema.required).toEqual(['id']);
    expect(bulk.inputSchema.properties.records).toMatchObject({ maxItems: 1000, items: data });
    expect(Object.keys(query.inputSchema.properties)).toEqual([
      'where',
      'orderBy',
      'order',
      'limit',
      'offset',
      'fields',
      'linked',
    ]);
    expect(query.description).toContain('Deals in the pipeline.');
    expect(query.description).toContain('title (text: What it is about.)');
    expect(
      [query, get, create, update, remove].map(({ annotations: a }) => [a.readOnlyHint, a.destructiveHint]),
    ).toEqual([
      [true, false],
      [true, false],
      [false, false],
      [false, true],
      [false, true],
    ]);
  });

  it('S004-04 S004-110 all six verbs work on the data that REST shows', async () => {
    const made = await admin.call(`${deals}_create`, { data: { title: 'One', amount: 5, tags: ['a'] } });
    expect(made).toMatchObject({ failed: false, value: { title: 'One', amount: 5, stage: 'lead' } });
    const { id } = made.value;
    expect((await rest(acme.token, 'GET', `/${id}`)).body).toEqual(made.value);
    const changed = await admin.call(`${deals}_update`, { id, data: { amount: 7 } });
    expect(changed.value).toMatchObject({ id, title: 'One', amount: 7 });
    expect((await admin.call(`${deals}_get`, { id })).value).toEqual((await rest(acme.token, 'GET', `/${id}`)).body);
    expect(Object.keys((await admin.call(`${deals}_get`, { id, fields: ['title'] })).value).sort()).toEqual([
      'id',
      'title',
    ]);
    const records = [
      { title: 'Two', amount: 1, stage: 'won' },
      { title: 'Three', amount: 9 },
    ];
    const bulk = await admin.call(`${deals}_bulk_create`, { records });
    expect(bulk.value).toMatchObject({ count: 2, created: records });
    const viaRest = (await rest(acme.token, 'POST', '', { title: 'By REST', amount: 3 })).body;
    const where = { $or: [{ stage: 'won' }, { amount: { $gte: 3 } }] };
    const found = await admin.call(`${deals}_query`, { where, orderBy: 'amount', order: 'asc', limit: 3, offset: 1 });
    expect(found.value.total).toBe(4);
    expect(found.value.data.map(({ title }: Json) => title)).toEqual(['By REST', 'One', 'Three']);
    const newest = await admin.call(`${deals}_query`, { fields: 'title', limit: 1 });
    expect(newest.value).toEqual({ data: [{ id: viaRest.id, title: 'By REST' }], total: 4 });
    const oldest = await admin.call(`${deals}_query`, { order: 'asc', limit: 1 });
    expect(oldest.value.data[0].id).toBe(id);
    const signed = await admin.call(`${deals}_query`, { orderBy: ['+stage', 'amount'], fields: ['title'] });
    expect(signed.value.data.map(({ title }: Json) => title)).toEqual(['Three', 'One', 'By REST', 'Two']);
    expect((await admin.call(`${deals}_delete`, { id })).value).toEqual({ id, deleted: true });
    expect((await rest(acme.token, 'GET', `/${id}`)).status).toBe(404);
    const trail = await t.call('GET', `/api/v1/audit-logs?record_id=${id}&limit=100`, undefined, { token: acme.token });
    const entries = trail.body.items;
    expect(new Set(entries.map(({ operation }: Json) => operation))).toEqual(new Set(['CREATE', 'UPDATE', 'DELETE']));
    expect(
      entries.every(({ user_id }: Json) => user_id === acme.user.id),
      JSON.stringify(entries[0]),
    ).toBe(true);
  });

  it('S004-110 errors carry the code and findings of REST', async () => {
    const id = (await rest(acme.token, 'POST', '', { title: 'Errors' })).body.id;
    const missing = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';
    const bad = { title: 'x'.repeat(60), amount: -1, stage: 'lost', nothing: 1 };
    const pairs: [string, Json, string, string, Json?][] = [
      ['create', { data: bad }, 'POST', '', bad],
      ['create', { data: {} }, 'POST', '', {}],
      ['create', { data: { title: 7 } }, 'POST', '', { title: 7 }],
      ['bulk_create', { records: [{ title: 'a' }, bad] }, 'POST', '/batch', { records: [{ title: 'a' }, bad] }],
      ['bulk_create', { records: [] }, 'POST', '/batch', { records: [] }],
      ['update', { id, data: { amount: 'much' } }, 'PATCH', `/${id}`, { amount: 'much' }],
      ['update', { id: missing, data: { amount: 1 } }, 'PATCH', `/${missing}`, { amount: 1 }],
      ['get', { id: missing }, 'GET', `/${missing}`],
      ['get', { id: 'no-id' }, 'GET', '/no-id'],
      ['get', { id, fields: 'none' }, 'GET', `/${id}?fields=none`],
      ['delete', { id: missing }, 'DELETE', `/${missing}`],
      ['query', { where: { none: 1 } }, 'POST', '/query', { where: { none: 1 } }],
      ['query', { where: { amount: { $near: 1 } } }, 'POST', '/query', { where: { amount: { $near: 1 } } }],
      ['query', { where: { amount: 'much' } }, 'POST', '/query', { where: { amount: 'much' } }],
      ['query', { orderBy: 'none' }, 'POST', '/query', { orderBy: 'none', order: 'desc' }],
    ];
    for (const [verb, args, method, path, body] of pairs) {
      const { failed, value } = await admin.call(`${deals}_${verb}`, args);
      const reply = await rest(acme.token, method, path, body);
      const label = `${verb} ${JSON.stringify(args)} → ${JSON.stringify(value)}`;
      expect(failed, label).toBe(true);
      const { request_id: _, ...said } = value;
      const { request_id: __, ...expected } = reply.body;
      expect(reply.status, label).toBeGreaterThanOrEqual(400);
      expect(said, label).toEqual(expected);
    }
  });

  it('arguments of wrong types are told by name', async () => {
    const cases: [string, Json, string][] = [
      ['query', { where: 'a' }, 'where'],
      ['query', { limit: '5' }, 'limit'],
      ['query', { order: 'up' }, 'order'],
      ['query', { whre: {} }, 'whre'],
      ['get', {}, 'id'],
      ['get', { id: 5 }, 'id'],
      ['create', {}, 'data'],
      ['create', { data: [] }, 'data'],
      ['create', { title: 'flat' }, 'title'],
      ['update', { id: 'x' }, 'data'],
      ['delete', { ids: ['x'] }, 'ids'],
      ['bulk_create', { records: {} }, 'records'],
      ['bulk_create', { records: [1] }, 'records.0'],
    ];
    for (const [verb, args, field] of cases) {
      const { failed, value } = await admin.call(`${deals}_${verb}`, args);
      const code = verb === 'query' || verb === 'get' ? 'INVALID_QUERY_PARAMS' : 'INVALID_RESOURCE_DATA';
      expect([failed, value.code], JSON.stringify(value)).toEqual([true, code]);
      expect(value.errors.map((one: Json) => one.field)).toContain(field);
    }
    const { value } = await admin.call(`${deals}_query`, { limit: '5' });
    expect(value.errors[0]).toMatchObject({ field: 'limit', expected: 'number', received: '"5"' });
  });

  it('S004-04 what a tool changes reaches the streams', async () => {
    const stream = await openStream(`${t.url}/api/v1/records/${deals}/stream`, {
      Authorization: `Bearer ${acme.token}`,
    });
    const { id } = (await admin.call(`${deals}_create`, { data: { title: 'Live' } })).value;
    await admin.call(`${deals}_update`, { id, data: { amount: 4 } });
    await admin.call(`${deals}_delete`, { id });
    const events = await stream.take(3);
    expect(events.map(({ event, data }) => [event, data.record_id])).toEqual(
      ['created', 'updated', 'deleted'].map((type) => [`${deals}.${type}`, id]),
    );
    stream.close();
  });

  it('what is out of range is brought into it, and the largest page is answered', async () => {
    for (const args of [{ limit: 0 }, { limit: 1001 }, { offset: -1 }])
      expect((await admin.call(`${deals}_query`, args)).failed).toBe(false);
    const records = Array.from({ length: 1000 }, (_, i) => ({ title: `many ${i}` }));
    expect((await admin.call(`${deals}_bulk_create`, { records })).value.count).toBe(1000);
    const where = { title: { $like: 'many %' } };
    expect((await admin.call(`${deals}_query`, { where, limit: 1000 })).value.data).toHaveLength(1000);
    expect((await admin.call(`${deals}_query`, { where })).value).toMatchObject({ total: 1000, data: { length: 100 } });
    const over = await admin.call(`${deals}_bulk_create`, { records: [...records, { title: 'one more' }] });
    expect(over.value.code).toBe('INVALID_RESOURCE_DATA');
  });

  it('S004-05 S004-109 who may only read sees the reading tools, and writing is refused with nothing written', async () => {
    const reader = await user([{ operation: 'read', fields: ['title', 'stage', 'email'], rule: 'stage = "won"' }]);
    const eve = await agent(t.url, reader.token);
    expect(own(await eve.names())).toEqual([`${deals}_query`, `${deals}_get`]);
    const [tool] = (await eve.tools()).filter(({ name }) => name === `${deals}_query`) as Json[];
    expect(JSON.stringify(tool)).not.toContain('secret');
    const won = (
      await rest(acme.token, 'POST', '', { title: 'W', stage: 'won', secret: 's', email: 'ada@example.com' })
    ).body;
    const lead = (await rest(acme.token, 'POST', '', { title: 'L' })).body;
    const { value } = await eve.call(`${deals}_query`, { where: { title: { $in: ['W', 'L'] } } });
    expect(value.total).toBe(1);
    expect(value.data[0]).toMatchObject({ id: won.id, title: 'W', stage: 'won' });
    expect(value.data[0]).not.toHaveProperty('secret');
    expect(value.data[0].email).not.toBe('ada@example.com');
    expect((await eve.call(`${deals}_query`, { where: { secret: 's' } })).value.code).toBe('INVALID_FIELDS');
    expect((await eve.call(`${deals}_get`, { id: lead.id })).value.code).toBe('RESOURCE_NOT_FOUND');
    const before = (await rest(acme.token, 'GET', '?limit=100&sort=id')).body;
    for (const [verb, args] of [
      ['create', { data: { title: 'no' } }],
      ['create', { nonsense: true }],
      ['update', { id: won.id, data: { title: 'no' } }],
      ['delete', { id: won.id }],
      ['bulk_create', { records: [{ title: 'no' }] }],
    ] as const)
      expect(await eve.call(`${deals}_${verb}`, args)).toMatchObject({ failed: true, value: { code: 'FORBIDDEN' } });
    expect((await rest(acme.token, 'GET', '?limit=100&sort=id')).body).toEqual(before);
  });

  it('S004-109 only fields that may be written stand in a tool, and rules judge what is written', async () => {
    const writer = await user([
      { operation: 'create', fields: ['title', 'amount'], rule: 'amount < 10' },
      { operation: 'update', fields: ['amount'], rule: '@owns_record()' },
    ]);
    const bob = await agent(t.url, writer.token);
    expect(own(await bob.names())).toEqual([`${deals}_create`, `${deals}_update`, `${deals}_bulk_create`]);
    const tools = Object.fromEntries((await bob.tools()).map((tool) => [tool.name, tool.inputSchema as Json]));
    expect(Object.keys(tools[`${deals}_create`].properties.data.properties)).toEqual(['title', 'amount']);
    expect(Object.keys(tools[`${deals}_update`].properties.data.properties)).toEqual(['amount']);
    const made = await bob.call(`${deals}_create`, { data: { title: 'B', amount: 1 } });
    expect(Object.keys(made.value).sort()).toEqual(['amount', 'id', 'title']);
    expect((await bob.call(`${deals}_create`, { data: { title: 'B', amount: 11 } })).value.code).toBe('FORBIDDEN');
    expect((await bob.call(`${deals}_create`, { data: { title: 'B', secret: 'x' } })).value.code).toBe(
      'INVALID_FIELDS',
    );
    expect((await bob.call(`${deals}_update`, { id: made.value.id, data: { amount: 2 } })).failed).toBe(false);
    const others = (await rest(acme.token, 'POST', '', { title: 'Not his' })).body;
    const refused = await bob.call(`${deals}_update`, { id: others.id, data: { amount: 2 } });
    expect(refused.value.code).toBe('RESOURCE_NOT_FOUND');
  });

  it('S000-28 no tool shows or changes a record of another account', async () => {
    const secret = unique('marker-');
    const theirs = (await rest(other.token, 'POST', '', { title: secret, amount: 1 })).body;
    const strangers = [
      admin,
      await agent(t.url, acme.token, { headers: { 'X-Account-ID': other.account.id } }),
      await agent(t.url, (await t.member(acme.account.id)).token),
    ];
    for (const stranger of strangers) {
      const calls: [string, Json][] = [
        ['query', {}],
        ['query', { where: { title: secret } }],
        ['query', { where: { account_id: other.account.id }, limit: 1000 }],
        ['query', { where: { id: theirs.id } }],
        ['get', { id: theirs.id }],
        ['update', { id: theirs.id, data: { title: 'stolen' } }],
        ['delete', { id: theirs.id }],
        ['create', { data: { title: 'planted', account_id: other.account.id } }],
        ['bulk_create', { records: [{ title: 'planted', account_id: other.account.id }] }],
      ];
      for (const [verb, args] of calls) {
        const { failed, value } = await stranger.call(`${deals}_${verb}`, args);
        const label = `${verb} → ${JSON.stringify(value)}`;
        if (!JSON.stringify(args).includes(secret)) expect(JSON.stringify(value).includes(secret), label).toBe(false);
        if (verb === 'query' && !failed && args.where !== undefined) expect(value.total, label).toBe(0);
        if ('id' in args) expect([failed, value.code][0], label).toBe(true);
      }
    }
    expect((await rest(other.token, 'GET', '?limit=100')).body).toMatchObject({ total: 1, items: [theirs] });
  });

  it('S004-109 an API key calls what its scopes allow', async () => {
    const scopes = { [deals]: { read: ['title'], create: '*' } };
    const made = await t.call('POST', '/api/v1/api-keys', { name: unique('agent'), scopes }, { token: acme.token });
    const robot = await agent(t.url, null, { headers: { 'X-API-Key': made.body.key } });
    const bearer = await agent(t.url, made.body.key);
    for (const one of [robot, bearer])
      expect(own(await one.names())).toEqual(
        ['query', 'get', 'create', 'bulk_create'].map((verb) => `${deals}_${verb}`),
      );
    const { value } = await robot.call(`${deals}_create`, { data: { title: 'By key', secret: 'x' } });
    expect(value).toMatchObject({ title: 'By key' });
    const listed = await robot.call(`${deals}_query`, { where: { id: value.id } });
    expect(listed.value.data[0]).not.toHaveProperty('secret');
    for (const [verb, args] of [
      ['update', { id: value.id, data: { title: 'x' } }],
      ['delete', { id: value.id }],
    ] as const)
      expect((await robot.call(`${deals}_${verb}`, args)).value.code).toBe('KEY_PERMISSION_DENIED');
    await t.call('DELETE', `/api/v1/api-keys/${made.body.id}`, undefined, { token: acme.token });
    await expect(robot.names()).rejects.toThrow(/UNAUTHORIZED/);
  });

  it('S004-109 an admin token reads and deletes, and a superadmin names the account', async () => {
    const made = await t.call('POST', '/api/v1/admin/api-keys', { name: unique('ops') }, { token: t.root });
    expect(made.status, made.text).toBe(201);
    const ops = await agent(t.url, made.body.key ?? made.body.token);
    expect(own(await ops.names())).toEqual(['query', 'get', 'delete'].map((verb) => `${deals}_${verb}`));
    const record = (await rest(other.token, 'POST', '', { title: 'For ops' })).body;
    expect((await ops.call(`${deals}_get`, { id: record.id })).value.title).toBe('For ops');
    for (const [verb, args] of [
      ['create', { data: { title: 'x', account_id: other.account.id } }],
      ['update', { id: record.id, data: { title: 'x' } }],
      ['bulk_create', { records: [{ title: 'x' }] }],
    ] as const)
      expect((await ops.call(`${deals}_${verb}`, args)).value.code).toBe('ADMIN_TOKEN_NOT_ALLOWED');
    expect((await ops.call(`${deals}_delete`, { id: record.id })).failed).toBe(false);

    const root = await agent(t.url, t.root);
    const [create] = (await root.tools()).filter(({ name }) => name === `${deals}_create`) as Json[];
    expect(create.inputSchema.properties.data.required).toEqual(['title', 'account_id']);
    expect((await root.call(`${deals}_create`, { data: { title: 'Whose?' } })).value.code).toBe('ACCOUNT_REQUIRED');
    const given = await root.call(`${deals}_create`, { data: { title: 'Theirs', account_id: other.account.id } });
    expect(given.value.account_id).toBe(other.account.id);
    const inside = await agent(t.url, t.root, { headers: { 'X-Account-ID': acme.account.slug } });
    const [bound] = (await inside.tools()).filter(({ name }) => name === `${deals}_create`) as Json[];
    expect(bound.inputSchema.properties.data.required).toEqual(['title']);
    expect((await inside.call(`${deals}_create`, { data: { title: 'Ours' } })).value.account_id).toBe(acme.account.id);
    expect((await inside.call(`${deals}_get`, { id: given.value.id })).value.code).toBe('RESOURCE_NOT_FOUND');
  });

  it('S004-05 a disabled collection has no tools, and its old names answer as REST does', async () => {
    const { name, id } = await t.collection({ schema: DEALS });
    expect(await admin.names()).toContain(`${name}_query`);
    await t.call('PUT', `/api/v1/collections/${id}`, { enabled: false }, { token: t.root });
    expect(await admin.names()).not.toContain(`${name}_query`);
    expect((await admin.call(`${name}_query`)).value.code).toBe('RESOURCE_DISABLED');
    await t.call('DELETE', `/api/v1/collections/${id}`, undefined, { token: t.root });
    await expect(admin.call(`${name}_query`)).rejects.toMatchObject({ code: -32602 });
    await expect(admin.call('no_such_tool')).rejects.toThrow(/There is no tool no_such_tool/);
  });
});

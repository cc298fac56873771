// Many collections and odd names: pages of tools, long names and names that meet, documents as resources.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { agent, until } from './agent.ts';

const SCHEMA = [{ name: 'title', type: 'text', required: true }];

describe.runIf(available)('mcp with many collections', () => {
  let t: TestApp;
  let acme: Tenant;
  const name = (i: number) => `bin_${String(i).padStart(3, '0')}`;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    for (let i = 0; i < 200; i++) await t.collection({ name: name(i), schema: SCHEMA });
  }, 180_000);

  it('1200 tools come in pages, each tool once', async () => {
    const admin = await agent(t.url, acme.token);
    const first = await admin.client.listTools();
    expect(first.tools).toHaveLength(300);
    const started = performance.now();
    const names = await admin.names();
    console.log(`mcp: ${names.length} tools in ${Math.round(performance.now() - started)} ms`);
    expect(names).toHaveLength(1200);
    expect(new Set(names).size).toBe(1200);
    expect(names[0]).toBe('bin_000_query');
    expect(names.at(-1)).toBe('bin_199_bulk_create');
    // A page begins behind the last one also when that one is gone.
    await t.call('DELETE', `/api/v1/collections/${name(49)}`, undefined, { token: t.root });
    const second = await admin.client.listTools({ cursor: first.nextCursor as string });
    expect(second.tools[0]?.name).toBe('bin_050_query');
    const none = await agent(t.url, (await t.member(acme.account.id)).token);
    expect(await none.names()).toEqual([]);
  });

  it('a list that asks for the same long answer again and again gets a bounded reply', async () => {
    for (const [method, params] of [
      ['tools/list', {}],
      ['resources/read', { uri: 'snackbase://openapi.json' }],
    ] as const) {
      const batch = Array.from({ length: 50 }, (_, id) => ({ jsonrpc: '2.0', id, method, params }));
      const before = process.memoryUsage().rss;
      const { status, body, text } = await t.call('POST', '/mcp', batch, { token: acme.token });
      expect([status, body.length]).toEqual([200, 50]);
      const answered = body.filter((one: Json) => one.result !== undefined).length;
      console.log(
        `mcp: 50 × ${method}: ${answered} answered, ${text.length} characters, RSS ${Math.round(before / 1e6)} → ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
      );
      expect(answered).toBeGreaterThan(0);
      expect(answered).toBeLessThan(50);
      expect(text.length).toBeLessThan(method === 'tools/list' ? 9_000_000 : 40_000_000);
      expect(body.at(-1)).toMatchObject({ id: 49, error: { code: -32000, data: { code: 'LIMIT_REACHED' } } });
    }
  });

  it('long names and names that meet are called under the name they are listed by', async () => {
    const long = 'l'.repeat(90);
    for (const one of [long, `${long}2`, 'orders', 'orders_bulk']) await t.collection({ name: one, schema: SCHEMA });
    const admin = await agent(t.url, acme.token);
    const tools = (await admin.tools()).filter((tool) => /^(l{20}|orders)/.test(tool.name));
    expect(tools).toHaveLength(24);
    for (const tool of tools) expect(tool.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    for (const one of [long, `${long}2`, 'orders', 'orders_bulk']) {
      const of = (verb: string) => tools.find(({ title }) => title === `${one}: ${verb}`)?.name as string;
      const made = await admin.call(of('create'), { data: { title: one } });
      expect(made.failed, JSON.stringify(made.value)).toBe(false);
      await admin.call(of('bulk create'), { records: [{ title: one }] });
      expect((await admin.call(of('query'), {})).value).toMatchObject({
        total: 2,
        data: [{ title: one }, { title: one }],
      });
    }
    await expect(admin.call('orders_bulk_create', { records: [] })).rejects.toMatchObject({ code: -32602 });
  });

  it('S004-03 entities of other apps carry the name of their app, and meet nothing of main', async () => {
    const { id } = await t.collection({ name: 'contacts', schema: SCHEMA });
    const { db } = t.app;
    await db.query('create schema if not exists app_crm', []);
    await db.query('alter table app_main.contacts set schema app_crm', []);
    await db.query("update snackbase.collections set app = 'crm' where id = $1", [id]);
    for (const changed of ['main.contacts', 'crm.contacts']) await db.notify('snackbase_schema', changed);
    const admin = await agent(t.url, acme.token);
    await until(async () => (await admin.names()).includes('crm_contacts_query'), 'the tools of the app');
    const names = (await admin.names()).filter((one) => one.includes('contacts'));
    expect(names).toEqual(
      ['query', 'get', 'create', 'update', 'delete', 'bulk_create'].map((verb) => `crm_contacts_${verb}`),
    );
    const made = await admin.call('crm_contacts_create', { data: { title: 'Ada' } });
    expect(made.failed, JSON.stringify(made.value)).toBe(false);
    const found = await admin.call('crm_contacts_query', { where: { id: made.value.id } });
    expect(found.value).toEqual({ data: [made.value], total: 1 });
    const shown = await t.call('GET', `/api/v1/records/crm.contacts/${made.value.id}`, undefined, {
      token: acme.token,
    });
    expect(shown.body).toEqual(made.value);
    const { contents } = await admin.client.readResource({ uri: 'snackbase://collections/crm.contacts/schema' });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ title: 'crm.contacts' });
    // A collection of main by the same name of a tool: neither keeps it.
    await t.collection({ name: 'crm_contacts', schema: SCHEMA });
    await until(async () => !(await admin.names()).includes('crm_contacts_query'), 'names that do not meet');
    const both = (await admin.tools()).filter(({ title }) => /contacts: create$/.test(title as string));
    expect(both.map(({ title }) => title)).toEqual(['crm.contacts: create', 'crm_contacts: create']);
    const [ofCrm, ofMain] = both.map(({ name: one }) => one) as [string, string];
    await admin.call(ofMain, { data: { title: 'main' } });
    await admin.call(ofCrm, { data: { title: 'crm' } });
    const titles = async (collection: string) =>
      (
        await t.call('GET', `/api/v1/records/${collection}?sort=title`, undefined, { token: acme.token })
      ).body.items.map(({ title }: Json) => title);
    expect([await titles('crm.contacts'), await titles('crm_contacts')]).toEqual([['Ada', 'crm'], ['main']]);
  });

  it('documents are resources, as far as they are open', async () => {
    const admin = await agent(t.url, acme.token);
    const first = await admin.client.listResources();
    expect(first.resources[0]?.uri).toBe('snackbase://openapi.json');
    const uris: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await admin.client.listResources(cursor === undefined ? {} : { cursor });
      uris.push(...page.resources.map(({ uri }) => uri));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(uris).size).toBe(uris.length);
    expect(uris).toContain('snackbase://collections/bin_120/schema');
    const read = async (uri: string, one = admin) => {
      const { contents } = await one.client.readResource({ uri });
      return JSON.parse((contents[0] as { text: string }).text) as Json;
    };
    const rest = async (path: string) => (await t.call('GET', path, undefined, { token: acme.token })).body;
    expect(await read('snackbase://openapi.json')).toEqual(await rest('/openapi.json'));
    expect(await read('snackbase://collections/bin_001/schema')).toEqual(await rest('/api/v1/records/bin_001/schema'));
    expect(await read('snackbase://collections/bin_001/openapi.json')).toEqual(
      await rest('/api/v1/records/bin_001/openapi.json'),
    );
    const { resourceTemplates } = await admin.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'snackbase://collections/{name}/openapi.json',
      'snackbase://collections/{name}/schema',
    ]);
    for (const uri of [
      'snackbase://nothing',
      'file:///etc/passwd',
      'snackbase://collections/none/schema',
      'snackbase://collections/%E0/schema',
    ])
      await expect(read(uri), uri).rejects.toMatchObject({ code: -32002 });
    const none = await agent(t.url, (await t.member(acme.account.id)).token);
    expect((await none.client.listResources()).resources.map(({ uri }) => uri)).toEqual(['snackbase://openapi.json']);
    for (const kind of ['schema', 'openapi.json'])
      await expect(read(`snackbase://collections/bin_001/${kind}`, none)).rejects.toMatchObject({
        code: -32000,
        data: { code: 'FORBIDDEN' },
      });
    expect((await read('snackbase://openapi.json', none))['x-collections']).toEqual([]);
  });
});

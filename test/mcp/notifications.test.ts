// What an agent is shown follows the collections and his rights: told while he listens, and on coming again.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { agent, until } from './agent.ts';

const SCHEMA = [{ name: 'title', type: 'text', required: true }];

describe.runIf(available)('mcp notifications', () => {
  let t: TestApp;
  let acme: Tenant;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
  });
  const root = (method: string, path: string, body?: Json) => t.call(method, path, body, { token: t.root });

  it('S004-107 tools of a new collection appear without restart, those of a removed one vanish, and a listener is told', async () => {
    const admin = await agent(t.url, acme.token);
    await listening(admin);
    const { id, name } = await t.collection({ schema: SCHEMA });
    await until(() => admin.changes.tools === 1 && admin.changes.resources === 1, 'told of the new collection');
    expect(await admin.names()).toContain(`${name}_query`);
    await root('PATCH', `/api/v1/collections/${id}`, { schema: [...SCHEMA, { name: 'rank', type: 'number' }] });
    await until(() => admin.changes.tools === 2, 'told of the new field');
    expect(admin.changes.resources).toBe(1);
    const [create] = (await admin.tools()).filter((tool) => tool.name === `${name}_create`) as Json[];
    expect(create.inputSchema.properties.data.properties.rank).toBeDefined();
    await root('DELETE', `/api/v1/collections/${id}`);
    await until(() => admin.changes.tools === 3 && admin.changes.resources === 2, 'told of the removal');
    expect(await admin.names()).not.toContain(`${name}_query`);
    await admin.close();
  });

  it('S004-107 a permission that is given or taken changes the tools of its users, and of nobody else', async () => {
    const { name } = await t.collection({ schema: SCHEMA });
    const role = (await root('POST', '/api/v1/roles', { name: unique('role_') })).body;
    const member = await t.member(acme.account.id, role.id);
    const [bob, admin] = [await agent(t.url, member.token), await agent(t.url, acme.token)];
    await listening(admin);
    await listening(bob);
    admin.changes.tools = 0;
    expect(await bob.names()).not.toContain(`${name}_query`);
    const updates = [{ collection: name, operation: 'read' }];
    const given = await root('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates });
    await until(() => bob.changes.tools === 1, 'told of the permission');
    expect((await bob.names()).filter((one) => one.startsWith(name))).toEqual([`${name}_query`, `${name}_get`]);
    await root('DELETE', `/api/v1/permissions/${given.body.items?.[0]?.id ?? (await permission(role.id))}`);
    await until(() => bob.changes.tools === 2, 'told of its end');
    expect(await bob.names()).not.toContain(`${name}_query`);
    await root('PUT', `/api/v1/collections/${name}/rules`, { list_rule: '' });
    await until(() => bob.changes.tools === 3, 'told of the open rule');
    await root('PATCH', `/api/v1/users/${member.user.id}`, { role_id: 1 });
    await until(() => bob.changes.tools === 4, 'told of his new role');
    expect(await bob.names()).toContain(`${name}_delete`);
    expect(admin.changes).toMatchObject({ tools: 0 });
    await Promise.all([bob.close(), admin.close()]);
  });

  it('whoever comes again is told at once what changed meanwhile, and nothing else', async () => {
    const headers = { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25' };
    const listen = (more: Record<string, string> = {}) =>
      t.call('GET', '/api/v1/mcp', undefined, { token: acme.token, headers: { ...headers, ...more } });
    const first = await listen();
    expect(first.headers.get('content-type')).toContain('text/event-stream');
    const id = /^id: (.+)$/m.exec(first.text)?.[1] as string;
    expect(first.text).not.toContain('list_changed');
    expect((await listen({ 'Last-Event-ID': id })).text).not.toContain('list_changed');
    await t.collection({ schema: SCHEMA });
    const again = await listen({ 'Last-Event-ID': id });
    expect(again.text.match(/notifications\/\w+\/list_changed/g)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/list_changed',
    ]);
    const latest = [...again.text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] as string;
    expect((await listen({ 'Last-Event-ID': latest })).text).not.toContain('list_changed');
    expect((await listen({ 'Last-Event-ID': 'anything' })).text).toContain('tools/list_changed');
  });

  it('a logout ends the stream, and so does the stop of the server', async () => {
    const member = await t.member(acme.account.id);
    const body = { account: acme.account.id, email: member.email, password: 'SecurePass123!' };
    const session = (await t.call('POST', '/api/v1/auth/login', body)).body;
    const open = async (app: TestApp, token: string) => {
      const reply = await fetch(`${app.url}/mcp`, { headers: { Authorization: `Bearer ${token}` } });
      expect(reply.status).toBe(200);
      let over = false;
      const text = reply.text().then(() => {
        over = true;
      });
      return { over: () => over, text };
    };
    const [mine, other] = [await open(t, session.token), await open(t, acme.token)];
    await t.call('POST', '/api/v1/auth/logout', { refresh_token: session.refresh_token }, { token: session.token });
    await until(mine.over, 'the end of the stream');
    expect(other.over()).toBe(false);
    const second = await startApp();
    const tenant = await second.tenant('Second');
    const stream = await open(second, tenant.token);
    await second.stop();
    await until(stream.over, 'the end with the server');
  });

  it.runIf(kind === 'postgres')('another server process shows and tells the same', async () => {
    const twin = await t.twin();
    const there = await agent(twin.url, acme.token);
    await listening(there);
    const { name } = await t.collection({ schema: SCHEMA });
    await until(() => there.changes.tools === 1, 'told by the other process');
    const here = await agent(t.url, acme.token);
    expect(await there.names()).toEqual(await here.names());
    const made = await here.call(`${name}_create`, { data: { title: 'Here' } });
    expect((await there.call(`${name}_get`, { id: made.value.id })).value).toEqual(made.value);
    await there.close();
    await twin.stop();
  });

  const permission = async (role: number): Promise<string> =>
    (await root('GET', `/api/v1/roles/${role}/permissions`)).body.items[0].id;

  /** The client opens its stream after it has said that it is ready: a collection of its own tells when it hears. */
  async function listening(one: Awaited<ReturnType<typeof agent>>): Promise<void> {
    const probe = await t.collection({ schema: SCHEMA });
    const heard = () => one.changes.tools > 0;
    for (let i = 0; i < 5 && !heard(); i++) {
      await root('PATCH', `/api/v1/collections/${probe.id}`, { description: `probe ${i}` });
      await until(heard, 'anything', 1000).catch(() => {});
    }
    await root('DELETE', `/api/v1/collections/${probe.id}`);
    await new Promise((resolve) => setTimeout(resolve, 700));
    one.changes.tools = 0;
    one.changes.resources = 0;
  }
});

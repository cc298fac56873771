// Roles, permissions and macros as superadmins manage them, and when what they change begins to act.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('roles, permissions, macros', () => {
  let t: TestApp;
  let acme: Tenant;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
  });
  const FIELDS = [
    { name: 'title', type: 'text', required: true },
    { name: 'rank', type: 'number' },
  ];
  const root = (method: string, path: string, body?: Json) => t.call(method, `/api/v1${path}`, body, { token: t.root });
  const code = ({ status, body }: Json) => [status, body?.code];
  const newRole = async (more: Json = {}) => (await root('POST', '/roles', { name: unique('role_'), ...more })).body;
  const grant = (role: Json, ...updates: Json[]) => root('PUT', `/roles/${role.id}/permissions/bulk`, { updates });
  const records = (token: string, c: string, method = 'GET', body?: Json) =>
    t.call(method, `/api/v1/records/${c}`, body, { token });

  describe('roles', () => {
    it('S001-69 S001-70 a superadmin makes them; names are unique in any case', async () => {
      const name = unique('Editor_');
      const made = await root('POST', '/roles', { name, description: 'Can edit but not delete content' });
      expect([made.status, made.body.name, made.body.is_builtin]).toEqual([201, name, false]);
      expect((await root('GET', `/roles/${made.body.id}`)).body).toEqual(made.body);
      expect(code(await root('POST', '/roles', { name: name.toLowerCase() }))).toEqual([409, 'CONFLICT']);
      expect(code(await t.call('POST', '/api/v1/roles', { name: 'x' }, { token: acme.token }))).toEqual([
        403,
        'FORBIDDEN',
      ]);
      for (const bad of ['', 'a b', '1a', 'x'.repeat(101), 'ü'])
        expect((await root('POST', '/roles', { name: bad })).body.errors[0].field).toBe('name');
      expect(code(await root('POST', '/roles', { name: 'ok', colour: 'red' }))).toEqual([422, 'INVALID_REQUEST']);
      for (const id of ['99999', 'x', '-1', '1e3', '4294967296'])
        expect(code(await root('GET', `/roles/${id}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    });

    it('built-in roles keep their names; a role with users cannot go', async () => {
      for (const id of [0, 1, 2]) {
        expect(code(await root('DELETE', `/roles/${id}`))).toEqual([409, 'BUILTIN_ROLE']);
        expect(code(await root('PUT', `/roles/${id}`, { name: unique('r_') }))).toEqual([409, 'BUILTIN_ROLE']);
      }
      expect(code(await root('PUT', '/roles/1', { enabled: false }))).toEqual([409, 'BUILTIN_ROLE']);
      expect((await root('PUT', '/roles/2', { description: 'Everybody' })).body.description).toBe('Everybody');
      const role = await newRole();
      const { user } = await t.member(acme.account.id, role.id);
      expect(code(await root('DELETE', `/roles/${role.id}`))).toEqual([409, 'RELATION_RESTRICTED']);
      await root('PATCH', `/users/${user.id}`, { role_id: 2 });
      expect((await root('DELETE', `/roles/${role.id}`)).status).toBe(204);
      expect(
        code(
          await root('POST', '/users', {
            email: 'p@x.test',
            password: 'SecurePass123!',
            account_id: acme.account.id,
            role_id: 0,
          }),
        )[0],
      ).toBe(422);
    });

    it('a disabled role grants nothing; a renamed one is what rules see at once', async () => {
      const { name: c } = await t.collection({ schema: FIELDS, view_rule: '', list_rule: null });
      const role = await newRole();
      const { token } = await t.member(acme.account.id, role.id);
      await grant(role, { collection: c, operation: 'read' });
      expect((await records(token, c)).status).toBe(200);
      await root('PUT', `/roles/${role.id}`, { enabled: false });
      expect(code(await records(token, c))).toEqual([403, 'FORBIDDEN']);
      await root('PUT', `/roles/${role.id}`, { enabled: true });
      await root('PUT', `/collections/${c}/rules`, { list_rule: '@has_role("chief")' });
      await records(acme.token, c, 'POST', { title: 'x' });
      expect((await records(token, c)).body.total).toBe(0);
      await root('PUT', `/roles/${role.id}`, { name: 'chief' });
      expect((await records(token, c)).body.total).toBe(1);
    });
  });

  describe('permissions', () => {
    it('S001-71 S001-72 S001-78 S001-79 bulk: all entries or none; the matrix shows the four operations', async () => {
      const { name: c } = await t.collection({ schema: FIELDS });
      const role = await newRole();
      const good = { collection: c, operation: 'create', rule: 'true', fields: ['title'] };
      for (const [bad, field] of [
        [{ collection: 'nothing', operation: 'read' }, 'updates.1.collection'],
        [{ collection: c, operation: 'read', rule: 'nope = 1' }, 'updates.1.rule'],
        [{ collection: c, operation: 'read', fields: ['nope'] }, 'updates.1.fields'],
        [{ collection: c, operation: 'create' }, 'updates.1.operation'],
      ] as const) {
        const reply = await grant(role, good, bad);
        expect(code(reply)).toEqual([400, 'INVALID_RESOURCE_DATA']);
        expect(reply.body.errors[0]).toMatchObject({ field, index: 1 });
        expect((await root('GET', `/roles/${role.id}/permissions`)).body).toEqual({ permissions: {}, items: [] });
      }
      const done = await grant(role, good, { collection: c, operation: 'read', fields: '*' });
      expect(done.body).toEqual({ success_count: 2, failure_count: 0, errors: [] });
      const { permissions, items } = (await root('GET', `/roles/${role.id}/permissions`)).body;
      expect(permissions[c]).toEqual({
        create: { rule: 'true', fields: ['title'] },
        read: { rule: 'true', fields: '*' },
        update: null,
        delete: null,
      });
      expect((await root('GET', `/roles/${role.id}/permissions/matrix`)).body.items).toEqual(items);
      expect((await root('DELETE', `/permissions/${items[0].id}`)).status).toBe(204);
      expect(code(await root('DELETE', `/permissions/${items[0].id}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      expect((await root('GET', `/roles/${role.id}/permissions`)).body.items).toHaveLength(1);
      expect(code(await root('PUT', '/roles/99999/permissions/bulk', { updates: [good] }))).toEqual([
        404,
        'RESOURCE_NOT_FOUND',
      ]);
    });

    it('everybody sees his own; a new collection does not inherit those of a removed one', async () => {
      const { name: c } = await t.collection({ schema: FIELDS });
      const role = await newRole();
      const { token } = await t.member(acme.account.id, role.id);
      const own = async () => (await t.call('GET', '/api/v1/permissions', undefined, { token })).body;
      await grant(role, { collection: c, operation: 'read' }, { collection: c, operation: 'update' });
      const mine = (await own()).permissions.filter((p: string) => p.includes(`:${c}.`));
      expect(mine).toEqual(['list', 'read', 'update', 'view'].map((verb) => `app:main:${c}.${verb}`));
      const { items } = (await root('GET', '/permissions/available')).body;
      expect(items).toContainEqual({ name: `app:main:${c}.read`, collection: c, operation: 'read' });
      await root('DELETE', `/collections/${c}`);
      await t.collection({ name: c, schema: FIELDS });
      expect((await own()).permissions.filter((p: string) => p.includes(`:${c}.`))).toEqual([]);
      expect(code(await records(token, c))).toEqual([403, 'FORBIDDEN']);
    });
  });

  describe('macros', () => {
    it('a rule calls it; changing it changes the rule; it cannot go while it is called', async () => {
      const name = unique('mine_');
      const made = await root('POST', '/macros', { name, expression: 'rank>1&&@owns_record()' });
      expect([made.status, made.body.expression]).toEqual([201, 'rank > 1 and @owns_record()']);
      const { name: c } = await t.collection({ schema: FIELDS, list_rule: `@${name}()`, create_rule: '' });
      const { token } = await t.member(acme.account.id);
      for (const rank of [1, 2]) await records(token, c, 'POST', { title: 'x', rank });
      expect((await records(token, c)).body.total).toBe(1);
      expect((await root('PUT', `/macros/${made.body.id}`, { expression: '@owns_record()' })).status).toBe(200);
      expect((await records(token, c)).body.total).toBe(2);
      const broken = await root('PUT', `/macros/${made.body.id}`, { expression: 'shoe_size = 3' });
      expect(broken.body.errors[0]).toMatchObject({ field: 'expression', code: 'breaks_rule' });
      expect(broken.body.errors[0].message).toContain(c);
      expect(code(await root('PUT', `/macros/${made.body.id}`, { name: unique('other_') }))[0]).toBe(400);
      expect(code(await root('DELETE', `/macros/${made.body.id}`))).toEqual([409, 'MACRO_IN_USE']);
      expect((await records(token, c)).body.total).toBe(2);
      await root('PUT', `/collections/${c}/rules`, { list_rule: null });
      expect((await root('DELETE', `/macros/${made.body.id}`)).status).toBe(204);
    });

    it('macros call macros, never themselves; bad ones are refused with place and hint', async () => {
      const inner = (await root('POST', '/macros', { name: unique('inner_'), sql_query: "@has_role('x')" })).body;
      expect(inner).toMatchObject({ expression: "@has_role('x')", sql_query: "@has_role('x')", parameters: [] });
      const outer = (await root('POST', '/macros', { name: unique('outer_'), expression: `@${inner.name}()` })).body;
      const loop = await root('PUT', `/macros/${inner.id}`, { expression: `@${outer.name}()` });
      expect(loop.body.errors[0]).toMatchObject({ field: 'expression', code: 'macro_recursion' });
      expect(code(await root('DELETE', `/macros/${inner.id}`))).toEqual([409, 'MACRO_IN_USE']);
      for (const [input, field] of [
        [{ name: 'owns_record', expression: 'true' }, 'name'],
        [{ name: 'a b', expression: 'true' }, 'name'],
        [{ name: unique('m_'), expression: 'true and' }, 'expression'],
        [{ name: unique('m_'), expression: '@nobody()' }, 'expression'],
        [{ name: unique('m_'), expression: 'SELECT 1' }, 'expression'],
        [{ name: unique('m_'), expression: '' }, 'expression'],
      ] as const) {
        const reply = await root('POST', '/macros', input);
        expect([reply.status, reply.body.errors?.[0]?.field], JSON.stringify(input)).toEqual([400, field]);
      }
      expect(code(await root('POST', '/macros', { name: inner.name.toUpperCase(), expression: 'true' }))).toEqual([
        409,
        'CONFLICT',
      ]);
      const tested = await root('POST', `/macros/${outer.id}/test`, {
        parameters: [],
        context: { auth: { role: 'x' } },
      });
      expect(tested.body).toMatchObject({ result: true, rows_affected: 0 });
      const listed = (await root('GET', '/macros?limit=1000')).body;
      expect(listed.items.map((m: Json) => m.id)).toContain(outer.id);
    });
  });

  it.runIf(kind === 'postgres')('what one server changes acts on the next request of another', async () => {
    const twin = await t.twin();
    const there = async (token: string, path: string) => {
      const response = await fetch(`${twin.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } });
      return response.status;
    };
    // Notifications travel between processes: a moment, not a cache's lifetime.
    const soon = (read: () => Promise<number>, status: number) =>
      expect.poll(read, { interval: 5, timeout: 2000 }).toBe(status);
    const { name: c } = await t.collection({ schema: FIELDS });
    const role = await newRole();
    const { token, user } = await t.member(acme.account.id, role.id);
    const list = () => there(token, `/records/${c}`);
    await soon(list, 403);
    await grant(role, { collection: c, operation: 'read' });
    await soon(list, 200);
    await root('PUT', `/roles/${role.id}`, { enabled: false });
    await soon(list, 403);
    await root('PUT', `/roles/${role.id}`, { enabled: true });
    await soon(list, 200);
    await root('PATCH', `/users/${user.id}`, { role_id: 2 });
    await soon(list, 403);
    await root('PATCH', `/users/${user.id}`, { role_id: role.id });
    await soon(list, 200);
    const made = await t.call(
      'POST',
      '/api/v1/api-keys',
      { name: 'k', scopes: { [c]: { read: '*' } } },
      { token: acme.token },
    );
    await soon(() => there(made.body.key, `/records/${c}`), 200);
    await t.call('DELETE', `/api/v1/api-keys/${made.body.id}`, undefined, { token: acme.token });
    await soon(() => there(made.body.key, `/records/${c}`), 401);
    await root('PATCH', `/users/${user.id}`, { is_active: false });
    await soon(list, 401);
    await twin.stop();
  });

  it('a user deactivated under load has no success after the answer of the deactivation', async () => {
    const { name: c } = await t.collection({ schema: FIELDS, list_rule: '', create_rule: '' });
    for (let round = 0; round < 3; round++) {
      const { token, user } = await t.member(acme.account.id);
      let over = false;
      let before = 0;
      let after = 0;
      const late: number[] = [];
      const caller = async (i: number) => {
        for (;;) {
          // What was sent before the answer may still succeed; what is sent after it may not.
          const begunAfter = over;
          const { status } = await records(
            token,
            c,
            i % 2 === 0 ? 'GET' : 'POST',
            i % 2 === 0 ? undefined : { title: 'x' },
          );
          if (!begunAfter) before += status < 300 ? 1 : 0;
          else {
            after += 1;
            if (status !== 401) late.push(status);
            if (after > 64) return;
          }
        }
      };
      const load = Promise.all(Array.from({ length: 16 }, (_, i) => caller(i)));
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
      expect((await root('PATCH', `/users/${user.id}`, { is_active: false })).status).toBe(200);
      over = true;
      await load;
      expect(before).toBeGreaterThan(0);
      expect(late).toEqual([]);
    }
  });

  it('every change of access leaves its entries in the trail', async () => {
    const role = await newRole({ description: 'told' });
    const { name: c } = await t.collection({ schema: FIELDS });
    await grant(role, { collection: c, operation: 'read', rule: 'rank > 3' });
    const told = async (query: string) =>
      (await t.call('GET', `/api/v1/audit-logs?${query}`, undefined, { token: t.root })).body.items;
    const [made] = await told(`table_name=roles&record_id=${role.id}&column=description`);
    expect(made).toMatchObject({ operation: 'CREATE', new_value: 'told', user_email: 'root@example.com' });
    const [granted] = await told(`table_name=permissions&record_id=${role.id}`);
    expect(granted.column_name).toBe(`main.${c} read`);
    expect(JSON.parse(granted.new_value)).toEqual({ rule: 'rank > 3', fields: '*' });
    await root('PUT', `/collections/${c}/rules`, { list_rule: 'rank = 1' });
    const [changed] = await told('table_name=collections&operation=UPDATE&column=access');
    expect(changed.new_value).toContain('rank = 1');
  });
});

// Roles by the names of what they may do: granting, replacing and taking away, wildcards, and names that nothing has.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('roles by permission names', () => {
  let t: TestApp;
  let acme: Tenant;
  let posts: string;
  let notes: string;
  const root = (method: string, path: string, body?: Json) => t.call(method, `/api/v1${path}`, body, { token: t.root });
  const newRole = async (more: Json = {}) => (await root('POST', '/roles', { name: unique('role_'), ...more })).body;
  const own = async (token: string) =>
    (await t.call('GET', '/api/v1/permissions', undefined, { token })).body.permissions;
  const rows = async (role: Json) => (await root('GET', `/roles/${role.id}/permissions`)).body;

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const schema = [
      { name: 'title', type: 'text' },
      { name: 'rank', type: 'number' },
    ];
    posts = (await t.collection({ schema })).name;
    notes = (await t.collection({ schema })).name;
    // Collections of other apps, as a deployment leaves them.
    for (const app of ['crm', 'crm_secret'])
      await t.app.db.query(
        `insert into snackbase.collections
         select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'app', $1::text, 'name', 'contacts'))).*
         from snackbase.collections c where name = $2`,
        [app, posts],
      );
  });

  it('S004-15 a name grants at once; by the name of the role or its id; PATCH and PUT are one', async () => {
    const role = await newRole();
    expect(role.permissions).toEqual([]);
    const { token } = await t.member(acme.account.id, role.id);
    const list = (method = 'GET', body?: Json) => t.call(method, `/v1/${posts}`, body, { token });
    expect((await list()).status).toBe(403);
    const read = `app:main:${posts}.read`;
    const patched = await root('PATCH', `/roles/${role.name}`, { permissions: [read] });
    expect([patched.status, patched.body]).toMatchObject([200, { id: role.id, permissions: [read] }]);
    expect((await list()).status).toBe(200);
    expect((await list('POST', { title: 'x' })).status).toBe(403);
    expect(await own(token)).toEqual([`app:main:${posts}.list`, read, `app:main:${posts}.view`]);
    const create = `app:main:${posts}.create`;
    expect((await root('PUT', `/roles/${role.id}`, { permissions: [create, read] })).body.permissions).toEqual([
      create,
      read,
    ]);
    expect((await list('POST', { title: 'x' })).status).toBe(200);
    expect((await root('PATCH', `/roles/${role.id}`, { description: 'kept' })).body.permissions).toEqual([
      create,
      read,
    ]);
    expect((await root('PATCH', `/roles/${role.id}`, { permissions: [] })).body.permissions).toEqual([]);
    expect((await list()).status).toBe(403);
    const made = await newRole({ permissions: [`app:main:${notes}.*`] });
    expect(made.permissions).toEqual([`app:main:${notes}.*`]);
    const { items } = (await root('GET', '/roles')).body;
    expect(items.find(({ id }: Json) => id === made.id).permissions).toEqual(made.permissions);
    expect((await root('GET', `/roles/${made.name}`)).body).toEqual(made);
    expect((await root('GET', `/roles/${made.name}/permissions`)).body.items).toHaveLength(4);
    expect((await root('DELETE', `/roles/${made.name}`)).status).toBe(204);
  });

  it('what is named and there already keeps its rule, fields, filters and checks; the rest goes', async () => {
    const role = await newRole();
    const kept = {
      collection: posts,
      operation: 'update',
      rule: 'rank > 1',
      fields: ['title'],
      checks: [{ field: 'title', operator: 'neq', value: 'no' }],
    };
    const updates = [kept, { collection: posts, operation: 'delete' }];
    await root('PUT', `/roles/${role.id}/permissions/bulk`, { updates });
    const before = await rows(role);
    await root('PATCH', `/roles/${role.id}`, { permissions: [`app:main:${posts}.update`, `app:main:${notes}.read`] });
    const { items } = await rows(role);
    expect(items).toHaveLength(2);
    expect(items.find(({ operation }: Json) => operation === 'update')).toEqual(
      before.items.find(({ operation }: Json) => operation === 'update'),
    );
    expect(items.find(({ operation }: Json) => operation === 'read')).toMatchObject({
      collection: notes,
      rule: 'true',
      fields: '*',
    });
  });

  it('S004-15 wildcards end where the name of an app ends', async () => {
    const role = await newRole({ permissions: ['app:crm:*'] });
    expect(role.permissions).toEqual(['app:crm:*']);
    const { token } = await t.member(acme.account.id, role.id);
    const operations = ['create', 'delete', 'list', 'read', 'update', 'view'];
    expect(await own(token)).toEqual(operations.map((operation) => `app:crm:contacts.${operation}`));
    await root('PATCH', `/roles/${role.id}`, { permissions: ['app:crm_secret:contacts.read', 'app:crm:*.create'] });
    expect(await own(token)).toEqual([
      'app:crm:contacts.create',
      'app:crm_secret:contacts.list',
      'app:crm_secret:contacts.read',
      'app:crm_secret:contacts.view',
    ]);
    const everything = await root('PATCH', `/roles/${role.id}`, { permissions: ['*'] });
    expect(everything.body.permissions).toEqual(['*']);
    expect(await own(token)).toEqual(
      expect.arrayContaining([`app:main:${posts}.delete`, 'app:crm_secret:contacts.read']),
    );
  });

  it('names that nothing has are told with their place and what is near; nothing changes', async () => {
    const role = await newRole({ permissions: [`app:main:${posts}.read`] });
    const permissions = [
      `app:main:${posts}.read`,
      `app:main:${posts}x.read`,
      'app:crn:*',
      `app:main:${posts}.fly`,
      `app:main:${posts}`,
      `${posts}.read`,
      'app:crm:contacts:read',
    ];
    const { status, body } = await root('PATCH', `/roles/${role.id}`, { name: unique('other_'), permissions });
    expect([status, body.code]).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect(body.errors.map(({ field, code }: Json) => [field, code])).toEqual([
      ['permissions.1', 'unknown_collection'],
      ['permissions.2', 'unknown_app'],
      ['permissions.3', 'invalid_permission'],
      ['permissions.4', 'invalid_permission'],
      ['permissions.5', 'invalid_permission'],
      ['permissions.6', 'invalid_permission'],
    ]);
    expect(body.errors[0].message).toContain(`main.${posts}`);
    expect(body.errors[1].message).toContain('Did you mean crm?');
    expect((await root('GET', `/roles/${role.id}`)).body).toEqual(role);
    const refused = unique('never_');
    expect((await root('POST', '/roles', { name: refused, permissions: ['nope'] })).status).toBe(400);
    expect((await root('GET', `/roles/${refused}`)).status).toBe(404);
    for (const token of [acme.token, null])
      expect((await t.call('PATCH', `/api/v1/roles/${role.id}`, { permissions: ['*'] }, { token })).status).toBe(
        token === null ? 401 : 403,
      );
  });
});

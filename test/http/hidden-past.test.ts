// What was hidden stays hidden: in the history of a record, in the trail, behind masks, and after roles, fields and rules changed.
import { beforeAll, describe, expect, it } from 'vitest';
import { checksumOf } from '../audit/independent.ts';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('the hidden past', () => {
  let t: TestApp;
  let acme: Tenant;
  let admin: { token: string; user: Json };
  let ada: { token: string; user: Json };
  let bob: { token: string; user: Json };
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    // An admin who is not in pii_access, unlike the one who registered the account.
    [admin, ada, bob] = [
      await t.member(acme.account.id, 1),
      await t.member(acme.account.id),
      await t.member(acme.account.id),
    ];
  });
  const as = (token: string | null, method: string, path: string, body?: Json, headers: Record<string, string> = {}) =>
    t.call(method, `/api/v1${path}`, body, { token, headers });
  const rules = (c: string, change: Json) => as(t.root, 'PUT', `/collections/${c}/rules`, change);
  const code = ({ status, body }: Json) => [status, body?.code];
  const make = async (schema: Json, more: Json = {}) => (await t.collection({ schema, ...more })).name as string;

  it('a record that a rule hides has no history, also for admins and their keys, also once it is deleted', async () => {
    const c = await make([{ name: 'secret', type: 'text' }], {
      view_rule: 'created_by = @request.auth.id',
      create_rule: '',
      delete_rule: '',
    });
    const { id } = (await as(ada.token, 'POST', `/records/${c}`, { secret: 'S3CR3T' })).body;
    const scopes = { [c]: { view: '*' } };
    const { key } = (await as(admin.token, 'POST', '/api-keys', { name: 'k', scopes })).body;
    const paths = [`/records/${c}/${id}/history`, `/records/${c}/${id}/history?at=2099-01-01T00:00:00Z`];
    for (const token of [admin.token, key, bob.token])
      for (const path of paths) expect(code(await as(token, 'GET', path))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect((await as(ada.token, 'GET', paths[0] as string)).text).toContain('S3CR3T');
    await as(ada.token, 'DELETE', `/records/${c}/${id}`);
    for (const path of paths) expect(code(await as(admin.token, 'GET', path))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect((await as(t.root, 'GET', paths[0] as string)).text).toContain('S3CR3T');
    await rules(c, { view_rule: 'false' });
    for (const path of [...paths, `/records/${c}/${id}`])
      expect(code(await as(admin.token, 'GET', path))).toEqual([403, 'FORBIDDEN']);
    const trail = await as(admin.token, 'GET', `/audit-logs?collection=${c}`);
    expect(trail.body.total).toBeGreaterThan(0);
    expect(trail.text).not.toContain('S3CR3T');
  });

  it('states that a rule hid are left out, with what they held; who and why is for admins', async () => {
    const c = await make(
      [
        { name: 'title', type: 'text' },
        { name: 'published', type: 'boolean' },
      ],
      { view_rule: 'published = true', create_rule: '', update_rule: '@owns_record()' },
    );
    const { id } = (await as(ada.token, 'POST', `/records/${c}`, { title: 'DRAFT embarrassing', published: false }))
      .body;
    const drafted = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await as(
      ada.token,
      'PATCH',
      `/records/${c}/${id}`,
      { title: 'Clean', published: true },
      { 'X-Audit-Reason': 'ready' },
    );
    await as(ada.token, 'PATCH', `/records/${c}/${id}`, { title: 'Cleaner' });
    const path = `/records/${c}/${id}/history`;
    const { body, text } = await as(bob.token, 'GET', path);
    expect(body.items.map((v: Json) => v.record.title)).toEqual(['Cleaner', 'Clean']);
    expect(text).not.toContain('embarrassing');
    expect(code(await as(bob.token, 'GET', `${path}?at=${drafted}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(body.items[1]).toMatchObject({
      reason: null,
      request_id: null,
      actor: { user_id: ada.user.id, user_email: null },
    });
    expect((await as(acme.token, 'GET', path)).body.items[1]).toMatchObject({
      reason: 'ready',
      actor: { user_email: ada.user.email },
    });
    await rules(c, { view_rule: '' });
    const open = await as(null, 'GET', path, undefined, { 'X-Account-ID': acme.account.slug });
    expect([open.status, open.text.includes('@')]).toEqual([200, false]);
  });

  it('disabling a role never opens what its permissions restricted', async () => {
    const c = await make(
      [
        { name: 'title', type: 'text' },
        { name: 'salary', type: 'number' },
      ],
      { list_rule: '@request.auth.id is not null', create_rule: '' },
    );
    await as(bob.token, 'POST', `/records/${c}`, { title: 'x', salary: 100 });
    const role = (await as(t.root, 'POST', '/roles', { name: unique('narrow_') })).body;
    const updates = [{ collection: c, operation: 'list', rule: '@owns_record()', fields: ['title'] }];
    await as(t.root, 'PUT', `/roles/${role.id}/permissions/bulk`, { updates });
    const { token } = await t.member(acme.account.id, role.id);
    expect((await as(token, 'GET', `/records/${c}`)).body.items).toEqual([]);
    await as(t.root, 'PUT', `/roles/${role.id}`, { enabled: false });
    expect(code(await as(token, 'GET', `/records/${c}`))).toEqual([403, 'FORBIDDEN']);
  });

  it('what was personal or hidden stays so when its field or collection is gone', async () => {
    const field = { name: 'x', type: 'text' };
    const rest = { name: 'y', type: 'text' };
    const c = await make([field, rest], { view_rule: '', create_rule: '' });
    const { id } = (await as(ada.token, 'POST', `/records/${c}`, { x: 'PERSONAL', y: 'plain' })).body;
    for (const schema of [[{ ...field, pii: true }, rest], [rest]]) {
      await as(t.root, 'PUT', `/collections/${c}`, { schema });
      for (const [token, path] of [
        [admin.token, `/audit-logs?record_id=${id}`],
        [bob.token, `/records/${c}/${id}/history`],
      ] as const) {
        const { status, text } = await as(token, 'GET', path);
        expect([status, text.includes('PERSONAL'), text.includes('plain')], text).toEqual([200, false, true]);
      }
    }
    await as(t.root, 'DELETE', `/collections/${c}`);
    expect((await as(admin.token, 'GET', `/audit-logs?record_id=${id}`)).text).not.toContain('plain');
    expect((await as(t.root, 'GET', `/audit-logs?record_id=${id}`)).text).toContain('PERSONAL');
  });

  it('a mask tells nothing of a closed set, and PUT keeps what its sender sees masked', async () => {
    const schema = [
      { name: 'flag', type: 'boolean', pii: true },
      { name: 'pick', type: 'enum', enum: ['yes', 'no'], pii: true },
      { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn', required: true },
      { name: 'nick', type: 'text' },
    ];
    const c = await make(schema, { view_rule: '', create_rule: '', update_rule: '' });
    const shown = async (body: Json) => {
      const { id } = (await as(acme.token, 'POST', `/records/${c}`, { ssn: '123456789', ...body })).body;
      const { flag, pick } = (await as(bob.token, 'GET', `/records/${c}/${id}`)).body;
      const past = (await as(bob.token, 'GET', `/records/${c}/${id}/history`)).body.items[0].record;
      return { id, seen: [flag, pick, past.flag, past.pick] };
    };
    const [first, second] = [await shown({ flag: true, pick: 'yes' }), await shown({ flag: false, pick: 'no' })];
    expect(first.seen).toEqual(second.seen);
    expect((await as(bob.token, 'PUT', `/records/${c}/${first.id}`, { nick: 'bob' })).status).toBe(200);
    expect((await as(t.root, 'GET', `/records/${c}/${first.id}`)).body).toMatchObject({
      nick: 'bob',
      ssn: '123456789',
      flag: true,
      pick: 'yes',
    });
  });

  it('the checksum of a masked entry cannot be tried out: its salt is told to nobody who sees the mask', async () => {
    const c = await make([
      { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn' },
      { name: 'nick', type: 'text' },
    ]);
    const { id } = (await as(acme.token, 'POST', `/records/${c}`, { ssn: '123456789', nick: 'x' })).body;
    const entries = async (token: string) => {
      const { items } = (await as(token, 'GET', `/audit-logs?record_id=${id}`)).body;
      return Object.fromEntries(items.map((e: Json) => [e.column_name, e]));
    };
    const [masked, clear] = [await entries(admin.token), await entries(acme.token)];
    expect([masked.ssn.salt, masked.ssn.new_value, masked.ssn.checksum]).toEqual([
      null,
      '***-**-****',
      clear.ssn.checksum,
    ]);
    expect(masked.nick.salt).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set([clear.ssn.salt, clear.nick.salt, clear.id.salt]).size).toBe(3);
    const hashed = ({ id: _, checksum: __, masked: ___, ...entry }: Json) => checksumOf(entry);
    expect(hashed(clear.ssn)).toBe(clear.ssn.checksum);
    // All that the admin knows, with the right value, is not enough.
    expect(hashed({ ...masked.ssn, new_value: '123456789' })).not.toBe(clear.ssn.checksum);
    expect((await as(admin.token, 'GET', '/audit-logs/verify')).body.valid).toBe(true);
  });

  it('an invitation is worth what its maker may', async () => {
    const temp = await t.member(acme.account.id, 1);
    const invited = await as(temp.token, 'POST', '/invitations', {
      email: `${unique('back')}@example.com`,
      role_id: 1,
    });
    await as(t.root, 'PATCH', `/users/${temp.user.id}`, { role_id: 2 });
    const path = `/invitations/${invited.body.token}`;
    expect((await as(null, 'GET', path)).body.is_valid).toBe(false);
    expect(code(await as(null, 'POST', `${path}/accept`, { password: 'SecurePass123!' }))).toEqual([
      400,
      'INVALID_TOKEN',
    ]);
  });

  it('hints name only what the asking admin may view; a create rule judges the moment that is stored', async () => {
    const c = await make(
      [
        { name: 'title', type: 'text' },
        { name: 'ultra_secret', type: 'text' },
        { name: 'd', type: 'datetime' },
      ],
      { view_fields: ['title'], create_rule: 'd < "2020-01-01T00:00:00Z"' },
    );
    for (const door of ['validate', 'test'])
      expect(
        (await as(admin.token, 'POST', `/rules/${door}`, { rule: 'ultra_secre = "x"', collection: c })).text,
      ).not.toContain('ultra_secret');
    const made = await as(ada.token, 'POST', `/records/${c}`, { d: '2019-12-31T23:59:59.9999999Z' });
    expect((await as(t.root, 'GET', `/records/${c}/${made.body.id}`)).body.d).toBe('2019-12-31T23:59:59.999999Z');
    expect(code(await as(t.root, 'GET', '/audit-logs?from_date=0000-01-01'))).toEqual([400, 'INVALID_QUERY_PARAMS']);
    const { key } = (await as(t.root, 'POST', '/admin/api-keys', { name: unique('k') })).body;
    expect(code(await as(key, 'POST', '/records/no_such_collection', {}))).toEqual([403, 'ADMIN_TOKEN_NOT_ALLOWED']);
  });
});

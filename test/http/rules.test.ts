// Rules, permissions and field lists on the record endpoints: what each kind of caller gets, sees and may write.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const FIELDS = [
  { name: 'title', type: 'text', required: true },
  { name: 'content', type: 'text' },
  { name: 'status', type: 'text', default: 'draft' },
  { name: 'rank', type: 'number' },
  { name: 'secret', type: 'text' },
];

describe.runIf(available)('rules', () => {
  let t: TestApp;
  let acme: Tenant;
  let ada: { token: string; user: Json };
  let bob: { token: string; user: Json };

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    ada = await t.member(acme.account.id);
    bob = await t.member(acme.account.id);
  });

  const make = async (more: Json): Promise<string> => (await t.collection({ schema: FIELDS, ...more })).name;
  const as = (token: string | null) => ({
    post: (c: string, body: Json, headers?: Json) => t.call('POST', `/api/v1/records/${c}`, body, { token, headers }),
    list: (c: string, query = '', headers?: Json) =>
      t.call('GET', `/api/v1/records/${c}${query}`, undefined, { token, headers }),
    get: (c: string, id: string, headers?: Json) =>
      t.call('GET', `/api/v1/records/${c}/${id}`, undefined, { token, headers }),
    patch: (c: string, id: string, body: Json) => t.call('PATCH', `/api/v1/records/${c}/${id}`, body, { token }),
    put: (c: string, id: string, body: Json) => t.call('PUT', `/api/v1/records/${c}/${id}`, body, { token }),
    delete: (c: string, id: string) => t.call('DELETE', `/api/v1/records/${c}/${id}`, undefined, { token }),
  });
  const rules = (c: string, change: Json) => t.call('PUT', `/api/v1/collections/${c}/rules`, change, { token: t.root });
  const role = async (name = unique('role_')): Promise<Json> =>
    (await t.call('POST', '/api/v1/roles', { name }, { token: t.root })).body;
  const grant = (roleId: number, updates: Json[]) =>
    t.call('PUT', `/api/v1/roles/${roleId}/permissions/bulk`, { updates }, { token: t.root });
  const code = ({ status, body }: Json) => [status, body?.code];

  it('S000-08 S000-35 a list rule filters in the database: totals and full pages', async () => {
    const c = await make({ list_rule: 'rank < 10', create_rule: '' });
    for (let rank = 0; rank < 100; rank++) expect((await as(ada.token).post(c, { title: 'x', rank })).status).toBe(201);
    const first = (await as(bob.token).list(c, '?limit=5&sort=rank')).body;
    expect([first.total, first.items.length, first.has_more]).toEqual([10, 5, true]);
    const second = (await as(bob.token).list(c, '?limit=5&skip=5&sort=rank')).body;
    expect([second.total, second.items.length, second.has_more]).toEqual([10, 5, false]);
    expect(second.items.map((r: Json) => r.rank)).toEqual([5, 6, 7, 8, 9]);
    expect((await as(bob.token).list(c, '?rank=50')).body.total).toBe(0);
  });

  it('S000-21 a create rule judges the final row; nothing is stored when it fails', async () => {
    const c = await make({ create_rule: 'status = "draft" && created_by = @request.auth.id', list_rule: '' });
    expect(code(await as(ada.token).post(c, { title: 'a', status: 'published' }))).toEqual([403, 'FORBIDDEN']);
    expect((await as(ada.token).post(c, { title: 'a' })).status).toBe(201);
    expect((await as(ada.token).list(c)).body.total).toBe(1);
    await rules(c, { create_rule: 'false' });
    for (const token of [ada.token, acme.token])
      expect(code(await as(token).post(c, { title: 'b' }))).toEqual([403, 'FORBIDDEN']);
    expect((await as(t.root).post(c, { title: 'b' }, { 'X-Account-ID': acme.account.slug })).status).toBe(201);
    // Refused before the body is looked at.
    await rules(c, { create_rule: null });
    expect(code(await as(ada.token).post(c, { nonsense: 1 }))).toEqual([403, 'FORBIDDEN']);
  });

  it('S000-34 S000-36 @owns_record(): each lists and changes his own rows, others are 404', async () => {
    const own = '@owns_record()';
    const c = await make({ list_rule: own, view_rule: own, update_rule: own, delete_rule: own, create_rule: '' });
    const mine = (await as(ada.token).post(c, { title: 'ada' })).body;
    const other = (await as(bob.token).post(c, { title: 'bob' })).body;
    expect((await as(ada.token).list(c)).body.items.map((r: Json) => r.id)).toEqual([mine.id]);
    expect((await as(bob.token).list(c)).body.items.map((r: Json) => r.id)).toEqual([other.id]);
    for (const refused of [
      await as(ada.token).get(c, other.id),
      await as(ada.token).patch(c, other.id, { title: 'taken' }),
      await as(ada.token).put(c, other.id, { title: 'taken' }),
      await as(ada.token).delete(c, other.id),
    ])
      expect(code(refused)).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect((await as(bob.token).get(c, other.id)).body.title).toBe('bob');
    expect((await as(ada.token).patch(c, mine.id, { title: 'ada 2' })).body.title).toBe('ada 2');
    expect((await as(ada.token).delete(c, mine.id)).status).toBe(204);
  });

  it('S000-38 one string switches access, on the next request', async () => {
    const c = await make({ create_rule: '' });
    await as(ada.token).post(c, { title: 'x' });
    expect(code(await as(bob.token).list(c))).toEqual([403, 'FORBIDDEN']);
    expect(
      (await t.call('PATCH', `/api/v1/collections/${c}`, { list_rule: 'title = "x"' }, { token: t.root })).status,
    ).toBe(200);
    expect((await as(bob.token).list(c)).body.total).toBe(1);
    await rules(c, { list_rule: 'title = "y"' });
    expect((await as(bob.token).list(c)).body.total).toBe(0);
    await rules(c, { list_rule: null });
    expect(code(await as(bob.token).list(c))).toEqual([403, 'FORBIDDEN']);
    const shown = (await t.call('GET', `/api/v1/collections/${c}/rules`, undefined, { token: t.root })).body;
    expect(shown).toMatchObject({ collection: c, list_rule: null, create_rule: '', list_fields: '*' });
  });

  it('S000-37 S001-82 a hidden field is nowhere: not shown, not filtered, not sorted, not written', async () => {
    const open = { list_rule: '', view_rule: '', create_rule: '', update_rule: '' };
    const shown = ['title', 'status'];
    const c = await make({
      ...open,
      list_fields: shown,
      view_fields: shown,
      create_fields: shown,
      update_fields: ['title'],
    });
    const { id } = (await as(t.root).post(c, { title: 'x', secret: 'hush' }, { 'X-Account-ID': acme.account.id })).body;
    const keys = ['account_id', 'created_at', 'created_by', 'id', 'status', 'title', 'updated_at', 'updated_by'];
    const user = as(ada.token);
    expect(Object.keys((await user.get(c, id)).body).sort()).toEqual(keys);
    expect(Object.keys((await user.list(c)).body.items[0]).sort()).toEqual(keys);
    for (const query of ['?secret=hush', '?sort=secret', '?fields=secret', '?sort=-secret,title', '?nothing=1'])
      expect(code(await user.list(c, query)), query).toEqual([400, 'INVALID_FIELDS']);
    // Hidden and unknown answer alike.
    const hidden = (await user.list(c, '?secret=hush')).body.errors[0];
    const unknown = (await user.list(c, '?terces=hush')).body.errors[0];
    expect({ ...hidden, field: '', message: hidden.message.replace('secret', '') }).toEqual({
      ...unknown,
      field: '',
      message: unknown.message.replace('terces', ''),
    });
    expect(code(await user.post(c, { title: 'x', secret: 'mine' }))).toEqual([400, 'INVALID_FIELDS']);
    expect(code(await user.patch(c, id, { status: 'done' }))).toEqual([400, 'INVALID_FIELDS']);
    const changed = await user.patch(c, id, { title: 'y' });
    expect([changed.status, Object.keys(changed.body).sort()]).toEqual([200, keys]);
    expect((await user.get(c, id)).text).not.toContain('hush');
  });

  it('S000-37 PUT leaves what the caller may not write; an admin who may not read a field does not read it in the trail', async () => {
    const c = await make({
      view_rule: '',
      update_rule: '',
      create_rule: '',
      update_fields: ['title'],
      view_fields: ['title'],
    });
    const body = { title: 'x', content: 'kept', secret: 'hush-hush' };
    const { id } = (await as(t.root).post(c, body, { 'X-Account-ID': acme.account.id })).body;
    expect((await as(acme.token).put(c, id, { title: 'y' })).status).toBe(200);
    expect((await as(t.root).get(c, id)).body).toMatchObject({ title: 'y', content: 'kept', secret: 'hush-hush' });
    for (const path of [
      `/audit-logs?record_id=${id}&limit=100`,
      `/audit-logs/export?record_id=${id}`,
      `/records/${c}/${id}/history`,
    ]) {
      const { status, text } = await t.call('GET', `/api/v1${path}`, undefined, { token: acme.token });
      expect(status).toBe(200);
      expect(text, path).toContain('title');
      expect(text, path).not.toContain('hush');
      expect((await t.call('GET', `/api/v1${path}`, undefined, { token: t.root })).text, path).toContain('hush-hush');
    }
  });

  it('S001-73…82 permissions of a role: rules and fields for the four operations', async () => {
    const c = await make({});
    const editor = await role();
    const e = await t.member(acme.account.id, editor.id);
    expect(code(await as(e.token).post(c, { title: 'x' }))).toEqual([403, 'FORBIDDEN']);
    const done = await grant(editor.id, [
      { collection: c, operation: 'create', rule: 'true', fields: ['title', 'content'] },
      { collection: c, operation: 'read', rule: 'status in ["draft", "published"]', fields: ['title', 'status'] },
      { collection: c, operation: 'update', rule: '@owns_record() or @has_role("admin")', fields: ['title'] },
      { collection: c, operation: 'delete', rule: '@has_role("admin")', fields: '*' },
    ]);
    expect(done.body).toEqual({ success_count: 4, failure_count: 0, errors: [] });
    const mine = await as(e.token).post(c, { title: 'mine', content: 'c' });
    expect(mine.status).toBe(201);
    expect(code(await as(e.token).post(c, { title: 'x', status: 'published' }))).toEqual([400, 'INVALID_FIELDS']);
    const archived = (await as(acme.token).post(c, { title: 'old', status: 'archived' })).body.id;
    const others = (await as(acme.token).post(c, { title: 'his', status: 'published' })).body.id;
    const list = (await as(e.token).list(c)).body;
    expect(list.total).toBe(2);
    expect(Object.keys(list.items[0]).sort()).toEqual(
      ['id', 'title', 'status', 'account_id', 'created_at', 'updated_at', 'created_by', 'updated_by'].sort(),
    );
    expect(code(await as(e.token).get(c, archived))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect((await as(e.token).patch(c, mine.body.id, { title: 'mine 2' })).status).toBe(200);
    expect(code(await as(e.token).patch(c, mine.body.id, { content: 'no' }))).toEqual([400, 'INVALID_FIELDS']);
    expect(code(await as(e.token).patch(c, others, { title: 'no' }))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(code(await as(e.token).delete(c, mine.body.id))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    // What the role has does not restrict others.
    expect((await as(acme.token).delete(c, mine.body.id)).status).toBe(204);
    expect(code(await as(ada.token).list(c))).toEqual([403, 'FORBIDDEN']);
  });

  it('S001-74…77 collection rule and permission must both hold; permissions of patterns add up', async () => {
    const c = await make({ list_rule: 'rank > 0', create_rule: '' });
    const reader = await role();
    const r = await t.member(acme.account.id, reader.id);
    for (const rank of [0, 1, 2, 3])
      await as(acme.token).post(c, { title: `t${rank}`, rank, status: rank === 3 ? 'x' : 'y' });
    expect((await as(r.token).list(c)).body.total).toBe(3);
    await grant(reader.id, [{ collection: c, operation: 'list', rule: 'rank < 2' }]);
    expect((await as(r.token).list(c)).body.total).toBe(1);
    await grant(reader.id, [{ collection: c, operation: 'read', rule: 'status = "x"' }]);
    expect((await as(r.token).list(c)).body.total).toBe(2);
    await grant(reader.id, [{ collection: '*', operation: 'read', rule: 'true' }]);
    expect((await as(r.token).list(c)).body.total).toBe(3);
    // A row for admin takes the place of what admins may by default.
    const closed = await make({});
    expect((await as(acme.token).list(closed)).status).toBe(200);
    await grant(1, [{ collection: closed, operation: 'list', rule: 'false' }]);
    expect(code(await as(acme.token).list(closed))).toEqual([403, 'FORBIDDEN']);
    expect((await as(acme.token).post(closed, { title: 'still mine' })).status).toBe(201);
    expect((await as(t.root).list(closed)).body.total).toBe(1);
  });

  it('S002-48 FORBIDDEN for each operation without a permission', async () => {
    const c = await make({});
    const { id } = (await as(acme.token).post(c, { title: 'x' })).body;
    const user = as(ada.token);
    for (const refused of [
      await user.list(c),
      await user.get(c, id),
      await user.post(c, { title: 'y' }),
      await user.put(c, id, { title: 'y' }),
      await user.patch(c, id, { title: 'y' }),
      await user.delete(c, id),
    ])
      expect(code(refused)).toEqual([403, 'FORBIDDEN']);
  });

  it('the row after an update must satisfy the update rule: 403 and unchanged, while a hidden row stays 404', async () => {
    const c = await make({
      view_rule: '',
      update_rule: 'status = "draft" && rank < @request.data.rank',
      create_rule: '',
    });
    const { id } = (await as(ada.token).post(c, { title: 'x', rank: 1 })).body;
    expect(code(await as(ada.token).patch(c, id, { status: 'published', rank: 5 }))).toEqual([403, 'FORBIDDEN']);
    expect(code(await as(ada.token).patch(c, id, { rank: 1 }))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect((await as(ada.token).get(c, id)).body).toMatchObject({ status: 'draft', rank: 1 });
    await rules(c, { update_rule: 'created_by = @request.auth.id' });
    expect((await as(ada.token).patch(c, id, { status: 'published' })).body.status).toBe('published');
    await rules(c, { update_rule: 'rank >= 1 && title != "gone"' });
    expect(code(await as(ada.token).put(c, id, { title: 'x' }))).toEqual([403, 'FORBIDDEN']);
    expect(code(await as(ada.token).patch(c, id, { title: 'gone' }))).toEqual([403, 'FORBIDDEN']);
    expect((await as(ada.token).patch(c, id, { rank: 7 })).body.rank).toBe(7);
  });

  it('a write answers what its writer may view, and only what he sent where he may view nothing', async () => {
    const c = await make({ create_rule: '', update_rule: '' });
    const made = (await as(ada.token).post(c, { title: 'x', content: 'c' })).body;
    expect(Object.keys(made).sort()).toEqual(['content', 'id', 'title']);
    await rules(c, { view_rule: 'status = "open"' });
    expect(Object.keys((await as(ada.token).patch(c, made.id, { title: 'y' })).body).sort()).toEqual(['id', 'title']);
    const seen = (await as(ada.token).patch(c, made.id, { status: 'open' })).body;
    expect(seen).toMatchObject({ title: 'y', content: 'c', status: 'open', account_id: acme.account.id });
  });

  describe('anonymous callers', () => {
    const account = () => ({ 'X-Account-ID': acme.account.slug });

    it('an empty rule is public in the account that X-Account-ID names', async () => {
      const c = await make({ list_rule: '', view_rule: '', create_rule: 'status = "draft"' });
      const { id } = (await as(acme.token).post(c, { title: 'seen' })).body;
      const other = await t.tenant('Other');
      await as(other.token).post(c, { title: 'hidden' });
      const nobody = as(null);
      const list = (await nobody.list(c, '', account())).body;
      expect(list.items.map((r: Json) => r.title)).toEqual(['seen']);
      expect((await nobody.get(c, id, { 'X-Account-ID': acme.account.id })).body.title).toBe('seen');
      expect(code(await nobody.get(c, id, { 'X-Account-ID': other.account.id }))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      expect(code(await nobody.list(c))).toEqual([400, 'ACCOUNT_REQUIRED']);
      expect(code(await nobody.list(c, '', { 'X-Account-ID': 'no-such' }))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      expect(code(await nobody.list(c, '', { 'X-Account-ID': 'system' }))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      // An expression needs somebody to judge; so does nothing at all.
      expect(code(await nobody.post(c, { title: 'x' }, account()))).toEqual([401, 'UNAUTHORIZED']);
      expect(code(await nobody.delete(c, id))).toEqual([401, 'UNAUTHORIZED']);
    });

    it('a permission of the role public opens an expression too', async () => {
      const c = await make({ list_rule: 'rank > 1' });
      for (const rank of [1, 2, 3]) await as(acme.token).post(c, { title: 'x', rank });
      expect(code(await as(null).list(c, '', account()))).toEqual([401, 'UNAUTHORIZED']);
      await grant(0, [
        { collection: c, operation: 'list', rule: 'rank < 3', fields: ['rank'] },
        { collection: c, operation: 'create', rule: 'rank = 9' },
      ]);
      const { items, total } = (await as(null).list(c, '', account())).body;
      expect([total, items[0].rank, items[0].title]).toEqual([1, 2, undefined]);
      expect(code(await as(null).post(c, { title: 'x', rank: 8 }, account()))).toEqual([403, 'FORBIDDEN']);
      const made = await as(null).post(c, { title: 'x', rank: 9 }, account());
      expect(made.status).toBe(201);
      const stored = (await as(acme.token).get(c, made.body.id)).body;
      expect([stored.created_by, stored.account_id]).toEqual([null, acme.account.id]);
    });

    it('a bad token is 401, never anonymous', async () => {
      const c = await make({ list_rule: '' });
      for (const token of ['nonsense', 'sb_uk.x.y', `${ada.token}x`])
        expect(code(await as(token).list(c, '', account()))).toEqual([401, 'UNAUTHORIZED']);
    });
  });

  describe('what may be stored', () => {
    const bad: readonly [rule: string, code: string, position: number | undefined][] = [
      ['title = ', 'syntax', 8],
      ['titel = "x"', 'unknown_field', 0],
      ['rank = "many"', 'invalid_value', undefined],
      ['@nope()', 'unknown_macro', 0],
      ['title = "x', 'unterminated_string', 8],
      ['title', 'not_a_condition', 0],
      ['@request.auth.shoe = 1', 'unknown_variable', 0],
      ['rank ~ "1"', 'type_mismatch', undefined],
      [`${'('.repeat(40)}true${')'.repeat(40)}`, 'bound_exceeded', undefined],
      [Array.from({ length: 101 }, () => 'rank = 1').join(' || '), 'bound_exceeded', undefined],
      ['1; drop table x', 'syntax', undefined],
      ['   ', 'syntax', undefined],
    ];

    it.each(bad)('%s is refused at every door with place and hint', async (rule, expected, position) => {
      const c = await make({ list_rule: '' });
      const editor = await role();
      const doors: [string, Json][] = [
        ['list_rule', await rules(c, { list_rule: rule })],
        ['view_rule', await t.call('PATCH', `/api/v1/collections/${c}`, { view_rule: rule }, { token: t.root })],
        [
          'create_rule',
          await t.call(
            'POST',
            '/api/v1/collections',
            { name: unique('n_'), schema: FIELDS, create_rule: rule },
            { token: t.root },
          ),
        ],
        ['updates.0.rule', await grant(editor.id, [{ collection: c, operation: 'read', rule }])],
        [
          'permissions.0.rule',
          await t.call(
            'PATCH',
            `/api/v1/collections/${c}`,
            { permissions: [{ role: editor.name, action: 'read', rule }] },
            { token: t.root },
          ),
        ],
      ];
      for (const [field, reply] of doors) {
        expect(code(reply), `${field} ${reply.text}`).toEqual([400, 'INVALID_RESOURCE_DATA']);
        const [entry] = reply.body.errors;
        expect(entry.field).toBe(field);
        if (rule.trim() !== '') expect(entry.code).toBe(expected);
        if (position !== undefined) expect(entry.position).toBe(position);
      }
      expect((await t.call('GET', `/api/v1/collections/${c}`, undefined, { token: t.root })).body).toMatchObject({
        list_rule: '',
        view_rule: null,
        permissions: [],
      });
      const verdict = await t.call('POST', '/api/v1/rules/validate', { rule, collection: c }, { token: acme.token });
      expect(verdict.body.valid).toBe(false);
    });

    it('hints name what was meant; @request.data belongs to create and update', async () => {
      const c = await make({});
      const [typo] = (await rules(c, { list_rule: 'titel = "x"' })).body.errors;
      expect(typo.hint).toContain('title');
      expect(code(await rules(c, { list_rule: '@request.data.title = "x"' }))[0]).toBe(400);
      expect(code(await rules(c, { create_rule: '@request.data.title = "x"' }))[0]).toBe(200);
      expect((await rules(c, { update_fields: ['title', 'nothing'] })).body.errors[0].field).toBe('update_fields');
      expect((await rules(c, { update_fields: '["title"]' })).body.update_fields).toEqual(['title']);
    });

    it('a pattern names system fields only, and a field that a rule needs cannot go', async () => {
      const c = await make({ list_rule: 'rank > 1' });
      const editor = await role();
      expect(code(await grant(editor.id, [{ collection: '*', operation: 'read', rule: 'rank > 1' }]))[0]).toBe(400);
      expect(
        code(await grant(editor.id, [{ collection: 'main.*', operation: 'read', rule: '@owns_record()' }]))[0],
      ).toBe(200);
      await grant(editor.id, [{ collection: c, operation: 'update', rule: 'content != "x"', fields: ['status'] }]);
      const without = (name: string) =>
        t.call('PUT', `/api/v1/collections/${c}`, { schema: FIELDS.filter((f) => f.name !== name) }, { token: t.root });
      expect((await without('rank')).body.errors[0].field).toBe('list_rule');
      expect((await without('content')).body.errors[0].message).toContain(editor.name);
      expect((await without('status')).body.errors[0].code).toBe('field_in_use');
      expect((await without('secret')).status).toBe(200);
      await rules(c, { list_rule: null });
      expect((await without('rank')).status).toBe(200);
    });
  });

  it('S003-08 S003-10 permissions in the definition act at once and are replaced as a list', async () => {
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
    const made = await t.call('POST', '/api/v1/collections', sample, { token: t.root });
    expect([made.status, made.body.permissions]).toEqual([
      201,
      [{ role: 'user', operation: 'read', rule: 'true', fields: ['title', 'body'] }],
    ]);
    const { id } = (await as(acme.token).post(name, { title: 'a', body: 'b' })).body;
    expect((await as(ada.token).get(name, id)).body).toMatchObject({ title: 'a', body: 'b' });
    expect(code(await as(ada.token).post(name, { title: 'x' }))).toEqual([403, 'FORBIDDEN']);
    const change = (permissions: Json) =>
      t.call('PATCH', `/api/v1/collections/${name}`, { permissions }, { token: t.root });
    expect((await change([{ role: 'user', operation: 'create' }])).status).toBe(200);
    expect(code(await as(ada.token).get(name, id))).toEqual([403, 'FORBIDDEN']);
    expect((await as(ada.token).post(name, { title: 'x' })).status).toBe(201);
    expect((await change([{ role: 'nobody', action: 'read' }])).body.errors[0]).toMatchObject({
      field: 'permissions.0.role',
      code: 'unknown_role',
    });
    expect((await change([])).body.permissions).toEqual([]);
    expect(code(await as(ada.token).post(name, { title: 'x' }))).toEqual([403, 'FORBIDDEN']);
  });

  it('personal data is masked on every way out, and neither filtered nor sorted nor written back masked', async () => {
    const c = (
      await t.collection({
        schema: [
          { name: 'name', type: 'text', pii: true, mask_type: 'name' },
          { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
          { name: 'age', type: 'number', pii: true },
        ],
        list_rule: '',
        view_rule: '',
        create_rule: '',
        update_rule: '',
      })
    ).name;
    const person = { name: 'Grace Hopper', mail: 'grace@example.com', age: 85 };
    const made = await as(ada.token).post(c, person);
    const masked = { name: 'G*** H***', mail: 'g***@example.com', age: '***' };
    expect(made.body).toMatchObject(masked);
    expect((await as(ada.token).get(c, made.body.id)).body).toMatchObject(masked);
    expect((await as(ada.token).list(c)).body.items[0]).toMatchObject(masked);
    expect((await as(ada.token).patch(c, made.body.id, { age: 86 })).body).toMatchObject(masked);
    for (const query of ['?mail=grace@example.com', '?sort=age', '?age=86'])
      expect(code(await as(ada.token).list(c, query))).toEqual([400, 'INVALID_FIELDS']);
    const back = await as(ada.token).patch(c, made.body.id, { mail: masked.mail });
    expect([back.status, back.body.errors[0].code]).toEqual([400, 'masked_value']);
    // The one who registered the account is in pii_access.
    expect((await as(acme.token).list(c, '?mail=grace@example.com')).body.items[0]).toMatchObject({
      ...person,
      age: 86,
    });
    expect((await as(t.root).get(c, made.body.id)).body.name).toBe(person.name);
  });

  describe('admin tokens and keys', () => {
    let c: string;
    let id: string;
    let token: string;
    beforeAll(async () => {
      c = await make({});
      id = (await as(acme.token).post(c, { title: 'x' })).body.id;
      token = (await t.call('POST', '/api/v1/admin/api-keys', { name: 'ci' }, { token: t.root })).body.key;
    });

    it('S002-50 S002-57…63 an admin token manages, reads and deletes; it never creates or updates here', async () => {
      const admin = as(token);
      expect(
        (await t.call('POST', '/api/v1/collections', { name: unique('m_'), schema: FIELDS }, { token })).status,
      ).toBe(201);
      expect((await admin.list(c)).body.total).toBe(1);
      expect((await admin.get(c, id)).status).toBe(200);
      for (const refused of [
        await admin.post(c, { title: 'y' }),
        await admin.post(c, { nonsense: true }),
        await t.call('POST', `/api/v1/records/${c}`, undefined, { token, raw: '{' }),
        await admin.put(c, id, { title: 'y' }),
        await admin.patch(c, id, { title: 'y' }),
      ])
        expect(code(refused)).toEqual([403, 'ADMIN_TOKEN_NOT_ALLOWED']);
      expect((await as(acme.token).get(c, id)).body.title).toBe('x');
      const { id: other } = (await as(acme.token).post(c, { title: 'z' })).body;
      expect((await admin.delete(c, other)).status).toBe(204);
    });

    it('S002-64 writes of managers go to /admin/records and name the account', async () => {
      const path = `/api/v1/admin/records/${c}`;
      const body = { account_id: acme.account.id, title: 'managed' };
      const made = await t.call('POST', path, body, { token });
      expect([made.status, made.body.account_id]).toEqual([201, acme.account.id]);
      const one = `${path}/${made.body.id}`;
      expect((await t.call('PATCH', one, { ...body, title: 'p' }, { token })).body.title).toBe('p');
      expect((await t.call('PUT', one, { ...body, title: 'r' }, { token: t.root })).body.title).toBe('r');
      expect(code(await t.call('POST', path, { title: 'x' }, { token }))).toEqual([400, 'ACCOUNT_REQUIRED']);
      expect(code(await t.call('PATCH', one, { title: 'x' }, { token }))).toEqual([400, 'ACCOUNT_REQUIRED']);
      expect(code(await t.call('POST', path, { ...body, account_id: 'ZZ0000' }, { token }))[0]).toBe(400);
      const other = await t.tenant('Elsewhere');
      expect(code(await t.call('PATCH', one, { ...body, account_id: other.account.id }, { token }))).toEqual([
        404,
        'RESOURCE_NOT_FOUND',
      ]);
      for (const user of [acme.token, ada.token])
        expect(code(await t.call('POST', path, body, { token: user }))).toEqual([403, 'FORBIDDEN']);
      const entries = (
        await t.call('GET', `/api/v1/audit-logs?record_id=${made.body.id}`, undefined, { token: acme.token })
      ).body.items;
      expect(entries.some((e: Json) => e.actor_kind === 'admin_token' && e.operation === 'CREATE')).toBe(true);
    });

    it("a superadmin's key stays within its scopes", async () => {
      const scopes = { [c]: { read: ['title'] } };
      const made = await t.call('POST', '/api/v1/api-keys', { name: unique('k'), scopes }, { token: t.root });
      const key = as(made.body.key);
      expect(Object.keys((await key.get(c, id)).body)).not.toContain('status');
      expect(code(await key.delete(c, id))).toEqual([403, 'KEY_PERMISSION_DENIED']);
      expect(code(await t.call('GET', '/api/v1/collections', undefined, { token: made.body.key }))).toEqual([
        403,
        'KEY_PERMISSION_DENIED',
      ]);
    });

    it('S002-49 a key does what its scopes and its maker may, and no more', async () => {
      const key = async (scopes: Json) =>
        (await t.call('POST', '/api/v1/api-keys', { name: unique('k'), scopes }, { token: acme.token })).body.key;
      const reader = as(await key({ [c]: { read: ['title'] } }));
      expect((await reader.list(c)).status).toBe(200);
      expect(Object.keys((await reader.get(c, id)).body)).not.toContain('status');
      expect(code(await reader.post(c, { title: 'x' }))).toEqual([403, 'KEY_PERMISSION_DENIED']);
      expect(code(await reader.delete(c, id))).toEqual([403, 'KEY_PERMISSION_DENIED']);
      const writer = as(await key({ [c]: { create: ['title'], update: '*' } }));
      expect((await writer.post(c, { title: 'by key' })).status).toBe(201);
      expect(code(await writer.post(c, { title: 'x', content: 'y' }))).toEqual([400, 'INVALID_FIELDS']);
      // What the maker may not, his key may not either.
      await rules(c, { create_rule: 'title = "allowed"' });
      expect(code(await writer.post(c, { title: 'x' }))).toEqual([403, 'FORBIDDEN']);
      await rules(c, { create_rule: null });
    });
  });

  describe('explaining', () => {
    it('names rule, macro, predicate, list, and what a record makes of them', async () => {
      const c = await make({ list_rule: '@owns_record()', view_rule: 'status = "open"', list_fields: ['title'] });
      await grant(2, [{ collection: c, operation: 'list', rule: 'rank > 1' }]);
      const { id } = (await as(acme.token).post(c, { title: 'x', rank: 5 })).body;
      const explain = (body: Json, token = t.root) => t.call('POST', '/api/v1/rules/explain', body, { token });
      const { operations } = (await explain({ collection: c, user_id: ada.user.id, record_id: id })).body;
      expect(operations.map((o: Json) => [o.operation, o.allowed, o.record.passes])).toEqual([
        ['list', true, false],
        ['view', true, false],
        ['create', false, false],
        ['update', false, false],
        ['delete', false, false],
      ]);
      expect(operations[0]).toMatchObject({
        collection_rule: '@owns_record()',
        permissions: [{ rule: 'rank > 1', fields: null }],
        macros: [{ call: '@owns_record()', means: 'created_by = @request.auth.id' }],
        predicate: '@owns_record() and rank > 1',
        fields: ['title'],
        record: {
          parts: [
            { rule: '@owns_record()', source: 'collection_rule', result: false },
            { rule: 'rank > 1', source: 'permission', result: true },
          ],
        },
      });
      expect(operations[0].sql).toContain('"rank" >');
      const own = await explain({ collection: c, user_id: ada.user.id, operation: 'list' }, acme.token);
      expect([own.status, own.body.operations.length]).toEqual([200, 1]);
      const other = await t.tenant('Prying');
      expect(code(await explain({ collection: c, user_id: ada.user.id }, other.token))).toEqual([
        404,
        'RESOURCE_NOT_FOUND',
      ]);
      const prying = (await explain({ collection: c, record_id: id }, other.token)).body.operations[0].record;
      expect(prying).toMatchObject({ passes: false, parts: [{ source: 'account', result: false }] });
      expect(code(await explain({ collection: c }, ada.token))).toEqual([403, 'FORBIDDEN']);
    });

    it('tries rules out', async () => {
      const test = (body: Json) => t.call('POST', '/api/v1/rules/test', body, { token: acme.token });
      const context = { auth: { id: 'u1', role: 'editor', groups: ['g'] }, record: { created_by: 'u1', n: 3 } };
      for (const [rule, result] of [
        ['@owns_record()', true],
        ['n > 3', false],
        ['missing = 1', null],
        ['@has_group("g") && @has_role("editor")', true],
        ['', true],
      ] as const)
        expect((await test({ rule, context })).body, rule).toEqual({ result, allowed: result === true, errors: [] });
      expect((await test({ rule: 'n >', context })).body.errors[0]).toMatchObject({ field: 'rule', code: 'syntax' });
      const { body } = await t.call(
        'POST',
        '/api/v1/rules/validate',
        { rule: 'a==1&&b!=2', collectionFields: ['a', 'b'] },
        { token: acme.token },
      );
      expect(body).toEqual({ valid: true, canonical: 'a = 1 and b != 2', errors: [] });
    });
  });
});

// Collections over HTTP: who may define them, what a definition may say, and how a change reaches records that are there.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const C = '/api/v1/collections';
const text = (name = 'a', more: Json = {}) => ({ name, type: 'text', ...more });
const number = (name = 'n', more: Json = {}) => ({ name, type: 'number', ...more });
const codes = (body: Json) => body.errors.map((e: Json) => [e.field, e.code]);

describe.runIf(available)('collections', () => {
  let t: TestApp;
  let a: Tenant;
  const define = (definition: Json) => t.call('POST', C, definition, { token: t.root });
  const change = (name: string, body: Json, method = 'PUT') => t.call(method, `${C}/${name}`, body, { token: t.root });
  const read = async (name: string) => (await t.call('GET', `${C}/${name}`, undefined, { token: t.root })).body;
  const records = (name: string) => `/api/v1/records/${name}`;
  const write = (name: string, body: Json) => t.call('POST', records(name), body, { token: a.token });
  const rows = async (name: string, query = '') =>
    (await t.call('GET', `${records(name)}${query}`, undefined, { token: a.token })).body;
  const physical = (name: string) =>
    t.app.db.query<{ column_name: string }>(
      `select column_name, data_type, is_nullable, column_default from information_schema.columns
       where table_schema = 'app_main' and table_name = $1 order by column_name`,
      [name],
    );

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
  });

  it('S001-56 S001-109 every route is for superadmins: anonymous 401, users and account admins 403, before the body is read', async () => {
    const { name } = await t.collection({ schema: [text()] });
    const user = await t.member(a.account.id);
    for (const [method, path, sent] of [
      ['GET', C],
      ['POST', C, { name: 5 }],
      ['GET', `${C}/names`],
      ['GET', `${C}/${name}`],
      ['PUT', `${C}/${name}`, { schema: 'x' }],
      ['PATCH', `${C}/nope`, { nope: 1 }],
      ['DELETE', `${C}/${name}`],
    ] as const) {
      const answers = [];
      for (const token of [null, user.token, a.token])
        answers.push((await t.call(method, path, sent, { token })).status);
      expect(answers, `${method} ${path}`).toEqual([401, 403, 403]);
    }
    expect((await read(name)).name).toBe(name);
  });

  it('S001-57 S001-58 S001-105 S001-106 the posts of the guide: 201 with and without slash, read back the same, deleted with 204', async () => {
    for (const path of [C, `${C}/`]) {
      const body = {
        name: unique('posts_'),
        schema: [text('title', { required: true }), { name: 'published', type: 'boolean', default: false }],
      };
      const made = await t.call('POST', path, body, { token: t.root });
      expect(made.status).toBe(201);
      expect(made.body.schema).toMatchObject(body.schema);
      expect(await read(body.name)).toEqual(made.body);
      expect(await read(made.body.id)).toEqual(made.body);
      const gone = await t.call('DELETE', `${C}/${body.name}`, undefined, { token: t.root });
      expect([gone.status, gone.text]).toEqual([204, '']);
      expect((await t.call('GET', `${C}/${body.name}`, undefined, { token: t.root })).status).toBe(404);
      expect((await t.call('GET', records(body.name), undefined, { token: a.token })).status).toBe(404);
    }
  });

  it('S001-112 S003-06 what does not have the form is 422 and named; unknown keys are refused at every depth', async () => {
    const fine = { name: 'never_made', schema: [text()] };
    for (const [body, field] of [
      [{ ...fine, schema: 'x' }, 'schema'],
      [{ ...fine, schema: {} }, 'schema'],
      [{ ...fine, schema: ['x'] }, 'schema.0'],
      [{ ...fine, schema: [null] }, 'schema.0'],
      [{ schema: [text()] }, 'name'],
      [{ ...fine, name: 5 }, 'name'],
      [{ name: 'never_made' }, 'schema'],
      [{ ...fine, schema: [{ name: 'a' }] }, 'schema.0.type'],
      [{ ...fine, schema: [{ type: 'text' }] }, 'schema.0.name'],
      [{ ...fine, schema: [{ name: 'a', type: 'varchar' }] }, 'schema.0.type'],
      [{ ...fine, schema: [text('a', { required: 'yes' })] }, 'schema.0.required'],
      [{ ...fine, schema: [number('a', { default: '5' })] }, 'schema.0.default'],
      [{ ...fine, schema: [text('a', { nope: 1 })] }, 'schema.0.nope'],
      [{ ...fine, schema: [number('a', { pattern: 'x' })] }, 'schema.0.pattern'],
      [{ ...fine, schema: [text('a', { constructor: 1 })] }, 'schema.0.constructor'],
      [{ ...fine, nope: 1 }, 'nope'],
      [{ ...fine, fields: [text()] }, 'fields'],
      [{ ...fine, schema: [text('a', { default: 'x', defaultValue: 'y' })] }, 'schema.0.defaultValue'],
      [{ ...fine, soft_delete: 'yes' }, 'soft_delete'],
      [{ ...fine, table_name: 'pg_class' }, 'table_name'],
      [[], ''],
    ] as const) {
      const reply = await define(body);
      expect([reply.status, reply.body.code], `${JSON.stringify(body)} ${reply.text}`).toEqual([
        422,
        'INVALID_REQUEST',
      ]);
      expect(reply.body.errors.map((e: Json) => e.field)).toContain(field);
    }
    expect((await t.call('GET', `${C}/never_made`, undefined, { token: t.root })).status).toBe(404);
  });

  it('S001-107 S003-07 S003-11 S003-12 S003-13 S003-22 names and lists that break a rule are 400, all problems at once', async () => {
    for (const name of [
      '1a',
      '-a',
      'a-b',
      'a.b',
      'a b',
      'é',
      '',
      'a'.repeat(101),
      'a"; drop table x; --',
      'a\u0000',
      '😀',
    ]) {
      const reply = await define({ name, schema: [text()] });
      if (name === 'a\u0000') expect(reply.body.code).toBe('INVALID_JSON');
      else expect([reply.status, codes(reply.body)[0][0]], name).toEqual([400, 'name']);
      const field = await define({ name: unique('ok_'), schema: [text(name)] });
      expect(field.status, name).toBe(400);
    }
    for (const name of [
      'id',
      'account_id',
      'created_at',
      'updated_at',
      'created_by',
      'updated_by',
      'deleted_at',
      'ID',
    ]) {
      const reply = await define({ name: unique('ok_'), schema: [text(name)] });
      expect([reply.status, codes(reply.body)], name).toEqual([400, [['schema.0.name', 'field_name_reserved']]]);
    }
    const all = await define({
      name: '1',
      schema: [text('x'), text('X'), text('-'), { name: 'r', type: 'relation', collection: 'none' }],
    });
    expect([all.status, all.body.code, all.body.details]).toEqual([400, 'INVALID_RESOURCE_DATA', all.body.errors]);
    expect(all.body.errors.map((e: Json) => e.field)).toEqual([
      'name',
      'schema.1.name',
      'schema.2.name',
      'schema.3.collection',
    ]);
    expect((await define({ name: unique('none_'), fields: [] })).status).toBe(400);
    for (const name of [unique('_'), unique('a1_'), unique('A_')])
      expect((await define({ name, fields: [text()] })).status).toBe(201);
  });

  it('S003-09 S003-10 S003-28…30 S003-32 S003-36 the sample definitions with every spelling', async () => {
    const made = await define({
      name: unique('posts_'),
      description: 'Blog posts written by users',
      fields: [
        { name: 'title', type: 'string', required: true },
        { name: 'body', type: 'text', defaultValue: "o'clock" },
      ],
    });
    expect(made.body).toMatchObject({ description: 'Blog posts written by users', soft_delete: false, enabled: true });
    expect((await write(made.body.name, { title: 'x' })).body).toMatchObject({ title: 'x', body: "o'clock" });
    const orders = await define({
      name: unique('orders_'),
      enableSoftDelete: true,
      fields: [number('n', { default_value: -0 })],
    });
    expect(orders.body).toMatchObject({ soft_delete: true, enableSoftDelete: true });
    expect((await write(orders.body.name, { n: 1 })).body.deleted_at).toBeNull();
    const legacy = await define({ name: unique('legacy_'), enabled: false, fields: [text()] });
    expect([legacy.status, legacy.body.enabled]).toEqual([201, false]);
    expect((await write(legacy.body.name, { a: 'x' })).body.code).toBe('RESOURCE_DISABLED');
  });

  it('S002-01 S002-06 S003-14…17 S003-19…21 each collection answers at its own name, with its system fields', async () => {
    for (const prefix of ['posts_', 'comments_', 'orders_']) {
      const { name } = await t.collection({ name: unique(prefix), schema: [text()] });
      const before = Date.now();
      const made = (await write(name, { a: 'x', id: a.user.id, created_at: '2000-01-01T00:00:00Z', updated_at: 'x' }))
        .body;
      expect(made.id).not.toBe(a.user.id);
      expect(Math.abs(Date.parse(made.created_at) - before)).toBeLessThan(5000);
      const patched = (await t.call('PATCH', `${records(name)}/${made.id}`, { a: 'y' }, { token: a.token })).body;
      expect(patched.created_at).toBe(made.created_at);
      const put = (await t.call('PUT', `${records(name)}/${made.id}`, { a: 'z' }, { token: a.token })).body;
      const [first, second, third] = [made, patched, put].map((row) => row.updated_at.padEnd(27, '0'));
      expect(first < second && second < third, `${first} ${second} ${third}`).toBe(true);
      for (const query of [
        `?id=${made.id}`,
        `?created_at=${encodeURIComponent(made.created_at)}`,
        '?sort=updated_at',
        '?sort=-id',
      ])
        expect((await rows(name, query)).items, query).toEqual([put]);
    }
  });

  it('S002-22 S002-23 S003-23…25 S003-31 soft delete keeps the SQL row and hides it; toggling acts on the next delete', async () => {
    const { name, table_name } = await t.collection({ schema: [text('a', { unique: true })], soft_delete: true });
    const kept = (await write(name, { a: 'kept' })).body;
    const remove = (id: string) => t.call('DELETE', `${records(name)}/${id}`, undefined, { token: a.token });
    expect((await remove(kept.id)).status).toBe(204);
    for (const method of ['GET', 'DELETE', 'PATCH', 'PUT'])
      expect(
        (
          await t.call(method, `${records(name)}/${kept.id}`, method[0] === 'P' ? { a: 'x' } : undefined, {
            token: a.token,
          })
        ).status,
      ).toBe(404);
    expect(await rows(name)).toMatchObject({ items: [], total: 0 });
    const stored = () =>
      t.app.db.query<{ a: string }>(`select a, deleted_at is not null as gone from ${table_name} order by a`);
    expect(await stored()).toEqual([{ a: 'kept', gone: true }]);
    const again = await write(name, { a: 'kept' });
    expect(again.status).toBe(201);
    expect((await change(name, { soft_delete: false }, 'PATCH')).body.soft_delete).toBe(false);
    expect(await rows(name)).toMatchObject({ total: 1 });
    expect((await rows(name)).items[0]).not.toHaveProperty('deleted_at');
    await remove(again.body.id);
    expect(await stored()).toEqual([{ a: 'kept', gone: true }]);
    await change(name, { enableSoftDelete: true });
    expect(await rows(name)).toMatchObject({ items: [], total: 0 });
  });

  it('S003-33…35 S003-37 a disabled collection keeps definition and data', async () => {
    const { name } = await t.collection({ schema: [text()] });
    const made = (await write(name, { a: 'x' })).body;
    for (let i = 0; i < 2; i++) {
      expect((await change(name, { enabled: false })).body).toMatchObject({ enabled: false, schema: [{ name: 'a' }] });
      expect((await rows(name)).code).toBe('RESOURCE_DISABLED');
      await change(name, { enabled: true });
      expect(await rows(name)).toMatchObject({ items: [made], total: 1 });
    }
  });

  it('S004-91 S004-93…96 S004-98 fields come, change and go over records that are there', async () => {
    const { name } = await t.collection({ schema: [text()] });
    const old = (await write(name, { a: 'old' })).body;
    const of = async () => (await rows(name, `?id=${old.id}`)).items[0];
    await change(name, {
      schema: [text(), number('n', { required: true, default: -5 }), text('b', { default: 'a::b' })],
    });
    expect(await of()).toMatchObject({ a: 'old', n: -5, b: 'a::b' });
    await change(name, { schema: [text(), number('n', { default: 7 }), text('b')] });
    expect(await of()).toMatchObject({ n: -5, b: 'a::b' });
    expect((await write(name, { a: 'x', n: null })).body).toMatchObject({ n: null, b: null });
    expect((await write(name, { a: 'x' })).body).toMatchObject({ n: 7, b: null });
    const refused = await change(name, { schema: [text(), number('n', { required: true }), text('b')] });
    expect([refused.status, refused.body.code, codes(refused.body)]).toEqual([
      409,
      'SCHEMA_SYNC_FAILED',
      [['schema.1', 'required_has_nulls']],
    ]);
    const revision = (await read(name)).revision;
    await change(name, { schema: [text()] });
    expect((await read(name)).revision).toBe(revision + 1);
    expect(await of()).not.toHaveProperty('n');
    for (const query of ['?n=1', '?sort=n', '?fields=n'])
      expect((await rows(name, query)).code, query).toBe('INVALID_FIELDS');
    expect((await write(name, { a: 'x', n: 1 })).body.code).toBe('INVALID_FIELDS');
  });

  it('S004-87 S004-88 S004-105 the same definition again changes nothing; drift made by SQL is repaired', async () => {
    const schema = [
      text('a', { default: "it's\n'::x\\", enum: ["it's\n'::x\\", 'b'] }),
      number('n', { default: -5, unique: true }),
      { name: 'j', type: 'json', default: { a: [1, null] } },
      { name: 'l', type: 'text[]', default: ['a,b', '"'] },
      { name: 'at', type: 'datetime', default: '2026-01-02T03:04:05+02:00' },
    ];
    const { name, table_name } = await t.collection({ schema });
    const made = await read(name);
    const before = await physical(name);
    expect((await change(name, { schema })).body).toEqual(made);
    expect((await change(name, {})).body).toEqual(made);
    expect((await write(name, { n: 1 })).body).toMatchObject({
      a: schema[0].default,
      j: { a: [1, null] },
      l: ['a,b', '"'],
      at: '2026-01-02T01:04:05Z',
    });
    await t.app.db.query(`alter table ${table_name} drop column l, alter column n drop default`);
    expect((await change(name, { schema })).status).toBe(200);
    expect(await physical(name)).toEqual(before);
    expect((await write(name, { a: 'b' })).body).toMatchObject({ n: -5, l: ['a,b', '"'] });
  });

  it('S004-97 S004-101 delete rules and enums change in place', async () => {
    const parent = await t.collection({ schema: [text()] });
    const on = (on_delete: string) => [
      text('kind', { enum: ['x', 'y'] }),
      { name: 'p', type: 'entity_link', collection: parent.name, onDelete: on_delete },
    ];
    const child = await t.collection({ schema: on('restrict') });
    const pair = async () => {
      const p = (await write(parent.name, { a: 'p' })).body.id;
      return [p, (await write(child.name, { p, kind: 'y' })).body.id];
    };
    const remove = (id: string) => t.call('DELETE', `${records(parent.name)}/${id}`, undefined, { token: a.token });
    const [kept] = await pair();
    const restricted = await remove(kept);
    expect([restricted.status, restricted.body.code]).toEqual([409, 'RELATION_RESTRICTED']);
    await change(child.name, { schema: on('set_null') });
    const [emptied, orphan] = await pair();
    expect((await remove(emptied)).status).toBe(204);
    expect((await rows(child.name, `?id=${orphan}`)).items[0].p).toBeNull();
    await change(child.name, { schema: on('cascade') });
    const [gone, taken] = await pair();
    expect((await remove(gone)).status).toBe(204);
    expect((await rows(child.name, `?id=${taken}`)).total).toBe(0);
    const narrowed = await change(child.name, { schema: [text('kind', { enum: ['x'] }), ...on('cascade').slice(1)] });
    expect([narrowed.status, codes(narrowed.body)]).toEqual([409, [['schema.0', 'enum_has_others']]]);
    await change(child.name, { schema: [text('kind', { enum: ['x', 'y', 'z'] }), ...on('cascade').slice(1)] });
    expect((await write(child.name, { kind: 'z' })).status).toBe(201);
    const referenced = await t.call('DELETE', `${C}/${parent.name}`, undefined, { token: t.root });
    expect([referenced.status, referenced.body.code, referenced.body.message.includes(child.name)]).toEqual([
      409,
      'COLLECTION_REFERENCED',
      true,
    ]);
    for (const { name } of [child, parent])
      expect((await t.call('DELETE', `${C}/${name}`, undefined, { token: t.root })).status).toBe(204);
  });

  it('S004-104 a refused change leaves definition, revision, table and records as they were', async () => {
    const { name } = await t.collection({ schema: [text(), number()] });
    for (const n of [1, 1]) await write(name, { a: 'x', n });
    const state = async () => [await read(name), await physical(name), await rows(name)];
    const before = await state();
    for (const body of [
      { schema: [text(), number('n', { unique: true }), text('new')] },
      { schema: [text(), { name: 'n', type: 'date' }, text('new')] },
      { schema: [text('new'), text(), number('m', { required: true })] },
      { schema: [text(), number(), { name: 'r', type: 'reference', collection: 'ghosts' }] },
      { schema: [] },
      { name: unique('renamed_') },
      { schema: [text(), number(), text('id')], enabled: false },
    ]) {
      const reply = await change(name, body);
      expect([400, 409], reply.text).toContain(reply.status);
      expect(await state()).toEqual(before);
    }
    expect((await change('nope', { enabled: true })).status).toBe(404);
    expect((await write(name, { a: 'still', n: 2 })).status).toBe(201);
  });
});

// Many records at once: all or none, with the place of every problem, under the same rules and with the same trail as one by one.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const FIELDS = [
  { name: 'title', type: 'text', required: true },
  { name: 'n', type: 'number', default: 7 },
  { name: 'sku', type: 'text', unique: true },
  { name: 'doc', type: 'json' },
  { name: 'tags', type: 'text[]' },
  { name: 'nums', type: 'number[]' },
  { name: 'at', type: 'datetime' },
  { name: 'flag', type: 'boolean' },
];

describe.runIf(available)('batches', () => {
  let t: TestApp;
  let acme: Tenant;
  let other: Tenant;
  let name: string;
  beforeAll(async () => {
    t = await startApp({ rowSecurity: 'transactions' });
    [acme, other] = [await t.tenant('Acme'), await t.tenant('Other')];
    name = (await t.collection({ schema: FIELDS })).name;
  });
  const send = (method: string, body: Json, { c = name, token = acme.token, door = 'batch' } = {}) =>
    t.call(method, `/api/v1/records/${c}/${door}`, body, { token });
  const total = async (c = name) =>
    (await t.call('GET', `/api/v1/records/${c}?limit=1`, undefined, { token: acme.token })).body.total;
  const get = async (id: string, c = name) =>
    t.call('GET', `/api/v1/records/${c}/${id}`, undefined, { token: acme.token });
  const code = ({ status, body }: Json) => [status, body?.code];

  it('creates 1000 in the order they were sent, with defaults and every kind of value, and tells of each in the trail', async () => {
    const { name: c } = await t.collection({ schema: FIELDS });
    const rich = {
      title: '😀 "q" \\ \n',
      doc: { a: [1, null, { b: 'x' }], s: 'text' },
      tags: ['a', 'b"c,d'],
      nums: [1.5, -2],
      at: '2026-01-02T03:04:05.123456Z',
      flag: true,
      n: 1e20,
    };
    const records = Array.from({ length: 1000 }, (_, i) => (i === 3 ? rich : { title: `t${i}`, sku: `s${i}` }));
    const made = await send('POST', { records }, { c });
    expect([made.status, made.body.count]).toEqual([201, 1000]);
    expect(made.body.created.map((r: Json) => r.title)).toEqual(records.map((r) => r.title));
    expect(made.body.created[0]).toMatchObject({
      n: 7,
      doc: null,
      account_id: acme.account.id,
      created_by: acme.user.id,
    });
    expect((await get(made.body.created[3].id, c)).body).toEqual(made.body.created[3]);
    expect(made.body.created[3]).toMatchObject(rich);
    expect(new Set(made.body.created.map((r: Json) => r.id)).size).toBe(1000);
    const trail = await t.call('GET', `/api/v1/audit-logs?collection=${c}&column=title&limit=1`, undefined, {
      token: acme.token,
    });
    expect(trail.body.total).toBe(1000);
  });

  it('bulk takes and answers a bare list', async () => {
    const made = await send('POST', [{ title: 'a' }, { title: 'b' }], { door: 'bulk' });
    expect([made.status, made.body.map((r: Json) => r.title)]).toEqual([201, ['a', 'b']]);
    expect(code(await send('POST', [], { door: 'bulk' }))).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect(code(await send('POST', { title: 'x' }, { door: 'bulk' }))).toEqual([400, 'INVALID_RESOURCE_DATA']);
  });

  it('one bad item stores none, and every problem has its index', async () => {
    const before = await total();
    const bad = await send('POST', {
      records: [{ title: 'ok' }, { n: 'x' }, { title: 'ok' }, { title: 'y', flag: 3 }],
    });
    expect(code(bad)).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect(bad.body.errors.map((e: Json) => [e.index, e.field])).toEqual([
      [1, 'title'],
      [1, 'n'],
      [3, 'flag'],
    ]);
    expect((await send('POST', { records: [{ title: 'x' }, { title: 'y', nope: 1 }] })).body).toMatchObject({
      code: 'INVALID_FIELDS',
      errors: [{ index: 1, field: 'nope' }],
    });
    const twice = await send('POST', {
      records: [
        { title: 'x', sku: 'same' },
        { title: 'y', sku: 'same' },
      ],
    });
    expect(code(twice)).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(twice.body.errors[0]).toMatchObject({ index: 1, field: 'sku' });
    const many = Array.from({ length: 1001 }, () => ({ title: 'x' }));
    expect((await send('POST', { records: many })).body.errors[0].code).toBe('batch_too_large');
    expect((await send('POST', { records: [] })).body.errors[0].code).toBe('batch_empty');
    expect(await total()).toBe(before);
  });

  it('changes many, whatever each of them assigns; a missing one changes none', async () => {
    const made = (await send('POST', { records: Array.from({ length: 5 }, (_, i) => ({ title: `c${i}`, n: i })) })).body
      .created;
    const [a, b, c, d] = made.map((r: Json) => r.id);
    const foreign = (await t.call('POST', `/api/v1/records/${name}`, { title: 'theirs' }, { token: other.token })).body
      .id;
    const changes = [
      { id: a, data: { title: 'A' } },
      { id: b, data: { n: null, doc: { deep: [true] } } },
      { id: c, data: { title: 'C' } },
    ];
    for (const again of [a, a.toUpperCase()]) {
      const twice = await send('PATCH', { records: [...changes, { id: again, data: { title: 'again' } }] });
      expect(twice.body).toMatchObject({
        code: 'INVALID_RESOURCE_DATA',
        errors: [{ index: 3, field: 'id', code: 'duplicate' }],
      });
    }
    const done = await send('PATCH', { records: changes });
    expect([done.status, done.body.count]).toEqual([200, 3]);
    expect(done.body.updated).toMatchObject([
      { id: a, title: 'A', n: 0 },
      { id: b, n: null, doc: { deep: [true] } },
      { id: c, title: 'C' },
    ]);
    for (const [records, expected] of [
      [
        [
          { id: a, data: { title: 'no' } },
          { id: foreign, data: { title: 'no' } },
        ],
        [404, 'RESOURCE_NOT_FOUND'],
      ],
      [
        [
          { id: a, data: { title: 'no' } },
          { id: 'nonsense', data: { title: 'no' } },
        ],
        [404, 'RESOURCE_NOT_FOUND'],
      ],
      [
        [
          { id: a, data: { title: 'no' } },
          { id: a, data: { title: 'no' } },
        ],
        [400, 'INVALID_RESOURCE_DATA'],
      ],
      [
        [
          { id: a, data: { title: 'no' } },
          { id: d, data: { title: null } },
        ],
        [400, 'INVALID_RESOURCE_DATA'],
      ],
      [
        [
          { id: a, data: { title: 'no' } },
          { id: d, data: {} },
        ],
        [400, 'INVALID_RESOURCE_DATA'],
      ],
    ] as const) {
      const refused = await send('PATCH', { records });
      expect(code(refused), refused.text).toEqual(expected);
      expect(refused.body.errors[0].index).toBe(1);
      expect((await get(a)).body.title).toBe('A');
    }
    const entries = await t.call('GET', `/api/v1/audit-logs?record_id=${b}&operation=UPDATE`, undefined, {
      token: acme.token,
    });
    expect(entries.body.items.map((e: Json) => e.column_name).sort()).toEqual(['doc', 'n']);
  });

  it('deletes many or none', async () => {
    const ids = (await send('POST', { records: [{ title: 'x' }, { title: 'y' }, { title: 'z' }] })).body.created.map(
      (r: Json) => r.id,
    );
    const before = await total();
    const foreign = (await t.call('POST', `/api/v1/records/${name}`, { title: 'theirs' }, { token: other.token })).body
      .id;
    const refused = await send('DELETE', { ids: [ids[0], foreign] });
    expect([...code(refused), refused.body.errors[0].index]).toEqual([404, 'RESOURCE_NOT_FOUND', 1]);
    expect(await total()).toBe(before);
    expect((await send('DELETE', { ids })).body).toEqual({ deleted: ids, count: 3 });
    expect(await total()).toBe(before - 3);
    expect((await t.call('GET', `/api/v1/records/${name}/${foreign}`, undefined, { token: other.token })).status).toBe(
      200,
    );
  });

  it('rules judge every item, before and after', async () => {
    const own = '@owns_record()';
    const rules = { create_rule: 'n < 10', update_rule: `${own} && n < 10`, delete_rule: own, view_rule: '' };
    const { name: c } = await t.collection({ schema: FIELDS, ...rules });
    const [ada, bob] = [await t.member(acme.account.id), await t.member(acme.account.id)];
    const refused = await send(
      'POST',
      {
        records: [
          { title: 'a', n: 1 },
          { title: 'b', n: 11 },
        ],
      },
      { c, token: ada.token },
    );
    expect([...code(refused), refused.body.errors[0].index]).toEqual([403, 'FORBIDDEN', 1]);
    const mine = (
      await send(
        'POST',
        {
          records: [
            { title: 'a', n: 1 },
            { title: 'b', n: 2 },
          ],
        },
        { c, token: ada.token },
      )
    ).body.created;
    const his = (await send('POST', { records: [{ title: 'h' }] }, { c, token: bob.token })).body.created[0];
    const patch = (records: Json) => send('PATCH', { records }, { c, token: ada.token });
    expect(
      code(
        await patch([
          { id: mine[0].id, data: { n: 3 } },
          { id: his.id, data: { n: 3 } },
        ]),
      ),
    ).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(
      code(
        await patch([
          { id: mine[0].id, data: { n: 3 } },
          { id: mine[1].id, data: { n: 30 } },
        ]),
      ),
    ).toEqual([403, 'FORBIDDEN']);
    expect((await get(mine[0].id, c)).body.n).toBe(1);
    expect(
      (
        await patch([
          { id: mine[0].id, data: { n: 3 } },
          { id: mine[1].id, data: { n: 4 } },
        ])
      ).status,
    ).toBe(200);
    expect(code(await send('DELETE', { ids: [mine[0].id, his.id] }, { c, token: ada.token }))).toEqual([
      404,
      'RESOURCE_NOT_FOUND',
    ]);
    // A rule that looks at the body sees each item's own.
    await t.call('PUT', `/api/v1/collections/${c}/rules`, { update_rule: '@request.data.n >= n' }, { token: t.root });
    expect(
      code(
        await patch([
          { id: mine[0].id, data: { n: 9 } },
          { id: mine[1].id, data: { n: 1 } },
        ]),
      )[0],
    ).toBe(404);
    expect(
      (
        await patch([
          { id: mine[0].id, data: { n: 9, title: 'x' } },
          { id: his.id, data: { n: 70 } },
        ])
      ).status,
    ).toBe(200);
  });

  it('a superadmin names the account of each item; an admin token may not write here', async () => {
    const records = [
      { title: 'a', account_id: acme.account.id },
      { title: 'b', account_id: other.account.slug },
    ];
    const made = await send('POST', { records }, { token: t.root });
    expect(made.body.created.map((r: Json) => r.account_id)).toEqual([acme.account.id, other.account.id]);
    expect(code(await send('POST', { records: [{ title: 'a' }] }, { token: t.root }))).toEqual([
      400,
      'ACCOUNT_REQUIRED',
    ]);
    const { key } = (await t.call('POST', '/api/v1/admin/api-keys', { name: unique('k') }, { token: t.root })).body;
    expect(code(await send('POST', { records: [{}] }, { token: key }))).toEqual([403, 'ADMIN_TOKEN_NOT_ALLOWED']);
  });

  it('two batches that change the same records in opposite order both end', async () => {
    const ids = (await send('POST', { records: Array.from({ length: 50 }, () => ({ title: 'x' })) })).body.created.map(
      (r: Json) => r.id,
    );
    const run = (order: string[], n: number) => send('PATCH', { records: order.map((id) => ({ id, data: { n } })) });
    const replies = await Promise.all([
      run(ids, 1),
      run([...ids].reverse(), 2),
      run(ids, 3),
      run([...ids].reverse(), 4),
    ]);
    expect(replies.map((r) => r.status)).toEqual([200, 200, 200, 200]);
    const values = new Set((await Promise.all(ids.map((id: string) => get(id)))).map(({ body }) => body.n));
    expect(values.size).toBe(1);
  });
});

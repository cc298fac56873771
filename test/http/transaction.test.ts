// POST /api/v1/batch: several collections, one transaction, references to earlier results.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('a batch over several collections', () => {
  let t: TestApp;
  let acme: Tenant;
  const [authors, posts, secret] = ['authors', 'posts', 'secret'].map((n) => unique(`${n}_`)) as [
    string,
    string,
    string,
  ];
  const batch = (operations: Json, token = acme.token) => t.call('POST', '/api/v1/batch', { operations }, { token });
  const total = async (collection: string): Promise<number> =>
    (await t.call('GET', `/api/v1/records/${collection}`, undefined, { token: acme.token })).body.total;

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const rules = {
      list_rule: '',
      view_rule: '',
      create_rule: '',
      update_rule: 'locked is null or locked = false',
      delete_rule: '',
    };
    await t.collection({
      name: authors,
      schema: [
        { name: 'name', type: 'text', required: true, unique: true },
        { name: 'locked', type: 'boolean' },
        { name: 'info', type: 'json' },
      ],
      ...rules,
    });
    await t.collection({
      name: posts,
      schema: [
        { name: 'title', type: 'text', required: true, max_length: 20 },
        { name: 'author', type: 'reference', collection: authors, on_delete: 'cascade' },
        { name: 'locked', type: 'boolean' },
      ],
      ...rules,
    });
    await t.collection({ name: secret, schema: [{ name: 'x', type: 'text' }] });
  });

  it('creates records that refer to each other, changes and deletes', async () => {
    const { status, body } = await batch([
      { op: 'create', collection: authors, as: 'ada', data: { name: 'Ada', info: { $from: 'just data' } } },
      { op: 'create', collection: posts, as: 'p', data: { title: 'One', author: { $from: 'ada.id' } } },
      { op: 'create', collection: posts, data: { title: { $from: 'ada.name' }, author: { $from: '0.id' } } },
      { op: 'update', collection: posts, id: { $from: 'p.id' }, data: { title: 'Changed' } },
      { op: 'delete', collection: posts, id: { $from: '2.id' } },
    ]);
    expect(status).toBe(200);
    expect(body.count).toBe(5);
    const [ada, one, two, changed, gone] = body.results;
    expect(ada).toMatchObject({
      op: 'create',
      collection: authors,
      as: 'ada',
      record: { name: 'Ada', info: { $from: 'just data' } },
    });
    expect(one.record.author).toBe(ada.id);
    expect(two.record).toMatchObject({ title: 'Ada', author: ada.id });
    expect(changed).toMatchObject({ id: one.id, record: { title: 'Changed', author: ada.id } });
    expect(gone).toMatchObject({ op: 'delete', id: two.id, record: null });
    const stored = await t.call('GET', `/api/v1/records/${posts}/${one.id}`, undefined, { token: acme.token });
    expect(stored.body).toEqual(changed.record);
    const trail = await t.call('GET', `/api/v1/audit-logs?record_id=${two.id}`, undefined, { token: acme.token });
    expect(new Set(trail.body.items.map((e: Json) => e.operation))).toEqual(new Set(['CREATE', 'DELETE']));
  });

  it('stores nothing when one of them fails, and names its place', async () => {
    const before = [await total(authors), await total(posts)];
    const good = (name: string) => ({ op: 'create', collection: authors, data: { name } });
    const cases: [Json[], number, string, Json][] = [
      [
        [
          good('a'),
          { op: 'create', collection: posts, data: {} },
          { op: 'create', collection: posts, data: { title: 'x'.repeat(21) } },
        ],
        400,
        'INVALID_FIELDS',
        null,
      ],
      [
        [
          good('b'),
          { op: 'create', collection: posts, data: { author: null } },
          { op: 'create', collection: posts, data: { title: 'x'.repeat(21) } },
        ],
        400,
        'INVALID_RESOURCE_DATA',
        [1, 2],
      ],
      [[good('c'), { op: 'create', collection: secret, data: { x: 'y' } }], 200, '', null],
      [
        [
          good('d'),
          { op: 'update', collection: posts, id: '0198c0de-7a11-7000-8000-000000000000', data: { title: 'x' } },
        ],
        404,
        'RESOURCE_NOT_FOUND',
        [1],
      ],
      [[good('e'), { op: 'delete', collection: posts, id: 'nonsense' }], 404, 'RESOURCE_NOT_FOUND', [1]],
      [
        [
          good('f'),
          { op: 'create', collection: posts, data: { title: 't', author: '0198c0de-7a11-7000-8000-000000000000' } },
        ],
        400,
        'RELATION_REFERENCE_ERROR',
        [1],
      ],
      [[good('g'), good('Ada')], 409, 'RESOURCE_CONFLICT', [1]],
      [[good('g'), good('h'), good('g'), good('i')], 409, 'RESOURCE_CONFLICT', [2]],
      [
        [good('h'), { op: 'create', collection: posts, data: { title: 't', author: { $from: 'nobody.id' } } }],
        400,
        'INVALID_RESOURCE_DATA',
        [1],
      ],
      [
        [{ op: 'create', collection: posts, data: { title: 't', author: { $from: '1.id' } } }, good('i')],
        400,
        'INVALID_RESOURCE_DATA',
        [0],
      ],
      [[good('j'), { op: 'create', collection: 'nowhere', data: {} }], 404, 'RESOURCE_NOT_FOUND', [1]],
      [[], 400, 'INVALID_RESOURCE_DATA', null],
      [Array.from({ length: 1001 }, (_, i) => good(`n${i}`)), 400, 'INVALID_RESOURCE_DATA', null],
      [[{ op: 'upsert', collection: authors, data: {} }], 400, 'INVALID_RESOURCE_DATA', null],
    ];
    for (const [operations, status, code, places] of cases) {
      if (code === '') continue;
      const reply = await batch(operations);
      expect([operations.length, reply.status]).toEqual([operations.length, status]);
      if (code !== 'INVALID_FIELDS') expect(reply.body.code).toBe(code);
      if (places !== null) expect(reply.body.errors.map((e: Json) => e.index)).toEqual(places);
    }
    expect([await total(authors), await total(posts)]).toEqual(before);
  });

  it('decides on all of them before anything else', async () => {
    const member = await t.member(acme.account.id);
    const before = await total(authors);
    const refused = await batch(
      [
        { op: 'create', collection: authors, data: { nonsense: 1 } },
        { op: 'create', collection: secret, data: { x: 'y' } },
      ],
      member.token,
    );
    expect([refused.status, refused.body.code, refused.body.errors[0].index]).toEqual([403, 'FORBIDDEN', 1]);
    const anonymous = await t.call('POST', '/api/v1/batch', {
      operations: [{ op: 'create', collection: authors, data: { name: 'x' } }],
    });
    expect(anonymous.status).toBe(400);
    expect(anonymous.body.code).toBe('ACCOUNT_REQUIRED');
    expect(await total(authors)).toBe(before);
  });

  it('judges update rules on the row before and after, also of rows it made itself', async () => {
    const { status, body } = await batch([
      { op: 'create', collection: authors, as: 'x', data: { name: 'Locked', locked: true } },
      { op: 'update', collection: authors, id: { $from: 'x.id' }, data: { name: 'Other' } },
    ]);
    expect([status, body.code, body.errors[0].index]).toEqual([404, 'RESOURCE_NOT_FOUND', 1]);
    const after = await batch([
      { op: 'create', collection: authors, as: 'x', data: { name: 'Open', locked: false } },
      { op: 'replace', collection: authors, id: { $from: 'x.id' }, data: { name: 'Other', locked: false } },
    ]);
    expect([after.status, after.body.results[1].record.name]).toEqual([200, 'Other']);
  });

  it('writes 1000 records in a handful of statements', async () => {
    const operations = Array.from({ length: 1000 }, (_, i) => ({
      op: 'create',
      collection: i < 500 ? authors : posts,
      ...(i === 0 && { as: 'first' }),
      data: i < 500 ? { name: `many ${i}` } : { title: `t${i}`, author: { $from: 'first.id' } },
    }));
    const { status, body } = await batch(operations);
    expect([status, body.count]).toEqual([200, 1000]);
    expect(new Set(body.results.map((r: Json) => r.id)).size).toBe(1000);
    expect(body.results[999].record).toMatchObject({ title: 't999', author: body.results[0].id });
  });

  it('names the operation that is wrong also in the middle of others, and refuses values that are none', async () => {
    const create = (data: Json, as?: string) => ({ op: 'create', collection: posts, data, ...(as && { as }) });
    const ada = { op: 'create', collection: authors, as: 'x', data: { name: unique('n') } };
    const late = await batch([
      ada,
      create({ title: 'a' }),
      create({ title: 'b' }),
      create({ title: { $from: 'x.locked' } }),
      create({ title: 'c' }),
    ]);
    expect([late.status, late.body.errors[0].index, late.body.errors[0].field]).toEqual([400, 3, 'title']);
    for (const from of ['x.nmae', 'x.constructor', 'x.__proto__']) {
      const { status, body } = await batch([ada, create({ title: { $from: from } })]);
      expect([from, status, body.errors[0].code, body.errors[0].index]).toEqual([from, 400, 'unknown_reference', 1]);
    }
  });

  it('works in the account that a superadmin names', async () => {
    const made = await t.call(
      'POST',
      '/api/v1/batch',
      { operations: [{ op: 'create', collection: authors, data: { name: 'By root' } }] },
      { token: t.root, headers: { 'X-Account-ID': acme.account.id } },
    );
    expect(made.body.results[0].record.account_id).toBe(acme.account.id);
    const without = await batch([{ op: 'create', collection: authors, data: { name: 'By root 2' } }], t.root);
    expect([without.status, without.body.code]).toEqual([400, 'ACCOUNT_REQUIRED']);
  });
});

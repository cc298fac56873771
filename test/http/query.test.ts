// One query, four spellings: parameters, filter text, filter JSON and the body of a query; cursors; and what is refused.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const FIELDS = [
  { name: 'text', type: 'text' },
  { name: 'n', type: 'number' },
  { name: 'flag', type: 'boolean' },
  { name: 'at', type: 'datetime' },
  { name: 'day', type: 'date' },
  { name: 'uid', type: 'uuid' },
  { name: 'tags', type: 'text[]' },
  { name: 'nums', type: 'number[]' },
  { name: 'kind', type: 'enum', enum: ['vip', 'lead'] },
  { name: 'doc', type: 'json' },
];
const UID = ['0198c0de-7a11-7000-8000-000000000001', '0198c0de-7a11-7000-8000-000000000002'];
const ROWS: readonly Json[] = [
  {
    text: 'Acme',
    n: 9,
    flag: true,
    at: '2026-01-01T00:00:00Z',
    day: '2026-01-01',
    uid: UID[0],
    tags: ['a', 'b'],
    nums: [1, 2],
    kind: 'vip',
  },
  {
    text: 'acme corp',
    n: 10,
    flag: false,
    at: '2026-01-02T00:00:00Z',
    day: '2026-01-02',
    uid: UID[1],
    tags: ['b'],
    nums: [2],
    kind: 'lead',
  },
  { text: "O'Brien 100%_", n: -1.5, flag: true, at: '2025-12-31T23:59:59Z', day: '2025-12-31', tags: [], nums: [] },
  { text: null, n: null, flag: null, at: null, day: null, uid: null, tags: null, nums: null, kind: null },
  { text: 'x'.repeat(3), n: 100, doc: { a: 1 } },
];

interface Case {
  readonly field: string;
  readonly op: string;
  readonly value: Json;
  /** Places of the rows that match. */
  readonly rows: readonly number[];
}
const c = (field: string, op: string, value: Json, ...rows: number[]): Case => ({ field, op, value, rows });
const MATRIX: readonly Case[] = [
  c('text', 'eq', 'Acme', 0),
  c('text', 'eq', "O'Brien 100%_", 2),
  c('text', 'neq', 'Acme', 1, 2, 4),
  c('text', 'gt', 'Acme', 1, 2, 4),
  c('text', 'like', '%cme%', 0, 1),
  c('text', 'like', 'A___', 0),
  c('text', 'ilike', 'ACME%', 0, 1),
  c('text', 'in', ['Acme', 'xxx'], 0, 4),
  c('text', 'nin', ['Acme', 'xxx'], 1, 2),
  c('text', 'is_null', true, 3),
  c('text', 'is_null', false, 0, 1, 2, 4),
  c('n', 'eq', 10, 1),
  c('n', 'gt', 9, 1, 4),
  c('n', 'gte', 9, 0, 1, 4),
  c('n', 'lt', 9, 2),
  c('n', 'lte', 9, 0, 2),
  c('n', 'in', [9, 100], 0, 4),
  c('n', 'in', []),
  c('n', 'nin', [], 0, 1, 2, 3, 4),
  c('n', 'nin', [9], 1, 2, 4),
  c('flag', 'eq', true, 0, 2),
  c('flag', 'neq', true, 1),
  c('at', 'gt', '2026-01-01T00:00:00Z', 1),
  c('at', 'gte', '2026-01-01', 0, 1),
  c('at', 'lt', '2026-01-01T00:00:00+00:00', 2),
  c('day', 'lte', '2026-01-01', 0, 2),
  c('day', 'eq', '2026-01-02', 1),
  c('uid', 'eq', UID[0], 0),
  c('uid', 'in', UID, 0, 1),
  c('kind', 'eq', 'vip', 0),
  c('kind', 'neq', 'vip', 1),
  c('tags', 'contains', ['b'], 0, 1),
  c('tags', 'contains', ['a', 'b'], 0),
  c('tags', 'contains', [], 0, 1, 2, 3, 4),
  c('nums', 'contains', [2], 0, 1),
  c('doc', 'is_null', false, 4),
];
const JSON_OP: Record<string, string> = { neq: '$ne', is_null: '$isNull' };
const TEXT_OP: Record<string, string> = { eq: '=', neq: '!=', gt: '>', gte: '>=', lt: '<', lte: '<=', nin: 'not in' };

/** The four spellings of a case. */
const spellings = ({ field, op, value }: Case) => {
  const operand = Array.isArray(value) ? JSON.stringify(value) : String(value);
  const where = { [field]: { [JSON_OP[op] ?? `$${op}`]: value } };
  const text =
    op === 'is_null'
      ? `${field} is ${value ? '' : 'not '}null`
      : `${field} ${TEXT_OP[op] ?? op} ${JSON.stringify(value)}`;
  return {
    parameter: { [`${field}__${op}`]: operand },
    text: { filter: text },
    json: { filter: JSON.stringify(where) },
    where,
  };
};

describe.runIf(available)('query', () => {
  let t: TestApp;
  let acme: Tenant;
  let name: string;
  let ids: string[];
  const list = (query: Record<string, string>, c = name) =>
    t.call('GET', `/api/v1/records/${c}?${new URLSearchParams(query)}`, undefined, { token: acme.token });
  const query = (body: Json, c = name) => t.call('POST', `/api/v1/records/${c}/query`, body, { token: acme.token });
  const places = ({ body }: Json) => body.items.map((r: Json) => ids.indexOf(r.id)).sort();

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    name = (await t.collection({ schema: FIELDS })).name;
    ids = [];
    for (const row of ROWS)
      ids.push((await t.call('POST', `/api/v1/records/${name}`, row, { token: acme.token })).body.id);
  });

  it.each(MATRIX)('S002-14 S004-44…59 $field $op $value in four spellings', async (one) => {
    const { parameter, text, json, where } = spellings(one);
    const replies = [await list(parameter), await list(text), await list(json), await query({ where })];
    for (const reply of replies) {
      expect(reply.status, reply.text).toBe(200);
      expect(places(reply)).toEqual(one.rows);
      expect(reply.body.total).toBe(one.rows.length);
    }
  });

  it('S004-43 S004-60…63 and, or, not, several keys; a direct value is equality and null is a null test', async () => {
    for (const [where, rows] of [
      [{ $or: [{ text: 'Acme' }, { n: { $gt: 50 } }] }, [0, 4]],
      [{ flag: true, n: { $lt: 0 } }, [2]],
      [{ $not: { flag: true } }, [1]],
      [{ $or: [{ $not: { kind: 'vip' } }, { $and: [{ n: 9 }, { flag: true }] }] }, [0, 1]],
      [{ text: null }, [3]],
      [{ text: { $ne: null } }, [0, 1, 2, 4]],
      [{ n: { $gte: 9, $lt: 100 } }, [0, 1]],
      [{}, [0, 1, 2, 3, 4]],
    ] as const)
      expect(places(await query({ where })), JSON.stringify(where)).toEqual(rows);
    const sample = { where: { $or: [{ kind: 'vip' }, { n: { $gt: 5 } }] }, orderBy: 'n', order: 'desc', limit: 2 };
    expect((await query(sample)).body).toMatchObject({ total: 3, limit: 2, items: [{ n: 100 }, { n: 10 }] });
    expect(places(await list({ filter: 'n > 5', flag: 'true' }))).toEqual([0]);
    expect(places(await list({ filter: 'n > 5 and (flag = false or text ~ "XX")', n__lt: '1000' }))).toEqual([1, 4]);
    expect(places(await query({ where: { flag: true }, filter: 'n > 5' }))).toEqual([0]);
  });

  it('S001-45 several keys order one after the other; nulls as PostgreSQL puts them', async () => {
    const of = async (sort: string) => (await list({ sort })).body.items.map((r: Json) => r.n);
    expect(await of('n')).toEqual([-1.5, 9, 10, 100, null]);
    expect(await of('-n')).toEqual([null, 100, 10, 9, -1.5]);
    expect(await of('flag,-n')).toEqual([10, 9, -1.5, null, 100]);
  });

  it('cursors walk there and back and end in null; another sort, a broken one and both at once are refused', async () => {
    const seen: string[] = [];
    let reply = await list({ sort: '-n', limit: '2', cursor: '' });
    expect(reply.body.prev_cursor).toBe(null);
    for (;;) {
      seen.push(...reply.body.items.map((r: Json) => r.id));
      if (reply.body.next_cursor === null) break;
      expect(reply.body.has_more).toBe(true);
      reply = await list({ sort: '-n', limit: '2', cursor: reply.body.next_cursor });
    }
    expect(seen).toEqual([ids[3], ids[4], ids[1], ids[0], ids[2]]);
    const back = (await list({ sort: '-n', limit: '2', cursor_before: reply.body.prev_cursor })).body;
    expect(back.items.map((r: Json) => r.id)).toEqual(seen.slice(2, 4));
    const cursor = (await list({ sort: '-n', limit: '2' })).body.next_cursor;
    for (const [asked, field] of [
      [{ sort: 'n', cursor }, 'cursor'],
      [{ cursor }, 'cursor'],
      [{ sort: '-n', cursor: 'nonsense!' }, 'cursor'],
      [{ sort: '-n', cursor: Buffer.from('["-n,-id",{},1]').toString('base64url') }, 'cursor'],
      [{ sort: '-n', cursor: Buffer.from('["-n,-id","x","y"]').toString('base64url') }, 'cursor'],
      [{ sort: '-n', cursor, cursor_before: cursor }, 'cursor_before'],
      [{ sort: '-n', cursor, skip: '2' }, 'skip'],
    ] as const) {
      const refused = await list(asked as Record<string, string>);
      expect([refused.status, refused.body.code, refused.body.errors[0].field], refused.text).toEqual([
        400,
        'INVALID_QUERY_PARAMS',
        field,
      ]);
    }
  });

  it('a walk neither repeats nor loses rows while others come and go', async () => {
    const { name: moving } = await t.collection({ schema: [{ name: 'n', type: 'number', required: true }] });
    const put = async (n: number) =>
      (await t.call('POST', `/api/v1/records/${moving}`, { n }, { token: acme.token })).body.id as string;
    const stay: string[] = [];
    for (let n = 0; n < 20; n += 2) stay.push(await put(n));
    const seen: string[] = [];
    for (let cursor = '', n = 21; ; n += 2) {
      const { body } = await list({ sort: 'n', limit: '3', cursor }, moving);
      seen.push(...body.items.map((r: Json) => r.id));
      // In front of the place and behind it.
      await put(-n);
      const gone = await put(0.5);
      await t.call('DELETE', `/api/v1/records/${moving}/${gone}`, undefined, { token: acme.token });
      if (body.next_cursor === null) break;
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(stay);
  });

  it('count=false leaves total null, estimated answers a number; deleted needs the right to delete', async () => {
    expect((await list({ count: 'false' })).body).toMatchObject({ total: null, items: expect.any(Array) });
    expect(typeof (await list({ count: 'estimated' })).body.total).toBe('number');
    expect((await list({ include_count: 'false', cursor: '' })).body.total).toBe(null);
    expect(typeof (await list({ include_count: 'true', cursor: '' })).body.total).toBe('number');
    expect((await query({ count: false })).body.total).toBe(null);
    const { name: soft } = await t.collection({
      schema: [{ name: 'a', type: 'text' }],
      soft_delete: true,
      list_rule: '',
      create_rule: '',
    });
    const made = await t.call('POST', `/api/v1/records/${soft}`, { a: 'x' }, { token: acme.token });
    await t.call('POST', `/api/v1/records/${soft}`, { a: 'y' }, { token: acme.token });
    await t.call('DELETE', `/api/v1/records/${soft}/${made.body.id}`, undefined, { token: acme.token });
    const texts = async (deleted: string) =>
      (await list({ deleted, sort: 'a' }, soft)).body.items.map((r: Json) => r.a);
    expect([await texts('without'), await texts('with'), await texts('only')]).toEqual([['y'], ['x', 'y'], ['x']]);
    const plain = await t.member(acme.account.id);
    const refused = await t.call('GET', `/api/v1/records/${soft}?deleted=only`, undefined, { token: plain.token });
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await t.call('GET', `/api/v1/records/${soft}`, undefined, { token: plain.token })).body.total).toBe(1);
  });

  it('a softly deleted record comes back as it was, or goes for good', async () => {
    const schema = [{ name: 'a', type: 'text', unique: true }];
    const { name: soft } = await t.collection({ schema, soft_delete: true });
    const at = `/api/v1/records/${soft}`;
    const as = (method: string, path: string, body?: Json) => t.call(method, at + path, body, { token: acme.token });
    const { id } = (await as('POST', '', { a: 'x' })).body;
    expect((await as('DELETE', `/${id}`)).status).toBe(204);
    expect((await as('GET', `/${id}`)).status).toBe(404);
    expect((await as('PATCH', `/${id}`, { a: 'y' })).status).toBe(404);
    const back = await as('POST', `/${id}/restore`);
    expect([back.status, back.body.a, back.body.deleted_at]).toEqual([200, 'x', null]);
    expect((await as('POST', `/${id}/restore`)).status).toBe(404);
    expect((await as('GET', `/${id}`)).body).toEqual(back.body);
    await as('DELETE', `/${id}`);
    const taken = (await as('POST', '', { a: 'x' })).body.id;
    expect((await as('POST', `/${id}/restore`)).status).toBe(409);
    expect((await as('DELETE', `/${id}?purge=true`)).status).toBe(204);
    expect((await as('POST', `/${id}/restore`)).status).toBe(404);
    expect((await as('DELETE', `/${taken}?purge=true`)).status).toBe(204);
    expect((await list({ deleted: 'with' }, soft)).body.total).toBe(0);
    const trail = (
      await t.call('GET', `/api/v1/audit-logs?record_id=${id}&column=a&sort_order=asc`, undefined, {
        token: acme.token,
      })
    ).body;
    expect(trail.items.map((e: Json) => e.operation)).toEqual(['CREATE', 'DELETE', 'RESTORE', 'DELETE', 'DELETE']);
    const stranger = await t.tenant('Stranger');
    const gone = (await as('POST', '', { a: 'z' })).body.id;
    await as('DELETE', `/${gone}`);
    for (const [method, path] of [
      ['POST', `/${gone}/restore`],
      ['DELETE', `/${gone}?purge=true`],
    ] as const)
      expect((await t.call(method, at + path, undefined, { token: stranger.token })).status).toBe(404);
    expect((await as('POST', `/${gone}/restore`)).status).toBe(200);
    const plain = (await t.collection({ schema: [{ name: 'a', type: 'text' }] })).name;
    expect(
      (await t.call('POST', `/api/v1/records/${plain}/${gone}/restore`, undefined, { token: acme.token })).status,
    ).toBe(404);
  });

  it.each<[string, Record<string, string>, string]>([
    ['an unknown field', { nope: '1' }, 'INVALID_FIELDS'],
    ['an unknown field in text', { filter: 'nope = 1' }, 'INVALID_FIELDS'],
    ['an unknown field in JSON', { filter: '{"nope":1}' }, 'INVALID_FIELDS'],
    ['an unknown operator', { n__near: '1' }, 'INVALID_QUERY_PARAMS'],
    ['an unknown operator in JSON', { filter: '{"n":{"$near":1}}' }, 'INVALID_QUERY_PARAMS'],
    ['an impossible cast', { n: 'many' }, 'INVALID_QUERY_PARAMS'],
    ['an impossible date', { day: '2026-02-30' }, 'INVALID_QUERY_PARAMS'],
    ['a date out of range', { at__gt: '99999-01-01T00:00:00Z' }, 'INVALID_QUERY_PARAMS'],
    ['a number out of range', { n: '1e400' }, 'INVALID_QUERY_PARAMS'],
    ['no list for $in', { filter: '{"n":{"$in":5}}' }, 'INVALID_QUERY_PARAMS'],
    ['no list for $and', { filter: '{"$and":{"n":1}}' }, 'INVALID_QUERY_PARAMS'],
    ['contains on text', { filter: '{"text":{"$contains":["a"]}}' }, 'INVALID_QUERY_PARAMS'],
    ['a comparison of json', { doc: '1' }, 'INVALID_QUERY_PARAMS'],
    ['broken JSON', { filter: '{"n":' }, 'INVALID_QUERY_PARAMS'],
    ['broken text', { filter: 'n = ' }, 'INVALID_QUERY_PARAMS'],
    ['no condition', { filter: 'n + 1' }, 'INVALID_QUERY_PARAMS'],
    ['a variable', { filter: 'text = @request.auth.id' }, 'INVALID_QUERY_PARAMS'],
    ['a macro', { filter: '@owns_record()' }, 'INVALID_QUERY_PARAMS'],
    ['17 levels', { filter: `${'not ('.repeat(17)}n = 1${')'.repeat(17)}` }, 'INVALID_QUERY_PARAMS'],
    ['101 terms', { filter: Array.from({ length: 101 }, () => 'n = 1').join(' or ') }, 'INVALID_QUERY_PARAMS'],
    ['501 items', { n__in: Array.from({ length: 501 }, (_, i) => i).join() }, 'INVALID_QUERY_PARAMS'],
    ['an unknown count', { count: 'maybe' }, 'INVALID_QUERY_PARAMS'],
    ['a limit out of range', { limit: '101' }, 'INVALID_QUERY_PARAMS'],
    ['an order of json', { sort: 'doc' }, 'INVALID_QUERY_PARAMS'],
  ])('%s is a clear 400', async (_, asked, code) => {
    const reply = await list(asked);
    expect([reply.status, reply.body.code], reply.text).toEqual([400, code]);
    expect(reply.body.errors[0].message.length).toBeGreaterThan(5);
  });

  it.each<[string, Json, number]>([
    ['a limit out of range', { limit: 0 }, 400],
    ['a negative skip', { skip: -1 }, 400],
    ['an unknown key', { wehre: {} }, 422],
    ['a where that is a list', { where: [] }, 422],
    ['a sort of numbers', { sort: [1] }, 422],
    ['prototypes', { where: JSON.parse('{"__proto__":{"$eq":1}}') }, 400],
  ])('the body of a query with %s is refused', async (_, body, status) => {
    expect((await query(body)).status).toBe(status);
  });

  it('% and _ and quotes and emoji are values', async () => {
    for (const text of ['100%', 'a_b', "it's", '"quoted"', 'back\\slash', '😀', 'a+b&c=d', '[1]', '{"x":1}']) {
      const { body } = await t.call('POST', `/api/v1/records/${name}`, { text }, { token: acme.token });
      for (const reply of [
        await list({ text }),
        await query({ where: { text } }),
        await list({ filter: `text = ${JSON.stringify(text)}` }),
      ])
        expect(
          reply.body.items?.map((r: Json) => r.id),
          `${text} ${reply.text}`,
        ).toEqual([body.id]);
      await t.call('DELETE', `/api/v1/records/${name}/${body.id}`, undefined, { token: acme.token });
    }
  });
});

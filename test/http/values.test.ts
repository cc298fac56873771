// Every field type through the API: what is stored, what comes back, what is refused and how the refusal reads.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const FIELDS = [
  { name: 'text', type: 'text' },
  { name: 'number', type: 'number' },
  { name: 'boolean', type: 'boolean' },
  { name: 'datetime', type: 'datetime' },
  { name: 'date', type: 'date' },
  { name: 'email', type: 'email' },
  { name: 'url', type: 'url' },
  { name: 'json', type: 'json' },
  { name: 'uuid', type: 'uuid' },
  { name: 'enum', type: 'enum', enum: ['draft', 'live'] },
  { name: 'texts', type: 'text[]' },
  { name: 'numbers', type: 'number[]' },
  { name: 'short', type: 'text', min_length: 2, max_length: 4, pattern: '[a-z]+' },
  { name: 'whole', type: 'number', integer: true, min: 0, max: 10 },
];
const UUID = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';

/** field, value sent, value expected back (the same when left out). */
const GOOD: readonly (readonly [string, Json, Json?])[] = [
  ['text', ''],
  ['text', 'emoji 😀 "quotes" \\ back\nslash \u2028'],
  ['text', "o'clock; drop table x; --"],
  ['text', 'a::b'],
  ['text', 'x'.repeat(100_000)],
  ['number', 0],
  ['number', 1],
  ['number', 1.5],
  ['number', -0, 0],
  ['number', 1e300],
  ['number', -2.2250738585072014e-308],
  ['number', 9007199254740991],
  ['number', 0.1],
  ['boolean', true],
  ['boolean', false],
  ['datetime', '2026-01-02T03:04:05Z'],
  ['datetime', '2026-01-02T03:04:05.123456Z'],
  ['datetime', '2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05Z'],
  ['datetime', '2026-01-02T03:04Z', '2026-01-02T03:04:00Z'],
  ['datetime', '2026-01-02T03:04:05', '2026-01-02T03:04:05Z'],
  ['datetime', '0001-02-01T00:00:00Z'],
  ['datetime', '9999-12-30T23:59:59Z'],
  ['date', '2024-02-29'],
  ['date', '0001-01-01'],
  ['date', '9999-12-31'],
  ['email', 'a@b.co'],
  ['email', 'Ünïcode.person+tag@exämple.org'],
  ['url', 'https://x.org/p?q=1#f'],
  ['url', 'http://localhost:3000'],
  ['json', { a: { b: [1, 'two', null, true, { c: 1.5 }] } }],
  ['json', []],
  ['json', 'text'],
  ['json', 5],
  ['json', false],
  ['uuid', UUID],
  ['enum', 'draft'],
  ['texts', ['a', '', 'c,d', '{"x"}', 'NULL', '\\']],
  ['texts', []],
  ['numbers', [1, -2.5, 0]],
  ['short', 'abcd'],
  ['whole', 10],
];
const BAD: readonly (readonly [string, Json, string?])[] = [
  ['text', 5, 'invalid_type'],
  ['text', true],
  ['text', ['a']],
  ['text', {}],
  ['number', '1', 'invalid_type'],
  ['number', true, 'invalid_type'],
  ['number', []],
  ['boolean', 1, 'invalid_type'],
  ['boolean', 'true', 'invalid_type'],
  ['boolean', 0],
  ['datetime', 'yesterday', 'invalid_datetime_format'],
  ['datetime', '2026-02-30T00:00:00Z'],
  ['datetime', '2026-01-02'],
  ['datetime', 5],
  ['datetime', '2026-01-02T25:00:00Z'],
  ['datetime', '99999-01-01T00:00:00Z'],
  ['date', '2023-02-29', 'invalid_date_format'],
  ['date', '2024-2-9'],
  ['date', '0000-01-01'],
  ['date', '2024-01-01T00:00:00Z'],
  ['email', 'a@', 'invalid_email_format'],
  ['email', 'a b@c.de'],
  ['email', '@b.co'],
  ['email', `${'x'.repeat(300)}@b.co`],
  ['email', 'a..b@c.de'],
  ['url', 'ftp://x', 'invalid_url_format'],
  ['url', 'x.y'],
  ['url', 'javascript:alert(1)'],
  ['url', 'http://'],
  ['url', 'http://a b'],
  ['uuid', 'x', 'invalid_uuid_format'],
  ['enum', 'gone', 'invalid_enum'],
  ['enum', 5],
  ['texts', 'a'],
  ['texts', [1]],
  ['texts', [null]],
  ['numbers', ['1']],
  ['short', 'a', 'too_small'],
  ['short', 'abcde', 'too_big'],
  ['short', 'AB', 'invalid_format'],
  ['whole', 1.5],
  ['whole', -1, 'too_small'],
  ['whole', 11, 'too_big'],
];

describe.runIf(available)('values', () => {
  let t: TestApp;
  let a: Tenant;
  let base: string;
  const send = (body: Json) => t.call('POST', base, body, { token: a.token });

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
    base = `/api/v1/records/${(await t.collection({ schema: FIELDS })).name}`;
  });

  it('S001-59…65 every good value is stored, answered by create, get and list alike, and filters find it', async () => {
    for (const [field, value, expected = value] of GOOD) {
      const created = await send({ [field]: value });
      expect(created.status, `${field} ${JSON.stringify(value).slice(0, 60)} ${created.text.slice(0, 200)}`).toBe(201);
      expect(created.body[field]).toStrictEqual(expected);
      const path = `${base}/${created.body.id}`;
      expect((await t.call('GET', path, undefined, { token: a.token })).body).toStrictEqual(created.body);
      expect(
        (await t.call('GET', `${base}?id=${created.body.id}`, undefined, { token: a.token })).body.items,
      ).toStrictEqual([created.body]);
      const patched = await t.call('PATCH', path, { [field]: null }, { token: a.token });
      expect(patched.body[field]).toBeNull();
      expect((await t.call('PATCH', path, { [field]: value }, { token: a.token })).body[field]).toStrictEqual(expected);
    }
  });

  it('S000-04 S001-59…64 S002-36…39 every bad value is refused by create, put and patch with an entry that names it', async () => {
    const { body } = await send({ text: 'x' });
    for (const [field, value, code] of BAD) {
      for (const [method, path] of [
        ['POST', base],
        ['PUT', `${base}/${body.id}`],
        ['PATCH', `${base}/${body.id}`],
      ] as const) {
        const reply = await t.call(method, path, { [field]: value }, { token: a.token });
        const label = `${method} ${field} ${JSON.stringify(value).slice(0, 60)} ${reply.text.slice(0, 300)}`;
        expect([reply.status, reply.body.code, reply.body.message, reply.body.error], label).toEqual([
          400,
          'INVALID_RESOURCE_DATA',
          'Validation failed',
          'Validation error',
        ]);
        const entry = reply.body.errors.find((e: Json) => e.field.split('.')[0] === field);
        expect(entry, label).toMatchObject({
          message: expect.any(String),
          expected: expect.any(String),
          received: expect.any(String),
          type: expect.any(String),
        });
        if (code !== undefined) expect(entry.code, label).toBe(code);
        expect(reply.body.details).toEqual(reply.body.errors);
      }
    }
    expect((await t.call('GET', `${base}/${body.id}`, undefined, { token: a.token })).body).toEqual(body);
  });

  it('S002-38 the documented entry: title 5 → expected string, received number', async () => {
    const { body } = await send({ text: 5 });
    expect(body.errors[0]).toMatchObject({ field: 'text', type: 'string', expected: 'string', received: 'number' });
    expect(body.errors[0].message).toBe('Expected string, received number');
  });

  it('S001-115 S002-37 all problems at once, one entry each', async () => {
    const reply = await send({ text: 1, number: 'x', whole: 99, enum: 'no' });
    expect(reply.body.errors.map((e: Json) => e.field).sort()).toEqual(['enum', 'number', 'text', 'whole']);
  });

  it('S002-42 unknown fields are INVALID_FIELDS; a body without a writable field is refused', async () => {
    const unknown = await send({ text: 'x', nope: 1, __proto: 2 });
    expect([unknown.status, unknown.body.code]).toEqual([400, 'INVALID_FIELDS']);
    expect(unknown.body.errors.map((e: Json) => e.field)).toEqual(['nope', '__proto']);
    for (const body of [{}, { id: UUID }, { created_at: 'x', updated_by: 1 }]) {
      const reply = await send(body);
      expect([reply.status, reply.body.code, reply.body.errors[0].code]).toEqual([
        400,
        'INVALID_RESOURCE_DATA',
        'empty_body',
      ]);
    }
    for (const raw of ['[]', '"x"', '5', 'null', 'true']) {
      const reply = await t.call('POST', base, undefined, { token: a.token, raw });
      expect(reply.status, raw).toBeGreaterThanOrEqual(400);
      expect(reply.status, raw).toBeLessThan(500);
    }
  });

  it('S001-67 S001-68 required, null and default', async () => {
    const { name } = await t.collection({
      schema: [
        { name: 'must', type: 'text', required: true },
        { name: 'preset', type: 'text', required: true, default: "it's 'set'\n::x" },
        { name: 'published', type: 'boolean', default: false },
        { name: 'n', type: 'number', default: -5 },
        { name: 'j', type: 'json', default: { a: [1] } },
        { name: 'l', type: 'text[]', default: ['a,b'] },
      ],
    });
    const own = `/api/v1/records/${name}`;
    const ok = await t.call('POST', own, { must: 'x' }, { token: a.token });
    expect(ok.body).toMatchObject({
      must: 'x',
      preset: "it's 'set'\n::x",
      published: false,
      n: -5,
      j: { a: [1] },
      l: ['a,b'],
    });
    for (const body of [{ n: 1 }, { must: null }, { must: 'x', preset: null }]) {
      expect((await t.call('POST', own, body, { token: a.token })).body.code).toBe('INVALID_RESOURCE_DATA');
    }
    expect((await t.call('POST', own, { must: 'x', n: null, published: null }, { token: a.token })).body).toMatchObject(
      { n: null, published: null },
    );
  });

  it('S001-66 S002-45 a reference must exist, in the same account', async () => {
    const authors = await t.collection({ schema: [{ name: 'name', type: 'text' }] });
    const books = await t.collection({ schema: [{ name: 'author', type: 'reference', collection: authors.name }] });
    const other = await t.tenant('Elsewhere');
    const author = (token: string) => t.call('POST', `/api/v1/records/${authors.name}`, { name: 'A' }, { token });
    const own = (await author(a.token)).body.id;
    const foreign = (await author(other.token)).body.id;
    const path = `/api/v1/records/${books.name}`;
    const made = await t.call('POST', path, { author: own }, { token: a.token });
    expect([made.status, made.body.author]).toEqual([201, own]);
    for (const [method, target] of [
      ['POST', path],
      ['PATCH', `${path}/${made.body.id}`],
    ] as const) {
      for (const id of [UUID, foreign]) {
        const reply = await t.call(method, target, { author: id }, { token: a.token });
        expect([reply.status, reply.body.code, reply.body.errors[0].field]).toEqual([
          400,
          'RELATION_REFERENCE_ERROR',
          'author',
        ]);
      }
    }
    expect((await t.call('GET', path, undefined, { token: a.token })).body.total).toBe(1);
    const kept = await t.call('DELETE', `/api/v1/records/${authors.name}/${own}`, undefined, { token: a.token });
    expect([kept.status, kept.body.code]).toEqual([409, 'RELATION_RESTRICTED']);
  });

  it('S001-111 unique is per account and answers 409', async () => {
    const { name } = await t.collection({ schema: [{ name: 'sku', type: 'text', unique: true }] });
    const other = await t.tenant('Twin');
    const own = `/api/v1/records/${name}`;
    const first = await t.call('POST', own, { sku: 'A-1' }, { token: a.token });
    const second = await t.call('POST', own, { sku: 'A-1' }, { token: a.token });
    expect([second.status, second.body.code, second.body.errors[0].field]).toEqual([409, 'RESOURCE_CONFLICT', 'sku']);
    expect((await t.call('POST', own, { sku: 'A-1' }, { token: other.token })).status).toBe(201);
    expect((await t.call('POST', own, { sku: null }, { token: a.token })).status).toBe(201);
    expect((await t.call('POST', own, { sku: null }, { token: a.token })).status).toBe(201);
    await t.call('DELETE', `${own}/${first.body.id}`, undefined, { token: a.token });
    expect((await t.call('POST', own, { sku: 'A-1' }, { token: a.token })).status).toBe(201);
    const huge = await t.call(
      'POST',
      own,
      { sku: Array.from({ length: 9000 }, (_, i) => i.toString(36)).join('') },
      { token: a.token },
    );
    expect(huge.status).toBe(400);
  });
});

// Faults of another product on records, each by its number in its description, that must not return here.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, PASSWORD, type Reply, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { agent } from '../mcp/agent.ts';

const THINGS = '/api/v1/apps/faults/collections/things';
const LINKS = '/api/v1/apps/faults/collections/links';
const PEOPLE = '/api/v1/apps/others/collections/people';
const ABSENT = '0198c0de-7a11-7000-8000-00000000dead';

const MANIFESTS: readonly Json[] = [
  {
    appId: 'faults',
    dataContract: [
      {
        entityName: 'things',
        identityKind: 'thing',
        identityKey: 'label',
        fields: [
          { name: 'label', type: 'text', required: true },
          { name: 'n', type: 'number', default_value: 7 },
          { name: 'flag', type: 'boolean' },
          { name: 'day', type: 'date' },
          { name: 'moment', type: 'timestamp' },
          { name: 'doc', type: 'json' },
          { name: 'tags', type: '[text]' },
          { name: 'scores', type: '[number]' },
          { name: 'code', type: 'uuid' },
          { name: 'state', type: 'text', required: true, default_value: 'new', enum_values: ['new', 'old'] },
        ],
        checks: [{ expr: 'n < 1000000' }],
        indexes: [{ columns: ['code'], unique: true }],
      },
      {
        entityName: 'links',
        fields: [
          { name: 'thing', type: 'entity_link', required: true, references: { entity: 'things', field: 'id' } },
          { name: 'note', type: 'text' },
        ],
      },
      {
        entityName: 'wide',
        fields: Array.from({ length: 80 }, (_, i) => ({ name: `f${i}`, type: 'number', default_value: i })),
      },
    ],
  },
  {
    appId: 'others',
    dataContract: ['people', 'places'].map((entityName) => ({
      entityName,
      identityKind: 'thing',
      identityKey: 'label',
      fields: [
        { name: 'label', type: 'text' },
        { name: 'n', type: 'number' },
        { name: 'only_here', type: 'text' },
      ],
    })),
  },
];

describe.runIf(available)('faults on records that must not return', () => {
  let t: TestApp;
  let ada: Tenant;
  let beta: Tenant;
  let ids: Record<string, string>;

  const call = (method: string, path: string, body?: unknown, token: string | null = ada.token) =>
    t.call(method, path, body, { token });
  const raw = (method: string, path: string, text: string, type = 'application/json') =>
    t.call(method, path, undefined, { token: ada.token, raw: text, headers: { 'Content-Type': type } });
  /** A user whose role may read these collections. */
  const reader = async (...collections: string[]): Promise<string> => {
    const role = (
      await call('POST', '/api/v1/roles', { name: `r_${collections.join('_').replaceAll('.', '_')}` }, t.root)
    ).body;
    const updates = collections.map((collection) => ({ collection, operation: 'read' }));
    if (updates.length > 0) await call('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates }, t.root);
    return (await t.member(ada.account.id, role.id)).token;
  };
  const isProblem = ({ status, body, text }: Reply, wanted: number, code: string) => {
    expect([status, body?.code], text).toEqual([wanted, code]);
    expect(body).toMatchObject({ error: expect.any(String), message: expect.any(String), errors: expect.any(Array) });
    expect(text).not.toMatch(/select |insert into|app_faults|syntax error|\bat .*\.ts/i);
  };
  const total = async () => (await call('POST', `${THINGS}/query`, {})).body.total as number;

  beforeAll(async () => {
    t = await startApp();
    [ada, beta] = [await t.tenant(), await t.tenant()];
    for (const manifest of MANIFESTS) {
      const { status, text } = await call('POST', '/api/v1/apps', manifest, t.root);
      expect(status, text).toBe(200);
    }
    const rows = [
      {
        label: 'a',
        n: 1,
        flag: true,
        day: '2020-02-29',
        moment: '2020-02-29T10:00:00+02:00',
        doc: { a: 1 },
        tags: ['x', 'y'],
        scores: [1, 2],
        code: ABSENT,
      },
      { label: 'b', n: 9, flag: false, doc: { a: 1, b: 2 }, tags: ['x'], scores: [2], state: 'old' },
      { label: 'c', n: 10, doc: {}, tags: [] },
      { label: 'd', n: null },
    ];
    const made = await call('POST', `${THINGS}/bulk`, rows);
    expect(made.status, made.text).toBe(201);
    ids = Object.fromEntries(made.body.map((row: Json) => [row.label, row.id]));
  });

  describe('§7 the where language', () => {
    /** What a condition finds, as labels in order; or the code and the field that a 400 names. */
    const CASES: readonly (readonly [string, unknown, string | readonly [code: string, field: string]])[] = [
      ['no where', undefined, 'abcd'],
      ['{}', {}, 'abcd'],
      ['$and: []', { $and: [] }, 'abcd'],
      ['$or: []', { $or: [] }, 'abcd'],
      ['$and no array', { $and: { n: 1 } }, ['INVALID_QUERY_PARAMS', '$and']],
      ['$or no array', { $or: { n: 1 } }, ['INVALID_QUERY_PARAMS', '$or']],
      ['$not no object', { $not: [{ n: 1 }] }, ['INVALID_QUERY_PARAMS', '$not']],
      ['an element that is no object', { $and: [1] }, ['INVALID_QUERY_PARAMS', '$and']],
      ['null is IS NULL', { n: null }, 'd'],
      ['$eq: null', { n: { $eq: null } }, 'd'],
      ['$ne: null', { n: { $ne: null } }, 'abc'],
      ['$ne leaves out what has no value', { n: { $ne: 1 } }, 'bc'],
      ['$nin leaves out what has no value', { n: { $nin: [1] } }, 'bc'],
      ['$not leaves out what has no value', { $not: { n: 1 } }, 'bc'],
      ['$gt: null', { n: { $gt: null } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['$gte: null on a date', { day: { $gte: null } }, ['INVALID_QUERY_PARAMS', 'day']],
      ['$lt: null on text', { label: { $lt: null } }, ['INVALID_QUERY_PARAMS', 'label']],
      ['$lte: null', { moment: { $lte: null } }, ['INVALID_QUERY_PARAMS', 'moment']],
      ['$like on a number', { n: { $like: '1%' } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['$ilike on a date', { day: { $ilike: '2%' } }, ['INVALID_QUERY_PARAMS', 'day']],
      ['$in: []', { n: { $in: [] } }, ''],
      ['$nin: []', { n: { $nin: [] } }, 'abcd'],
      ['$in with null leaves out what has no value', { n: { $in: [1, null] } }, 'a'],
      ['$in no array', { n: { $in: 1 } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['$nin no array', { n: { $nin: 1 } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['$contains on [text]', { tags: { $contains: ['x', 'y'] } }, 'a'],
      ['$contains on [number]', { scores: { $contains: [2] } }, 'ab'],
      ['$contains: []', { tags: { $contains: [] } }, 'abcd'],
      ['$contains: [] in $not', { $not: { tags: { $contains: [] } } }, ''],
      ['$contains on a scalar', { label: { $contains: ['a'] } }, ['INVALID_QUERY_PARAMS', 'label']],
      ['$contains of one value', { tags: { $contains: 'x' } }, 'ab'],
      ['$contains of another type', { tags: { $contains: { a: 1 } } }, ['INVALID_QUERY_PARAMS', 'tags']],
      ['$isNull: true', { n: { $isNull: true } }, 'd'],
      ['$isNull: false', { n: { $isNull: false } }, 'abc'],
      ['$isNull: "no"', { n: { $isNull: 'no' } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['unknown operator', { n: { $near: 1 } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['operator and plain key', { n: { $gt: 1, lt: 3 } }, ['INVALID_QUERY_PARAMS', 'n']],
      ['a list on an array field', { tags: ['x'] }, 'b'],
      ['an empty list on an array field', { tags: [] }, 'c'],
      ['an object elsewhere', { label: { a: 1 } }, ['INVALID_QUERY_PARAMS', 'label']],
      ['unknown field', { nope: 1 }, ['INVALID_FIELDS', 'nope']],
      ['unknown field, nested', { $or: [{ n: 1 }, { $not: { nope: 1 } }] }, ['INVALID_FIELDS', 'nope']],
      ['number "abc"', { n: 'abc' }, ['INVALID_QUERY_PARAMS', 'n']],
      ['number "9"', { n: '9' }, 'b'],
      ['boolean "true"', { flag: 'true' }, 'a'],
      ['boolean "perhaps"', { flag: 'perhaps' }, ['INVALID_QUERY_PARAMS', 'flag']],
      ['a date', { day: '2020-02-29' }, 'a'],
      ['no date', { day: '2021-02-29' }, ['INVALID_QUERY_PARAMS', 'day']],
      ['a moment, in another zone', { moment: '2020-02-29T08:00:00Z' }, 'a'],
      ['no moment', { moment: 'soon' }, ['INVALID_QUERY_PARAMS', 'moment']],
      ['no uuid', { code: 'x' }, ['INVALID_QUERY_PARAMS', 'code']],
      ['several operators', { n: { $gt: 1, $lt: 10 } }, 'b'],
      ['keys in one order', { flag: false, n: { $gte: 9 } }, 'b'],
      ['keys in the other', { n: { $gte: 9 }, flag: false }, 'b'],
    ];
    it.each(CASES)('§7 %s', async (_, where, expected) => {
      const reply = await call('POST', `${THINGS}/query`, { where, orderBy: 'label', order: 'asc' });
      if (typeof expected === 'string') {
        expect([reply.status, reply.body.total], reply.text).toEqual([200, expected.length]);
        expect(reply.body.data.map(({ label }: Json) => label).join('')).toBe(expected);
      } else {
        isProblem(reply, 400, expected[0]);
        expect(reply.text).toContain(expected[1]);
      }
    });

    it('§7 depth and size have bounds', async () => {
      const deep = (levels: number): Json => (levels === 0 ? { n: 1 } : { $not: deep(levels - 1) });
      expect((await call('POST', `${THINGS}/query`, { where: deep(8) })).body.total).toBe(1);
      isProblem(await call('POST', `${THINGS}/query`, { where: deep(20) }), 400, 'INVALID_QUERY_PARAMS');
      isProblem(await call('POST', `${THINGS}/query`, { where: deep(3000) }), 400, 'INVALID_JSON');
      const wide = { $or: Array.from({ length: 5000 }, (_, n) => ({ n })) };
      isProblem(await call('POST', `${THINGS}/query`, { where: wide }), 400, 'INVALID_QUERY_PARAMS');
    });

    it('§7 D3 where that is no object', async () => {
      for (const where of [[], 'n = 1', 7, null])
        isProblem(await call('POST', `${THINGS}/query`, { where }), 400, 'INVALID_QUERY_PARAMS');
    });
  });

  describe('§6 reading', () => {
    const LISTS: readonly (readonly [string, string, string | readonly [number, string]])[] = [
      ['§6.1 an unknown field', '?nope=1', [400, 'INVALID_FIELDS']],
      ['§6.1 D3 a value that is no number', '?n=abc', [400, 'INVALID_QUERY_PARAMS']],
      ['§6.1 D3 a value that is no date', '?day=soon', [400, 'INVALID_QUERY_PARAMS']],
      ['§6.1 D3 a value that is no id', '?id=x', [400, 'INVALID_QUERY_PARAMS']],
      ['§6.1 D3 a value that is no JSON', '?doc=x', [400, 'INVALID_QUERY_PARAMS']],
      ['§6.1 D3 values are cast', '?n=9&flag=false', 'b'],
      ['§6.1 D5 an unknown sort is created_at', '?sort=nope&order=asc', 'abcd'],
      ['§6.1 D5 a malformed sort is created_at', `?sort=${encodeURIComponent('n; drop table')}&order=asc`, 'abcd'],
      ['§6.1 sort and order', '?sort=label&order=desc', 'dcba'],
      ['§6.1 limit that is no number', '?limit=abc', [400, 'INVALID_QUERY_PARAMS']],
      ['§6.1 offset that is no number', '?offset=abc', [400, 'INVALID_QUERY_PARAMS']],
      ['§6.1 limit 0 is 1', '?limit=0&sort=label&order=asc', 'a'],
      ['§6.1 offset below 0 is 0', '?offset=-5&sort=label&order=asc', 'abcd'],
      ['§6.1 offset past the end', '?offset=50', ''],
      ['§6.1 linked=false links nothing', '?linked=false&sort=label&order=asc', 'abcd'],
    ];
    it.each(LISTS)('%s', async (_, query, expected) => {
      const reply = await call('GET', THINGS + query);
      if (typeof expected !== 'string') return isProblem(reply, expected[0], expected[1]);
      expect(reply.status, reply.text).toBe(200);
      expect(reply.body.map(({ label }: Json) => label).join('')).toBe(expected);
      expect(reply.text).not.toContain('_linked');
    });

    it('§6.1 pages of equal keys are stable, D4 without a limit all come', async () => {
      const rows = Array.from({ length: 60 }, (_, i) => ({ thing: ids.a, note: `${i}` }));
      expect((await call('POST', `${LINKS}/bulk`, rows)).status).toBe(201);
      for (const order of ['asc', 'desc']) {
        const seen: string[] = [];
        for (let offset = 0; offset < 60; offset += 7)
          for (const { id } of (await call('GET', `${LINKS}?sort=thing&order=${order}&limit=7&offset=${offset}`)).body)
            seen.push(id);
        expect(new Set(seen).size).toBe(60);
        expect((await call('GET', `${LINKS}?sort=thing&order=${order}`)).body.map(({ id }: Json) => id)).toEqual(seen);
      }
    });

    it('§6.2 D6 total is right past the last page', async () => {
      for (const page of [{}, { limit: 1 }, { offset: 3 }, { offset: 4 }, { offset: 1000 }])
        expect((await call('POST', `${THINGS}/query`, page)).body.total).toBe(4);
    });

    it('§6.2 a body of other types or none is refused in the one form of errors', async () => {
      const wrong = [
        { limit: '5' },
        { limit: null },
        { offset: 1.5 },
        { order: 7 },
        { orderBy: 1 },
        { linked: 'x' },
        [],
        5,
      ];
      for (const body of wrong) isProblem(await call('POST', `${THINGS}/query`, body), 400, 'INVALID_QUERY_PARAMS');
      isProblem(await raw('POST', `${THINGS}/query`, '{"where":'), 400, 'INVALID_JSON');
      isProblem(await raw('POST', `${THINGS}/query`, 'where=1', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE');
    });

    it('§2.5 D7 moments are shown in UTC with Z, numbers as they are', async () => {
      const { body } = await call('GET', `${THINGS}/${ids.a}`);
      expect(body.moment).toBe('2020-02-29T08:00:00Z');
      for (const at of [body.created_at, body.updated_at])
        expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      expect([body.n, body.scores, body.day]).toEqual([1, [1, 2], '2020-02-29']);
    });
  });

  describe('§8 values of another type are refused by name, never bent', () => {
    const WRONG: Readonly<Record<string, readonly unknown[]>> = {
      label: [42, true, {}, []],
      n: ['abc', '12', true, [], {}, 1e300],
      flag: ['true', 1, 0, 'no', {}],
      code: ['x', 5, '', {}],
      day: ['29.02.2020', '2021-02-29', 5, ''],
      moment: ['yesterday', '2020-13-01T00:00:00Z', 5, ''],
      tags: ['x', [1], ['x', null], {}],
      scores: [1, ['1'], [1, null], {}],
      state: ['other', 1, null],
    };
    it.each(Object.entries(WRONG))('§8 %s', async (field, values) => {
      for (const value of values)
        for (const [method, path, body] of [
          ['POST', THINGS, { label: 'wrong', [field]: value }],
          ['POST', `${THINGS}/bulk`, [{ label: 'right' }, { label: 'wrong', [field]: value }]],
          ['PATCH', `${THINGS}/${ids.d}`, { [field]: value }],
        ] as const) {
          const reply = await call(method, path, body);
          isProblem(reply, 400, 'INVALID_RESOURCE_DATA');
          const entry = reply.body.errors[0];
          expect(entry.field, `${method} ${JSON.stringify(value)} ${reply.text}`).toMatch(new RegExp(`\\b${field}\\b`));
        }
      expect(await total()).toBe(4);
    });

    it('§8 null is null, and json takes any value', async () => {
      for (const doc of [null, 5, 'x', [1, { a: null }], { 'a"b': "'" }, false]) {
        const made = await call('POST', THINGS, { label: 'json', doc, n: null, flag: null, code: null, tags: null });
        expect([made.status, made.body.doc, made.body.n, made.body.tags], made.text).toEqual([201, doc, null, null]);
        await call('DELETE', `${THINGS}/${made.body.id}`);
      }
    });
  });

  describe('§6 §9 writing', () => {
    const REFUSED: readonly (readonly [string, string, () => string, unknown, number, string])[] = [
      ['§6.3 an unknown field', 'POST', () => THINGS, { label: 'x', nope: 1 }, 400, 'INVALID_FIELDS'],
      ['§6.3 null where a value is required', 'POST', () => THINGS, { label: null }, 400, 'INVALID_RESOURCE_DATA'],
      ['§6.3 null against a default', 'POST', () => THINGS, { label: 'x', state: null }, 400, 'INVALID_RESOURCE_DATA'],
      ['§6.3 an empty body', 'POST', () => THINGS, {}, 400, 'INVALID_RESOURCE_DATA'],
      ['§6.3 D18 only system fields', 'POST', () => THINGS, { id: ABSENT }, 400, 'INVALID_RESOURCE_DATA'],
      ['§6.3 no object', 'POST', () => THINGS, [1], 400, 'INVALID_RESOURCE_DATA'],
      ['§6.4 bulk that is no array', 'POST', () => `${THINGS}/bulk`, { label: 'x' }, 400, 'INVALID_RESOURCE_DATA'],
      ['§6.4 bulk of nothing', 'POST', () => `${THINGS}/bulk`, [], 400, 'INVALID_RESOURCE_DATA'],
      [
        '§6.4 bulk with an empty record',
        'POST',
        () => `${THINGS}/bulk`,
        [{ label: 'x' }, {}],
        400,
        'INVALID_RESOURCE_DATA',
      ],
      [
        '§6.4 bulk with a record of system fields only',
        'POST',
        () => `${THINGS}/bulk`,
        [{ label: 'x' }, { id: ABSENT }],
        400,
        'INVALID_RESOURCE_DATA',
      ],
      [
        '§6.4 D17 bulk of 1001',
        'POST',
        () => `${THINGS}/bulk`,
        Array.from({ length: 1001 }, () => ({ label: 'x' })),
        400,
        'INVALID_RESOURCE_DATA',
      ],
      ['§6.5 a change of nothing', 'PATCH', () => `${THINGS}/${ids.d}`, {}, 400, 'INVALID_RESOURCE_DATA'],
      [
        '§6.5 D18 a change of system fields',
        'PATCH',
        () => `${THINGS}/${ids.d}`,
        { updated_at: '2000-01-01T00:00:00Z' },
        400,
        'INVALID_RESOURCE_DATA',
      ],
      ['§6.5 an unknown field', 'PATCH', () => `${THINGS}/${ids.d}`, { nope: 1 }, 400, 'INVALID_FIELDS'],
      ['§9 unique', 'POST', () => THINGS, { label: 'x', code: ABSENT }, 409, 'RESOURCE_CONFLICT'],
      ['§9 unique on a change', 'PATCH', () => `${THINGS}/${ids.b}`, { code: ABSENT }, 409, 'RESOURCE_CONFLICT'],
      ['§9 a check', 'POST', () => THINGS, { label: 'x', n: 1e6 }, 400, 'INVALID_RESOURCE_DATA'],
      ['§9 a check on a change', 'PATCH', () => `${THINGS}/${ids.d}`, { n: 1e6 }, 400, 'INVALID_RESOURCE_DATA'],
      ['§9 a parent that is not there', 'POST', () => LINKS, { thing: ABSENT }, 400, 'RELATION_REFERENCE_ERROR'],
      [
        '§6.6 a record that others refer to',
        'DELETE',
        () => `${THINGS}/${ids.a}`,
        undefined,
        409,
        'RELATION_RESTRICTED',
      ],
    ];
    it.each(REFUSED)('%s', async (_, method, path, body, status, code) => {
      const before = await total();
      isProblem(await call(method, path(), body), status, code);
      expect(await total()).toBe(before);
    });

    it('§9 text with a NUL and numbers beyond bounds are refused, no fault', async () => {
      isProblem(await call('POST', THINGS, { label: 'a\u0000b' }), 400, 'INVALID_JSON');
      for (const n of ['1e400', '-1e400']) {
        const { status, body } = await raw('POST', THINGS, `{"label":"x","n":${n}}`);
        expect([status, body.errors[0].field]).toEqual([400, 'n']);
      }
      isProblem(await call('POST', `${THINGS}/query`, { where: { label: '\u0000' } }), 400, 'INVALID_JSON');
    });

    it('§6.4 D17 keys that a record of a bulk lacks take their default', async () => {
      const made = await call('POST', `${THINGS}/bulk`, [
        { label: 'm1', n: 5, state: 'old' },
        { label: 'm2', flag: true },
        { label: 'm3', n: null },
      ]);
      expect(made.body.map(({ n, state, flag }: Json) => [n, state, flag])).toEqual([
        [5, 'old', null],
        [7, 'new', true],
        [null, 'new', null],
      ]);
      for (const { id } of made.body) expect((await call('DELETE', `${THINGS}/${id}`)).status).toBe(200);
    });

    it('§6.4 a bulk of more values than a statement has parameters', async () => {
      const record = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`f${i}`, i]));
      const wide = '/api/v1/apps/faults/collections/wide';
      const made = await call('POST', `${wide}/bulk`, Array(1000).fill(record));
      expect([made.status, made.body.length, made.body.at(-1).f79]).toEqual([201, 1000, 79]);
      expect((await call('POST', `${wide}/query`, { limit: 1 })).body.total).toBe(1000);
    });

    it('§6.5 null sets null, §6.6 the second delete is a 404, D19 system fields are ignored', async () => {
      const made = await call('POST', THINGS, { label: 'z', n: 3, id: ABSENT, created_at: '2000-01-01T00:00:00Z' });
      const { id, created_at: at } = made.body;
      expect([id === ABSENT, at > '2026']).toEqual([false, true]);
      const changed = await call('PATCH', `${THINGS}/${id}`, { n: null, created_at: '2000-01-01T00:00:00Z' });
      expect(changed.body).toMatchObject({ label: 'z', n: null, created_at: at });
      expect((await call('DELETE', `${THINGS}/${id}`)).body).toEqual({ message: `record '${id}' deleted` });
      isProblem(await call('DELETE', `${THINGS}/${id}`), 404, 'RESOURCE_NOT_FOUND');
    });
  });

  describe('§6 addresses and rights', () => {
    const DOORS = [
      ['GET', ''],
      ['POST', '', { label: 'x' }],
      ['POST', '/query', {}],
      ['POST', '/bulk', [{ label: 'x' }]],
      ['GET', `/${ABSENT}`],
      ['PATCH', `/${ABSENT}`, { label: 'x' }],
      ['DELETE', `/${ABSENT}`],
    ] as const;

    it('D1 D16 §11 without a permission every door says 403, whatever the body and the record', async () => {
      const nobody = await reader();
      for (const [method, path, body] of DOORS)
        isProblem(await call(method, THINGS + path, body, nobody), 403, 'FORBIDDEN');
      isProblem(await call('POST', THINGS, { nope: [] }, nobody), 403, 'FORBIDDEN');
      isProblem(await call('GET', `${THINGS}/${ids.a}`, undefined, nobody), 403, 'FORBIDDEN');
    });

    it('§6 D2 names of the database, of the core, and unknown ones are a 404; without a token 401', async () => {
      for (const at of [
        'rootcx_system/collections/users',
        'information_schema/collections/tables',
        'pg_catalog/collections/pg_class',
        'snackbase/collections/users',
        'app_faults/collections/things',
        'faults/collections/core:users',
        'faults/collections/core%3Ausers',
        'faults/collections/nope',
        'nope/collections/things',
      ])
        for (const [method, path, body] of DOORS) {
          isProblem(await call(method, `/api/v1/apps/${at}${path}`, body), 404, 'RESOURCE_NOT_FOUND');
          isProblem(await call(method, `/api/v1/apps/${at}${path}`, body, null), 401, 'UNAUTHORIZED');
        }
    });

    it('§6 an id that is no uuid is a record that is not there', async () => {
      for (const id of ['x', '1', `${ABSENT}0`, '%27']) {
        isProblem(await call('GET', `${THINGS}/${id}`), 404, 'RESOURCE_NOT_FOUND');
        isProblem(await call('PATCH', `${THINGS}/${id}`, { label: 'x' }), 404, 'RESOURCE_NOT_FOUND');
        isProblem(await call('DELETE', `${THINGS}/${id}`), 404, 'RESOURCE_NOT_FOUND');
      }
      isProblem(await call('PUT', `${THINGS}/${ids.a}`, { label: 'x' }), 405, 'METHOD_NOT_ALLOWED');
    });

    it('D15 every entity has tools, of the same rights', async () => {
      const verbs = ['query', 'get', 'create', 'update', 'delete', 'bulk_create'];
      const names = await (await agent(t.url, ada.token)).names();
      for (const entity of ['faults_things', 'faults_links', 'others_people'])
        expect(names).toEqual(expect.arrayContaining(verbs.map((verb) => `${entity}_${verb}`)));
      expect(await (await agent(t.url, await reader('faults.links'))).names()).toEqual([
        'faults_links_query',
        'faults_links_get',
      ]);
    });

    it('D20 a password shorter than twelve characters is refused by name', async () => {
      const asked = (password: string) =>
        call('POST', '/api/v1/auth/register', { account_name: 'Short', email: 'short@example.com', password }, null);
      const short = await asked('Short-pw-11');
      expect([short.status >= 400 && short.status < 500, short.body.errors[0].field]).toEqual([true, 'password']);
      expect((await asked(PASSWORD)).status).toBeLessThan(300);
    });
  });

  describe('§10 identity', () => {
    const federated = (body: Json, token = ada.token) => call('POST', '/api/v1/federated/thing/query', body, token);
    let oldest: Json;

    beforeAll(async () => {
      oldest = (await call('POST', PEOPLE, { label: 'a', n: 100, only_here: 'yes' })).body;
      await call('POST', '/api/v1/apps/others/collections/places', { label: 'a', n: 2 });
      await call('POST', PEOPLE, { label: 'A', n: 3 });
      await call('POST', PEOPLE, { label: 'b', n: 20 }, beta.token);
      await call('POST', PEOPLE, { label: null, n: 4 });
    });

    it('§10.2 one record an app, the oldest of all its entities; equal only when equal in case', async () => {
      for (let i = 0; i < 3; i++) {
        const rows = (await call('GET', `${THINGS}?linked=true&sort=label&order=asc`)).body as Json[];
        expect(rows.map(({ _linked }) => _linked)).toEqual([
          { others: { entity: 'people', recordId: oldest.id, data: oldest } },
          undefined,
          undefined,
          undefined,
        ]);
      }
      expect((await call('GET', `${THINGS}/${ids.a}`)).body).not.toHaveProperty('_linked');
    });

    it('§10.2 D16 apps that the caller may not read link nothing and break nothing', async () => {
      const some = await reader('faults.things');
      const linked = await call('GET', `${THINGS}?linked=true`, undefined, some);
      expect([linked.status, linked.body.length, linked.text.includes('_linked')]).toEqual([200, 4, false]);
      expect((await federated({}, some)).body.total).toBe(4);
      const part = await reader('faults.things', 'others.places');
      const found = (await call('GET', `${THINGS}?linked=true&label=a`, undefined, part)).body[0];
      expect(found._linked.others.entity).toBe('places');
    });

    it('§10.2 linked where there is no identity is passed over', async () => {
      expect((await call('GET', `${LINKS}?linked=true&limit=1`)).body[0]).not.toHaveProperty('_linked');
    });

    it('§10.3 a field that some entities lack is null there, one that all lack is a 400', async () => {
      expect((await federated({ where: { only_here: 'yes' } })).body).toMatchObject({
        total: 1,
        data: [{ id: oldest.id }],
      });
      expect((await federated({ where: { only_here: null } })).body.total).toBe(7);
      isProblem(await federated({ where: { nowhere: 1 } }), 400, 'INVALID_FIELDS');
    });

    it('§10.3 numbers are in the order of numbers, and total is right past the end', async () => {
      const { body } = await federated({ orderBy: 'n', order: 'asc' });
      expect(body.data.map(({ n }: Json) => n)).toEqual([1, 2, 3, 4, 9, 10, 100, null]);
      expect(body.total).toBe(8);
      expect((await federated({ offset: 500 })).body).toEqual({ data: [], total: 8 });
      expect((await call('POST', '/api/v1/federated/nothing/query', {})).body).toEqual({ data: [], total: 0 });
      expect(new Set(body.data.map(({ _source }: Json) => `${_source.app}.${_source.entity}`))).toEqual(
        new Set(['faults.things', 'others.people', 'others.places']),
      );
    });
  });
});

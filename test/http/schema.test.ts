// The JSON Schema of a collection: it compiles, agrees with the server on what a body may be, follows the collection and the caller.
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { chance } from '../fuzz/random.ts';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20261121);
const BODIES = 2000;
const UUID = '0198c0de-7a11-7000-8000-000000000001';
/** By field: its definition, values that it takes, values that it does not. */
const KINDS: Record<string, { field: Json; good: readonly Json[]; bad: readonly Json[] }> = {
  plain: { field: { type: 'text' }, good: ['', 'x', '😀', null], bad: [1, true, [], {}] },
  named: {
    field: { type: 'text', required: true, min_length: 2, max_length: 4 },
    good: ['ab', 'abcd', '😀😀'],
    bad: ['a', 'abcde', null, 5],
  },
  code: { field: { type: 'text', pattern: '[A-Z]{2}\\d+' }, good: ['AB1', 'XY99', null], bad: ['ab1', 'AB1x', ''] },
  pick: { field: { type: 'text', enum: ['a', 'b'] }, good: ['a', null], bad: ['c', 1] },
  kind: { field: { type: 'enum', enum: ['x', 'y'], default: 'x' }, good: ['x', 'y', null], bad: ['z', 0] },
  number: { field: { type: 'number', min: -1, max: 10 }, good: [0, -1, 9.5, null], bad: [-2, 11, '5', true] },
  whole: {
    field: { type: 'number', integer: true, required: true, default: 3 },
    good: [0, 7, -7],
    bad: [1.5, null, '1'],
  },
  flag: { field: { type: 'boolean' }, good: [true, false, null], bad: ['true', 0] },
  at: {
    field: { type: 'datetime' },
    good: ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123+02:00', null],
    bad: ['yesterday', '2026-13-01T00:00:00Z', 5],
  },
  day: { field: { type: 'date' }, good: ['2026-01-02', '2024-02-29', null], bad: ['2026-02-30', '01.02.2026', 5] },
  mail: { field: { type: 'email' }, good: ['a@example.com', null], bad: ['a@', 'a b@example.com', 5] },
  link: { field: { type: 'url' }, good: ['https://example.com/a?b=c', null], bad: ['example', 5] },
  uid: { field: { type: 'uuid' }, good: [UUID, null], bad: ['x', 5] },
  doc: { field: { type: 'json' }, good: [{ a: [1] }, [1], 'x', 0, null], bad: [] },
  tags: { field: { type: 'text[]' }, good: [[], ['a', 'b'], null], bad: ['a', [1], [null]] },
  picks: { field: { type: 'text[]', enum: ['a', 'b'] }, good: [['a'], [], null], bad: [['c'], 'a'] },
  nums: { field: { type: 'number[]' }, good: [[1, 2.5], [], null], bad: [['1'], 1] },
};

describe.runIf(available)('JSON Schema', () => {
  let t: TestApp;
  let acme: Tenant;
  let name: string;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    const schema = Object.entries(KINDS).map(([field, { field: options }]) => ({ name: field, ...options }));
    name = (await t.collection({ schema })).name;
  });
  const schemaOf = async (c = name, token = acme.token) =>
    t.call('GET', `/api/v1/records/${c}/schema`, undefined, { token });
  const compiled = async () => {
    const ajv = new Ajv2020({ strict: true, allErrors: false });
    formats.default(ajv);
    return ajv.compile((await schemaOf()).body);
  };

  it(`S002-26 it compiles and agrees with the server on ${BODIES} bodies`, async () => {
    const validate = await compiled();
    const random = chance(SEED);
    const tally = { taken: 0, refused: 0 };
    const one = async () => {
      const body: Record<string, Json> = { named: 'ab' };
      const mistakes = random.rarely(2) ? 0 : 1 + random.below(2);
      for (const [field, { good }] of Object.entries(KINDS)) if (!random.rarely(3)) body[field] = random.one(good);
      for (let i = 0; i < mistakes; i++) {
        const [field, { bad }] = random.one(Object.entries(KINDS));
        if (random.rarely(6)) delete body.named;
        else if (random.rarely(8)) body[random.one(['nope', 'Named', '__x'])] = 1;
        else if (bad.length > 0) body[field] = random.one(bad);
      }
      const { status, text } = await t.call('POST', `/api/v1/records/${name}`, body, { token: acme.token });
      const label = `seed ${SEED}: ${JSON.stringify(body)} → ${status} ${text.slice(0, 200)} | ${JSON.stringify(validate.errors)}`;
      expect(validate(body), label).toBe(status === 201);
      expect([201, 400], label).toContain(status);
      tally[status === 201 ? 'taken' : 'refused'] += 1;
    };
    for (let i = 0; i < BODIES / 8; i++) await Promise.all(Array.from({ length: 8 }, one));
    expect(Math.min(tally.taken, tally.refused)).toBeGreaterThan(BODIES / 8);
  });

  it('a stored record validates too, and the schema changes with the collection', async () => {
    const validate = await compiled();
    const { items } = (await t.call('GET', `/api/v1/records/${name}?limit=100`, undefined, { token: acme.token })).body;
    for (const item of items) expect(validate(item), JSON.stringify([item, validate.errors])).toBe(true);
    const { name: c } = await t.collection({ schema: [{ name: 'a', type: 'text' }] });
    const before = await schemaOf(c);
    expect(before.headers.get('etag')).toMatch(/^".+"$/);
    expect((await schemaOf(c)).headers.get('etag')).toBe(before.headers.get('etag'));
    const schema = [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'number', required: true, default: 1 },
    ];
    await t.call('PUT', `/api/v1/collections/${c}`, { schema }, { token: t.root });
    const after = await schemaOf(c);
    expect(after.body.properties.b).toEqual({ type: 'number', default: 1 });
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  it('it tells a caller of the fields that he may read or write and of no others', async () => {
    const rules = {
      view_rule: '',
      create_rule: '',
      view_fields: ['plain'],
      create_fields: ['named', 'plain'],
      update_fields: ['plain'],
    };
    await t.call('PUT', `/api/v1/collections/${name}/rules`, rules, { token: t.root });
    const plain = await t.member(acme.account.id);
    const { body, status } = await schemaOf(name, plain.token);
    expect(status).toBe(200);
    expect(Object.keys(body.properties).filter((key) => key in KINDS)).toEqual(['plain', 'named']);
    const { name: closed } = await t.collection({ schema: [{ name: 'a', type: 'text' }] });
    expect((await schemaOf(closed, plain.token)).status).toBe(403);
    expect((await t.call('GET', `/api/v1/records/${closed}/schema`)).status).toBe(401);
  });
});

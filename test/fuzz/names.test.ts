// Names that are legal and hostile: SQL words, names of JavaScript's own, long ones; and definitions changed by many at once.
import { beforeAll, describe, expect, it } from 'vitest';
import { ListQuery } from '../../contract/records.ts';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const C = '/api/v1/collections';
const R = '/api/v1/records';

/** Names that a list reads as its own; `__eq` makes a filter of them. */
const PARAMETERS = new Set(Object.keys(ListQuery.shape));
const HOSTILE =
  `select from where table user order group limit offset all and any array as asc both case cast check collate column constraint
  create default desc distinct do else end except false fetch for foreign grant having in initially intersect into leading not null
  on only or placing primary references returning session_user some then to true union unique using variadic when window with
  ctid xmin xmax cmin cmax tableoid oid row value values key count schema fields total items error message code __typename _id
  constructor toString hasOwnProperty valueOf isPrototypeOf toJSON length name prototype caller arguments callee __defineGetter__
  toLocaleString propertyIsEnumerable forEach map size get set has Symbol undefined NaN Infinity skip sort`
    .split(/\s+/)
    .filter((name, i, all) => all.findIndex((other) => other.toLowerCase() === name.toLowerCase()) === i);

describe.runIf(available)('names', () => {
  let t: TestApp;
  let a: Tenant;
  const define = (definition: Json) => t.call('POST', C, definition, { token: t.root });
  const as = (method: string, path: string, body?: Json) => t.call(method, path, body, { token: a.token });

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
  });

  it('every hostile name is a field that can be stored, filtered, sorted, projected, replaced and dropped', async () => {
    const { name } = await t.collection({ schema: HOSTILE.map((field) => ({ name: field, type: 'text' })) });
    const body = Object.fromEntries(HOSTILE.map((field) => [field, `value of ${field}`]));
    const made = await as('POST', `${R}/${name}`, body);
    expect(made.status, made.text.slice(0, 300)).toBe(201);
    expect(made.body).toMatchObject(body);
    const one = `${R}/${name}/${made.body.id}`;
    expect((await as('GET', one)).body).toEqual(made.body);
    for (const field of HOSTILE) {
      const filter = PARAMETERS.has(field) ? `${field}__eq` : field;
      const found = await as('GET', `${R}/${name}?${filter}=${encodeURIComponent(`value of ${field}`)}`);
      expect([found.status, found.body.total], `${filter} ${found.text.slice(0, 200)}`).toEqual([200, 1]);
      const listed = await as('GET', `${R}/${name}?sort=-${field}&fields=${field}`);
      expect(listed.body.items, field).toEqual([{ id: made.body.id, [field]: `value of ${field}` }]);
      const patched = await as('PATCH', one, { [field]: 'patched' });
      expect([patched.status, patched.body[field]], `${field} ${patched.text.slice(0, 200)}`).toEqual([200, 'patched']);
    }
    const put = await as('PUT', one, { constructor: 'only' });
    for (const field of HOSTILE) expect(put.body[field], field).toBe(field === 'constructor' ? 'only' : null);
    const fewer = { schema: ['then', 'length', 'toJSON'].map((field) => ({ name: field, type: 'text' })) };
    expect((await t.call('PUT', `${C}/${name}`, fewer, { token: t.root })).status).toBe(200);
    expect(Object.keys((await as('GET', one)).body).sort()).toEqual(
      ['account_id', 'created_at', 'created_by', 'id', 'length', 'then', 'toJSON', 'updated_at', 'updated_by'].sort(),
    );
  });

  it('every hostile name is a collection', async () => {
    for (const name of HOSTILE.filter((_, i) => i % 3 === 0 || i > 70)) {
      const made = await define({
        name,
        schema: [
          { name, type: 'number', unique: true },
          { name: 'self', type: 'reference', collection: name },
        ],
      });
      expect(made.status, `${name} ${made.text}`).toBe(201);
      const row = await as('POST', `${R}/${name}`, { [name]: 5 });
      expect(row.status, `${name} ${row.text}`).toBe(201);
      expect((await as('PATCH', `${R}/${name}/${row.body.id}`, { self: row.body.id })).body.self).toBe(row.body.id);
      expect((await as('GET', `${R}/${name}?sort=${name}`)).body.total).toBe(1);
      expect(
        (await t.call('GET', `${C}/${name === 'names' ? made.body.id : name}`, undefined, { token: t.root })).body.name,
      ).toBe(name);
      const gone = await t.call('DELETE', `${C}/${made.body.id}`, undefined, { token: t.root });
      expect(gone.status, `${name} ${gone.text}`).toBe(204);
    }
  });

  it('a JavaScript name that is no collection and no field is 404 and INVALID_FIELDS, not an inherited property', async () => {
    const { name } = await t.collection({ schema: [{ name: 'a', type: 'text' }] });
    for (const word of ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'then', 'length', 'valueOf']) {
      expect((await as('GET', `${R}/${word}`)).status, word).toBe(404);
      expect((await t.call('GET', `${C}/${word}`, undefined, { token: t.root })).status, word).toBe(404);
      for (const query of [`sort=${word}`, `fields=${word}`])
        expect((await as('GET', `${R}/${name}?${query}`)).body.code, query).toBe('INVALID_FIELDS');
      expect((await as('GET', `${R}/${name}?${word}=1`)).status, word).toBe(400);
      const refused = await t.call('POST', `${R}/${name}`, undefined, { token: a.token, raw: `{"a":"x","${word}":1}` });
      expect([refused.status, refused.body.errors[0].field], word).toEqual([400, word]);
    }
  });

  it('S003-13 names of 100 characters work everywhere, also where their short forms are alike', async () => {
    const long = (tail: string) => 'n'.repeat(100 - tail.length) + tail;
    const fields = ['_a', '_b', '_c', 'A'].map(long);
    const twin = `${'n'.repeat(50)}_0123456789ab`;
    for (const name of [long('_x'), long('_y'), twin]) {
      const made = await define({
        name,
        schema: [...fields, twin].map((field) => ({ name: field, type: 'text', unique: true })),
      });
      expect(made.status, made.text).toBe(201);
      const body = Object.fromEntries([...fields, twin].map((field, i) => [field, String(i)]));
      const row = await as('POST', `${R}/${name}`, body);
      expect(row.body).toMatchObject(body);
      for (const field of fields) {
        expect(
          (await as('GET', `${R}/${name}?${field}=${body[field]}&sort=${field}&fields=${field}`)).body.items,
        ).toEqual([{ id: row.body.id, [field]: body[field] }]);
        const clash = await as('POST', `${R}/${name}`, { [field]: body[field] });
        expect([clash.status, clash.body.errors[0].field]).toEqual([409, field]);
      }
      const back = await define({
        name: unique('ref_'),
        schema: [{ name: fields[0], type: 'reference', collection: name }],
      });
      expect((await as('POST', `${R}/${back.body.name}`, { [fields[0] as string]: row.body.id })).status).toBe(201);
      expect((await t.call('DELETE', `${C}/${name}`, undefined, { token: t.root })).body.message).toContain(
        back.body.name,
      );
    }
    // A collection may have the name of another one's array type.
    for (const name of ['typed', '_typed', '__typed'])
      expect((await define({ name, schema: [{ name: 'a', type: 'text[]' }] })).status).toBe(201);
  });

  it('S001-111 of equal definitions at once one is 201 and the rest 409', async () => {
    const name = unique('race_');
    const schema = [{ name: 'a', type: 'text' }];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => define({ name: i % 2 === 0 ? name : name.toUpperCase(), schema })),
    );
    expect(answers.map((r) => r.status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    expect(answers.filter((r) => r.status === 409).every((r) => r.body.code === 'CONFLICT')).toBe(true);
    expect((await t.call('GET', `${C}?search=${name}`, undefined, { token: t.root })).body.total).toBe(1);
  });

  it('collections come, change and go while writers write, and no answered write is lost', async () => {
    const { name } = await t.collection({ schema: [{ name: 'n', type: 'number' }] });
    let running = true;
    const stored: string[] = [];
    const odd: string[] = [];
    const writer = async () => {
      while (running) {
        const reply = await as('POST', `${R}/${name}`, { n: stored.length });
        if (reply.status === 201) stored.push(reply.body.id);
        else odd.push(`${reply.status} ${reply.text.slice(0, 200)}`);
      }
    };
    const writers = [writer(), writer(), writer()];
    for (let i = 0; i < 6; i++) {
      const more = Array.from({ length: i % 3 }, (_, k) => ({
        name: `extra${k}`,
        type: 'text',
        required: true,
        default: 'd',
      }));
      const changed = await t.call(
        'PUT',
        `${C}/${name}`,
        { schema: [{ name: 'n', type: 'number' }, ...more] },
        { token: t.root },
      );
      expect(changed.status, changed.text).toBe(200);
      const other = await t.collection({ schema: [{ name: 'r', type: 'reference', collection: name }] });
      expect((await t.call('DELETE', `${C}/${other.name}`, undefined, { token: t.root })).status).toBe(204);
    }
    running = false;
    await Promise.all(writers);
    expect(odd).toEqual([]);
    expect((await as('GET', `${R}/${name}`)).body.total).toBe(stored.length);
    expect(stored.length).toBeGreaterThan(10);
  });

  it('a write that waits for a collection to be dropped is 404, and the next definition starts empty', async () => {
    for (let i = 0; i < 5; i++) {
      const { name } = await t.collection({
        name: `again_${process.pid}`,
        schema: [{ name: i % 2 ? 'a' : 'b', type: 'text' }],
      });
      const field = i % 2 ? 'a' : 'b';
      expect((await as('GET', `${R}/${name}`)).body.total).toBe(0);
      const [dropped, ...replies] = await Promise.all([
        t.call('DELETE', `${C}/${name}`, undefined, { token: t.root }),
        ...Array.from({ length: 6 }, () => as('POST', `${R}/${name}`, { [field]: 'x' })),
      ]);
      expect(dropped?.status).toBe(204);
      for (const reply of replies) expect([201, 404], reply.text).toContain(reply.status);
      expect((await as('GET', `${R}/${name}`)).status).toBe(404);
    }
  });
});

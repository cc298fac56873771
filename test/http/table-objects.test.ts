// Indexes, checks, identities and type changes over HTTP: what records are refused for, and that requests go on across a change.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const C = '/api/v1/collections';
const entries = (body: Json) => body.errors.map((e: Json) => [e.field, e.code]);

describe.runIf(available)('table objects', () => {
  let t: TestApp;
  let a: Tenant;
  const change = (name: string, body: Json) => t.call('PATCH', `${C}/${name}`, body, { token: t.root });
  const at = (name: string, path = '') => `/api/v1/records/${name}${path}`;
  const write = (name: string, body: unknown, path = '') => t.call('POST', at(name, path), body, { token: a.token });
  const list = (name: string, query = '') => t.call('GET', at(name, query), undefined, { token: a.token });

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
  });

  const SCHEMA = [
    { name: 'email', type: 'email' },
    { name: 'starts', type: 'date' },
    { name: 'ends', type: 'date' },
    { name: 'seats', type: 'number' },
  ];

  it('a unique index answers 409 naming its fields, a check 400 naming itself', async () => {
    const { name } = await t.collection({
      schema: SCHEMA,
      indexes: [
        { name: 'one_mail', columns: [{ expr: 'lower(email)' }], unique: true },
        { columns: ['starts', 'ends'], unique: true },
      ],
      checks: [{ name: 'forward', expr: 'ends >= starts' }, { expr: 'seats > 0' }],
    });
    expect((await write(name, { email: 'a@b.co', starts: '2026-01-01', ends: '2026-01-02' })).status).toBe(201);
    const mail = await write(name, { email: 'A@b.co' });
    expect([mail.status, mail.body.code, entries(mail.body)]).toEqual([
      409,
      'RESOURCE_CONFLICT',
      [['email', 'unique']],
    ]);
    expect(mail.body.errors[0].message).toBe('Another record has the same lower(email).');
    const days = await write(name, { starts: '2026-01-01', ends: '2026-01-02' });
    expect([days.status, entries(days.body)]).toEqual([
      409,
      [
        ['starts', 'unique'],
        ['ends', 'unique'],
      ],
    ]);
    const back = await write(name, { starts: '2026-01-02', ends: '2026-01-01' });
    expect([back.status, back.body.code, entries(back.body)]).toEqual([
      400,
      'INVALID_RESOURCE_DATA',
      [
        ['ends', 'check'],
        ['starts', 'check'],
      ],
    ]);
    expect(back.body.errors[0].message).toBe('The record does not satisfy the check forward.');
    const seats = await write(name, { seats: 0 });
    expect([seats.status, entries(seats.body), seats.body.errors[0].message]).toEqual([
      400,
      [['seats', 'check']],
      'The record does not satisfy seats > 0.',
    ]);
    const batch = await write(name, { records: [{ seats: 1 }, { seats: -1 }] }, '/batch');
    expect([batch.status, batch.body.errors[0].index]).toEqual([400, 1]);
    const { id } = (await write(name, { seats: 5 })).body;
    const patched = await t.call('PATCH', at(name, `/${id}`), { seats: -5 }, { token: a.token });
    expect([patched.status, entries(patched.body)]).toEqual([400, [['seats', 'check']]]);
  });

  it('what cannot be is refused with the definition, all at once, and nothing is stored', async () => {
    const { name, revision } = await t.collection({ schema: SCHEMA });
    const refused = await change(name, {
      indexes: [{ columns: ['nope'] }, { columns: ['email'], method: 'gist' }],
      checks: [{ expr: 'seats > ' }],
      identity_kind: 'contact',
    });
    expect([refused.status, entries(refused.body)]).toEqual([
      400,
      [
        ['indexes.0.columns.0.column', 'index_column_unknown'],
        ['indexes.1.method', 'index_method_unsupported'],
        ['checks.0.expr', 'syntax'],
        ['identity_key', 'identity_incomplete'],
      ],
    ]);
    const { body } = await t.call('GET', `${C}/${name}`, undefined, { token: t.root });
    expect(body).toMatchObject({ revision, indexes: [], checks: [], identity_kind: null });
    expect((await change(name, { identity_kind: 'contact', identity_key: 'email' })).body).toMatchObject({
      identity_kind: 'contact',
      identity_key: 'email',
    });
    // A field that an index, a check or the identity reads cannot go alone.
    await change(name, { indexes: [{ columns: ['seats'] }], checks: [{ expr: 'seats > 0' }] });
    const gone = await change(name, { schema: [SCHEMA[1]] });
    expect(entries(gone.body)).toEqual([
      ['indexes.0.columns.0.column', 'index_column_unknown'],
      ['checks.0.expr', 'unknown_field'],
      ['identity_key', 'identity_key_unknown'],
    ]);
  });

  it('S004-92 a changed type is the new one on every path at once, and back', async () => {
    const of = (type: string) => ({
      schema: [
        { name: 'n', type },
        { name: 'w', type: 'text', searchable: true },
      ],
    });
    const { name } = await t.collection(of('text'));
    const { id } = (await write(name, { n: '5', w: 'word' })).body;
    const seen = async (n: unknown) => {
      for (let again = 0; again < 3; again++) {
        expect((await list(name)).body.items).toMatchObject([{ id, n }]);
        expect((await list(name, `/${id}`)).body).toMatchObject({ n });
        expect((await list(name, '?sort=-n&search=word&fields=n')).body.items).toEqual([{ id, n }]);
        expect((await list(name, `?n=${n}`)).body.total).toBe(1);
        const patched = await t.call('PATCH', at(name, `/${id}`), { n }, { token: a.token });
        expect([patched.status, patched.body.n]).toEqual([200, n]);
      }
    };
    await seen('5');
    expect((await change(name, of('number'))).status).toBe(200);
    await seen(5);
    expect((await write(name, { n: '6' })).status).toBe(400);
    expect((await change(name, of('text'))).status).toBe(200);
    await seen('5');
    expect((await change(name, of('number'))).status).toBe(200);
    await seen(5);
    expect((await list(name, '?n__gt=4')).body.total).toBe(1);
    const refused = await change(name, of('date'));
    expect([refused.status, entries(refused.body)]).toEqual([400, [['schema.0.type', 'type_change_unsupported']]]);
    await t.call('PATCH', at(name, `/${id}`), { n: 7 }, { token: a.token });
    const boolean = await change(name, of('boolean'));
    expect([boolean.status, boolean.body.code, entries(boolean.body)]).toEqual([
      409,
      'SCHEMA_SYNC_FAILED',
      [['schema.0', 'value_not_convertible']],
    ]);
    expect((await list(name)).body.items).toMatchObject([{ n: 7 }]);
  });

  it('a list of days in a computed field is one constant', async () => {
    const { name } = await t.collection({
      schema: [
        { name: 'day', type: 'date' },
        { name: 'special', type: 'computed', expression: 'day in ["2026-01-01", "2026-12-25"]' },
      ],
    });
    await write(name, { day: '2026-12-25' });
    expect((await list(name)).body.items).toMatchObject([{ special: true }]);
  });
});

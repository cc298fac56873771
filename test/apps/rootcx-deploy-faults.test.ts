// Faults of another product on deploys, each by its number in its description, that must not return here.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, type Reply, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const text = (name: string, more: Json = {}): Json => ({ name, type: 'text', ...more });
const link = (name: string, entity: string, more: Json = {}): Json => ({
  name,
  type: 'entity_link',
  references: { entity, field: 'id' },
  ...more,
});
const entity = (entityName: string, fields: readonly Json[], more: Json = {}): Json => ({
  entityName,
  fields,
  ...more,
});

describe.runIf(available)('faults of deploys that must not return', () => {
  let t: TestApp;
  let ada: Tenant;
  let counter = 0;

  const root = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: t.root });
  const deploy = (appId: string, entities: readonly Json[], query = '') =>
    root('POST', `/api/v1/apps${query}`, { appId, dataContract: entities });
  const at = (appId: string, name: string) => `/api/v1/apps/${appId}/collections/${name}`;
  const as = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: ada.token });
  const changesOf = ({ status, body, text: said }: Reply): string[] => {
    expect(status, said).toBe(200);
    return (body.changes as Json[]).map((one) => `${one.change_type} ${one.entity}.${one.column}`.replace(/\.$/, ''));
  };
  const isRefused = ({ status, body, text: said }: Reply, wanted: number, code: string) => {
    expect([status, body.code], said).toEqual([wanted, code]);
    expect(said).not.toMatch(/alter table|create table|\bat .*\.ts/i);
  };
  const live = async (appId: string) => (await root('GET', `/api/v1/apps/${appId}/schema`)).body.tables as Json[];

  /** The keys of a table that references made. */
  const managedKeys = async (appId: string, table: string): Promise<Json[]> =>
    (await live(appId)).find(({ name }) => name === table).foreign_keys.filter(({ managed }: Json) => managed);

  /** An app that was deployed with these entities, with rows; and what a later deploy changes, after which nothing is left to change. */
  async function app(first: readonly Json[], rows: Readonly<Record<string, readonly Json[]>> = {}) {
    const id = `x${counter++}`;
    changesOf(await deploy(id, first));
    const ids: Record<string, string[]> = {};
    for (const [name, list] of Object.entries(rows)) {
      const made = await as('POST', `${at(id, name)}/bulk`, list);
      expect(made.status, made.text).toBe(201);
      ids[name] = made.body.map((row: Json) => row.id);
    }
    return {
      id,
      ids,
      to: async (next: readonly Json[]) => {
        const verified = await root('POST', '/api/v1/apps/schema/verify', { appId: id, dataContract: next });
        const reply = await deploy(id, next);
        if (reply.status === 200) {
          // D8, §5.7: what verify tells is what a deploy does, and afterwards nothing is left.
          expect(verified.body.changes).toEqual(reply.body.changes);
          expect((await deploy(id, next)).body).toMatchObject({ compliant: true, changes: [] });
        }
        return reply;
      },
      rows: async (name: string) => (await as('GET', `${at(id, name)}?order=asc`)).body as Json[],
    };
  }

  beforeAll(async () => {
    t = await startApp();
    ada = await t.tenant();
  });

  describe('§2 §5.8 a manifest that cannot be is a 422 that names the place, and leaves nothing', () => {
    const one = (field: Json, more: Json = {}) => [entity('things', [text('a'), field], more)];
    const CASES: readonly (readonly [string, readonly Json[], string])[] = [
      ['§2.3 an unknown key of a field', one({ ...text('b'), onRemove: 'cascade' }), 'dataContract.0.fields.1'],
      ['§2.5 a type with a slip', one({ name: 'b', type: 'txet' }), 'dataContract.0.fields.1.type'],
      ['§2.6 two fields of one name', one(text('a')), 'dataContract.0.fields.1.name'],
      ['§2.6 two names that differ in case', one(text('A')), 'dataContract.0.fields.1.name'],
      ['§2.6 a name that is too long', one(text('b'.repeat(200))), 'dataContract.0.fields.1.name'],
      ['§2.6 a name with other letters', one(text('b"; drop')), 'dataContract.0.fields.1.name'],
      ['§2.6 a field called id', one({ name: 'id', type: 'text' }), 'dataContract.0.fields.1.name'],
      ['§2.6 a field called created_at', one({ name: 'created_at', type: 'date' }), 'dataContract.0.fields.1.name'],
      ['§2.6 another primary key', one({ ...text('b'), is_primary_key: true }), 'dataContract.0.fields.1'],
      ['§2.6 an identity without its key', one(text('b'), { identityKind: 'thing' }), 'dataContract.0.identity_key'],
      [
        '§2.6 an identity of no field',
        one(text('b'), { identityKind: 'x', identityKey: 'c' }),
        'dataContract.0.identity_key',
      ],
      ['§2.6 a link to the core', one(link('b', 'core:users')), 'dataContract.0.fields.1.collection'],
      ['§2.6 a link to nothing', one(link('b', 'nowhere')), 'dataContract.0.fields.1.collection'],
      [
        '§2.6 a link to another app that is not there',
        one(link('b', 'nope:things')),
        'dataContract.0.fields.1.collection',
      ],
      ['§2.6 a link without a target', one({ name: 'b', type: 'entity_link' }), 'dataContract.0.fields.1.collection'],
      [
        '§2.4 SQL in a check',
        one(text('b'), { checks: [{ expr: '1=1); drop table x; --' }] }),
        'dataContract.0.checks.0.expr',
      ],
      [
        '§2.4 a function of the database in a check',
        one(text('b'), { checks: [{ expr: 'pg_sleep(9) is null' }] }),
        'dataContract.0.checks.0.expr',
      ],
      [
        '§2.4 SQL in an index',
        one(text('b'), { indexes: [{ columns: [{ expr: 'a); drop table x; --' }] }] }),
        'dataContract.0.indexes.0.columns.0.expr',
      ],
      [
        '§2.4 a subquery in where',
        one(text('b'), { indexes: [{ columns: ['a'], where: '(select true)' }] }),
        'dataContract.0.indexes.0.where',
      ],
      [
        '§2.4 a method that is none',
        one(text('b'), { indexes: [{ columns: ['a'], using: 'magic' }] }),
        'dataContract.0.indexes.0.method',
      ],
      [
        '§2.4 storage parameters',
        one(text('b'), { indexes: [{ columns: ['a'], with: { fillfactor: '1) --' } }] }),
        'dataContract.0.indexes.0',
      ],
      [
        '§2.4 an operator class',
        one(text('b'), { indexes: [{ columns: [{ column: 'a', ops: 'x) --' }] }] }),
        'dataContract.0.indexes.0.columns.0',
      ],
      [
        '§5.5 two indexes of one name',
        one(text('b'), { indexes: ['a', 'b'].map((column) => ({ name: 'same', columns: [column] })) }),
        'dataContract.0.indexes.1',
      ],
      [
        '§8 a default of another type',
        one({ name: 'b', type: 'number', default_value: 'x' }),
        'dataContract.0.fields.1.default',
      ],
      [
        '§4 a default outside of its enum',
        one(text('b', { enum_values: ['x'], default_value: 'y' })),
        'dataContract.0.fields.1.default',
      ],
    ];
    it.each(CASES)('%s', async (_, entities, place) => {
      for (const path of ['/api/v1/apps', '/api/v1/apps/schema/verify']) {
        const reply = await root('POST', path, {
          appId: 'never',
          dataContract: [entity('fine', [text('a')]), ...entities].reverse(),
        });
        isRefused(reply, 422, 'INVALID_REQUEST');
        const fields = (reply.body.errors as Json[]).map(({ field }) => field as string);
        expect(
          fields.some((field) => field.startsWith(place)),
          fields.join(),
        ).toBe(true);
      }
      expect((await root('GET', '/api/v1/apps/never')).status).toBe(404);
    });
  });

  it('§2.3 both spellings of the keys of a field have their effect', async () => {
    const spelled = (keys: readonly [string, string, string]) => [
      entity('parents', [text('a', { [keys[0]]: 'x', [keys[1]]: ['x', 'y'] })]),
      entity('children', [link('parent', 'parents', { [keys[2]]: 'cascade' })]),
    ];
    const x = await app(spelled(['default_value', 'enum_values', 'on_delete']));
    expect(changesOf(await x.to(spelled(['defaultValue', 'enumValues', 'onDelete'])))).toEqual([]);
    const parent = (await as('POST', at(x.id, 'parents'), { id: 1, a: 'y' })).body;
    expect((await as('POST', at(x.id, 'parents'), { a: 'z' })).status).toBe(400);
    await as('POST', at(x.id, 'children'), { parent: parent.id });
    expect((await as('DELETE', `${at(x.id, 'parents')}/${parent.id}`)).status).toBe(200);
    expect(await x.rows('children')).toEqual([]);
  });

  it('§2.6 words of SQL are names like others', async () => {
    const words = ['select', 'user', 'order', 'table', 'group', 'limit', 'check'];
    const x = await app([
      entity(
        'table',
        words.map((word) => text(word)),
        { indexes: [{ columns: ['order', 'user'] }], checks: [{ expr: 'select != user' }] },
      ),
      entity('order', [link('table', 'table')]),
    ]);
    const made = await as('POST', at(x.id, 'table'), { select: 'a', user: 'b', limit: 'c' });
    expect([made.status, made.body.select], made.text).toEqual([201, 'a']);
    expect((await as('POST', at(x.id, 'table'), { select: 'a', user: 'a' })).status).toBe(400);
    expect(
      (await as('POST', `${at(x.id, 'table')}/query`, { where: { order: null }, orderBy: 'group' })).body.total,
    ).toBe(1);
  });

  it('§4 BUG-1 D10 a wider enum takes the new value; BUG-2 an enum of a list at once', async () => {
    const fields = (values: string[]) => [
      entity('things', [text('s', { enum_values: values }), { name: 'l', type: '[text]', enum_values: values }]),
    ];
    const x = await app(fields(['a', 'b']), { things: [{ s: 'a', l: ['a', 'b'] }] });
    for (const wrong of [{ s: 'c' }, { l: ['a', 'c'] }])
      expect((await as('POST', at(x.id, 'things'), wrong)).status).toBe(400);
    expect(changesOf(await x.to(fields(['a', 'b', 'c'])))).toEqual([
      'replace_check things.s',
      'replace_check things.l',
    ]);
    for (const right of [{ s: 'c' }, { l: ['a', 'c'] }])
      expect((await as('POST', at(x.id, 'things'), right)).status).toBe(201);
    isRefused(await x.to(fields(['a', 'b'])), 409, 'SCHEMA_SYNC_FAILED');
    expect((await as('POST', at(x.id, 'things'), { s: 'c' })).status).toBe(201);
  });

  it('§4 names as long as they may be, that begin alike, keep apart', async () => {
    const long = (end: string) => `${'n'.repeat(60)}${'m'.repeat(30)}${end}`;
    const entities = [
      entity(long('t1'), [text(long('f1'), { enum_values: ['x'] }), text(long('f2'), { enum_values: ['y'] })], {
        indexes: [{ columns: [long('f1')] }, { columns: [long('f2')] }],
      }),
      entity(long('t2'), [link(long('f1'), long('t1')), link(long('f2'), long('t1'))]),
    ];
    const x = await app(entities);
    expect(changesOf(await x.to(entities))).toEqual([]);
    const made = await as('POST', at(x.id, long('t1')), { [long('f1')]: 'x', [long('f2')]: 'y' });
    expect(made.status, made.text).toBe(201);
    expect((await as('POST', at(x.id, long('t1')), { [long('f1')]: 'y' })).status).toBe(400);
    const linked = await as('POST', at(x.id, long('t2')), { [long('f2')]: made.body.id });
    expect([linked.status, linked.body[long('f2')]]).toEqual([201, made.body.id]);
    for (const { indexes, physical_name: name } of await live(x.id))
      for (const one of [...indexes, { physical_name: name.split('.')[1] }])
        expect(one.physical_name.length).toBeLessThanOrEqual(63);
  });

  it('§5.2 another target of a link replaces the key, and a uuid in its place drops it', async () => {
    const to = (field: Json) => [entity('a', [text('x')]), entity('b', [text('x')]), entity('c', [field])];
    const x = await app(to(link('ref', 'a')));
    const a = (await as('POST', at(x.id, 'a'), { x: '1' })).body.id;
    const b = (await as('POST', at(x.id, 'b'), { x: '1' })).body.id;
    expect(changesOf(await x.to(to(link('ref', 'b'))))).toEqual(
      expect.arrayContaining(['drop_fk c.ref', 'add_fk c.ref']),
    );
    expect(await managedKeys(x.id, 'c')).toMatchObject([{ columns: expect.arrayContaining(['ref']) }]);
    expect((await as('POST', at(x.id, 'c'), { ref: a })).body.code).toBe('RELATION_REFERENCE_ERROR');
    expect((await as('POST', at(x.id, 'c'), { ref: b })).status).toBe(201);
    expect(changesOf(await x.to(to({ name: 'ref', type: 'uuid' })))).toContain('drop_fk c.ref');
    expect((await as('POST', at(x.id, 'c'), { ref: a })).status).toBe(201);
    isRefused(await x.to(to(link('ref', 'b'))), 409, 'SCHEMA_SYNC_FAILED');
  });

  it('§5.2 verify misses no key that is gone from the database', async () => {
    const entities = [entity('a', [text('x')]), entity('c', [link('ref', 'a')])];
    const x = await app(entities);
    const [key] = await managedKeys(x.id, 'c');
    await t.app.db.query(`alter table app_${x.id}.c drop constraint "${key.physical_name}"`);
    expect(changesOf(await x.to(entities))).toEqual(['add_fk c.ref']);
  });

  it('§5.2 D14 defaults of every kind stay as they are', async () => {
    const defaults: readonly (readonly [string, unknown])[] = [
      ['number', -5],
      ['number', 0.1],
      ['number', 1e21],
      ['text', 'a::b'],
      ['text', 'it\'s; \\ "x"::text'],
      ['text', ''],
      ['boolean', false],
      ['json', { a: [1, { b: null }], 'c::d': "'" }],
      ['[text]', ['a', 'b,c', '"']],
      ['[number]', [-1, 2.5]],
      ['date', '2020-02-29'],
      ['timestamp', '2020-02-29T10:00:00+02:00'],
      ['uuid', '0198C0DE-7A11-7000-8000-00000000DEAD'],
    ];
    const fields = defaults.map(([type, value], i) => ({ name: `f${i}`, type, default_value: value }));
    const entities = [entity('things', [text('label'), ...fields])];
    const x = await app(entities, { things: [{ label: 'x' }] });
    const before = await live(x.id);
    expect(changesOf(await x.to(entities))).toEqual([]);
    expect(await live(x.id)).toEqual(before);
    const [row] = await x.rows('things');
    for (const i of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) expect([i, row[`f${i}`]]).toEqual([i, defaults[i]?.[1]]);
  });

  it('§5.3 BUG-3 D11 a required field with a default on a table with rows; null where it is now required', async () => {
    const x = await app([entity('things', [text('a')])], { things: [{ a: 'x' }, { a: null }] });
    const next = (a: Json) => [entity('things', [text('a', a), text('b', { required: true, default_value: 'new' })])];
    expect(changesOf(await x.to(next({})))).toEqual(['add_column things.b']);
    expect((await x.rows('things')).map(({ a, b }) => [a, b])).toEqual([
      ['x', 'new'],
      [null, 'new'],
    ]);
    isRefused(await x.to(next({ required: true })), 409, 'SCHEMA_SYNC_FAILED');
    expect((await x.rows('things')).map(({ a }) => a)).toEqual(['x', null]);
    const filled = await x.to(next({ required: true, default_value: 'was null' }));
    expect([filled.status, (await x.rows('things')).map(({ a }) => a)]).toEqual([200, ['x', 'was null']]);
  });

  describe('§5.4 D12 a type changes whatever the source is, or is refused with a reason', () => {
    const CONVERTED: readonly (readonly [Json, Json, unknown, unknown])[] = [
      [{ type: 'boolean' }, { type: 'number' }, true, 1],
      [{ type: 'number' }, { type: 'boolean' }, 0, false],
      [{ type: 'text' }, { type: 'boolean' }, 'yes', true],
      [{ type: 'text' }, { type: 'boolean' }, '', null],
      [{ type: 'text' }, { type: 'number' }, '', null],
      [{ type: 'text', default_value: '5' }, { type: 'number' }, '-1.5', -1.5],
      [{ type: 'text', default_value: 'x' }, { type: 'number', default_value: 7 }, '2', 2],
      [{ type: 'text' }, { type: 'json' }, '{"a":1}', { a: 1 }],
      [{ type: 'text' }, { type: 'date' }, '2020-02-29', '2020-02-29'],
      [{ type: 'date' }, { type: 'timestamp' }, '2020-02-29', '2020-02-29T00:00:00Z'],
      [{ type: 'number' }, { type: 'text' }, 5, '5'],
      [{ type: 'number', default_value: 1 }, { type: '[number]', default_value: [1] }, 5, [5]],
      [{ type: 'text', enum_values: ['1', '2'] }, { type: 'number' }, '2', 2],
    ];
    it('the pairs that can be', async () => {
      const fields = (side: 0 | 1) => CONVERTED.map((pair, i) => ({ name: `f${i}`, ...pair[side] }));
      const row = Object.fromEntries(CONVERTED.map(([, , value], i) => [`f${i}`, value]));
      const x = await app([entity('things', fields(0))], { things: [row] });
      changesOf(await x.to([entity('things', fields(1))]));
      const [now] = await x.rows('things');
      expect(CONVERTED.map((_, i) => now[`f${i}`])).toEqual(CONVERTED.map(([, , , value]) => value));
    });

    const REFUSED: readonly (readonly [string, string, unknown])[] = [
      ['json', 'number', null],
      ['timestamp', 'number', null],
      ['[text]', 'text', null],
      ['text', 'number', 'five'],
      ['text', 'boolean', 'perhaps'],
      ['text', 'date', 'soon'],
    ];
    it.each(REFUSED)('%s to %s of %j is refused before anything changes', async (from, to, value) => {
      const x = await app([entity('aaa', [text('a')]), entity('things', [{ name: 'v', type: from }])], {
        things: [{ v: value ?? null }],
      });
      const before = await live(x.id);
      const reply = await x.to([entity('aaa', [text('a'), text('b')]), entity('things', [{ name: 'v', type: to }])]);
      isRefused(reply, 409, 'SCHEMA_SYNC_FAILED');
      expect(reply.body.message).toMatch(/things/);
      expect(await live(x.id)).toEqual(before);
      expect((await x.rows('things'))[0].v).toEqual(value);
    });
  });

  it('§5.5 §5.6 D14 what is written in other words of the same meaning is left; others’ objects are never touched', async () => {
    const things = (expr: string, column: Json) => [
      entity('things', [text('a'), { name: 'n', type: 'number' }], {
        checks: [{ expr }],
        indexes: [{ columns: [column] }],
      }),
    ];
    const x = await app(things('n in [1, 2]', 'n'), { things: [{ n: 1 }, { n: null }] });
    await t.app.db.query(`create index mine on app_${x.id}.things (a)`);
    await t.app.db.query(`create table app_${x.id}.schema_migrations (v int)`);
    const before = (await live(x.id)).find(({ name }) => name === 'things');
    expect(changesOf(await x.to(things('  n   in [1,  2] ', { column: 'n', sort: 'asc' })))).toEqual([]);
    expect((await live(x.id)).find(({ name }) => name === 'things')).toEqual(before);
    isRefused(await x.to(things('n > 1', 'n')), 409, 'SCHEMA_SYNC_FAILED');
    expect(changesOf(await x.to(things('n in [1, 2]', 'a')))).toEqual([
      expect.stringContaining('drop_index'),
      expect.stringContaining('add_index'),
    ]);
    expect(
      (await live(x.id)).find(({ name }) => name === 'things').indexes.map(({ physical_name: name }: Json) => name),
    ).toContain('mine');
  });

  it('§5.7 BUG-4 D9 an entity that is gone from the manifest is gone; §5.2 a new name is a new field', async () => {
    const x = await app([entity('a', [text('x')]), entity('b', [link('a', 'a')])], { a: [{ x: '1' }] });
    expect(changesOf(await x.to([entity('a', [text('y')]), entity('b', [text('z')])]))).toEqual(
      expect.arrayContaining(['drop_column a.x', 'add_column a.y']),
    );
    expect((await x.rows('a')).map(({ y }) => y)).toEqual([null]);
    expect(changesOf(await x.to([entity('b', [text('z')])]))).toEqual(['drop_table a']);
    expect((await as('GET', at(x.id, 'a'))).status).toBe(404);
  });

  it('§3 §5.8 D8 a failure in the last step undoes the first, names the change, and the old manifest serves', async () => {
    const first = [entity('a', [text('x')]), entity('z', [text('y')])];
    const x = await app(first, { z: [{ y: 'twice' }, { y: 'twice' }] });
    const before = await live(x.id);
    const failed = await x.to([
      entity('a', [text('x'), text('more')]),
      entity('m', [link('a', 'a')]),
      entity('z', [text('y')], { indexes: [{ columns: ['y'], unique: true }] }),
    ]);
    isRefused(failed, 409, 'SCHEMA_SYNC_FAILED');
    expect(failed.body.message).toMatch(/z/);
    expect(await live(x.id)).toEqual(before);
    expect((await root('GET', `/api/v1/apps/${x.id}`)).body).toMatchObject({
      revision: 1,
      manifest: { dataContract: first },
    });
    expect((await as('GET', at(x.id, 'm'))).status).toBe(404);
    expect((await as('POST', at(x.id, 'a'), { x: '1' })).status).toBe(201);
  });

  it('§3 D13 a deploy again is an upgrade, another delete rule replaces its key, an app that is gone is a 404', async () => {
    const rule = (onDelete: string) => [
      entity('a', [text('x')]),
      entity('b', [link('a', 'a', { on_delete: onDelete })]),
    ];
    const x = await app(rule('restrict'));
    expect(changesOf(await x.to(rule('set_null')))).toEqual(['alter_fk_delete_rule b.a']);
    expect((await root('DELETE', `/api/v1/apps/${x.id}`)).status).toBe(204);
    isRefused(await root('DELETE', `/api/v1/apps/${x.id}`), 404, 'RESOURCE_NOT_FOUND');
  });
});

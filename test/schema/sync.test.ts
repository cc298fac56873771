// The sync engine on a live database: what is made, that a second plan is empty, what is repaired and what is left alone.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import { define, tableOf } from '../../server/schema/define.ts';
import { catalog, failure, fields, found, kinds, open, type Rooms, type Tables, tableFor, tables } from './harness.ts';

describe.each(kinds)('sync (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  it('makes a table, and a second plan is empty (S004-90, S004-105)', async () => {
    const list = [
      { name: 'title', type: 'text', required: true, unique: true },
      { name: 'state', type: 'enum', enum: ["it's", 'b'] },
      { name: 'tags', type: 'text[]', enum: ['x', 'y'] },
      { name: 'rank', type: 'number', enum: [1, 2.5] },
      { name: 'parent', type: 'reference', collection: 'first', on_delete: 'cascade' },
    ];
    expect(await t.kindsOf('first', list)).toEqual([
      'create_table',
      'add_check state',
      'add_check tags',
      'add_check rank',
      'add_index title',
      'add_fk parent',
    ]);
    const before = await catalog(at.db);
    expect(await t.apply('first', list)).toEqual([]);
    expect(await catalog(at.db)).toEqual(before);
  });

  it('reorders enum values without a change', async () => {
    expect(await t.kindsOf('reordered', [{ name: 'e', type: 'enum', enum: ['a', 'b'] }])).toEqual([
      'create_table',
      'add_check e',
    ]);
    expect(await t.apply('reordered', [{ name: 'e', type: 'enum', enum: ['b', 'a'] }])).toEqual([]);
  });

  it('says in a dry run what it would do, and does nothing (S004-90)', async () => {
    const before = await catalog(at.db);
    expect(await t.apply('dry', [{ name: 'a', type: 'text' }], { dryRun: true })).toEqual([
      { entity: 'dry', change_type: 'create_table', column: '', detail: '1 field' },
    ]);
    expect(await catalog(at.db)).toEqual(before);
  });

  it('repairs a default, a NOT NULL, an index and a column that were changed by SQL (S004-87)', async () => {
    const list = [
      { name: 'a', type: 'text', default: 'x', required: true },
      { name: 'b', type: 'text', unique: true },
      { name: 'c', type: 'number' },
    ];
    await t.apply('drift', list);
    await at.db.query(
      `alter table app_main.drift alter a set default 'y' || 'z', alter a drop not null, drop column c`,
    );
    const [index] = await at.db.query<{ name: string }>(
      `select indexname as name from pg_indexes where tablename = 'drift' and indexdef like 'CREATE UNIQUE%deleted_at IS NULL%'`,
    );
    await at.db.query(`drop index app_main."${index?.name}"`);
    expect(await t.kindsOf('drift', list)).toEqual(['add_column c', 'set_default a', 'set_not_null a', 'add_index b']);
    expect(await t.apply('drift', list)).toEqual([]);
  });

  it('leaves what it did not make: columns, indexes, checks (S004-100, S004-101)', async () => {
    await t.apply('mixed', [{ name: 'a', type: 'text' }]);
    await at.db.query(`
      alter table app_main.mixed add column theirs text, add constraint theirs check (a <> 'no');
      create index theirs_ix on app_main.mixed (a);
      comment on column app_main.mixed.a is 'a comment of a person';
      comment on table app_main.mixed is 'another'`);
    expect(await t.apply('mixed', [{ name: 'a', type: 'text' }])).toEqual([]);
    expect(await t.kindsOf('mixed', [{ name: 'b', type: 'text' }])).toEqual(['add_column b']);
    const left = await at.db.query(
      `select conname as name from pg_constraint where conname = 'theirs' union all select relname from pg_class where relname = 'theirs_ix'`,
    );
    expect(left).toHaveLength(2);
  });

  it('refuses a table that it did not make', async () => {
    await at.db.query('create table app_main.foreign_table (id int)');
    const problem = await failure(t.apply('foreign_table', [{ name: 'a', type: 'text' }]), 'INVALID_RESOURCE_DATA');
    expect(found(problem)).toEqual([['name', 'table_not_ours']]);
    await at.db.query('create view app_main.a_view as select 1 as x');
    await failure(t.apply('a_view', [{ name: 'a', type: 'text' }]), 'INVALID_RESOURCE_DATA');
  });

  it('rolls everything back when the database refuses a step (S004-104)', async () => {
    const ok = define({ app: 'main', name: 'rolled_one', fields: fields({ name: 'a', type: 'text' }) });
    const bad = define({
      app: 'main',
      name: 'rolled_two',
      fields: fields({ name: 'a', type: 'reference', collection: 'nowhere' }),
    });
    const before = await catalog(at.db);
    const problem = await failure(sync(at.db, { tables: [ok, bad], absent: [] }), 'SCHEMA_SYNC_FAILED');
    expect(problem.message).toBe(
      'The schema change was rolled back at add_fk rolled_two.a: the database refused it (SQLSTATE 42P01).',
    );
    expect(await catalog(at.db)).toEqual(before);
  });

  it('names the place of each finding in an input of many tables, and does nothing of it (S004-102, S004-104)', async () => {
    const of = (name: string, list: unknown[]) => define({ app: 'main', name, fields: fields(...list) });
    const place = ({ entity }: { entity: string }, path: string) => `entities.${entity}.${path}`;
    const filled = of('placed_one', [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'text' },
    ]);
    await sync(at.db, { tables: [filled, of('placed_two', [{ name: 'a', type: 'json' }])], absent: [] });
    await t.put('placed_one', { b: 'x' });
    const before = await catalog(at.db);
    const tables = [
      of('placed_new', [{ name: 'r', type: 'reference', collection: 'placed_one' }]),
      of('placed_one', [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'number' },
        { name: 'c', type: 'text', required: true },
      ]),
    ];
    const rows = await failure(sync(at.db, { tables, absent: [], at: place }), 'SCHEMA_SYNC_FAILED');
    expect(found(rows)).toEqual([['entities.placed_one.schema.1', 'value_not_convertible']]);
    expect(rows.message).toContain('alter_type placed_one.b');
    const refused = [...tables, of('placed_two', [{ name: 'a', type: 'number' }])];
    const plan = await failure(sync(at.db, { tables: refused, absent: [], at: place }), 'INVALID_RESOURCE_DATA');
    expect(found(plan)).toEqual([['entities.placed_two.schema.0.type', 'type_change_unsupported']]);
    expect(await catalog(at.db)).toEqual(before);
  });

  it('lists columns before what is built on them, over tables that point at each other (S004-103)', async () => {
    const of = (name: string, other: string, more: unknown[] = []) =>
      tableFor(name, {
        schema: [
          { name: 'to', type: 'reference', collection: other },
          { name: 'self', type: 'reference', collection: name },
          ...more,
        ],
        indexes: more.length > 0 ? [{ name: 'added', columns: ['x', 'to'] }] : [],
        checks: more.length > 0 ? [{ expr: 'x != "no"' }] : [],
      });
    await sync(at.db, { tables: [of('ring_a', 'ring_b'), of('ring_b', 'ring_a')], absent: [] });
    const x = [{ name: 'x', type: 'text' }];
    const wider = {
      tables: [of('ring_a', 'ring_b', x), of('ring_b', 'ring_c', x), of('ring_c', 'ring_a')],
      absent: [],
    };
    const changes = await sync(at.db, wider);
    expect(changes.map((c) => `${c.change_type} ${c.entity}`)).toEqual([
      'drop_fk ring_b',
      'create_table ring_c',
      'add_column ring_a',
      'add_column ring_b',
      'add_check ring_a',
      'add_check ring_b',
      'add_index ring_a',
      'add_index ring_b',
      'add_fk ring_b',
      'add_fk ring_c',
      'add_fk ring_c',
    ]);
    expect(await sync(at.db, wider)).toEqual([]);
    const absent = ['ring_a', 'ring_b', 'ring_c'].map((name) => tableOf('main', name));
    expect((await sync(at.db, { tables: [], absent })).map((c) => c.change_type)).toEqual(
      absent.map(() => 'drop_table'),
    );
  });

  it('tells which of many steps the database refused', async () => {
    const of = (list: unknown[]) => define({ app: 'main', name: 'many_steps', fields: fields(...list) });
    const list = ['a', 'b', 'c'].map((name) => ({ name, type: 'text' }));
    await sync(at.db, { tables: [of(list)], absent: [] });
    await at.db.query('create view app_main.stands as select b from app_main.many_steps');
    const problem = await failure(
      sync(at.db, { tables: [of(list.map((field) => ({ ...field, type: 'number' })))], absent: [] }),
      'SCHEMA_SYNC_FAILED',
    );
    expect(found(problem)).toEqual([['schema.1', 'schema_sync_failed']]);
    expect(await t.apply('many_steps', list)).toEqual([]);
  });

  it('makes names of 100 characters and PostgreSQL system columns usable (S003-13)', async () => {
    const long = 'n'.repeat(99);
    const list = [
      { name: `${long}a`, type: 'text', unique: true },
      { name: `${long}b`, type: 'enum', enum: ['x'] },
      { name: `${long}c`, type: 'reference', collection: `${long}x` },
      { name: 'ctid', type: 'text' },
      { name: 'oid', type: 'number' },
      { name: 'select', type: 'text', unique: true },
    ];
    await t.apply(`${long}x`, list);
    expect(await t.apply(`${long}x`, list)).toEqual([]);
    await t.apply(`${long}y`, list);
    expect(await t.apply(`${long}y`, list)).toEqual([]);
  });
});

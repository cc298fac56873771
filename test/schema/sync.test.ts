// The sync engine on a live database: what is made, that a second plan is empty, what is repaired and what is left alone.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import { define } from '../../server/schema/define.ts';
import { catalog, failure, fields, found, kinds, open, type Rooms, type Tables, tables } from './harness.ts';

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

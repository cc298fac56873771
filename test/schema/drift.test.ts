// What hands did by SQL, and what allow_destructive=false leaves behind: repaired, reported, and never in the way of records.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import { tableOf } from '../../server/schema/define.ts';
import { kinds, open, type Rooms, type Tables, tables } from './harness.ts';

const DEFINITION = {
  schema: [
    { name: 'title', type: 'text', required: true, default: 'none' },
    { name: 'rank', type: 'number', enum: [1, 2] },
    { name: 'code', type: 'text', unique: true },
    { name: 'up', type: 'reference', collection: 'drifted', on_delete: 'set_null' },
    { name: 'tags', type: 'text[]' },
    { name: 'moment', type: 'datetime' },
  ],
  indexes: [{ name: 'by_title', columns: ['title'] }, { columns: [{ expr: 'lower(code)' }] }],
  checks: [{ name: 'low', expr: 'rank < 10' }],
  identity_kind: 'thing',
  identity_key: 'code',
};

describe.each(kinds)('drift (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
    await t.reach('drifted', DEFINITION);
    await t.put('drifted', { code: 'x', rank: 1, moment: '2026-01-01T00:00:00Z' });
  });

  /** The catalog's name of one of our objects, by its definition. */
  const physical = async (like: string, where = 'indexdef') => {
    const [row] = await at.db.query<{ name: string }>(
      where === 'indexdef'
        ? `select indexname as name from pg_indexes where tablename = 'drifted' and indexdef like '${like}'`
        : `select conname as name from pg_constraint where conrelid = 'app_main.drifted'::regclass and pg_get_constraintdef(oid) like '${like}'`,
    );
    return `"${row?.name}"`;
  };
  const dropIndex = async (like: string) => `drop index app_main.${await physical(like)}`;
  const dropCheck = async (like: string) =>
    `alter table app_main.drifted drop constraint ${await physical(like, 'constraint')}`;

  it.each<[what: string, sql: () => Promise<string> | string, changes: string[]]>([
    ['a default', () => 'alter table app_main.drifted alter title drop default', ['set_default title']],
    ['another default', () => `alter table app_main.drifted alter rank set default 2`, ['drop_default rank']],
    ['NOT NULL', () => 'alter table app_main.drifted alter title drop not null', ['set_not_null title']],
    ['a new NOT NULL', () => 'alter table app_main.drifted alter code set not null', ['drop_not_null code']],
    [
      'a column',
      () => 'alter table app_main.drifted drop column tags, drop column rank',
      ['add_column rank', 'add_column tags', 'add_check rank', 'add_check rank'],
    ],
    ['a unique index', () => dropIndex('CREATE UNIQUE%(account_id, code)%'), ['add_index code']],
    ['a declared index', () => dropIndex('%(account_id, title)%'), ['add_index title']],
    ['an index of expressions', () => dropIndex('%lower(code)%'), ['add_index code']],
    ['the index of the identity', () => dropIndex('CREATE INDEX%(account_id, code)'), ['add_identity_index code']],
    ['the index of a key', () => dropIndex('%(account_id, up)%'), ['add_index up']],
    ['an index that every table has', () => dropIndex('%(account_id, created_at, id)%'), ['add_index']],
    ['a check', () => dropCheck('%< %'), ['add_check rank']],
    ['an enum', () => dropCheck('%ANY%'), ['add_check rank']],
    ['a key', () => dropCheck('FOREIGN KEY (account_id, up)%'), ['add_fk up']],
    [
      'the comment of an index',
      async () => `comment on index app_main.${await physical('%(account_id, title)%')} is null`,
      ['replace_index title'],
    ],
    [
      'the comment of a check',
      async () => `comment on constraint ${await physical('%< %', 'constraint')} on app_main.drifted is 'gone'`,
      ['replace_check rank'],
    ],
    [
      'a narrower text',
      () => 'alter table app_main.drifted alter code type varchar(40)',
      ['alter_type code', 'replace_index code'],
    ],
    [
      'whole numbers',
      () => 'alter table app_main.drifted alter rank type integer',
      ['alter_type rank', 'replace_check rank', 'replace_check rank'],
    ],
    [
      'numbers as text',
      () => 'alter table app_main.drifted drop column rank; alter table app_main.drifted add column rank text',
      ['alter_type rank', 'add_check rank', 'add_check rank'],
    ],
    [
      'a moment without zone',
      () => `alter table app_main.drifted alter moment type timestamp using moment at time zone 'UTC'`,
      ['alter_type moment'],
    ],
  ])('of %s is repaired and told (S004-87)', async (_what, sql, changes) => {
    await at.db.query(await sql());
    const rows = await at.db.query('select code, moment::text from app_main.drifted');
    expect(await t.reached('drifted', DEFINITION)).toEqual(changes);
    expect(await t.reach('drifted', DEFINITION)).toEqual([]);
    expect(rows).toHaveLength(1);
    expect(await t.rows('drifted')).toMatchObject([{ code: 'x', title: 'none' }]);
  });

  it('of a lost mark is put right without a change, so that the column can still go', async () => {
    await t.apply('marked', [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'text' },
    ]);
    await at.db.query('comment on column app_main.marked.a is null; comment on table app_main.marked is null');
    expect(
      await t.kindsOf('marked', [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
      ]),
    ).toEqual([]);
    expect(await t.kindsOf('marked', [{ name: 'b', type: 'text' }])).toEqual(['drop_column a']);
  });

  it('names a view that stands in the way of another type', async () => {
    await t.apply('viewed', [{ name: 'a', type: 'text' }]);
    await at.db.query('create view app_main.theirs as select a from app_main.viewed');
    await expect(t.apply('viewed', [{ name: 'a', type: 'number' }])).rejects.toThrow(
      'The schema change was rolled back at alter_type viewed.a: other database objects depend on it.',
    );
  });
});

describe.each(kinds)('allow_destructive=false (%s)', (kind) => {
  it('leaves columns and tables, which do not stand in the way of new records (S004-98)', async () => {
    const at = await open(kind);
    const t = tables(at.db);
    const keep = { allowDestructive: false };
    const wide = {
      schema: [
        { name: 'a', type: 'text', searchable: true },
        { name: 'plain', type: 'text', required: true },
        { name: 'filled', type: 'number', required: true, default: 1 },
        { name: 'once', type: 'number', required: true, unique: true, default: 1 },
        { name: 'e', type: 'enum', enum: ['x'], required: true },
        { name: 'r', type: 'reference', collection: 'kept', required: true },
      ],
      indexes: [{ columns: ['a', 'plain'] }],
      checks: [{ expr: 'plain is not null' }, { name: 'both', expr: 'a != plain || a is null' }],
    };
    await t.reach('kept', wide);
    const narrow = { schema: [{ name: 'a', type: 'text', searchable: true }] };
    expect((await t.reached('kept', narrow, keep)).sort()).toEqual([
      'drop_check',
      'drop_check plain',
      'drop_default once',
      'drop_not_null e',
      'drop_not_null once',
      'drop_not_null plain',
      'drop_not_null r',
    ]);
    expect(await t.reach('kept', narrow, keep)).toEqual([]);
    await t.put('kept', { a: '1' });
    await t.put('kept', { a: '2' });
    expect(await t.rows('kept')).toMatchObject([
      { a: '1', filled: 1, plain: null, once: null },
      { a: '2', filled: 1 },
    ]);
    expect(await sync(at.db, { tables: [], absent: [tableOf('main', 'kept')] }, keep)).toEqual([]);
    // Asked for, they go after all.
    expect(await t.reached('kept', narrow)).toEqual(
      ['plain', 'filled', 'once', 'e', 'r'].map((name) => `drop_column ${name}`),
    );
    expect(await t.reach('kept', narrow)).toEqual([]);
  });
});

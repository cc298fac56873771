// Declared indexes and identities: made, known again, replaced alone, and what they protect.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import { tableOf } from '../../server/schema/define.ts';
import { liveSchema } from '../../server/schema/live-schema.ts';
import { A, B, failure, found, kinds, open, type Rooms, type Tables, tableFor, tables } from './harness.ts';

const SCHEMA = [
  { name: 'title', type: 'text' },
  { name: 'email', type: 'email' },
  { name: 'state', type: 'enum', enum: ['open', 'shut'] },
  { name: 'rank', type: 'number' },
  { name: 'day', type: 'date' },
  { name: 'tags', type: 'text[]' },
  { name: 'doc', type: 'json' },
];

describe.each(kinds)('declared indexes (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  let serial = 0;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });
  const fresh = () => `indexed_${++serial}`;
  const definitions = async (name: string) =>
    (await t.live(name))?.indexes.filter((one) => /\$(dx|id)_/.test(one.physical_name)).map((one) => one.definition) ??
    [];

  it('of every method lead with the account where they can, and a second sync is empty (S004-100, S004-105)', async () => {
    const name = fresh();
    const definition = {
      schema: SCHEMA,
      indexes: [
        { columns: ['title', { column: 'rank', sort: 'desc', nulls: 'last' }] },
        {
          name: 'unique_open',
          columns: [{ expr: 'lower(email)' }],
          unique: true,
          where: 'state = "open" && rank > 1.5',
        },
        { name: 'hashed', columns: ['title'], using: 'HASH' },
        { name: 'inside', columns: ['tags', 'doc'], method: 'gin' },
        { name: 'prefix', columns: ['title'], method: 'spgist' },
        { name: 'recent', columns: ['created_at'], method: 'brin' },
        { columns: ['created_by', { expr: 'year(day)' }] },
        { columns: [{ expr: 'round(rank * 2, 1)' }], where: 'day in ["2026-01-01", "2026-01-02"] && title ~ "ß?"' },
      ],
    };
    expect(await t.reach(name, definition)).toMatchObject([
      { change_type: 'create_table' },
      { change_type: 'add_check', column: 'state' },
      { change_type: 'add_index', column: '', detail: '(title, rank desc nulls last)' },
      {
        change_type: 'add_index',
        column: 'email',
        detail: `unique_open unique (lower(email)) where state = 'open' and rank > 1.5`,
      },
      { change_type: 'add_index', column: 'title', detail: 'hashed hash (title)' },
      { change_type: 'add_index', column: '' },
      { change_type: 'add_index', column: 'title' },
      { change_type: 'add_index', column: 'created_at' },
      { change_type: 'add_index', column: '' },
      { change_type: 'add_index', column: 'rank' },
    ]);
    expect(await t.reach(name, definition)).toEqual([]);
    const made = (await definitions(name)).sort();
    expect(made).toHaveLength(8);
    for (const text of made)
      expect(text).toMatch(/ USING (?:(?:btree|brin) \(account_id, |(?:hash|gin|spgist) \((?!account_id))/);
    expect(made.join()).toContain('rank DESC NULLS LAST');
    expect(made.join()).toMatch(/UNIQUE INDEX .* WHERE \(\(deleted_at IS NULL\) AND /);
    const shown = await t.live(name);
    expect(shown?.indexes.find((one) => one.name === 'unique_open')).toMatchObject({
      managed: true,
      unique: true,
      method: 'btree',
      columns: expect.arrayContaining(['email', 'state', 'rank', 'deleted_at']),
    });
    expect(shown?.primary_key).toMatchObject({ definition: 'PRIMARY KEY (id)', object_id: expect.any(Number) });
  });

  it('are replaced alone when their declaration changes, known by name or columns (S004-88, S004-100)', async () => {
    const name = fresh();
    const of = (...indexes: unknown[]) => ({ schema: SCHEMA, indexes });
    const kept = { name: 'kept', columns: ['title'] };
    await t.reach(name, of(kept, { name: 'a', columns: ['rank'] }, { columns: ['rank', 'day'] }, { columns: ['day'] }));
    const before = await t.objects(name);
    // The same, spelled otherwise and in another order.
    expect(
      await t.reach(
        name,
        of(
          { columns: [{ column: 'day', nulls: 'last' }] },
          { columns: ['rank', { column: 'day', sort: 'asc' }], method: 'BTREE' },
          { name: 'a', columns: ['rank'] },
          kept,
        ),
      ),
    ).toEqual([]);
    expect(await t.objects(name)).toEqual(before);
    expect(
      await t.reach(
        name,
        of(
          kept,
          { name: 'a', columns: ['rank'], unique: true },
          { columns: ['rank', { column: 'day', sort: 'desc' }] },
        ),
      ),
    ).toMatchObject([
      { change_type: 'drop_index', column: 'day' },
      { change_type: 'replace_index', column: 'rank', detail: 'a unique (rank)' },
      { change_type: 'replace_index', column: '', detail: '(rank, day desc)' },
    ]);
    const after = await t.objects(name);
    const gone = Object.entries(before).filter(([, id]) => !Object.values(after).includes(id));
    expect(gone).toHaveLength(3);
    expect(Object.keys(after)).toHaveLength(Object.keys(before).length - 1);
    // Two over the same columns: neither is the other.
    expect(await t.reached(name, of(kept, { columns: ['rank'] }, { columns: ['rank'], where: 'rank > 0' }))).toEqual([
      'drop_index rank',
      'drop_index',
      'add_index rank',
      'add_index rank',
    ]);
    expect(await t.reached(name, { schema: SCHEMA })).toEqual([
      'drop_index title',
      'drop_index rank',
      'drop_index rank',
    ]);
  });

  it('are unique for an account among live rows, where their condition holds', async () => {
    const name = fresh();
    const unique = { columns: [{ expr: 'lower(title)' }], unique: true, where: 'state = "open"' };
    await t.reach(name, { schema: SCHEMA, indexes: [unique] });
    await t.put(name, { title: 'ÀB', state: 'open' });
    await expect(t.put(name, { title: 'àb', state: 'open' })).rejects.toMatchObject({ code: '23505' });
    await t.put(name, { title: 'àb', state: 'shut' });
    await t.put(name, { title: 'àb', state: 'open', deleted_at: new Date() });
    await t.put(name, { title: 'àb', state: 'open' }, B);
    await t.put(name, { state: 'open' });
    await t.put(name, { state: 'open' });
    // Found in the plan.
    const wider = { ...unique, where: 'state is not null' };
    const problem = await failure(t.reach(name, { schema: SCHEMA, indexes: [wider] }), 'SCHEMA_SYNC_FAILED');
    expect(found(problem)).toEqual([['indexes.0', 'unique_has_duplicates']]);
  });

  it('serve the queries of one account', async () => {
    const name = fresh();
    await t.reach(name, { schema: SCHEMA, indexes: [{ columns: [{ expr: 'lower(title)' }] }] });
    await at.db.query(
      `insert into app_main."${name}" (account_id, id, title) select '${A}', gen_random_uuid(), 'T' || n from generate_series(1, 3000) n;
       analyze app_main."${name}"`,
    );
    const plan = await at.db.query<{ 'QUERY PLAN': string }>(
      `explain select id from app_main."${name}" where account_id = '${A}' and snackbase.lower(title) = 't17'`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join()).toContain('$dx_');
  });

  it('come with their columns, and go with them', async () => {
    const name = fresh();
    await t.reach(name, { schema: [{ name: 'a', type: 'text' }] });
    await t.put(name, { a: 'x' });
    const wide = {
      schema: [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'number', default: 1 },
      ],
      indexes: [
        { name: 'both', columns: ['a', 'b'] },
        { name: 'on_b', columns: [{ expr: 'b * 2' }] },
      ],
      checks: [{ expr: 'b > 0' }],
    };
    expect(await t.reached(name, wide)).toEqual(['add_column b', 'add_check b', 'add_index', 'add_index b']);
    expect(
      await t.reached(name, { schema: [{ name: 'a', type: 'text' }], indexes: [{ name: 'both', columns: ['a'] }] }),
    ).toEqual(['drop_column b', 'replace_index a']);
    expect(await definitions(name)).toHaveLength(1);
    // A new unique one sees what the default makes of the rows.
    await t.put(name, { a: 'y' });
    const problem = await failure(
      t.reach(name, { ...wide, indexes: [{ columns: ['b'], unique: true }] }),
      'SCHEMA_SYNC_FAILED',
    );
    expect(found(problem)).toEqual([['indexes.0', 'unique_has_duplicates']]);
  });

  it('of one name in two tables, of long names, and made by others, do not meet', async () => {
    const long = 'x'.repeat(100);
    const definition = (suffix: string) => ({
      schema: [{ name: `${long.slice(1)}${suffix}`, type: 'text' }],
      indexes: [
        { name: long, columns: [`${long.slice(1)}${suffix}`] },
        { name: `${long.slice(1)}y`, columns: [{ expr: `upper(${long.slice(1)}${suffix})` }] },
      ],
      checks: [{ name: long, expr: `length(${long.slice(1)}${suffix}) < 10` }],
    });
    const names = [`${long.slice(1)}a`, `${long.slice(1)}b`];
    const target = { tables: names.map((name, i) => tableFor(name, definition(`${i}`))), absent: [] };
    await sync(at.db, target);
    expect(await sync(at.db, target)).toEqual([]);
    // Shown by the names that were declared, which the catalog cannot hold.
    const [one, two, ...more] = await liveSchema(at.db, [...target.tables, tableOf('main', 'missing')]);
    expect(more).toEqual([]);
    for (const [i, table] of [one, two].entries()) {
      const field = `${long.slice(1)}${i}`;
      expect(table?.name).toBe(names[i]);
      expect(table?.columns.map((column) => column.name)).toContain(field);
      expect(table?.indexes.find((index) => index.name === long)).toMatchObject({ columns: [field], managed: true });
      expect(table?.checks).toMatchObject([{ name: long, columns: [field], managed: true }]);
    }

    const name = fresh();
    await t.reach(name, { schema: SCHEMA, indexes: [{ name: 'ours', columns: ['title'] }] });
    await at.db.query(`create index ours on app_main."${name}" (title); create index on app_main."${name}" (rank)`);
    expect(await t.reached(name, { schema: SCHEMA })).toEqual(['drop_index title']);
    expect((await t.live(name))?.indexes.filter((one) => !one.managed)).toHaveLength(2);
  });

  it('of an identity are made, moved and dropped; another kind is no change of the database', async () => {
    const name = fresh();
    const identity = (identity_kind: string | null, identity_key: string | null) => ({
      schema: SCHEMA,
      identity_kind,
      identity_key,
    });
    await t.reach(name, { schema: SCHEMA });
    expect(await t.reach(name, identity('contact', 'email'))).toEqual([
      { entity: name, change_type: 'add_identity_index', column: 'email', detail: 'contact' },
    ]);
    expect(await definitions(name)).toEqual([expect.stringContaining('USING btree (account_id, email)')]);
    await t.put(name, { email: 'a@b.cc' });
    await t.put(name, { email: 'a@b.cc' });
    expect(await t.reach(name, identity('person', 'email'))).toEqual([]);
    expect(await t.reached(name, identity('person', 'title'))).toEqual([
      'drop_identity_index email',
      'add_identity_index title',
    ]);
    expect(await t.reached(name, identity(null, null))).toEqual(['drop_identity_index title']);
    expect(await t.reach(name, identity(null, null))).toEqual([]);
  });
});

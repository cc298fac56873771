// Declared checks and enums: what passes, what is refused, and that only a changed one is replaced.
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, found, kinds, open, type Rooms, type Tables, tables } from './harness.ts';

const SCHEMA = [
  { name: 'a', type: 'number' },
  { name: 'b', type: 'number' },
  { name: 'title', type: 'text' },
  { name: 'tags', type: 'text[]' },
];

describe.each(kinds)('checks (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  it.each([
    ['b > a', { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['not (a > b)', { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['a in [1, 2] && title ~ "x?"', { a: 1, title: '-X?-' }, { a: 3, title: 'x?' }],
    ['tags contains ["x"]', { tags: ['x', 'y'] }, { tags: ['y'] }],
    ['a / b > 1', { a: 4, b: 2 }, { a: 1, b: 2 }],
    ['length(title) <= 3', { title: 'äöü' }, { title: 'äöüß' }],
  ])('%s: NULL passes (S004-101)', async (expr, good, bad) => {
    const name = `check_${expr.replace(/\W/g, '_')}`;
    await t.reach(name, { schema: SCHEMA, checks: [{ expr }] });
    await t.put(name, good);
    await t.put(name, {});
    await expect(t.put(name, bad)).rejects.toMatchObject({ code: '23514' });
    expect(await t.reach(name, { schema: SCHEMA, checks: [{ expr }] })).toEqual([]);
  });

  it('are known by name, or by what they say however it is laid out (S004-101)', async () => {
    const of = (...checks: unknown[]) => ({ schema: SCHEMA, checks });
    await t.reach('known', of({ name: 'order', expr: 'b > a' }, { expr: 'a>0||b>0' }));
    await at.db.query(`alter table app_main.known add constraint theirs check (a <> 13)`);
    const before = await t.objects('known');
    expect(await t.reach('known', of({ expr: ' a > 0  or\n(b > 0)' }, { name: 'order', expr: 'b>a' }))).toEqual([]);
    expect(await t.objects('known')).toEqual(before);
    await t.put('known', { a: 1, b: 2 });
    expect(await t.reach('known', of({ name: 'order', expr: 'b >= a' }, { expr: 'a > 0 || b > 0' }))).toEqual([
      { entity: 'known', change_type: 'replace_check', column: '', detail: 'order: b >= a' },
    ]);
    const after = await t.objects('known');
    expect(Object.values(before).filter((id) => !Object.values(after).includes(id))).toHaveLength(1);
    const problem = await failure(t.reach('known', of({ name: 'order', expr: 'b < a' })), 'SCHEMA_SYNC_FAILED');
    expect(found(problem)).toEqual([['checks.0', 'check_has_others']]);
    expect((await t.reached('known', of({ expr: 'b > 0' }))).sort()).toEqual([
      'add_check b',
      'drop_check',
      'drop_check',
    ]);
    expect((await t.live('known'))?.checks.filter((one) => !one.managed)).toMatchObject([{ physical_name: 'theirs' }]);
  });

  it('of an enum are widened and narrowed, also on arrays (S004-101)', async () => {
    const of = (strings: string[], numbers: number[]) => [
      { name: 'e', type: 'enum', enum: strings },
      { name: 'ts', type: 'text[]', enum: strings },
      { name: 'ns', type: 'number[]', enum: numbers },
    ];
    await t.apply('enums', of(['x'], [1]));
    await expect(t.put('enums', { ts: ['x', 'y'] })).rejects.toMatchObject({ code: '23514' });
    await expect(t.put('enums', { ns: [1, 2] })).rejects.toMatchObject({ code: '23514' });
    const wide = of(["it's", 'x', 'y'], [2.5, 1, 2]);
    expect(await t.kindsOf('enums', wide)).toEqual(['replace_check e', 'replace_check ts', 'replace_check ns']);
    await t.put('enums', { e: "it's", ts: ['x', 'y'], ns: [] });
    await t.put('enums', { ns: [2.5, 2] });
    expect(await t.apply('enums', wide)).toEqual([]);
    const problem = await failure(t.apply('enums', of(['x'], [1])), 'SCHEMA_SYNC_FAILED');
    expect(found(problem)).toEqual([
      ['schema.0', 'enum_has_others'],
      ['schema.1', 'enum_has_others'],
      ['schema.2', 'enum_has_others'],
    ]);
  });
});

// References: inside one account, with a delete rule that is obeyed, changed and cleaned up after.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import { define, tableOf } from '../../server/schema/define.ts';
import { A, B, fields, kinds, open, type Rooms, type Tables, tables } from './harness.ts';

describe.each(kinds)('references (%s)', (kind) => {
  let at: Rooms & { twice(): Promise<Rooms> };
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
    await t.apply('parents', [{ name: 'a', type: 'text' }]);
  });

  const child = (on_delete: string, collection = 'parents') => [
    { name: 'r', type: 'reference', collection, on_delete },
  ];
  const pair = async (name: string, on_delete: string) => {
    await t.apply(name, child(on_delete));
    const parent = await t.put('parents');
    return { parent, kid: await t.put(name, { r: parent }), other: await t.put(name, { r: await t.put('parents') }) };
  };
  const remove = (id: string) => at.db.query(`delete from app_main.parents where id = '${id}'`);

  it('never point into another account', async () => {
    await t.apply('tenants', child('restrict'));
    const parent = await t.put('parents');
    await expect(t.put('tenants', { r: parent }, B)).rejects.toMatchObject({ code: '23503' });
    await expect(t.put('tenants', { r: crypto.randomUUID() })).rejects.toMatchObject({ code: '23503' });
  });

  it('restrict', async () => {
    const { parent } = await pair('kept', 'restrict');
    await expect(remove(parent)).rejects.toMatchObject({
      code: expect.stringMatching(/^2350[31]$|^23001$/),
      table: 'kept',
    });
  });

  it('cascade', async () => {
    const { parent, other } = await pair('gone', 'cascade');
    await remove(parent);
    expect((await t.rows('gone')).map((row) => row.id)).toEqual([other]);
  });

  it('set_null empties the reference alone, and the account stays', async () => {
    const { parent, kid, other } = await pair('orphaned', 'set_null');
    await remove(parent);
    const left = Object.fromEntries((await t.rows('orphaned')).map((row) => [row.id, row]));
    expect(left[kid]).toMatchObject({ r: null, account_id: A });
    expect(left[other]?.r).not.toBeNull();
    expect(await t.kindsOf('orphaned', child('set_null'))).toEqual([]);
  });

  it('set_null, cascade and restrict meet in one delete', async () => {
    await t.apply('mid', [{ name: 'p', type: 'reference', collection: 'parents', on_delete: 'cascade' }]);
    await t.apply('leaf', [{ name: 'm', type: 'reference', collection: 'mid', on_delete: 'set_null' }]);
    const parent = await t.put('parents');
    const leaf = await t.put('leaf', { m: await t.put('mid', { p: parent }) });
    await remove(parent);
    expect(await t.rows('leaf')).toMatchObject([{ id: leaf, m: null }]);
  });

  it('set_null on itself, also when parent and child go in one statement', async () => {
    await t.apply('tree', [{ name: 'up', type: 'reference', collection: 'tree', on_delete: 'set_null' }]);
    const root = await t.put('tree');
    const branch = await t.put('tree', { up: root });
    const leaf = await t.put('tree', { up: branch });
    await at.db.query('delete from app_main.tree where id = any ($1)', [[root, branch]]);
    expect(await t.rows('tree')).toMatchObject([{ id: leaf, up: null }]);
  });

  it('change their delete rule as one change, and their target as two (S004-97)', async () => {
    await t.apply('ruled', child('restrict'));
    for (const rule of ['set_null', 'cascade', 'set_null', 'restrict']) {
      expect(await t.kindsOf('ruled', child(rule))).toEqual(['alter_fk_delete_rule r']);
      expect(await t.apply('ruled', child(rule))).toEqual([]);
    }
    const [triggers] = await at.db.query<{ n: number }>(
      `select count(*)::int as n from pg_trigger where tgfoid = 'snackbase.clear_reference'::regproc and tgargs like '%ruled%'`,
    );
    expect(triggers?.n).toBe(0);
    await t.apply('other_parents', [{ name: 'a', type: 'text' }]);
    expect(await t.kindsOf('ruled', child('restrict', 'other_parents'))).toEqual(['drop_fk r', 'add_fk r']);
    expect(await t.kindsOf('ruled', [{ name: 'r', type: 'uuid' }])).toEqual(['drop_fk r', 'drop_index r']);
    expect(await t.kindsOf('ruled', child('restrict'))).toEqual(['add_fk r']);
  });

  it('of a dropped table leave no trigger behind (S004-99)', async () => {
    await t.apply('dropped', child('set_null'));
    await t.put('dropped', { r: await t.put('parents') });
    const changes = await sync(at.db, { tables: [], absent: [tableOf('main', 'dropped')] });
    expect(changes).toEqual([{ entity: 'dropped', change_type: 'drop_table', column: '', detail: null }]);
    await remove(await t.put('parents'));
    expect(await sync(at.db, { tables: [], absent: [tableOf('main', 'dropped')] })).toEqual([]);
  });

  it('between two tables of one plan, in any order', async () => {
    const one = define({
      app: 'main',
      name: 'left_side',
      fields: fields({ name: 'r', type: 'reference', collection: 'right_side' }),
    });
    const two = define({
      app: 'main',
      name: 'right_side',
      fields: fields({ name: 'l', type: 'reference', collection: 'left_side', on_delete: 'set_null' }),
    });
    const changes = await sync(at.db, { tables: [one, two], absent: [] });
    expect(changes.map((c) => c.change_type)).toEqual(['create_table', 'create_table', 'add_fk', 'add_fk']);
    expect(await sync(at.db, { tables: [one, two], absent: [] })).toEqual([]);
  });

  it('let an account go with everything in it', async () => {
    await at.db.query(`insert into snackbase.accounts (id, slug, name) values ('ZZ0001', 'z', 'Z')`);
    for (const [name, rule] of [
      ['a_restrict', 'restrict'],
      ['b_null', 'set_null'],
      ['c_cascade', 'cascade'],
      ['z_restrict', 'restrict'],
      ['z_null', 'set_null'],
    ] as const) {
      await t.apply(name, child(rule));
      await t.put(name, { r: await t.put('parents', {}, 'ZZ0001') }, 'ZZ0001');
    }
    await at.db.query(`delete from snackbase.accounts where id = 'ZZ0001'`);
    expect(await at.db.query(`select 1 from app_main.z_restrict where account_id = 'ZZ0001'`)).toEqual([]);
  });

  it.runIf(kind === 'postgres')(
    'set_null also reaches a child that is being written when the parent goes',
    async () => {
      await t.apply('late', child('set_null'));
      const parent = await t.put('parents');
      let removal: Promise<unknown> = Promise.resolve();
      await at.db.transaction(async (tx) => {
        await tx.query(`insert into app_main.late (account_id, id, r) values ('${A}', gen_random_uuid(), $1)`, [
          parent,
        ]);
        const other = await at.twice();
        removal = other.db.query(`delete from app_main.parents where id = '${parent}'`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      });
      await removal;
      expect(await t.rows('late')).toMatchObject([{ r: null }]);
    },
  );
});

// Changes of tables that hold records: what the rows allow, what they forbid, and what becomes of them.
import { beforeAll, describe, expect, it } from 'vitest';
import { B, catalog, failure, found, kinds, open, type Rooms, type Tables, tables } from './harness.ts';

describe.each(kinds)('tables with records (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  it('adds columns (S004-91): optional, with default, required with default', async () => {
    await t.apply('filled', [{ name: 'a', type: 'text' }]);
    await t.put('filled', { a: 'x' });
    const list = [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'number' },
      { name: 'c', type: 'text', default: "it's" },
      { name: 'd', type: 'json', required: true, default: [] },
    ];
    expect(await t.kindsOf('filled', list)).toEqual(['add_column b', 'add_column c', 'add_column d']);
    expect((await t.rows('filled'))[0]).toMatchObject({ a: 'x', b: null, c: "it's", d: [] });
    expect(await t.apply('filled', list)).toEqual([]);
  });

  it('adds a column with an index, a check and a key on it at once (S004-103)', async () => {
    await t.apply('wide', [{ name: 'a', type: 'text' }]);
    await t.put('wide');
    expect(
      await t.kindsOf('wide', [
        { name: 'a', type: 'text' },
        { name: 'u', type: 'text', unique: true },
        { name: 'e', type: 'enum', enum: ['p'], default: 'p', required: true },
        { name: 'r', type: 'reference', collection: 'wide' },
      ]),
    ).toEqual(['add_column u', 'add_column e', 'add_column r', 'add_check e', 'add_index u', 'add_fk r']);
  });

  it('refuses what the records forbid, all at once, and changes nothing', async () => {
    const base = ['a', 'u', 'e'].map((name) => ({ name, type: 'text' }));
    await t.apply('strict', [...base, { name: 'r', type: 'uuid' }]);
    await t.put('strict', { u: 'same', e: 'other', r: crypto.randomUUID() });
    await t.put('strict', { u: 'same', e: 'fine' });
    await t.put('strict', { u: 'same' }, B);
    const before = await catalog(at.db);
    const problem = await failure(
      t.apply('strict', [
        { name: 'a', type: 'text', required: true },
        { name: 'u', type: 'text', unique: true },
        { name: 'e', type: 'enum', enum: ['fine'] },
        { name: 'r', type: 'reference', collection: 'strict' },
        { name: 'n', type: 'text', required: true },
        { name: 'm', type: 'text', default: 'x', unique: true },
      ]),
      'SCHEMA_SYNC_FAILED',
    );
    expect(problem.status).toBe(409);
    expect(new Set(found(problem).map((pair) => pair.join(' ')))).toEqual(
      new Set([
        'schema.0 required_has_nulls',
        'schema.1 unique_has_duplicates',
        'schema.2 enum_has_others',
        'schema.3 reference_has_orphans',
        'schema.4 required_needs_default',
        'schema.5 unique_has_duplicates',
      ]),
    );
    expect(problem.message).toMatch(
      /^The schema change was rolled back at add_column strict\.n: records exist already/,
    );
    expect(JSON.stringify(problem.body('r'))).not.toMatch(/alter table|select|constraint/i);
    expect(await catalog(at.db)).toEqual(before);
  });

  it('takes equal values of different accounts, NULLs and deleted rows for unique', async () => {
    await t.apply('uniq', [{ name: 'u', type: 'text' }]);
    await t.put('uniq', { u: 'x' });
    await t.put('uniq', { u: 'x' }, B);
    await t.put('uniq', {});
    await t.put('uniq', {});
    await t.put('uniq', { u: 'x', deleted_at: new Date() });
    expect(await t.kindsOf('uniq', [{ name: 'u', type: 'text', unique: true }])).toEqual(['add_index u']);
    await expect(t.put('uniq', { u: 'x' })).rejects.toMatchObject({ code: '23505' });
    expect(await t.kindsOf('uniq', [{ name: 'u', type: 'text' }])).toEqual(['drop_index u']);
    await t.put('uniq', { u: 'x' });
  });

  it('fills NULLs with the default when a field becomes required (S004-93, S004-94)', async () => {
    await t.apply('req', [{ name: 'e', type: 'enum', enum: ['a'] }]);
    await t.put('req');
    expect(
      await t.kindsOf('req', [{ name: 'e', type: 'enum', enum: ['a', 'new'], required: true, default: 'new' }]),
    ).toEqual(['set_default e', 'set_not_null e', 'replace_check e']);
    expect((await t.rows('req'))[0]).toMatchObject({ e: 'new' });
    expect(await t.kindsOf('req', [{ name: 'e', type: 'enum', enum: ['a', 'new'] }])).toEqual([
      'drop_default e',
      'drop_not_null e',
    ]);
    await t.put('req');
  });

  it('widens an enum and refuses to narrow it over rows (S004-101)', async () => {
    const e = (...values: string[]) => [
      { name: 'e', type: 'enum', enum: values },
      { name: 's', type: 'text[]', enum: values },
    ];
    await t.apply('wider', e('a', 'b'));
    await t.put('wider', { e: 'b', s: ['a', 'b'] });
    await expect(t.put('wider', { e: 'c' })).rejects.toMatchObject({ code: '23514' });
    await expect(t.put('wider', { s: ['a', 'c'] })).rejects.toMatchObject({ code: '23514' });
    expect(await t.kindsOf('wider', e('a', 'b', 'c'))).toEqual(['replace_check e', 'replace_check s']);
    await t.put('wider', { e: 'c', s: ['c'] });
    await failure(t.apply('wider', e('a', 'b')), 'SCHEMA_SYNC_FAILED');
    expect(
      await t.kindsOf('wider', [
        { name: 'e', type: 'text' },
        { name: 's', type: 'text[]' },
      ]),
    ).toEqual(['drop_check e', 'drop_check s']);
  });

  it('drops a column with what hangs on it, or keeps it (S004-98)', async () => {
    const full = [
      { name: 'a', type: 'text' },
      { name: 'e', type: 'enum', enum: ['x'], unique: true },
      { name: 'r', type: 'reference', collection: 'narrow', on_delete: 'set_null' },
    ];
    await t.apply('narrow', full);
    const id = await t.put('narrow');
    const child = await t.put('narrow', { r: id });
    expect(await t.apply('narrow', [{ name: 'a', type: 'text' }], { allowDestructive: false })).toEqual([]);
    expect(await t.kindsOf('narrow', [{ name: 'a', type: 'text' }])).toEqual(['drop_column e', 'drop_column r']);
    await at.db.query(`delete from app_main.narrow where id = '${id}'`);
    expect(await t.rows('narrow')).toMatchObject([{ id: child }]);
    expect(await t.kindsOf('narrow', full)).toEqual([
      'add_column e',
      'add_column r',
      'add_check e',
      'add_index e',
      'add_fk r',
    ]);
  });

  it('refuses another type as a clear entry', async () => {
    await t.apply('typed', [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'number' },
    ]);
    const problem = await failure(
      t.apply('typed', [
        { name: 'a', type: 'number[]' },
        { name: 'b', type: 'text[]' },
      ]),
      'INVALID_RESOURCE_DATA',
    );
    expect(found(problem)).toEqual([
      ['schema.0.type', 'type_change_unsupported'],
      ['schema.1.type', 'type_change_unsupported'],
    ]);
    expect(problem.entries[0]).toMatchObject({ expected: 'text', received: 'number[]' });
    // The same column serves both.
    expect(
      await t.apply('typed', [
        { name: 'a', type: 'email' },
        { name: 'b', type: 'number' },
      ]),
    ).toEqual([]);
  });
});

// The sync engine on a live database: what is made, that a second plan is empty, what the rows forbid, and what is left alone.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import { define, tableOf } from '../../server/schema/define.ts';
import { catalog, failure, fields, found, kinds, open, A, B, type Rooms } from './harness.ts';

const DEFAULTS: [type: string, value: unknown][] = [
  ['text', ''],
  ['text', "O'Neil said ''hi''"],
  ['text', 'a::b'],
  ["text", "'::text"],
  ['text', 'two\nlines\ttab'],
  ['text', 'back\\slash \\n \\\''],
  ['text', 'ünïcødé 🎉 中文'],
  ['text', '$1 $$ {x} "q" ; -- /* */'],
  ['text', 'null'],
  ['text', 'true'],
  ['text', "E'x'"],
  ['number', -5],
  ['number', 0],
  ['number', 1e21],
  ['number', -1.5e-7],
  ['number', 0.1],
  ['number', 9007199254740993],
  ['boolean', true],
  ['boolean', false],
  ['datetime', '2026-01-02T03:04:05Z'],
  ['datetime', '2026-07-02T03:04:05.123456+02:00'],
  ['datetime', '2026-07-02T03:04:05'],
  ['date', '2024-02-29'],
  ['uuid', '0198C0DE-7A11-7000-8000-3B2F5C0FFEE1'],
  ['email', "o'neil@example.com"],
  ['url', "https://example.com/?a=b'c"],
  ['json', { b: [1, -2.5, null, true], a: "it's \\ \n ünï", c: { '': {} } }],
  ['json', 'a string'],
  ['json', []],
  ['json', -5],
  ['json', false],
  ['text[]', []],
  ['text[]', ['a', 'b,c', 'd"e', "f'g", 'h\\i', '', 'null', '{}', ' x ', 'ü']],
  ['number[]', [1, -2.5, 1e21]],
];

describe.each(kinds)('sync (%s)', (kind) => {
  let at: Rooms;
  beforeAll(async () => {
    at = await open(kind);
  });

  const apply = (name: string, list: unknown[], options = {}) =>
    sync(at.db, { tables: [define({ app: 'main', name, fields: fields(...list) })], absent: [] }, options);
  const kindsOf = async (name: string, list: unknown[], options = {}) =>
    (await apply(name, list, options)).map((c) => `${c.change_type}${c.column && ` ${c.column}`}`);
  const put = async (name: string, values: Record<string, unknown> = {}, account = A) => {
    const id = crypto.randomUUID();
    const row = { account_id: account, id, ...values };
    const keys = Object.keys(row);
    await at.db.query(
      `insert into app_main."${name}" (${keys.map((k) => `"${k}"`)}) values (${keys.map((_, i) => `$${i + 1}`)})`,
      Object.values(row),
    );
    return id;
  };
  const rows = (name: string) => at.db.query<Record<string, unknown>>(`select * from app_main."${name}" order by created_at, id`);

  it('makes a table, and a second plan is empty (S004-90, S004-105)', async () => {
    const list = [
      { name: 'title', type: 'text', required: true, unique: true },
      { name: 'state', type: 'enum', enum: ["it's", 'b'] },
      { name: 'tags', type: 'text[]', enum: ['x', 'y'] },
      { name: 'rank', type: 'number', enum: [1, 2.5] },
      { name: 'parent', type: 'reference', collection: 'first', on_delete: 'cascade' },
    ];
    expect(await kindsOf('first', list)).toEqual([
      'create_table',
      'add_check state',
      'add_check tags',
      'add_check rank',
      'add_index title',
      'add_fk parent',
    ]);
    const before = await catalog(at.db);
    expect(await apply('first', list)).toEqual([]);
    expect(await catalog(at.db)).toEqual(before);
  });

  it('reorders enum values without a change', async () => {
    expect(await kindsOf('reordered', [{ name: 'e', type: 'enum', enum: ['a', 'b'] }])).toEqual(['create_table', 'add_check e']);
    expect(await apply('reordered', [{ name: 'e', type: 'enum', enum: ['b', 'a'] }])).toEqual([]);
  });

  it('says in a dry run what it would do, and does nothing (S004-90)', async () => {
    const before = await catalog(at.db);
    expect(await apply('dry', [{ name: 'a', type: 'text' }], { dryRun: true })).toEqual([
      { entity: 'dry', change_type: 'create_table', column: '', detail: '1 field' },
    ]);
    expect(await catalog(at.db)).toEqual(before);
  });

  it('stores every default as the value it is, without churn (S004-105)', async () => {
    const list = DEFAULTS.map(([type, value], i) => ({ name: `d${i}`, type, default: value }));
    await apply('defaults', list);
    expect(await apply('defaults', list)).toEqual([]);
    await put('defaults');
    const [row] = await rows('defaults');
    DEFAULTS.forEach(([type, value], i) => {
      const expected =
        type === 'datetime' ? new Date(`${value}`.length === 19 ? `${value}Z` : `${value}`).toISOString() : type === 'uuid' ? `${value}`.toLowerCase() : value;
      const stored = row?.[`d${i}`];
      expect(type === 'datetime' ? new Date(String(stored)).toISOString() : stored, `${type} ${JSON.stringify(value)}`).toEqual(expected);
    });
    // Each next to another value of its type: a change that is seen, once.
    const other = { text: 'other', number: 42, datetime: '2000-01-01T00:00:00Z', date: '2000-01-01', uuid: crypto.randomUUID(), email: 'z@z.zz', url: 'https://z.zz', json: 'other', 'text[]': ['other'], 'number[]': [42] } as Record<string, unknown>;
    const changed = DEFAULTS.map(([type, value], i) => ({ name: `d${i}`, type, default: type === 'boolean' ? !value : other[type] }));
    expect(await kindsOf('defaults', changed)).toEqual(changed.map((f) => `set_default ${f.name}`));
    expect(await apply('defaults', changed)).toEqual([]);
    expect(await kindsOf('defaults', changed.map(({ name, type }) => ({ name, type })))).toEqual(changed.map((f) => `drop_default ${f.name}`));
    expect((await rows('defaults'))[0]).toEqual(row);
  });

  it('sees a JSON object in another key order and a number in another spelling as equal', async () => {
    await apply('spelled', [{ name: 'j', type: 'json', default: { a: 1, b: 2 } }, { name: 'n', type: 'number', default: 100 }, { name: 't', type: 'datetime', default: '2026-01-01T02:00:00+02:00' }]);
    expect(await apply('spelled', [{ name: 'j', type: 'json', default: { b: 2.0, a: 1 } }, { name: 'n', type: 'number', default: 1e2 }, { name: 't', type: 'datetime', default: '2026-01-01T00:00:00Z' }])).toEqual([]);
  });

  it('repairs a default, a NOT NULL, an index and a column that were changed by SQL (S004-87)', async () => {
    const list = [{ name: 'a', type: 'text', default: 'x', required: true }, { name: 'b', type: 'text', unique: true }, { name: 'c', type: 'number' }];
    await apply('drift', list);
    await at.db.query(`alter table app_main.drift alter a set default 'y' || 'z', alter a drop not null, drop column c`);
    const [index] = await at.db.query<{ name: string }>(`select indexname as name from pg_indexes where tablename = 'drift' and indexdef like '%deleted_at IS NULL%'`);
    await at.db.query(`drop index app_main."${index?.name}"`);
    expect(await kindsOf('drift', list)).toEqual(['add_column c', 'set_default a', 'set_not_null a', 'add_index b']);
    expect(await apply('drift', list)).toEqual([]);
  });

  it('leaves what it did not make: columns, indexes, checks (S004-100, S004-101)', async () => {
    await apply('mixed', [{ name: 'a', type: 'text' }]);
    await at.db.query(`
      alter table app_main.mixed add column theirs text, add constraint theirs check (a <> 'no');
      create index theirs_ix on app_main.mixed (a);
      comment on column app_main.mixed.a is 'a comment of a person';
      comment on table app_main.mixed is 'another'`);
    expect(await apply('mixed', [{ name: 'a', type: 'text' }])).toEqual([]);
    expect(await kindsOf('mixed', [{ name: 'b', type: 'text' }])).toEqual(['add_column b']);
    const left = await at.db.query(`select conname as name from pg_constraint where conname = 'theirs' union all select relname from pg_class where relname = 'theirs_ix'`);
    expect(left).toHaveLength(2);
  });

  it('refuses a table that it did not make', async () => {
    await at.db.query('create table app_main.foreign_table (id int)');
    const problem = await failure(apply('foreign_table', [{ name: 'a', type: 'text' }]), 'INVALID_RESOURCE_DATA');
    expect(found(problem)).toEqual([['name', 'table_not_ours']]);
    await at.db.query('create view app_main.a_view as select 1 as x');
    await failure(apply('a_view', [{ name: 'a', type: 'text' }]), 'INVALID_RESOURCE_DATA');
  });

  describe('on a table with records', () => {
    it('adds columns (S004-91): optional, with default, required with default', async () => {
      await apply('filled', [{ name: 'a', type: 'text' }]);
      await put('filled', { a: 'x' });
      const list = [{ name: 'a', type: 'text' }, { name: 'b', type: 'number' }, { name: 'c', type: 'text', default: "it's" }, { name: 'd', type: 'json', required: true, default: [] }];
      expect(await kindsOf('filled', list)).toEqual(['add_column b', 'add_column c', 'add_column d']);
      expect((await rows('filled'))[0]).toMatchObject({ a: 'x', b: null, c: "it's", d: [] });
      expect(await apply('filled', list)).toEqual([]);
    });

    it('adds a column with an index, a check and a key on it at once (S004-103)', async () => {
      await apply('wide', [{ name: 'a', type: 'text' }]);
      await put('wide');
      expect(await kindsOf('wide', [{ name: 'a', type: 'text' }, { name: 'u', type: 'text', unique: true }, { name: 'e', type: 'enum', enum: ['p'], default: 'p', required: true }, { name: 'r', type: 'reference', collection: 'wide' }])).toEqual([
        'add_column u', 'add_column e', 'add_column r', 'add_check e', 'add_index u', 'add_fk r',
      ]);
    });

    it('refuses what the records forbid, all at once, and changes nothing', async () => {
      const base = ['a', 'u', 'e'].map((name) => ({ name, type: 'text' }));
      await apply('strict', [...base, { name: 'r', type: 'uuid' }]);
      await put('strict', { u: 'same', e: 'other', r: crypto.randomUUID() });
      await put('strict', { u: 'same', e: 'fine' });
      await put('strict', { u: 'same' }, B);
      const before = await catalog(at.db);
      const problem = await failure(
        apply('strict', [
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
      expect(problem.message).toMatch(/^The schema change was rolled back at add_column strict\.n: records exist already/);
      expect(JSON.stringify(problem.body('r'))).not.toMatch(/alter table|select|constraint/i);
      expect(await catalog(at.db)).toEqual(before);
    });

    it('takes equal values of different accounts, NULLs and deleted rows for unique', async () => {
      await apply('uniq', [{ name: 'u', type: 'text' }]);
      await put('uniq', { u: 'x' });
      await put('uniq', { u: 'x' }, B);
      await put('uniq', {});
      await put('uniq', {});
      await put('uniq', { u: 'x', deleted_at: new Date() });
      expect(await kindsOf('uniq', [{ name: 'u', type: 'text', unique: true }])).toEqual(['add_index u']);
      await expect(put('uniq', { u: 'x' })).rejects.toMatchObject({ code: '23505' });
      expect(await kindsOf('uniq', [{ name: 'u', type: 'text' }])).toEqual(['drop_index u']);
      await put('uniq', { u: 'x' });
    });

    it('fills NULLs with the default when a field becomes required (S004-93, S004-94)', async () => {
      await apply('req', [{ name: 'e', type: 'enum', enum: ['a'] }]);
      await put('req');
      expect(await kindsOf('req', [{ name: 'e', type: 'enum', enum: ['a', 'new'], required: true, default: 'new' }])).toEqual([
        'set_default e', 'set_not_null e', 'replace_check e',
      ]);
      expect((await rows('req'))[0]).toMatchObject({ e: 'new' });
      expect(await kindsOf('req', [{ name: 'e', type: 'enum', enum: ['a', 'new'] }])).toEqual(['drop_default e', 'drop_not_null e']);
      await put('req');
    });

    it('widens an enum and refuses to narrow it over rows (S004-101)', async () => {
      const e = (...values: string[]) => [{ name: 'e', type: 'enum', enum: values }, { name: 's', type: 'text[]', enum: values }];
      await apply('wider', e('a', 'b'));
      await put('wider', { e: 'b', s: ['a', 'b'] });
      await expect(put('wider', { e: 'c' })).rejects.toMatchObject({ code: '23514' });
      await expect(put('wider', { s: ['a', 'c'] })).rejects.toMatchObject({ code: '23514' });
      expect(await kindsOf('wider', e('a', 'b', 'c'))).toEqual(['replace_check e', 'replace_check s']);
      await put('wider', { e: 'c', s: ['c'] });
      await failure(apply('wider', e('a', 'b')), 'SCHEMA_SYNC_FAILED');
      expect(await kindsOf('wider', [{ name: 'e', type: 'text' }, { name: 's', type: 'text[]' }])).toEqual(['drop_check e', 'drop_check s']);
    });

    it('drops a column with what hangs on it, or keeps it (S004-98)', async () => {
      const full = [{ name: 'a', type: 'text' }, { name: 'e', type: 'enum', enum: ['x'], unique: true }, { name: 'r', type: 'reference', collection: 'narrow', on_delete: 'set_null' }];
      await apply('narrow', full);
      const id = await put('narrow');
      const child = await put('narrow', { r: id });
      expect(await apply('narrow', [{ name: 'a', type: 'text' }], { allowDestructive: false })).toEqual([]);
      expect(await kindsOf('narrow', [{ name: 'a', type: 'text' }])).toEqual(['drop_column e', 'drop_column r']);
      await at.db.query(`delete from app_main.narrow where id = '${id}'`);
      expect(await rows('narrow')).toMatchObject([{ id: child }]);
      expect(await kindsOf('narrow', full)).toEqual(['add_column e', 'add_column r', 'add_check e', 'add_index e', 'add_fk r']);
    });

    it('refuses another type as a clear entry', async () => {
      await apply('typed', [{ name: 'a', type: 'text' }, { name: 'b', type: 'number' }]);
      const problem = await failure(apply('typed', [{ name: 'a', type: 'number' }, { name: 'b', type: 'text[]' }]), 'INVALID_RESOURCE_DATA');
      expect(found(problem)).toEqual([['schema.0.type', 'type_change_unsupported'], ['schema.1.type', 'type_change_unsupported']]);
      expect(problem.entries[0]).toMatchObject({ expected: 'text', received: 'double precision' });
      // The same column serves both.
      expect(await apply('typed', [{ name: 'a', type: 'email' }, { name: 'b', type: 'number' }])).toEqual([]);
    });
  });

  describe('references', () => {
    const child = (on_delete: string, collection = 'parents') => [{ name: 'r', type: 'reference', collection, on_delete }];
    beforeAll(async () => {
      await apply('parents', [{ name: 'a', type: 'text' }]);
    });
    const pair = async (name: string, on_delete: string) => {
      await apply(name, child(on_delete));
      const parent = await put('parents');
      return { parent, kid: await put(name, { r: parent }), other: await put(name, { r: await put('parents') }) };
    };
    const remove = (id: string) => at.db.query(`delete from app_main.parents where id = '${id}'`);

    it('never point into another account', async () => {
      await apply('tenants', child('restrict'));
      const parent = await put('parents');
      await expect(put('tenants', { r: parent }, B)).rejects.toMatchObject({ code: '23503' });
      await expect(put('tenants', { r: crypto.randomUUID() })).rejects.toMatchObject({ code: '23503' });
    });

    it('restrict', async () => {
      const { parent } = await pair('kept', 'restrict');
      await expect(remove(parent)).rejects.toMatchObject({ code: expect.stringMatching(/^2350[31]$|^23001$/), table: 'kept' });
    });

    it('cascade', async () => {
      const { parent, other } = await pair('gone', 'cascade');
      await remove(parent);
      expect((await rows('gone')).map((row) => row.id)).toEqual([other]);
    });

    it('set_null empties the reference alone, and the account stays', async () => {
      const { parent, kid, other } = await pair('orphaned', 'set_null');
      await remove(parent);
      const left = Object.fromEntries((await rows('orphaned')).map((row) => [row.id, row]));
      expect(left[kid]).toMatchObject({ r: null, account_id: A });
      expect(left[other]?.r).not.toBeNull();
      expect(await kindsOf('orphaned', child('set_null'))).toEqual([]);
    });

    it('set_null, cascade and restrict meet in one delete', async () => {
      await apply('mid', [{ name: 'p', type: 'reference', collection: 'parents', on_delete: 'cascade' }]);
      await apply('leaf', [{ name: 'm', type: 'reference', collection: 'mid', on_delete: 'set_null' }]);
      const parent = await put('parents');
      const leaf = await put('leaf', { m: await put('mid', { p: parent }) });
      await remove(parent);
      expect(await rows('leaf')).toMatchObject([{ id: leaf, m: null }]);
    });

    it('set_null on itself, also when parent and child go in one statement', async () => {
      await apply('tree', [{ name: 'up', type: 'reference', collection: 'tree', on_delete: 'set_null' }]);
      const root = await put('tree');
      const branch = await put('tree', { up: root });
      const leaf = await put('tree', { up: branch });
      await at.db.query('delete from app_main.tree where id = any ($1)', [[root, branch]]);
      expect(await rows('tree')).toMatchObject([{ id: leaf, up: null }]);
    });

    it('change their delete rule as one change, and their target as two (S004-97)', async () => {
      await apply('ruled', child('restrict'));
      for (const rule of ['set_null', 'cascade', 'set_null', 'restrict']) {
        expect(await kindsOf('ruled', child(rule))).toEqual(['alter_fk_delete_rule r']);
        expect(await apply('ruled', child(rule))).toEqual([]);
      }
      const [triggers] = await at.db.query<{ n: number }>(`select count(*)::int as n from pg_trigger where tgfoid = 'snackbase.clear_reference'::regproc and tgargs like '%ruled%'`);
      expect(triggers?.n).toBe(0);
      await apply('other_parents', [{ name: 'a', type: 'text' }]);
      expect(await kindsOf('ruled', child('restrict', 'other_parents'))).toEqual(['drop_fk r', 'add_fk r']);
      expect(await kindsOf('ruled', [{ name: 'r', type: 'uuid' }])).toEqual(['drop_fk r', 'drop_index r']);
      expect(await kindsOf('ruled', child('restrict'))).toEqual(['add_fk r']);
    });

    it('of a dropped table leave no trigger behind (S004-99)', async () => {
      await apply('dropped', child('set_null'));
      await put('dropped', { r: await put('parents') });
      const changes = await sync(at.db, { tables: [], absent: [tableOf('main', 'dropped')] });
      expect(changes).toEqual([{ entity: 'dropped', change_type: 'drop_table', column: '', detail: null }]);
      await remove(await put('parents'));
      expect(await sync(at.db, { tables: [], absent: [tableOf('main', 'dropped')] })).toEqual([]);
    });

    it('between two tables of one plan, in any order', async () => {
      const one = define({ app: 'main', name: 'left_side', fields: fields({ name: 'r', type: 'reference', collection: 'right_side' }) });
      const two = define({ app: 'main', name: 'right_side', fields: fields({ name: 'l', type: 'reference', collection: 'left_side', on_delete: 'set_null' }) });
      const changes = await sync(at.db, { tables: [one, two], absent: [] });
      expect(changes.map((c) => c.change_type)).toEqual(['create_table', 'create_table', 'add_fk', 'add_fk']);
      expect(await sync(at.db, { tables: [one, two], absent: [] })).toEqual([]);
    });

    it('let an account go with everything in it', async () => {
      await at.db.query(`insert into snackbase.accounts (id, slug, name) values ('ZZ0001', 'z', 'Z')`);
      for (const [name, rule] of [['a_restrict', 'restrict'], ['b_null', 'set_null'], ['c_cascade', 'cascade'], ['z_restrict', 'restrict'], ['z_null', 'set_null']] as const) {
        await apply(name, child(rule));
        await put(name, { r: await put('parents', {}, 'ZZ0001') }, 'ZZ0001');
      }
      await at.db.query(`delete from snackbase.accounts where id = 'ZZ0001'`);
      expect(await at.db.query(`select 1 from app_main.z_restrict where account_id = 'ZZ0001'`)).toEqual([]);
    });
  });

  it('rolls everything back when the database refuses a step (S004-104)', async () => {
    const ok = define({ app: 'main', name: 'rolled_one', fields: fields({ name: 'a', type: 'text' }) });
    const bad = define({ app: 'main', name: 'rolled_two', fields: fields({ name: 'a', type: 'reference', collection: 'nowhere' }) });
    const before = await catalog(at.db);
    const problem = await failure(sync(at.db, { tables: [ok, bad], absent: [] }), 'SCHEMA_SYNC_FAILED');
    expect(problem.message).toBe('The schema change was rolled back at add_fk rolled_two.a: the database refused it (SQLSTATE 42P01).');
    expect(await catalog(at.db)).toEqual(before);
  });

  it('makes names of 100 characters and PostgreSQL system columns usable (S003-13)', async () => {
    const long = 'n'.repeat(99);
    const list = [{ name: `${long}a`, type: 'text', unique: true }, { name: `${long}b`, type: 'enum', enum: ['x'] }, { name: `${long}c`, type: 'reference', collection: `${long}x` }, { name: 'ctid', type: 'text' }, { name: 'oid', type: 'number' }, { name: 'select', type: 'text', unique: true }];
    await apply(`${long}x`, list);
    expect(await apply(`${long}x`, list)).toEqual([]);
    await apply(`${long}y`, list);
    expect(await apply(`${long}y`, list)).toEqual([]);
  });
});


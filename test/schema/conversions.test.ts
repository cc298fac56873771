// Type changes: the whole matrix with real rows, what stands in the way of it, and what hangs on the column.
import { beforeAll, describe, expect, it } from 'vitest';
import { syncIn, withSchemaLock } from '../../server/schema/apply.ts';
import { catalog, failure, found, kinds, open, type Rooms, type Tables, tableFor, tables } from './harness.ts';

const ID = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';
const MOMENT = '2026-01-02T03:04:05.000000Z';

/** From, to, and pairs of a value before and after; a moment is compared as one. */
const GOOD: [from: string, to: string, pairs: [unknown, unknown][]][] = [
  [
    'text',
    'number',
    [
      ['5', 5],
      [' -1.5e3\n', -1500],
      ['+.5', 0.5],
      ['5.', 5],
      ['-0', 0],
      ['1e308', 1e308],
      ['5e-324', 5e-324],
      ['0e9999', 0],
      ['', null],
      [null, null],
    ],
  ],
  [
    'text',
    'boolean',
    [...['true', '1', 'YES', 't'].map((v) => [v, true] as [unknown, unknown]), ['False', false], ['0', false]].concat([
      ['no', false],
      ['F', false],
      ['', null],
      [null, null],
    ]) as [unknown, unknown][],
  ],
  [
    'text',
    'date',
    [
      ['2024-02-29', '2024-02-29'],
      ['9999-12-31', '9999-12-31'],
      ['', null],
    ],
  ],
  [
    'text',
    'datetime',
    [
      ['2026-01-02T03:04:05Z', MOMENT],
      ['2026-01-02t05:04:05+02:00', MOMENT],
      ['2026-01-01 22:04:05-05', MOMENT],
      ['2026-01-02T03:04:05', MOMENT],
      ['2026-01-02T03:04:05,123456999Z', '2026-01-02T03:04:05.123456Z'],
      ['2026-01-02', '2026-01-02T00:00:00.000000Z'],
      ['', null],
    ],
  ],
  [
    'text',
    'uuid',
    [
      [ID.toUpperCase(), ID],
      ['', null],
    ],
  ],
  [
    'text',
    'json',
    [
      ['{"a": [1, null]}', { a: [1, null] }],
      ['"text"', 'text'],
      ['null', null],
      ['', null],
    ],
  ],
  [
    'text',
    'text[]',
    [
      ['a,b', ['a,b']],
      ['', ['']],
      [null, null],
    ],
  ],
  [
    'number',
    'number[]',
    [
      [1.5, [1.5]],
      [null, null],
    ],
  ],
  [
    'number',
    'text',
    [
      [5, '5'],
      [-0.1, '-0.1'],
      [null, null],
    ],
  ],
  [
    'boolean',
    'text',
    [
      [true, 'true'],
      [false, 'false'],
    ],
  ],
  ['uuid', 'text', [[ID, ID]]],
  ['date', 'text', [['2026-01-02', '2026-01-02']]],
  [
    'datetime',
    'text',
    [
      ['2026-01-02T05:04:05+02:00', '2026-01-02T03:04:05Z'],
      ['2026-01-02T03:00:00.12Z', '2026-01-02T03:00:00.12Z'],
      ['2026-01-02T00:00:00Z', '2026-01-02T00:00:00Z'],
    ],
  ],
  [
    'boolean',
    'number',
    [
      [true, 1],
      [false, 0],
      [null, null],
    ],
  ],
  [
    'number',
    'boolean',
    [
      [1, true],
      [0, false],
      [null, null],
    ],
  ],
  ['date', 'datetime', [['2026-01-02', '2026-01-02T00:00:00.000000Z']]],
  ['datetime', 'date', [['2026-01-02T00:30:00+02:00', '2026-01-01']]],
];

/** What cannot become the type. */
const BAD: [from: string, to: string, values: unknown[]][] = [
  ['text', 'number', ['x', '1,5', '1e999', '1e-999', 'NaN', 'Infinity', '0x10', ' ', '1e', '.', `${'1'.repeat(401)}`]],
  ['text', 'boolean', ['y', 'on', '2', 'tru', ' ']],
  ['text', 'date', ['2026-02-30', '2023-02-29', '2026-13-01', '0000-01-01', '2026-1-2', '02.01.2026', 'today', 'x']],
  [
    'text',
    'datetime',
    ['2026-02-30T00:00:00Z', '2026-01-02T24:00:00Z', '2026-01-02T03', 'now', '2026-01-02T03:04:05+15:00'],
  ],
  ['text', 'uuid', ['x', `{${ID}}`, ID.slice(1)]],
  ['text', 'json', ['{', "{'a': 1}", 'x', ' ']],
  ['number', 'boolean', [2, -1, 0.5]],
];

const TYPES = ['text', 'number', 'boolean', 'date', 'datetime', 'uuid', 'json', 'text[]', 'number[]'];
const ALLOWED = new Set(GOOD.map(([from, to]) => `${from} ${to}`));

describe.each(kinds)('type changes (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  let serial = 0;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  const field = (type: string, more: Record<string, unknown> = {}) => [{ name: 'f', type, ...more }];
  const fresh = async (type: string, more: Record<string, unknown> = {}) => {
    const name = `conversion_${++serial}`;
    await t.apply(name, field(type, more));
    return name;
  };
  const value = (type: string) =>
    type === 'datetime' ? `to_char(f at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : 'f';

  it.each(GOOD)('%s → %s (S004-92)', async (from, to, pairs) => {
    const name = await fresh(from);
    for (const [before] of pairs) await t.put(name, { f: before });
    // Whatever the session likes.
    const changes = await withSchemaLock(at.db, async (tx) => {
      await tx.query(`set local time zone 'Asia/Kathmandu'; set local datestyle = 'SQL, DMY'`);
      return syncIn(tx, { tables: [tableFor(name, { schema: field(to) })], absent: [] });
    });
    expect(changes).toEqual([{ entity: name, change_type: 'alter_type', column: 'f', detail: `${from} → ${to}` }]);
    const rows = await at.db.query<{ f: unknown }>(`select ${value(to)} as f from app_main.${name} order by id`);
    expect(rows.map((row) => row.f)).toEqual(pairs.map(([, after]) => after));
    expect(await t.apply(name, field(to))).toEqual([]);
  });

  it.each(BAD)('%s → %s fails for each value that is none, before anything is done', async (from, to, values) => {
    const name = await fresh(from);
    for (const one of values) await t.put(name, { f: one });
    const before = await catalog(at.db);
    for (const dryRun of [true, false]) {
      const problem = await failure(t.apply(name, field(to), { dryRun }), 'SCHEMA_SYNC_FAILED');
      expect(found(problem)).toEqual([['schema.0', 'value_not_convertible']]);
      expect(problem.entries[0]?.message).toContain(`${values.length} records`);
    }
    expect(await catalog(at.db)).toEqual(before);
  });

  it('refuses every other pair in the plan, naming both', async () => {
    for (const from of TYPES) {
      const name = await fresh(from);
      for (const to of TYPES.filter((one) => one !== from && !ALLOWED.has(`${from} ${one}`))) {
        const problem = await failure(t.apply(name, field(to)), 'INVALID_RESOURCE_DATA');
        expect(found(problem)).toEqual([['schema.0.type', 'type_change_unsupported']]);
        expect(problem.entries[0]).toMatchObject({ expected: from, received: to });
      }
    }
  });

  it('takes the default along: dropped first, set as the new type', async () => {
    const name = await fresh('text', { default: 'true', required: true });
    await t.put(name, {});
    expect(await t.kindsOf(name, field('boolean', { default: false, required: true }))).toEqual(['alter_type f']);
    expect(await t.rows(name)).toMatchObject([{ f: true }]);
    await t.put(name, {});
    expect(await t.rows(name)).toMatchObject([{ f: true }, { f: false }]);
    expect(await t.kindsOf(name, field('number'))).toEqual(['alter_type f', 'drop_default f', 'drop_not_null f']);
    expect(await t.kindsOf(name, field('text', { default: '7' }))).toEqual(['alter_type f', 'set_default f']);
    expect(await t.apply(name, field('text', { default: '7' }))).toEqual([]);
  });

  it('sees that the empty text of a required field would be nothing, and fills it with the default', async () => {
    const name = await fresh('text', { required: true });
    await t.put(name, { f: '' });
    const problem = await failure(t.apply(name, field('number', { required: true })), 'SCHEMA_SYNC_FAILED');
    expect(found(problem)).toEqual([['schema.0', 'required_has_nulls']]);
    expect(await t.kindsOf(name, field('number', { required: true, default: 7 }))).toEqual([
      'alter_type f',
      'set_default f',
    ]);
    expect(await t.rows(name)).toMatchObject([{ f: 7 }]);
    const other = await fresh('text');
    await t.put(other, { f: '' });
    expect(found(await failure(t.apply(other, field('number', { required: true })), 'SCHEMA_SYNC_FAILED'))).toEqual([
      ['schema.0', 'required_has_nulls'],
    ]);
    // Not required any more: NOT NULL does not stand in the way.
    expect(await t.kindsOf(name, field('text', { required: true }))).toEqual(['alter_type f', 'drop_default f']);
    await t.put(name, { f: '' });
    expect(await t.kindsOf(name, field('number'))).toEqual(['alter_type f', 'drop_not_null f']);
  });

  it('keeps what hangs on the column: uniqueness, enum, search, index, check', async () => {
    const name = `conversion_${++serial}`;
    const beside = { name: 'other', type: 'text', searchable: true };
    const text = {
      schema: [
        { name: 'code', type: 'text', unique: true, searchable: true },
        { name: 'rank', type: 'enum', enum: ['1', '2'], default: '1' },
        beside,
      ],
      indexes: [
        { name: 'by_code', columns: ['code', 'rank'] },
        { name: 'set_codes', columns: ['code'], where: 'code is not null' },
        { name: 'low', columns: [{ expr: 'lower(code)' }] },
      ],
      checks: [{ name: 'some', expr: 'code is null or rank is not null' }],
    };
    await t.reach(name, text);
    await t.put(name, { code: '1', rank: '2', other: 'word' });
    await t.put(name, { code: '02' });
    const before = await t.objects(name);
    const number = {
      schema: [
        { name: 'code', type: 'number', unique: true },
        { name: 'rank', type: 'number', enum: [1, 2], default: 1 },
        beside,
      ],
      indexes: [text.indexes[0], text.indexes[1], { name: 'low', columns: [{ expr: 'abs(code)' }] }],
      checks: text.checks,
    };
    expect((await t.reached(name, number)).sort()).toEqual([
      'alter_type code',
      'alter_type rank',
      'replace_check',
      'replace_check rank',
      'replace_index code',
      'replace_index code',
      'replace_index search',
    ]);
    expect(await t.reach(name, number)).toEqual([]);
    expect(Object.keys(await t.objects(name)).sort()).toEqual(Object.keys(before).sort());
    await expect(t.put(name, { code: 1 })).rejects.toMatchObject({ code: '23505' });
    await expect(t.put(name, { rank: 3 })).rejects.toMatchObject({ code: '23514' });
    expect(
      await at.db.query(`select 1 from app_main.${name} where "search$" @@ to_tsquery('simple', 'word')`),
    ).toHaveLength(1);
    // Equal once they are numbers.
    await t.reach(name, text);
    await t.put(name, { code: '1.0' });
    expect(found(await failure(t.reach(name, number, { dryRun: true }), 'SCHEMA_SYNC_FAILED'))).toEqual([
      ['schema.0', 'unique_has_duplicates'],
    ]);
  });

  it('makes a uuid a reference and back without touching the column', async () => {
    const name = await fresh('uuid');
    const id = await t.put(name);
    await t.put(name, { f: id });
    const reference = field('reference', { collection: name });
    expect(await t.kindsOf(name, reference)).toEqual(['add_fk f']);
    expect(await t.kindsOf(name, field('uuid'))).toEqual(['drop_fk f', 'drop_index f']);
    // From text it has to be an id, and the record has to exist.
    await t.apply(name, field('text'));
    expect(await t.kindsOf(name, reference)).toEqual(['alter_type f', 'add_fk f']);
    await t.apply(name, field('text'));
    await t.put(name, { f: ID });
    expect(found(await failure(t.apply(name, reference), 'SCHEMA_SYNC_FAILED'))).toEqual([
      ['schema.0', 'reference_has_orphans'],
    ]);
  });

  /** From, to, values that come back as they were, and values of which each alone does not. */
  const LOSSES: [from: string, to: string, kept: unknown[], lost: unknown[]][] = [
    [
      'text',
      'number',
      ['7', '-1.5', '0', '0.1', '9007199254740992', '0.0000001', null],
      ['', '007', '12345678901234567890', '9007199254740993', '0.1234567890123456789', '1.0', ' 7', '-0'],
    ],
    ['text', 'boolean', ['true', 'false', null], ['', 'yes', '0']],
    ['text', 'date', ['2026-01-02', null], ['']],
    ['text', 'uuid', [ID, ID.toUpperCase(), null], ['']],
    ['text', 'json', ['{"a":1}', null], ['']],
    [
      'text',
      'datetime',
      ['2026-01-02T03:04:05.123Z', '2026-01-02T03:04:05.123456000Z', '2026-01-02T05:04:05+02:00', '2026-01-02', null],
      ['', '2026-01-02T03:04:05.1234567Z', '2026-01-02T03:04:05,123456001'],
    ],
    ['text', 'text[]', ['', '007', null], []],
    ['datetime', 'date', ['2026-01-02T00:00:00Z', null], ['2026-01-02T00:00:00.000001Z', '2026-01-02T00:00:00+02:00']],
    ['number', 'text', [0.1, 1e21, 9007199254740991, null], []],
  ];

  it.each(LOSSES)('%s → %s is destructive where a record loses part of its value', async (from, to, kept, lost) => {
    const name = await fresh(from);
    const plan = async () => (await t.apply(name, field(to), { count: true, dryRun: true }))[0];
    for (const one of kept) await t.put(name, { f: one });
    expect(await plan()).toMatchObject({ change_type: 'alter_type', destructive: false, rows: kept.length });
    for (const one of lost) {
      const id = await t.put(name, { f: one });
      expect(await plan(), JSON.stringify(one)).toMatchObject({ destructive: true, rows: kept.length + 1 });
      await at.db.query(`delete from app_main.${name} where id = $1`, [id]);
    }
  });

  it.each([
    ['bigint', 'text', ['9223372036854775807', '-1'], [], ['9223372036854775807', '-1']],
    ['numeric(30,10)', 'text', ['0.1234567891'], [], ['0.1234567891']],
    ['real', 'text', ['0.1'], [], ['0.1']],
    ['bigint', 'boolean', ['1', '0'], [], [true, false]],
    [
      'bigint',
      'number',
      ['9007199254740992', '9007199254740991'],
      ['9007199254740993'],
      [2 ** 53, 2 ** 53 - 1, 2 ** 53],
    ],
    ['integer', 'number', ['2147483647'], [], [2147483647]],
    ['numeric', 'number', ['0.1', '1.50'], ['0.12345678901234567890'], [0.1, 1.5, 0.12345678901234568]],
    ['bigint[]', 'number[]', ['{1,2}', '{}'], ['{9007199254740993}'], [[1, 2], [], [2 ** 53]]],
  ])('a column made %s by hand becomes %s, and tells what it loses', async (hand, to, kept, lost, after) => {
    const name = await fresh(to.endsWith('[]') ? 'number[]' : 'number');
    await at.db.query(`alter table app_main.${name} alter f type ${hand} using null`);
    const plan = async () => (await t.apply(name, field(to), { count: true, dryRun: true }))[0];
    for (const one of kept) await t.put(name, { f: one });
    expect(await plan()).toMatchObject({ destructive: false });
    for (const one of lost) await t.put(name, { f: one });
    expect(await plan()).toMatchObject({ destructive: lost.length > 0 });
    await t.apply(name, field(to));
    expect((await t.rows(name)).map(({ f }) => f)).toEqual(after);
  });

  it.each([
    ['number', 'numeric', ['1e400', '1e-400', 'NaN']],
    ['number[]', 'numeric[]', ['{1,1e400}', '{1e-400}', '{NaN}']],
  ])('says which values of a %s column made %s by hand no double holds', async (type, hand, values) => {
    const name = await fresh(type);
    await at.db.query(`alter table app_main.${name} alter f type ${hand}`);
    await t.put(name, { f: hand === 'numeric' ? '1' : '{1,NULL}' });
    for (const value of values) await t.put(name, { f: value });
    for (const options of [{ dryRun: true, count: true }, {}]) {
      const problem = await failure(t.apply(name, field(type), options), 'SCHEMA_SYNC_FAILED');
      expect(found(problem)).toEqual([['schema.0', 'value_not_convertible']]);
      expect(problem.entries[0]?.message).toContain('3 records hold values other than numbers of double precision');
    }
  });

  it('counts rows and tells what is lost, where it is asked to', async () => {
    const name = await fresh('datetime');
    await t.put(name, { f: '2026-01-02T03:04:05Z' });
    await t.put(name, {});
    const list = [
      ...field('date', { required: true, default: '2026-01-01' }),
      { name: 'n', type: 'number', required: true, default: 1 },
      { name: 'o', type: 'text' },
    ];
    expect(await t.apply(name, list, { count: true })).toMatchObject([
      { change_type: 'add_column', column: 'n', destructive: false, rows: 2 },
      { change_type: 'add_column', column: 'o', destructive: false, rows: null },
      { change_type: 'alter_type', destructive: true, rows: 2 },
      { change_type: 'set_default', destructive: false, rows: null },
      { change_type: 'set_not_null', destructive: false, rows: 1 },
    ]);
    expect(await t.apply(name, field('date'), { count: true, dryRun: true })).toMatchObject([
      { change_type: 'drop_default', rows: null },
      { change_type: 'drop_not_null', rows: null },
      { change_type: 'drop_column', column: 'n', destructive: true, rows: 2 },
      { change_type: 'drop_column', column: 'o', destructive: true, rows: 0 },
    ]);
  });
});

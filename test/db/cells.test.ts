// What cells become: timestamps in RFC 3339, numbers that fit, everything else untouched.
import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../../server/db/cells.ts';
import { plan } from '../../server/db/plans.ts';
import { onBoth } from './databases.ts';

describe('rfc3339', () => {
  it.each([
    ['2026-01-02 03:04:05.123456+00', '2026-01-02T03:04:05.123456Z'],
    ['2026-01-02 03:04:05+00', '2026-01-02T03:04:05Z'],
    ['2026-01-02 03:04:05.1+00', '2026-01-02T03:04:05.100Z'],
    ['2026-01-02 03:04:05.1', '2026-01-02T03:04:05.100Z'],
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05Z'],
    ['0044-03-15 00:00:00+00', '0044-03-15T00:00:00Z'],
    ['0044-03-15 00:00:00+00 BC', '0044-03-15 00:00:00+00 BC'],
    ['0044-03-15 00:00:00 BC', '0044-03-15 00:00:00 BC'],
    ['12026-01-02 03:04:05+00', '12026-01-02 03:04:05+00'],
    ['2026-01-02 03:04:05+02', '2026-01-02 03:04:05+02'],
    ['2026-01-02 03:04:05-08', '2026-01-02 03:04:05-08'],
    ['2026-01-02 03:04:05+05:30', '2026-01-02 03:04:05+05:30'],
    ['2026-01-02', '2026-01-02'],
    ['infinity', 'infinity'],
    ['-infinity', '-infinity'],
  ])('%s → %s', (cell, expected) => {
    expect(rfc3339(cell)).toBe(expected);
  });
});

const literals: Array<[string, unknown, string | null]> = [
  ['9007199254740991::int8', 9007199254740991, '9007199254740991'],
  ['9007199254740993::int8', '9007199254740993', '9007199254740993'],
  ['-5::int2', -5, '-5'],
  ['1.50::numeric', '1.50', '1.50'],
  ["'NaN'::numeric", 'NaN', 'NaN'],
  ['0.1::float8', 0.1, '0.1'],
  ["'-Infinity'::float8", Number.NEGATIVE_INFINITY, '-Infinity'],
  ['true', true, 't'],
  ['null::int', null, null],
  ["date '2026-01-02'", '2026-01-02', '2026-01-02'],
  ["timestamptz '2026-01-02 05:04:05.120+02'", '2026-01-02T03:04:05.120Z', '2026-01-02 03:04:05.12+00'],
  ["timestamp '2026-01-02 03:04:05'", '2026-01-02T03:04:05Z', '2026-01-02 03:04:05'],
  ["time '03:04:05.5'", '03:04:05.5', '03:04:05.5'],
  ["interval '1 day 2 hours'", '1 day 02:00:00', '1 day 02:00:00'],
  [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }, '{"a": [1, null]}'],
  ["'null'::json", null, 'null'],
  ['array[1, null, 3]::int8[]', [1, null, 3], '{1,NULL,3}'],
  [
    "array[['a', 'b,c'], ['\"', 'NULL']]",
    [
      ['a', 'b,c'],
      ['"', 'NULL'],
    ],
    '{{a,"b,c"},{"\\"","NULL"}}',
  ],
  ["array[timestamptz '2026-01-02 00:00:00+00']", ['2026-01-02T00:00:00Z'], '{"2026-01-02 00:00:00+00"}'],
  ["'\\x00ff'::bytea", Buffer.from([0, 255]), '\\x00ff'],
  ["''::text", '', ''],
];

onBoth('cells', (database) => {
  it.each(literals)('%s', async (literal, parsed, raw) => {
    expect(await database().query(`select ${literal} as v`)).toEqual([{ v: parsed }]);
    expect(await database().run(plan(`select ${literal}`), [])).toEqual({ rows: [[raw]], rowCount: 1 });
  });

  it('takes values of every kind', async () => {
    const values = [1, 'é\u{1F600}', true, null, undefined, ['a', null], { a: 1 }, new Date(0), Buffer.from('x')];
    const types = ['int', 'text', 'bool', 'int', 'int', 'text[]', 'jsonb', 'timestamptz', 'bytea'];
    const text = `select ${types.map((type, index) => `$${index + 1}::${type} as c${index}`).join(', ')}`;
    expect(Object.values((await database().query(text, values))[0] ?? {})).toEqual([
      1,
      'é\u{1F600}',
      true,
      null,
      null,
      ['a', null],
      { a: 1 },
      '1970-01-01T00:00:00Z',
      Buffer.from('x'),
    ]);
  });

  it('answers the rows of the last of several statements', async () => {
    expect(await database().query('select 1 as a; select 2 as b')).toEqual([{ b: 2 }]);
    expect(await database().query('create temp table last_of_several (id int); drop table last_of_several')).toEqual(
      [],
    );
  });

  it('counts the rows that a plan wrote', async () => {
    await database().query('create table counted (id int)');
    const insert = plan('insert into counted select generate_series(1, $1::int)');
    expect(await database().run(insert, [7])).toEqual({ rows: [], rowCount: 7 });
    expect(await database().run(plan('delete from counted where id > $1 returning id'), [5])).toEqual({
      rows: [['6'], ['7']],
      rowCount: 2,
    });
  });
});

// Defaults: each is stored as the value it is, and equal values are no change.
import { beforeAll, describe, expect, it } from 'vitest';
import { kinds, open, type Rooms, type Tables, tables } from './harness.ts';

const DEFAULTS: [type: string, value: unknown][] = [
  ['text', ''],
  ['text', "O'Neil said ''hi''"],
  ['text', 'a::b'],
  ['text', "'::text"],
  ['text', 'two\nlines\ttab'],
  ['text', "back\\slash \\n \\'"],
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
  ['number', 2 ** 53 + 2],
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

describe.each(kinds)('defaults (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  it('stores every default as the value it is, without churn (S004-105)', async () => {
    const list = DEFAULTS.map(([type, value], i) => ({ name: `d${i}`, type, default: value }));
    await t.apply('defaults', list);
    expect(await t.apply('defaults', list)).toEqual([]);
    await t.put('defaults');
    const [row] = await t.rows('defaults');
    DEFAULTS.forEach(([type, value], i) => {
      const expected =
        type === 'datetime'
          ? new Date(`${value}`.length === 19 ? `${value}Z` : `${value}`).toISOString()
          : type === 'uuid'
            ? `${value}`.toLowerCase()
            : value;
      const stored = row?.[`d${i}`];
      expect(
        type === 'datetime' ? new Date(String(stored)).toISOString() : stored,
        `${type} ${JSON.stringify(value)}`,
      ).toEqual(expected);
    });
    // Each next to another value of its type: a change that is seen, once.
    const other = {
      text: 'other',
      number: 42,
      datetime: '2000-01-01T00:00:00Z',
      date: '2000-01-01',
      uuid: crypto.randomUUID(),
      email: 'z@z.zz',
      url: 'https://z.zz',
      json: 'other',
      'text[]': ['other'],
      'number[]': [42],
    } as Record<string, unknown>;
    const changed = DEFAULTS.map(([type, value], i) => ({
      name: `d${i}`,
      type,
      default: type === 'boolean' ? !value : other[type],
    }));
    expect(await t.kindsOf('defaults', changed)).toEqual(changed.map((f) => `set_default ${f.name}`));
    expect(await t.apply('defaults', changed)).toEqual([]);
    expect(
      await t.kindsOf(
        'defaults',
        changed.map(({ name, type }) => ({ name, type })),
      ),
    ).toEqual(changed.map((f) => `drop_default ${f.name}`));
    expect((await t.rows('defaults'))[0]).toEqual(row);
  });

  it('sees a JSON object in another key order and a number in another spelling as equal', async () => {
    await t.apply('spelled', [
      { name: 'j', type: 'json', default: { a: 1, b: 2 } },
      { name: 'n', type: 'number', default: 100 },
      { name: 't', type: 'datetime', default: '2026-01-01T02:00:00+02:00' },
    ]);
    expect(
      await t.apply('spelled', [
        { name: 'j', type: 'json', default: { b: 2.0, a: 1 } },
        { name: 'n', type: 'number', default: 1e2 },
        { name: 't', type: 'datetime', default: '2026-01-01T00:00:00Z' },
      ]),
    ).toEqual([]);
  });
});

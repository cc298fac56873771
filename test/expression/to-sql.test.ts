// Golden SQL: the text and the slots of every kind of node.
import { describe, expect, it } from 'vitest';
import type { Slot } from '../../server/expression/slots.ts';
import { slotValue, slotValues } from '../../server/expression/slots.ts';
import { toSql } from '../../server/expression/to-sql.ts';
import { anonymous, caller, compiled, scopeOf, sqlOf, target } from './scopes.ts';

const BOUNDED =
  '(case when abs("price") between 1e-40::double precision and 1e40::double precision or "price" = 0 then "price" end)';

/** Rule, SQL, slots: a constant's value, or a variable as `name type`. */
const GOLDEN: readonly (readonly [string, string, readonly unknown[]])[] = [
  ['true', 'true', []],
  ['active', '"active"', []],
  ["title = 'a'", '"title" = ?::text', ['a']],
  ["price != '5'", '"price" <> ?::double precision', [5]],
  ['active = true', '"active" = true', []],
  ["published_at > '2026-01-02T03:04:05.12+01:00'", '"published_at" > ?::timestamptz', ['2026-01-02T02:04:05.120000Z']],
  ["born <= '2000-01-01'", '"born" <= ?::date', ['2000-01-01']],
  ["id = '0198C0DE-7A11-7000-8000-3B2F5C0FFEE1'", '"id" = ?::uuid', ['0198c0de-7a11-7000-8000-3b2f5c0ffee1']],
  ["tags = ['a']", '"tags" = ?::text[]', [['a']]],
  ["title < 'b'", '"title" collate "C" < ?::text', ['b']],
  ['born < published_at', '("born"::timestamp at time zone \'UTC\') < "published_at"', []],
  ['id = created_by', '"id"::text = "created_by"', []],
  ["title like 'a%\\\\'", '"title" like ?::text', ['a%\\\\']],
  ["title ilike 'A%'", '"title" collate "C" ilike ?::text', ['a%']],
  ["title ~ 'Åb'", 'translate("title", ?::text, ?::text) collate "C" ilike ?::text', ['Å\u212b', 'åå', '%åb%']],
  ["title !~ '50%'", 'not ("title" collate "C" ilike ?::text)', ['50%']],
  [
    'title ~ @request.data.q',
    'translate("title", ?::text, ?::text) collate "C" ilike ?::text',
    ['data.q match from', 'data.q match to', 'data.q match pattern'],
  ],
  ['title like @request.data.q', '"title" like ?::text', ['data.q like pattern']],
  ["title in ['a', 'b']", '"title" = any(?::text[])', [['a', 'b']]],
  ['price not in []', 'not ("price" = any(?::double precision[]))', [[]]],
  ["title in ['a', city, @request.auth.id]", '"title" in (?::text, "city", ?::text)', ['a', 'auth.id text']],
  ["tags contains ['a', 'b']", '"tags" @> ?::text[]', [['a', 'b']]],
  [
    'scores not contains [price, @request.data.n]',
    'not ((case when "price" is not null and ?::double precision is not null then "scores" @> array["price", ?::double precision]::double precision[] end))',
    ['data.n number', 'data.n number'],
  ],
  ['title is null', '"title" is null', []],
  ['meta is not null', 'not ("meta" is null)', []],
  ['@request.data.a is null', '?::boolean', ['data.a absent']],
  ['@request.data.a', '?::boolean', ['data.a boolean']],
  ['owner = @request.auth.id', '"owner" = ?::uuid', ['auth.id uuid']],
  ['price > @request.data.n', '"price" > ?::double precision', ['data.n number']],
  ['price + 1 > 2', `(${BOUNDED} + ?::double precision) > ?::double precision`, [1, 2]],
  [
    '-price / 3 = 1',
    `((- ${BOUNDED}) / nullif(?::double precision, 0::double precision)) = ?::double precision`,
    [3, 1],
  ],
  ['price % 3 = 1', `(snackbase.remainder(${BOUNDED}, ?::double precision)) = ?::double precision`, [3, 1]],
  ["lower(title) = 'a'", '(snackbase.lower("title")) = ?::text', ['a']],
  [
    'round(price * 2, 1) > 3',
    `(snackbase.round((${BOUNDED} * ?::double precision), ?::double precision::int)) > ?::double precision`,
    [2, 1, 3],
  ],
  ["if(active, title, 'none') != 'x'", `(case when "active" then "title" else ?::text end) <> ?::text`, ['none', 'x']],
  [
    'length(title) / 2 > 1',
    '((snackbase.bounded(char_length("title")::double precision)) / nullif(?::double precision, 0::double precision)) > ?::double precision',
    [2, 1],
  ],
  ["active and not public or title = 'a'", '(("active" and (not "public")) or "title" = ?::text)', ['a']],
  ['(price = 1) = active', '("price" = ?::double precision) = "active"', [1]],
  ['@owns_record()', '"created_by" = ?::text', ['auth.id text']],
  ['@owns_record("owner")', '"owner" = ?::uuid', ['auth.id uuid']],
  ["@has_role('x')", '?::text[] @> ?::text[]', ['auth.roles text[]', ['x']]],
  ["@has_group('x')", '?::text[] @> ?::text[]', ['auth.groups text[]', ['x']]],
  ['@is_public()', '"public" = true', []],
];

const told = (slot: Slot): unknown => {
  if (slot.kind === 'constant') return slot.value;
  if (slot.kind === 'pattern') return `${slot.name} ${slot.op} ${slot.part}`;
  return `${slot.name} ${slot.kind === 'absent' ? 'absent' : slot.type}`;
};

describe('toSql', () => {
  it.each(GOLDEN.map(([rule, sql, slots]) => ({ rule, sql, slots })))('$rule', ({ rule, sql, slots }) => {
    const fragment = sqlOf(rule);
    expect(fragment.sql).toBe(sql);
    expect(fragment.slots.map(told)).toEqual(slots);
    expect(fragment.sql.split('?').length - 1).toBe(slots.length);
  });

  it('puts no value and no name of its own into the text', () => {
    const nasty = `title = '"; drop table x; -- ?' and city ~ '?''`.replace("''", "'");
    expect(sqlOf(nasty).sql).toBe('("title" = ?::text and "city" collate "C" ilike ?::text)');
    const named = toSql(compiled('price = 1'), { column: (name) => `t.${name.toUpperCase()}` });
    expect(named.sql).toBe('t.PRICE = ?::double precision');
  });

  it('has no SQL for a field without a type of its own', () => {
    const any = compiled(
      "steps.a.total > 5 and trigger.name = 'x'",
      scopeOf({ 'steps.a.total': 'any', 'trigger.name': 'any' }),
    );
    expect(() => toSql(any, target)).toThrow(/steps\.a\.total/);
  });
});

describe('slotValue', () => {
  const values = (rule: string, environment = caller) => slotValues(sqlOf(rule).slots, environment);

  it('reads the caller; an anonymous one is NULL throughout', () => {
    const rule =
      "owner = @request.auth.id and city in [@request.auth.email, @request.auth.role, @request.auth.account_id] and @has_group('x') and @has_role('y')";
    expect(values(rule)).toEqual([
      caller.auth?.id,
      'ann@example.com',
      'editor',
      'AB1234',
      ['pii_access', 'sales'],
      ['x'],
      ['editor'],
      ['y'],
    ]);
    expect(values(rule, anonymous)).toEqual([null, null, null, null, null, ['x'], null, ['y']]);
  });

  it('coerces data to the type that it is compared with; what cannot be it is NULL', () => {
    const data = {
      n: '12',
      t: 5,
      at: '2026-01-02',
      id: 'nope',
      deep: { x: [1, 2] },
      half: '\ud800',
      flag: 'true',
      list: 'x',
    };
    const of = (rule: string) => values(rule, { auth: null, data });
    expect(of('price = @request.data.n')).toEqual([12]);
    expect(of('title = @request.data.t')).toEqual([null]);
    expect(of('published_at = @request.data.at')).toEqual(['2026-01-02T00:00:00.000000Z']);
    expect(of('owner = @request.data.id')).toEqual([null]);
    expect(of('scores = @request.data.deep.x')).toEqual([[1, 2]]);
    expect(of('title = @request.data.half')).toEqual([null]);
    expect(of('@request.data.flag')).toEqual([true]);
    expect(of('tags = @request.data.list')).toEqual([null]);
    expect(of('price + @request.data.huge = 1')).toEqual([null, 1]);
    expect(of('title = @request.data.deep.x.length')).toEqual([null]);
    expect(of('title = @request.data.constructor.name')).toEqual([null]);
    expect(of('@request.data.t is null')).toEqual([false]);
    expect(of('@request.data.gone is null')).toEqual([true]);
  });

  it('keeps a number out of arithmetic that could leave the numbers', () => {
    const [first] = sqlOf('@request.data.n * 2 > price').slots as readonly [Slot];
    for (const n of [1e41, -1e300, 1e-41]) expect(slotValue(first, { auth: null, data: { n } })).toBeNull();
    for (const n of [1e40, -1, 0]) expect(slotValue(first, { auth: null, data: { n } })).toBe(n);
  });
});

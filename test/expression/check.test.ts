// What is refused, and how it is told: code, place, the names in the message, the way out.
import { describe, expect, it } from 'vitest';
import { check } from '../../server/expression/check.ts';
import type { ExpressionCode } from '../../server/expression/error.ts';
import { parseParams } from '../../server/expression/parse-params.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';
import { parseWhere } from '../../server/expression/parse-where.ts';
import { COLUMNS, compiled, refused, scope, scopeOf } from './scopes.ts';

const TEXTS: readonly (readonly [string, ExpressionCode, number | undefined, RegExp, RegExp?])[] = [
  ['', 'syntax', 0, /empty/],
  ['titel = 1', 'unknown_field', 0, /titel/, /Did you mean title\?/],
  ['zzz = 1', 'unknown_field', 0, /zzz/, /Known fields: id, title/],
  ["title eq 'a'", 'unknown_operator', 6, /eq/, /=/],
  ["title lik 'a'", 'unknown_operator', 6, /lik/, /like/],
  ["title = 'abc", 'unterminated_string', 8, /position 8/],
  ["title = 'C:\\'", 'unterminated_string', 8, /position 8/],
  ['title = ', 'syntax', 8, /found the end/],
  ["(title = 'a'", 'syntax', 12, /\) for the \( at position 0/],
  ["title = 'a')", 'syntax', 11, /"\)"/],
  ['a = 1 = 2', 'syntax', 6, /chained/],
  ['price > 1 > 2', 'syntax', 10, /chained/],
  ['title = $x', 'syntax', 8, /"\$"/],
  ['price = 12abc', 'syntax', 10, /12/],
  ['price = 1e400', 'invalid_value', 8, /too large/],
  ['price in 5', 'syntax', 9, /list after in/],
  ['title is 5', 'syntax', 9, /null after is/],
  ['price & 1', 'syntax', 6, /"&"/, /&&/],
  ["price = 'abc'", 'invalid_value', 8, /Field price is of type number: 'abc'/],
  ["active = 'yes'", 'invalid_value', 9, /active.*boolean.*'yes'/],
  ["published_at > 'soon'", 'invalid_value', 15, /published_at.*datetime.*'soon'/, /2026-01-02/],
  ["born = '2023-02-29'", 'invalid_value', 7, /born.*date.*'2023-02-29'/],
  ["born = '2023-02-28T10:00:00Z'", 'invalid_value', 7, /date/],
  ["id = 'nope'", 'invalid_value', 5, /id.*uuid.*'nope'/],
  ["price in [1, 'x']", 'invalid_value', 13, /price.*number.*'x'/],
  ["scores contains ['x']", 'invalid_value', 17, /number.*'x'/],
  ["title = 'a\u0000'", 'invalid_value', 8, /text/],
  ['title = 5', 'type_mismatch', 8, /text.*number/, /'5'/],
  ['title = active', 'type_mismatch', 8, /text.*boolean/],
  ['price = @request.auth.id', 'type_mismatch', 8, /number.*text/],
  ['active > true', 'type_mismatch', 7, /boolean.*>/, /boolean takes =/],
  ["price ~ 'a'", 'type_mismatch', 6, /price.*number.*~/],
  ["price like 'a'", 'type_mismatch', 6, /number/],
  ["owner ilike 'a'", 'type_mismatch', 6, /uuid/],
  ["title contains 'a'", 'type_mismatch', 6, /title.*text.*contains/, /~/],
  ["tags ~ 'a'", 'type_mismatch', 5, /text\[\]/],
  ["tags > ['a']", 'type_mismatch', 5, /text\[\]/],
  ["tags in [['a']]", 'type_mismatch', 5, /text\[\]/],
  ["title = ['a']", 'invalid_value', 8, /text/, /in \[/],
  ['title ~ city', 'type_mismatch', 8, /city.*pattern/],
  ['title ~ 5', 'type_mismatch', 8, /pattern/],
  ["meta = 'a'", 'type_mismatch', 0, /meta.*json/, /is null/],
  ['meta in [1]', 'type_mismatch', 0, /json/],
  ["meta contains 'a'", 'type_mismatch', 5, /json/],
  ['price > null', 'type_mismatch', 8, /null/, /is null/],
  ['price + null = 1', 'type_mismatch', 8, /null/],
  ['title + 1 = 2', 'type_mismatch', 0, /title.*text.*numbers/],
  ['@request.auth.id + 1 = 2', 'type_mismatch', 0, /text/],
  ["tags contains ['a', null]", 'invalid_value', 20, /null/],
  ['title', 'not_a_condition', 0, /title.*text/],
  ["'true'", 'not_a_condition', 0, /text/],
  ['5', 'not_a_condition', 0, /number/],
  ['null', 'not_a_condition', 0, /null/],
  ['price + 1', 'not_a_condition', 6, /number/],
  ['active and title', 'not_a_condition', 11, /title/],
  ['@request.auth.id', 'not_a_condition', 0, /text/],
  ['@request.data.a = @request.data.b', 'type_mismatch', 0, /type/, /field or a value/],
  ['@request.auth.nmae = 1', 'unknown_variable', 0, /nmae/, /name|Known/],
  ['user.emial = 1', 'unknown_variable', 0, /user\.emial/, /email/],
  ['@request.user.id = 1', 'unknown_variable', 0, /@request\.user\.id/, /@request\.auth/],
  ['@request.data = 1', 'unknown_variable', 0, /@request\.data/],
  ['@own_record()', 'unknown_macro', 0, /@own_record/, /owns_record/],
  ['active and @nope', 'unknown_macro', 11, /@nope/, /Known macros|Did/],
  ['@has_role()', 'macro_arguments', 0, /name of a role/],
  ["@has_role('a', 'b')", 'macro_arguments', 0, /has_role/],
  ['@has_group(5)', 'macro_arguments', 0, /group/],
  ['@owns_record(1 + 1)', 'macro_arguments', 15, /plain values/],
  ['@owns_record("nope")', 'unknown_field', 0, /nope/],
  [
    'price * price * price * price * price * price * price * price > 1',
    'bound_exceeded',
    undefined,
    /range of numbers/,
  ],
  ['price * 1e300 > 1', 'invalid_value', 8, /arithmetic/],
];

describe('a text that is refused', () => {
  it.each(TEXTS.map((row) => [...row] as const))('%s → %s', (...row) => {
    const [text, code, position, message, hint] = row as (typeof TEXTS)[number];
    const error = refused(() => compiled(text));
    expect({ code: error.code, message: error.message, hint: error.hint }).toMatchObject({
      code,
      message: expect.stringMatching(message),
      ...(hint && { hint: expect.stringMatching(hint) }),
    });
    if (position !== undefined) expect(error.position).toBe(position);
  });
});

const WHERES: readonly (readonly [unknown, ExpressionCode, string, RegExp?])[] = [
  [{ price: { $gtt: 1 } }, 'unknown_operator', 'price.$gtt', /\$gte?\?/],
  [{ $ro: [] }, 'unknown_operator', '$ro', /\$or/],
  [{ $eq: 1 }, 'unknown_operator', '$eq', /"field"/],
  [{ $and: {} }, 'type_mismatch', '$and'],
  [{ $or: [{ title: 'a' }, 5] }, 'type_mismatch', '$or[1]'],
  [{ $not: [] }, 'type_mismatch', '$not'],
  [{ $or: [{ titel: 'a' }] }, 'unknown_field', '$or[0].titel', /title/],
  [{ price: { $in: 5 } }, 'type_mismatch', 'price.$in'],
  [{ price: { $in: [1, {}] } }, 'type_mismatch', 'price.$in[1]'],
  [{ price: { $in: [1, 'x'] } }, 'invalid_value', 'price.$in[1]'],
  [{ price: { $isNull: 1 } }, 'type_mismatch', 'price.$isNull'],
  [{ price: {} }, 'type_mismatch', 'price'],
  [{ price: { $gt: [1] } }, 'type_mismatch', 'price.$gt'],
  [{ price: { $gt: Number.NaN } }, 'type_mismatch', 'price.$gt'],
  [{ title: { $contains: ['a'] } }, 'type_mismatch', 'title.$contains'],
  [{ title: 5 }, 'type_mismatch', 'title'],
  [{ price: 'abc' }, 'invalid_value', 'price'],
  [{ active: 1 }, 'type_mismatch', 'active'],
  [[], 'type_mismatch', 'where'],
  [null, 'type_mismatch', 'where'],
  ['title', 'type_mismatch', 'where'],
];

describe('a where that is refused', () => {
  it.each(WHERES.map((row) => [...row] as const))('%j → %s', (...row) => {
    const [where, code, path, hint] = row as (typeof WHERES)[number];
    const error = refused(() => check(parseWhere(where), scope));
    expect(error).toMatchObject({ code, path });
    if (hint) expect(error.hint).toMatch(hint);
  });
});

describe('a parameter that is refused', () => {
  const isField = (name: string) => Object.hasOwn(COLUMNS, name);
  it.each([
    ['price__gtt', '1', 'unknown_operator', /gte?\?/],
    ['titel', 'a', 'unknown_field', /title/],
    ['price', 'abc', 'invalid_value'],
    ['price__in', '[1', 'invalid_value'],
    ['price__in', '[[1]]', 'invalid_value'],
    ['price__like', 'a', 'type_mismatch'],
    ['meta', 'a', 'type_mismatch'],
  ] as const)('%s=%s → %s', (name, value, code, hint?: RegExp) => {
    const error = refused(() => check(parseParams([{ name, value }], isField), scope));
    expect(error).toMatchObject({ code, path: name });
    if (hint) expect(error.hint).toMatch(hint);
  });
});

describe('a scope', () => {
  it('decides about variables', () => {
    const filter = scopeOf(COLUMNS, { allow: { auth: false, data: false } });
    for (const text of ['created_by = @request.auth.id', 'title = @request.data.x', '@owns_record()', "@has_role('a')"])
      expect(refused(() => compiled(text, filter)).code).toBe('variable_not_allowed');
    expect(compiled('@is_public()', filter).fields).toEqual(new Set(['public']));
  });

  it('learns what a condition reads, macros included', () => {
    const { fields, variables } = compiled(
      "@owns_record('owner') and price > 1 and @has_group('x') and title = @request.data.a.b",
    );
    expect(fields).toEqual(new Set(['owner', 'price', 'title']));
    expect(variables).toEqual(new Set(['auth.id', 'auth.groups', 'data.a.b']));
  });

  it('is not asked for names of Object.prototype', () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'toString'])
      expect(refused(() => compiled(`${name} = 1`)).code).toBe('unknown_field');
    expect(refused(() => compiled('@constructor()')).code).toBe('unknown_macro');
  });
});

describe('macros', () => {
  const macros: Record<string, string> = {
    mine: 'created_by = @request.auth.id or @has_role("boss")',
    cheap: 'price < 10 and @mine',
    loop: 'not @pool()',
    pool: '@loop()',
    broken: 'titel = 1',
  };
  const within = scopeOf(COLUMNS, {
    macros: (name) => (Object.hasOwn(macros, name) ? parseRule(macros[name] as string) : undefined),
    macroNames: Object.keys(macros),
  });

  it('open into the condition that they name', () => {
    expect(compiled('@cheap() and active', within).root).toEqual(
      compiled("price < 10 and (created_by = @request.auth.id or @request.auth.roles contains 'boss') and active").root,
    );
  });

  it('are refused when they call themselves, take arguments or are wrong inside, at the place of the call', () => {
    expect(refused(() => compiled('active or @loop()', within))).toMatchObject({
      code: 'macro_recursion',
      position: 10,
    });
    expect(refused(() => compiled("@mine('a')", within))).toMatchObject({ code: 'macro_arguments', position: 0 });
    const broken = refused(() => compiled('active and @broken()', within));
    expect(broken).toMatchObject({ code: 'unknown_field', position: 11 });
    expect(broken.message).toMatch(/^In @broken\(\): Unknown field titel/);
    expect(refused(() => compiled('@chaep()', within)).hint).toMatch(/cheap/);
  });

  it('cannot multiply beyond the bounds', () => {
    const grown = scopeOf(COLUMNS, {
      macros: (name) =>
        parseRule(name === 'm9' ? 'active' : `@m${Number(name.slice(1)) + 1} and @m${Number(name.slice(1)) + 1}`),
    });
    expect(refused(() => compiled('@m0', grown)).code).toBe('bound_exceeded');
  });
});

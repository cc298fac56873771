// The operator matrix: rule text in two dialects, parameters and where-JSON say the same, in the tree and on rows.
import { describe, expect, it } from 'vitest';
import { OPERATORS, Where } from '../../contract/expression.ts';
import { check } from '../../server/expression/check.ts';
import { evaluate } from '../../server/expression/evaluate.ts';
import { parseParams } from '../../server/expression/parse-params.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';
import { parseWhere } from '../../server/expression/parse-where.ts';
import { anonymous, scope } from './scopes.ts';

interface Spelt {
  readonly rules: readonly string[];
  /** `name=value`, joined with `&`. */
  readonly params: readonly string[];
  readonly where: readonly unknown[];
}
const at = '2026-01-02T03:04:05Z';
const MATRIX: Readonly<Record<string, Spelt>> = {
  'eq text': {
    rules: ["title = 'b'", 'title == "b"'],
    params: ['title=b', 'title__eq=b'],
    where: [{ title: 'b' }, { title: { $eq: 'b' } }],
  },
  'eq number': {
    rules: ['price = 2', "price = '2'"],
    params: ['price=2', 'price__eq=2.0'],
    where: [{ price: 2 }, { price: { $eq: '2' } }],
  },
  'eq boolean': {
    rules: ['active = true', "active = 'true'"],
    params: ['active=true', 'active=1'],
    where: [{ active: true }],
  },
  'eq array': {
    rules: ["tags = ['a', 'b']"],
    params: ['tags=["a","b"]'],
    where: [{ tags: ['a', 'b'] }, { tags: { $eq: ['a', 'b'] } }],
  },
  neq: {
    rules: ["title != 'b'", "title <> 'b'"],
    params: ['title__neq=b', 'title__ne=b'],
    where: [{ title: { $ne: 'b' } }],
  },
  gt: { rules: ['price > 1', "price > '1'"], params: ['price__gt=1'], where: [{ price: { $gt: 1 } }] },
  'gte datetime': {
    rules: [`published_at >= '${at}'`, "published_at >= '2026-01-02 05:04:05+02:00'"],
    params: [`published_at__gte=${at}`, 'published_at__gte=2026-01-02T05:04:05 02:00'],
    where: [{ published_at: { $gte: at } }],
  },
  'lt date': {
    rules: ["born < '2000-01-01'"],
    params: ['born__lt=2000-01-01'],
    where: [{ born: { $lt: '2000-01-01' } }],
  },
  lte: { rules: ['price <= -1.5'], params: ['price__lte=-1.5'], where: [{ price: { $lte: -1.5 } }] },
  like: {
    rules: ["title like '%B_'", "title LIKE '%B_'"],
    params: ['title__like=%B_'],
    where: [{ title: { $like: '%B_' } }],
  },
  not_like: { rules: ["title not like '%b'"], params: ['title__not_like=%b', 'title__nlike=%b'], where: [] },
  ilike: {
    rules: ["title ilike '%B%'", "title ILIKE '%B%'"],
    params: ['title__ilike=%B%'],
    where: [{ title: { $ilike: '%B%' } }],
  },
  not_ilike: { rules: ["title not ilike '%b'"], params: ['title__not_ilike=%b'], where: [] },
  match: { rules: ["title ~ 'B'"], params: ['title__match=B'], where: [{ title: { $match: 'B' } }] },
  not_match: { rules: ["title !~ 'B'"], params: ['title__not_match=B'], where: [] },
  in: {
    rules: ['price in [1, 2]', 'price IN (1, 2)', "price in ('1', '2')"],
    params: ['price__in=1,2', 'price__in=[1,2]', 'price__in=["1", "2"]'],
    where: [{ price: { $in: [1, 2] } }],
  },
  'in nothing': {
    rules: ['price in []', 'price IN ()'],
    params: ['price__in=', 'price__in=[]'],
    where: [{ price: { $in: [] } }],
  },
  not_in: {
    rules: ["title not in ['a']", "title NOT IN ('a')"],
    params: ['title__nin=a', 'title__not_in=a'],
    where: [{ title: { $nin: ['a'] } }],
  },
  'not_in nothing': { rules: ['title not in []'], params: ['title__nin=[]'], where: [{ title: { $nin: [] } }] },
  contains: {
    rules: ["tags contains ['a', 'b']"],
    params: ['tags__contains=a,b', 'tags__contains=["a","b"]'],
    where: [{ tags: { $contains: ['a', 'b'] } }],
  },
  not_contains: { rules: ["tags not contains 'a'", "'a' not in tags"], params: ['tags__not_contains=a'], where: [] },
  'contains one': {
    rules: ["tags contains 'a'", "'a' in tags"],
    params: ['tags__contains=a'],
    where: [{ tags: { $contains: 'a' } }],
  },
  'contains nothing': {
    rules: ['scores contains []'],
    params: ['scores__contains=[]'],
    where: [{ scores: { $contains: [] } }],
  },
  is_null: {
    rules: ['title is null', 'title = null', 'title == NULL'],
    params: ['title__is_null', 'title__is_null=true', 'title__isnull=1'].map((p) => (p.includes('=') ? p : `${p}=`)),
    where: [{ title: null }, { title: { $eq: null } }, { title: { $isNull: true } }],
  },
  is_not_null: {
    rules: ['title is not null', 'title != null', 'title <> null'],
    params: ['title__is_not_null=', 'title__not_null=', 'title__is_null=false'],
    where: [{ title: { $ne: null } }, { title: { $isNull: false } }],
  },
  'all of': {
    rules: ['price > 1 && price < 3 && active = true'],
    params: ['price__gt=1&price__lt=3&active=true'],
    where: [
      { price: { $gt: 1, $lt: 3 }, active: true },
      { $and: [{ price: { $gt: 1 } }, { $and: [{ price: { $lt: 3 } }, { active: true }] }] },
    ],
  },
  'any of': {
    rules: ["title = 'a' || price > 10"],
    params: [],
    where: [{ $or: [{ title: 'a' }, { price: { $gt: 10 } }] }],
  },
  not: {
    rules: ["not title = 'a'", "!(title = 'a')"],
    params: [],
    where: [{ $not: { title: 'a' } }],
  },
  'nothing asked': { rules: ['true'], params: [''], where: [{}, { $and: [] }] },
};

const ROWS = [
  {},
  { title: 'a', price: 1, active: true, published_at: at, born: '1999-12-31', tags: ['a', 'b'], scores: [] },
  {
    title: 'b',
    price: 2,
    active: true,
    published_at: '2026-01-02T03:04:04.999Z',
    born: '2000-01-01',
    tags: ['b', 'a'],
    scores: [1],
  },
  { title: 'AbBx', price: -1.5, active: false, tags: [] },
  { title: '', price: 11, tags: ['b'] },
];

const parameters = (text: string) =>
  text === ''
    ? []
    : text.split('&').map((p) => ({ name: p.slice(0, p.indexOf('=')), value: p.slice(p.indexOf('=') + 1) }));

describe('every spelling of an operator', () => {
  it.each(Object.entries(MATRIX))('%s', (_, { rules, params, where }) => {
    const trees = [
      ...rules.map((text) => parseRule(text)),
      ...params.map((text) => parseParams(parameters(text))),
      ...where.map((json) => parseWhere(json)),
    ].map((tree) => check(tree, scope));
    for (const tree of trees) {
      expect(tree.root).toEqual(trees[0]?.root);
      const answers = ROWS.map((row) => evaluate(tree, row, anonymous));
      expect(answers).toEqual(ROWS.map((row) => evaluate(trees[0] as typeof tree, row, anonymous)));
    }
    for (const json of where) expect(Where.safeParse(json).error).toBeUndefined();
  });

  it('the matrix meets every operator', () => {
    const met = Object.keys(MATRIX).map((name) => name.split(' ')[0] as string);
    expect(Object.keys(OPERATORS).filter((name) => !met.includes(name))).toEqual([]);
  });

  it('a spelling belongs to one operator', () => {
    const all = Object.values(OPERATORS);
    for (const list of [all.flatMap((o) => o.symbols), all.flatMap((o) => o.names), all.flatMap((o) => o.json ?? [])])
      expect(new Set(list).size).toBe(list.length);
  });

  it('an equal value gives an equal tree, whatever the spelling', () => {
    const tree = parseRule("title = 'b' and tags contains ['a'] and active is null");
    expect(parseWhere({ title: 'b', tags: { $contains: ['a'] }, active: null })).toEqual(tree);
    expect(parseParams(parameters('title=b&tags__contains=a&active__is_null='))).toEqual(tree);
  });

  it('the schema of where refuses what the parser refuses', () => {
    for (const json of [{ a: { $gtt: 1 } }, { $and: {} }, { a: { $isNull: 'yes' } }, { a: { $in: 1 } }, [], 'a'])
      expect(Where.safeParse(json).success).toBe(false);
  });

  it('a parameter of a field with __ in its name', () => {
    const isField = (name: string) => name === 'a__in' || name === 'a';
    expect(parseParams([{ name: 'a__in', value: 'x' }], isField)).toEqual(parseRule("a__in = 'x'"));
    expect(parseParams([{ name: 'a__in__in', value: 'x' }], isField)).toEqual(parseRule("a__in in ['x']"));
    expect(parseParams([{ name: 'a__in', value: 'x' }])).toEqual(parseRule("a in ['x']"));
  });
});

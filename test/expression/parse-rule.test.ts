// Rule text: both dialects end in one tree, written here as its canonical text.
import { describe, expect, it } from 'vitest';
import { parseRule } from '../../server/expression/parse-rule.ts';
import { print } from '../../server/expression/print.ts';
import { compare, field, literal } from '../../server/expression/tree.ts';
import { columnsOf, RuleMaker, seeded } from './generate.ts';

const SAME: readonly (readonly [string, ...string[]])[] = [
  ["title = 'a'", 'title = "a"', "title == 'a'", "  title='a'\n", "record.title = 'a'", "(title) = ('a')"],
  ["title != 'a'", "title <> 'a'", 'title!="a"'],
  ['price > 1 and stock < 2', 'price>1&&stock<2', 'price > 1 AND stock < 2', '(price > 1) && (stock < 2)'],
  ['price >= 1 or stock <= 2', 'price>=1||stock<=2', 'price >= 1 Or stock <= 2'],
  ['not active', '!active', 'NOT active', '! active', '!(active)'],
  ["not title = 'a'", "!title = 'a'", "!(title = 'a')"],
  ['price in [1, 2]', 'price IN (1, 2)', 'price in(1,2)', 'price In [1,2]'],
  ['price not in [1]', 'price NOT IN (1)', 'price not in (1)'],
  ['price in []', 'price in ()'],
  ['title is null', 'title IS NULL', 'title = null', 'title == NULL', 'null = title'],
  ['title is not null', 'title IS NOT NULL', 'title != null', 'title <> Null'],
  ["title like 'a%'", "title LIKE 'a%'"],
  ["title not ilike 'a%'", "title NOT ILIKE 'a%'"],
  ["title ~ 'a'", "title~'a'"],
  ["title !~ 'a'", "title!~'a'"],
  ["tags contains ['a']", "tags contains 'a'", "'a' in tags", 'tags CONTAINS ["a"]'],
  ["tags not contains ['a']", "'a' not in tags", "tags not contains 'a'"],
  ["tags = ['a', 'b']", "tags == [ 'a' , 'b' ]"],
  ['created_by = @request.auth.id', 'created_by = user.id'],
  ['@owns_record()', '@owns_record', '@owns_record( )'],
  ["@owns_record('owner')", '@owns_record("owner")'],
  ['price * 2 + 1 > -5', '((price*2)+1)>-5', 'price*2+1 > - 5', 'price * 2 + 1 > -(5)'],
  ['(price + 1) * 2 % 3 = 0', '(((price+1)*2)%3)==0'],
  ['price - (1 - 2) = 0', 'price-(1-2)=0'],
  ['active or public and not active', 'active || (public && !active)'],
  ['(active or public) and active', '(active||public)&&active'],
  ['active and public and active', '(active and public) and active', 'active and (public and active)'],
  ['true', 'TRUE', '(True)'],
  ['0.5 = price', '.5 = price', '5e-1 = price'],
  ["like = 'a' and contains = 'b'", "record.like = 'a' && record.contains = 'b'"],
  ['record.in = 1 and record.not = 2 and record.null = 3', 'record.in = 1 and (record.not = 2 and record.null == 3)'],
  // The filter strings that the published client writes.
  [
    "title = 'o\\'k' and price in [1, 'x'] and born is null and (price = 1 or stock = 2)",
    "title = 'o\\'k' && price IN (1, 'x') && born IS NULL && (price = 1 || stock = 2)",
  ],
  // The client escapes quotes only: a backslash before anything else is itself.
  ["title = 'C:\\\\dir'", "title = 'C:\\dir'"],
];

describe('parseRule', () => {
  it.each(SAME)('%s', (canonical, ...others) => {
    const tree = parseRule(canonical);
    for (const other of others) expect(parseRule(other)).toEqual(tree);
    expect(print(tree)).toBe(canonical);
    expect(parseRule(print(tree))).toEqual(tree);
  });

  it('reads strings of both quotes, with escapes, and keeps what else stands behind a backslash', () => {
    const strings = [
      `'it\\'s'`,
      `"say \\"x\\""`,
      `'a\\\\'`,
      `'50\\%'`,
      `'line\nbreak'`,
      `"it's"`,
      `''`,
      `'Ω\u{1F600}'`,
    ];
    const values = ["it's", 'say "x"', 'a\\', '50\\%', 'line\nbreak', "it's", '', 'Ω\u{1F600}'];
    expect(strings.map((s) => parseRule(s))).toEqual(values.map((v) => literal(v)));
  });

  it('prints what it reads back, whatever a string holds', () => {
    const strings = [
      "'",
      '"',
      '\\',
      "\\'",
      '\\\\',
      "a\\'b",
      '\n',
      '\t',
      '%_',
      '\u2028',
      '\u{1F600}',
      'ends in \\',
      '] )',
      '@x()',
      '',
    ];
    for (const text of strings) {
      const tree = compare('eq', field('title'), literal(text));
      expect(parseRule(print(tree))).toEqual(tree);
    }
    for (const n of [0, -0, 1e21, 1e-7, -1.5e300, 5e-324, 123456789.125]) {
      const tree = compare('eq', field('price'), literal(n));
      expect(parseRule(print(tree))).toEqual(tree);
    }
  });

  it('prints what it reads back, random trees', () => {
    for (let seed = 0; seed < 3000; seed++) {
      const random = seeded(seed);
      const tree = new RuleMaker(random, columnsOf(random)).condition(4);
      expect(parseRule(print(tree))).toEqual(tree);
    }
  });

  it('binds tighter from or over and, not, comparison, sums and products to minus', () => {
    expect(parseRule('not a = 1 + 2 * -b or c and d')).toEqual(
      parseRule('((not (a = (1 + (2 * (-b))))) or (c and d))'),
    );
    expect(parseRule('a - b - c = 0')).toEqual(parseRule('(a - b) - c = 0'));
    expect(parseRule('a / b * c = 0')).not.toEqual(parseRule('a / (b * c) = 0'));
  });
});

// Any text, JSON or parameter ends in a tree or an ExpressionError, quickly. EXPRESSION_FUZZ raises the number of texts.
import { describe, expect, it } from 'vitest';
import { check } from '../../server/expression/check.ts';
import { ExpressionError } from '../../server/expression/error.ts';
import { evaluate } from '../../server/expression/evaluate.ts';
import { parseParams } from '../../server/expression/parse-params.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';
import { parseWhere } from '../../server/expression/parse-where.ts';
import { print } from '../../server/expression/print.ts';
import { slotValues } from '../../server/expression/slots.ts';
import { toSql } from '../../server/expression/to-sql.ts';
import { columnsOf, environmentOf, pick, type Random, RuleMaker, rowOf, seeded, textValue } from './generate.ts';
import { COLUMNS, caller, scope, target } from './scopes.ts';

const TEXTS = Number(process.env.EXPRESSION_FUZZ ?? 10_000);
const SLOW_MS = 50;

const PIECES = [
  ...Object.keys(COLUMNS),
  ...'= == != <> < <= > >= ~ !~ like ilike in not is null contains and or ! && || ( ) [ ] , + - * / % . @ $ ? : ; # \\ \' " ` \0 \ud800 \u{1F600}'.split(
    ' ',
  ),
  ..."1 1.5 1e5 1e999 .5 0x1 'a' \"b\" 'it\\'s' true false @request.auth.id @request.data.x @request. user.id record.title @owns_record() @has_role('a') @nope(1,".split(
    ' ',
  ),
  ' ',
  '\n',
  '--',
  '/*',
  '((((((((((',
  '!!!!!!!!!!',
  '----------',
  '__proto__',
  'constructor',
  'x'.repeat(300),
];

function mutated(random: Random, text: string): string {
  const at = Math.floor(random() * (text.length + 1));
  const to = Math.min(text.length, at + Math.floor(random() * 5));
  switch (Math.floor(random() * 5)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at) + pick(random, PIECES) + text.slice(at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random() * 65536) + text.slice(to);
    case 3:
      return text.slice(at) + text.slice(0, at);
    default:
      return text.slice(0, to) + text.slice(at);
  }
}

function randomText(random: Random, maker: RuleMaker): string {
  if (random() < 0.4)
    return Array.from({ length: random() * 30 }, () => pick(random, PIECES)).join(random() < 0.5 ? ' ' : '');
  let text = print(maker.condition(3));
  for (let n = random() * 4 - 1; n > 0; n--) text = mutated(random, text);
  return text;
}

function randomJson(random: Random, depth: number): unknown {
  const r = random();
  if (depth === 0 || r < 0.2)
    return pick(random, [
      null,
      true,
      0,
      -1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '',
      'a',
      undefined,
      textValue(random),
      1n,
      () => 1,
    ]);
  if (r < 0.45) return Array.from({ length: random() * 4 }, () => randomJson(random, depth - 1));
  const keys = [
    '$and',
    '$or',
    '$not',
    '$eq',
    '$ne',
    '$gt',
    '$in',
    '$nin',
    '$contains',
    '$isNull',
    '$like',
    '$x',
    '',
    '__proto__',
    ...Object.keys(COLUMNS),
  ];
  return Object.fromEntries(
    Array.from({ length: random() * 3 }, () => [pick(random, keys), randomJson(random, depth - 1)]),
  );
}

/** Runs one input through everything; answers whether it was accepted, and the time in milliseconds. */
function survive(parse: () => ReturnType<typeof parseRule>): { ok: boolean; ms: number } {
  const start = performance.now();
  let ok = false;
  try {
    const checked = check(parse(), scope);
    slotValues(toSql(checked, target).slots, caller);
    evaluate(checked, { title: 'a', price: 1 }, caller);
    ok = true;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    expect(error.message.length).toBeLessThan(1000);
    expect(JSON.stringify(error)).toBeTypeOf('string');
  }
  return { ok, ms: performance.now() - start };
}

function measure(count: number, input: (random: Random, maker: RuleMaker) => () => ReturnType<typeof parseRule>) {
  const found = { accepted: 0, slowest: 0, pause: 0 };
  for (let i = 0; i < count; i++) {
    const random = seeded(i + 7);
    const attempt = input(random, new RuleMaker(random, COLUMNS as ReturnType<typeof columnsOf>));
    const first = survive(attempt);
    // A pause of the collector is not the parser's: what was slow once is timed again.
    const ms = first.ms > SLOW_MS / 5 ? Math.min(first.ms, survive(attempt).ms) : first.ms;
    found.slowest = Math.max(found.slowest, ms);
    found.pause = Math.max(found.pause, first.ms);
    if (first.ok) found.accepted++;
  }
  console.log(
    `${count} inputs, ${found.accepted} accepted, slowest ${found.slowest.toFixed(2)} ms, ${found.pause.toFixed(2)} ms with pauses`,
  );
  return found;
}

describe('fuzz', () => {
  it(`${TEXTS} texts`, { timeout: 600_000 }, () => {
    const { accepted, slowest } = measure(TEXTS, (random, maker) => {
      const text = randomText(random, maker);
      return () => parseRule(text);
    });
    expect(accepted).toBeGreaterThan(TEXTS / 50);
    expect(accepted).toBeLessThan(TEXTS);
    expect(slowest).toBeLessThan(SLOW_MS);
  });

  it('JSON values', () => {
    const { slowest } = measure(TEXTS / 4, (random) => {
      const json = randomJson(random, 4);
      return () => parseWhere(json);
    });
    expect(slowest).toBeLessThan(SLOW_MS);
  });

  it('parameters', () => {
    const { slowest } = measure(TEXTS / 4, (random) => {
      const suffix = pick(random, ['', '__eq', '__in', '__is_null', '__like', '__contains', '__nope', '__']);
      const parameters = [
        {
          name: pick(random, [...Object.keys(COLUMNS), '', 'nope']) + suffix,
          value: textValue(random) + pick(random, ['', '[', ']', ',', '[1]']),
        },
      ];
      return () => parseParams(parameters);
    });
    expect(slowest).toBeLessThan(SLOW_MS);
  });

  it('the slowest accepted shapes stay quick', () => {
    const wide = Array.from({ length: 60 }, (_, i) => `title ~ '%${'ab%'.repeat(8)}${i}%'`).join(' or ');
    const row = { title: 'ab'.repeat(5000) };
    const start = performance.now();
    expect(evaluate(check(parseRule(wide), scope), row, caller)).toBe(false);
    const ms = performance.now() - start;
    console.log(`60 patterns of nine wildcards on 10 000 letters: ${ms.toFixed(1)} ms`);
    expect(ms).toBeLessThan(2000);
  });

  it('random environments and rows never throw', () => {
    const rule = check(
      parseRule('title = @request.data.a or price + @request.data.b > 1 or @request.data.deep.c is null'),
      scope,
    );
    for (let i = 0; i < 2000; i++) {
      const random = seeded(i);
      const environment = environmentOf(random);
      evaluate(rule, rowOf(random, columnsOf(random)), environment);
      slotValues(toSql(rule, target).slots, environment);
    }
  });
});

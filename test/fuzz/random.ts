// Reproducible chance: a seeded generator, and mutations of values and of JSON text.
import { PAYLOADS, UNSAYABLE } from './payloads.ts';

export interface Chance {
  /** From 0 up to, not including, 1. */
  next(): number;
  below(n: number): number;
  one<T>(of: readonly T[]): T;
  /** True once in `n`. */
  rarely(n: number): boolean;
}

/** The mulberry32 generator: equal seeds make equal runs. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { next, below, one: (of) => of[below(of.length)] as never, rarely: (n) => below(n) === 0 };
}

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

/** JSON texts of values that a client may send by mistake or on purpose. */
const TEXTS: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '1', '-1', '1.5', '1e308', '-1e308', '1e400', '-1e999', '5e-324', '1e-999'],
  ...[
    '9007199254740993',
    '1'.repeat(400),
    `0.${'1'.repeat(400)}`,
    '[]',
    '{}',
    '[[]]',
    '[{}]',
    '[null]',
    '[1,"a",true]',
  ],
  ...[
    '{"a":null}',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"then":1}',
    '{"toJSON":1}',
    '{"length":9}',
  ],
  ...[
    '{"":1}',
    '{"a":1,"a":2}',
    '{"$gt":1}',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00x"',
    '["\\u0000"]',
    '{"\\u0000":1}',
    '"😀"',
  ],
  nested(20, '[', ']'),
  nested(60, '[', ']'),
  nested(70, '[', ']'),
  nested(3000, '[', ']'),
  nested(30, '{"a":', '}').replace('}', '1}'),
  `[${'1,'.repeat(2000)}1]`,
  `{${Array.from({ length: 500 }, (_, i) => `"k${i}":${i}`).join()}}`,
  JSON.stringify('x'.repeat(100_000)),
  JSON.stringify('😀'.repeat(20_000)),
];

/** The JSON text of a random value. */
export function anyJson(random: Chance): string {
  if (random.rarely(2)) return JSON.stringify(random.one(PAYLOADS));
  return random.one(TEXTS);
}

/** A body as JSON text: the example with some of its values, keys or bytes changed. */
export function mutated(random: Chance, example: unknown): string | undefined {
  if (example === undefined) return random.rarely(3) ? anyJson(random) : undefined;
  if (random.rarely(12)) return anyJson(random);
  const text = print(random, example, 0);
  return random.rarely(10) ? broken(random, text) : text;
}

function print(random: Chance, value: unknown, depth: number): string {
  if (depth > 0 && random.rarely(4)) return anyJson(random);
  if (Array.isArray(value)) return `[${value.map((one) => print(random, one, depth + 1)).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(() => !random.rarely(12));
  const printed = entries.map(([key, one]) => `${JSON.stringify(key)}:${print(random, one, depth + 1)}`);
  if (random.rarely(5))
    printed.push(`${JSON.stringify(random.one(random.rarely(9) ? UNSAYABLE : PAYLOADS))}:${anyJson(random)}`);
  return `{${printed.join()}}`;
}

function broken(random: Chance, text: string): string {
  const at = random.below(text.length + 1);
  const with_ = random.one([
    '',
    '"',
    '\\',
    '{',
    '}',
    ',',
    ':',
    '\u0000',
    '\u0001',
    '\ufeff',
    '😀',
    '1e',
    '\n',
    '//',
    "'",
  ]);
  return random.rarely(3) ? text.slice(0, at) : text.slice(0, at) + with_ + text.slice(at + random.below(3));
}

/** A text as part of a path or query; half a surrogate pair cannot be said there and becomes U+FFFD. */
export const escaped = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/** A text as a header's value: what HTTP cannot carry is left out, the rest is bytes. */
export const inHeader = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .slice(0, 4000)
    .trim();

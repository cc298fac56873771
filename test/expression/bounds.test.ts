// The limits: 4 KB of text, 100 terms, 16 levels, 500 items; one below passes, one above is refused, in every spelling.
import { describe, expect, it } from 'vitest';
import { parseParams } from '../../server/expression/parse-params.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';
import { parseWhere } from '../../server/expression/parse-where.ts';
import { compiled, refused } from './scopes.ts';

const times = <T>(n: number, one: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => one(i));
const nested = (n: number): unknown => (n === 0 ? { price: 1 } : { $not: nested(n - 1) });

const LIMITS: readonly (readonly [string, (n: number) => unknown, number])[] = [
  ['bytes of text', (n) => parseRule(`a = '${'x'.repeat(n - 6)}'`), 4096],
  ['bytes of text that is not ASCII', (n) => parseRule(`a='${'ß'.repeat((n - 6) / 2)}' `), 4096],
  ['terms in text', (n) => parseRule(times(n, () => 'a=1').join(' and ')), 100],
  ['terms of a calculation', (n) => parseRule(`0=${times(n, () => 'a').join('+')}`), 100],
  ['terms in where', (n) => parseWhere({ $or: times(n, () => ({ a: 1 })) }), 100],
  ['terms of one field', (n) => parseWhere({ $and: times(n / 2, () => ({ a: { $gt: 1, $lt: 2 } })) }), 100],
  ['terms in parameters', (n) => parseParams(times(n, () => ({ name: 'a', value: '1' }))), 100],
  ['brackets', (n) => parseRule(`${'('.repeat(n)}a=1${')'.repeat(n)}`), 16],
  ['negations', (n) => parseRule(`${'!'.repeat(n)}a`), 16],
  ['minus signs', (n) => parseRule(`0=${'-'.repeat(n)}a`), 16],
  ['levels of where', (n) => parseWhere(nested(n)), 16],
  ['items in text', (n) => parseRule(`a in [${times(n, () => 1)}]`), 500],
  ['items in where', (n) => parseWhere({ a: { $in: times(n, () => 1) } }), 500],
  ['items in a parameter', (n) => parseParams([{ name: 'a__in', value: times(n, () => 1).join() }]), 500],
  ['items of an array in where', (n) => parseWhere({ a: times(n, () => 1) }), 500],
  ['items of an array in text', (n) => parseRule(`a = [${times(n, () => 1)}]`), 500],
];

describe('bounds', () => {
  it.each(LIMITS.map(([what, build, most]) => ({ what, build, most })))('$most $what', ({ build, most }) => {
    build(most);
    expect(refused(() => build(most + 2)).code).toBe('bound_exceeded');
  });

  it('a pattern of 4096 characters', () => {
    const like = (n: number) => compiled(parseWhere({ title: { $like: 'x'.repeat(n) } }));
    like(4096);
    expect(refused(() => like(4097)).code).toBe('bound_exceeded');
  });

  it('a deep JSON does not end the stack', () => {
    expect(refused(() => parseWhere(nested(5000))).code).toBe('bound_exceeded');
    expect(refused(() => parseRule('('.repeat(4096))).code).toBe('bound_exceeded');
  });
});

// The cache of compiled rules: one entry a text and scope, the longest unused leaves first, mistakes never stay.
import { describe, expect, it } from 'vitest';
import { compileRule } from '../../server/expression/compile-rule.ts';
import { refused, scope, scopeOf } from './scopes.ts';

describe('compileRule', () => {
  it('answers the same value for the same text and scope, another one for another scope', () => {
    const first = compileRule('price > 1', 'posts:1', scope);
    expect(compileRule('price > 1', 'posts:1', scope)).toBe(first);
    expect(compileRule('price > 1', 'posts:2', scope)).not.toBe(first);
  });

  it('does not keep mistakes', () => {
    expect(refused(() => compileRule('cost > 1', 'late', scope)).code).toBe('unknown_field');
    expect(compileRule('cost > 1', 'late', scopeOf({ cost: 'number' })).fields).toEqual(new Set(['cost']));
  });

  it('drops what was unused longest, and nothing that is in use', () => {
    const used = compileRule('price > 2', 'lru', scope);
    const unused = compileRule('price > 3', 'lru', scope);
    for (let i = 0; i < 2500; i++) {
      compileRule(`price > ${i}`, 'lru-fill', scope);
      expect(compileRule('price > 2', 'lru', scope)).toBe(used);
    }
    expect(compileRule('price > 3', 'lru', scope)).not.toBe(unused);
  });
});

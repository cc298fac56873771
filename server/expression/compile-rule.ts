// Parsed and checked rules, kept: most requests meet the same few texts.
import { check } from './check.ts';
import { parseRule } from './parse-rule.ts';
import type { Scope } from './scope.ts';
import type { Checked } from './typed.ts';

const CAPACITY = 2000;
// A Map keeps insertion order: the first key is the one that was used longest ago.
const kept = new Map<string, Checked>();

/**
 * The checked rule of a text. `scopeKey` must differ wherever the scope could answer differently: collection and revision, what is
 * readable, the macros' revision, what is allowed. Throws ExpressionError; mistakes are not kept.
 */
export function compileRule(text: string, scopeKey: string, scope: Scope): Checked {
  const key = `${scopeKey}\n${text}`;
  const known = kept.get(key);
  if (known !== undefined) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const checked = check(parseRule(text), scope);
  kept.set(key, checked);
  if (kept.size > CAPACITY) kept.delete(kept.keys().next().value as string);
  return checked;
}

// Scopes of API keys: whether a key may do something on a collection, and with which fields.
import type { KeyScopes } from '../context.ts';
import type { RuleOperation } from '../schema/collection-access.ts';
import { patternsOf, spellingsOf } from './grants.ts';

/** What a scope leaves open: `fields` null means all. */
export interface ScopeGrant {
  readonly fields: ReadonlySet<string> | null;
}

/**
 * What a key may do on a collection named in full; null when it has no scope for that. Entries for the collection, its app
 * (`main.*`) and `*`, and for the operation and `read`, add up.
 */
export function scopeFor(scopes: KeyScopes, collection: string, operation: RuleOperation): ScopeGrant | null {
  const found = patternsOf(collection).flatMap((pattern) => {
    const operations = own(scopes, pattern);
    return operations === undefined ? [] : spellingsOf(operation).map((spelling) => own(operations, spelling));
  });
  const lists = found.filter((fields) => fields !== undefined);
  if (lists.length === 0) return null;
  return { fields: lists.includes('*') ? null : new Set(lists.flat()) };
}

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

// Whether a caller gets as far as the rows of a collection: the decision without its predicate, for showing him what he may do.
import type { Caller } from '../context.ts';
import type { CollectionAccess, RuleOperation } from '../schema/collection-access.ts';
import type { Grants } from './grants.ts';
import { scopeFor } from './scopes.ts';

export type May = (caller: Caller, collection: string, operation: RuleOperation) => boolean;

/** `accessOf` answers what the collection of a full name carries, undefined for an unknown one. */
export const createMay =
  (grants: Grants, accessOf: (collection: string) => CollectionAccess | undefined): May =>
  (caller, collection, operation) => {
    if (caller.scopes !== null && scopeFor(caller.scopes, collection, operation) === null) return false;
    if (caller.kind === 'admin_token') return operation !== 'create' && operation !== 'update';
    if (caller.superadmin) return true;
    const rule = accessOf(collection)?.rules[operation] ?? null;
    if (rule?.trim() === 'false') return false;
    const rows = grants.of(caller.roleId, collection, operation);
    if (rows.length > 0) return rows.some((row) => row.rule.trim() !== 'false');
    return rule !== null || caller.role === 'admin';
  };

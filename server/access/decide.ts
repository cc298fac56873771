// What a caller may do on a collection, as one function: account, collection rule, permissions of his role, scopes of his key.
import { Failure } from '../../contract/problems.ts';
import { AS_ACCOUNT, type Caller, type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { AuthEnvironment } from '../expression/scope.ts';
import type { RuleOperation } from '../schema/collection-access.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { NO_CHECKS } from './constraints.ts';
import { seesPersonalData } from './mask.ts';
import { intersection, policyOf, type Sources } from './policy.ts';
import { ruleOf } from './rule.ts';
import { makeScope, type RecordScope } from './scope.ts';
import { scopeFor } from './scopes.ts';

export type Operation = RuleOperation;
export type { RecordScope } from './scope.ts';

/** What the decision is about. */
export interface Subject {
  readonly def: CollectionDef;
  readonly operation: Operation;
  /** The account of X-Account-ID, resolved to its id. Superadmins and anonymous callers act on it; everyone else acts on his own. */
  readonly namedAccount: string | null;
  /** Through the endpoints for management, where admin tokens may write. */
  readonly management?: boolean;
}

export type Decide = (ctx: Ctx, subject: Subject) => RecordScope;

/**
 * The decision. It throws UNAUTHORIZED, FORBIDDEN, KEY_PERMISSION_DENIED, ADMIN_TOKEN_NOT_ALLOWED, or ACCOUNT_REQUIRED for an
 * anonymous caller who names no account. Rules: every one that is set must hold (`semantics.md` §3).
 */
export const createDecide =
  (sources: Sources): Decide =>
  ({ caller }, { def, operation, namedAccount, management = false }) => {
    if (caller?.kind === 'admin_token' && !management && (operation === 'create' || operation === 'update'))
      throw new Failure('ADMIN_TOKEN_NOT_ALLOWED');
    const unmasked = seesPersonalData(caller) || !hasPersonalData(def);
    const environment = { auth: caller === null ? null : authOf(caller) };
    const masks = unmasked ? '' : 'm';
    const key = caller?.scopes ? scopeFor(caller.scopes, def.qualifiedName, operation) : null;
    if (caller?.scopes && key === null)
      throw new Failure('KEY_PERMISSION_DENIED', { action: `${operation} on ${def.qualifiedName}` });
    if (caller?.superadmin) {
      const rights = { rows: [], slots: [], fields: key?.fields ?? null, checks: NO_CHECKS };
      return makeScope({
        accountId: namedAccount,
        ...rights,
        unmasked,
        environment,
        key: `${namedAccount === null ? '*' : '1'}${masks}`,
      });
    }
    if (caller?.kind === 'automation' && caller.roleId === AS_ACCOUNT.id) {
      refuseLocked(def, operation, sources);
      const rights = { rows: [], slots: [], fields: null, checks: NO_CHECKS };
      return makeScope({ accountId: caller.accountId, ...rights, unmasked, environment, key: `1${masks}` });
    }
    const policy = policyOf(def, operation, caller, sources);
    if (!policy.allowed) {
      if (caller === null) throw new Failure('UNAUTHORIZED');
      throw new Failure('FORBIDDEN', { reason: policy.reason });
    }
    const accountId = caller?.accountId ?? namedAccount;
    if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID with its id or slug' });
    if (caller === null && accountId === SYSTEM_ACCOUNT) throw new Failure('RESOURCE_NOT_FOUND');
    return makeScope({
      accountId,
      rows: policy.rows,
      fields: key?.fields ? intersection([policy.fields, key.fields]) : policy.fields,
      checks: policy.checks,
      unmasked,
      environment,
      slots: policy.slots,
      key: `1${masks}${policy.key}`,
    });
  };

/** Throws FORBIDDEN where the collection's rule lets nobody pass. */
function refuseLocked(def: CollectionDef, operation: Operation, { macros }: Sources): void {
  const rule = def.access.rules[operation];
  if (rule && ruleOf(def, rule, macros).never)
    throw new Failure('FORBIDDEN', { reason: `${operation} on ${def.qualifiedName} is locked: its rule is "false"` });
}

const personal = new WeakMap<CollectionDef, boolean>();
function hasPersonalData(def: CollectionDef): boolean {
  let known = personal.get(def);
  if (known === undefined) {
    known = def.shown.some(({ field }) => field.pii === true);
    personal.set(def, known);
  }
  return known;
}

const environments = new WeakMap<Caller, AuthEnvironment>();
/** The caller as rules see him. */
export function authOf(caller: Caller): AuthEnvironment {
  let auth = environments.get(caller);
  if (auth === undefined) {
    const { userId: id, email, role, accountId: account_id, groups } = caller;
    auth = { id, email, role, account_id, groups };
    environments.set(caller, auth);
  }
  return auth;
}

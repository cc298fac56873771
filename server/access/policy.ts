// What a role may do on a collection, apart from who has it: collection rule, permissions and field lists, joined once and kept.
import type { Slot } from '../expression/slots.ts';
import type { RuleOperation } from '../schema/collection-access.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { NO_CHECKS, type WriteCheck, writeCheck } from './constraints.ts';
import { type Grant, type Grants, PUBLIC_ROLE } from './grants.ts';
import { type MacroSource, type Rule, ruleOf } from './rule.ts';

/** Roles as the decision sees them; null is a caller without a credential. */
export interface RoleOf {
  readonly roleId: number;
  readonly role: string;
}

export interface Policy {
  /** null: not set. */
  readonly collectionRule: string | null;
  readonly grants: readonly Grant[];
  readonly allowed: boolean;
  /** Why the role gets as far as the rows, or does not. */
  readonly reason: string;
  readonly rows: readonly (readonly Rule[])[];
  readonly slots: readonly Slot[];
  readonly fields: ReadonlySet<string> | null;
  /** Of all permissions: as with the fields, one row's checks hold for what another lets in. */
  readonly checks: readonly WriteCheck[];
  readonly key: string;
}

export interface Sources {
  readonly grants: Grants;
  readonly macros: MacroSource;
}

interface Kept {
  readonly grants: number;
  readonly macros: number;
  readonly policies: Map<string, Policy>;
}
const kept = new WeakMap<CollectionDef, Kept>();

/** The policy of a role for an operation; the same value until a rule, a permission, a role or a macro changes. */
export function policyOf(def: CollectionDef, operation: RuleOperation, role: RoleOf | null, sources: Sources): Policy {
  const { grants, macros } = sources;
  let known = kept.get(def);
  if (known === undefined || known.grants !== grants.version || known.macros !== macros.version) {
    known = { grants: grants.version, macros: macros.version, policies: new Map() };
    kept.set(def, known);
  }
  const key = `${role === null ? '' : role.roleId} ${operation}`;
  let policy = known.policies.get(key);
  if (policy === undefined) {
    policy = makePolicy(def, operation, role, sources);
    known.policies.set(key, policy);
  }
  return policy;
}

function makePolicy(def: CollectionDef, operation: RuleOperation, role: RoleOf | null, sources: Sources): Policy {
  const collectionRule = def.access.rules[operation];
  const grants = sources.grants.of(role === null ? PUBLIC_ROLE : role.roleId, def.qualifiedName, operation);
  const texts = [
    ...(collectionRule ? [[collectionRule]] : []),
    ...(grants.length > 0 ? [grants.map((g) => g.rule)] : []),
  ];
  const asked = texts.map((any) => [...new Set(any)].map((text) => ruleOf(def, text, sources.macros)));
  // What can never be true locks the operation: that is refused, not answered with nothing.
  const locked = asked.some((any) => any.every((rule) => rule.never));
  const { allowed, reason } = locked
    ? { allowed: false, reason: `${operation} on ${def.qualifiedName} is locked: a rule or permission is "false"` }
    : verdict(def, operation, role, collectionRule, grants);
  const rows = asked.filter((any) => !any.some((rule) => rule.always));
  const checks = grants.flatMap((grant) => grant.checks);
  const own = operation === 'delete' ? null : def.access.fields[operation];
  return {
    collectionRule,
    grants,
    allowed,
    reason,
    rows,
    slots: rows.flatMap((any) => any.flatMap((rule) => rule.slots)),
    // Where several permissions apply, the narrowest counts: the fields of one must not open to the rows of another.
    fields: intersection([own, ...grants.map((grant) => grant.fields)]),
    checks: checks.length === 0 ? NO_CHECKS : checks.map((one) => writeCheck(one, def, sources.macros)),
    key:
      rows.length === 0 ? '' : `${sources.macros.version} ${JSON.stringify(rows.map((any) => any.map((r) => r.text)))}`,
  };
}

function verdict(
  def: CollectionDef,
  operation: RuleOperation,
  role: RoleOf | null,
  rule: string | null,
  grants: readonly Grant[],
): { allowed: boolean; reason: string } {
  const yes = (reason: string) => ({ allowed: true, reason });
  if (role === null) {
    if (rule === '') return yes('the operation is public');
    if (grants.length > 0) return yes('a permission of the role "public" applies');
    return { allowed: false, reason: `${operation} on ${def.qualifiedName} is not public` };
  }
  if (rule === '') return yes('the operation is public');
  if (rule !== null) return yes('the collection rule applies');
  if (grants.length > 0) return yes(`a permission of the role "${role.role}" applies`);
  if (role.role === 'admin') return yes('nothing is set, and the admins of an account may what nothing restricts');
  return {
    allowed: false,
    reason: `neither a rule of ${def.qualifiedName} nor a permission of the role "${role.role}" allows to ${operation}`,
  };
}

/** What all lists leave open; null: everything. */
export function intersection(lists: readonly (Iterable<string> | null)[]): ReadonlySet<string> | null {
  const [first, ...others] = lists.filter((list) => list !== null).map((list) => new Set(list));
  if (first === undefined) return null;
  return new Set([...first].filter((name) => others.every((list) => list.has(name))));
}

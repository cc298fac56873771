// Rules that are not stored yet: whether one could be, and what it says about a row that is given.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { RuleContext } from '../../contract/rules.ts';
import { type MacroSource, type RuleUse, ruleScope } from '../access/rule.ts';
import { expressionEntry } from '../access/rule-check.ts';
import { check } from '../expression/check.ts';
import { ExpressionError } from '../expression/error.ts';
import { evaluate } from '../expression/evaluate.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { print } from '../expression/print.ts';
import type { AuthEnvironment, Scope } from '../expression/scope.ts';
import type { Checked } from '../expression/typed.ts';
import type { CollectionDef } from '../schema/collection-def.ts';

/** What a rule may name: the fields of a collection, the names that are given, or anything. */
export function scopeOf(
  def: Pick<CollectionDef, 'shown'> | null,
  names: readonly string[] | undefined,
  use: RuleUse,
  macros: MacroSource,
): Scope {
  if (def !== null)
    return ruleScope(
      def.shown.map(({ field }) => field),
      use,
      macros,
    );
  const system = ruleScope(null, use, macros);
  const known = names && new Set(names);
  const field = (name: string) =>
    system.field(name) ?? (known === undefined || known.has(name) ? ({ type: 'any' } as const) : undefined);
  return { ...system, field, fieldNames: [...(names ?? []), ...system.fieldNames] };
}

/** The checked rule, or what is wrong with it. */
export function compiled(text: string, scope: Scope): Checked | ProblemEntry[] {
  try {
    return check(parseRule(text), scope);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [expressionEntry(error, 'rule')];
  }
}

/** "" is a rule too, but of collections only: the operation is public. */
export function verdict(text: string, scope: Scope) {
  if (text === '') return { valid: true, canonical: '', errors: [] };
  const found = compiled(text, scope);
  return Array.isArray(found)
    ? { valid: false, canonical: null, errors: found }
    : { valid: true, canonical: print(found.source), errors: [] };
}

/** What the rule says about a row and a caller that are given. */
export function outcome(text: string, scope: Scope, { auth, record = {}, data }: RuleContext) {
  if (text === '') return { result: true, allowed: true, errors: [] };
  const found = compiled(text, scope);
  if (Array.isArray(found)) return { result: null, allowed: false, errors: found };
  const environment = { auth: auth ? environmentOf(auth) : null, ...(data && { data }) };
  const result = evaluate(found, record, environment);
  return { result, allowed: result === true, errors: [] };
}

function environmentOf(given: Readonly<Record<string, unknown>>): AuthEnvironment {
  const text = (key: string): string | null => (typeof given[key] === 'string' ? given[key] : null);
  const { groups } = given;
  return {
    id: text('id'),
    email: text('email'),
    role: text('role'),
    account_id: text('account_id'),
    groups: Array.isArray(groups) ? groups.filter((name) => typeof name === 'string') : [],
  };
}

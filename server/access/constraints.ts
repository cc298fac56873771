// Constraints of permissions: conditions on one field, as filters that narrow a rule and as checks of what is written.
import type { CompareOp, Expr, ListOp, NullOp, OperatorName, Scalar } from '../../contract/expression.ts';
import { OPERATORS } from '../../contract/expression.ts';
import type { Constraint } from '../../contract/permissions.ts';
import { evaluate } from '../expression/evaluate.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { print } from '../expression/print.ts';
import type { AuthEnvironment, Environment } from '../expression/scope.ts';
import { compare, connect, field, literal, membership, nullTest, variable } from '../expression/tree.ts';
import { SUFFIXES, SYMBOLS } from '../expression/words.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { type MacroSource, type Rule, ruleOf } from './rule.ts';

/** What constraints may ask of the caller. */
export const CLAIMS = ['id', 'email', 'role', 'account_id'] as const;

/** The operator of a spelling (`eq`, `=`), undefined for an unknown one. */
export const operatorOf = (spelling: string): OperatorName | undefined =>
  SUFFIXES.get(spelling.toLowerCase()) ?? SYMBOLS.get(spelling.toLowerCase());

/** A constraint, whose operator is known, as rule text. */
export const constraintText = (constraint: Constraint): string => print(tree(constraint));

function tree({ field: name, operator, value = null, claim }: Constraint): Expr {
  const op = operatorOf(operator) as OperatorName;
  const left = field(name);
  const one = (item: Scalar) => literal(item);
  switch (OPERATORS[op].operand) {
    case 'none':
      return nullTest(op as NullOp, left);
    case 'list': {
      const items = Array.isArray(value) ? value : [value as Scalar];
      return membership(op as ListOp, left, claim === undefined ? items.map(one) : [variable(`auth.${claim}`)]);
    }
    case 'value':
      return compare(op as CompareOp, left, claim === undefined ? one(value as Scalar) : variable(`auth.${claim}`));
  }
}

/** The rule that a permission comes to: its own and every filter. A locked one stays as it is. */
export function restricted(rule: string, filters: readonly Constraint[]): string {
  if (filters.length === 0 || rule.trim() === 'false') return rule;
  const own = rule.trim() === 'true' ? [] : [parseRule(rule)];
  return print(connect('and', [...own, ...filters.map(tree)]));
}

/** A check of a permission, ready for a collection. */
export interface WriteCheck {
  readonly field: string;
  readonly rule: Rule;
  /** What the field is set to where the body leaves it out; null for checks that only judge. */
  readonly sets: ((auth: AuthEnvironment | null) => unknown) | null;
  /** The claim that `sets` takes. */
  readonly claim: string | undefined;
}

export const NO_CHECKS: readonly WriteCheck[] = Object.freeze([]);

/** Throws ExpressionError for a check that could not have been stored. */
export const writeCheck = (constraint: Constraint, def: CollectionDef, macros: MacroSource): WriteCheck => {
  const { field: name, operator, value = null, claim } = constraint;
  const taken = (auth: AuthEnvironment | null) => auth?.[claim as (typeof CLAIMS)[number]] ?? null;
  const sets = operator !== 'eq' ? null : claim === undefined ? () => value : taken;
  return { field: name, rule: ruleOf(def, constraintText(constraint), macros), sets, claim };
};

/** Whether a value of the check's field satisfies it. */
export const holds = ({ field: name, rule }: WriteCheck, value: unknown, environment: Environment): boolean =>
  evaluate(rule.checked, { [name]: value }, environment) === true;

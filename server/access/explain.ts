// The decision told: for a caller and an operation, which rules and lists apply, what they mean, and what they make of one row.
import type { Expr } from '../../contract/expression.ts';
import type { Explanation } from '../../contract/rules.ts';
import type { Caller } from '../context.ts';
import { evaluate } from '../expression/evaluate.ts';
import { openMacros } from '../expression/macros.ts';
import { print, seats } from '../expression/print.ts';
import type { Environment, Row } from '../expression/scope.ts';
import { connect } from '../expression/tree.ts';
import type { RuleOperation } from '../schema/collection-access.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { authOf } from './decide.ts';
import { seesPersonalData } from './mask.ts';
import { policyOf, type Sources } from './policy.ts';
import { type MacroSource, type Rule, ruleOf, ruleScope } from './rule.ts';

/** What is asked; `row` undefined: no record was named, null: the account has none of that id. */
export interface Question {
  readonly caller: Caller | null;
  readonly def: CollectionDef;
  readonly operation: RuleOperation;
  readonly row?: Row | null;
}

/** The explanation of one operation. It rests on the same policy that the decision uses. */
export function explain({ caller, def, operation, row }: Question, sources: Sources): Explanation {
  const unmasked = seesPersonalData(caller);
  const masked = unmasked ? [] : def.shown.filter(({ field }) => field.pii === true).map(({ name }) => name);
  const always = { operation, masked_fields: masked };
  if (caller?.superadmin) {
    return {
      ...always,
      allowed: true,
      reason: 'superadmins may everything',
      collection_rule: def.access.rules[operation],
      permissions: [],
      macros: [],
      predicate: null,
      sql: null,
      fields: null,
      record: row === undefined ? null : { passes: row !== null, parts: row === null ? [NO_ROW] : [] },
    };
  }
  const policy = policyOf(def, operation, caller, sources);
  const rule = (text: string): Rule => ruleOf(def, text, sources.macros);
  const own = policy.collectionRule ? [rule(policy.collectionRule)] : [];
  const granted = policy.grants.map((grant) => rule(grant.rule));
  const trees = [...own, ...granted].map(({ checked }) => checked.source);
  const all = connect('and', [
    ...own.map(({ checked }) => checked.source),
    ...(granted.length === 0
      ? []
      : [
          connect(
            'or',
            granted.map(({ checked }) => checked.source),
          ),
        ]),
  ]);
  return {
    ...always,
    allowed: policy.allowed,
    reason: policy.reason,
    collection_rule: policy.collectionRule,
    permissions: policy.grants.map(({ rule: text, fields, checks }) => ({
      rule: text,
      fields: fields && [...fields],
      checks: [...checks],
    })),
    macros: macrosIn(trees, def, sources.macros),
    predicate: trees.length === 0 || !policy.allowed ? null : print(all),
    sql: policy.allowed && policy.rows.length > 0 ? sqlOf(policy.rows) : null,
    fields: policy.fields && [...policy.fields],
    record: row === undefined ? null : judged({ own, granted, row, allowed: policy.allowed, caller }),
  };
}

/** The conditions as PostgreSQL gets them, besides the account's own. */
function sqlOf(rows: readonly (readonly Rule[])[]): string {
  let n = 0;
  return rows
    .map((any) => `(${any.map(({ sql }) => `(${sql})`).join(' or ')})`)
    .join(' and ')
    .replaceAll('?', () => `$${++n}`);
}

const NO_ROW = { rule: 'the record is in the account of the user', source: 'account', result: false } as const;

interface Judgement {
  readonly own: readonly Rule[];
  readonly granted: readonly Rule[];
  readonly row: Row | null;
  readonly allowed: boolean;
  readonly caller: Caller | null;
}

function judged({ own, granted, row, allowed, caller }: Judgement): NonNullable<Explanation['record']> {
  if (row === null) return { passes: false, parts: [NO_ROW] };
  const environment: Environment = { auth: caller === null ? null : authOf(caller) };
  const part = (source: 'collection_rule' | 'permission') => (rule: Rule) => ({
    rule: rule.text,
    source,
    result: evaluate(rule.checked, row, environment),
  });
  const [first, second] = [own.map(part('collection_rule')), granted.map(part('permission'))];
  const passes =
    allowed &&
    first.every(({ result }) => result === true) &&
    (second.length === 0 || second.some(({ result }) => result === true));
  return { passes, parts: [...first, ...second] };
}

/** Every macro that the rules call, once, with what it stands for. */
function macrosIn(trees: readonly Expr[], def: CollectionDef, macros: MacroSource): Explanation['macros'] {
  const found = new Map<string, string>();
  const scope = ruleScope(
    def.shown.map(({ field }) => field),
    'any',
    macros,
  );
  const visit = (e: Expr): void => {
    if (e.kind === 'macro') {
      const body = macros.find(e.name);
      found.set(print(e), print(body ?? openMacros(e, scope)));
      if (body !== undefined) visit(body);
    }
    for (const [child] of seats(e)) visit(child);
  };
  trees.forEach(visit);
  return [...found].map(([call, means]) => ({ call, means }));
}

// All rules that are stored, for whoever changes what they rest on: the fields of a collection, or a macro.
import type { Expr } from '../../contract/expression.ts';
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import type { Runner } from '../db/database.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { seats } from '../expression/print.ts';
import { constraintText, restricted } from './constraints.ts';
import type { MacroSource } from './rule.ts';
import { ruleProblems } from './rule-check.ts';
import { type StoredRule, storedRules } from './store.ts';

export interface RuleBook {
  /** What a changed set of macros breaks; an entry's `field` is empty and its message names the rule. */
  problemsWith(run: Runner, macros: MacroSource): Promise<ProblemEntry[]>;
  /** What a changed list of fields breaks of the permissions for a collection (`main.posts`). */
  problemsOf(run: Runner, collection: string, fields: readonly Field[]): Promise<ProblemEntry[]>;
  /** Where the macro of that name is called, as sentences name it. */
  usersOf(run: Runner, macro: string): Promise<string[]>;
}

const nameOf = ({ role, operation, collection }: StoredRule): string =>
  role === null ? `${operation}_rule of ${collection}` : `the permission of role ${role} to ${operation} ${collection}`;

const textOf = ({ rule, filters }: StoredRule): string => restricted(rule, filters);

const inRule =
  (rule: StoredRule) =>
  (entry: ProblemEntry): ProblemEntry => ({ ...entry, message: `${nameOf(rule)}: ${entry.message}` });

export const createRuleBook = (macros: MacroSource): RuleBook => ({
  async problemsWith(run, changed) {
    const rules = await storedRules(run, null);
    return rules.flatMap((rule) =>
      ruleProblems(textOf(rule), rule.definition, rule.operation, changed, '').map(inRule(rule)),
    );
  },

  async problemsOf(run, collection, fields) {
    const names = new Set(fields.map(({ name }) => name));
    const before = (await storedRules(run, collection)).filter(({ role }) => role !== null);
    return before.flatMap((rule) => {
      const known = new Set(rule.definition?.map(({ name }) => name));
      const lost = (rule.fields ?? []).filter((name) => known.has(name) && !names.has(name));
      const entries = lost.map((name) => ({
        field: 'schema',
        code: 'field_in_use',
        message: `the field ${name} is on its list`,
      }));
      const broken = [textOf(rule), ...rule.checks.map(constraintText)].flatMap((text) =>
        ruleProblems(text, fields, rule.operation, macros, 'schema'),
      );
      const computed = rule.checks
        .filter(({ field }) => fields.some(({ name, type }) => name === field && type === 'computed'))
        .map(({ field }) => ({
          field: 'schema',
          code: 'field_in_use',
          message: `its check of ${field} needs a field that is written`,
        }));
      return [...entries, ...computed, ...broken].map(inRule(rule));
    });
  },

  async usersOf(run, macro) {
    const rules = await storedRules(run, null);
    return rules.filter(({ rule }) => calls(parseRule(rule), macro)).map(nameOf);
  },
});

/** Whether an expression calls the macro itself. */
export const calls = (e: Expr, macro: string): boolean =>
  (e.kind === 'macro' && e.name === macro) || seats(e).some(([child]) => calls(child, macro));

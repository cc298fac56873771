// Whether a rule may be stored: it parses, every name is known, every comparison possible. What passes cannot fail at run time.
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { check } from '../expression/check.ts';
import { ExpressionError, expressionEntry } from '../expression/error.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { type MacroSource, type RuleUse, ruleScope } from './rule.ts';

/**
 * What is wrong with a rule, empty when it may be stored. `fields` null: it stands for several collections (`main.*`, `*`)
 * and may name system fields only. An entry's `field` is `at`.
 */
export function ruleProblems(
  text: string,
  fields: readonly Field[] | null,
  use: RuleUse,
  macros: MacroSource,
  at: string,
): ProblemEntry[] {
  try {
    check(parseRule(text), ruleScope(fields, use, macros));
    return [];
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [expressionEntry(error, at)];
  }
}

export { expressionEntry };

// What is wrong with the rules and field lists of a definition: every rule must be able to run, every name must be a field.
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import type { MacroSource } from '../access/rule.ts';
import { ruleProblems } from '../access/rule-check.ts';
import { type CollectionAccess, OPERATIONS } from '../schema/collection-access.ts';
import { SYSTEM_COLUMNS } from '../schema/columns.ts';
import { cut } from '../text.ts';

const SYSTEM = new Set(SYSTEM_COLUMNS.map(({ name }) => name));

/** Every problem, each at the key of the definition that it stands under (`list_rule`, `update_fields`). */
export function accessProblems(
  { rules, fields: lists }: CollectionAccess,
  fields: readonly Field[],
  macros: MacroSource,
): ProblemEntry[] {
  const names = new Set(fields.map(({ name }) => name));
  return OPERATIONS.flatMap((operation) => {
    const rule = rules[operation];
    const broken =
      rule === null || rule === '' ? [] : ruleProblems(rule, fields, operation, macros, `${operation}_rule`);
    const list = operation === 'delete' ? null : lists[operation];
    const unknown = (list ?? []).filter((name) => !names.has(name) && !SYSTEM.has(name));
    const missing = unknown.map((name) => ({
      field: `${operation}_fields`,
      code: 'unknown_field',
      message: `The collection has no field ${cut(name, 100)}.`,
    }));
    return [...broken, ...missing];
  });
}

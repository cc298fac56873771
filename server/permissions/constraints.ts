// Reading the filters and checks of an entry: every problem with its place, and the one form in which they are kept.
import { OPERATORS } from '../../contract/expression.ts';
import type { Field, StoredField } from '../../contract/fields.ts';
import type { Constraint, ConstraintInput, PermissionUpdate } from '../../contract/permissions.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { CLAIMS, constraintText, operatorOf } from '../access/constraints.ts';
import { suggestion } from '../expression/nearest.ts';
import { SUFFIXES } from '../expression/words.ts';
import { valueSchema } from '../schema/value-schema.ts';
import { isFieldName } from './names.ts';

/**
 * The problems of a rule for an operation on collections with these fields, empty when it may be stored. `fields` null: it stands
 * for several collections. An entry's `field` is `at`.
 */
export type CheckRule = (
  text: string,
  fields: readonly Field[] | null,
  operation: PermissionUpdate['operation'],
  at: string,
) => readonly ProblemEntry[];

/** An entry with the constraints as they were sent. */
export interface Constrained {
  readonly rule: string;
  readonly operation: PermissionUpdate['operation'];
  readonly filters: readonly ConstraintInput[];
  readonly checks: readonly ConstraintInput[];
}

export interface ReadConstraints {
  readonly filters: readonly Constraint[];
  readonly checks: readonly Constraint[];
  readonly problems: readonly ProblemEntry[];
}

/** Reads both lists of the entry that stands at `at`; `known` null: it is for a pattern. */
export function readConstraints(
  entry: Constrained,
  known: readonly Field[] | null,
  checkRule: CheckRule,
  at: string,
): ReadConstraints {
  const problems: ProblemEntry[] = [];
  const problem = (field: string, code: string, message: string) => problems.push({ field, code, message });
  const { operation } = entry;
  const writes = operation === 'create' || operation === 'update';
  if (entry.filters.length > 0 && operation === 'create')
    problem(`${at}.filters`, 'not_for_create', 'A create has no rows to filter: write checks.');
  if (entry.checks.length > 0 && !writes)
    problem(`${at}.checks`, 'only_for_writes', `Checks judge what create and update write; ${operation} has filters.`);
  else if (entry.checks.length > 0 && known === null)
    problem(`${at}.checks`, 'one_collection', 'Checks are for the fields of one collection: name it.');

  const read = (list: 'filters' | 'checks') =>
    entry[list].flatMap((input, i) => {
      const place = `${at}.${list}.${i}`;
      const found = formOf(input, place);
      if ('message' in found) {
        problems.push(found);
        return [];
      }
      const entries = checkRule(constraintText(found), known, operation, place);
      problems.push(...entries.slice(0, 1).map((one) => placed(one, found, place)));
      if (entries.length === 0) problems.push(...neverEqual(found, known, place));
      if (list === 'checks' && entries.length === 0) problems.push(...unwritable(found, known, place));
      return [found];
    });
  const [filters, checks] = [read('filters'), read('checks')];
  checks.forEach(({ field, operator }, i) => {
    if (operator === 'eq' && checks.slice(0, i).some((one) => one.field === field && one.operator === 'eq'))
      problem(`${at}.checks.${i}.field`, 'duplicate', `An earlier check sets ${field}.`);
  });
  return { filters, checks, problems };
}

/** The constraint in its one form, or what is wrong with it. */
function formOf({ field, operator, value, claim }: ConstraintInput, at: string): Constraint | ProblemEntry {
  const wrong = (part: string, code: string, message: string) => ({ field: `${at}.${part}`, code, message });
  // It becomes a part of rule text, so it must be a name and nothing else.
  if (!isFieldName(field)) return wrong('field', 'unknown_field', `There is no field ${field}.`);
  const op = operatorOf(operator);
  if (op === undefined) {
    const hint = suggestion(operator, [...SUFFIXES.keys()], 'operators');
    return wrong(
      'operator',
      'unknown_operator',
      `Unknown operator ${operator}.${hint === undefined ? '' : ` ${hint}`}`,
    );
  }
  const named = { field, operator: OPERATORS[op].names[0] as string };
  const { operand } = OPERATORS[op];
  if (operand === 'none') {
    if (claim === undefined && (value === undefined || value === true)) return named;
    const part = claim === undefined ? 'value' : 'claim';
    return wrong(part, 'not_expected', `${operator} compares with nothing: leave ${part} out.`);
  }
  if (value !== undefined && claim !== undefined)
    return wrong('claim', 'value_or_claim', 'Write value or claim, not both.');
  if (value === undefined && claim === undefined)
    return wrong('value', 'value_or_claim', 'Write value, or claim for a property of the caller.');
  const asked = claim ?? (typeof value === 'string' ? /^\$user\.(.*)$/.exec(value)?.[1] : undefined);
  if (asked !== undefined) {
    if ((CLAIMS as readonly string[]).includes(asked)) return { ...named, claim: asked };
    const message = `Unknown claim ${asked}: use ${CLAIMS.join(', ')}.`;
    return wrong(claim === undefined ? 'value' : 'claim', 'unknown_claim', message);
  }
  if (operand === 'list' && !Array.isArray(value)) return wrong('value', 'list_expected', `${operator} takes a list.`);
  if (operand === 'value' && Array.isArray(value))
    return wrong('value', 'one_expected', `${operator} takes one value.`);
  return { ...named, value };
}

/** A problem of the text that a constraint stands for, told of the part that causes it. */
function placed({ message, code, hint }: ProblemEntry, { claim }: Constraint, at: string): ProblemEntry {
  const part = code === 'unknown_field' ? 'field' : claim === undefined ? 'value' : 'claim';
  return { field: `${at}.${part}`, code, message, ...(hint !== undefined && { hint }) };
}

/** A field that holds ids is never equal to a claim that is none. */
function neverEqual({ field: name, claim }: Constraint, known: readonly Field[] | null, at: string) {
  const type = known?.find((one) => one.name === name)?.type;
  if (claim === undefined || claim === 'id' || (type !== 'uuid' && type !== 'reference')) return [];
  const message = `${name} holds ids, and the caller's ${claim} is none: use the claim id.`;
  return [{ field: `${at}.claim`, code: 'claim_of_other_type', message }];
}

/** Checks speak of fields that a body can hold, and set values that these take. */
function unwritable({ field: name, operator, value }: Constraint, known: readonly Field[] | null, at: string) {
  const field = known?.find((one) => one.name === name);
  if (field === undefined || field.type === 'computed') {
    const message = `${name} is not written by clients, so there is nothing to check.`;
    return [{ field: `${at}.field`, code: 'not_writable', message }];
  }
  if (operator !== 'eq' || value === undefined || value === null) return [];
  const { error } = valueSchema(field as StoredField).safeParse(value);
  return error === undefined
    ? []
    : [{ field: `${at}.value`, code: 'invalid_value', message: `${name} cannot be that: ${error.issues[0]?.message}` }];
}

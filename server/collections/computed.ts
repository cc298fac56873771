// What is wrong with a computed field: an expression that cannot be, options that only stored fields have.
import type { ComputedField, Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { expressionEntry } from '../access/rule-check.ts';
import { ExpressionError } from '../expression/error.ts';
import { isStored } from '../schema/columns.ts';
import { computedValue } from '../schema/computed.ts';

/** Every problem, at its place below `at`. */
export function computedProblems(field: ComputedField, fields: readonly Field[], at: string): ProblemEntry[] {
  const found: ProblemEntry[] = [];
  for (const option of ['required', 'unique', 'searchable'] as const)
    if (field[option] === true) {
      const message = `A computed field cannot be ${option}: leave ${option} out.`;
      found.push({ field: `${at}.${option}`, code: `computed_field_no_${option}`, message });
    }
  if (field.expression.trim() === '') {
    const message = 'Write an expression, as price * quantity.';
    return [...found, { field: `${at}.expression`, code: 'computed_field_expression_required', message }];
  }
  try {
    const { type } = computedValue(field, fields).root;
    if (field.return_type !== undefined && field.return_type !== type) {
      const message = `The expression answers ${type}, not ${field.return_type}: correct it, or leave return_type out.`;
      found.push({ field: `${at}.return_type`, code: 'computed_field_return_type_invalid', message });
    }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const entry = expressionEntry(error, `${at}.expression`);
    const other = fields.find((one) => !isStored(one) && error.message.includes(`Unknown field ${one.name}.`));
    found.push({
      ...entry,
      code: 'computed_field_expression_invalid',
      ...(other && { message: `${entry.message} ${other.name} is computed itself: use what it is made of.` }),
    });
  }
  return found;
}

/** The fields with the type of each computed one written down. For definitions without problems. */
export const withReturnTypes = (fields: readonly Field[]): Field[] =>
  fields.map((field) =>
    isStored(field)
      ? field
      : { ...field, return_type: computedValue(field, fields).root.type as ComputedField['return_type'] },
  );

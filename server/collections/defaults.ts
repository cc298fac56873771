// Whether a default is a value that the field itself would take: the judge of record bodies decides, so that the two cannot differ.
import type { StoredField as Field } from '../../contract/fields.ts';
import { valuePattern } from '../schema/value-pattern.ts';
import { valueSchema } from '../schema/value-schema.ts';
import { storableText } from '../schema/values.ts';

/** True for a text that PostgreSQL can store. */
export const storable = storableText;

/** True for a pattern that record values can be matched with. */
export function compiles(pattern: string): boolean {
  try {
    return valuePattern(pattern) !== null;
  } catch {
    return false;
  }
}

/** What is wrong with the field's default, as the end of a sentence; null when it is right or there is none. */
export function defaultFlaw(field: Field): string | null {
  if (field.default === undefined || ('pattern' in field && !compiles(field.pattern ?? ''))) return null;
  const judged = valueSchema(field).safeParse(field.default);
  if (judged.success) return null;
  const issue = judged.error.issues[0];
  return issue === undefined ? 'is not valid' : issue.message.replace(/\.$/, '');
}

// Whether a default is a value that the field itself would take: the judge of record bodies decides, so that the two cannot differ.
import type { Field } from '../../contract/fields.ts';
import { valueSchema, wholePattern } from '../schema/value-schema.ts';
import { storableText } from '../schema/values.ts';

/** True for a text that PostgreSQL can store. */
export const storable = storableText;

/** True for a pattern that compiles, alone and as the whole-value pattern that records are checked with. */
export function compiles(pattern: string): boolean {
  try {
    // Alone first: `a)(b` compiles only inside a group.
    return new RegExp(pattern, 'u') !== null && wholePattern(pattern) !== null;
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

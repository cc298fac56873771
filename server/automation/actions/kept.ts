// What of an outcome can be kept: text that the database stores, and no more of it than memory and rows should hold.
import { Failure } from '../../../contract/problems.ts';
import { storableValue } from '../../text.ts';

/** Characters of one action's result as JSON. */
export const MOST_RESULT = 4_000_000;

const UNSTORABLE = /\\u0000|\\ud[89a-f]/i;

/** The result as it can be kept. Throws RESULT_TOO_LARGE. */
export function kept(result: unknown): unknown {
  const text = JSON.stringify(result) ?? 'null';
  if (text.length > MOST_RESULT) throw new Failure('RESULT_TOO_LARGE', { characters: text.length, limit: MOST_RESULT });
  return UNSTORABLE.test(text) ? storableValue(result) : result;
}

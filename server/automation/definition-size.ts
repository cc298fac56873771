// How large a definition may be: it is kept in memory by every process that runs it.
import type { ProblemEntry } from '../../contract/problems.ts';

/** What is wrong with a definition of more than `most` bytes of JSON; `field`: where as a rule most of it stands. */
export function sizeProblems(definition: object, most: number, field: string): ProblemEntry[] {
  const bytes = Buffer.byteLength(JSON.stringify(definition));
  if (bytes <= most) return [];
  const message = `The definition has ${bytes} bytes as JSON; ${most} are allowed.`;
  return [{ field, code: 'too_large', message }];
}

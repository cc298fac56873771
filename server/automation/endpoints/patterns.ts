// The patterns of one JSON Schema: each compiled once, in RE2, whose time is linear in the value, and bounded together.

import type { RE2JS } from 're2js';
import { compilePattern } from '../../schema/value-pattern.ts';
import { cut } from '../../text.ts';

/** A pattern ready to match. Throws SyntaxError, PatternsTooLarge. */
export type Patterns = (pattern: string) => RE2JS;

/** Instructions of all patterns: counts as `{1,900}` are written out in them. */
export const MOST_INSTRUCTIONS = 5000;
/** One is known to be too large only once it is compiled, which takes the longer the more counts it holds. */
const LONGEST = 1000;
/** Of all together: compiling a class takes long however few instructions it becomes. */
const MOST_TEXT = 16_384;

/** What nothing else in the process should wait for. */
export class PatternsTooLarge extends Error {}

/** Compiles on demand and remembers. */
export function createPatterns(): Patterns {
  const known = new Map<string, RE2JS>();
  let text = 0;
  let instructions = 0;
  return (pattern) => {
    const before = known.get(pattern);
    if (before !== undefined) return before;
    text += pattern.length;
    if (pattern.length > LONGEST || text > MOST_TEXT)
      throw new PatternsTooLarge(
        `A pattern has at most ${LONGEST} characters, and all of a schema ${MOST_TEXT} together.`,
      );
    const compiled = compilePattern(pattern);
    instructions += compiled.programSize();
    if (instructions > MOST_INSTRUCTIONS)
      throw new PatternsTooLarge(
        `The patterns of a schema become at most ${MOST_INSTRUCTIONS} instructions together, and each repetition that is counted is written out: use fewer patterns, or smaller counts than in ${cut(pattern, 100)}.`,
      );
    known.set(pattern, compiled);
    return compiled;
  };
}

// Patterns of like, ilike and ~: brought to one form that PostgreSQL never refuses, and matched in memory as it matches them.
import { BOUNDS } from '../../contract/expression.ts';
import { fold, replacements } from './letter-case.ts';

export type PatternOp = 'like' | 'ilike' | 'match';

/** What SQL binds: `pattern` for LIKE or ILIKE, and the letters to replace in the text first. */
export interface LikePattern {
  readonly pattern: string;
  readonly from: string;
  readonly to: string;
}

/** A pattern ready for use; undefined when it is over 4 KB. */
export function likePattern(op: PatternOp, text: string): LikePattern | undefined {
  if (text.length > BOUNDS.textBytes) return undefined;
  if (op === 'like') return { pattern: closed(text), from: '', to: '' };
  const pattern = fold(op === 'match' ? containing(text) : closed(text));
  return { pattern, ...replacements(pattern) };
}

/** LIKE raises an error over a backslash at the very end: there it means itself. */
const closed = (text: string): string => (/(?:^|[^\\])(?:\\\\)*\\$/.test(text) ? `${text}\\` : text);

/** `~`: the value is contained, unless it has a % of its own; a backslash escapes %, _ and itself and else is a backslash. */
function containing(text: string): string {
  let pattern = '';
  let whole = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    const next = text[i + 1];
    if (letter === '\\' && (next === '%' || next === '_' || next === '\\')) {
      pattern += letter + next;
      i++;
    } else if (letter === '\\') pattern += '\\\\';
    else {
      whole ||= letter === '%';
      pattern += letter;
    }
  }
  return whole ? pattern : `%${pattern}%`;
}

interface Step {
  readonly any?: 'text' | 'letter';
  readonly letter?: string;
}

function steps(pattern: string): readonly Step[] {
  const found: Step[] = [];
  const letters = [...pattern];
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] as string;
    if (letter === '\\' && i + 1 < letters.length) found.push({ letter: letters[++i] as string });
    else if (letter === '%') found.push({ any: 'text' });
    else found.push(letter === '_' ? { any: 'letter' } : { letter });
  }
  return found;
}

/** Whether the text matches, letter by letter (code points, as PostgreSQL counts them). `pattern` comes from `likePattern(op, …)`. */
export function matches(op: PatternOp, pattern: string, text: string): boolean {
  const wanted = steps(pattern);
  const letters = [...(op === 'like' ? text : fold(text))];
  let s = 0;
  let i = 0;
  let back = -1;
  let from = 0;
  while (i < letters.length) {
    const step = wanted[s];
    if (step?.any === 'text') {
      back = ++s;
      from = i;
    } else if (step !== undefined && (step.any === 'letter' || step.letter === letters[i])) {
      s++;
      i++;
    } else if (back >= 0) {
      s = back;
      i = ++from;
    } else return false;
  }
  while (wanted[s]?.any === 'text') s++;
  return s === wanted.length;
}

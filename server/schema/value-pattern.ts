// Patterns of fields, matched in time linear in the value: a pattern that backtracks could otherwise stop the server with one record.
import { RE2JS } from 're2js';

export interface ValuePattern {
  /** True when the whole value matches. */
  test(value: string): boolean;
}

/** Compiles a pattern in RE2 syntax, JavaScript's escapes included: no look-around, no back-references. Throws for text that is not one. */
export function compilePattern(pattern: string): RE2JS {
  // The translation would take a named back-reference for plain text.
  if (/(?<!\\)(?:\\\\)*\\k/.test(pattern)) throw new SyntaxError('back-references are not supported');
  return RE2JS.compile(RE2JS.translateRegExp(pattern));
}

/** As `compilePattern`, for whole values. */
export function valuePattern(pattern: string): ValuePattern {
  const compiled = compilePattern(pattern);
  return { test: (value) => compiled.matches(value) };
}

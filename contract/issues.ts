// What a schema of the contract found wrong, as entries of the one error body.
import type { z } from './kit.ts';
import type { ProblemEntry } from './problems.ts';

type Issue = z.core.$ZodIssue;

export interface EntryOptions {
  /** What was judged, to say what was received. */
  readonly input?: unknown;
}

/** Zod's issues as our entries; the branches of a union are opened so that the reader sees the nearest rule, not "invalid input". */
export function entriesOf(
  issues: readonly Issue[],
  prefix: readonly PropertyKey[] = [],
  options: EntryOptions = {},
  inside: readonly PropertyKey[] = [],
): ProblemEntry[] {
  return issues.flatMap((issue) => {
    const own = [...inside, ...issue.path];
    const path = [...prefix, ...own];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const nearest = issue.errors.reduce((a, b) => (b.length > 0 && b.length < a.length ? b : a));
      if (nearest.length > 0) return entriesOf(nearest, prefix, options, own);
    }
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: [...path, key].join('.'),
        code: 'unknown_field',
        message: `${key} is not known here.`,
      }));
    }
    const field = path.join('.');
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    if (missing) return [{ field, code: 'required', message: 'This is required.', ...expectedOf(issue) }];
    const received = 'input' in options ? { received: shownValue(options.input, own) } : {};
    const message =
      'received' in received && !issue.message.includes('received')
        ? `${issue.message.replace(/\.$/, '')}; received ${received.received}.`
        : issue.message.replace('expected record', 'expected object');
    return [{ field, code: issue.code, message, ...expectedOf(issue), ...received }];
  });
}

/** Zod calls an object with any keys a record. */
function expectedOf(issue: Issue): { expected?: string; type?: string } {
  if (!('expected' in issue) || typeof issue.expected !== 'string') return {};
  const expected = issue.expected === 'record' ? 'object' : issue.expected;
  return { expected, type: expected };
}

/** What stands at the place: a short text or number as it is, of anything else the kind. */
function shownValue(input: unknown, path: readonly PropertyKey[]): string {
  let value = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'array' : 'object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value);
}

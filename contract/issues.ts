// What a schema of the contract found wrong, as entries of the one error body.
import type { z } from './kit.ts';
import type { ProblemEntry } from './problems.ts';

type Issue = z.core.$ZodIssue;

/** Zod's issues as our entries; the branches of a union are opened so that the reader sees the nearest rule, not "invalid input". */
export function entriesOf(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): ProblemEntry[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const nearest = issue.errors.reduce((a, b) => (b.length > 0 && b.length < a.length ? b : a));
      if (nearest.length > 0) return entriesOf(nearest, path);
    }
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: [...path, key].join('.'),
        code: 'unknown_field',
        message: `${key} is not known here.`,
      }));
    }
    const expected =
      'expected' in issue && typeof issue.expected === 'string'
        ? { expected: issue.expected, type: issue.expected }
        : {};
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [
      {
        field: path.join('.'),
        code: missing ? 'required' : issue.code,
        message: missing ? 'This is required.' : issue.message,
        ...expected,
      },
    ];
  });
}

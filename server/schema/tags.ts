// The comment that marks an object as ours: the hash of its declaration and, where the definition lists it, the key by which it is known again.

export interface Tagged {
  /** null for what is not ours. */
  readonly tag: string | null;
  /** A declared name, `#` and a hash for what was declared without one, null for what comes with a field. */
  readonly key: string | null;
}

/** `snackbase:<hash>` or `snackbase:<hash> <key>`. */
export const tagComment = (tag: string, key: string | null = null): string =>
  `snackbase:${tag}${key === null ? '' : ` ${key}`}`;

/** What a comment says; both null when it is none of ours. */
export function readTag(comment: string | null): Tagged {
  const found = /^snackbase:([0-9a-f]+)(?: (#?\w+))?$/.exec(comment ?? '');
  return { tag: found?.[1] ?? null, key: found?.[2] ?? null };
}

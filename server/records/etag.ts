// The version of a record as its reader sees it: a strong tag of the reply, and whether a write may build on it.
import { hash } from 'node:crypto';
import { RawJson } from '../context.ts';

/** A strong tag: equal for equal replies only. */
export const tagOf = (json: string): string => `"${hash('sha1', json, 'base64url')}"`;

/** The reply with its tag. */
export const tagged = ({ json }: RawJson): RawJson => new RawJson(json, tagOf(json));

/** Whether an If-Match header allows a write on the reply `json`. A weak tag never does. */
export function allows(header: string, json: string): boolean {
  const tags = header.split(',').map((tag) => tag.trim());
  return tags.includes('*') || tags.includes(tagOf(json));
}

// The version of a record as its reader sees it: a strong tag of the reply, and whether a write may build on it.
import { hash } from 'node:crypto';
import { RawJson } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';

/** A strong tag: equal for equal replies only. What the clock alone changes (a computed field with now()) is no other version. */
export function tagOf(json: string, def: CollectionDef): string {
  const passing = def.computed.filter(({ volatile }) => volatile);
  if (passing.length === 0) return `"${hash('sha1', json, 'base64url')}"`;
  const record = JSON.parse(json) as Record<string, unknown>;
  for (const { name } of passing) delete record[name];
  return `"${hash('sha1', JSON.stringify(record), 'base64url')}"`;
}

/** The reply with its tag. */
export const tagged = ({ json }: RawJson, def: CollectionDef): RawJson => new RawJson(json, tagOf(json, def));

/** Whether an If-Match header allows a write on the reply `json`. A weak tag never does. */
export function allows(header: string, json: string, def: CollectionDef): boolean {
  const tags = header.split(',').map((tag) => tag.trim());
  return tags.includes('*') || tags.includes(tagOf(json, def));
}

// The text of API keys and admin tokens: `sb_uk.<id>.<secret>` and `sb_ak.<id>.<secret>`.
import { fingerprint, randomSecret } from './tokens.ts';

/** A key as a request brought it; whether it is genuine is another question. */
export interface SentKey {
  readonly id: string;
  readonly admin: boolean;
  /** SHA-256 of the secret. */
  readonly hash: Buffer;
}

export interface MadeKey {
  /** Shown once and stored nowhere. */
  readonly text: string;
  readonly hash: Buffer;
  /** How lists show the key: all but its secret, of which four characters are left to tell it apart. */
  readonly prefix: string;
}

const KEY = /^sb_(uk|ak)\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/;
const SHOWN = 4;

/** True for a text that is meant as a key. */
export const isKeyText = (text: string): boolean => text.startsWith('sb_');

/** Null for anything that no key looks like. */
export function parseKey(text: string): SentKey | null {
  const [, kind, id, secret] = KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined) return null;
  return { id, admin: kind === 'ak', hash: fingerprint(secret) };
}

/** A new key with a secret of 256 random bits. */
export function makeKey(id: string, admin: boolean): MadeKey {
  const secret = randomSecret();
  const start = `sb_${admin ? 'ak' : 'uk'}.${id}.`;
  return { text: start + secret, hash: fingerprint(secret), prefix: start + secret.slice(0, SHOWN) };
}

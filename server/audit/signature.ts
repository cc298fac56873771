// Signed ends: a keyed hash over where a chain ends, so that a cut or rewritten tail shows to whoever holds the key.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Where an account's chain ends. */
export interface Head {
  readonly account_id: string;
  readonly seq: number;
  readonly checksum: string;
}

export interface Signer {
  /** HMAC-SHA256 over `{"account_id":…,"checksum":…,"seq":…}`, in hexadecimal. */
  head(head: Head): string;
  /** The same over the number of entries of all chains and the sealer's version. */
  total(entries: number, version: number): string;
  /** Compares in constant time. */
  same(signature: string | null, expected: string): boolean;
}

/** `secret` is the server's encryption key; what signs heads is derived from it and signs nothing else. */
export function createSigner(secret: string): Signer {
  const key = createHmac('sha256', secret).update('snackbase audit head').digest();
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('hex');
  return {
    head: ({ account_id, seq, checksum }) => sign(JSON.stringify({ account_id, checksum, seq })),
    total: (entries, version) => sign(JSON.stringify({ entries, version })),
    same: (signature, expected) =>
      signature !== null &&
      signature.length === expected.length &&
      timingSafeEqual(Buffer.from(signature), Buffer.from(expected)),
  };
}

// Whether a message from outside is signed with the secret of its trigger.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../../contract/problems.ts';

/** A message that is older, or from further ahead, may be one that somebody else sends again. */
const TOLERANCE_SECONDS = 300;

export interface SignedHeaders {
  header(name: string): string | null;
}

const refuse = (reason: string): never => {
  throw new Failure('INVALID_SIGNATURE', { reason });
};

function current(timestamp: string, now: Date): boolean {
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  return Math.abs(now.getTime() / 1000 - seconds) <= TOLERANCE_SECONDS;
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Bytes of a secret: `whsec_…` is base64, anything else its own text. */
const keyOf = (secret: string): Buffer =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');

/**
 * Accepts Standard Webhooks headers (`webhook-id`, `webhook-timestamp`, `webhook-signature`), or X-SnackBase-Timestamp in Unix seconds
 * with `X-SnackBase-Signature: sha256=<hex>` over `<timestamp>.<body>`. Answers the message's id, null where it has none.
 * Throws INVALID_SIGNATURE.
 */
export function checkSignature(headers: SignedHeaders, body: Buffer, secret: string, now: Date): string | null {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    headers.header(name),
  );
  if (id && timestamp && signatures) {
    if (!current(timestamp, now)) refuse('its timestamp is more than 5 minutes away');
    const signed = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest();
    const given = signatures.split(' ').filter((one) => one.startsWith('v1,'));
    if (!given.some((one) => same(Buffer.from(one.slice(3), 'base64'), signed))) refuse('it is another one');
    return id.slice(0, 200);
  }
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(headers.header('x-snackbase-signature') ?? '')?.[1];
  const at = headers.header('x-snackbase-timestamp');
  // Without a moment in what is signed, whoever has seen a message could send it again for ever.
  if (hex === undefined || at === null)
    return refuse(
      'send webhook-id, webhook-timestamp and webhook-signature, or X-SnackBase-Timestamp and X-SnackBase-Signature',
    );
  if (!current(at, now)) refuse('its timestamp is more than 5 minutes away');
  const signed = createHmac('sha256', secret).update(`${at}.`).update(body).digest();
  if (!same(Buffer.from(hex, 'hex'), signed)) refuse('it is another one');
  return null;
}

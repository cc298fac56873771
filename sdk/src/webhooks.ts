// Receiving webhooks: whether a message comes from your server, is whole, and was sent just now.
import type { WebhookPayload } from './types.gen.ts';

/** Why a message is not to be believed. */
export type WebhookErrorCode =
  | 'MISSING_HEADER'
  | 'INVALID_TIMESTAMP'
  | 'TOO_OLD'
  | 'TOO_NEW'
  | 'NO_MATCH'
  | 'INVALID_SECRET'
  | 'INVALID_PAYLOAD';

/** What `verifyWebhook` rejects with. Answer such a message with 400. */
export class WebhookVerificationError extends Error {
  override name = 'WebhookVerificationError';
  constructor(
    readonly code: WebhookErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export interface VerifyOptions {
  /** How far the time of the message may be away, in seconds; default 300. */
  readonly toleranceSeconds?: number;
  /** For tests. */
  readonly now?: Date;
}

/** Headers as `fetch`, Node, Express or a worker have them. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | { readonly [name: string]: string | readonly string[] | undefined };

/**
 * Checks the signature (Standard Webhooks) of the body as it was received, before any parsing, and answers it parsed. Several secrets
 * are those of a rotation: one must fit. Rejects with WebhookVerificationError. Messages may come more than once: keep the `id`.
 */
export async function verifyWebhook<T = WebhookPayload>(
  payload: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceSeconds = 300, now = new Date() }: VerifyOptions = {},
): Promise<T> {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) throw fault('INVALID_TIMESTAMP', 'webhook-timestamp is not a number of seconds.');
  const age = Math.floor(now.getTime() / 1000) - Number(timestamp);
  if (age > toleranceSeconds) throw fault('TOO_OLD', 'The message was sent too long ago.');
  if (age < -toleranceSeconds) throw fault('TOO_NEW', 'The message is from the future: compare the clocks.');

  const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload);
  const body = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  const sent = signatures.split(' ').flatMap((one) => (one.startsWith('v1,') ? [bytesOf(one.slice(3))] : []));
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const key = await keyOf(one);
    // The platform compares in constant time.
    for (const bytes of sent)
      if (bytes !== null && (await crypto.subtle.verify('HMAC', key, bytes, signed))) return parsed<T>(text);
  }
  throw fault(
    'NO_MATCH',
    'No signature fits the body and the secret. Check the body as it came, not parsed and written again.',
  );
}

const fault = (code: WebhookErrorCode, message: string) => new WebhookVerificationError(code, message);

function headerOf(headers: WebhookHeaders, name: string): string {
  let value: unknown;
  if (typeof headers.get === 'function') value = (headers as { get(name: string): string | null }).get(name);
  else {
    const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
    value = Array.isArray(entry?.[1]) ? entry[1][0] : entry?.[1];
  }
  if (typeof value !== 'string' || value === '') throw fault('MISSING_HEADER', `The header ${name} is missing.`);
  return value;
}

function keyOf(secret: string): ReturnType<typeof crypto.subtle.importKey> {
  const bytes = secret.startsWith('whsec_') ? bytesOf(secret.slice(6)) : new TextEncoder().encode(secret);
  if (bytes === null || bytes.length === 0) throw fault('INVALID_SECRET', 'The secret is not valid base64.');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/** Of base64; null for what is none. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw fault('INVALID_PAYLOAD', 'The signed body is not JSON.');
  }
}

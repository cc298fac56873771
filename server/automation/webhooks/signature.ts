// Secrets and signatures: Standard Webhooks, and the header of the product's own beside it.
import { createHmac, randomBytes } from 'node:crypto';
import { VERSION } from '../../version.ts';

const PREFIX = 'whsec_';
const MADE_BYTES = 32;
const [FEWEST, MOST] = [24, 64];

export const makeSecret = (): string => `${PREFIX}${randomBytes(MADE_BYTES).toString('base64')}`;

/** What is wrong with a secret that somebody chose; null when it can be used. */
export function secretProblem(secret: string): string | null {
  if (!secret.startsWith(PREFIX)) return secret.includes('\0') ? 'A secret has no NUL characters.' : null;
  const text = secret.slice(PREFIX.length);
  const { length } = Buffer.from(text, 'base64');
  const plain = /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0;
  return plain && length >= FEWEST && length <= MOST
    ? null
    : `Behind ${PREFIX} stand ${FEWEST} to ${MOST} bytes in base64.`;
}

const keyOf = (secret: string): Buffer =>
  secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);

export interface Signed {
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly messageId: string;
  readonly event: string;
  readonly body: string;
  /** The first is the one that counts; all of them sign. */
  readonly secrets: readonly string[];
  readonly at: Date;
}

/** The headers of one attempt. What a webhook adds stands behind them and cannot replace them. */
export function signedHeaders(message: Signed, own: Readonly<Record<string, string>>): Record<string, string> {
  const { body, secrets, messageId } = message;
  const timestamp = String(Math.floor(message.at.getTime() / 1000));
  const standard = secrets.map(
    (secret) =>
      `v1,${createHmac('sha256', keyOf(secret)).update(`${messageId}.${timestamp}.${body}`).digest('base64')}`,
  );
  const hex = createHmac('sha256', secrets[0] as string)
    .update(body)
    .digest('hex');
  return {
    ...own,
    'Content-Type': 'application/json',
    'User-Agent': `SnackBase/${VERSION}`,
    'webhook-id': messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': standard.join(' '),
    'X-SnackBase-Event': message.event,
    'X-SnackBase-Webhook-Id': message.webhookId,
    'X-SnackBase-Delivery': message.deliveryId,
    'X-SnackBase-Timestamp': timestamp,
    'X-SnackBase-Signature': `sha256=${hex}`,
  };
}

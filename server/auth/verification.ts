// Verifying addresses: single-use tokens that travel by mail.
import { Failure } from '../../contract/problems.ts';
import type { Database, Runner } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Mail } from '../mail/service.ts';
import { findPerson, type PersonRow, putEmailToken, verifyByToken } from './store.ts';
import { fingerprint, randomSecret } from './tokens.ts';

const LIFETIME_MS = 24 * 3_600_000;

export interface Recipient {
  readonly userId: string;
  readonly email: string;
}

export interface Verification {
  /** Makes a token, in place of any earlier one, and answers the work of mailing it: to be called once the token is committed. */
  prepare(run: Runner, to: Recipient): Promise<() => Promise<void>>;
  /** Makes and mails a token. A mail that cannot be sent is logged, not thrown. */
  send(to: Recipient): Promise<void>;
  /** The same without waiting, for replies whose time must not tell whether anything was sent; whatever fails is logged. */
  sendLater(to: Recipient): void;
  /** Resolves once everything that `sendLater` began is done. */
  idle(): Promise<void>;
  /** Uses up a token. Throws INVALID_TOKEN. */
  verify(token: string): Promise<PersonRow>;
}

interface Parts {
  readonly db: Database;
  readonly mail: Mail;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly log?: Logger | undefined;
}

export function createVerification({ db, mail, publicUrl, clock, log }: Parts): Verification {
  const unawaited = new Set<Promise<void>>();
  const failed = (error: unknown, userId: string) =>
    log?.error({ err: error, user_id: userId }, 'The verification message could not be sent.');

  const self: Verification = {
    async prepare(run, { userId, email }) {
      const token = randomSecret();
      const expiresAt = new Date(clock().getTime() + LIFETIME_MS).toISOString();
      await putEmailToken(run, fingerprint(token), userId, 'verify', expiresAt);
      return async () => {
        try {
          await mail.send(message(email, token, publicUrl));
        } catch (error) {
          failed(error, userId);
        }
      };
    },
    async send(to) {
      const deliver = await self.prepare(db, to);
      await deliver();
    },
    sendLater(to) {
      const sending: Promise<void> = self
        .send(to)
        .catch((error) => failed(error, to.userId))
        .finally(() => unawaited.delete(sending));
      unawaited.add(sending);
    },
    async idle() {
      await Promise.all(unawaited);
    },
    async verify(token) {
      const userId = await verifyByToken(db, fingerprint(token), clock().toISOString());
      const person = userId && (await findPerson(db, userId));
      if (!person) throw new Failure('INVALID_TOKEN');
      return person;
    },
  };
  return self;
}

function message(to: string, token: string, publicUrl: string) {
  const link = `${publicUrl}/api/v1/auth/verify-email?token=${token}`;
  const text = [
    'Welcome to SnackBase.',
    `Follow this link to verify your address:\n${link}`,
    `Or enter this token where you are asked for it:\n${token}`,
    'The link works once, for 24 hours. If you did not register, ignore this message.',
  ].join('\n\n');
  return { to, subject: 'Verify your email address', text, template: 'verify_email', links: [link] };
}

// Builds the auth room out of its parts; this is what the app wires.
import type { Accounts } from '../accounts/service.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import type { Mail } from '../mail/service.ts';
import { type Authenticate, createAuthenticate, createTokenEnd } from './authenticate.ts';
import { createPasswords } from './passwords.ts';
import { createPrincipals, type Principals } from './principals.ts';
import { type AuthService, createAuthService } from './service.ts';
import { createSessions } from './sessions/sessions.ts';
import { createSuperadmins } from './superadmins.ts';
import { createTokens } from './tokens.ts';
import { createVerification } from './verification.ts';

export interface AuthOptions {
  readonly db: Database;
  readonly config: Pick<Config, 'secretKey' | 'publicUrl' | 'production'>;
  readonly mail: Mail;
  readonly accounts: Accounts;
  readonly trail?: Recorder;
  readonly log?: Logger;
  readonly lifecycle?: Pick<Lifecycle, 'fire' | 'keep'>;
  /** The time; tests bring their own. */
  readonly clock?: () => Date;
}

export interface Auth {
  readonly service: AuthService;
  readonly authenticate: Authenticate;
  readonly tokenEnd: ReturnType<typeof createTokenEnd>;
  readonly principals: Principals;
  /** Stops listening and sweeping, and waits for messages that are on their way. Call it before the database is closed. */
  close(): Promise<void>;
}

const SWEEP_MS = 3_600_000;

/** Rejects with DatabaseUnavailable when the database cannot be listened to. The database must be migrated. */
export async function createAuth({
  db,
  config,
  mail,
  accounts,
  trail = unsealed,
  log,
  lifecycle = createLifecycle(),
  clock = () => new Date(),
}: AuthOptions): Promise<Auth> {
  const passwords = createPasswords();
  const tokens = createTokens({ secretKey: config.secretKey, clock });
  const principals = await createPrincipals({ db, clock });
  const sessions = createSessions({ db, tokens, principals, trail, clock });
  const verification = createVerification({ db, mail, publicUrl: config.publicUrl, clock, log });
  const superadmins = createSuperadmins({ db, passwords, trail, clock });
  const secureCookies = config.production;
  const parts = {
    db,
    accounts,
    passwords,
    tokens,
    principals,
    sessions,
    verification,
    superadmins,
    trail,
    lifecycle,
    secureCookies,
    clock,
  };
  const service = createAuthService(parts);
  accounts.onDelete((tx, account) => principals.invalidate({ account }, tx));

  const sweeping = setInterval(() => {
    sessions.sweep().catch((error) => log?.warn({ err: error }, 'Old sessions could not be removed.'));
  }, SWEEP_MS);
  sweeping.unref();

  return {
    service,
    authenticate: createAuthenticate(tokens, principals),
    tokenEnd: createTokenEnd(tokens),
    principals,
    async close() {
      clearInterval(sweeping);
      await service.idle();
      await principals.close();
    },
  };
}

// What the auth room offers: the routes of its contract, and to other rooms the ways to add users and to end what they hold.
import type { auth as contract } from '../../contract/auth.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import { type Accounts, accountKey } from '../accounts/service.ts';
import type { Recorder } from '../audit/service.ts';
import { Answer, type Ctx, requireCaller } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Lifecycle } from '../lifecycle/service.ts';
import { BUILTIN_ROLES } from '../roles/service.ts';
import { accountBrief, userBrief } from './briefs.ts';
import { clearCookie, setCookie } from './cookie.ts';
import { type Passwords, passwordProblems } from './passwords.ts';
import { addUser, type NewUser } from './people.ts';
import type { Principals, Scope } from './principals.ts';
import type { EndReason, Sessions } from './sessions/sessions.ts';
import { dropEmailTokens, findLogin, findPerson, type PersonRow } from './store.ts';
import type { Superadmins } from './superadmins.ts';
import type { Tokens } from './tokens.ts';
import type { Recipient, Verification } from './verification.ts';

export { makeKey } from './keys.ts';
export { emailTaken, type NewUser } from './people.ts';
export type { Scope } from './principals.ts';
export type { EndReason } from './sessions/sessions.ts';
export { fingerprint, randomSecret } from './tokens.ts';

type C = typeof contract;
type Body<K extends keyof C> = Parsed<C[K]>['body'];

export interface AuthService {
  register(input: Body<'register'>, ctx?: Ctx): Promise<Reply<C['register']>>;
  login(input: Body<'login'>, ctx: Ctx): Promise<Reply<C['login']> | Answer<Reply<C['login']>>>;
  refresh(refreshToken: string): Promise<Reply<C['refresh']>>;
  logout(input: Body<'logout'>, ctx: Ctx): Promise<Answer<Reply<C['logout']>>>;
  me(ctx: Ctx): Promise<Reply<C['me']>>;
  verifyEmail(token: string): Promise<Reply<C['verifyEmail']>>;
  sendVerification(input: Body<'sendVerification'>, ctx: Ctx): Promise<Reply<C['sendVerification']>>;

  /** For other rooms. Checks the caller's own password again; throws INVALID_CREDENTIALS. */
  confirmPassword(ctx: Ctx, password: string): Promise<void>;
  /** The hash of a password; throws INVALID_RESOURCE_DATA with one entry per broken rule. */
  hashPassword(password: string, field?: string): Promise<string>;
  /** Adds a user and answers his id; throws CONFLICT when the account has that address. */
  addUser(tx: Transaction, user: NewUser, ctx?: Ctx): Promise<string>;
  /** Tells in `tx` that a person has come into an account by his own doing, as with an account of his own. */
  joined(
    tx: Transaction,
    person: { readonly userId: string; readonly accountId: string; readonly email: string },
    ctx: Ctx | null,
  ): Promise<void>;
  /** Makes a change of a user act on his next request. */
  userChanged(tx: Transaction, userId: string): Promise<void>;
  /** The same for what else a change can concern: a key, all users of a role, an account. */
  changed(tx: Transaction, scope: Scope): Promise<void>;
  /** Registers work that belongs to registering an account; it runs inside the transaction, once the account has its admin. */
  onRegister(work: (tx: Transaction, registered: Registered) => Promise<void>): void;
  /** Ends all sessions of a user. */
  endSessions(tx: Transaction, userId: string, reason: EndReason): Promise<void>;
  /** Voids the mailed tokens of a user whose address changed. */
  dropEmailTokens(tx: Transaction, userId: string): Promise<void>;
  /** Mails a verification token; a mail that cannot be sent is logged. */
  mailVerification(to: Recipient): Promise<void>;

  /** Adds a superadmin; for the command line. */
  createSuperadmin: Superadmins['create'];
  /** Makes the first superadmin when there is none; for the first start. */
  ensureSuperadmin: Superadmins['ensure'];
  /** Resolves once the messages that replies did not wait for are on their way. */
  idle(): Promise<void>;
}

/** A new account and its first user. */
export interface Registered {
  readonly accountId: string;
  readonly userId: string;
}

export interface AuthParts {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
  readonly principals: Principals;
  readonly sessions: Sessions;
  readonly verification: Verification;
  readonly superadmins: Superadmins;
  readonly trail: Recorder;
  readonly lifecycle: Pick<Lifecycle, 'fire' | 'keep'>;
  readonly secureCookies: boolean;
  readonly clock: () => Date;
}

export function createAuthService(parts: AuthParts): AuthService {
  const { db, accounts, passwords, tokens, principals, sessions, verification, superadmins, trail, lifecycle } = parts;
  const { secureCookies, clock } = parts;
  const now = () => clock().toISOString();
  const atRegister: Array<(tx: Transaction, registered: Registered) => Promise<void>> = [];

  const joined: AuthService['joined'] = (tx, person, ctx) =>
    lifecycle.keep('on_auth_after_register', person, { ctx, accountId: person.accountId, tx });

  async function requirePerson(userId: string): Promise<PersonRow> {
    const person = await findPerson(db, userId);
    // The user was removed while his request ran.
    if (!person) throw new Failure('UNAUTHORIZED');
    return person;
  }

  async function lookUp(account: string, email: string) {
    const key = accountKey(account);
    return key === null || email.includes('\0') ? null : findLogin(db, key, email);
  }

  return {
    async register({ account_name: name, account_slug: slug, email, password }, ctx) {
      const problems = [
        ...accounts.problems({ name, slug }, { name: 'account_name', slug: 'account_slug' }),
        ...passwordProblems(password),
      ];
      if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
      const asked = { accountName: name, accountSlug: slug ?? null, email };
      await lifecycle.fire('on_auth_before_register', asked, { ctx: ctx ?? null });
      const passwordHash = await passwords.hash(password);
      const { userId, deliver } = await db.transaction(async (tx) => {
        const { id: accountId } = await accounts.found(tx, { name, slug }, 'account_slug', ctx);
        const user = { accountId, email, passwordHash, roleId: BUILTIN_ROLES.admin, isActive: true, verified: false };
        const userId = await addUser(tx, user, now(), trail, ctx);
        for (const work of atRegister) await work(tx, { accountId, userId });
        await joined(tx, { userId, accountId, email }, ctx ?? null);
        return { userId, deliver: await verification.prepare(tx, { userId, email }) };
      });
      await deliver();
      const person = await requirePerson(userId);
      await lifecycle.fire('on_auth_after_register', factsOf(person), insideOf(ctx, person));
      const message = 'Registration successful. Please check your email to verify your account.';
      return { message, account: accountBrief(person), user: userBrief(person) };
    },

    async login({ account, email, password, session }, ctx) {
      if (account === undefined) throw accountRequired();
      await lifecycle.fire('on_auth_before_login', { account, email }, { ctx });
      const found = await lookUp(account, email);
      // Whoever is not found costs a hash as well, so that the time of the answer does not tell.
      const right = await passwords.verify(found?.password_hash ?? null, password);
      if (!found || !right || !found.is_active) throw new Failure('INVALID_CREDENTIALS');
      if (!found.email_verified) throw new Failure('EMAIL_NOT_VERIFIED');
      const { reply, sessionId } = await sessions.open(found, found.password_hash, ctx, (tx) =>
        lifecycle.keep('on_auth_after_login', factsOf(found), { ...insideOf(ctx, found), tx }),
      );
      await lifecycle.fire('on_auth_after_login', factsOf(found), insideOf(ctx, found));
      if (!session) return reply;
      const token = tokens.sign('session', { userId: found.id, accountId: found.account_id, sessionId });
      return new Answer(reply, setCookie(token, secureCookies));
    },

    refresh: (refreshToken) => sessions.refresh(refreshToken),

    async logout(input, ctx) {
      const facts = { userId: ctx.caller?.userId ?? null };
      await lifecycle.fire('on_auth_before_logout', facts, { ctx });
      // Expired ones count too: what they belong to may live on through another token.
      const sent = [
        ctx.sessionCookie === null ? null : tokens.verify(ctx.sessionCookie, 'session'),
        input?.refresh_token === undefined ? null : tokens.verify(input.refresh_token, 'refresh'),
      ].flatMap((verified) => (verified ? [verified.claims.sid] : []));
      const own = ctx.caller?.sessionId ?? null;
      await sessions.end(own === null ? sent : [own, ...sent], 'logout', ctx, (tx) =>
        lifecycle.keep('on_auth_after_logout', facts, { ctx, tx }),
      );
      await lifecycle.fire('on_auth_after_logout', facts, { ctx });
      return new Answer({ message: 'You are logged out.' }, clearCookie(secureCookies));
    },

    async me(ctx) {
      const { userId, superadmin } = requireCaller(ctx);
      const person = await requirePerson(userId);
      const { id, email, role, account_id } = person;
      const flat = { id, user_id: id, email, role, account_id, is_superadmin: superadmin };
      return { ...flat, user: userBrief(person), account: accountBrief(person) };
    },

    async verifyEmail(token) {
      return { message: 'Your address is verified.', user: userBrief(await verification.verify(token)) };
    },

    async sendVerification(input, ctx) {
      const account = input?.account ?? ctx.caller?.accountId;
      const email = input?.email ?? ctx.caller?.email;
      if (account === undefined) throw accountRequired();
      if (email === undefined) throw new Failure('INVALID_REQUEST', {}, [missing('email', 'Name the e-mail address.')]);
      const found = await lookUp(account, email);
      if (found?.is_active && !found.email_verified) {
        verification.sendLater({ userId: found.id, email: found.email });
      }
      return { message: 'If the address waits for verification, a message is on its way.' };
    },

    async confirmPassword(ctx, password) {
      const { accountId, email } = requireCaller(ctx);
      const found = await lookUp(accountId, email);
      if (!(await passwords.verify(found?.password_hash ?? null, password))) throw new Failure('INVALID_CREDENTIALS');
    },
    hashPassword: (password, field) => passwords.hash(password, field),
    addUser: (tx, user, ctx) => addUser(tx, user, now(), trail, ctx),
    joined,
    userChanged: (tx, user) => principals.invalidate({ user }, tx),
    changed: (tx, scope) => principals.invalidate(scope, tx),
    onRegister: (work) => void atRegister.push(work),
    endSessions: (tx, userId, reason) => sessions.endAll(tx, userId, reason),
    dropEmailTokens: (tx, userId) => dropEmailTokens(tx, userId),
    mailVerification: (to) => verification.send(to),
    createSuperadmin: (input) => superadmins.create(input),
    ensureSuperadmin: (configured) => superadmins.ensure(configured),
    idle: () => verification.idle(),
  };
}

const factsOf = ({ id, account_id, email }: Pick<PersonRow, 'id' | 'account_id' | 'email'>) => ({
  userId: id,
  accountId: account_id,
  email,
});

/** He is the caller from here on. */
const insideOf = (ctx: Ctx | undefined, { id, account_id, email }: Pick<PersonRow, 'id' | 'account_id' | 'email'>) => ({
  ctx: ctx ?? null,
  accountId: account_id,
  cause: { kind: 'user' as const, userId: id, email },
});

const missing = (field: string, message: string): ProblemEntry => ({ field, code: 'required', message });

const accountRequired = () =>
  new Failure('ACCOUNT_REQUIRED', { how: 'send its slug or its id as account' }, [
    missing('account', 'Name the account.'),
  ]);

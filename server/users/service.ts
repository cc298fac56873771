// Users of all accounts, as superadmins manage them. What is taken from a user acts on his next request.
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { type PageQuery, page, pageWindow } from '../../contract/shapes.ts';
import type { users as contract, User } from '../../contract/users.ts';
import type { Accounts } from '../accounts/service.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import { type AuthService, emailTaken } from '../auth/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { isUniqueViolation } from '../db/errors.ts';
import { isUuid } from '../ids.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import { BUILTIN_ROLES, type Roles } from '../roles/service.ts';
import * as store from './store.ts';

type C = typeof contract;
type Body<K extends keyof C> = Parsed<C[K]>['body'];

export interface Users {
  list(query: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  /** The users of the account that an id or a slug names. Throws RESOURCE_NOT_FOUND. */
  listOfAccount(idOrSlug: string, query: PageQuery): Promise<Reply<C['list']>>;
  create(input: Body<'create'>, ctx?: Ctx): Promise<User>;
  get(id: string): Promise<User>;
  update(id: string, change: Body<'update'>, ctx: Ctx): Promise<User>;
  /** Deactivates; the row stays in the history of what the user did. */
  delete(id: string, ctx: Ctx): Promise<undefined>;
  setPassword(id: string, password: string, ctx?: Ctx): Promise<Reply<C['setPassword']>>;
  verify(id: string, ctx?: Ctx): Promise<Reply<C['verify']>>;
  resendVerification(id: string): Promise<Reply<C['resendVerification']>>;
}

export interface UsersOptions {
  readonly db: Database;
  readonly auth: AuthService;
  readonly accounts: Accounts;
  readonly roles: Roles;
  readonly trail?: Recorder;
  readonly lifecycle?: Pick<Lifecycle, 'fire' | 'keep'>;
  readonly clock?: () => Date;
}

export function createUsers({
  db,
  auth,
  accounts,
  roles,
  trail = unsealed,
  lifecycle = createLifecycle(),
  clock = () => new Date(),
}: UsersOptions): Users {
  const now = () => clock().toISOString();

  async function find(id: string, run: Runner = db): Promise<User> {
    const user = isUuid(id) ? await store.findUser(run, id) : null;
    if (!user) throw new Failure('RESOURCE_NOT_FOUND');
    return user;
  }

  async function requireRole(id: number, tx: Transaction): Promise<void> {
    if (!(await roles.assignable(tx, id))) throw notThere('role_id', `There is no role ${id}.`);
  }

  /** Changes in the chain of the user's account; names that follow from ids are left out. */
  function told(tx: Transaction, ctx: Ctx | undefined, { id, account_id: accountId }: User, ...change: object[]) {
    const [before, after] = change.map((row) => ({ ...row, role_name: null, account_name: null, last_login: null }));
    return trail.record(tx, ctx, { accountId, table: 'users', id, before: before ?? null, after: after ?? null });
  }

  const self: Users = {
    async list(query) {
      const window = pageWindow(query);
      const { account_id: account, role_id, is_active, search } = query;
      refuseNul(search);
      const accountId = account === undefined ? null : await accounts.resolve(account);
      if (account !== undefined && accountId === null) return page([], 0, window);
      const { items, total } = await store.listUsers(db, {
        accountId,
        roleId: role_id ?? null,
        isActive: is_active ?? null,
        search: search ?? null,
        ...order(query),
        ...window,
      });
      return page(items, total, window);
    },

    async listOfAccount(idOrSlug, query) {
      const accountId = await accounts.resolve(idOrSlug);
      if (accountId === null) throw new Failure('RESOURCE_NOT_FOUND');
      return self.list({ ...query, account_id: accountId });
    },

    async create(
      { email, password, account_id: account, role_id: roleId = BUILTIN_ROLES.user, is_active, email_verified },
      ctx,
    ) {
      const accountId = await accounts.resolve(account);
      if (accountId === null) throw notThere('account_id', `There is no account ${account}.`);
      const passwordHash = await auth.hashPassword(password);
      const isActive = is_active ?? true;
      const verified = email_verified ?? true;
      const id = await db.transaction(async (tx) => {
        await requireRole(roleId, tx);
        return auth.addUser(tx, { accountId, email, passwordHash, roleId, isActive, verified }, ctx);
      });
      if (!verified) await auth.mailVerification({ userId: id, email });
      return find(id);
    },

    get: (id) => find(id),

    async update(id, { email, role_id: roleId, is_active: isActive }, ctx) {
      const change = { email: email ?? null, roleId: roleId ?? null, isActive: isActive ?? null };
      return db.transaction(async (tx) => {
        // The lock comes first: what is compared below must be what is changed.
        if (isActive === false) await store.lockSuperadmins(tx);
        if (!isUuid(id) || !(await store.lockUser(tx, id))) throw new Failure('RESOURCE_NOT_FOUND');
        const before = await find(id, tx);
        if (id.toLowerCase() === ctx.caller?.userId) {
          if (isActive === false) throw new Failure('FORBIDDEN', { reason: 'nobody can deactivate himself' });
          if (roleId !== undefined && roleId !== before.role_id) {
            throw new Failure('FORBIDDEN', { reason: 'nobody can change his own role' });
          }
        }
        if (isActive === false && before.account_id === SYSTEM_ACCOUNT && !(await store.hasOtherSuperadmin(tx, id))) {
          throw new Failure('FORBIDDEN', { reason: 'this is the last active superadmin' });
        }
        if (roleId !== undefined) await requireRole(roleId, tx);
        try {
          await store.updateUser(tx, id, change, now());
        } catch (error) {
          throw isUniqueViolation(error) ? emailTaken() : error;
        }
        if (email !== undefined && email !== before.email) await auth.dropEmailTokens(tx, id);
        if (isActive === false) await auth.endSessions(tx, before.id, 'user deactivated');
        await auth.userChanged(tx, before.id);
        const after = await find(id, tx);
        await told(tx, ctx, before, before, after);
        return after;
      });
    },

    async delete(id, ctx) {
      await self.update(id, { is_active: false }, ctx);
      return undefined;
    },

    async setPassword(id, password, ctx) {
      const user = await find(id);
      const hash = await auth.hashPassword(password, 'new_password');
      const facts = { userId: user.id, accountId: user.account_id, email: user.email };
      const inside = { ctx: ctx ?? null, accountId: user.account_id };
      await lifecycle.fire('on_auth_before_password_reset', facts, inside);
      await db.transaction(async (tx) => {
        await store.updatePassword(tx, user.id, hash, now());
        await told(tx, ctx, user, { password: 'old' }, { password: 'new' });
        await auth.endSessions(tx, user.id, 'password changed');
        await lifecycle.keep('on_auth_after_password_reset', facts, { ...inside, tx });
      });
      await lifecycle.fire('on_auth_after_password_reset', facts, inside);
      return { message: 'The password is set.' };
    },

    async verify(id, ctx) {
      const user = await db.transaction(async (tx) => {
        const before = await find(id, tx);
        await store.markVerified(tx, before.id, now());
        const after = await find(id, tx);
        await told(tx, ctx, before, before, after);
        return after;
      });
      return { message: 'The address is verified.', user };
    },

    async resendVerification(id) {
      const user = await find(id);
      if (user.email_verified) throw new Failure('EMAIL_ALREADY_VERIFIED');
      await auth.mailVerification({ userId: user.id, email: user.email });
      return { message: 'The message is on its way.' };
    },
  };
  return self;
}

type ListQuery = Parsed<C['list']>['query'];

/** `sort=-email`, or `sort_by=email&sort_order=desc`; the newest first when neither is sent. */
function order({ sort, sort_by, sort_order }: ListQuery) {
  if (sort !== undefined) {
    const descending = sort.startsWith('-');
    return { orderBy: (descending ? sort.slice(1) : sort) as 'created_at' | 'email', descending };
  }
  return { orderBy: sort_by ?? 'created_at', descending: sort_order !== 'asc' };
}

function refuseNul(search: string | undefined): void {
  if (search?.includes('\0'))
    throw new Failure('INVALID_QUERY_PARAMS', { name: 'search', reason: 'NUL is not allowed' });
}

const notThere = (field: string, message: string) =>
  new Failure('RESOURCE_NOT_FOUND', {}, [{ field, code: 'not_found', message }]);

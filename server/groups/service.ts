// Groups of an account, as its admins manage them. What changes acts on the next request of the members.
import type { groups as contract, GroupDetail } from '../../contract/groups.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import type { Accounts } from '../accounts/service.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import type { AuthService } from '../auth/service.ts';
import type { Ctx } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { isUniqueViolation } from '../db/errors.ts';
import { isUuid, uuidV7 } from '../ids.ts';
import * as store from './store.ts';

/** Every new account has this group; its members see personal data unmasked. */
export const PII_GROUP = 'pii_access';

type C = typeof contract;

/** Each method throws RESOURCE_NOT_FOUND for a group that is not there or, to the caller, not his account's. */
export interface Groups {
  list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>>;
  /** Throws CONFLICT for a name that the account has, ACCOUNT_REQUIRED when a superadmin names no account, FORBIDDEN. */
  create(input: Parsed<C['create']>['body'], ctx: Ctx): Promise<GroupDetail>;
  get(id: string, ctx: Ctx): Promise<GroupDetail>;
  /** Throws CONFLICT as well. */
  update(id: string, change: Parsed<C['update']>['body'], ctx: Ctx): Promise<GroupDetail>;
  delete(id: string, ctx: Ctx): Promise<undefined>;
  /** Throws RESOURCE_NOT_FOUND for a user who is not in the group's account, CONFLICT for a member. */
  addUser(id: string, userId: string, ctx: Ctx): Promise<Reply<C['addUser']>>;
  /** Throws RESOURCE_NOT_FOUND for who is no member. */
  removeUser(id: string, userId: string, ctx: Ctx): Promise<undefined>;
}

export interface GroupsOptions {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly auth: AuthService;
  readonly trail?: Recorder;
  readonly clock?: () => Date;
}

/** Also gives every account that is founded from now on its first group, with the user who registers it as a member. */
export function createGroups({
  db,
  accounts,
  auth,
  trail = unsealed,
  clock = () => new Date(),
}: GroupsOptions): Groups {
  const now = () => clock().toISOString();
  const told = (
    tx: Transaction,
    ctx: Ctx,
    accountId: string,
    id: string,
    change: { before?: object; after?: object },
  ) => trail.record(tx, ctx, { accountId, table: 'groups', id: id.toLowerCase(), ...change });

  accounts.onFound((tx, accountId) => {
    const group = { id: uuidV7(), accountId, name: PII_GROUP, description: 'Sees personal data unmasked' };
    return store.insertGroup(tx, group, now());
  });
  auth.onRegister((tx, { accountId, userId }) => store.joinNamed(tx, accountId, PII_GROUP, userId, now()));

  /** Runs with the group locked; `work` gets the group's account. */
  async function within<T>(id: string, ctx: Ctx, work: (tx: Transaction, accountId: string) => Promise<T>): Promise<T> {
    const scope = await accounts.scope(ctx);
    return db.transaction(async (tx) => {
      const accountId = isUuid(id) ? await store.lockGroup(tx, id, scope) : null;
      if (accountId === null) throw new Failure('RESOURCE_NOT_FOUND');
      return work(tx, accountId);
    });
  }

  async function detail(id: string, accountId: string | null, run: Database | Transaction = db): Promise<GroupDetail> {
    const group = isUuid(id) ? await store.findGroup(run, id, accountId) : null;
    if (group === null) throw new Failure('RESOURCE_NOT_FOUND');
    return group;
  }

  return {
    async list({ account_id: given, search = null, ...query }, ctx) {
      if (search?.includes('\0'))
        throw new Failure('INVALID_QUERY_PARAMS', { name: 'search', reason: 'NUL is not allowed' });
      const window = pageWindow(query);
      const accountId = await accounts.scope(ctx, given);
      const { items, total } = await store.listGroups(db, { accountId, search, ...window });
      return page(items, total, window);
    },

    async create({ name, description = null, account_id: given }, ctx) {
      refuseNul({ name, description });
      const accountId = await accounts.scope(ctx, given);
      if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID or account_id' });
      const id = uuidV7();
      return db.transaction(async (tx) => {
        await store.insertGroup(tx, { id, accountId, name, description }, now()).catch(refuseTaken);
        await told(tx, ctx, accountId, id, { after: { id, name, description } });
        return detail(id, accountId, tx);
      });
    },

    get: async (id, ctx) => detail(id, await accounts.scope(ctx)),

    async update(id, { name = null, description }, ctx) {
      refuseNul({ name, description });
      return within(id, ctx, async (tx, account) => {
        const before = await detail(id, account, tx);
        await store.updateGroup(tx, id, { name, description }, now()).catch(refuseTaken);
        const after = await detail(id, account, tx);
        await told(tx, ctx, account, id, { before: settings(before), after: settings(after) });
        await auth.changed(tx, { account });
        return after;
      });
    },

    async delete(id, ctx) {
      await within(id, ctx, async (tx, account) => {
        const before = await detail(id, account, tx);
        await store.deleteGroup(tx, id);
        await told(tx, ctx, account, id, { before: settings(before) });
        await auth.changed(tx, { account });
      });
      return undefined;
    },

    async addUser(id, userId, ctx) {
      await within(id, ctx, async (tx, accountId) => {
        if (!isUuid(userId) || !(await store.isUserOf(tx, userId, accountId))) {
          const message = 'The account has no such user.';
          throw new Failure('RESOURCE_NOT_FOUND', {}, [{ field: 'user_id', code: 'not_found', message }]);
        }
        if (!(await store.addMember(tx, accountId, id, userId, now()))) {
          throw new Failure('CONFLICT', { what: 'This membership' }, [
            { field: 'user_id', code: 'already_member', message: 'The user is a member.' },
          ]);
        }
        await told(tx, ctx, accountId, id, { before: {}, after: { member: userId.toLowerCase() } });
        await auth.userChanged(tx, userId.toLowerCase());
      });
      return { message: 'The user is a member.' };
    },

    async removeUser(id, userId, ctx) {
      await within(id, ctx, async (tx, accountId) => {
        if (!isUuid(userId) || !(await store.removeMember(tx, id, userId))) throw new Failure('RESOURCE_NOT_FOUND');
        await told(tx, ctx, accountId, id, { before: { member: userId.toLowerCase() }, after: {} });
        await auth.userChanged(tx, userId.toLowerCase());
      });
      return undefined;
    },
  };
}

const settings = ({ id, name, description }: GroupDetail) => ({ id, name, description });

function refuseNul(texts: Readonly<Record<string, string | null | undefined>>): void {
  const problems: ProblemEntry[] = Object.entries(texts)
    .filter(([, text]) => text?.includes('\0'))
    .map(([field]) => ({ field, code: 'invalid_characters', message: `A ${field} has no NUL characters.` }));
  if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
}

function refuseTaken(error: unknown): never {
  if (!isUniqueViolation(error)) throw error;
  const entry = { field: 'name', code: 'name_taken', message: 'The account has a group of this name.' };
  throw new Failure('CONFLICT', { what: 'A group of this name in the account' }, [entry]);
}

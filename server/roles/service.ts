// Roles: what a user can be in his account. What changes of a role acts on the next request of everyone who has it.
import type { Parsed } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { roles as contract } from '../../contract/roles.ts';
import type { Grants } from '../access/grants.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../db/errors.ts';
import type { Role } from './store.ts';
import * as store from './store.ts';

export type { Role } from './store.ts';

/** The roles that every installation has, with their ids; `public` is that of callers without a credential, no user has it. */
export const BUILTIN_ROLES = { public: 0, admin: 1, user: 2 } as const;

type RoleInput = Omit<Parsed<(typeof contract)['create']>['body'], 'permissions'>;
type RoleChange = Omit<Parsed<(typeof contract)['update']>['body'], 'permissions'>;
/** What is done in the same transaction, once the role is stored and locked. */
export type Also = (tx: Transaction, role: Role) => Promise<void>;

export interface Roles {
  list(): Promise<Role[]>;
  /** Throws INVALID_RESOURCE_DATA for a bad name, CONFLICT for one that is taken in any case. */
  create(input: RoleInput, ctx?: Ctx, also?: Also): Promise<Role>;
  /** By id or name. Throws RESOURCE_NOT_FOUND. */
  get(id: string): Promise<Role>;
  /** Changes what is given. Throws as `get` and `create` do, and BUILTIN_ROLE. */
  update(id: string, change: RoleChange, ctx?: Ctx, also?: Also): Promise<Role>;
  /** Throws RESOURCE_NOT_FOUND, BUILTIN_ROLE, RELATION_RESTRICTED. */
  delete(id: string, ctx?: Ctx): Promise<undefined>;

  /** For other rooms. The role, which stays as it is until the transaction ends. Throws RESOURCE_NOT_FOUND. */
  lock(tx: Transaction, id: string): Promise<Role>;
  /** True when users may have the role, which then stays there until the transaction ends. */
  assignable(tx: Transaction, id: number): Promise<boolean>;
}

export interface RolesOptions {
  readonly db: Database;
  readonly grants: Pick<Grants, 'publish'>;
  /** Makes a change act on the next request of the role's users. */
  readonly changed: (tx: Transaction, scope: { readonly role: number }) => Promise<void>;
  readonly trail?: Recorder;
  readonly clock?: () => Date;
}

export function createRoles({ db, grants, changed, trail = unsealed, clock = () => new Date() }: RolesOptions): Roles {
  const now = () => clock().toISOString();
  /** Roles are the server's, so the system account's chain tells of them. */
  const told = (tx: Transaction, ctx: Ctx | undefined, before: Role | null, after: Role | null) =>
    trail.record(tx, ctx, {
      accountId: SYSTEM_ACCOUNT,
      table: 'roles',
      id: String((after ?? before)?.id),
      before,
      after,
    });

  async function found(id: string, read: typeof store.findRole, run: Runner): Promise<Role> {
    const key = isRoleId(id) ? Number(id) : isRoleName(id) ? id : null;
    const role = key === null ? null : await read(run, key);
    if (role === null) throw new Failure('RESOURCE_NOT_FOUND');
    return role;
  }

  return {
    list: () => store.listRoles(db),

    async create({ name, description, enabled }, ctx, also) {
      refuseBad({ name, description });
      const row = { name, description: description ?? null, enabled: enabled ?? true };
      return db.transaction(async (tx) => {
        const role = await store.insertRole(tx, row, now()).catch(refuseTaken(name));
        await told(tx, ctx, null, role);
        await also?.(tx, role);
        return role;
      });
    },

    get: (id) => found(id, store.findRole, db),

    async update(id, change, ctx, also) {
      refuseBad(change);
      return db.transaction(async (tx) => {
        const before = await found(id, store.lockRole, tx);
        const after = {
          name: change.name ?? before.name,
          description: change.description === undefined ? before.description : change.description,
          enabled: change.enabled ?? before.enabled,
        };
        if (before.is_builtin && after.name !== before.name) throw builtin(before, 'its name stays');
        if (before.id === BUILTIN_ROLES.admin && !after.enabled) throw builtin(before, 'it cannot be disabled');
        const role = await store.updateRole(tx, before.id, after, now()).catch(refuseTaken(after.name));
        await told(tx, ctx, before, role);
        await also?.(tx, role);
        if (role.name !== before.name) await changed(tx, { role: role.id });
        if (role.name !== before.name || role.enabled !== before.enabled) await grants.publish(tx);
        return role;
      });
    },

    async delete(id, ctx) {
      await db.transaction(async (tx) => {
        const role = await found(id, store.lockRole, tx);
        if (role.is_builtin) throw builtin(role, 'it cannot be deleted');
        const users = await store.countUsers(tx, role.id);
        if (users > 0) throw inUse(`${users} ${users === 1 ? 'user' : 'users'}`);
        await store.deleteRole(tx, role.id).catch((error) => {
          throw isForeignKeyViolation(error) ? inUse('users') : error;
        });
        await told(tx, ctx, role, null);
        await grants.publish(tx);
      });
      return undefined;
    },

    lock: (tx, id) => found(id, store.lockRole, tx),
    assignable: async (tx, id) => id !== BUILTIN_ROLES.public && (await store.keepRole(tx, id)) !== null,
  };
}

const isRoleId = (id: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(id) && Number(id) <= 2_147_483_647;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const isRoleName = (text: string): boolean => text.length <= 100 && NAME.test(text);

const builtin = ({ name }: Role, reason: string) => new Failure('BUILTIN_ROLE', { name, reason });
const inUse = (references: string) => new Failure('RELATION_RESTRICTED', { references });

function refuseBad({
  name,
  description,
}: {
  name?: string | undefined;
  description?: string | null | undefined;
}): void {
  const entry = (field: string, code: string, message: string): ProblemEntry => ({ field, code, message });
  const problems: ProblemEntry[] = [];
  if (name === '') problems.push(entry('name', 'name_required', 'Give the role a name.'));
  else if (name !== undefined && name.length > 100) {
    problems.push(entry('name', 'name_too_long', 'Use at most 100 characters.'));
  } else if (name !== undefined && !NAME.test(name)) {
    const message = 'Use letters, digits and underscores only, and begin with a letter or an underscore.';
    problems.push(entry('name', 'name_invalid_format', message));
  }
  if (description?.includes('\0')) {
    problems.push(entry('description', 'invalid_characters', 'A description has no NUL characters.'));
  }
  if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
}

const refuseTaken = (name: string) => (error: unknown) => {
  if (!isUniqueViolation(error)) throw error;
  const entry = { field: 'name', code: 'name_taken', message: `There is a role ${name}.` };
  throw new Failure('CONFLICT', { what: `A role named ${name}` }, [entry]);
};

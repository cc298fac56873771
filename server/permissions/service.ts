// Permissions: what roles may do on collections, as superadmins manage it, and what a caller may do himself.
import type { Parsed, Reply } from '../../contract/kit.ts';
import type { permissions as contract, PermissionMatrix } from '../../contract/permissions.ts';
import { Failure } from '../../contract/problems.ts';
import type { roles as rolesContract } from '../../contract/roles.ts';
import type { Grants } from '../access/grants.ts';
import { shareRules } from '../access/store.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import { type Caller, type Ctx, requireCaller, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Roles } from '../roles/service.ts';
import { OPERATIONS, type RuleOperation } from '../schema/collection-access.ts';
import { type CheckRule, checkUpdates, lookUp } from './check.ts';
import { createNamedRoles, type NamedRoles } from './named-roles.ts';
import { permissionName, shortName } from './names.ts';
import * as store from './store.ts';

export { type CheckRule, type Known, lookUp, resolve } from './check.ts';
export { shortName, unknownFields } from './names.ts';
export {
  type CollectionPermissions,
  createCollectionPermissions,
  type StatedPermission,
} from './of-collection.ts';

type C = typeof contract;
type Updates = Parsed<(typeof rolesContract)['updatePermissions']>['body']['updates'];

export interface Permissions {
  /** Throws RESOURCE_NOT_FOUND. */
  ofRole(roleId: string): Promise<Reply<(typeof rolesContract)['permissions']>>;
  /** Applies all entries or none. Throws RESOURCE_NOT_FOUND for the role, INVALID_RESOURCE_DATA with every problem. */
  update(roleId: string, updates: Updates, ctx?: Ctx): Promise<Reply<(typeof rolesContract)['updatePermissions']>>;
  /** Throws RESOURCE_NOT_FOUND. */
  delete(id: string, ctx?: Ctx): Promise<undefined>;
  available(): Promise<Reply<C['available']>>;
  /** Roles together with the names of what they may do. */
  readonly roles: NamedRoles;
  own(ctx: Ctx): Promise<Reply<C['own']>>;
}

export interface PermissionsOptions {
  readonly db: Database;
  readonly grants: Pick<Grants, 'publish'>;
  readonly roles: Pick<Roles, 'list' | 'get' | 'create' | 'update' | 'lock'>;
  readonly checkRule: CheckRule;
  /** Whether a caller gets as far as the rows of a collection named in full. */
  readonly may: (caller: Caller, collection: string, operation: RuleOperation) => boolean;
  readonly trail?: Recorder;
  readonly clock?: () => Date;
}

export function createPermissions({
  db,
  grants,
  roles,
  checkRule,
  may,
  trail = unsealed,
  clock = () => new Date(),
}: PermissionsOptions): Permissions {
  /** A role's permissions change in the system account's chain, one entry a permission. */
  async function told(tx: Transaction, ctx: Ctx | undefined, roleId: number, before: store.PermissionRow[]) {
    const list = (rows: store.PermissionRow[]) =>
      Object.fromEntries(
        rows.map((r) => [
          `${r.collection} ${r.operation}`,
          { rule: r.rule, fields: r.fields ?? '*', ...constrained(r) },
        ]),
      );
    const after = list(await store.ofRole(tx, roleId));
    const change = { operation: 'UPDATE' as const, before: list(before), after };
    await trail.record(tx, ctx, { accountId: SYSTEM_ACCOUNT, table: 'permissions', id: String(roleId), ...change });
  }

  const changed: Parameters<typeof createNamedRoles>[0]['changed'] = async (tx, ctx, roleId, before) => {
    await told(tx, ctx, roleId, before);
    await grants.publish(tx);
  };

  return {
    roles: createNamedRoles({ db, roles, clock, changed }),

    async ofRole(roleId) {
      const { id } = await roles.get(roleId);
      const items = (await store.ofRole(db, id)).map(shown);
      return { permissions: matrix(items), items };
    },

    async update(roleId, updates, ctx) {
      await db.transaction(async (tx) => {
        await shareRules(tx);
        const role = await roles.lock(tx, roleId);
        const named = updates.map(({ collection }) => collection);
        const { rows, problems } = checkUpdates(updates, await lookUp(tx, named), checkRule);
        if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
        if (rows.length === 0) return;
        const before = await store.ofRole(tx, role.id);
        await store.put(tx, role.id, rows, clock().toISOString());
        await changed(tx, ctx, role.id, before);
      });
      return { success_count: updates.length, failure_count: 0, errors: [] };
    },

    async delete(id, ctx) {
      await db.transaction(async (tx) => {
        const roleId = /^[1-9]\d{0,17}$/.test(id) ? await store.roleOf(tx, id) : null;
        if (roleId === null) throw new Failure('RESOURCE_NOT_FOUND');
        const before = await store.ofRole(tx, roleId);
        await store.remove(tx, id);
        await changed(tx, ctx, roleId, before);
      });
      return undefined;
    },

    async available() {
      const operations = ['create', 'read', 'update', 'delete', 'list', 'view'] as const;
      const items = (await store.collectionNames(db)).flatMap((full) =>
        operations.map((operation) => ({
          name: permissionName(full, operation),
          collection: shortName(full),
          operation,
        })),
      );
      return { items, total: items.length };
    },

    async own(ctx) {
      const caller = requireCaller(ctx);
      const names = (await store.collectionNames(db)).flatMap((full) => {
        const allowed = OPERATIONS.filter((operation) => may(caller, full, operation));
        const reads = allowed.includes('list') && allowed.includes('view') ? ['read'] : [];
        return [...allowed, ...reads].map((operation) => permissionName(full, operation));
      });
      const { role, superadmin } = caller;
      return { role, roles: [role], is_superadmin: superadmin, permissions: names.sort() };
    },
  };
}

/** Told where there are any. */
const constrained = ({ filters, checks }: Pick<store.PermissionRow, 'filters' | 'checks'>) => ({
  ...(filters.length > 0 && { filters }),
  ...(checks.length > 0 && { checks }),
});

const shown = ({ collection, fields, filters, checks, ...row }: store.PermissionRow) => ({
  ...row,
  ...constrained({ filters, checks }),
  collection: shortName(collection),
  fields: fields ?? ('*' as const),
});

function matrix(items: readonly ReturnType<typeof shown>[]): PermissionMatrix {
  const nothing = { create: null, read: null, update: null, delete: null };
  const rows = new Map<string, PermissionMatrix[string]>();
  for (const { collection, operation, id: _, role_id, created_at, updated_at, ...granted } of items) {
    rows.set(collection, { ...(rows.get(collection) ?? nothing), [operation]: granted });
  }
  return Object.fromEntries(rows);
}

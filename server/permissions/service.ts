// Permissions: what roles may do on collections, as superadmins manage it, and what a caller may do himself.
import type { Parsed, Reply } from '../../contract/kit.ts';
import type { permissions as contract, PermissionMatrix } from '../../contract/permissions.ts';
import { Failure } from '../../contract/problems.ts';
import type { roles as rolesContract } from '../../contract/roles.ts';
import type { Grants } from '../access/grants.ts';
import { type Caller, type Ctx, requireCaller } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Roles } from '../roles/service.ts';
import { OPERATIONS, type RuleOperation } from '../schema/collection-access.ts';
import { type CheckRule, checkUpdates, lookUp } from './check.ts';
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
  update(roleId: string, updates: Updates): Promise<Reply<(typeof rolesContract)['updatePermissions']>>;
  /** The same inside a transaction of another room. */
  updateIn(tx: Transaction, roleId: string, updates: Updates): Promise<void>;
  /** Throws RESOURCE_NOT_FOUND. */
  delete(id: string): Promise<undefined>;
  available(): Promise<Reply<C['available']>>;
  own(ctx: Ctx): Promise<Reply<C['own']>>;
}

export interface PermissionsOptions {
  readonly db: Database;
  readonly grants: Pick<Grants, 'publish'>;
  readonly roles: Pick<Roles, 'get' | 'lock'>;
  readonly checkRule: CheckRule;
  /** Whether a caller gets as far as the rows of a collection named in full. */
  readonly may: (caller: Caller, collection: string, operation: RuleOperation) => boolean;
  readonly clock?: () => Date;
}

export function createPermissions({
  db,
  grants,
  roles,
  checkRule,
  may,
  clock = () => new Date(),
}: PermissionsOptions): Permissions {
  const self: Permissions = {
    async ofRole(roleId) {
      const { id } = await roles.get(roleId);
      const items = (await store.ofRole(db, id)).map(shown);
      return { permissions: matrix(items), items };
    },

    async updateIn(tx, roleId, updates) {
      const role = await roles.lock(tx, roleId);
      const known = await lookUp(
        tx,
        updates.map(({ collection }) => collection),
      );
      const { rows, problems } = checkUpdates(updates, known, checkRule);
      if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
      if (rows.length === 0) return;
      await store.put(tx, role.id, rows, clock().toISOString());
      await grants.publish(tx);
    },

    async update(roleId, updates) {
      await db.transaction((tx) => self.updateIn(tx, roleId, updates));
      return { success_count: updates.length, failure_count: 0, errors: [] };
    },

    async delete(id) {
      await db.transaction(async (tx) => {
        if (!/^[1-9]\d{0,17}$/.test(id) || !(await store.remove(tx, id))) throw new Failure('RESOURCE_NOT_FOUND');
        await grants.publish(tx);
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
  return self;
}

const shown = ({ collection, fields, ...row }: store.PermissionRow) => ({
  ...row,
  collection: shortName(collection),
  fields: fields ?? ('*' as const),
});

function matrix(items: readonly ReturnType<typeof shown>[]): PermissionMatrix {
  const nothing = { create: null, read: null, update: null, delete: null };
  const rows = new Map<string, PermissionMatrix[string]>();
  for (const { collection, operation, rule, fields } of items) {
    rows.set(collection, { ...(rows.get(collection) ?? nothing), [operation]: { rule, fields } });
  }
  return Object.fromEntries(rows);
}

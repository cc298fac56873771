// The permissions that a collection's own definition carries: names of roles instead of ids, and the whole list at once.
import type { Field } from '../../contract/fields.ts';
import type { ConstraintInput, PermissionUpdate } from '../../contract/permissions.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { Grants } from '../access/grants.ts';
import type { Recorder } from '../audit/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import { type CheckRule, readEntry } from './check.ts';
import * as store from './store.ts';

/** A permission as a definition states it. */
export interface StatedPermission {
  readonly role: string;
  readonly operation: PermissionUpdate['operation'];
  readonly rule?: string | undefined;
  readonly fields?: readonly string[] | '*' | undefined;
  readonly filters?: readonly ConstraintInput[] | undefined;
  readonly checks?: readonly ConstraintInput[] | undefined;
}

export interface CollectionPermissions {
  /**
   * Makes the list the permissions of exactly the collection `full` (`main.posts`), whose fields are `fields`; others go.
   * Throws INVALID_RESOURCE_DATA with every problem. Answers whether anything changed, which `announce` then makes known.
   */
  set(
    tx: Transaction,
    full: string,
    fields: readonly Field[],
    stated: readonly StatedPermission[],
    ctx: Ctx | undefined,
  ): Promise<boolean>;
  /** Takes away what was granted for all collections of an app. */
  dropApp(tx: Transaction, app: string, ctx: Ctx | undefined): Promise<void>;
  /** Makes changes known, also those that came with a removed collection. It locks: to be called last. */
  announce(tx: Transaction): Promise<void>;
}

export interface CollectionPermissionsOptions {
  readonly grants: Pick<Grants, 'publish'>;
  readonly checkRule: CheckRule;
  readonly trail: Recorder;
  readonly clock?: () => Date;
}

export function createCollectionPermissions({
  grants,
  checkRule,
  trail,
  clock = () => new Date(),
}: CollectionPermissionsOptions): CollectionPermissions {
  return {
    async set(tx, full, fields, stated, ctx) {
      const roles = await store.roleIds(tx, [...new Set(stated.map(({ role }) => role))]);
      const problems: ProblemEntry[] = [];
      const seen = new Set<string>();
      const rows = stated.map(
        ({ role, operation, rule = 'true', fields: given = '*', filters = [], checks = [] }, i) => {
          const at = `permissions.${i}`;
          const roleId = roles.get(role);
          if (roleId === undefined)
            problems.push({ field: `${at}.role`, code: 'unknown_role', message: `There is no role ${role}.` });
          if (seen.has(`${role} ${operation}`))
            problems.push({ field: at, code: 'duplicate', message: 'An earlier entry sets the same.' });
          seen.add(`${role} ${operation}`);
          const list = given === '*' ? null : [...new Set(given)];
          const found = readEntry(
            { rule, operation, fields: list && [...list], filters, checks },
            fields,
            checkRule,
            at,
          );
          problems.push(...found.problems);
          return { roleId: roleId ?? 0, collection: full, ...found.row };
        },
      );
      if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
      const before = await store.ofCollection(tx, full);
      if (JSON.stringify(before) === JSON.stringify(store.sorted(rows))) return false;
      await replace(tx, full, before, rows, ctx);
      return true;
    },
    dropApp: async (tx, app, ctx) => replace(tx, `${app}.*`, await store.ofCollection(tx, `${app}.*`), [], ctx),
    announce: (tx) => grants.publish(tx),
  };

  async function replace(
    tx: Transaction,
    full: string,
    before: readonly store.CollectionSetting[],
    rows: readonly store.CollectionSetting[],
    ctx: Ctx | undefined,
  ): Promise<void> {
    if (before.length === 0 && rows.length === 0) return;
    await store.replaceOfCollection(tx, full, rows, clock().toISOString());
    const list = (all: readonly store.CollectionSetting[]) => ({
      permissions: all.map(({ collection: _, ...row }) => row),
    });
    await trail.record(tx, ctx, {
      accountId: SYSTEM_ACCOUNT,
      table: 'permissions',
      id: full,
      operation: 'UPDATE',
      before: list(before),
      after: list(store.sorted(rows)),
    });
  }
}

// Roles as they are shown and changed: together with the names of what they may do.
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { roles as contract, Role } from '../../contract/roles.ts';
import type { Ctx } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { suggestion } from '../expression/nearest.ts';
import type { Roles } from '../roles/service.ts';
import { cut } from '../text.ts';
import { type Known, lookUp } from './check.ts';
import { namesOf, PERMISSION_FORMS, readPermissionName } from './names.ts';
import * as store from './store.ts';

type C = typeof contract;

/** Every method throws as that of `Roles` does, and INVALID_RESOURCE_DATA for names that nothing has. */
export interface NamedRoles {
  list(): Promise<Reply<C['list']>>;
  get(id: string): Promise<Role>;
  create(input: Parsed<C['create']>['body'], ctx?: Ctx): Promise<Role>;
  update(id: string, change: Parsed<C['update']>['body'], ctx?: Ctx): Promise<Role>;
}

export interface NamedRolesOptions {
  readonly db: Database;
  readonly roles: Pick<Roles, 'list' | 'get' | 'create' | 'update'>;
  readonly clock: () => Date;
  /** Records a change of a role's rows, and makes it act. */
  readonly changed: (
    tx: Transaction,
    ctx: Ctx | undefined,
    roleId: number,
    before: store.PermissionRow[],
  ) => Promise<void>;
}

export function createNamedRoles({ db, roles, clock, changed }: NamedRolesOptions): NamedRoles {
  const shown = async (role: Omit<Role, 'permissions'>): Promise<Role> => ({
    ...role,
    permissions: namesOf(await store.ofRole(db, role.id)),
  });

  /** Makes the role's rows those that are named. Rows that are there already stay as they are. */
  const setting =
    (names: readonly string[] | undefined, ctx: Ctx | undefined) => async (tx: Transaction, role: { id: number }) => {
      if (names === undefined) return;
      const wanted = await rowsOf(tx, names);
      const before = await store.ofRole(tx, role.id);
      const had = new Set(before.map(keyOf));
      const gone = before.filter((row) => !wanted.has(keyOf(row)));
      const added = [...wanted.values()].filter((row) => !had.has(keyOf(row)));
      if (gone.length === 0 && added.length === 0) return;
      await store.removeAll(
        tx,
        gone.map(({ id }) => id),
      );
      await store.put(tx, role.id, added, clock().toISOString());
      await changed(tx, ctx, role.id, before);
    };

  return {
    async list() {
      const [all, rows] = [await roles.list(), await store.named(db)];
      const items = all.map((role) => ({
        ...role,
        permissions: namesOf(rows.filter((row) => row.role_id === role.id)),
      }));
      return { items, total: items.length };
    },
    get: async (id) => shown(await roles.get(id)),
    create: async ({ permissions, ...input }, ctx) => shown(await roles.create(input, ctx, setting(permissions, ctx))),
    update: async (id, { permissions, ...change }, ctx) =>
      shown(await roles.update(id, change, ctx, setting(permissions, ctx))),
  };
}

const keyOf = ({ collection, operation }: Pick<store.PermissionSetting, 'collection' | 'operation'>): string =>
  `${collection} ${operation}`;

/** The rows that the names stand for, by collection and operation. Throws INVALID_RESOURCE_DATA with every problem. */
async function rowsOf(tx: Transaction, names: readonly string[]): Promise<Map<string, store.PermissionSetting>> {
  const read = names.map(readPermissionName);
  const known = await lookUp(
    tx,
    read.flatMap((name) => (name === null ? [] : [name.full])),
  );
  const rows = new Map<string, store.PermissionSetting>();
  const problems: ProblemEntry[] = [];
  let all: readonly string[] | undefined;
  for (const [index, named] of read.entries()) {
    const field = `permissions.${index}`;
    if (named === null) {
      const message = `${cut(names[index] as string, 100)} is no permission: write ${PERMISSION_FORMS}.`;
      problems.push({ field, code: 'invalid_permission', message, index });
      continue;
    }
    if (!isKnown(named, known)) {
      all ??= await store.collectionNames(tx);
      problems.push({ field, index, ...unknownOf(named, known, all) });
      continue;
    }
    for (const operation of named.operations) {
      const row = { collection: named.full, operation, rule: 'true', fields: null, filters: [], checks: [] };
      rows.set(keyOf(row), row);
    }
  }
  if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
  return rows;
}

type Named = NonNullable<ReturnType<typeof readPermissionName>>;

const isKnown = ({ full, app, single }: Named, known: Known): boolean =>
  single ? known.collections.has(full) : app === null || known.apps.has(app);

function unknownOf({ full, app, single }: Named, known: Known, all: readonly string[]) {
  const hint = single
    ? suggestion(full, all, 'collections')
    : suggestion(
        app ?? '',
        [...new Set(['main', ...known.apps, ...all.map((name) => name.split('.')[0] as string)])],
        'apps',
      );
  const message = single ? `There is no collection ${full}.` : `There is no app ${app}.`;
  return {
    code: single ? 'unknown_collection' : 'unknown_app',
    message: hint === undefined ? message : `${message} ${hint}`,
    ...(hint !== undefined && { hint }),
  };
}

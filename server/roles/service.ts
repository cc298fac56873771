// Roles: what a user can be in his account.
import type { Reply } from '../../contract/kit.ts';
import type { roles as contract } from '../../contract/roles.ts';
import type { Database, Runner } from '../db/database.ts';
import * as store from './store.ts';

/** The two roles that every installation has, with their ids. */
export const BUILTIN_ROLES = { admin: 1, user: 2 } as const;

export interface Roles {
  list(): Promise<Reply<(typeof contract)['list']>>;
  /** True when there is such a role. */
  exists(id: number, run?: Runner): Promise<boolean>;
}

export function createRoles({ db }: { db: Database }): Roles {
  return {
    async list() {
      const items = await store.listRoles(db);
      return { items, total: items.length };
    },
    exists: async (id, run = db) => (await store.findRole(run, id)) !== null,
  };
}

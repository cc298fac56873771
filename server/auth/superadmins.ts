// The first superadmin: made at the first start, or by hand from the command line.

import { z } from '../../contract/kit.ts';
import { invalidData } from '../../contract/problems.ts';
import type { Recorder } from '../audit/service.ts';
import { SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { BUILTIN_ROLES } from '../roles/service.ts';
import { generatePassword, type Passwords } from './passwords.ts';
import { addUser } from './people.ts';
import { lockAndHasUsers } from './store.ts';

/** The address of a first superadmin for whom none was configured. */
const DEFAULT_EMAIL = 'superadmin@snackbase.local';
const Email = z.email().max(254);

export interface Superadmins {
  /** Adds a superadmin who can log in at once and answers his id. Throws INVALID_RESOURCE_DATA or CONFLICT. */
  create(input: { readonly email: string; readonly password: string }): Promise<string>;
  /**
   * Makes the first superadmin when there is none; null when there is one. `password` is there only when it was generated:
   * show it now, it is stored nowhere. Throws INVALID_RESOURCE_DATA for a configured address or password that is not good.
   */
  ensure(configured: {
    readonly superadminEmail: string | null;
    readonly superadminPassword: string | null;
  }): Promise<{ readonly email: string; readonly password?: string } | null>;
}

interface Parts {
  readonly db: Database;
  readonly passwords: Passwords;
  readonly trail: Recorder;
  readonly clock: () => Date;
}

export function createSuperadmins({ db, passwords, trail, clock }: Parts): Superadmins {
  const add = (tx: Transaction, email: string, passwordHash: string) => {
    const user = { accountId: SYSTEM_ACCOUNT, email, passwordHash, roleId: BUILTIN_ROLES.admin };
    return addUser(tx, { ...user, isActive: true, verified: true }, clock().toISOString(), trail);
  };

  function checkEmail(email: string): void {
    if (Email.safeParse(email).success) return;
    const message = `"${email}" is not an e-mail address.`;
    throw invalidData({ field: 'email', code: 'invalid_format', message });
  }

  return {
    async create({ email, password }) {
      checkEmail(email);
      const hash = await passwords.hash(password);
      return db.transaction((tx) => add(tx, email, hash));
    },
    async ensure({ superadminEmail, superadminPassword }) {
      if (await db.transaction((tx) => lockAndHasUsers(tx, SYSTEM_ACCOUNT))) return null;
      const email = superadminEmail ?? DEFAULT_EMAIL;
      checkEmail(email);
      const password = superadminPassword ?? generatePassword();
      const hash = await passwords.hash(password);
      // Hashing takes a while, so another server may have been first; the lock is held from the second look to the insert.
      const added = await db.transaction(
        async (tx) => !(await lockAndHasUsers(tx, SYSTEM_ACCOUNT)) && (await add(tx, email, hash)),
      );
      if (!added) return null;
      return superadminPassword === null ? { email, password } : { email };
    },
  };
}

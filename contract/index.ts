// The contract: every room's routes in mounting order. Server, client, documents and test matrices derive from this value.
import { accounts } from './accounts.ts';
import { auth } from './auth.ts';
import { collections } from './collections.ts';
import { invitations } from './invitations.ts';
import type { Contract } from './kit.ts';
import { ops } from './ops.ts';
import { records } from './records.ts';
import { roles } from './roles.ts';
import { users } from './users.ts';

export const contract = {
  auth,
  collections,
  roles,
  users,
  accounts,
  invitations,
  records,
  ops,
} as const satisfies Contract;
export type AppContract = typeof contract;

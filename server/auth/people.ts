// Adding users: the one way in which a user comes to be, whoever asks for it.
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { Recorder } from '../audit/service.ts';
import type { Ctx } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import { uuidV7 } from '../ids.ts';
import { insertUser } from './store.ts';

export interface NewUser {
  readonly accountId: string;
  readonly email: string;
  /** From `Passwords.hash`; null for a user who never logs in with one. */
  readonly passwordHash: string | null;
  readonly roleId: number;
  readonly isActive: boolean;
  /** True when the address needs no verification. */
  readonly verified: boolean;
}

/** What 409 says about an address that the account has already. */
export const emailTaken = (field = 'email'): Failure => {
  const entry: ProblemEntry = { field, code: 'email_taken', message: 'The account has a user with this address.' };
  return new Failure('CONFLICT', { what: 'A user with this e-mail address in the account' }, [entry]);
};

/** What the audit trail says of a new user. */
const told = ({ email, roleId, isActive, verified, passwordHash }: NewUser, id: string) => ({
  id,
  email,
  role_id: roleId,
  is_active: isActive,
  email_verified: verified,
  password: passwordHash,
});

/** Adds a user and answers his id. Throws CONFLICT when the account has that address, in any case. */
export async function addUser(tx: Transaction, user: NewUser, at: string, trail: Recorder, ctx?: Ctx): Promise<string> {
  const id = uuidV7();
  if (!(await insertUser(tx, { ...user, id, at }))) throw emailTaken();
  await trail.record(tx, ctx, { accountId: user.accountId, table: 'users', id, after: told(user, id) });
  return id;
}

// The SQL of managing users; adding one is the auth room's.
import type { User } from '../../contract/users.ts';
import { SYSTEM_ACCOUNT } from '../context.ts';
import type { Runner } from '../db/database.ts';

const SHOWN = `
  u.id, u.email, u.account_id, u.account_id as account_code, a.name as account_name,
  r.name as role, u.role_id, r.name as role_name, array(
    select g.name from snackbase.group_members m join snackbase.groups g on g.id = m.group_id
    where m.user_id = u.id order by g.name) as groups, u.is_active, u.auth_provider,
  u.email_verified_at is not null as email_verified, u.email_verified_at, u.created_at, u.updated_at, u.last_login_at as last_login`;
const FROM = `snackbase.users u
  join snackbase.accounts a on a.id = u.account_id join snackbase.roles r on r.id = u.role_id`;

export async function findUser(run: Runner, id: string): Promise<User | null> {
  return (await run.query<User>(`select ${SHOWN} from ${FROM} where u.id = $1`, [id]))[0] ?? null;
}

/** Locks the user until the transaction ends; false when there is none. */
export async function lockUser(run: Runner, id: string): Promise<boolean> {
  return (await run.query('select id from snackbase.users where id = $1 for update', [id])).length > 0;
}

const ORDER = { created_at: 'u.created_at', email: 'lower(u.email)' } as const;

export interface UserFilter {
  readonly accountId: string | null;
  readonly roleId: number | null;
  readonly isActive: boolean | null;
  readonly search: string | null;
  readonly orderBy: keyof typeof ORDER;
  readonly descending: boolean;
  readonly skip: number;
  readonly limit: number;
}

export async function listUsers(run: Runner, filter: UserFilter): Promise<{ items: User[]; total: number }> {
  const { accountId, roleId, isActive, search, orderBy, descending, skip, limit } = filter;
  const conditions: string[] = [];
  const values: unknown[] = [];
  const where = (value: unknown, condition: (parameter: string) => string) => {
    if (value !== null) conditions.push(condition(`$${values.push(value)}`));
  };
  where(accountId, (p) => `u.account_id = ${p}`);
  where(roleId, (p) => `u.role_id = ${p}`);
  where(isActive, (p) => `u.is_active = ${p}`);
  // strpos instead of LIKE: a search text has no wildcards to escape.
  where(search, (p) => `strpos(lower(u.email), lower(${p})) > 0`);
  const matching = `${FROM}${conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`}`;
  const direction = descending ? 'desc' : 'asc';
  const window = `order by ${ORDER[orderBy]} ${direction}, u.id ${direction} offset $${values.length + 1} limit $${values.length + 2}`;
  const [items, counted] = await Promise.all([
    run.query<User>(`select ${SHOWN} from ${matching} ${window}`, [...values, skip, limit]),
    run.query<{ total: number }>(`select count(*) as total from ${matching}`, values),
  ]);
  return { items, total: counted[0]?.total ?? 0 };
}

export interface UserChangeRow {
  readonly email: string | null;
  readonly roleId: number | null;
  readonly isActive: boolean | null;
}

/** Changes what is not null. Rejects with a unique violation when the account has that address. */
export async function updateUser(run: Runner, id: string, change: UserChangeRow, at: string): Promise<void> {
  await run.query(
    `update snackbase.users set email = coalesce($2, email), role_id = coalesce($3, role_id),
       is_active = coalesce($4, is_active), updated_at = $5 where id = $1`,
    [id, change.email, change.roleId, change.isActive, at],
  );
}

export async function updatePassword(run: Runner, id: string, hash: string, at: string): Promise<void> {
  await run.query('update snackbase.users set password_hash = $2, updated_at = $3 where id = $1', [id, hash, at]);
}

/** Marks the address as verified; the moment of the first time stays. */
export async function markVerified(run: Runner, id: string, at: string): Promise<void> {
  await run.query(
    'update snackbase.users set email_verified_at = $2, updated_at = $2 where id = $1 and email_verified_at is null',
    [id, at],
  );
}

/** Makes changes of who is a superadmin wait for one another, so that two cannot remove each other. */
export async function lockSuperadmins(run: Runner): Promise<void> {
  await run.query('select 1 from snackbase.accounts where id = $1 for update', [SYSTEM_ACCOUNT]);
}

/** True when another user than this one can still manage the system. */
export async function hasOtherSuperadmin(run: Runner, id: string): Promise<boolean> {
  const text = 'select 1 from snackbase.users where account_id = $1 and is_active and id <> $2 limit 1';
  return (await run.query(text, [SYSTEM_ACCOUNT, id])).length > 0;
}

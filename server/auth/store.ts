// The SQL of users who log in: reading them, adding them, verifying their addresses.
import type { AccountKey } from '../accounts/service.ts';
import { type KeyScopes, SYSTEM_ACCOUNT } from '../context.ts';
import type { Runner } from '../db/database.ts';
import { plan } from '../db/plans.ts';
import { isUuid } from '../ids.ts';

/** A user with his account, as replies show them. */
export interface PersonRow {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly account_id: string;
  readonly groups: string[];
  readonly is_active: boolean;
  readonly email_verified: boolean;
  readonly created_at: string;
  readonly last_login: string | null;
  readonly account_slug: string;
  readonly account_name: string;
  readonly account_created_at: string;
}

/** The names of a user's groups. */
const GROUPS = `array(
  select g.name from snackbase.group_members m join snackbase.groups g on g.id = m.group_id
  where m.user_id = u.id order by g.name)`;
const PERSON = `
  u.id, u.email, r.name as role, u.account_id, ${GROUPS} as groups, u.is_active, u.email_verified_at is not null as email_verified,
  u.created_at, u.last_login_at as last_login,
  a.slug as account_slug, a.name as account_name, a.created_at as account_created_at`;
const JOINS = 'join snackbase.roles r on r.id = u.role_id join snackbase.accounts a on a.id = u.account_id';
const PEOPLE = `snackbase.users u ${JOINS}`;

const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

const CALLER = `u.id, u.account_id, u.email, r.name, u.role_id, to_json(${GROUPS})::text`;
type CallerCells = [string, string, string, string, string, string];

const person = ([userId, accountId, email, role, roleId, groups]: CallerCells) => ({
  userId,
  accountId,
  email,
  role,
  roleId: Number(roleId),
  groups: Object.freeze(JSON.parse(groups) as string[]),
  superadmin: accountId === SYSTEM_ACCOUNT,
});

const principal = plan(`
  select ${CALLER}, (extract(epoch from s.expires_at) * 1000)::bigint
  from snackbase.sessions s join snackbase.users u on u.id = s.user_id join snackbase.roles r on r.id = u.role_id
  where s.id = $1 and s.revoked_at is null and u.is_active`);

/** The person of a session that was not ended, with the session's end in ms since 1970. */
export async function readPrincipal(run: Runner, sessionId: string) {
  if (!isUuid(sessionId)) return null;
  const row = (await run.run(principal, [sessionId])).rows[0];
  if (!row) return null;
  return { ...person(row.slice(0, 6) as CallerCells), endsAt: Number(row[6]) };
}

const keyOf = plan(`
  select ${CALLER}, (extract(epoch from k.expires_at) * 1000)::bigint, encode(k.hash, 'hex'), k.kind, k.scopes::text
  from snackbase.api_keys k join snackbase.users u on u.id = k.user_id join snackbase.roles r on r.id = u.role_id
  where k.id = $1 and k.revoked_at is null and u.is_active`);

/** The person behind a key that was not revoked, with the key's end in ms since 1970, the hash of its secret and its scopes. */
export async function readKey(run: Runner, keyId: string) {
  const row = (await run.run(keyOf, [keyId])).rows[0];
  if (!row) return null;
  const [endsAt, hash, kind, scopes] = row.slice(6) as [string | null, string, string, string | null];
  return {
    ...person(row.slice(0, 6) as CallerCells),
    endsAt: endsAt === null ? Number.POSITIVE_INFINITY : Number(endsAt),
    hash: Buffer.from(hash, 'hex'),
    admin: kind === 'admin',
    scopes: scopes === null ? null : (JSON.parse(scopes) as KeyScopes),
  };
}

/** Notes that a key was used, unless that was noted after `before`. */
export async function noteKeyUse(run: Runner, keyId: string, at: string, before: string): Promise<void> {
  const sql = `update snackbase.api_keys set last_used_at = $2
    where id = $1 and (last_used_at is null or last_used_at < $3)`;
  await run.query(sql, [keyId, at, before]);
}

export const findPerson = async (run: Runner, userId: string): Promise<PersonRow | null> =>
  first(await run.query<PersonRow>(`select ${PERSON} from ${PEOPLE} where u.id = $1`, [userId]));

/** The user with that address, in any case, in that account; with his password's hash. */
export async function findLogin(run: Runner, account: AccountKey, email: string) {
  const rows = await run.query<PersonRow & { password_hash: string | null }>(
    `select ${PERSON}, u.password_hash from ${PEOPLE} where (a.id = $1 or a.slug = $2) and lower(u.email) = lower($3)`,
    [account.id, account.slug, email],
  );
  return first(rows);
}

export interface NewUserRow {
  readonly id: string;
  readonly accountId: string;
  readonly email: string;
  readonly passwordHash: string | null;
  readonly roleId: number;
  readonly isActive: boolean;
  readonly verified: boolean;
  readonly at: string;
}

/** Answers false when the account has a user with that address, also one that is added at the same time. */
export async function insertUser(run: Runner, user: NewUserRow): Promise<boolean> {
  const { id, accountId, email, passwordHash, roleId, isActive, verified, at } = user;
  const rows = await run.query(
    `insert into snackbase.users (id, account_id, email, password_hash, role_id, is_active, email_verified_at, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (account_id, lower(email)) do nothing returning id`,
    [id, accountId, email, passwordHash, roleId, isActive, verified ? at : null, at],
  );
  return rows.length > 0;
}

/** True when the account has a user; the account stays locked until the transaction ends, so that two servers cannot both see none. */
export async function lockAndHasUsers(run: Runner, accountId: string): Promise<boolean> {
  await run.query('select id from snackbase.accounts where id = $1 for update', [accountId]);
  return (await run.query('select 1 from snackbase.users where account_id = $1 limit 1', [accountId])).length > 0;
}

export type Purpose = 'verify' | 'reset';

/** Stores a mailed token; the user's earlier one for the same purpose is worth nothing from then on. */
export async function putEmailToken(
  run: Runner,
  hash: Buffer,
  userId: string,
  purpose: Purpose,
  expiresAt: string,
): Promise<void> {
  await run.query(
    `insert into snackbase.email_tokens (hash, user_id, purpose, expires_at) values ($1, $2, $3, $4)
     on conflict (user_id, purpose) do update set hash = excluded.hash, expires_at = excluded.expires_at, used_at = null`,
    [hash, userId, purpose, expiresAt],
  );
}

/** Forgets the mailed tokens of a user, for an address that is no longer his. */
export async function dropEmailTokens(run: Runner, userId: string): Promise<void> {
  await run.query('delete from snackbase.email_tokens where user_id = $1', [userId]);
}

/** Uses up a verification token and marks its user's address as verified; the user's id, or null for a token that is not good. */
export async function verifyByToken(run: Runner, hash: Buffer, at: string): Promise<string | null> {
  const rows = await run.query<{ id: string }>(
    `with used as (
       update snackbase.email_tokens set used_at = $2
       where hash = $1 and purpose = 'verify' and used_at is null and expires_at > $2 returning user_id)
     update snackbase.users u set email_verified_at = coalesce(u.email_verified_at, $2), updated_at = $2
     from used where u.id = used.user_id returning u.id`,
    [hash, at],
  );
  return first(rows)?.id ?? null;
}

// The SQL of invitations.
import type { Invitation } from '../../contract/invitations.ts';
import type { Runner } from '../db/database.ts';

/** An invitation with the names that its holder is shown. */
export interface InvitationRow extends Invitation {
  readonly account_name: string;
  readonly invited_by_email: string | null;
}

// An invitation is worth what its maker may: who was deactivated or is no admin any more invites nobody.
const STATUS = `case when i.accepted_at is not null then 'accepted'
  when i.cancelled_at is not null or not (u.is_active and (u.account_id = 'SY0000' or u.role_id = 1)) then 'cancelled'
  when i.expires_at <= $1 then 'expired' else 'pending' end`;
const COLUMNS = `i.id, i.account_id, i.account_id as account_code, i.email, i.role_id, r.name as role, i.invited_by,
  ${STATUS} as status, i.expires_at, i.accepted_at, i.created_at, a.name as account_name, u.email as invited_by_email`;
const FROM = `snackbase.invitations i join snackbase.accounts a on a.id = i.account_id
  join snackbase.roles r on r.id = i.role_id left join snackbase.users u on u.id = i.invited_by`;

export interface NewInvitation {
  readonly id: string;
  readonly accountId: string;
  readonly email: string;
  readonly roleId: number;
  readonly tokenHash: string;
  readonly invitedBy: string;
  readonly at: string;
  readonly expiresAt: string;
}

/** False when the address has an open invitation already; one that has expired makes room. */
export async function insert(run: Runner, row: NewInvitation): Promise<boolean> {
  await run.query(
    `update snackbase.invitations set cancelled_at = $3 where account_id = $1 and lower(email) = lower($2)
       and accepted_at is null and cancelled_at is null and expires_at <= $3`,
    [row.accountId, row.email, row.at],
  );
  const made = await run.query(
    `insert into snackbase.invitations (id, account_id, email, role_id, token_hash, invited_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id`,
    [row.id, row.accountId, row.email, row.roleId, row.tokenHash, row.invitedBy, row.at, row.expiresAt],
  );
  return made.length > 0;
}

/** True when the account has a user with this address, in any case. */
export async function hasUser(run: Runner, accountId: string, email: string): Promise<boolean> {
  const text = 'select 1 from snackbase.users where account_id = $1 and lower(email) = lower($2)';
  return (await run.query(text, [accountId, email])).length > 0;
}

/** By id within an account (null: any). */
export async function byId(
  run: Runner,
  id: string,
  accountId: string | null,
  at: string,
): Promise<InvitationRow | undefined> {
  const text = `select ${COLUMNS} from ${FROM} where i.id = $2 and ($3::text is null or i.account_id = $3)`;
  return (await run.query<InvitationRow>(text, [at, id, accountId]))[0];
}

/** By the hash of its token; `lock` keeps it from being accepted twice at once. */
export async function byToken(
  run: Runner,
  tokenHash: string,
  at: string,
  lock = false,
): Promise<InvitationRow | undefined> {
  const text = `select ${COLUMNS} from ${FROM} where i.token_hash = $2 ${lock ? 'for update of i' : ''}`;
  return (await run.query<InvitationRow>(text, [at, tokenHash]))[0];
}

/** A page of an account's invitations (null: all accounts), newest first, and how many there are. */
export async function list(
  run: Runner,
  filter: { accountId: string | null; status: string | null; skip: number; limit: number },
  at: string,
): Promise<{ rows: InvitationRow[]; total: number }> {
  const where = `($2::text is null or i.account_id = $2) and ($3::text is null or ${STATUS} = $3)`;
  const values = [at, filter.accountId, filter.status];
  const [counted] = await run.query<{ total: number }>(`select count(*) as total from ${FROM} where ${where}`, values);
  const rows = await run.query<InvitationRow>(
    `select ${COLUMNS} from ${FROM} where ${where} order by i.created_at desc, i.id desc limit $4 offset $5`,
    [...values, filter.limit, filter.skip],
  );
  return { rows, total: counted?.total ?? 0 };
}

export async function markAccepted(run: Runner, id: string, at: string): Promise<void> {
  await run.query('update snackbase.invitations set accepted_at = $2 where id = $1', [id, at]);
}

/** False when it is not open any more. */
export async function cancel(run: Runner, id: string, at: string): Promise<boolean> {
  const text = `update snackbase.invitations set cancelled_at = $2
    where id = $1 and accepted_at is null and cancelled_at is null returning id`;
  return (await run.query(text, [id, at])).length > 0;
}

/** Gives an open or expired invitation a new token and a new end; false for any other. */
export async function renew(run: Runner, id: string, tokenHash: string, expiresAt: string): Promise<boolean> {
  const text = `update snackbase.invitations set token_hash = $2, expires_at = $3
    where id = $1 and accepted_at is null and cancelled_at is null returning id`;
  return (await run.query(text, [id, tokenHash, expiresAt])).length > 0;
}

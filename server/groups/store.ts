// The SQL of groups and their members.
import type { Group, GroupDetail } from '../../contract/groups.ts';
import type { Runner } from '../db/database.ts';

const SHOWN = `
  g.id, g.account_id, g.account_id as account_code, g.name, g.description, g.created_at, g.updated_at,
  (select count(*) from snackbase.group_members m where m.group_id = g.id) as member_count`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

export interface GroupFilter {
  /** null: groups of all accounts. */
  readonly accountId: string | null;
  readonly search: string | null;
  readonly skip: number;
  readonly limit: number;
}

/** A page of groups, the newest first, and the number of all that match. */
export async function listGroups(run: Runner, filter: GroupFilter): Promise<{ items: Group[]; total: number }> {
  // strpos instead of LIKE: a search text has no wildcards to escape.
  const matching = `from snackbase.groups g where ($1::text is null or g.account_id = $1)
    and ($2::text is null or strpos(lower(g.name), lower($2)) > 0)`;
  const values = [filter.accountId, filter.search];
  const [items, counted] = await Promise.all([
    run.query<Group>(`select ${SHOWN} ${matching} order by g.created_at desc, g.id desc offset $3 limit $4`, [
      ...values,
      filter.skip,
      filter.limit,
    ]),
    run.query<{ total: number }>(`select count(*) as total ${matching}`, values),
  ]);
  return { items, total: first(counted)?.total ?? 0 };
}

/** The group if it is in the account (null: in any), with its users by address. */
export async function findGroup(run: Runner, id: string, accountId: string | null): Promise<GroupDetail | null> {
  const group = first(
    await run.query<Group>(
      `select ${SHOWN} from snackbase.groups g where g.id = $1 and ($2::text is null or g.account_id = $2)`,
      [id, accountId],
    ),
  );
  if (group === null) return null;
  const users = await run.query<GroupDetail['users'][number]>(
    `select u.id, u.email, r.name as role, u.is_active, m.added_at from snackbase.group_members m
     join snackbase.users u on u.id = m.user_id join snackbase.roles r on r.id = u.role_id
     where m.group_id = $1 order by lower(u.email), u.id`,
    [id],
  );
  return { ...group, users };
}

/** The account of the group if it is in `accountId` (null: in any); the group stays there until the transaction ends. */
export async function lockGroup(run: Runner, id: string, accountId: string | null): Promise<string | null> {
  const rows = await run.query<{ account_id: string }>(
    `select account_id from snackbase.groups where id = $1 and ($2::text is null or account_id = $2) for no key update`,
    [id, accountId],
  );
  return first(rows)?.account_id ?? null;
}

export interface NewGroupRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly description: string | null;
}

/** Rejects with a unique violation when the account has a group of that name, in any case. */
export async function insertGroup(run: Runner, group: NewGroupRow, at: string): Promise<void> {
  await run.query(
    `insert into snackbase.groups (id, account_id, name, description, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $5)`,
    [group.id, group.accountId, group.name, group.description, at],
  );
}

export interface GroupChangeRow {
  /** null: it stays. */
  readonly name: string | null;
  /** undefined: it stays. */
  readonly description: string | null | undefined;
}

/** Rejects as `insertGroup` does. */
export async function updateGroup(run: Runner, id: string, change: GroupChangeRow, at: string): Promise<void> {
  await run.query(
    `update snackbase.groups set name = coalesce($2, name),
       description = case when $3 then $4 else description end, updated_at = $5 where id = $1`,
    [id, change.name, change.description !== undefined, change.description ?? null, at],
  );
}

export async function deleteGroup(run: Runner, id: string): Promise<void> {
  await run.query('delete from snackbase.groups where id = $1', [id]);
}

/** Whether the user is in the account. */
export async function isUserOf(run: Runner, userId: string, accountId: string): Promise<boolean> {
  const sql = 'select id from snackbase.users where id = $1 and account_id = $2';
  return (await run.query(sql, [userId, accountId])).length > 0;
}

/** Answers false when the user is a member already. */
export async function addMember(
  run: Runner,
  accountId: string,
  groupId: string,
  userId: string,
  at: string,
): Promise<boolean> {
  const sql = `insert into snackbase.group_members (account_id, group_id, user_id, added_at) values ($1, $2, $3, $4)
    on conflict (group_id, user_id) do nothing returning user_id`;
  return (await run.query(sql, [accountId, groupId, userId, at])).length > 0;
}

/** Adds a user to his account's group of exactly that name, if it has one. */
export async function joinNamed(run: Runner, accountId: string, name: string, userId: string, at: string) {
  await run.query(
    `insert into snackbase.group_members (account_id, group_id, user_id, added_at)
     select account_id, id, $3::uuid, $4::timestamptz from snackbase.groups where account_id = $1 and name = $2
     on conflict (group_id, user_id) do nothing`,
    [accountId, name, userId, at],
  );
}

/** Answers false when the user was no member. */
export async function removeMember(run: Runner, groupId: string, userId: string): Promise<boolean> {
  const sql = 'delete from snackbase.group_members where group_id = $1 and user_id = $2 returning user_id';
  return (await run.query(sql, [groupId, userId])).length > 0;
}

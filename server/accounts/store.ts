// The SQL of accounts.
import type { Account } from '../../contract/accounts.ts';
import type { Runner } from '../db/database.ts';
import type { AccountKey } from './names.ts';

const SHOWN = `
  a.id, a.id as account_code, a.slug, a.name, a.created_at, a.updated_at,
  (select count(*) from snackbase.users u where u.account_id = a.id) as user_count`;

export interface AccountRow {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly created_at: string;
}

const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** Inserts an account; null when its id or its slug is taken, also by a transaction that commits meanwhile. */
export async function insertAccount(
  run: Runner,
  id: string,
  slug: string,
  name: string,
  at: string,
): Promise<AccountRow | null> {
  return first(
    await run.query<AccountRow>(
      `insert into snackbase.accounts (id, slug, name, created_at, updated_at) values ($1, $2, $3, $4, $4)
       on conflict do nothing returning id, slug, name, created_at`,
      [id, slug, name, at],
    ),
  );
}

/** Those of the slugs that are taken. */
export async function takenSlugs(run: Runner, slugs: readonly string[]): Promise<Set<string>> {
  const rows = await run.query<{ slug: string }>('select slug from snackbase.accounts where slug = any($1)', [slugs]);
  return new Set(rows.map((row) => row.slug));
}

export async function findAccount(run: Runner, { id, slug }: AccountKey): Promise<Account | null> {
  return first(
    await run.query<Account>(`select ${SHOWN} from snackbase.accounts a where a.id = $1 or a.slug = $2`, [id, slug]),
  );
}

export async function findAccountId(run: Runner, { id, slug }: AccountKey): Promise<string | null> {
  const rows = await run.query<{ id: string }>('select id from snackbase.accounts where id = $1 or slug = $2', [
    id,
    slug,
  ]);
  return first(rows)?.id ?? null;
}

const ORDER = {
  id: 'a.id',
  account_code: 'a.id',
  slug: 'a.slug',
  name: 'lower(a.name)',
  created_at: 'a.created_at',
} as const;
export type AccountOrder = keyof typeof ORDER;

export interface AccountFilter {
  readonly search: string | null;
  readonly orderBy: AccountOrder;
  readonly descending: boolean;
  readonly skip: number;
  readonly limit: number;
}

export async function listAccounts(run: Runner, filter: AccountFilter): Promise<{ items: Account[]; total: number }> {
  // strpos instead of LIKE: a search text has no wildcards to escape.
  const matching = `from snackbase.accounts a where $1::text is null
    or strpos(lower(a.name), lower($1)) > 0 or strpos(a.slug, lower($1)) > 0 or strpos(a.id, upper($1)) > 0`;
  const direction = filter.descending ? 'desc' : 'asc';
  const [items, counted] = await Promise.all([
    run.query<Account>(
      `select ${SHOWN} ${matching} order by ${ORDER[filter.orderBy]} ${direction}, a.id ${direction} offset $2 limit $3`,
      [filter.search, filter.skip, filter.limit],
    ),
    run.query<{ total: number }>(`select count(*) as total ${matching}`, [filter.search]),
  ]);
  return { items, total: counted[0]?.total ?? 0 };
}

/** Answers false when there is no such account. */
export async function renameAccount(run: Runner, id: string, name: string, at: string): Promise<boolean> {
  const sql = 'update snackbase.accounts set name = $2, updated_at = $3 where id = $1 returning id';
  return (await run.query(sql, [id, name, at])).length > 0;
}

/** Answers false when there is no such account. Users, sessions and records of the account go with it, by foreign keys. */
export async function deleteAccount(run: Runner, id: string): Promise<boolean> {
  return (await run.query('delete from snackbase.accounts where id = $1 returning id', [id])).length > 0;
}

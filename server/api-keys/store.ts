// The SQL of managing API keys and admin tokens; authenticating with one is the auth room's.
import type { AdminToken } from '../../contract/api-keys.ts';
import type { KeyScopes } from '../context.ts';
import type { Runner } from '../db/database.ts';

export type KeyKind = 'user' | 'admin';

/** A key without its secret. */
export interface KeyRow extends Omit<AdminToken, 'is_active' | 'key'> {
  readonly account_id: string;
  readonly prefix: string;
  readonly scopes: KeyScopes | null;
}

const SHOWN = `id, account_id, user_id as created_by, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

export interface KeyFilter {
  readonly kind: KeyKind;
  /** null: keys of all accounts. */
  readonly accountId: string | null;
}
const MATCHING = 'from snackbase.api_keys where kind = $1 and ($2::text is null or account_id = $2)';

/** A page of keys, the newest first, and the number of all that match. */
export async function listKeys(
  run: Runner,
  { kind, accountId }: KeyFilter,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: KeyRow[]; total: number }> {
  const sql = `select ${SHOWN} ${MATCHING} order by created_at desc, id desc offset $3 limit $4`;
  const [rows, counted] = await Promise.all([
    run.query<KeyRow>(sql, [kind, accountId, skip, limit]),
    run.query<{ total: number }>(`select count(*) as total ${MATCHING}`, [kind, accountId]),
  ]);
  return { rows, total: first(counted)?.total ?? 0 };
}

export async function findKey(run: Runner, id: string, { kind, accountId }: KeyFilter): Promise<KeyRow | null> {
  return first(await run.query<KeyRow>(`select ${SHOWN} ${MATCHING} and id = $3`, [kind, accountId, id]));
}

/** The number of the account's keys of a kind that work at `at`; no other is added until the transaction ends. */
export async function lockAndCount(run: Runner, kind: KeyKind, accountId: string, at: string): Promise<number> {
  await run.query('select id from snackbase.accounts where id = $1 for no key update', [accountId]);
  const rows = await run.query<{ n: number }>(
    `select count(*) as n from snackbase.api_keys
     where kind = $1 and account_id = $2 and revoked_at is null and (expires_at is null or expires_at > $3)`,
    [kind, accountId, at],
  );
  return first(rows)?.n ?? 0;
}

export interface NewKeyRow {
  readonly id: string;
  readonly accountId: string;
  readonly userId: string;
  readonly kind: KeyKind;
  readonly name: string;
  readonly hash: Buffer;
  readonly prefix: string;
  readonly scopes: KeyScopes | null;
  readonly at: string;
  readonly expiresAt: string | null;
}

export async function insertKey(run: Runner, key: NewKeyRow): Promise<KeyRow> {
  const { id, accountId, userId, kind, name, hash, prefix, scopes, at, expiresAt } = key;
  const sql = `insert into snackbase.api_keys
      (id, account_id, user_id, kind, name, hash, prefix, scopes, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${SHOWN}`;
  const json = scopes && JSON.stringify(scopes);
  return first(
    await run.query<KeyRow>(sql, [id, accountId, userId, kind, name, hash, prefix, json, at, expiresAt]),
  ) as KeyRow;
}

/** Revokes a key; the moment of the first time stays. */
export async function revokeKey(run: Runner, id: string, at: string): Promise<void> {
  await run.query('update snackbase.api_keys set revoked_at = coalesce(revoked_at, $2) where id = $1', [id, at]);
}

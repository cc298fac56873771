// The SQL of login sessions and their refresh tokens.
import type { Runner } from '../../db/database.ts';

const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

export interface NewSessionRow {
  readonly id: string;
  readonly userId: string;
  /** The hash that the password was checked against; null when another proof was given. */
  readonly passwordHash: string | null;
  readonly refreshHash: Buffer;
  readonly at: string;
  readonly expiresAt: string;
  readonly userAgent: string;
  readonly ip: string;
}

/**
 * Opens a session with its first refresh token and notes the login. Answers false, and does nothing, when the user was deactivated
 * or his password was changed since it was checked.
 */
export async function insertSession(run: Runner, session: NewSessionRow): Promise<boolean> {
  const { id, userId, passwordHash, refreshHash, at, expiresAt, userAgent, ip } = session;
  const rows = await run.query(
    `with person as (
       update snackbase.users set last_login_at = $4
       where id = $2 and is_active and ($3::text is null or password_hash = $3) returning id),
     opened as (
       insert into snackbase.sessions (id, user_id, created_at, expires_at, user_agent, ip)
       select $1::uuid, id, $4::timestamptz, $5::timestamptz, $6::text, $7::text from person returning id)
     insert into snackbase.refresh_tokens (hash, session_id, created_at, expires_at)
     select $8::bytea, id, $4::timestamptz, $5::timestamptz from opened returning session_id`,
    [id, userId, passwordHash, at, expiresAt, userAgent, ip, refreshHash],
  );
  return rows.length > 0;
}

export interface Rotation {
  readonly hash: Buffer;
  readonly nextHash: Buffer;
  readonly at: string;
  readonly expiresAt: string;
}

/**
 * Uses up a refresh token, prolongs its session and stores the next token, all in one statement: of any number of requests with the
 * same token one gets an answer. The session and user it belongs to, or null when the token is used, expired or its session over.
 */
export async function rotate(run: Runner, { hash, nextHash, at, expiresAt }: Rotation) {
  const rows = await run.query<{ session_id: string; user_id: string }>(
    `with used as (
       update snackbase.refresh_tokens set used_at = $3
       where hash = $1 and used_at is null and expires_at > $3 returning session_id),
     alive as (
       update snackbase.sessions s set expires_at = $4 from used
       where s.id = used.session_id and s.revoked_at is null and s.expires_at > $3 returning s.id, s.user_id),
     next as (
       insert into snackbase.refresh_tokens (hash, session_id, created_at, expires_at)
       select $2::bytea, id, $3::timestamptz, $4::timestamptz from alive)
     select id as session_id, user_id from alive`,
    [hash, nextHash, at, expiresAt],
  );
  return first(rows);
}

/** Ends the session of a refresh token that was used before; its id, or null when there was nothing to end. */
export async function endReused(run: Runner, hash: Buffer, at: string): Promise<string | null> {
  const rows = await run.query<{ id: string }>(
    `update snackbase.sessions set revoked_at = $2, revoke_reason = 'refresh token used twice'
     where id = (select session_id from snackbase.refresh_tokens where hash = $1 and used_at is not null)
       and revoked_at is null returning id`,
    [hash, at],
  );
  return first(rows)?.id ?? null;
}

/** Whose session it was; null when there was nothing to end. */
export async function endSession(run: Runner, sessionId: string, reason: string, at: string) {
  const rows = await run.query<{ user_id: string; account_id: string; email: string }>(
    `update snackbase.sessions s set revoked_at = $2, revoke_reason = $3 from snackbase.users u
     where s.id = $1 and s.revoked_at is null and u.id = s.user_id returning u.id as user_id, u.account_id, u.email`,
    [sessionId, at, reason],
  );
  return first(rows);
}

export async function endSessionsOf(run: Runner, userId: string, reason: string, at: string): Promise<void> {
  await run.query(
    'update snackbase.sessions set revoked_at = $2, revoke_reason = $3 where user_id = $1 and revoked_at is null',
    [userId, at, reason],
  );
}

/** Removes what has been over for longer than anybody can ask about it. */
export async function sweep(run: Runner, before: string): Promise<void> {
  await run.query('delete from snackbase.sessions where expires_at < $1', [before]);
  await run.query('delete from snackbase.refresh_tokens where expires_at < $1', [before]);
  await run.query('delete from snackbase.email_tokens where expires_at < $1', [before]);
}

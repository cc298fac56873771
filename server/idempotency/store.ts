// The SQL of idempotency keys.
import type { Repeatable } from '../context.ts';
import type { Runner } from '../db/database.ts';

export interface Kept {
  readonly fingerprint: string;
  readonly status: number | null;
  readonly reply: Buffer | null;
}

const KEPT_FOR = "interval '24 hours'";
/** Put off for as long as the request runs; whoever died leaves the key to the next attempt after that. */
export const LEASE_SECONDS = 30;
const LEASE = `interval '${LEASE_SECONDS} seconds'`;

/** The seed of a key that is new or a day old; undefined for one that is known. */
export async function claim(
  runner: Runner,
  { scope, key, fingerprint }: Repeatable,
  seed: string,
): Promise<string | undefined> {
  const text = `insert into snackbase.idempotency_keys as k (scope, key, fingerprint, seed, locked_until)
    values ($1, $2, $3, $4, now() + ${LEASE})
    on conflict (scope, key) do update set fingerprint = excluded.fingerprint, seed = excluded.seed,
      locked_until = excluded.locked_until, committed = false, status = null, reply = null, created_at = now()
      where k.created_at < now() - ${KEPT_FOR}
    returning seed`;
  return (await runner.query<{ seed: string }>(text, [scope, key, fingerprint, seed]))[0]?.seed;
}

export interface Resumed {
  readonly seed: string;
  readonly committed: boolean;
}

/** What its writes commit together with: whether they did is known whatever happens to the answer. */
export async function commit(runner: Runner, { scope, key }: Repeatable): Promise<void> {
  const text = 'update snackbase.idempotency_keys set committed = true where scope = $1 and key = $2';
  await runner.query(text, [scope, key]);
}

/** The seed of a key whose request came to no answer, for another attempt at the same; undefined where that may still run. */
export async function resume(runner: Runner, { scope, key, fingerprint }: Repeatable): Promise<Resumed | undefined> {
  const text = `update snackbase.idempotency_keys set locked_until = now() + ${LEASE}
    where scope = $1 and key = $2 and fingerprint = $3 and status is null and locked_until < now() returning seed, committed`;
  return (await runner.query<Resumed>(text, [scope, key, fingerprint]))[0];
}

export async function find(runner: Runner, { scope, key }: Repeatable): Promise<Kept | undefined> {
  const text = 'select fingerprint, status, reply from snackbase.idempotency_keys where scope = $1 and key = $2';
  return (await runner.query<Kept>(text, [scope, key]))[0];
}

export async function finish(runner: Runner, { scope, key }: Repeatable, status: number, reply: Buffer): Promise<void> {
  const text = 'update snackbase.idempotency_keys set status = $3, reply = $4 where scope = $1 and key = $2';
  await runner.query(text, [scope, key, status, reply]);
}

/** It still runs. */
export async function renew(runner: Runner, { scope, key }: Repeatable): Promise<void> {
  const text = `update snackbase.idempotency_keys set locked_until = now() + ${LEASE} where scope = $1 and key = $2 and status is null`;
  await runner.query(text, [scope, key]);
}

/** Nothing happened that must not happen again. */
export async function drop(runner: Runner, { scope, key }: Repeatable): Promise<void> {
  await runner.query('delete from snackbase.idempotency_keys where scope = $1 and key = $2 and status is null', [
    scope,
    key,
  ]);
}

/** It is not known what happened: the next attempt takes the same seed. */
export async function release(runner: Runner, { scope, key }: Repeatable): Promise<void> {
  const text =
    'update snackbase.idempotency_keys set locked_until = now() where scope = $1 and key = $2 and status is null';
  await runner.query(text, [scope, key]);
}

/** Forgets what is older than a day. */
export async function prune(runner: Runner): Promise<void> {
  await runner.query(`delete from snackbase.idempotency_keys where created_at < now() - ${KEPT_FOR}`);
}

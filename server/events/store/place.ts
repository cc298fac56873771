// The SQL of places that are leased: whoever has one works outside of transactions, and moves it on while he has it.
import type { Runner } from '../../db/database.ts';
import type { Position } from '../position.ts';

/** A place and the text that shows whose it is; it changes whenever the place does. */
export interface Lease extends Position {
  readonly lease: string;
}

// Of a leased place updated_at is when the lease is over, and with its microseconds nobody else's.
const UNTIL = "clock_timestamp() + $2::float8 * interval '1 second'";

/** Makes the place at the end of the log where there was none. */
export async function begin(run: Runner, name: string): Promise<void> {
  await run.query(
    `insert into snackbase.event_consumers (name, batch, id)
     select $1, number, last_id from snackbase.event_batches order by number desc limit 1 on conflict do nothing`,
    [name],
  );
}

/** undefined where there is none. */
export async function find(run: Runner, name: string): Promise<Position | undefined> {
  const [row] = await run.query<Position>('select batch, id from snackbase.event_consumers where name = $1', [name]);
  return row;
}

/** Takes it for so many seconds; undefined while somebody else has it. */
export async function take(run: Runner, name: string, seconds: number): Promise<Lease | undefined> {
  const [row] = await run.query<Lease>(
    `update snackbase.event_consumers set updated_at = ${UNTIL}
     where name = $1 and updated_at <= clock_timestamp() returning batch, id, updated_at::text as lease`,
    [name, seconds],
  );
  return row;
}

/** Moves it and keeps it for so many seconds more; undefined where it was lost. */
export async function move(
  run: Runner,
  name: string,
  { batch, id, lease }: Lease,
  seconds: number,
): Promise<Lease | undefined> {
  const [row] = await run.query<Lease>(
    `update snackbase.event_consumers set updated_at = ${UNTIL}, batch = $4, id = $5
     where name = $1 and updated_at = $3::timestamptz returning batch, id, updated_at::text as lease`,
    [name, seconds, lease, batch, id],
  );
  return row;
}

/**
 * Forgets a place behind which something has been in the log unread for so many seconds, or at which the log is no longer kept;
 * not while somebody has it. Until then it is that of a process which is down for a while.
 */
export async function forgetUnread(run: Runner, name: string, seconds: number): Promise<void> {
  const since = "clock_timestamp() - $2::float8 * interval '1 second'";
  await run.query(
    `delete from snackbase.event_consumers c where name = $1 and updated_at <= ${since} and (
       exists (select from snackbase.event_batches where number > c.batch and cut_at <= ${since})
       or not exists (select from snackbase.event_batches where number = c.batch))`,
    [name, seconds],
  );
}

// The SQL of tickets.
import type { Runner } from '../db/database.ts';
import { plan } from '../db/plans.ts';

const inserting = plan(`
  with old as (delete from snackbase.realtime_tickets where expires_at < now() - interval '1 minute')
  insert into snackbase.realtime_tickets (hash, sealed, expires_at)
  values (decode($1, 'hex'), decode($2, 'hex'), now() + $3 * interval '1 second')`);
const taking = plan(`
  delete from snackbase.realtime_tickets where hash = decode($1, 'hex') returning encode(sealed, 'hex'), expires_at > now()`);

/** Stores a ticket for some seconds, and removes those that nobody used. */
export async function put(run: Runner, hash: Buffer, sealed: Buffer, seconds: number): Promise<void> {
  await run.run(inserting, [hash.toString('hex'), sealed.toString('hex'), seconds]);
}

/** Takes a ticket away; null when there is none or its time is over. */
export async function take(run: Runner, hash: Buffer): Promise<Buffer | null> {
  const [row] = (await run.run(taking, [hash.toString('hex')])).rows;
  return row === undefined || row[1] !== 't' ? null : Buffer.from(row[0] as string, 'hex');
}

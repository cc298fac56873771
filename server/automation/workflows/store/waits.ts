// The SQL of instances that wait for an event: who may want which, holding one, and what it took.
import type { Runner } from '../../../db/database.ts';
import type { Position } from '../../../events/position.ts';
import type { RecordEvent } from '../trigger.ts';
import { HELD, type Held, JOINED, REST, type RunRow, WHOLE } from './runs.ts';

const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** Whether any instance waits for an event. */
export async function anyWaits(run: Runner): Promise<boolean> {
  const sql = 'select exists(select from snackbase.workflow_instances where wait_event is not null) as waits';
  return first(await run.query<{ waits: boolean }>(sql))?.waits === true;
}

/** Which instances may wait for which of these events, whenever they came. */
export const waitsFor = (
  run: Runner,
  accounts: readonly string[],
  events: readonly number[],
): Promise<{ readonly instance: string; readonly event: number }[]> =>
  run.query(
    `select i.id as instance, e.id as event
     from snackbase.workflow_instances i join snackbase.events e on e.account_id = i.account_id
     where i.wait_event is not null and i.account_id = any($1) and e.id = any($2)
       and i.wait_event = case e.type when 'updated' then 'update' when 'restored' then 'update' when 'deleted' then 'delete' else 'create' end
       and (i.wait_collection is null or i.wait_collection = e.collection)
     order by i.id`,
    [accounts, events],
  );

/** `wait_after`: events of later batches count; null while it has not looked back. */
export type WaitingRow = RunRow & { readonly wait_after: number | null };

/** An instance that waits for an event, held until the transaction ends. */
export async function waiting(run: Runner, id: string): Promise<WaitingRow | null> {
  const sql = `select ${WHOLE}, i.wait_after from snackbase.workflow_instances i ${JOINED} where i.id = $1 and i.wait_event is not null
    for no key update of i`;
  return first(await run.query<WaitingRow>(sql, [id]));
}

/** What an instance that looks back is to find: in the log behind this place, and not in this snapshot. */
export interface Sought extends Position {
  readonly event: RecordEvent;
  readonly collection: string | null;
  readonly unseen: string;
}

/** Holds the row until the transaction ends. Null where the lease is lost. */
export async function sought(run: Runner, { id, lease, claim }: Held): Promise<Sought | null> {
  const sql = `select wait_event as event, wait_collection as collection, acted_snapshot::text as unseen, heard_batch as batch, heard_id as id
    from snackbase.workflow_instances where ${HELD} for no key update`;
  return first(await run.query<Sought>(sql, [id, lease, claim]));
}

/** It has looked back at all events of the batches up to this one, under a lock that the same transaction holds. */
export async function lookedBack(run: Runner, id: string, batch: number): Promise<void> {
  await run.query('update snackbase.workflow_instances set wait_after = $2 where id = $1', [id, batch]);
}

/** The event at this place, with which `state` goes on, has come; whoever works on the instance at this moment has lost the lease. */
export async function fire(run: Runner, id: string, { batch, id: event }: Position, state: string): Promise<void> {
  await run.query(
    `update snackbase.workflow_instances set status = 'waiting', lease = null, claim = claim + 1, state = $2, wake_at = clock_timestamp(),
       heard_batch = $3, heard_id = $4, ${REST}
     where id = $1`,
    [id, state, batch, event],
  );
}

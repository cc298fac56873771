// The SQL of instances as people ask for them: starting, listing, cancelling, taking up, forgetting.
import type { Instance, StepLog } from '../../../../contract/workflow-shapes.ts';
import type { Runner } from '../../../db/database.ts';
import type { StartedBy } from '../words.ts';

const SHOWN = `i.id, i.workflow_id, i.account_id, i.version, i.status, i.current_step, i.context, i.output, i.source, i.parent_id, i.depth,
  i.attempt, i.error_code, i.error_message, case when i.status = 'waiting' then i.wake_at end as wake_at, null as resume_job_id,
  i.started_at, i.completed_at, i.created_at`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

export interface NewInstance {
  readonly id: string;
  readonly workflowId: string;
  readonly version: number;
  readonly accountId: string;
  readonly source: string;
  readonly depth: number;
  readonly startedBy: StartedBy | null;
  readonly parentId: string | null;
  readonly messageId: string | null;
  readonly timeoutSeconds: number | null;
  /** JSON text. */
  readonly context: string;
  /** It is not run at all, for this reason. */
  readonly refused: { readonly code: string; readonly message: string } | null;
}

/** Answers false where a message has started one already, and where the workflow is gone. */
export async function insert(run: Runner, row: NewInstance): Promise<boolean> {
  const { refused } = row;
  const made = await run.query(
    `insert into snackbase.workflow_instances (id, workflow_id, version, account_id, source, depth, started_by, parent_id, message_id,
       context, deadline, status, wake_at, completed_at, error_code, error_message, heard_batch, heard_id)
     select $1::uuid, v.workflow_id, v.version, $4::text, $5::text, $6::int, $7::json, $8::uuid, $9::text, $10::json,
       clock_timestamp() + $11::int * interval '1 s',
       case when $12::text is null then 'pending' else 'failed' end, case when $12::text is null then clock_timestamp() end,
       case when $12::text is not null then clock_timestamp() end, $12, $13::text, l.number, l.last_id
     from (select workflow_id, version from snackbase.workflow_versions where workflow_id = $2 and version = $3 for key share) v,
       (select number, last_id from snackbase.event_batches order by number desc limit 1) l
     on conflict (workflow_id, message_id) where message_id is not null do nothing returning id`,
    [
      row.id,
      row.workflowId,
      row.version,
      row.accountId,
      row.source,
      row.depth,
      row.startedBy && JSON.stringify(row.startedBy),
      row.parentId,
      row.messageId,
      row.context,
      row.timeoutSeconds,
      refused?.code ?? null,
      refused?.message ?? null,
    ],
  );
  return made.length > 0;
}

export async function ofMessage(run: Runner, workflowId: string, messageId: string): Promise<string | null> {
  const sql = 'select id from snackbase.workflow_instances where workflow_id = $1 and message_id = $2';
  return first(await run.query<{ id: string }>(sql, [workflowId, messageId]))?.id ?? null;
}

export async function list(
  run: Runner,
  { workflowId, status }: { readonly workflowId: string; readonly status: string | undefined },
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ readonly rows: Instance[]; readonly total: number }> {
  const from = `from snackbase.workflow_instances i where i.workflow_id = $1 and ($2::text is null or i.status = $2)`;
  const values = [workflowId, status ?? null];
  const sql = `select ${SHOWN} ${from} order by i.created_at desc, i.id desc offset $3 limit $4`;
  const rows = await run.query<Instance>(sql, [...values, skip, limit]);
  const counted = await run.query<{ total: number }>(`select count(*) as total ${from}`, values);
  return { rows, total: counted[0]?.total ?? 0 };
}

export async function find(run: Runner, accountId: string | null, id: string): Promise<Instance | null> {
  const sql = `select ${SHOWN} from snackbase.workflow_instances i
    where i.id = $2 and ($1::text is null or i.account_id = $1)`;
  return first(await run.query<Instance>(sql, [accountId, id]));
}

export const logs = (run: Runner, { id, workflow_id, account_id }: Instance, most: number): Promise<StepLog[]> =>
  run.query<StepLog>(
    `select id, instance_id, $2::uuid as workflow_id, $3 as account_id, step_name, step_type, status, attempt, input, output,
       error_message, started_at, completed_at
     from (select * from snackbase.workflow_step_logs where instance_id = $1 order by number desc limit $4) l order by number`,
    [id, workflow_id, account_id, most],
  );

/** The instance and those of its sub-workflows that it waits for. Answers the ids of those that had not ended. */
export async function cancel(run: Runner, id: string): Promise<string[]> {
  const rows = await run.query<{ id: string }>(
    `with recursive tree as (
       select id, state from snackbase.workflow_instances where id = $1
       union all
       select c.id, c.state from snackbase.workflow_instances c join tree t on c.parent_id = t.id and t.state ->> 'child' = c.id::text)
     update snackbase.workflow_instances set status = 'cancelled', completed_at = clock_timestamp(), lease = null, claim = claim + 1,
       wake_at = null, wait_event = null, wait_collection = null, wait_after = null
     where id in (select id from tree) and completed_at is null returning id`,
    [id],
  );
  return rows.map((row) => row.id);
}

/**
 * What failed runs its step again, what waits begins its step anew; a sub-workflow is not started twice, and an event that came is
 * not waited for again. Answers false for what does neither.
 */
export async function resume(run: Runner, id: string): Promise<boolean> {
  const rows = await run.query(
    `update snackbase.workflow_instances set status = 'pending', completed_at = null, error_code = null, error_message = null,
       state = case when status = 'waiting' and coalesce(state -> 'child', state -> 'event') is not null then state end, attempt = 0, lease = null, claim = claim + 1, lapses = 0, wake_at = clock_timestamp(), step_at = null,
       wait_event = null, wait_collection = null, wait_after = null,
       deadline = clock_timestamp() + (select timeout_seconds from snackbase.workflow_versions v
         where v.workflow_id = snackbase.workflow_instances.workflow_id and v.version = snackbase.workflow_instances.version)
         * interval '1 s'
     where id = $1 and status in ('failed', 'waiting') returning id`,
    [id],
  );
  return rows.length > 0;
}

/** Of the logs of instances and of what their steps kept, each of which may have thousands of rows. */
const ROWS_AT_ONCE = 5000;
const OLDEST = `select id from snackbase.workflow_instances where completed_at < now() - $1 * interval '1 day'
  order by completed_at, id limit $2`;

/**
 * Some that ended so long ago, with their logs, and versions that nothing holds on to: in statements that end soon however much an
 * instance has left. Answers whether there may be more.
 */
export async function prune(run: Runner, days: number, limit: number, rows = ROWS_AT_ONCE): Promise<boolean> {
  for (const table of ['snackbase.workflow_step_logs', 'snackbase.workflow_progress']) {
    const gone = await run.query(
      `delete from ${table} where ctid = any(array(
         select r.ctid from (${OLDEST}) i join ${table} r on r.instance_id = i.id limit $3)) returning 1`,
      [days, limit, rows],
    );
    if (gone.length > 0) return true;
  }
  const gone = await run.query(`delete from snackbase.workflow_instances where id in (${OLDEST}) returning 1`, [
    days,
    limit,
  ]);
  if (gone.length > 0) return true;
  const versions = await run.query(
    `delete from snackbase.workflow_versions where ctid = any(array(
       select v.ctid from snackbase.workflow_versions v where v.created_at < now() - $1 * interval '1 day'
       and v.version < (select w.version from snackbase.workflows w where w.id = v.workflow_id)
       and not exists (select from snackbase.workflow_instances i where i.workflow_id = v.workflow_id and i.version = v.version)
       limit $2)) returning 1`,
    [days, limit],
  );
  return versions.length > 0;
}

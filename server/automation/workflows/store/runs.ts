// The SQL of running instances: whose turn it is, and what a step leaves. Whoever lost the lease changes nothing.

import type { ActionOutcome } from '../../../../contract/actions.ts';
import type { Step } from '../../../../contract/workflow-steps.ts';
import type { Runner } from '../../../db/database.ts';
import { cut } from '../../../text.ts';
import { actingRoleOf } from '../../store.ts';
import type { StoredTrigger } from '../trigger.ts';
import type { Context, StartedBy } from '../words.ts';

/** Tells all processes that there is something to do. */
export const CHANNEL = 'snackbase_workflow_due';

/** An instance with everything that running it needs. */
export interface RunRow {
  readonly id: string;
  readonly workflow_id: string;
  readonly version: number;
  readonly account_id: string;
  readonly name: string;
  readonly slug: string;
  readonly trigger: StoredTrigger;
  readonly steps: readonly Step[];
  readonly run_as: string;
  readonly role_id: number | null;
  readonly depth: number;
  readonly started_by: StartedBy | null;
  readonly parent_id: string | null;
  readonly current_step: string | null;
  readonly state: Readonly<Record<string, unknown>> | null;
  readonly attempt: number;
  readonly executed: number;
  /** What `executed` was when the current step began: the same in all its tries. */
  readonly visit: number;
  /** How often the lease of whoever worked on it has run out since it last got any further. */
  readonly lapses: number;
  readonly context: Context;
  readonly claim: number;
  readonly step_at: string | null;
  readonly deadline: string | null;
  /** It waits for an event, and has not looked yet which came before that. */
  readonly looks_back: boolean;
  readonly now: string;
}

const ROLE = actingRoleOf('v.run_as');
export const WHOLE = `i.id, i.workflow_id, i.version, i.account_id, w.name, w.slug, v.trigger, v.steps, v.run_as, ${ROLE.select}, i.depth,
  i.started_by, i.parent_id, i.current_step, i.state, i.attempt, i.executed, i.visit, i.lapses, i.context, i.claim, i.step_at, i.deadline,
  i.wait_event is not null and i.wait_after is null as looks_back,
  clock_timestamp() as now`;
export const JOINED = `join snackbase.workflows w on w.id = i.workflow_id
  join snackbase.workflow_versions v on v.workflow_id = i.workflow_id and v.version = i.version
  ${ROLE.join}`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** Running at a time for one account, in all processes together. */
const PER_ACCOUNT = 8;

/**
 * Accounts share the places; of each the one that waits longest comes first. Those in `busy` are left alone: this process still works
 * on them for an earlier claim, which a new one would end.
 */
export const claim = (
  run: Runner,
  lease: string,
  leaseMs: number,
  limit: number,
  busy: readonly string[],
  after: string,
): Promise<RunRow[]> =>
  run.query<RunRow>(
    `with recursive accounts as (
       (select account_id from snackbase.workflow_instances where wake_at is not null order by account_id limit 1)
       union all
       select (select i.account_id from snackbase.workflow_instances i
         where i.wake_at is not null and i.account_id > a.account_id order by i.account_id limit 1)
       from accounts a where a.account_id is not null),
     due as (
       select d.id, a.account_id, row_number() over (partition by a.account_id order by d.wake_at, d.id) + r.running as place
       from accounts a
       cross join lateral (
         select count(*) as running from snackbase.workflow_instances l
         where l.account_id = a.account_id and l.lease is not null and l.wake_at > clock_timestamp()) r
       cross join lateral (
         select s.id, s.wake_at from snackbase.workflow_instances s
         where s.account_id = a.account_id and s.wake_at <= clock_timestamp() and s.id <> all($4)
         order by s.wake_at, s.id limit greatest(0, ${PER_ACCOUNT} - r.running)) d
       where a.account_id is not null),
     taken as (
       select c.id, t.turn from snackbase.workflow_instances c join (
         select id, place, row_number() over (order by place, account_id <= $5::text, account_id) as turn from due) t on t.id = c.id
       where t.place + t.turn <= $3::integer + 1 and c.wake_at <= clock_timestamp()
       for update of c skip locked),
     i as (
       update snackbase.workflow_instances u set lease = $1, claim = u.claim + 1, lapses = u.lapses + (u.lease is not null)::int, status = 'running',
         wake_at = clock_timestamp() + $2 * interval '1 ms', started_at = coalesce(u.started_at, clock_timestamp()),
         step_at = coalesce(u.step_at, clock_timestamp())
       from taken where u.id = taken.id returning u.*, taken.turn)
     select ${WHOLE} from i ${JOINED} order by i.turn`,
    [lease, leaseMs, limit, busy, after],
  );

export async function renew(run: Runner, lease: string, leaseMs: number, ids: readonly string[]): Promise<void> {
  await run.query(
    `update snackbase.workflow_instances set wake_at = clock_timestamp() + $2 * interval '1 ms' where id = any($3) and lease = $1`,
    [lease, leaseMs, ids],
  );
}

/** Milliseconds until something is due; 0 or less for what waits for a place. */
export async function nextIn(run: Runner): Promise<number | null> {
  const rows = await run.query<{ ms: number | null }>(
    `select extract(epoch from min(wake_at) - clock_timestamp())::float8 * 1000 as ms
     from snackbase.workflow_instances where wake_at is not null`,
  );
  return first(rows)?.ms ?? null;
}

/** Whose turn it is: the lease and the number of the claim. */
export interface Held {
  readonly id: string;
  readonly lease: string;
  readonly claim: number;
}
export const HELD = 'id = $1 and lease = $2 and claim = $3';
/** It waits for no event any longer. */
export const REST = 'wait_event = null, wait_collection = null, wait_after = null';

export interface Position {
  readonly step: string | null;
  /** JSON text. */
  readonly context: string;
}

// Events of these batches are in the snapshot of the statement, so none that counts comes before this place.
const ACTS_AFTER_REST = `acted_snapshot = pg_current_snapshot(), rested = false,
  (heard_batch, heard_id) = (select number, last_id from snackbase.event_batches order by number desc limit 1)`;
const ACTS = `acted_snapshot = case when rested then pg_current_snapshot() else acted_snapshot end, rested = false,
  (heard_batch, heard_id) = (select case when rested then number else heard_batch end, case when rested then last_id else heard_id end
    from snackbase.event_batches order by number desc limit 1)`;

/**
 * The next step begins; where it is the first that `acts` since the instance has `rested`, waits do not count what was committed
 * before. Answers false where the lease is lost; so do all that follow.
 */
export const advance = (
  run: Runner,
  held: Held,
  { step, context, acts, rested }: Position & { readonly acts: boolean; readonly rested: boolean },
): Promise<boolean> =>
  write(
    run,
    `set context = $4, current_step = $5, state = null, attempt = 0, executed = executed + 1, visit = executed + 1, lapses = 0,
       step_at = clock_timestamp(),
       ${[REST, ...(acts ? [rested ? ACTS_AFTER_REST : ACTS] : rested ? ['rested = true'] : [])].join(', ')}`,
    held,
    [context, step],
  );

export interface Waiting {
  readonly until: Date | null;
  /** JSON text. */
  readonly state: string;
  readonly event: { readonly type: string; readonly collection: string | null } | null;
  readonly step: string;
}

// Until it has looked back it does not wait: whoever claims it next, at once, does that first.
const LOOKS_BACK = '($6::text is not null and wait_after is null)';

export const wait = (run: Runner, held: Held, { until, state, event, step }: Waiting): Promise<boolean> =>
  write(
    run,
    `set status = case when ${LOOKS_BACK} then 'running' else 'waiting' end, lease = null, lapses = 0, state = $4, current_step = $8,
       wake_at = case when ${LOOKS_BACK} then clock_timestamp() else least($5::timestamptz, deadline) end,
       wait_event = $6, wait_collection = $7`,
    held,
    [state, until?.toISOString() ?? null, event?.type ?? null, event?.collection ?? null, step],
  );

export const tryAgain = (run: Runner, held: Held, step: string, delayMs: number): Promise<boolean> =>
  write(
    run,
    `set status = 'waiting', lease = null, lapses = 0, state = null, current_step = $4, attempt = attempt + 1, executed = executed + 1,
       wake_at = least(clock_timestamp() + $5 * interval '1 ms', deadline), ${REST}`,
    held,
    [step, delayMs],
  );

export interface Ended extends Position {
  readonly status: 'completed' | 'failed';
  /** JSON text. */
  readonly output: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export const end = (run: Runner, held: Held, { status, step, context, output, error }: Ended): Promise<boolean> =>
  write(
    run,
    `set status = $4, current_step = $5, context = $6, output = $7, error_code = $8, error_message = $9, state = null, lease = null,
       wake_at = null, completed_at = clock_timestamp(), executed = executed + 1, ${REST}`,
    held,
    [status, step, context, output, error?.code ?? null, error && cut(error.message, 4000)],
  );

/** Somebody goes on with it, at once or in a while. */
export const release = (run: Runner, held: Held, delayMs: number): Promise<boolean> =>
  write(run, `set lease = null, wake_at = clock_timestamp() + $4 * interval '1 ms'`, held, [delayMs]);

async function write(run: Runner, set: string, { id, lease, claim }: Held, values: unknown[]): Promise<boolean> {
  const sql = `update snackbase.workflow_instances ${set} where ${HELD} returning id`;
  return (await run.query(sql, [id, lease, claim, ...values])).length > 0;
}

/** An instance that waits for the end of this one looks again. */
export async function wakeParent(run: Runner, childId: string): Promise<void> {
  await run.query(
    `update snackbase.workflow_instances p set status = 'waiting', lease = null, claim = p.claim + 1, wake_at = clock_timestamp()
     from snackbase.workflow_instances c
     where c.id = $1 and p.id = c.parent_id and p.completed_at is null and p.state ->> 'child' = c.id::text`,
    [childId],
  );
}

export interface Log {
  readonly id: string;
  readonly instanceId: string;
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly status: 'success' | 'failed' | 'skipped';
  readonly attempt: number;
  readonly input: string | null;
  readonly output: string | null;
  readonly error: string | null;
  readonly startedAt: string;
}

export async function log(run: Runner, row: Log): Promise<void> {
  await run.query(
    `insert into snackbase.workflow_step_logs
       (id, instance_id, number, step_name, step_type, status, attempt, input, output, error_message, started_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      row.id,
      row.instanceId,
      row.number,
      row.name,
      row.type,
      row.status,
      row.attempt,
      row.input,
      row.output,
      row.error && cut(row.error, 4000),
      row.startedAt,
    ],
  );
}

/**
 * Keeps a part of the current step, which so gets further. Parts side by side only share the row, except the first after
 * a lease ran out. Answers false where the lease is lost.
 */
export async function keep(run: Runner, { id, lease, claim }: Held, place: string, outcome: string): Promise<boolean> {
  const rows = await run.query(
    `with further as (update snackbase.workflow_instances set lapses = 0 where ${HELD} and lapses > 0 returning id),
     shared as (select id from snackbase.workflow_instances where ${HELD} and not exists (select from further) for share),
     held as (select id from further union all select id from shared)
     insert into snackbase.workflow_progress (instance_id, place, outcome) select id, $4, $5 from held returning place`,
    [id, lease, claim, place, outcome],
  );
  return rows.length > 0;
}

/** Places whose outcomes are stored. */
export async function keptPlaces(run: Runner, instanceId: string): Promise<Set<string>> {
  const sql = 'select place from snackbase.workflow_progress where instance_id = $1';
  return new Set((await run.query<{ place: string }>(sql, [instanceId])).map(({ place }) => place));
}

export async function kept(
  run: Runner,
  instanceId: string,
  places: readonly string[],
): Promise<Map<string, ActionOutcome>> {
  const rows = await run.query<{ place: string; outcome: ActionOutcome }>(
    'select place, outcome from snackbase.workflow_progress where instance_id = $1 and place = any($2)',
    [instanceId, places],
  );
  return new Map(rows.map(({ place, outcome }) => [place, outcome]));
}

export async function forgetKept(run: Runner, instanceId: string): Promise<void> {
  await run.query('delete from snackbase.workflow_progress where instance_id = $1', [instanceId]);
}

/** Holds the row, so that whoever cancels waits until the transaction ends. Answers false where the lease is lost. */
export async function hold(run: Runner, { id, lease, claim }: Held): Promise<boolean> {
  const sql = `select id from snackbase.workflow_instances where ${HELD} for no key update`;
  return (await run.query(sql, [id, lease, claim])).length > 0;
}

export async function childOf(
  run: Runner,
  id: string,
): Promise<{ readonly status: string; readonly output: unknown; readonly error: string | null } | null> {
  return first(
    await run.query<{ status: string; output: unknown; error: string | null }>(
      'select status, output, error_message as error from snackbase.workflow_instances where id = $1',
      [id],
    ),
  );
}

/** How an instance ended; null while it has not. */
export async function endOf(
  run: Runner,
  id: string,
): Promise<{ readonly status: string; readonly error: string | null } | null> {
  const sql = `select status, error_message as error from snackbase.workflow_instances
    where id = $1 and status in ('completed', 'failed')`;
  const [row] = await run.query<{ status: string; error: string | null }>(sql, [id]);
  return row ?? null;
}

// The SQL of executions: putting them in, claiming what is nobody's, storing what was done under its lease, and forgetting old ones.
import type { ActionOutcome } from '../../../../contract/actions.ts';
import type { ExecutionStatus } from '../../../../contract/hooks.ts';
import type { Runner, Transaction } from '../../../db/database.ts';
import { storable } from '../../../text.ts';
import type { HookRow } from './definitions.ts';

/** What an execution remembers of what set it off; its templates read it. */
export type Context = Readonly<Record<string, unknown>>;

export interface NewExecution {
  readonly id: string;
  readonly accountId: string;
  readonly hookId: string;
  readonly triggerType: 'event' | 'schedule' | 'manual';
  readonly event: string | null;
  readonly queue: string | null;
  readonly depth: number;
  readonly context: Context;
  /** Of what is over already; left out for what is to be run. */
  readonly over?: {
    readonly status: ExecutionStatus;
    readonly outcomes: readonly ActionOutcome[];
    readonly errorCode: string | null;
    readonly errorMessage: string | null;
    readonly durationMs: number;
  };
}

/** Characters of contexts and outcomes in one statement. */
const AT_ONCE = 4_000_000;

/** Puts executions in, in their order; answers how many. Those of hooks that are gone meanwhile are left out, yet counted. */
export async function insertExecutions(
  run: Runner,
  rows: Iterable<NewExecution> | AsyncIterable<NewExecution>,
): Promise<number> {
  let part: ReturnType<typeof cellsOf>[] = [];
  let size = 0;
  let count = 0;
  for await (const row of rows) {
    const cells = cellsOf(row, count++);
    part.push(cells);
    size += cells.context.length + cells.outcomes.length;
    if (size < AT_ONCE) continue;
    await insertPart(run, part);
    part = [];
    size = 0;
  }
  if (part.length > 0) await insertPart(run, part);
  return count;
}

const message = (text: string | null | undefined): string | null => (text ? storable(text) : null);
const cellsOf = ({ over, context, ...row }: NewExecution, n: number) => ({
  ...row,
  n,
  context: JSON.stringify(context),
  status: over?.status ?? 'pending',
  outcomes: JSON.stringify(over?.outcomes ?? []),
  error_code: over?.errorCode ?? null,
  error_message: message(over?.errorMessage),
  ms: over?.durationMs ?? null,
});

async function insertPart(run: Runner, part: readonly ReturnType<typeof cellsOf>[]): Promise<void> {
  // JSON within JSON, as text: what templates read may hold characters that only the outer one escapes twice.
  await run.query(
    `insert into snackbase.hook_executions (id, account_id, hook_id, trigger_type, event, queue, depth, context, status,
       outcomes, error_code, error_message, executed_at, finished_at, attempt)
     select g.id, g."accountId", g."hookId", g."triggerType", g.event, g.queue, g.depth, g.context::json, g.status,
       g.outcomes::json, g.error_code, g.error_message, clock_timestamp() - g.ms * interval '1 millisecond',
       case when g.ms is not null then clock_timestamp() end, case when g.ms is null then 0 else 1 end
     from json_to_recordset($1::json) as g(n int, id uuid, "accountId" text, "hookId" uuid, "triggerType" text, event text,
       queue text, depth int, context text, status text, outcomes text, error_code text, error_message text, ms float8)
     join snackbase.hooks h on h.id = g."hookId" and h.account_id = g."accountId"
     order by g.n`,
    [JSON.stringify(part)],
  );
}

/** Whether an account has more than `most` executions that are not finished. */
export async function anyBeyond(run: Runner, accountId: string, most: number): Promise<boolean> {
  const rows = await run.query(
    `select from snackbase.hook_executions where account_id = $1 and status in ('pending', 'running')
     order by seq offset $2 limit 1`,
    [accountId, most],
  );
  return rows.length > 0;
}

/** Executions of one account that run at the same time. */
export const MOST_RUNNING = 4;
/** How far into an account's backlog is looked for what may run. */
const AHEAD = 1000;

export interface Claiming {
  readonly lease: string;
  readonly leaseMs: number;
  readonly limit: number;
  /** Those that this process still works on. */
  readonly busy: readonly string[];
  /** The account whose turn was the last. */
  readonly after: string;
}

/**
 * Claims what is nobody's: accounts share the places, of each the oldest comes first and `MOST_RUNNING` run at a time, of one queue of
 * a hook only the first that is not finished. Call it within a transaction of its own.
 */
export async function claimExecutions(tx: Transaction, { lease, leaseMs, limit, busy, after }: Claiming) {
  // Two processes that claim at once would both see room for the same account.
  await tx.query(`select pg_advisory_xact_lock(hashtext('snackbase.hook_executions'))`);
  return tx.query<{ id: string; account_id: string }>(
    `with recursive accounts as (
       (select account_id from snackbase.hook_executions where status in ('pending', 'running') order by account_id limit 1)
       union all
       select (select e.account_id from snackbase.hook_executions e
               where e.status in ('pending', 'running') and e.account_id > a.account_id order by e.account_id limit 1)
       from accounts a where a.account_id is not null),
     running as (
       select a.account_id, (
         select count(*) from snackbase.hook_executions r
         where r.account_id = a.account_id and r.status = 'running' and r.lease_until >= now()) as n
       from accounts a where a.account_id is not null),
     placed as (
       select c.id, a.account_id, a.n + c.number as place from running a cross join lateral (
         select e.id, row_number() over (order by e.seq) as number from (
           select id, seq, hook_id, queue, lease_until from snackbase.hook_executions
           where account_id = a.account_id and status in ('pending', 'running') order by seq limit ${AHEAD}) e
         where (e.lease_until is null or e.lease_until < now()) and e.id <> all ($5::uuid[])
           and (e.queue is null or not exists (
             select 1 from snackbase.hook_executions p where p.hook_id = e.hook_id and p.queue = e.queue
               and p.seq < e.seq and p.status in ('pending', 'running')))
         order by e.seq limit greatest(0, ${MOST_RUNNING} - a.n)) c),
     chosen as (
       select * from (
         select id, place, row_number() over (order by place, account_id <= $4::text, account_id) as turn from placed) p
       where place + turn <= $3::integer + 1),
     taken as (
     update snackbase.hook_executions e set status = 'running', lease = $1, attempt = attempt + 1,
       lease_until = now() + $2 * interval '1 millisecond', executed_at = coalesce(executed_at, now())
     from chosen c where e.id = c.id returning e.id, e.account_id, c.turn)
     select id, account_id from taken order by turn`,
    [lease, leaseMs, limit, after, busy],
  );
}

export async function renewLeases(run: Runner, lease: string, leaseMs: number, ids: readonly string[]): Promise<void> {
  await run.query(
    `update snackbase.hook_executions set lease_until = now() + $2 * interval '1 millisecond'
     where lease = $1 and status = 'running' and id = any ($3::uuid[])`,
    [lease, leaseMs, ids],
  );
}

/**
 * Milliseconds until the first lease ends; null when none is held. What waits without one is waited for by somebody, and one that has
 * ended and was not claimed waits for its account's turn.
 */
export async function nextLeaseIn(run: Runner): Promise<number | null> {
  const [row] = await run.query<{ ms: number | null }>(
    `select (extract(epoch from min(lease_until) - clock_timestamp()) * 1000)::float8 as ms
     from snackbase.hook_executions where status in ('pending', 'running') and lease_until is not null`,
  );
  const ms = row?.ms ?? null;
  return ms === null ? null : Math.max(ms, 100);
}

export interface RunRow {
  readonly id: string;
  readonly account_id: string;
  readonly trigger_type: NewExecution['triggerType'];
  readonly event: string | null;
  readonly depth: number;
  readonly context: Context;
  readonly outcomes: readonly ActionOutcome[];
  readonly attempt: number;
  readonly begun: number | null;
  readonly at: string;
  readonly hook: Pick<
    HookRow,
    | 'id'
    | 'name'
    | 'trigger'
    | 'event'
    | 'collection'
    | 'condition'
    | 'actions'
    | 'enabled'
    | 'run_as'
    | 'timeout_seconds'
  > & { readonly account_id: string; readonly revision: number };
}

/** An execution with its hook; null where the lease is another's by now, or both are gone. */
export async function loadRun(run: Runner, id: string, lease: string): Promise<RunRow | null> {
  const rows = await run.query<RunRow>(
    `select e.id, e.account_id, e.trigger_type, e.event, e.depth, e.context, e.outcomes, e.attempt, e.revision as begun,
       e.executed_at as at, json_build_object('id', h.id, 'account_id', h.account_id, 'name', h.name, 'trigger', h.trigger,
         'event', h.event, 'collection', h.collection, 'condition', h.condition, 'actions', h.actions, 'enabled', h.enabled,
         'run_as', h.run_as, 'timeout_seconds', h.timeout_seconds, 'revision', h.revision) as hook
     from snackbase.hook_executions e join snackbase.hooks h on h.id = e.hook_id
     where e.id = $1 and e.lease = $2 and e.status = 'running'`,
    [id, lease],
  );
  return rows[0] ?? null;
}

/** Whether it could be stored: not where the lease is another's. */
export async function storeProgress(
  tx: Transaction,
  { id, lease, revision }: { readonly id: string; readonly lease: string; readonly revision: number },
  outcomes: readonly ActionOutcome[],
): Promise<boolean> {
  const rows = await tx.query(
    `update snackbase.hook_executions set outcomes = $4, revision = $3
     where id = $1 and lease = $2 and status = 'running' returning id`,
    [id, lease, revision, JSON.stringify(outcomes)],
  );
  return rows.length > 0;
}

export interface Finished {
  readonly status: ExecutionStatus;
  readonly outcomes: readonly ActionOutcome[];
  readonly context: Context;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** Ends an execution under its lease. */
export async function finish(run: Runner, id: string, lease: string, end: Finished): Promise<void> {
  await run.query(
    `update snackbase.hook_executions set status = $3, outcomes = $4, context = $5, error_code = $6, error_message = $7,
       lease = null, lease_until = null, finished_at = clock_timestamp()
     where id = $1 and lease = $2 and status = 'running'`,
    [
      id,
      lease,
      end.status,
      JSON.stringify(end.outcomes),
      JSON.stringify(end.context),
      end.errorCode,
      message(end.errorMessage),
    ],
  );
}

/** Gives an execution back, for whoever takes it next. */
export async function release(run: Runner, id: string, lease: string): Promise<void> {
  await run.query(
    `update snackbase.hook_executions set lease = null, lease_until = null where id = $1 and lease = $2 and status = 'running'`,
    [id, lease],
  );
}

export interface ExecutionRow {
  readonly id: string;
  readonly hook_id: string;
  readonly trigger_type: NewExecution['triggerType'];
  readonly event: string | null;
  readonly status: ExecutionStatus;
  readonly outcomes: ActionOutcome[];
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly duration_ms: number | null;
  readonly attempt: number;
  readonly context: Record<string, unknown>;
  readonly executed_at: string | null;
  readonly finished_at: string | null;
  readonly created_at: string;
}
const SHOWN = `id, hook_id, trigger_type, event, status, outcomes, error_code, error_message, attempt, context,
  round(extract(epoch from finished_at - executed_at) * 1000)::int as duration_ms, executed_at, finished_at, created_at`;

/** A page of a hook's executions, the newest first, and the number of all that match. */
export async function listExecutions(
  run: Runner,
  hookId: string,
  status: string | null,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: ExecutionRow[]; total: number }> {
  const matching = 'from snackbase.hook_executions where hook_id = $1 and ($2::text is null or status = $2)';
  const rows = await run.query<ExecutionRow>(`select ${SHOWN} ${matching} order by seq desc offset $3 limit $4`, [
    hookId,
    status,
    skip,
    limit,
  ]);
  const [counted] = await run.query<{ total: number }>(`select count(*) as total ${matching}`, [hookId, status]);
  return { rows, total: counted?.total ?? 0 };
}

export async function findExecution(run: Runner, hookId: string, id: string): Promise<ExecutionRow | null> {
  const rows = await run.query<ExecutionRow>(
    `select ${SHOWN} from snackbase.hook_executions where hook_id = $1 and id = $2`,
    [hookId, id],
  );
  return rows[0] ?? null;
}

/** Executions that a hook keeps, and for how long. */
const KEPT = 1000;
const DAYS = 30;

/**
 * Forgets some of what is over and old, at most `limit`, and after that of each hook in turn what is over and not among its last, at
 * most `limit` of all; answers how many there were of whichever it found.
 */
export async function prune(run: Runner, limit: number): Promise<number> {
  const old = await run.query(
    `delete from snackbase.hook_executions where id in (
       select id from snackbase.hook_executions where finished_at < now() - interval '${DAYS} days' limit $1) returning 1`,
    [limit],
  );
  if (old.length > 0) return old.length;
  const beyond = await run.query(
    `delete from snackbase.hook_executions where id in (
       select e.id from snackbase.hooks h
       cross join lateral (
         select seq from snackbase.hook_executions where hook_id = h.id order by seq desc offset ${KEPT} limit 1) last
       cross join lateral (
         select id from snackbase.hook_executions
         where hook_id = h.id and seq <= last.seq and finished_at is not null limit $1) e
       limit $1) returning 1`,
    [limit],
  );
  return beyond.length;
}

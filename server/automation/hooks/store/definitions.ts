// The SQL of hooks: their definitions, whom they run as, and which schedules are due.

import type { Hook, HookTrigger } from '../../../../contract/hooks.ts';
import type { Runner, Transaction } from '../../../db/database.ts';
import { type ActingRole, actingRole, type SelectOf } from '../../store.ts';

/** What a hook is, as it is judged and stored. */
export interface Definition {
  readonly name: string;
  readonly description: string | null;
  readonly trigger: HookTrigger;
  /** The event's own name; null for other triggers. */
  readonly event: string | null;
  /** Qualified; null for all. */
  readonly collection: string | null;
  readonly condition: string | null;
  readonly actions: Hook['actions'];
  readonly enabled: boolean;
  readonly priority: number;
  readonly run_as: string;
  readonly timeout_seconds: number;
}

export interface HookRow extends Definition {
  readonly id: string;
  readonly account_id: string;
  readonly revision: number;
  readonly last_run_at: string | null;
  readonly next_run_at: string | null;
  readonly created_by: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Where an enabled hook on an event stands: what every process knows of all of them. */
export interface EventHook {
  readonly id: string;
  readonly account_id: string;
  readonly event: string;
  readonly collection: string | null;
  readonly priority: number;
  readonly revision: number;
  readonly active_since: string;
}

/** The same with what it does, as it is read when it is first needed. */
export type EventHookRow = Definition & EventHook;

const DEFINED =
  'id, account_id, name, description, trigger, event, collection, condition, actions, enabled, priority, run_as, timeout_seconds, revision';
// Hooks before an event do not write into their own row, because all writes of a collection would wait for each other.
const LAST = `greatest(last_run_at, (select e.executed_at from snackbase.hook_executions e where e.hook_id = h.id order by e.seq desc limit 1))`;
const SHOWN = `${DEFINED}, ${LAST} as last_run_at, next_run_at, created_by, created_at, updated_at`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** For the memory of every process: the oldest first, and nothing of any size. */
export const eventHooks: SelectOf = (accounts) => `
  select id, account_id, event, collection, priority, revision, active_since from snackbase.hooks
  where enabled and trigger_type = 'event' and account_id = any(${accounts}) order by created_at, id`;

/** Null where it is gone, disabled, or no longer on an event. */
export async function findEventHook(run: Runner, id: string): Promise<EventHookRow | null> {
  const sql = `select ${DEFINED}, active_since from snackbase.hooks where id = $1 and enabled and trigger_type = 'event'`;
  return first(await run.query<EventHookRow>(sql, [id]));
}

export interface HookFilter {
  /** null: of all accounts. */
  readonly accountId: string | null;
  readonly triggerType?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** A page of hooks, the oldest first, and the number of all that match. */
export async function listHooks(
  run: Runner,
  { accountId, triggerType, enabled }: HookFilter,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: HookRow[]; total: number }> {
  const matching = `from snackbase.hooks h where ($1::text is null or account_id = $1)
    and ($2::text is null or trigger_type = $2) and ($3::boolean is null or enabled = $3)`;
  const given = [accountId, triggerType ?? null, enabled ?? null];
  const rows = await run.query<HookRow>(`select ${SHOWN} ${matching} order by created_at, id offset $4 limit $5`, [
    ...given,
    skip,
    limit,
  ]);
  const counted = await run.query<{ total: number }>(`select count(*) as total ${matching}`, given);
  return { rows, total: first(counted)?.total ?? 0 };
}

/** `lock`: it stays as it is until the transaction ends. */
export async function findHook(run: Runner, id: string, accountId: string | null, lock = false) {
  return first(
    await run.query<HookRow>(
      `select ${SHOWN} from snackbase.hooks h where id = $1 and ($2::text is null or account_id = $2) ${lock ? 'for no key update' : ''}`,
      [id, accountId],
    ),
  );
}

/** The number of the account's hooks; no other is added until the transaction ends. */
export async function lockAndCount(tx: Transaction, accountId: string): Promise<number> {
  await tx.query('select id from snackbase.accounts where id = $1 for no key update', [accountId]);
  const rows = await tx.query<{ n: number }>('select count(*) as n from snackbase.hooks where account_id = $1', [
    accountId,
  ]);
  return first(rows)?.n ?? 0;
}

const columnsOf = (d: Definition) => [
  d.name,
  d.description,
  JSON.stringify(d.trigger),
  d.trigger.type,
  d.event,
  d.collection,
  d.condition,
  JSON.stringify(d.actions),
  d.enabled,
  d.priority,
  d.run_as,
  d.timeout_seconds,
];

export async function insertHook(
  tx: Transaction,
  row: { readonly id: string; readonly accountId: string; readonly by: string | null; readonly nextRun: Date | null },
  definition: Definition,
): Promise<void> {
  await tx.query(
    `insert into snackbase.hooks (id, account_id, created_by, next_run_at, name, description, trigger, trigger_type,
       event, collection, condition, actions, enabled, priority, run_as, timeout_seconds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [row.id, row.accountId, row.by, row.nextRun?.toISOString() ?? null, ...columnsOf(definition)],
  );
}

/** `anew`: from now on, what happened before no longer counts. */
export async function updateHook(
  tx: Transaction,
  id: string,
  definition: Definition,
  { anew, nextRun }: { readonly anew: boolean; readonly nextRun: Date | null },
): Promise<void> {
  await tx.query(
    `update snackbase.hooks set (name, description, trigger, trigger_type, event, collection, condition, actions,
       enabled, priority, run_as, timeout_seconds) = ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15),
       next_run_at = $2, active_since = case when $3 then now() else active_since end,
       revision = revision + 1, updated_at = now()
     where id = $1`,
    [id, nextRun?.toISOString() ?? null, anew, ...columnsOf(definition)],
  );
}

export async function deleteHook(tx: Transaction, id: string): Promise<void> {
  await tx.query('delete from snackbase.hooks where id = $1', [id]);
}

/** Answers whether the account had any. */
export async function deleteHooksOf(tx: Transaction, accountId: string): Promise<boolean> {
  return (await tx.query('delete from snackbase.hooks where account_id = $1 returning id', [accountId])).length > 0;
}

export type RoleRow = ActingRole;

/** The role that hooks run as. */
export const findRole = (run: Runner, name: string): Promise<RoleRow | null> => actingRole(run, name);

/** The database's clock. */
export async function clock(run: Runner): Promise<Date> {
  const [row] = await run.query<{ at: string }>('select now() as at');
  return new Date(row?.at as string);
}

export interface DueHook {
  readonly id: string;
  readonly account_id: string;
  readonly trigger: Extract<HookTrigger, { type: 'schedule' }>;
  readonly next_run_at: string;
}

/** Schedules that are due, and the time; each is this transaction's alone. */
export const dueHooks = (tx: Transaction, limit: number): Promise<(DueHook & { readonly at: string })[]> =>
  tx.query(
    `select id, account_id, trigger, next_run_at, now() as at from snackbase.hooks
     where next_run_at <= now() order by next_run_at limit $1 for no key update skip locked`,
    [limit],
  );

export async function setNextRun(tx: Transaction, id: string, next: Date | null): Promise<void> {
  await tx.query('update snackbase.hooks set next_run_at = $2, last_run_at = now() where id = $1', [
    id,
    next?.toISOString() ?? null,
  ]);
}

/** Milliseconds until a schedule is due; null when there is none. */
export async function nextDueIn(run: Runner): Promise<number | null> {
  const [row] = await run.query<{ ms: number | null }>(
    `select (extract(epoch from min(next_run_at) - clock_timestamp()) * 1000)::float8 as ms from snackbase.hooks
     where next_run_at is not null`,
  );
  return row?.ms ?? null;
}

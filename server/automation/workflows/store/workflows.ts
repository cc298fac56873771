// The SQL of definitions of workflows and their versions.

import type { Step } from '../../../../contract/workflow-steps.ts';
import type { Runner, Transaction } from '../../../db/database.ts';
import { isUuid } from '../../../ids.ts';
import type { SelectOf } from '../../store.ts';
import type { StoredTrigger } from '../trigger.ts';

export interface WorkflowRow {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string | null;
  readonly trigger: StoredTrigger;
  readonly steps: readonly Step[];
  readonly enabled: boolean;
  readonly run_as: string;
  readonly timeout_seconds: number | null;
  readonly version: number;
  readonly token_sealed: Buffer | null;
  readonly secret_sealed: Buffer | null;
  readonly next_run_at: string | null;
  readonly last_run_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string | null;
}

const SHOWN = `w.id, w.account_id, w.name, w.slug, w.description, w.trigger, w.steps, w.enabled, w.run_as, w.timeout_seconds, w.version,
  w.token_sealed, w.secret_sealed, w.next_run_at, w.created_at, w.updated_at, w.created_by,
  (select max(i.created_at) from snackbase.workflow_instances i where i.workflow_id = w.id) as last_run_at`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;
/** The system account has workflows like any other; a slug without an account is one of its. */
const ACCOUNT = '($1::text is null or w.account_id = $1)';

export interface ListFilter {
  readonly accountId: string | null;
  readonly enabled?: boolean | undefined;
  readonly triggerType?: string | undefined;
}

export async function list(
  run: Runner,
  { accountId, enabled, triggerType }: ListFilter,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ readonly rows: WorkflowRow[]; readonly total: number }> {
  const from = `from snackbase.workflows w where ${ACCOUNT} and ($2::boolean is null or w.enabled = $2)
    and ($3::text is null or w.trigger ->> 'type' = $3)`;
  const values = [accountId, enabled ?? null, triggerType ?? null];
  const sql = `select ${SHOWN} ${from} order by w.created_at desc, w.id desc offset $4 limit $5`;
  const rows = await run.query<WorkflowRow>(sql, [...values, skip, limit]);
  const counted = await run.query<{ total: number }>(`select count(*) as total ${from}`, values);
  return { rows, total: counted[0]?.total ?? 0 };
}

/** By id, or by slug within an account. */
export async function find(run: Runner, accountId: string | null, name: string): Promise<WorkflowRow | null> {
  const sql = isUuid(name)
    ? `select ${SHOWN} from snackbase.workflows w where ${ACCOUNT} and w.id = $2`
    : `select ${SHOWN} from snackbase.workflows w where w.account_id = coalesce($1, 'SY0000') and w.slug = $2`;
  return first(await run.query<WorkflowRow>(sql, [accountId, isUuid(name) ? name : name.toLowerCase().slice(0, 200)]));
}

/** The same, and nobody else changes it until the transaction ends. */
export async function lock(run: Runner, id: string): Promise<WorkflowRow | null> {
  const sql = `select ${SHOWN} from snackbase.workflows w where w.id = $1 for no key update`;
  return first(await run.query<WorkflowRow>(sql, [id]));
}

/** How many the account has; no other is added until the transaction ends. */
export async function lockAndCount(run: Runner, accountId: string): Promise<number> {
  await run.query('select id from snackbase.accounts where id = $1 for no key update', [accountId]);
  const sql = 'select count(*) as n from snackbase.workflows where account_id = $1';
  return first(await run.query<{ n: number }>(sql, [accountId]))?.n ?? 0;
}

export async function takenSlugs(run: Runner, accountId: string, slugs: readonly string[]): Promise<Set<string>> {
  const sql = 'select slug from snackbase.workflows where account_id = $1 and slug = any($2)';
  return new Set((await run.query<{ slug: string }>(sql, [accountId, slugs])).map(({ slug }) => slug));
}

export interface NewWorkflow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string | null;
  readonly trigger: StoredTrigger;
  readonly steps: readonly Step[];
  readonly enabled: boolean;
  readonly runAs: string;
  readonly timeoutSeconds: number | null;
  readonly token: { readonly hash: Buffer; readonly sealed: Buffer } | null;
  readonly secretSealed: Buffer | null;
  readonly nextRunAt: Date | null;
}

const cells = (row: NewWorkflow): unknown[] => [
  row.id,
  row.accountId,
  row.name,
  row.slug,
  row.description,
  JSON.stringify(row.trigger),
  JSON.stringify(row.steps),
  row.enabled,
  row.runAs,
  row.timeoutSeconds,
  row.token?.hash ?? null,
  row.token?.sealed ?? null,
  row.secretSealed,
  row.nextRunAt?.toISOString() ?? null,
];

/** Rejects with a unique violation for a slug that is taken. */
export async function insert(run: Runner, row: NewWorkflow, by: string | null): Promise<void> {
  const sql = `insert into snackbase.workflows (id, account_id, name, slug, description, trigger, steps, enabled, run_as, timeout_seconds,
      token_hash, token_sealed, secret_sealed, next_run_at, created_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`;
  await run.query(sql, [...cells(row), by]);
  await keepVersion(run, row.id);
}

/** `renewed`: it does something else than before, so it is another version; `since`: events before now concern it no more. */
export async function update(
  run: Runner,
  row: NewWorkflow,
  { renewed, since }: { readonly renewed: boolean; readonly since: boolean },
): Promise<void> {
  const sql = `update snackbase.workflows set name = $3, slug = $4, description = $5, trigger = $6, steps = $7, enabled = $8,
      run_as = $9, timeout_seconds = $10, token_hash = $11, token_sealed = $12, secret_sealed = $13, next_run_at = $14,
      version = version + $15::int, active_since = case when $16 then now() else active_since end, updated_at = clock_timestamp()
    where id = $1 and account_id = $2`;
  await run.query(sql, [...cells(row), renewed ? 1 : 0, since]);
  if (renewed) await keepVersion(run, row.id);
}

async function keepVersion(run: Runner, id: string): Promise<void> {
  await run.query(
    `insert into snackbase.workflow_versions (workflow_id, version, trigger, steps, run_as, timeout_seconds)
     select id, version, trigger, steps, run_as, timeout_seconds from snackbase.workflows where id = $1`,
    [id],
  );
}

/** With its instances; those of other workflows that wait for one of them go on, and find it gone. */
export async function remove(tx: Transaction, id: string): Promise<void> {
  // No further instance begins from here on.
  await tx.query('select from snackbase.workflow_versions where workflow_id = $1 for update', [id]);
  await tx.query(
    `update snackbase.workflow_instances p set status = 'waiting', lease = null, claim = p.claim + 1, wake_at = clock_timestamp()
     from snackbase.workflow_instances c
     where c.workflow_id = $1 and c.completed_at is null and p.id = c.parent_id and p.workflow_id <> $1
       and p.completed_at is null and p.state ->> 'child' = c.id::text`,
    [id],
  );
  await tx.query('delete from snackbase.workflows where id = $1', [id]);
}

/** Answers whether there was one. */
export async function removeOfAccount(run: Runner, accountId: string): Promise<boolean> {
  const sql = 'delete from snackbase.workflows where account_id = $1 returning id';
  return (await run.query(sql, [accountId])).length > 0;
}

export async function findByToken(run: Runner, hash: Buffer): Promise<WorkflowRow | null> {
  const sql = `select ${SHOWN} from snackbase.workflows w where w.token_hash = $1 and w.enabled`;
  return first(await run.query<WorkflowRow>(sql, [hash]));
}

/** Those of schedules that are due, nobody else's until the transaction ends. */
export const dueSchedules = (run: Runner, limit: number): Promise<WorkflowRow[]> =>
  run.query<WorkflowRow>(
    `select ${SHOWN} from snackbase.workflows w where w.next_run_at <= clock_timestamp() and w.enabled
     order by w.next_run_at limit $1 for update skip locked`,
    [limit],
  );

export async function scheduleNext(run: Runner, id: string, at: Date | null): Promise<void> {
  await run.query('update snackbase.workflows set next_run_at = $2 where id = $1', [id, at?.toISOString() ?? null]);
}

/** Milliseconds until the next schedule is due, and the database's clock. */
export async function nextSchedule(run: Runner): Promise<number | null> {
  const sql = `select extract(epoch from min(next_run_at) - clock_timestamp())::float8 * 1000 as ms
    from snackbase.workflows where next_run_at is not null and enabled`;
  return first(await run.query<{ ms: number | null }>(sql))?.ms ?? null;
}

export async function clockOf(run: Runner): Promise<Date> {
  const rows = await run.query<{ at: string }>('select clock_timestamp() as at');
  return new Date((rows[0] as { at: string }).at);
}

/** For `createDefinitions`: those that events start. */
export const listening: SelectOf = (accounts) => `
  select w.id, w.account_id, w.name, w.slug, w.version, w.trigger, w.run_as, w.active_since, w.timeout_seconds
  from snackbase.workflows w
  where w.enabled and w.trigger ->> 'type' = 'event' and w.account_id = any(${accounts})`;

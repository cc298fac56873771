// The SQL of sending: what is due, in whose hands it is, and what came of it.
import type { WebhookAttempt } from '../../../../contract/webhook-shapes.ts';
import type { Runner, Transaction } from '../../../db/database.ts';

/** A message that is to be sent now. */
export interface DueDelivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly account_id: string;
  readonly record_id: string;
  readonly message_id: string;
  readonly event: string;
  readonly payload: string;
  readonly attempt_number: number;
  readonly url: string;
  readonly headers: Buffer;
  readonly secret: Buffer;
  /** While it still signs. */
  readonly former_secret: Buffer | null;
}

// Every webhook with something that waits, found by skipping from one to the next through the index of what waits, whose whole order
// is named so that no other is taken; and how many of each, and of its account, are in hand.
const IN_ORDER = 'order by d.webhook_id, d.next_at, d.number limit 1';
const WAITING = `waiting as (
    (select d.webhook_id from snackbase.webhook_deliveries d where d.next_at is not null ${IN_ORDER})
    union all
    select (select d.webhook_id from snackbase.webhook_deliveries d
      where d.next_at is not null and d.webhook_id > w.webhook_id ${IN_ORDER})
    from waiting w where w.webhook_id is not null),
  busy as (
    select d.webhook_id, w.account_id, count(*)::integer as n, sum(count(*)) over (partition by w.account_id)::integer as of_account
    from snackbase.webhook_deliveries d join snackbase.webhooks w on w.id = d.webhook_id
    where d.leased_until > now() group by 1, 2)`;
const IDLE = '(d.leased_until is null or d.leased_until <= now())';

export interface Claiming {
  readonly lease: string;
  readonly leaseMs: number;
  readonly limit: number;
  /** Of one webhook side by side. */
  readonly each: number;
  /** Those that this process still works on. */
  readonly busy: readonly string[];
  /** The account whose turn was the last. */
  readonly after: string;
}

/** Takes what is due, of each webhook no more than `each` at a time: accounts share the places, and of each the oldest comes first. */
export const claimDeliveries = (
  run: Runner,
  { lease, leaseMs, limit, each, busy, after }: Claiming,
): Promise<DueDelivery[]> =>
  run.query<DueDelivery>(
    `with recursive ${WAITING},
     placed as (
       select due.*, w.account_id, coalesce((select b.of_account from busy b where b.account_id = w.account_id limit 1), 0)
         + row_number() over (partition by w.account_id order by due.next_at, due.number) as place
       from waiting t
       join snackbase.webhooks w on w.id = t.webhook_id and w.enabled
       left join busy b on b.webhook_id = w.id
       cross join lateral (
         select d.id, d.next_at, d.number from snackbase.webhook_deliveries d
         where d.webhook_id = w.id and d.next_at <= now() and ${IDLE} and d.id <> all ($6::uuid[])
         order by d.next_at, d.number limit greatest(0, $4::integer - coalesce(b.n, 0))) due),
     chosen as (
       select * from (
         select id, place, row_number() over (order by place, account_id <= $5::text, account_id) as turn from placed) p
       where place + turn <= $3::integer + 1),
     taken as (
       update snackbase.webhook_deliveries d set lease = $1, leased_until = now() + make_interval(secs => $2::float8 / 1000)
       from chosen c where d.id = c.id and d.next_at is not null and ${IDLE} returning d.*, c.turn)
     select t.id, t.webhook_id, w.account_id, t.record_id, t.message_id, t.event, t.payload, t.attempt_number, w.url, w.headers,
       w.secret, case when w.former_until > now() then w.former_secret end as former_secret
     from taken t join snackbase.webhooks w on w.id = t.webhook_id order by t.turn`,
    [lease, leaseMs, limit, each, after, busy],
  );

export async function renewDeliveries(
  run: Runner,
  lease: string,
  leaseMs: number,
  ids: readonly string[],
): Promise<void> {
  await run.query(
    `update snackbase.webhook_deliveries set leased_until = now() + make_interval(secs => $2::float8 / 1000)
     where id = any ($3::uuid[]) and lease = $1`,
    [lease, leaseMs, ids],
  );
}

/** Gives one back that was not tried to its end. */
export async function giveBack(run: Runner, id: string, lease: string): Promise<void> {
  await run.query(
    'update snackbase.webhook_deliveries set lease = null, leased_until = null where id = $1 and lease = $2',
    [id, lease],
  );
}

/** Milliseconds until something can be taken that cannot be now, 0 where something waits for a place; null when nothing waits. */
export async function nextDue(run: Runner, each: number): Promise<number | null> {
  const [row] = await run.query<{ ms: number | null }>(
    `with recursive ${WAITING}
     select (extract(epoch from least(min(next.at), (
       select min(leased_until) from snackbase.webhook_deliveries where leased_until > now())) - now()) * 1000)::float8 as ms
     from waiting t
     join snackbase.webhooks w on w.id = t.webhook_id and w.enabled
     left join busy b on b.webhook_id = w.id
     cross join lateral (
       (select d.next_at as at from snackbase.webhook_deliveries d where d.webhook_id = w.id and d.next_at > now()
        order by d.next_at, d.number limit 1)
       union all
       (select now() from snackbase.webhook_deliveries d
        where d.webhook_id = w.id and d.next_at <= now() and ${IDLE} and coalesce(b.n, 0) < $1::integer limit 1)) next`,
    [each],
  );
  return row?.ms ?? null;
}

export interface LockedWebhook {
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
}

/** The webhook for what follows an attempt; null when it is gone. */
export async function lockWebhook(tx: Transaction, id: string): Promise<LockedWebhook | null> {
  const sql = 'select enabled, disabled_reason from snackbase.webhooks where id = $1 for no key update';
  return (await tx.query<LockedWebhook>(sql, [id]))[0] ?? null;
}

export type NextState =
  | { readonly status: 'delivered' | 'dead' }
  | { readonly status: 'retrying'; readonly inMs: number };

/** Notes an attempt and what follows from it; false, and nothing, where the lease was lost. */
export async function noteAttempt(
  tx: Transaction,
  { id, lease }: { readonly id: string; readonly lease: string },
  attempt: WebhookAttempt,
  next: NextState,
): Promise<boolean> {
  const inMs = next.status === 'retrying' ? next.inMs : null;
  const rows = await tx.query(
    `update snackbase.webhook_deliveries set status = $3, attempt_number = attempt_number + 1, attempts = attempts || $4::jsonb,
       lease = null, leased_until = null,
       next_at = clock_timestamp() + make_interval(secs => $5::float8 / 1000),
       finished_at = case when $5::float8 is null then clock_timestamp() end
     where id = $1 and lease = $2 returning 1`,
    [id, lease, next.status, JSON.stringify([attempt]), inMs],
  );
  return rows.length > 0;
}

/** The next message of the record may go on. */
export async function letFollow(tx: Transaction, webhookId: string, recordId: string, delay: number): Promise<void> {
  await tx.query(
    `update snackbase.webhook_deliveries set next_at = clock_timestamp() + make_interval(secs => $3) where id = (
       select id from snackbase.webhook_deliveries where webhook_id = $1 and record_id = $2 and status in ('pending', 'retrying')
       order by number limit 1) and next_at is null`,
    [webhookId, recordId, delay],
  );
}

export async function noteSuccess(tx: Transaction, id: string): Promise<void> {
  await tx.query('update snackbase.webhooks set failures = 0, failing_since = null where id = $1 and failures > 0', [
    id,
  ]);
}

/** Answers whether it has failed so often, and for so long without a success. */
export async function noteFailure(
  tx: Transaction,
  id: string,
  { failures, days }: { readonly failures: number; readonly days: number },
): Promise<boolean> {
  const [row] = await tx.query<{ hopeless: boolean }>(
    `update snackbase.webhooks set failures = failures + 1, failing_since = coalesce(failing_since, now()) where id = $1
     returning failures >= $2 and failing_since < now() - make_interval(days => $3) as hopeless`,
    [id, failures, days],
  );
  return row?.hopeless ?? false;
}

// The SQL of deliveries as they are made, looked at and sent again.
import type { WebhookAttempt, WebhookDelivery, WebhookPayload } from '../../../../contract/webhook-shapes.ts';
import type { Runner, Transaction } from '../../../db/database.ts';

/** A message that an event has become. */
export interface NewDelivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly batch: number;
  readonly event_id: number;
  readonly message_id: string;
  readonly event: string;
  readonly collection: string;
  readonly record_id: string;
  readonly payload: string;
}

/** What goes on at once: of each record the first, if nothing of it was unfinished before. */
const WHEN = `case when row_number() over (partition by n.webhook_id, n.record_id order by n.place) = 1 and not exists (
      select from snackbase.webhook_deliveries d where d.webhook_id = n.webhook_id and d.record_id = n.record_id
        and d.status in ('pending', 'retrying'))
    then now() + make_interval(secs => $2) end`;

/** Characters of payloads in one statement. */
const AT_ONCE = 4_000_000;

/** Takes those in their order for webhooks that are still there and enabled; `delay` is of the first attempt, in seconds. */
export async function insertDeliveries(
  tx: Transaction,
  deliveries: readonly NewDelivery[],
  delay: number,
): Promise<void> {
  const ids = [...new Set(deliveries.map(({ webhook_id }) => webhook_id))];
  const live = await tx.query<{ id: string }>(
    'select id from snackbase.webhooks where id = any ($1::uuid[]) and enabled order by id for no key update',
    [ids],
  );
  const open = new Set(live.map(({ id }) => id));
  const rows = deliveries.filter(({ webhook_id }) => open.has(webhook_id)).map((row, place) => ({ ...row, place }));
  for (let from = 0; from < rows.length; ) {
    let to = from;
    for (let size = 0; to < rows.length && size < AT_ONCE; to++) size += (rows[to] as NewDelivery).payload.length;
    await tx.query(
      `insert into snackbase.webhook_deliveries
         (id, webhook_id, batch, event_id, message_id, event, collection, record_id, payload, status, next_at)
       select id, webhook_id, batch, event_id, message_id, event, collection, record_id, payload, 'pending', ${WHEN}
       from json_to_recordset($1::json) as n (place integer, id uuid, webhook_id uuid, batch bigint, event_id bigint,
         message_id text, event text, collection text, record_id uuid, payload text)
       order by n.place on conflict (webhook_id, batch, event_id) do nothing`,
      [JSON.stringify(rows.slice(from, to)), delay],
    );
    from = to;
  }
}

const LAST = (key: string) => `attempts -> -1 ->> '${key}'`;
const SHOWN = `id, webhook_id, message_id, redelivery_of, event, collection, record_id, status, attempt_number,
  (${LAST('status')})::integer as response_status, ${LAST('response_body')} as response_body, ${LAST('error')} as error,
  next_at as next_retry_at, case when status = 'delivered' then finished_at end as delivered_at, created_at`;
/** A page must not grow with what its messages say. */
const SHORT = 'case when length(payload) <= 100000 then payload::json end as payload';
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

export interface DeliveryFilter {
  readonly webhookId: string;
  readonly status?: string | undefined;
  readonly event?: string | undefined;
  readonly recordId?: string | undefined;
}

/** A page of deliveries, the newest first, and the number of all that match. */
export async function listDeliveries(
  run: Runner,
  { webhookId, status, event, recordId }: DeliveryFilter,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: WebhookDelivery[]; total: number }> {
  const matching = `from snackbase.webhook_deliveries where webhook_id = $1 and ($2::text is null or status = $2)
    and ($3::text is null or event = $3) and ($4::uuid is null or record_id = $4)`;
  const values = [webhookId, status ?? null, event ?? null, recordId ?? null];
  const [rows, counted] = await Promise.all([
    run.query<WebhookDelivery>(`select ${SHOWN}, ${SHORT} ${matching} order by number desc offset $5 limit $6`, [
      ...values,
      skip,
      limit,
    ]),
    run.query<{ total: number }>(`select count(*) as total ${matching}`, values),
  ]);
  return { rows, total: first(counted)?.total ?? 0 };
}

export type DeliveryInFull = WebhookDelivery & {
  readonly payload: WebhookPayload;
  readonly attempts: WebhookAttempt[];
};

export async function findDelivery(run: Runner, webhookId: string, id: string): Promise<DeliveryInFull | null> {
  const sql = `select ${SHOWN}, payload::json as payload, attempts from snackbase.webhook_deliveries where webhook_id = $1 and id = $2`;
  return first(await run.query<DeliveryInFull>(sql, [webhookId, id]));
}

const COPIED = 'webhook_id, message_id, redelivery_of, event, collection, record_id, payload';

/** Again what a delivery was, behind what is on its way of its record. The webhook's row is locked. */
export async function repeatDelivery(tx: Transaction, of: string, id: string): Promise<WebhookDelivery> {
  await tx.query(
    `insert into snackbase.webhook_deliveries (id, ${COPIED}, status, next_at)
     select $1, d.webhook_id, d.message_id, d.id, d.event, d.collection, d.record_id, d.payload, 'pending',
       case when not exists (select from snackbase.webhook_deliveries o where o.webhook_id = d.webhook_id
         and o.record_id = d.record_id and o.status in ('pending', 'retrying')) then now() end
     from snackbase.webhook_deliveries d where d.id = $2`,
    [id, of],
  );
  const sql = `select ${SHOWN} from snackbase.webhook_deliveries where id = $1`;
  return first(await tx.query<WebhookDelivery>(sql, [id])) as WebhookDelivery;
}

export interface Span {
  readonly webhookId: string;
  readonly status: 'dead' | 'delivered';
  readonly from: string | null;
  readonly to: string | null;
}

/** The same for the last deliveries of each message in a span, in their order, at most `limit`; answers how many. */
export async function repeatSpan(
  tx: Transaction,
  { webhookId, status, from, to }: Span,
  limit: number,
): Promise<number> {
  const [counted] = await tx.query<{ n: number }>(
    `with chosen as (
       select d.* from snackbase.webhook_deliveries d
       where d.webhook_id = $1 and d.status = $2 and ($3::timestamptz is null or d.created_at >= $3)
         and ($4::timestamptz is null or d.created_at <= $4)
         and not exists (select from snackbase.webhook_deliveries l
           where l.webhook_id = d.webhook_id and l.message_id = d.message_id and l.number > d.number)
       order by d.number limit $5),
     made as (
       insert into snackbase.webhook_deliveries (id, ${COPIED}, status, next_at)
       select gen_random_uuid(), c.webhook_id, c.message_id, c.id, c.event, c.collection, c.record_id, c.payload, 'pending',
         case when row_number() over (partition by c.record_id order by c.number) = 1 and not exists (
           select from snackbase.webhook_deliveries o where o.webhook_id = c.webhook_id and o.record_id = c.record_id
             and o.status in ('pending', 'retrying')) then now() end
       from chosen c order by c.number returning 1)
     select count(*) as n from made`,
    [webhookId, status, from, to, limit],
  );
  return counted?.n ?? 0;
}

/** Forgets what is old enough, at most `limit` rows; answers how many went. */
export async function pruneDeliveries(
  run: Runner,
  { deliveredDays, deadDays }: { readonly deliveredDays: number; readonly deadDays: number },
  limit: number,
): Promise<number> {
  const rows = await run.query(
    `delete from snackbase.webhook_deliveries where id in (
       select id from snackbase.webhook_deliveries
       where finished_at < now() - make_interval(days => least($1::integer, $2::integer))
         and finished_at < now() - make_interval(days => case status when 'delivered' then $1::integer else $2::integer end)
       limit $3) returning 1`,
    [deliveredDays, deadDays, limit],
  );
  return rows.length;
}

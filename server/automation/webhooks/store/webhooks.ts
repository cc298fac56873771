// The SQL of webhooks as they are managed.
import type { Runner } from '../../../db/database.ts';
import type { SelectOf } from '../../store.ts';
import type { Subscription } from '../subscriptions.ts';

/** What a person decides. */
export interface WebhookSettings {
  readonly url: string;
  readonly description: string | null;
  readonly collections: readonly string[];
  readonly events: readonly string[];
  readonly subscriptions: readonly Subscription[];
  readonly fields: readonly string[] | null;
  readonly filter: string | null;
  /** Sealed. */
  readonly headers: Buffer;
  readonly secret: Buffer;
  readonly enabled: boolean;
}

export interface WebhookRow extends WebhookSettings {
  readonly id: string;
  readonly account_id: string;
  readonly former_secret: Buffer | null;
  readonly former_until: string | null;
  readonly disabled_reason: string | null;
  readonly failures: number;
  readonly failing_since: string | null;
  readonly created_by: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

const SHOWN = `id, account_id, url, description, collections, events, subscriptions, fields, filter, headers, secret, enabled,
  former_secret, former_until, disabled_reason, failures, failing_since, created_by, created_at, updated_at`;
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** Of the process's memory: what it takes to know whether an event matters. */
export const subscribed: SelectOf = (accounts) => `select id, account_id, subscriptions, fields, filter,
    (extract(epoch from active_since) * 1000000)::bigint::text as active_since
  from snackbase.webhooks where enabled and account_id = any(${accounts})`;

/** A page of webhooks, the newest first, and the number of all; `accountId` null: of every account. */
export async function listWebhooks(
  run: Runner,
  accountId: string | null,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: WebhookRow[]; total: number }> {
  const matching = 'from snackbase.webhooks where ($1::text is null or account_id = $1)';
  const [rows, counted] = await Promise.all([
    run.query<WebhookRow>(`select ${SHOWN} ${matching} order by created_at desc, id desc offset $2 limit $3`, [
      accountId,
      skip,
      limit,
    ]),
    run.query<{ total: number }>(`select count(*) as total ${matching}`, [accountId]),
  ]);
  return { rows, total: first(counted)?.total ?? 0 };
}

/** One of the account's, null: of any; in a transaction its row stays locked where `lock` says so. */
export async function findWebhook(
  run: Runner,
  id: string,
  accountId: string | null,
  lock = false,
): Promise<WebhookRow | null> {
  const sql = `select ${SHOWN} from snackbase.webhooks where id = $1 and ($2::text is null or account_id = $2)
    ${lock ? 'for no key update' : ''}`;
  return first(await run.query<WebhookRow>(sql, [id, accountId]));
}

/** How many the account has; no other is added until the transaction ends. */
export async function lockAndCount(run: Runner, accountId: string): Promise<number> {
  await run.query('select id from snackbase.accounts where id = $1 for no key update', [accountId]);
  const sql = 'select count(*) as n from snackbase.webhooks where account_id = $1';
  return first(await run.query<{ n: number }>(sql, [accountId]))?.n ?? 0;
}

const valuesOf = (s: WebhookSettings): unknown[] => [
  s.url,
  s.description,
  s.collections,
  s.events,
  JSON.stringify(s.subscriptions),
  s.fields,
  s.filter,
  s.headers,
  s.secret,
  s.enabled,
];

export async function insertWebhook(
  run: Runner,
  { id, accountId, by }: { readonly id: string; readonly accountId: string; readonly by: string },
  settings: WebhookSettings,
): Promise<WebhookRow> {
  const sql = `insert into snackbase.webhooks (id, account_id, created_by, url, description, collections, events, subscriptions,
      fields, filter, headers, secret, enabled, active_since, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now(), now(), now()) returning ${SHOWN}`;
  return first(await run.query<WebhookRow>(sql, [id, accountId, by, ...valuesOf(settings)])) as WebhookRow;
}

/** Microseconds since 1970, as events tell their moments. */
export async function clock(tx: Runner): Promise<number> {
  const [row] = await tx.query<{ now: string }>('select (extract(epoch from now()) * 1000000)::bigint::text as now');
  return Number(row?.now);
}

/** `anew`: only events from now on concern it; `forgiven`: its failures are forgotten. A new secret leaves no former one. */
export async function updateWebhook(
  run: Runner,
  id: string,
  settings: WebhookSettings,
  { anew, forgiven }: { readonly anew: boolean; readonly forgiven: boolean },
): Promise<WebhookRow> {
  const sql = `update snackbase.webhooks set url = $2, description = $3, collections = $4, events = $5, subscriptions = $6,
      fields = $7, filter = $8, headers = $9, enabled = $11, updated_at = now(),
      former_secret = case when secret = $10 then former_secret end,
      former_until = case when secret = $10 then former_until end, secret = $10,
      disabled_reason = case when not $11 then disabled_reason end,
      active_since = case when $12 then now() else active_since end,
      failures = case when $13 then 0 else failures end,
      failing_since = case when $13 then null else failing_since end
    where id = $1 returning ${SHOWN}`;
  return first(await run.query<WebhookRow>(sql, [id, ...valuesOf(settings), anew, forgiven])) as WebhookRow;
}

/** The secret in use becomes the former one, for so many hours. */
export async function rotateSecret(run: Runner, id: string, secret: Buffer, hours: number): Promise<WebhookRow> {
  const sql = `update snackbase.webhooks set updated_at = now(), secret = $2,
      former_secret = case when $3 > 0 then secret end,
      former_until = case when $3 > 0 then now() + make_interval(secs => $3 * 3600) end
    where id = $1 returning ${SHOWN}`;
  return first(await run.query<WebhookRow>(sql, [id, secret, hours])) as WebhookRow;
}

/**
 * The server's own decision. What waits is given up; of what is in hand whoever holds it still says how it ended, and where that
 * process has died nothing is left that enabling would send late.
 */
export async function disableWebhook(run: Runner, id: string, reason: string): Promise<boolean> {
  const rows = await run.query(
    `update snackbase.webhooks set enabled = false, disabled_reason = $2, updated_at = now() where id = $1 and enabled returning id`,
    [id, reason],
  );
  if (rows.length === 0) return false;
  await run.query(
    `update snackbase.webhook_deliveries set status = 'dead', next_at = null, finished_at = now()
     where webhook_id = $1 and status in ('pending', 'retrying')`,
    [id],
  );
  return true;
}

export async function deleteWebhook(run: Runner, id: string): Promise<void> {
  await run.query('delete from snackbase.webhooks where id = $1', [id]);
}

export async function deleteOfAccount(run: Runner, accountId: string): Promise<void> {
  await run.query('delete from snackbase.webhooks where account_id = $1', [accountId]);
}

// The SQL of custom endpoints and of the log of their calls.
import type { EndpointExecution, EndpointInput, EndpointMethod } from '../../../contract/endpoints.ts';
import type { Runner } from '../../db/database.ts';
import type { SelectOf } from '../store.ts';

/** What a definition says beside the columns that are asked for. */
export interface EndpointSettings {
  readonly auth_required: boolean;
  readonly condition: string | null;
  readonly input_schema: Record<string, unknown> | null;
  readonly query_schema: Record<string, unknown> | null;
  readonly actions: NonNullable<EndpointInput['actions']>;
  readonly response_template: NonNullable<EndpointInput['response_template']> | null;
  readonly failure_status: number | null;
  readonly timeout_seconds: number;
  readonly run_as: string;
  readonly atomic: boolean | null;
}

export interface EndpointRow {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly method: EndpointMethod;
  readonly path: string;
  readonly pattern: string;
  readonly settings: EndpointSettings;
  readonly enabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string | null;
  /** Slug of the account. */
  readonly account: string;
}

/** What decides whether a request means an endpoint, and who may call it: all that is known without reading the definition. */
export interface StoredRoute
  extends Pick<EndpointRow, 'id' | 'account_id' | 'method' | 'path' | 'updated_at' | 'account'>,
    Pick<EndpointSettings, 'auth_required' | 'run_as'> {
  /** Each type that occurs. */
  readonly action_types: readonly string[];
}

/** No two changes of an endpoint have the same time. */
export const revisionOf = ({ updated_at: at }: Pick<EndpointRow, 'updated_at'>): number => Date.parse(at);

const SHOWN = `e.id, e.account_id, e.name, e.description, e.method, e.path, e.pattern, e.settings, e.enabled,
  e.created_at, e.updated_at, e.created_by, a.slug as account`;
const FROM = 'from snackbase.endpoints e join snackbase.accounts a on a.id = e.account_id';
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** What answers: for the memory of every process, and nothing of any size. */
export const routes: SelectOf = (accounts) => `
  select e.id, e.account_id, e.method, e.path, e.updated_at, a.slug as account, e.auth_required, e.run_as, e.action_types
  ${FROM} where e.enabled and e.account_id = any(${accounts})`;

/** Null where it is gone or disabled. */
export async function findEnabled(run: Runner, id: string): Promise<EndpointRow | null> {
  return first(await run.query<EndpointRow>(`select ${SHOWN} ${FROM} where e.id = $1 and e.enabled`, [id]));
}

/** Of an account, the oldest first. */
export const allEnabled = (run: Runner, accountId: string): Promise<EndpointRow[]> =>
  run.query<EndpointRow>(`select ${SHOWN} ${FROM} where e.account_id = $1 and e.enabled order by e.created_at, e.id`, [
    accountId,
  ]);

export interface EndpointFilter {
  /** null: of all accounts. */
  readonly accountId: string | null;
  readonly enabled?: boolean | undefined;
  readonly method?: string | undefined;
}
const MATCHING = `${FROM} where ($1::text is null or e.account_id = $1) and ($2::boolean is null or e.enabled = $2)
  and ($3::text is null or e.method = $3)`;

/** A page, the oldest first, and the number of all that match. */
export async function listEndpoints(
  run: Runner,
  { accountId, enabled = undefined, method = undefined }: EndpointFilter,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: EndpointRow[]; total: number }> {
  const values = [accountId, enabled ?? null, method ?? null];
  const sql = `select ${SHOWN} ${MATCHING} order by e.created_at, e.id offset $4 limit $5`;
  const rows = await run.query<EndpointRow>(sql, [...values, skip, limit]);
  const counted = await run.query<{ total: number }>(`select count(*) as total ${MATCHING}`, values);
  return { rows, total: Number(first(counted)?.total ?? 0) };
}

export async function findEndpoint(run: Runner, id: string, accountId: string | null): Promise<EndpointRow | null> {
  const sql = `select ${SHOWN} ${FROM} where e.id = $1 and ($2::text is null or e.account_id = $2)`;
  return first(await run.query<EndpointRow>(sql, [id, accountId]));
}

/** The account's endpoint of a method that matches what `pattern` matches. */
export async function findPattern(
  run: Runner,
  { account_id, method, pattern }: Pick<EndpointRow, 'account_id' | 'method' | 'pattern'>,
): Promise<EndpointRow | null> {
  const sql = `select ${SHOWN} ${FROM} where e.account_id = $1 and e.method = $2 and e.pattern = $3`;
  return first(await run.query<EndpointRow>(sql, [account_id, method, pattern]));
}

/** The number of the account's endpoints; no other changes until the transaction ends. */
export async function lockAndCount(run: Runner, accountId: string): Promise<number> {
  await run.query('select id from snackbase.accounts where id = $1 for no key update', [accountId]);
  const sql = 'select count(*) as n from snackbase.endpoints where account_id = $1';
  return Number(first(await run.query<{ n: number }>(sql, [accountId]))?.n ?? 0);
}

/** The account's slug. */
export async function slugOf(run: Runner, accountId: string): Promise<string> {
  const rows = await run.query<{ slug: string }>('select slug from snackbase.accounts where id = $1', [accountId]);
  return first(rows)?.slug ?? '';
}

/** What the first segment of a path names an account by: its id or its slug. */
export async function accountsNamed(run: Runner, path: string): Promise<string[]> {
  const [first = ''] = path.slice(1).split('/');
  if (!/^[\w-]{1,100}$/.test(first)) return [];
  const rows = await run.query('select from snackbase.accounts where id = upper($1) or slug = lower($1)', [first]);
  return rows.length === 0 ? [] : [first];
}

/** Inserts or changes; rejects with a unique violation where another endpoint matches the same requests. */
export async function saveEndpoint(run: Runner, row: Omit<EndpointRow, 'account'>): Promise<void> {
  await run.query(
    `insert into snackbase.endpoints
       (id, account_id, name, description, method, path, pattern, settings, enabled, created_at, updated_at, created_by,
        auth_required, run_as, action_types)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     on conflict (id) do update set name = $3, description = $4, method = $5, path = $6, pattern = $7, settings = $8,
       enabled = $9, updated_at = $11, auth_required = $13, run_as = $14, action_types = $15`,
    [
      row.id,
      row.account_id,
      row.name,
      row.description,
      row.method,
      row.path,
      row.pattern,
      JSON.stringify(row.settings),
      row.enabled,
      row.created_at,
      row.updated_at,
      row.created_by,
      row.settings.auth_required,
      row.settings.run_as,
      [...new Set(row.settings.actions.map(({ type }) => type))],
    ],
  );
}

export async function deleteEndpoint(run: Runner, id: string): Promise<void> {
  await run.query('delete from snackbase.endpoints where id = $1', [id]);
}

export async function deleteOfAccount(run: Runner, accountId: string): Promise<number> {
  const sql = 'delete from snackbase.endpoints where account_id = $1 returning id';
  return (await run.query(sql, [accountId])).length;
}

/** What a transaction's statements may take from now on, in ms. The embedded database knows no such limit. */
export async function limitStatements(run: Runner, ms: number): Promise<void> {
  await run.query("select set_config('statement_timeout', $1, true)", [String(Math.max(1, Math.ceil(ms)))]);
}

/** A call as it is noted. */
export type Call = Omit<EndpointExecution, 'created_at' | 'completed_at'>;

/** Adds to the log what is not in it; calls of endpoints that are gone leave nothing. */
export async function insertExecutions(run: Runner, executions: readonly Call[]): Promise<void> {
  await run.query(
    `insert into snackbase.endpoint_executions
       (id, endpoint_id, status, http_status, duration_ms, request_data, response_body, error_message, user_id, executed_at)
     select x.* from json_to_recordset($1::json) as x(id uuid, endpoint_id uuid, status text, http_status integer,
       duration_ms integer, request_data json, response_body json, error_message text, user_id uuid,
       executed_at timestamptz)
     where exists (select from snackbase.endpoints e where e.id = x.endpoint_id) on conflict (id) do nothing`,
    [JSON.stringify(executions)],
  );
}

/** Keeps the newest of an endpoint's log, and none older than `days`. */
export async function trimExecutions(run: Runner, endpointId: string, keep: number, days: number): Promise<void> {
  await run.query(
    `delete from snackbase.endpoint_executions where endpoint_id = $1 and (executed_at < now() - make_interval(days => $3)
       or id < (select id from snackbase.endpoint_executions where endpoint_id = $1 order by id desc offset $2 - 1 limit 1))`,
    [endpointId, keep, days],
  );
}

/** Removes what is older than `days`, of all endpoints. */
export async function pruneExecutions(run: Runner, days: number): Promise<void> {
  const sql = 'delete from snackbase.endpoint_executions where executed_at < now() - make_interval(days => $1)';
  await run.query(sql, [days]);
}

const EXECUTION = `id, endpoint_id, status, http_status, duration_ms, request_data, response_body, error_message, user_id,
  executed_at, executed_at as created_at, executed_at + duration_ms * interval '1 ms' as completed_at`;

export async function listExecutions(
  run: Runner,
  endpointId: string,
  status: string | undefined,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: EndpointExecution[]; total: number }> {
  const matching = 'from snackbase.endpoint_executions where endpoint_id = $1 and ($2::text is null or status = $2)';
  const values = [endpointId, status ?? null];
  const sql = `select ${EXECUTION} ${matching} order by id desc offset $3 limit $4`;
  const rows = await run.query<EndpointExecution>(sql, [...values, skip, limit]);
  const counted = await run.query<{ total: number }>(`select count(*) as total ${matching}`, values);
  return { rows, total: Number(first(counted)?.total ?? 0) };
}

export async function findExecution(run: Runner, endpointId: string, id: string): Promise<EndpointExecution | null> {
  const sql = `select ${EXECUTION} from snackbase.endpoint_executions where endpoint_id = $1 and id = $2`;
  return first(await run.query<EndpointExecution>(sql, [endpointId, id]));
}

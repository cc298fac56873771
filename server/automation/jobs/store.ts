// The SQL that jobs need beside that of pg-boss, on its tables: what is due, leases, ends that only the holder may write, lists.
import type { Runner, Transaction } from '../../db/database.ts';
import { plan } from '../../db/plans.ts';

const JOB = 'snackbase_jobs.job';

/** What a job carries as its data. */
export interface Envelope {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly account_id: string | null;
  readonly queue: string;
  readonly depth: number;
  /** Left out where the server did. */
  readonly created_by?: string;
}

/** One try of a job: the row while it is this very try's. */
export interface Held {
  readonly name: string;
  readonly id: string;
  /** To the microsecond, as the database wrote it. */
  readonly startedOn: string;
}

// One at a time: two that make queues side by side would wait for each other. No other statement waits for them.
const ensuring = plan(`
  select snackbase_jobs.create_queue($1, '{"policy":"standard"}')
  from (select pg_advisory_xact_lock(hashtextextended('snackbase_jobs.create_queue', 0))) alone`);

/** Makes the place for the jobs of a handler where there is none. */
export const ensureQueue = (run: Runner, handler: string): Promise<unknown> => run.run(ensuring, [handler]);

export interface Look {
  readonly name: string;
  /** Milliseconds until its next job is due, 0 or less when one is; null when none waits. */
  readonly dueIn: number | null;
  /** A job of it is held by a process that has been silent for too long. */
  readonly orphaned: boolean;
}

const looking = plan(`
  select q.name,
    (select extract(epoch from min(j.start_after) - now()) * 1000 from ${JOB} j where j.name = q.name and j.state < 'active')::float8,
    exists (select from ${JOB} j where j.name = q.name and j.state = 'active' and j.started_on + j.expire_in < now())
  from snackbase_jobs.queue q where q.name = any($1::text[])`);

/** What there is to do for these handlers; one statement, on indexes. */
export async function look(run: Runner, handlers: readonly string[]): Promise<Look[]> {
  const { rows } = await run.run(looking, [handlers]);
  return rows.map(([name, dueIn, orphaned]) => ({
    name: name as string,
    dueIn: dueIn == null ? null : Number(dueIn),
    orphaned: orphaned === 't',
  }));
}

export interface Room {
  readonly name: string;
  /** Jobs of this handler that may be taken. */
  readonly places: number;
}

/** One job in the hands of this process. */
export interface Taken extends Held {
  readonly data: Envelope;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** Empty: the server's own. */
  readonly account_id: string;
}

export interface Taking {
  readonly limit: number;
  /** How long the lease is. */
  readonly seconds: number;
  /** Ids of those that this process still works on. */
  readonly busy: readonly string[];
  /** The account whose turn was the last. */
  readonly after: string;
}

// Whose it is; empty: the server's own, which is one more among the accounts. As the index `job_waiting` has it.
const ACCOUNT = `coalesce(j.data->>'account_id', '')`;
const WAITS = `j.state < 'active' and j.start_after < now()`;
const KEY = `select ${ACCOUNT} as account, j.priority from ${JOB} j where j.state < 'active'`;
const NEXT = `order by ${ACCOUNT}, j.priority limit 1`;
/** In one statement. A number that the planner knows, so that it walks the key for them however many wait. */
const MOST_TAKEN = 50;
// pg-boss's own statement knows no accounts, and reads and sorts all that is due. Here every handler with every account and priority of
// which something waits is found by skipping from one to the next through the index, and of each the first that are due are looked at:
// neither what is due nor what waits for its time costs more when there is more of it.
const taking = plan(`
  with recursive room as (select * from unnest($1::text[], $2::integer[]) as r (name, places)),
  waiting as (
    select r.name, r.places, k.* from room r cross join lateral (${KEY} and j.name = r.name ${NEXT}) k
    union all
    select w.name, w.places, k.* from waiting w cross join lateral (
      ${KEY} and j.name = w.name and (${ACCOUNT}, j.priority) > (w.account, w.priority) ${NEXT}) k),
  running as (select j.name, ${ACCOUNT} as account, count(*) as n from ${JOB} j where j.state = 'active' group by 1, 2),
  due as (
    select w.*, f.*, row_number() over (partition by w.name, w.account order by w.priority desc, f.start_after, f.id)
      + coalesce((select n from running r where r.name = w.name and r.account = w.account), 0) as of_handler
    from waiting w cross join lateral (
      select j.id, j.start_after from ${JOB} j
      where j.name = w.name and ${ACCOUNT} = w.account and j.priority = w.priority and ${WAITS} and j.id <> all ($6::uuid[])
      order by j.start_after, j.id limit least(w.places, $3::integer)) f),
  placed as (
    select d.*, row_number() over (partition by d.account order by d.of_handler, d.start_after, d.id)
      + coalesce((select sum(n) from running r where r.account = d.account), 0) as place from due d),
  fitting as (
    select p.*, row_number() over (partition by name order by place, account <= $5::text, account) as nth from placed p),
  turns as (
    select f.*, row_number() over (order by place, account <= $5::text, account) as turn from fitting f where nth <= places),
  chosen as (select * from turns where place + turn <= $3::integer + 1 order by turn limit ${MOST_TAKEN}),
  free as (
    select j.name, j.id, c.turn from chosen c join ${JOB} j on j.name = c.name and j.id = c.id where ${WAITS} for update of j skip locked),
  taken as (
    update ${JOB} j set state = 'active', started_on = now(), expire_in = $4::float8 * interval '1 s',
      retry_count = case when j.started_on is null then j.retry_count else j.retry_count + 1 end
    from free f where j.name = f.name and j.id = f.id returning j.*, f.turn)
  select name, id, data, retry_count, started_on, ${ACCOUNT} from taken j order by turn`);

/**
 * Takes up to `limit` due jobs of these handlers for `seconds`: accounts share the places, of an account its handlers come in turns,
 * of a handler the highest priority comes first and then what has been due for longest.
 */
export async function take(
  run: Runner,
  rooms: readonly Room[],
  { limit, seconds, busy, after }: Taking,
): Promise<Taken[]> {
  const columns = [rooms.map((r) => r.name), rooms.map((r) => r.places)];
  const { rows } = await run.run(taking, [...columns, limit, seconds, after, busy]);
  return rows.map(([name, id, data, retries, startedOn, account]) => ({
    name: name as string,
    id: id as string,
    data: JSON.parse(data as string) as Envelope,
    attempt: Number(retries) + 1,
    startedOn: startedOn as string,
    account_id: account as string,
  }));
}

const LOST = `jsonb_build_object('message', 'The process that worked on it ended or was silent for too long.')`;

/** Frees jobs whose process is silent, to be taken at once; those that were tried often enough are dead. With `all` whoever holds them. */
export async function recover(run: Runner, all: boolean): Promise<number> {
  const rows = await run.query(
    `update ${JOB} set
       state = (case when retry_count < retry_limit then 'retry' else 'failed' end)::snackbase_jobs.job_state,
       completed_on = case when retry_count < retry_limit then null else now() end,
       start_after = case when retry_count < retry_limit then now() else start_after end,
       output = ${LOST}
     where state = 'active' and ($1 or started_on + expire_in < now()) returning 1`,
    [all],
  );
  return rows.length;
}

const held = `name = $1 and id = $2::uuid and started_on = $3::timestamptz and state = 'active'`;
const of = ({ name, id, startedOn }: Held) => [name, id, startedOn];

const renewing = plan(`
  update ${JOB} j set expire_in = now() - j.started_on + $4::float8 * interval '1 s'
  from unnest($1::text[], $2::uuid[], $3::timestamptz[]) as h (name, id, started_on)
  where j.name = h.name and j.id = h.id and j.started_on = h.started_on and j.state = 'active'
  returning j.id`);

/** Puts off the end of these leases; answers the ids of the jobs that are still held. */
export async function renew(run: Runner, tries: readonly Held[], seconds: number): Promise<Set<string>> {
  const columns = [tries.map((t) => t.name), tries.map((t) => t.id), tries.map((t) => t.startedOn)];
  const { rows } = await run.run(renewing, [...columns, seconds]);
  return new Set(rows.map(([id]) => id as string));
}

const ending = (set: string) => plan(`update ${JOB} set ${set} where ${held}`);
const completing = ending(`state = 'completed', completed_on = now(), output = null`);
const givingUp = ending(`state = 'failed', completed_on = now(), output = jsonb_build_object('message', $4::text)`);
const puttingBack = ending(`state = 'retry', started_on = null, start_after = now()`);

/** False: the try is not the holder's any more, and nothing was written. So for all that follow. */
export const complete = async (run: Runner, one: Held): Promise<boolean> =>
  (await run.run(completing, of(one))).rowCount === 1;

/** Fails it without another try. */
export const giveUp = async (run: Runner, one: Held, message: string): Promise<boolean> =>
  (await run.run(givingUp, [...of(one), message])).rowCount === 1;

/** Puts it back as if this try had not begun. */
export const putBack = async (run: Runner, one: Held): Promise<boolean> =>
  (await run.run(puttingBack, of(one))).rowCount === 1;

const locking = plan(`select 1 from ${JOB} where ${held} for update`);
/** Locks a job that is still held. */
export const hold = async (tx: Transaction, one: Held): Promise<boolean> =>
  (await tx.run(locking, of(one))).rows.length === 1;

/** Says of a job that was cancelled while it ran that nothing of it runs any more. */
export const ended = (run: Runner, { name, id, startedOn }: Held): Promise<unknown> =>
  run.query(
    `update ${JOB} set expire_in = '0' where name = $1 and id = $2::uuid and started_on = $3::timestamptz and state = 'cancelled'`,
    [name, id, startedOn],
  );

const STATUS = `case state
  when 'created' then 'pending' when 'active' then 'running'
  when 'retry' then case when started_on is null then 'pending' else 'retrying' end
  when 'failed' then case when retry_count < retry_limit then 'failed' else 'dead' end
  else state::text end`;
const SHOWN = `id, name as handler, data, ${STATUS} as status, priority, start_after as run_at, started_on as started_at,
  completed_on as ended_at, retry_count, retry_limit, retry_delay, output, created_on as created_at,
  state = 'cancelled' and started_on + expire_in > now() as stopping`;

export interface JobRow {
  readonly id: string;
  readonly handler: string;
  readonly data: Envelope;
  readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'retrying' | 'dead' | 'cancelled';
  readonly priority: number;
  readonly run_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly retry_count: number;
  readonly retry_limit: number;
  readonly retry_delay: number;
  readonly output: { readonly message?: unknown; readonly value?: { readonly message?: unknown } } | null;
  readonly created_at: string;
  /** It was cancelled while it ran and may not have stopped yet. */
  readonly stopping: boolean | null;
}

export interface JobFilter {
  readonly status: string | undefined;
  readonly queue: string | undefined;
  readonly handler: string | undefined;
  readonly accountId: string | undefined;
}
const MATCHING = `from ${JOB} where ($1::text is null or ${STATUS} = $1) and ($2::text is null or data->>'queue' = $2)
  and ($3::text is null or name = $3) and ($4::text is null or data->>'account_id' = $4)`;

/** A page of jobs, the newest first, and the number of all that match. */
export async function list(
  run: Runner,
  { status, queue, handler, accountId }: JobFilter,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ rows: JobRow[]; total: number }> {
  const asked = [status, queue, handler, accountId];
  const sql = `select ${SHOWN} ${MATCHING} order by created_on desc, id desc offset $5 limit $6`;
  const [rows, counted] = await Promise.all([
    run.query<JobRow>(sql, [...asked, skip, limit]),
    run.query<{ total: number }>(`select count(*) as total ${MATCHING}`, asked),
  ]);
  return { rows, total: counted[0]?.total ?? 0 };
}

// By the names of all handlers, because the key of a job begins with its handler's.
const BY_ID = 'name in (select name from snackbase_jobs.queue) and id = $1';

export const find = async (run: Runner, id: string): Promise<JobRow | null> =>
  (await run.query<JobRow>(`select ${SHOWN} from ${JOB} where ${BY_ID}`, [id]))[0] ?? null;

/** Finds it and keeps others from changing it until the transaction ends. */
export const lock = async (tx: Transaction, id: string): Promise<JobRow | null> =>
  (await tx.query<JobRow>(`select ${SHOWN} from ${JOB} where ${BY_ID} for update`, [id]))[0] ?? null;

export const cancel = (run: Runner, handler: string, id: string): Promise<unknown> =>
  run.query(`update ${JOB} set state = 'cancelled', completed_on = now() where name = $1 and id = $2`, [handler, id]);

/** Lets a job that ended begin anew, with all its tries. */
export const again = (run: Runner, handler: string, id: string): Promise<unknown> =>
  run.query(
    `update ${JOB} set state = 'created', retry_count = 0, started_on = null, completed_on = null, output = null,
       start_after = now(), keep_until = now() + interval '365 days' where name = $1 and id = $2`,
    [handler, id],
  );

export interface Counted {
  readonly status: JobRow['status'];
  readonly count: number;
  /** Mean time that the last try took, of completed ones. */
  readonly seconds: number | null;
}

export const count = (run: Runner): Promise<Counted[]> =>
  run.query<Counted>(
    `select ${STATUS} as status, count(*) as count,
       (avg(extract(epoch from completed_on - started_on)) filter (where state = 'completed'))::float8 as seconds
     from ${JOB} group by 1`,
  );

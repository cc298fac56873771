// The SQL of the log of events: cutting batches, reading on from a position, forgetting what is old, and durable readers' places.
import type { Cell, Runner, Transaction } from '../db/database.ts';
import { plan } from '../db/plans.ts';
import type { Event, EventType } from './event.ts';
import type { Position } from './position.ts';
import { COLUMNS, eventOf } from './row.ts';

/** Tells every process the number of a batch that was cut. */
export const CHANNEL = 'snackbase_events';

/** A batch: what its snapshot sees and that of the one before does not. */
export interface Batch {
  readonly number: number;
  readonly snapshot: string;
  readonly firstId: number;
  readonly lastId: number;
  /** Events up to here, all batches before it included. */
  readonly total: number;
}

const BATCH = 'number, snapshot::text, first_id, last_id, total';
const batchOf = ([number, snapshot, firstId, lastId, total]: readonly Cell[]): Batch => ({
  number: Number(number),
  snapshot: snapshot as string,
  firstId: Number(firstId),
  lastId: Number(lastId),
  total: Number(total),
});

/** Of a snapshot: the first transaction that it cannot see, and those before that were open. */
function bounds(snapshot: string): [string, string[]] {
  const [, xmax, open = ''] = snapshot.split(':');
  return [xmax as string, open === '' ? [] : open.split(',')];
}

// Bounded on both sides, the range looks small to the planner and the key is walked; a single bound would be a third of the table.
// Two processes that cut at once make the same number: one waits for the other and then does nothing.
const cutting = plan(`
  with known as materialized (select max(number) as number from snackbase.event_batches),
  fresh as materialized (
    select id from snackbase.events where xid >= $1::text::xid8 and xid < pg_snapshot_xmax(pg_current_snapshot())
    union all
    select id from snackbase.events where xid = any ($2::xid8[])),
  cut as (
    insert into snackbase.event_batches (number, snapshot, first_id, last_id, total)
    select $3::bigint + 1, pg_current_snapshot(), min(id), max(id), $4::bigint + count(*) from fresh
    where (select number from known) = $3::bigint having count(*) > 0
    on conflict do nothing returning ${BATCH})
  select known.number, (select count(*) from fresh), cut.*,
    case when cut.number is not null then pg_notify('${CHANNEL}', cut.number::text) end
  from known left join cut on true`);

/**
 * Puts what is committed and in no batch yet into one: of transactions that were open, or not begun, when the last one was cut.
 * Answers the new batch; null when there was nothing; `behind` when `last` is not the last one, because another process was faster.
 */
export async function cut(run: Runner, last: Batch): Promise<Batch | null | 'behind'> {
  const [xmax, open] = bounds(last.snapshot);
  const [row] = (await run.run(cutting, [xmax, open, last.number, last.total])).rows;
  const [known, fresh, ...made] = row as Cell[];
  if (made[0] !== null) return batchOf(made);
  // Where another process made the same batch, its row is not seen yet.
  return Number(known) === last.number && fresh === '0' ? null : 'behind';
}

const ending = plan(`select ${BATCH} from snackbase.event_batches order by number desc limit 1`);

/** The last batch. */
export async function lastBatch(run: Runner): Promise<Batch> {
  return batchOf((await run.run(ending, [])).rows[0] as Cell[]);
}

/** The place behind all of a batch. */
export const endOf = ({ number, lastId }: Batch): Position => ({ batch: number, id: lastId });

/** The first place from which the log can be read, empty where it holds nothing. */
export const oldest = (run: Runner): Promise<Position[]> =>
  run.query<Position>('select number as batch, last_id as id from snackbase.event_batches order by number limit 1');

const BATCHES = 200;
const following = plan(
  `select ${BATCH} from snackbase.event_batches where number >= $1 order by number limit ${BATCHES}`,
);

async function batchesFrom(run: Runner, number: number): Promise<Batch[]> {
  return (await run.run(following, [number])).rows.map(batchOf);
}

/** A page ends behind the event that reaches this size, so that large records do not fill the memory. */
const BYTES = 1_048_576;

/** Some ids in order, `wanted`, as events: up to about a megabyte, and how many ids there were. */
const page = (wanted: string) =>
  plan(`
  with ${wanted}
  select e.number, ${COLUMNS}, (select count(*) from wanted) from (
    select w.number, e.*, sum(e.size) over (order by w.number, e.id) - e.size as ahead
    from wanted w join snackbase.events e using (id)) e
  where ahead < ${BYTES} order by e.number, e.id`);

// Bounded on both sides, so that the index alone is walked however large the log is; rows are fetched for the page only.
const ofFew = page(`
  found as materialized (
    select xid, id from snackbase.events where xid >= $1::text::xid8 and xid < $2::text::xid8
    union all
    select xid, id from snackbase.events where xid = any ($3::xid8[])),
  wanted as materialized (
    select b.number, id from found cross join lateral (
      select min(n) as number from unnest($4::bigint[], $5::pg_snapshot[]) u(n, snapshot)
      where pg_visible_in_snapshot(found.xid, u.snapshot)) b
    where (b.number, id) > ($6::bigint, $7::bigint)
    order by b.number, id limit $8)`);

// A batch of more than a page is walked by id, so that each page costs a page.
const ofOne = page(`
  wanted as materialized (
    select $1::bigint as number, id from snackbase.events
    where id > $2::bigint and id <= $3::bigint
      and pg_visible_in_snapshot(xid, $4::pg_snapshot) and not pg_visible_in_snapshot(xid, $5::pg_snapshot)
    order by id limit $6)`);

/** What was read, and the place behind it. */
export interface Read {
  readonly events: readonly Event[];
  readonly reached: Position;
  /** There is more already. */
  readonly more: boolean;
}

/**
 * Up to `limit` events behind a position, or about a megabyte of them; of those that are in a batch. Answers null when the position is
 * one that the log does not hold: too old, or of another log's future.
 */
export async function read(run: Runner, after: Position, limit: number): Promise<Read | null> {
  const known = await batchesFrom(run, after.batch - 1);
  const own = known.findIndex(({ number }) => number === after.batch);
  if (own < 0) return null;
  const done = after.id >= (known[own] as Batch).lastId;
  const base = done ? own : own - 1;
  if (base < 0) return null;
  const span = spanOf(known.slice(base + 1), (known[base] as Batch).total + limit);
  const until = span.at(-1);
  if (until === undefined) return { events: [], reached: after, more: false };
  const before = known[base] as Batch;
  const rows = await (span.length === 1 && until.total - before.total > limit
    ? large(run, { batch: until, before, after, limit })
    : small(run, { span, before, after, limit }));
  return readOf(rows, limit, endOf(until), until !== known.at(-1) || known.length === BATCHES);
}

/** One account's events of some kinds, of a collection or, with null, of any, that a snapshot, as text, does not see. */
export interface Wanted {
  readonly accountId: string;
  readonly types: readonly EventType[];
  readonly collection: string | null;
  readonly unseen: string;
}

const ofOneAccount = page(`
  found as materialized (
    select xid, id from snackbase.events
    where xid >= pg_snapshot_xmin($1::pg_snapshot) and xid < pg_snapshot_xmax($2::pg_snapshot)
      and account_id = $3 and type = any ($4::text[]) and ($5::text is null or collection = $5)
      and not pg_visible_in_snapshot(xid, $1::pg_snapshot) and not pg_visible_in_snapshot(xid, $6::pg_snapshot)),
  wanted as materialized (
    select b.number, id from found cross join lateral (
      select min(n) as number from unnest($7::bigint[], $8::pg_snapshot[]) u(n, snapshot)
      where pg_visible_in_snapshot(found.xid, u.snapshot)) b
    where (b.number, id) > ($9::bigint, $10::bigint)
    order by b.number, id limit $11)`);

/** The same of wanted events alone. Of a position that is too old the log's beginning takes the place. */
export async function readWanted(run: Runner, wanted: Wanted, after: Position, limit: number): Promise<Read> {
  const known = await batchesFrom(run, after.batch - 1);
  const [before, ...span] = known as [Batch, ...Batch[]];
  const until = span.at(-1);
  if (until === undefined) return { events: [], reached: after, more: false };
  const { accountId, types, collection, unseen } = wanted;
  const range = [before.snapshot, until.snapshot, accountId, types, collection, unseen, ...listed(span)];
  return readOf(
    (await run.run(ofOneAccount, [...range, after.batch, after.id, limit])).rows,
    limit,
    endOf(until),
    known.length === BATCHES,
  );
}

/** Of rows that were found before a place; where the page was too small for all, up to the last of them. */
function readOf(rows: readonly (readonly Cell[])[], limit: number, until: Position, others: boolean): Read {
  const events = rows.map(eventOf);
  const found = Number(rows[0]?.at(-1) ?? 0);
  const full = rows.length < found || found === limit;
  return { events, reached: full ? (events.at(-1) as Event).position : until, more: full || others };
}

interface Part {
  readonly before: Batch;
  readonly after: Position;
  readonly limit: number;
}

async function large(run: Runner, { batch, before, after, limit }: Part & { readonly batch: Batch }) {
  const from = after.batch === batch.number ? after.id : batch.firstId - 1;
  const values = [batch.number, from, batch.lastId, batch.snapshot, before.snapshot, limit];
  return (await run.run(ofOne, values)).rows;
}

async function small(run: Runner, { span, before, after, limit }: Part & { readonly span: readonly Batch[] }) {
  const [xmin, open] = bounds(before.snapshot);
  const until = span.at(-1) as Batch;
  const { rows } = await run.run(ofFew, [
    xmin,
    bounds(until.snapshot)[0],
    open,
    ...listed(span),
    after.batch,
    after.id,
    limit,
  ]);
  return rows;
}

const listed = (span: readonly Batch[]) => [span.map((batch) => batch.number), span.map((batch) => batch.snapshot)];

/** The first batches, up to the one that reaches a total. */
function spanOf(batches: readonly Batch[], total: number): readonly Batch[] {
  const over = batches.findIndex((batch) => batch.total >= total);
  return over < 0 ? batches : batches.slice(0, over + 1);
}

// What follows is told from the batch that stays, so the last one always does. Consumers hold back what they have not read, up to
// ten times the size.
const boundary = `
  with last as (select number, total from snackbase.event_batches order by number desc limit 1)
  select greatest(
    case when old.number is not null then least(old.number, (select min(batch) - 1 from snackbase.event_consumers)) end,
    (select number from snackbase.event_batches where total <= last.total - $2 * 10 order by total desc limit 1)) as number,
    last.number as last
  from last, lateral (
    select greatest(
      (select number from snackbase.event_batches where cut_at < now() - $1 * interval '1 second' order by cut_at desc limit 1),
      (select number from snackbase.event_batches where total <= last.total - $2 order by total desc limit 1)) as number) old`;

const pruning = plan(`
  with old as materialized (
    select e.id from snackbase.event_batches b, snackbase.events e
    where b.number = $1 and e.xid < pg_snapshot_xmin(b.snapshot) order by e.xid, e.id limit $2)
  delete from snackbase.events e using old where e.id = old.id`);

/** How much of the log is kept. */
export interface Retention {
  readonly seconds: number;
  readonly events: number;
}

const CHUNK = 2000;

/** Deletes what is older or more than is kept, in small pieces that no writer waits for; answers how many events went. */
export async function prune(run: Runner, { seconds, events }: Retention): Promise<number> {
  const [found] = await run.query<{ number: number | null; last: number }>(boundary, [seconds, events]);
  if (found === undefined || found.number === null) return 0;
  const number = Math.min(found.number, found.last - 1);
  let gone = 0;
  for (let went = CHUNK; went === CHUNK; gone += went) went = (await run.run(pruning, [number, CHUNK])).rowCount;
  await run.query('delete from snackbase.event_batches where number < $1', [number]);
  return gone;
}

/**
 * After a restore into another cluster its transaction numbers say nothing of ours. What is in no batch is given ours, everything
 * else is forgotten: readers are told to begin anew. Answers whether that was so.
 */
export async function adopt(tx: Transaction): Promise<boolean> {
  const lost = () =>
    tx.query<{ number: number; last_id: number; snapshot: string }>(
      `select * from (
         select number, last_id, snapshot::text from snackbase.event_batches order by number desc limit 1) last
       where pg_snapshot_xmax(snapshot::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())`,
    );
  if ((await lost()).length === 0) return false;
  await tx.query('lock table snackbase.event_batches in exclusive mode');
  const [last] = await lost();
  if (last === undefined) return false;
  await tx.query('delete from snackbase.events where pg_visible_in_snapshot(xid, $1::pg_snapshot)', [last.snapshot]);
  await tx.query('update snackbase.events set xid = pg_current_xact_id()');
  await tx.query('delete from snackbase.event_batches');
  const next = last.number + 1;
  await tx.query(
    `insert into snackbase.event_batches (number, snapshot, first_id, last_id, total)
     values ($1, pg_current_snapshot(), $2, $2, 0)`,
    [next, last.last_id],
  );
  await tx.query('update snackbase.event_consumers set batch = $1, id = $2', [next, last.last_id]);
  return true;
}

/** The place of a durable reader, made where there was none; the row stays locked, null while another process has it. */
export async function claim(tx: Transaction, name: string): Promise<Position | null> {
  await tx.query(
    `insert into snackbase.event_consumers (name, batch, id)
     select $1, number, last_id from snackbase.event_batches order by number desc limit 1 on conflict do nothing`,
    [name],
  );
  const [row] = await tx.query<Position>(
    'select batch, id from snackbase.event_consumers where name = $1 for update skip locked',
    [name],
  );
  return row ?? null;
}

/** Moves it on. */
export async function advance(tx: Transaction, name: string, { batch, id }: Position): Promise<void> {
  await tx.query('update snackbase.event_consumers set batch = $2, id = $3, updated_at = now() where name = $1', [
    name,
    batch,
    id,
  ]);
}

// Accounts that fell behind a reader have places beside its own, under its name and theirs: these hold back the log as all places do.
const beside = (name: string, accountId: string) => `${name} ${accountId}`;

/** The accounts that are behind a reader, and where each goes on. */
export async function behind(tx: Transaction, name: string): Promise<Map<string, Position>> {
  const rows = await tx.query<Position & { name: string }>(
    'select name, batch, id from snackbase.event_consumers where starts_with(name, $1)',
    [beside(name, '')],
  );
  return new Map(rows.map(({ name: full, batch, id }) => [full.slice(name.length + 1), { batch, id }]));
}

/** An account goes on from there by itself. */
export async function moveBehind(tx: Transaction, name: string, accountId: string, at: Position): Promise<void> {
  await tx.query(
    `insert into snackbase.event_consumers (name, batch, id) values ($1, $2, $3)
     on conflict (name) do update set batch = $2, id = $3, updated_at = now()`,
    [beside(name, accountId), at.batch, at.id],
  );
}

/** The reader tells the account again with everybody. */
export async function caughtUp(tx: Transaction, name: string, accountId: string): Promise<void> {
  await tx.query('delete from snackbase.event_consumers where name = $1', [beside(name, accountId)]);
}

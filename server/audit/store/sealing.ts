// The SQL of the sealer: what it has not sealed yet, where the chains end, and the one statement that seals.
import type { Database, Runner } from '../../db/database.ts';
import { plan } from '../../db/plans.ts';
import type { Change } from '../entry.ts';
import { CHANGE, changeOfCells, HEX, OCCURRED } from './rows.ts';

/** How far everything is sealed. */
export interface Progress {
  readonly version: number;
  /** A pg_snapshot: what it sees is sealed. */
  readonly snapshot: string;
  readonly floor: number;
  readonly entries: number;
  readonly signature: string | null;
  /** The snapshot is of another cluster's future: transaction numbers cannot tell what is new. */
  readonly lost: boolean;
  /** What was visible, and the highest position, when this was read. */
  readonly current: string;
  readonly top: number;
}

export async function readProgress(run: Runner): Promise<Progress> {
  const [row] = await run.query<Progress>(
    `select version, snapshot::text as snapshot, floor, entries, ${HEX('signature')} as signature,
       pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax(snapshot) as lost,
       pg_current_snapshot()::text as current, coalesce((select max(position) from snackbase.audit_changes), 0) as top
     from snackbase.audit_sealer`,
  );
  if (row === undefined) throw new Error('snackbase.audit_sealer has no row');
  return row;
}

// Bounded on both sides, the range looks small to the planner and the index on xid is walked, however large the table is.
// Transactions that were open when the snapshot was taken are looked up by their number. The outer test keeps a change from being
// sealed twice.
const BY_NUMBER = `
  select position from snackbase.audit_changes
  where xid >= $1::text::xid8 and xid < pg_snapshot_xmax(pg_current_snapshot()) and position > $2::bigint
  union all
  select position from snackbase.audit_changes where xid = any ($3::xid8[])`;
const BY_ABSENCE = `select position from snackbase.audit_changes
  where $1::text is not null and $2::bigint is not null and $3::xid8[] is not null`;

const unsealed = (fresh: string) =>
  plan(`
  with fresh as materialized (${fresh})
  select ${CHANGE}, ${OCCURRED}, pg_current_snapshot()::text
  from fresh join snackbase.audit_changes c using (position)
  where position > $4 and ($5::pg_snapshot is null or pg_visible_in_snapshot(c.xid, $5::pg_snapshot))
    and not exists (select from snackbase.audit_seals s where s.position = c.position)
  order by position limit $6`);
const FOUND = { number: unsealed(BY_NUMBER), absence: unsealed(BY_ABSENCE) };

export interface Window {
  readonly after: number;
  /** Only what this snapshot sees; null: everything that is committed. */
  readonly target: string | null;
  readonly limit: number;
}

/** Changes that are not sealed, in order of position, and the snapshot they were read with. */
export async function readUnsealed(run: Runner, progress: Progress, window: Window) {
  const [, xmax, open] = progress.snapshot.split(':');
  const { rows } = await run.run(progress.lost ? FOUND.absence : FOUND.number, [
    xmax,
    progress.floor,
    open === '' || open === undefined ? [] : open.split(','),
    window.after,
    window.target,
    window.limit,
  ]);
  return { changes: rows.map((cells) => changeOfCells(cells as string[])), seen: rows[0]?.[8] ?? null };
}

/** The end of a chain as the seals tell it, and as the signed head does. */
export interface Tail {
  readonly account_id: string;
  readonly number: number | null;
  readonly seq: number | null;
  readonly checksum: string | null;
  readonly head_seq: number | null;
  readonly head_checksum: string | null;
  readonly head_signature: string | null;
}

export const readTails = (run: Runner, accounts: readonly string[]): Promise<Tail[]> =>
  run.query<Tail>(
    `select a.account_id, s.number, s.seq, s.checksum, h.seq as head_seq, ${HEX('h.checksum')} as head_checksum,
       ${HEX('h.signature')} as head_signature
     from unnest($1::char(6)[]) a(account_id)
     left join snackbase.audit_heads h on h.account_id = a.account_id
     left join lateral (
       select number, first_seq + octet_length(checksums) / 32 - 1 as seq,
         ${HEX('substring(checksums from octet_length(checksums) - 31)')} as checksum
       from snackbase.audit_seals where account_id = a.account_id order by number desc limit 1) s on true`,
    [accounts],
  );

export interface Seal {
  readonly change: Change;
  readonly number: number;
  readonly firstSeq: number;
  readonly checksums: readonly string[];
}

export interface SignedHead {
  readonly account_id: string;
  readonly seq: number;
  readonly checksum: string;
  readonly signature: string;
}

const sealing = plan(`
  with moved as (
    update snackbase.audit_sealer set version = version + 1, snapshot = $2::pg_snapshot, floor = $3, entries = $4,
      signature = decode($5, 'hex')
    where version = $1 returning 1),
  sealed as (
    insert into snackbase.audit_seals (account_id, number, position, first_seq, occurred_at, table_name, record_id, checksums)
    select c.account_id, u.number, u.position, u.first_seq, c.occurred_at, c.table_name, c.record_id, decode(u.checksums, 'hex')
    from moved, unnest($6::bigint[], $7::bigint[], $8::bigint[], $9::text[]) u(position, number, first_seq, checksums)
    join snackbase.audit_changes c using (position)),
  heads as (
    insert into snackbase.audit_heads (account_id, seq, checksum, signature)
    select u.account_id, u.seq, decode(u.checksum, 'hex'), decode(u.signature, 'hex')
    from moved, unnest($10::text[], $11::bigint[], $12::text[], $13::text[]) u(account_id, seq, checksum, signature)
    on conflict (account_id) do update set seq = excluded.seq, checksum = excluded.checksum, signature = excluded.signature)
  select 1 from moved`);

/** Seals, and moves on to `next`, unless another sealer did since `version` was read: then nothing happens and it answers false. */
export async function seal(
  db: Database,
  version: number,
  next: Pick<Progress, 'snapshot' | 'floor' | 'entries' | 'signature'>,
  seals: readonly Seal[],
  heads: readonly SignedHead[],
): Promise<boolean> {
  const { rows } = await db.run(sealing, [
    version,
    next.snapshot,
    next.floor,
    next.entries,
    next.signature,
    seals.map((s) => s.change.position),
    seals.map((s) => s.number),
    seals.map((s) => s.firstSeq),
    seals.map((s) => s.checksums.join('')),
    heads.map((h) => h.account_id),
    heads.map((h) => h.seq),
    heads.map((h) => h.checksum),
    heads.map((h) => h.signature),
  ]);
  return rows.length > 0;
}

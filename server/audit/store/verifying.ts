// The SQL of verifying: the chain as it is stored, its end and its signature at one moment, and what is in no chain.
import type { Runner } from '../../db/database.ts';
import type { Cells, Context } from '../entry.ts';
import { CHANGE, type ChangeRow, changeOf, HEX, OCCURRED } from './rows.ts';

/** The end of a chain and its head, read in one statement. */
export interface End {
  readonly account_id: string;
  readonly number: number | null;
  readonly seq: number | null;
  readonly checksum: string | null;
  readonly head_seq: number | null;
  readonly head_checksum: string | null;
  readonly head_signature: string | null;
}

/** The ends of all chains, or of one account's. */
export const readEnds = (run: Runner, accountId: string | null): Promise<End[]> =>
  run.query<End>(
    `with recursive accounts as (
       (select account_id from snackbase.audit_seals where $1::char(6) is null order by account_id limit 1)
       union all
       select (select s.account_id from snackbase.audit_seals s where s.account_id > a.account_id order by s.account_id limit 1)
       from accounts a where a.account_id is not null),
     named as (
       select $1::char(6) as account_id where $1 is not null
       union select account_id from accounts where account_id is not null
       union select account_id from snackbase.audit_heads where $1::char(6) is null)
     select n.account_id, s.number, s.seq, s.checksum, h.seq as head_seq, ${HEX('h.checksum')} as head_checksum,
       ${HEX('h.signature')} as head_signature
     from named n
     left join snackbase.audit_heads h on h.account_id = n.account_id
     left join lateral (
       select number, first_seq + octet_length(checksums) / 32 - 1 as seq,
         ${HEX('substring(checksums from octet_length(checksums) - 31)')} as checksum
       from snackbase.audit_seals where account_id = n.account_id order by number desc limit 1) s on true
     order by n.account_id`,
    [accountId],
  );

/** One link of a chain as it is stored. */
export interface Link {
  readonly number: number;
  readonly firstSeq: number;
  readonly checksums: readonly string[];
  readonly position: number;
  /** null when the row is gone, or is not the one that was sealed. */
  readonly change: ReturnType<typeof changeOf> | null;
}

type RawLink = Omit<ChangeRow, 'entries' | 'context'> & {
  entries: Cells[] | null;
  context: Context | null;
  number: number;
  first_seq: number;
  checksums: string;
  sealed_position: number;
  same: boolean | null;
};

/** The links of an account's chain after a number, in order. */
export async function readLinks(run: Runner, accountId: string, after: number, limit: number): Promise<Link[]> {
  const rows = await run.query<RawLink>(
    `select ${CHANGE}, ${OCCURRED} as occurred_at, s.number, s.first_seq, s.position as sealed_position,
       ${HEX('s.checksums')} as checksums,
       (s.account_id, s.occurred_at, s.table_name, s.record_id) = (c.account_id, c.occurred_at, c.table_name, c.record_id) as same
     from snackbase.audit_seals s left join snackbase.audit_changes c on c.position = s.position
     where s.account_id = $1::char(6) and s.number > $2 order by s.number limit $3`,
    [accountId, after, limit],
  );
  return rows.map((row) => ({
    number: row.number,
    firstSeq: row.first_seq,
    checksums: row.checksums.match(/.{64}/g) ?? [],
    position: row.sealed_position,
    change: row.same === true ? changeOf(row as ChangeRow) : null,
  }));
}

/** What holds for all chains together: the signed number of entries, and a change that is in no chain though it is old enough. */
export interface Whole {
  readonly entries: number;
  readonly version: number;
  readonly signature: string | null;
  readonly sum: number;
  readonly stray: number | null;
}

export async function readWhole(run: Runner): Promise<Whole> {
  const [row] = await run.query<Whole>(
    `select p.entries, p.version, ${HEX('p.signature')} as signature,
       (select coalesce(sum(seq), 0)::bigint from snackbase.audit_heads) as sum,
       (select min(c.position) from snackbase.audit_changes c
        where pg_visible_in_snapshot(c.xid, p.snapshot)
          and not exists (select from snackbase.audit_seals s where s.position = c.position)) as stray
     from snackbase.audit_sealer p`,
  );
  if (row === undefined) throw new Error('snackbase.audit_sealer has no row');
  return row;
}

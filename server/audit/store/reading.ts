// The SQL that reads the trail: a page of entries, one entry, a chain in its order, the signed heads.
import type { Runner } from '../../db/database.ts';
import type { Cells, Change } from '../entry.ts';
import { CHANGE, type ChangeRow, changeOf, HEX, OCCURRED } from './rows.ts';

export interface TrailFilter {
  /** null: every account. */
  readonly accountId: string | null;
  /** Stored names, any of which fits. */
  readonly tables?: readonly string[] | undefined;
  readonly recordId?: string | undefined;
  readonly userId?: string | undefined;
  readonly operation?: string | undefined;
  readonly column?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Time stands for the order of the chain, or across chains of the capture: both have an index, and agree with it but for moments. */
export const SORTS = {
  occurred_at: 's.position',
  id: 's.position',
  seq: 's.first_seq',
  operation: 'c.operation',
  table_name: 's.table_name',
  record_id: 's.record_id',
} as const;

export interface TrailPage {
  readonly sortBy: keyof typeof SORTS;
  readonly descending: boolean;
  readonly skip: number;
  readonly limit: number;
}

/** One entry: its change and what it has of its own. */
export interface EntryRow {
  readonly change: Change;
  /** From 1, within the change. */
  readonly n: number;
  readonly cells: Cells;
  readonly seq: number;
  readonly checksum: string;
  readonly previous: string | null;
}

const PREVIOUS = `(select ${HEX('substring(p.checksums from octet_length(p.checksums) - 31)')}
  from snackbase.audit_seals p where p.account_id = s.account_id and p.number = s.number - 1)`;
const ENTRY = `${CHANGE}, ${OCCURRED} as occurred_at, e.n, e.cells, s.first_seq + e.n - 1 as seq,
  ${HEX('substring(s.checksums from ((e.n - 1) * 32 + 1)::int for 32)')} as checksum,
  case e.n when 1 then ${PREVIOUS} else ${HEX('substring(s.checksums from ((e.n - 2) * 32 + 1)::int for 32)')} end as previous`;
const FROM = `snackbase.audit_seals s join snackbase.audit_changes c on c.position = s.position
  cross join lateral json_array_elements(c.entries) with ordinality e(cells, n)`;

type RawEntry = ChangeRow & { n: number; cells: Cells; seq: number; checksum: string; previous: string | null };
const entryRow = (row: RawEntry): EntryRow => ({
  change: changeOf(row),
  n: row.n,
  cells: row.cells,
  seq: row.seq,
  checksum: row.checksum,
  previous: row.previous,
});

function conditions(filter: TrailFilter): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const found: string[] = [];
  const where = (value: unknown, condition: (parameter: string) => string) => {
    if (value !== undefined && value !== null) found.push(condition(`$${values.push(value)}`));
  };
  where(filter.accountId, (p) => `s.account_id = ${p}::char(6)`);
  where(filter.tables, (p) => `s.table_name = any (${p})`);
  where(filter.recordId, (p) => `s.record_id = ${p}`);
  where(filter.from, (p) => `s.occurred_at >= ${p}::timestamptz`);
  where(filter.to, (p) => `s.occurred_at <= ${p}::timestamptz`);
  where(filter.userId, (p) => `c.context ->> 'user_id' = ${p}`);
  where(filter.operation, (p) => `c.operation = ${p}`);
  where(filter.column, (p) => `e.cells ->> 0 = ${p}`);
  return { where: found.length === 0 ? '' : `where ${found.join(' and ')}`, values };
}

/** A page of entries and the number of all that match. */
export async function listEntries(run: Runner, filter: TrailFilter, page: TrailPage) {
  const { where, values } = conditions(filter);
  const direction = page.descending ? 'desc' : 'asc';
  const chained = filter.accountId !== null && (page.sortBy === 'occurred_at' || page.sortBy === 'seq');
  const order = [...new Set([chained ? 's.number' : SORTS[page.sortBy], 's.position', 'e.n'])]
    .map((key) => `${key} ${direction}`)
    .join(', ');
  const window = `offset $${values.length + 1} limit $${values.length + 2}`;
  const [rows, total] = await Promise.all([
    run.query<RawEntry>(`select ${ENTRY} from ${FROM} ${where} order by ${order} ${window}`, [
      ...values,
      page.skip,
      page.limit,
    ]),
    countEntries(run, filter),
  ]);
  return { items: rows.map(entryRow), total };
}

/** The heads know the length of whole chains; anything else is counted, by change where no single column is asked for. */
async function countEntries(run: Runner, filter: TrailFilter): Promise<number> {
  const { accountId, ...rest } = filter;
  const whole = Object.values(rest).every((value) => value === undefined);
  const { where, values } = conditions(filter);
  const needsChange = filter.userId !== undefined || filter.operation !== undefined;
  const text = whole
    ? 'select coalesce(sum(seq), 0)::bigint as total from snackbase.audit_heads where $1::char(6) is null or account_id = $1::char(6)'
    : filter.column !== undefined
      ? `select count(*) as total from ${FROM} ${where}`
      : `select coalesce(sum(octet_length(s.checksums) / 32), 0)::bigint as total from snackbase.audit_seals s
         ${needsChange ? 'join snackbase.audit_changes c on c.position = s.position' : ''} ${where}`;
  const [row] = await run.query<{ total: number }>(text, whole ? [accountId] : values);
  return row?.total ?? 0;
}

/** One entry, null when there is none that is sealed. */
export async function findEntry(run: Runner, position: number, n: number): Promise<EntryRow | null> {
  const rows = await run.query<RawEntry>(`select ${ENTRY} from ${FROM} where s.position = $1 and e.n = $2`, [
    position,
    n,
  ]);
  return rows[0] === undefined ? null : entryRow(rows[0]);
}

/** In whose trail a record stands, null when it has none. */
export async function accountOf(run: Runner, table: string, recordId: string): Promise<string | null> {
  const [row] = await run.query<{ account_id: string }>(
    'select account_id from snackbase.audit_seals where record_id = $2 and table_name = $1 order by position limit 1',
    [table, recordId],
  );
  return row?.account_id ?? null;
}

/** The sealed changes of one record, oldest first, after a position. */
export async function changesOf(
  run: Runner,
  at: { readonly accountId: string; readonly table: string; readonly recordId: string },
  after: number,
  limit: number,
): Promise<Change[]> {
  const rows = await run.query<ChangeRow>(
    `select ${CHANGE}, ${OCCURRED} as occurred_at
     from snackbase.audit_seals s join snackbase.audit_changes c on c.position = s.position
     where s.record_id = $3 and s.account_id = $1::char(6) and s.table_name = $2 and s.position > $4
     order by s.position limit $5`,
    [at.accountId, at.table, at.recordId, after, limit],
  );
  return rows.map(changeOf);
}

const CHAIN = `${CHANGE}, ${OCCURRED} as occurred_at, s.number, s.first_seq, ${HEX('s.checksums')} as checksums`;
type RawSealed = ChangeRow & { number: number; first_seq: number; checksums: string; previous: string | null };

/** Entries in the order of their chains, account by account, in pieces of up to `size` changes, so that memory stays flat. */
export async function* walkEntries(run: Runner, filter: TrailFilter, size: number): AsyncGenerator<EntryRow[]> {
  const { where, values } = conditions({ ...filter, column: undefined });
  const after = `(s.account_id, s.number) > ($${values.length + 1}::char(6), $${values.length + 2}::bigint)`;
  let last: readonly [string, number] = [filter.accountId ?? '', 0];
  for (;;) {
    const rows = await run.query<RawSealed>(
      `select ${CHAIN}, ${PREVIOUS} as previous
       from snackbase.audit_seals s join snackbase.audit_changes c on c.position = s.position
       ${where === '' ? 'where' : `${where} and`} ${after} order by s.account_id, s.number limit ${size}`,
      [...values, ...last],
    );
    const entries = rows.flatMap(expanded);
    if (entries.length > 0)
      yield filter.column === undefined ? entries : entries.filter(({ cells }) => cells[0] === filter.column);
    const end = rows.at(-1);
    if (end === undefined || rows.length < size) return;
    last = [end.account_id, end.number];
  }
}

const split = (checksums: string): string[] => checksums.match(/.{64}/g) ?? [];

function expanded(row: RawSealed): EntryRow[] {
  const change = changeOf(row);
  const checksums = split(row.checksums);
  return change.entries.map((cells, i) => ({
    change,
    n: i + 1,
    cells,
    seq: row.first_seq + i,
    checksum: checksums[i] ?? '',
    previous: i === 0 ? row.previous : (checksums[i - 1] ?? ''),
  }));
}

export interface HeadRow {
  readonly account_id: string;
  readonly seq: number;
  readonly checksum: string;
  readonly signature: string;
}

/** The signed heads of one account, or of all. */
export const readHeads = (run: Runner, accountId: string | null): Promise<HeadRow[]> =>
  run.query<HeadRow>(
    `select account_id, seq, ${HEX('checksum')} as checksum, ${HEX('signature')} as signature from snackbase.audit_heads
     where $1::char(6) is null or account_id = $1::char(6) order by account_id`,
    [accountId],
  );

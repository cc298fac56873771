// The SQL that captures a change which is not a record's: the row goes in with the transaction of what it tells.
import type { Runner } from '../../db/database.ts';
import { plan } from '../../db/plans.ts';

const insert = plan(`
  insert into snackbase.audit_changes (account_id, operation, table_name, record_id, context, entries)
  values ($1, $2, $3, $4, $5, $6)`);

export interface NewChange {
  readonly accountId: string;
  readonly operation: string;
  readonly table: string;
  readonly recordId: string;
  /** JSON text of a Context. */
  readonly context: string;
  /** JSON text of a list of Cells. */
  readonly entries: string;
}

export async function insertChange(run: Runner, change: NewChange): Promise<void> {
  const { accountId, operation, table, recordId, context, entries } = change;
  await run.run(insert, [accountId, operation, table, recordId, context, entries]);
}

/** The checksum that a record's trail ended with when this was asked, null when it has none in the account. */
export async function lastChecksum(run: Runner, accountId: string, table: string, recordId: string) {
  const [row] = await run.query<{ checksum: string }>(
    `select encode(substring(checksums from octet_length(checksums) - 31), 'hex') as checksum from snackbase.audit_seals
     where record_id = $3 and account_id = $1 and table_name = $2 order by position desc limit 1`,
    [accountId, table, recordId],
  );
  return row?.checksum ?? null;
}

// The export: every entry in the order of its chain, then the signed ends; made while it is sent.
import type { AuditEntry, AuditHead } from '../../contract/audit.ts';
import { csvLine } from '../csv.ts';

export type ExportFormat = 'json' | 'ndjson' | 'csv';

export const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

/** Columns of the CSV, in this order. */
export const CSV_COLUMNS = [
  'id',
  'seq',
  'account_id',
  'occurred_at',
  'operation',
  'table_name',
  'collection',
  'record_id',
  'column_name',
  'old_value',
  'new_value',
  'mask_type',
  'masked',
  'actor_kind',
  'user_id',
  'user_email',
  'user_name',
  'es_username',
  'es_reason',
  'es_timestamp',
  'ip_address',
  'user_agent',
  'request_id',
  'extra_metadata',
  'salt',
  'checksum',
  'previous_hash',
] as const satisfies readonly (keyof AuditEntry)[];

/** The text of an export, piece by piece. `heads` are read before the entries, which may go beyond them. */
export async function* exportText(
  format: ExportFormat,
  pieces: AsyncIterable<readonly AuditEntry[]>,
  heads: readonly AuditHead[],
): AsyncGenerator<string> {
  if (format === 'json') yield '{"items":[';
  if (format === 'csv') yield csvLine(CSV_COLUMNS);
  let first = true;
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    if (format === 'csv') yield piece.map((entry) => csvLine(CSV_COLUMNS.map((column) => entry[column]))).join('');
    else if (format === 'ndjson') yield piece.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    else yield `${first ? '' : ','}${piece.map((entry) => JSON.stringify(entry)).join()}`;
    first = false;
  }
  if (format === 'json') yield `],"heads":${JSON.stringify(heads)}}`;
  else if (format === 'ndjson') for (const head of heads) yield `${JSON.stringify({ head })}\n`;
  else for (const h of heads) yield csvLine(['#head', h.seq, h.account_id, h.checksum, h.signature]);
}

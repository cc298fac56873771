// Exporting records: all that a list asks for, as text that is made while it is sent.
import { invalidParameter } from '../../contract/problems.ts';
import { Answer, Streamed } from '../context.ts';
import { csvLine } from '../csv.ts';
import type { RecordColumn } from './columns.ts';
import type { RecordQuery } from './list-query.ts';
import type { Opened } from './open.ts';
import type { RecordReads } from './store/read.ts';
import { walk } from './walk.ts';

export type ExportFormat = 'ndjson' | 'csv';

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};
/** The reply. Its first page is read before it begins, so that what is refused is refused with its status. */
export async function exported(
  reads: RecordReads,
  { def, scope }: Opened,
  asked: RecordQuery,
  format: ExportFormat,
  told: (items: readonly string[]) => Promise<readonly string[]> | readonly string[],
): Promise<Answer<Streamed>> {
  const { columns } = asked;
  const { pages } = await walk(reads, { def, scope }, asked, ({ rows, write }) => told(rows.map((row) => write(row))));
  async function* pieces(): AsyncGenerator<string> {
    if (format === 'csv') yield csvLine(columns.map(({ name }) => name));
    for await (const items of pages) yield items.map((item) => line(item, columns, format)).join('');
  }
  const name = `${def.name}.${format}`;
  return new Answer(new Streamed(pieces()), {
    'Content-Type': CONTENT_TYPES[format],
    'Content-Disposition': `attachment; filename="${name}"`,
  });
}

/** Throws INVALID_QUERY_PARAMS for parameters of a list that mean nothing here, instead of taking them for fields or for nothing. */
export function refuseWindow(query: Readonly<Record<string, unknown>>): void {
  const name = ['skip', 'limit', 'cursor', 'cursor_before', 'count', 'include_count', 'expand'].find(
    (key) => key in query,
  );
  if (name === undefined) return;
  const reason = `an export is all that matches: leave ${name} out (a field of that name is ${name}__eq)`;
  throw invalidParameter(name, reason);
}

function line(json: string, columns: readonly RecordColumn[], format: ExportFormat): string {
  if (format === 'ndjson') return `${json}\n`;
  const row = JSON.parse(json) as Record<string, unknown>;
  // A json value is JSON in its cell, also when it is a text: read back, it is what it was.
  return csvLine(
    columns.map(({ name, type }) => (type === 'jsonb' && row[name] !== null ? JSON.stringify(row[name]) : row[name])),
  );
}

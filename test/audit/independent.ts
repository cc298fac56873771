// A verifier written from the documentation alone: nothing of the server's code, only the canonical form it promises.
import { createHash } from 'node:crypto';

// biome-ignore lint/suspicious/noExplicitAny: entries are read the way a third party reads them
type Json = any;

/** RFC 8785 for what entries hold. */
function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}

export function checksumOf(entry: Json): string {
  const { id, checksum, masked, ...hashed } = entry;
  return createHash('sha256').update(canonical(hashed), 'utf8').digest('hex');
}

/** What is wrong with the chains in these entries, in the order of the export; empty when nothing is. */
export function flaws(entries: readonly Json[], heads: readonly Json[]): string[] {
  const found: string[] = [];
  const ends = new Map<string, { seq: number; checksum: string | null }>();
  for (const entry of entries) {
    const end = ends.get(entry.account_id) ?? { seq: 0, checksum: null };
    if (entry.seq !== end.seq + 1) found.push(`${entry.account_id} ${entry.seq}: not the next seq`);
    if (entry.previous_hash !== end.checksum) found.push(`${entry.account_id} ${entry.seq}: previous_hash`);
    if (checksumOf(entry) !== entry.checksum) found.push(`${entry.account_id} ${entry.seq}: checksum`);
    ends.set(entry.account_id, { seq: entry.seq, checksum: entry.checksum });
  }
  for (const head of heads) {
    const end = ends.get(head.account_id);
    if (end?.seq !== head.seq || end?.checksum !== head.checksum) found.push(`${head.account_id}: the end was cut`);
  }
  return found;
}

/** Entries and heads of an export in any of its formats. */
export function readExport(text: string, format: 'json' | 'ndjson' | 'csv'): { entries: Json[]; heads: Json[] } {
  if (format === 'json') {
    const { items, heads } = JSON.parse(text);
    return { entries: items, heads };
  }
  if (format === 'ndjson') {
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { entries: lines.filter((l) => !l.head), heads: lines.flatMap((l) => (l.head ? [l.head] : [])) };
  }
  const [columns = [], ...rows] = readCsv(text);
  const heads = rows
    .filter(([first]) => first === '#head')
    .map(([, seq, account_id, checksum, signature]) => ({ seq: Number(seq), account_id, checksum, signature }));
  const entries = rows
    .filter(([first]) => first !== '#head')
    .map((row) => {
      const entry: Json = Object.fromEntries(columns.map((column, i) => [column as string, row[i] ?? null]));
      const extra = entry.extra_metadata === null ? null : JSON.parse(entry.extra_metadata);
      return { ...entry, seq: Number(entry.seq), extra_metadata: extra };
    });
  return { entries, heads };
}

/** Cells of a CSV text; an empty cell without quotes is null. */
function readCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? bare || null : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

// The rows of an import as they arrive: NDJSON or CSV, each with its line, its columns brought to fields.

import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { Failure, invalidData, invalidParameter, type ProblemEntry } from '../../contract/problems.ts';
import type { ImportQuery } from '../../contract/records.ts';
import type { UploadBody } from '../context.ts';
import { inspectJson } from '../json-text.ts';
import type { CollectionDef, FieldColumn } from '../schema/collection-def.ts';
import { cut } from '../text.ts';
import type { Body } from './body.ts';
import { SYSTEM_NAMES } from './columns.ts';

/** A row, or what is wrong with its text. */
export interface ImportRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly data: Body;
  readonly errors?: readonly ProblemEntry[];
}

/** A row may be as long as a body. */
const LONGEST = 8_000_000;

/**
 * The rows of the body. Throws UNSUPPORTED_MEDIA_TYPE, INVALID_QUERY_PARAMS for a map that is none, INVALID_FIELDS for CSV
 * columns that are no fields, INVALID_RESOURCE_DATA where the text itself ends or breaks.
 */
export function importRows(def: CollectionDef, body: UploadBody, query: ImportQuery): AsyncGenerator<ImportRow> {
  const map = readMap(query.map);
  const format = query.format ?? formatOf(body.contentType);
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(body.contentType)?.[1] ?? 'utf-8';
  if ((body.encoding ?? 'identity') !== 'identity' || !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new Failure('UNSUPPORTED_MEDIA_TYPE', { types: TYPES });
  return format === 'csv' ? csvRows(def, body.bytes, map, query) : jsonRows(body.bytes, map);
}

const TYPES = 'application/x-ndjson or text/csv';

function formatOf(contentType: string): 'csv' | 'ndjson' {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type === 'text/csv') return 'csv';
  if (type !== undefined && /^application\/(octet-stream|(x-)?(ndjson|jsonl|jsonlines|json-lines))$/.test(type))
    return 'ndjson';
  throw new Failure('UNSUPPORTED_MEDIA_TYPE', { types: TYPES }, [
    {
      field: 'Content-Type',
      code: 'unsupported',
      message: 'Send application/x-ndjson or text/csv, or say format=ndjson or format=csv.',
    },
  ]);
}

/** Column → field; null for a column that is left out. */
type ColumnMap = ReadonlyMap<string, string | null>;

function readMap(text: string | undefined): ColumnMap {
  const pairs = (text ?? '').split(',').filter((part) => part.trim() !== '');
  return new Map(
    pairs.map((pair) => {
      const at = pair.lastIndexOf(':');
      if (at < 1) {
        const reason = `${cut(pair, 60)} is no pair: write column:field`;
        throw invalidParameter('map', reason);
      }
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim() || null];
    }),
  );
}

const broken = (line: number, message: string): Failure =>
  invalidData({ field: '', code: 'invalid_text', message: `Line ${line}: ${message}`, index: line });

async function* jsonRows(bytes: AsyncIterable<Uint8Array>, map: ColumnMap): AsyncGenerator<ImportRow> {
  let line = 0;
  for await (const text of lines(bytes)) {
    line += 1;
    if (text.trim() === '') continue;
    yield jsonRow(text, line, map);
  }
}

function jsonRow(text: string, line: number, map: ColumnMap): ImportRow {
  const wrong = (message: string): ImportRow => ({
    line,
    data: {},
    errors: [{ field: '', code: 'invalid_json', message }],
  });
  let value: unknown;
  try {
    value = strictJson(text);
  } catch (error) {
    return wrong(cut((error as Error).message, 200));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('A row is a JSON object.');
  if (map.size === 0) return { line, data: value as Body };
  const named = Object.entries(value).flatMap(([key, one]) => {
    const field = map.has(key) ? map.get(key) : key;
    return field == null ? [] : [[field, one] as const];
  });
  return { line, data: Object.fromEntries(named) };
}

/** The value of a text, as strictly as that of a body. Throws for what is none. */
function strictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object') inspectJson(text);
  return value;
}

/** The bytes as text. Throws INVALID_RESOURCE_DATA for what is not UTF-8. */
async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw broken(line, 'what follows is not UTF-8');
    }
  };
  for await (const chunk of bytes) {
    yield decode(chunk);
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) line += 1;
  }
  yield decode();
}

/** Lines of a text. Throws INVALID_RESOURCE_DATA for one without end. */
async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  let line = 0;
  for await (const text of decoded(bytes)) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() as string;
    if (rest.length > LONGEST) throw broken(line + 1, `a row is longer than ${LONGEST} characters`);
    for (const part of parts) {
      line += 1;
      yield part;
    }
  }
  if (rest !== '') yield rest;
}

async function* csvRows(
  def: CollectionDef,
  bytes: AsyncIterable<Uint8Array>,
  map: ColumnMap,
  { delimiter = ',', null: nullText }: ImportQuery,
): AsyncGenerator<ImportRow> {
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    max_record_size: LONGEST,
    skip_empty_lines: true,
    // A row that is too long or too short is rejected by itself.
    relax_column_count: true,
    // Only quotes tell an empty text from no value.
    cast: (value, { quoting }) => (quoting || value !== '' ? value : null),
  });
  const source = Readable.from(decoded(bytes)).on('error', (error) => parser.destroy(error));
  let fields: readonly (FieldColumn | string | null)[] | null = null;
  let begins = 1;
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{
      record: (string | null)[];
      info: { lines: number };
    }>) {
      const line = begins;
      begins = info.lines + 1;
      if (fields === null) fields = columnsOf(def, record.map(String), map);
      else if (record.length !== fields.length) {
        const message = `The row has ${record.length} cells, the header ${fields.length}.`;
        yield { line, data: {}, errors: [{ field: '', code: 'column_count', message }] };
      } else yield csvRow(record, line, fields, nullText);
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw broken(Number((error as { lines?: number }).lines ?? 1), cut(error.message, 300));
    throw error;
  } finally {
    source.destroy();
  }
}

/** The field of each column; its name for system and computed ones, which are ignored. Throws INVALID_FIELDS. */
function columnsOf(def: CollectionDef, header: readonly string[], map: ColumnMap): (FieldColumn | string | null)[] {
  const absent = [...map.keys()].find((column) => !header.includes(column));
  if (absent !== undefined) {
    const reason = `there is no column ${cut(absent, 60)}`;
    throw invalidParameter('map', reason, 'unknown_column');
  }
  const unknown: string[] = [];
  const found = header.map((column) => {
    const name = map.has(column) ? (map.get(column) as string | null) : column;
    if (name === null) return null;
    const field = def.byName.get(name);
    if (field === undefined && !SYSTEM_NAMES.has(name) && !def.computed.some((one) => one.name === name))
      unknown.push(column);
    return field ?? name;
  });
  const twice = found.findIndex((field, i) => field !== null && found.indexOf(field) < i);
  if (twice >= 0) {
    const name = cut(String(header[twice]), 100);
    const message = `The column ${name} stands twice, or is mapped to a field that another one has.`;
    throw new Failure('INVALID_FIELDS', { fields: name }, [{ field: name, code: 'duplicate', message }]);
  }
  if (unknown.length === 0) return found;
  throw new Failure(
    'INVALID_FIELDS',
    {
      fields: unknown
        .map((name) => cut(name, 100))
        .slice(0, 20)
        .join(', '),
    },
    unknown.slice(0, 100).map((name) => ({
      field: cut(name, 100),
      code: 'unknown_field',
      message: `The column ${cut(name, 100)} is no field: say map=${cut(name, 60)}:field, or map=${cut(name, 60)}: to leave it out.`,
    })),
  );
}

function csvRow(
  record: readonly (string | null)[],
  line: number,
  fields: readonly (FieldColumn | string | null)[],
  nullText: string | undefined,
): ImportRow {
  const data: Record<string, unknown> = {};
  const errors: ProblemEntry[] = [];
  for (const [i, field] of fields.entries()) {
    const text = record[i] ?? null;
    if (field === null || text === null) continue;
    if (typeof field === 'string') data[field] = text;
    else if (text === nullText) data[field.name] = null;
    else if (!JSON_TYPES.includes(field.type)) data[field.name] = cellValue(field, text);
    else
      try {
        data[field.name] = strictJson(text);
      } catch {
        errors.push({ field: field.name, code: 'invalid_json', message: `${field.name} is not JSON, as ["a","b"].` });
      }
  }
  // A row of nothing is a record of nothing.
  const own = fields.filter((field) => field !== null && typeof field !== 'string');
  if (own.every(({ name }) => !Object.hasOwn(data, name))) for (const { name } of own) data[name] = null;
  return errors.length > 0 ? { line, data, errors } : { line, data };
}

const JSON_TYPES: readonly string[] = ['jsonb', 'text[]', 'double precision[]'];
const NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;
const YES = /^(true|t|yes|y|1)$/i;
const NO = /^(false|f|no|n|0)$/i;

/** The text of a cell as a value of the field's type; a text that is none stays, and is refused as such. */
function cellValue({ type }: FieldColumn, text: string): unknown {
  if (type === 'double precision') return NUMBER.test(text) ? Number(text) : text;
  if (type === 'boolean') return YES.test(text.trim()) ? true : NO.test(text.trim()) ? false : text;
  return text;
}

// The columns of a record as a caller names them, and the compiled writer that turns raw text cells into JSON.

import type { Field } from '../../contract/fields.ts';
import { mask } from '../access/mask.ts';
import { rfc3339 } from '../db/cells.ts';
import type { Cell } from '../db/database.ts';
import type { CollectionDef, PgType } from '../schema/collection-def.ts';
import { SYSTEM_COLUMNS } from '../schema/columns.ts';

/** A column that can be read, filtered and sorted; `field` is null for system columns, `quoted` the expression of a computed one. */
export interface RecordColumn {
  readonly name: string;
  readonly quoted: string;
  readonly type: PgType;
  readonly field: Field | null;
}

const system = (name: string, type: PgType): RecordColumn => ({ name, quoted: `"${name}"`, type, field: null });

export const ID = system('id', 'uuid');
export const CREATED_AT = system('created_at', 'timestamp with time zone');
export const UPDATED_AT = system('updated_at', 'timestamp with time zone');
const DELETED_AT = system('deleted_at', 'timestamp with time zone');
export const ACCOUNT_ID = system('account_id', 'character(6)');
const SYSTEM = [ACCOUNT_ID, CREATED_AT, UPDATED_AT, system('created_by', 'text'), system('updated_by', 'text')];

/** What clients may send without harm and without effect. */
export const SYSTEM_NAMES: ReadonlySet<string> = new Set(SYSTEM_COLUMNS.map((c) => c.name));

export interface RecordColumns {
  /** In the order of the reply: id, the collection's fields, then the other system columns. */
  readonly all: readonly RecordColumn[];
  /** Those that the table has. */
  readonly stored: readonly RecordColumn[];
  readonly byName: ReadonlyMap<string, RecordColumn>;
}

const known = new WeakMap<CollectionDef, RecordColumns>();

/** The readable columns of a collection. */
export function columnsOf(def: CollectionDef): RecordColumns {
  let columns = known.get(def);
  if (columns === undefined) {
    const all: RecordColumn[] = [ID, ...def.shown, ...SYSTEM, ...(def.softDelete ? [DELETED_AT] : [])];
    columns = {
      all,
      stored: all.filter(({ field }) => field?.type !== 'computed'),
      byName: new Map(all.map((c) => [c.name, c])),
    };
    known.set(def, columns);
  }
  return columns;
}

type Encode = (cell: string) => string;
/** The server's own stamps always have six digits, so that they sort as text. */
const stamp: Encode = (cell) => {
  const text = rfc3339(cell);
  return text.length === 27 ? `"${text}"` : `"${text.slice(0, 19)}${(text.slice(19, -1) || '.').padEnd(7, '0')}Z"`;
};
const quote: Encode = (cell) => `"${cell}"`;
const asIs: Encode = (cell) => cell;
// JSON has no NaN or Infinity; only rows written past the server can hold them.
const number: Encode = (cell) => (/^[-\d]/.test(cell) && !cell.startsWith('-I') ? cell : 'null');

/** One JSON encoder a column type. Arrays are selected as JSON. */
const ENCODE: Readonly<Record<PgType, Encode>> = {
  text: JSON.stringify,
  'double precision': number,
  boolean: (cell) => (cell === 't' ? 'true' : 'false'),
  'timestamp with time zone': (cell) => `"${rfc3339(cell)}"`,
  date: quote,
  uuid: quote,
  jsonb: asIs,
  'text[]': asIs,
  'double precision[]': asIs,
  'character(6)': quote,
};

/** True for a field whose values are shown masked to whoever may not see personal data. */
export const isPersonal = ({ field }: RecordColumn): boolean => field?.pii === true;

/** The masked form is a text, whatever the field's type is. */
function masking({ field, type }: RecordColumn): Encode {
  const text = type === 'timestamp with time zone' ? rfc3339 : (cell: string) => cell;
  return (cell) => JSON.stringify(mask(field?.mask_type ?? 'full', text(cell), field?.type));
}

function encoder(column: RecordColumn, masked: boolean): Encode {
  if (masked && isPersonal(column)) return masking(column);
  return column.field === null && column.type === CREATED_AT.type ? stamp : ENCODE[column.type];
}

export interface WriterOptions {
  /** Personal data is written masked. */
  readonly masked?: boolean;
  /** The columns that the cells come in, when they are others than those to write. */
  readonly from?: readonly RecordColumn[];
}

/** Writes a row as a JSON object. `replaced` holds JSON for columns that show something else than their cell, `more` further members. */
export type WriteRow = (cells: readonly Cell[], replaced?: readonly (string | undefined)[], more?: string) => string;

/** The writer of these columns. */
export function rowWriter(
  columns: readonly RecordColumn[],
  { masked = false, from = columns }: WriterOptions = {},
): WriteRow {
  const keys = columns.map((c, i) => `${i === 0 ? '{' : ','}${JSON.stringify(c.name)}:`);
  const encode = columns.map((c) => encoder(c, masked));
  const place = columns.map((c) => from.indexOf(c));
  const count = columns.length;
  return (cells, replaced, more = '') => {
    let json = '';
    for (let i = 0; i < count; i++) {
      const cell = cells[place[i] as number] as Cell;
      json += keys[i] + (replaced?.[i] ?? (cell === null ? 'null' : (encode[i] as Encode)(cell)));
    }
    return `${json}${more}}`;
  };
}

// What a text cell means: the parsers of `query`, and the way timestamps leave the house.
import pg from 'pg';

type Parser = (cell: string) => unknown;

/**
 * Turns PostgreSQL's ISO output in UTC (`2026-01-02 03:04:05.123456+00`, with or without offset) into RFC 3339 with `Z`.
 * Full precision is kept; a fraction has three or six digits, so that equal instants look equal and columns line up. What RFC 3339 cannot say (BC, years over 9999, infinity) is answered as it is.
 */
export function rfc3339(cell: string): string {
  const length = cell.length;
  if (length < 19 || cell.charCodeAt(10) !== 32) return cell;
  const sign = cell.charCodeAt(length - 3);
  if (sign === 43 /* + */) {
    if (cell.charCodeAt(length - 1) !== 48 || cell.charCodeAt(length - 2) !== 48) return cell;
    return `${cell.slice(0, 10)}T${grouped(cell.slice(11, -3))}Z`;
  }
  const last = cell.charCodeAt(length - 1);
  // No offset at all: a timestamp without time zone, which this product always stores in UTC.
  if (last < 48 || last > 57 || sign === 45 || (length > 19 && cell.charCodeAt(19) !== 46)) return cell;
  return `${cell.slice(0, 10)}T${grouped(cell.slice(11))}Z`;
}

/** `03:04:05.1` → `03:04:05.100`: PostgreSQL trims zeros one by one. */
function grouped(time: string): string {
  const length = time.length;
  if (length === 8 || length === 12 || length === 15) return time;
  return time.padEnd(length < 12 ? 12 : 15, '0');
}

function integer(cell: string): number | string {
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : cell;
}

const raw: Parser = (cell) => cell;
const textArray = pg.types.getTypeParser(1009 as number) as (cell: string) => unknown;
const bytes = pg.types.getTypeParser(17) as Parser;

const each = (item: unknown, parse: Parser): unknown =>
  Array.isArray(item) ? item.map((one) => each(one, parse)) : item === null ? null : parse(item as string);
const arrayOf =
  (parse: Parser): Parser =>
  (cell) =>
    each(textArray(cell), parse);

// type oid, oid of its array, parser; every other type stays text (numeric, date and interval on purpose: nothing is lost).
const table: ReadonlyArray<readonly [number, number, Parser]> = [
  [16, 1000, (cell) => cell === 't'],
  [17, 1001, bytes],
  [18, 1002, raw],
  [19, 1003, raw],
  [20, 1016, integer],
  [21, 1005, Number],
  [23, 1007, Number],
  [25, 1009, raw],
  [26, 1028, Number],
  [114, 199, JSON.parse],
  [700, 1021, Number],
  [701, 1022, Number],
  [1042, 1014, raw],
  [1043, 1015, raw],
  [1082, 1182, raw],
  [1083, 1183, raw],
  [1114, 1115, rfc3339],
  [1184, 1185, rfc3339],
  [1700, 1231, raw],
  [2950, 2951, raw],
  [3802, 3807, JSON.parse],
];

const parsers = new Map<number, Parser>();
for (const [oid, array, parse] of table) {
  parsers.set(oid, (cell) => parse(cell));
  parsers.set(
    array,
    arrayOf((cell) => parse(cell)),
  );
}

type CustomTypes = Required<Pick<pg.CustomTypesConfig, 'getTypeParser'>>;

/** The parsers of `query`, in the form `pg` takes. */
export const parsedTypes = { getTypeParser: (oid: number) => parsers.get(oid) ?? raw } as CustomTypes;

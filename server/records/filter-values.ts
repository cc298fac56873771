// A filter value arrives as text and is cast to the type of its column; what cannot be cast is refused here, before any SQL.
import { Failure } from '../../contract/problems.ts';
import { type Bound, isDate, isDateTime, isUuid, storableText } from '../schema/values.ts';
import type { RecordColumn } from './columns.ts';

/** The parameter for `text` compared with `column`. Throws INVALID_QUERY_PARAMS naming the parameter and the type. */
export function castFilter(column: RecordColumn, parameter: string, text: string): Bound {
  const value = cast(column, text);
  if (value !== undefined) return value;
  const reason =
    column.type === 'jsonb'
      ? 'json fields cannot be compared'
      : `"${text.slice(0, 60)}" is not a ${column.field?.type ?? column.type}`;
  throw new Failure('INVALID_QUERY_PARAMS', { name: parameter, reason }, [
    { field: parameter, code: 'invalid_type', message: reason },
  ]);
}

function cast(column: RecordColumn, text: string): Bound | undefined {
  switch (column.type) {
    case 'double precision':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))
        ? Number(text)
        : undefined;
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined;
    case 'timestamp with time zone': {
      // An unencoded `+` before the offset arrives as a space.
      const spaced = text.replace(/ (\d{2}:?\d{2})$/, '+$1');
      return isDateTime(spaced) ? spaced.replace(',', '.') : isDate(text) ? `${text}T00:00:00Z` : undefined;
    }
    case 'date':
      return isDate(text) ? text : undefined;
    case 'uuid':
      return isUuid(text) ? text : undefined;
    case 'text[]':
    case 'double precision[]':
      return castArray(column.type, text);
    case 'jsonb':
      return undefined;
    default:
      return text;
  }
}

function castArray(type: 'text[]' | 'double precision[]', text: string): Bound | undefined {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  const element = type === 'text[]' ? 'string' : 'number';
  return Array.isArray(list) && list.every((x) => typeof x === element && (typeof x !== 'string' || storableText(x)))
    ? (list as string[])
    : undefined;
}

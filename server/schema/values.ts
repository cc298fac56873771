// What a value of a field type looks like, and how a valid one travels to PostgreSQL.
import type { Field } from '../../contract/fields.ts';
import { isStorable } from '../text.ts';

const EMAIL =
  /^[^\s@"(),:;<>[\\\]\p{Cc}]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export { isUuid } from '../ids.ts';

/** A local part and a domain with a dot, at most 254 characters (RFC 5321). */
export const isEmail = (v: string): boolean =>
  v.length <= 254 && EMAIL.test(v) && !v.startsWith('.') && !v.includes('..') && !v.includes('.@');

export const isUrl = (v: string): boolean => /^https?:\/\//i.test(v) && !/\s/.test(v) && URL.canParse(v);

/** A day that exists, years 0001 to 9999. */
export function isDate(v: string): boolean {
  const m = DATE.exec(v);
  if (m === null) return false;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] as number)) return false;
  return month !== 2 || day !== 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** An instant. Without an offset it is read as UTC; its day exists and, in UTC, lies in the years 0001 to 9999. */
export function isDateTime(v: string): boolean {
  const m = DATE_TIME.exec(v);
  if (m === null || !isDate(m[1] as string)) return false;
  const year = Number(v.slice(0, 4));
  // Only at the two ends of the calendar can an offset push the instant out of it.
  return (year > 1 || v.slice(5, 10) !== '01-01') && (year < 9999 || v.slice(5, 10) !== '12-31');
}

/** PostgreSQL text holds neither U+0000 nor half of a surrogate pair. */
export const storableText = isStorable;

/** The number of characters (code points): half of what `length` says for text beyond the basic plane. */
export function characters(v: string): number {
  let count = v.length;
  for (let i = 0; i < v.length - 1; i++) {
    const unit = v.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && (v.charCodeAt(i + 1) & 0xfc00) === 0xdc00) count -= 1;
  }
  return count;
}

/** The same for every string and key inside a JSON value, whose numbers must be finite too. */
export function storableJson(v: unknown): boolean {
  if (typeof v === 'string') return storableText(v);
  if (typeof v === 'number') return Number.isFinite(v);
  if (Array.isArray(v)) return v.every(storableJson);
  if (typeof v === 'object' && v !== null)
    return Object.entries(v).every(([k, x]) => storableText(k) && storableJson(x));
  return true;
}

export type Bound = string | number | boolean | null | readonly (string | number | null)[];

/** A valid value as the parameter that PostgreSQL gets. JSON travels as text; -0 is stored as 0, which is what it reads back as. */
export function toParameter(field: Field, value: unknown): Bound {
  if (value === null || value === undefined) return null;
  if (field.type === 'json') return JSON.stringify(value);
  if (typeof value === 'number') return value === 0 ? 0 : value;
  // Digits after the sixth are cut, as rules and filters do, instead of rounded into another second.
  if (field.type === 'datetime' && typeof value === 'string')
    return value.replace(',', '.').replace(/(\.\d{6})\d+/, '$1');
  return value as Bound;
}

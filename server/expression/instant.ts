// Days and instants as text that compares right: `2026-01-02` and `2026-01-02T03:04:05.123456Z`, years 0001 to 9999.

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+ -])(0\d|1[0-4]):?([0-5]\d))?$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The text itself when it is a day that exists. */
export function canonicalDate(text: string): string | undefined {
  const m = DATE.exec(text);
  if (m === null) return undefined;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] as number)) return undefined;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && day === 29 && !leap ? undefined : text;
}

/**
 * An instant in UTC with six digits. A day alone is its first instant; without an offset UTC is meant; a space before the
 * offset is the `+` that a query string lost. Digits after the sixth are cut, so that the instant stays within its second.
 */
export function canonicalInstant(text: string): string | undefined {
  if (text.length === 10) return canonicalDate(text) && startOfDay(text);
  const m = INSTANT.exec(text);
  if (m === null || canonicalDate(m[1] as string) === undefined) return undefined;
  const [, day, hour, minute, second = '00', fraction = '', sign, offsetHours, offsetMinutes] = m;
  const micros = fraction.padEnd(6, '0').slice(0, 6);
  const local = `${day}T${hour}:${minute}:${second}`;
  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  if (offset === 0) return `${local}.${micros}Z`;
  const utc = new Date(Date.parse(`${local}Z`) - offset * 60_000).toISOString();
  // Beyond the years of four digits toISOString writes a sign; year 0 is no year of PostgreSQL's.
  return utc.length === 24 && !utc.startsWith('0000') ? `${utc.slice(0, 19)}.${micros}Z` : undefined;
}

export const startOfDay = (day: string): string => `${day}T00:00:00.000000Z`;

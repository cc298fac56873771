// Reckoning with moments in canonical text (`2026-01-02T03:04:05.123456Z`), to the microsecond, within the years 1 to 9999.
import { UNITS, type Unit } from '../../contract/functions.ts';

const MICROS = 1_000_000n;
const FIRST = microsOf('0001-01-01T00:00:00.000000Z');
const LAST = microsOf('9999-12-31T23:59:59.999999Z');
/** Seconds of more than all years there are. */
const MOST_SECONDS = 320_000_000_000;

function microsOf(moment: string): bigint {
  return BigInt(Date.parse(`${moment.slice(0, 19)}Z`)) * 1000n + BigInt(moment.slice(20, 26));
}

function momentOf(micros: bigint): string {
  const second = micros >= 0n ? micros / MICROS : -((-micros + MICROS - 1n) / MICROS);
  const rest = micros - second * MICROS;
  const text = new Date(Number(second) * 1000).toISOString();
  return `${text.slice(0, 19)}.${rest.toString().padStart(6, '0')}Z`;
}

/** a − b in a unit; a month has 30 days and a year 365 here. */
export function secondsBetween(a: string, b: string, unit: Unit): number {
  const micros = microsOf(a) - microsOf(b);
  const size = micros < 0n ? -micros : micros;
  // Read as a decimal, because so many microseconds are no exact double.
  const seconds = Number(`${size / MICROS}.${(size % MICROS).toString().padStart(6, '0')}`);
  return ((micros < 0n ? -seconds : seconds) + 0) / UNITS[unit];
}

/** The moment so many units later, null beyond the calendar. */
export function secondsLater(moment: string, amount: number, unit: Unit): string | null {
  const seconds = amount * UNITS[unit];
  if (!(Math.abs(seconds) <= MOST_SECONDS)) return null;
  const micros = microsOf(moment) + BigInt(evenRound(seconds * 1e6));
  return micros < FIRST || micros > LAST ? null : momentOf(micros);
}

/** The nearest whole number, a half to the even one: C's rint. */
function evenRound(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest > 0.5 ? floor + 1 : floor;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The same day so many months later, or that month's last day; null beyond the calendar. */
export function monthsLater(moment: string, months: number): string | null {
  const all = Number(moment.slice(0, 4)) * 12 + Number(moment.slice(5, 7)) - 1 + months;
  if (!(all >= 12 && all < 120_000)) return null;
  const year = Math.floor(all / 12);
  const month = (all % 12) + 1;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  const day = Math.min(Number(moment.slice(8, 10)), last);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}${moment.slice(10)}`;
}

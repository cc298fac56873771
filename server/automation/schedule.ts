// When something is next due by a cron expression in a time zone; pure, so that hooks and workflows share it.
import type { ProblemEntry } from '../../contract/problems.ts';
import { nearest } from '../expression/nearest.ts';
import { cut } from '../text.ts';
import { type Cron, CronError, describeCron, parseCron } from './cron.ts';

export { describeCron };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** February 29 may be eight years away. */
const HORIZON_DAYS = 366 * 9;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Throws RangeError for a zone that is none. */
function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (clocks.size > 1000) clocks.clear();
  clocks.set(timezone, clock);
  return clock;
}

/** What the clock on the wall shows, as if it were UTC, in ms. */
function wallOf(instant: number, timezone: string): number {
  if (timezone === 'UTC') return instant;
  const parts: Record<string, number> = {};
  for (const { type, value } of clockOf(timezone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const offsetAt = (instant: number, timezone: string): number => {
  const whole = Math.floor(instant / 1000) * 1000;
  return wallOf(whole, timezone) - whole;
};

function dayMatches({ days, months, weekdays, eitherDay }: Cron, wallDay: number): boolean {
  const date = new Date(wallDay);
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const day = days.has(date.getUTCDate());
  const weekday = weekdays.has(date.getUTCDay());
  return eitherDay ? day || weekday : day && weekday;
}

/** The moment between two at which the offset changes, to the second. */
function changeBetween(from: number, to: number, timezone: string): number {
  const before = offsetAt(from, timezone);
  let low = from;
  let high = to;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(middle, timezone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** All moments of a day on which clocks are put forward or back; of hours that are named one moment each, whatever the clocks do. */
function momentsAround({ minutes, hours }: Cron, wallDay: number, timezone: string): number[] {
  const from = Math.floor((wallDay - 2 * DAY) / 1000) * 1000;
  const to = from + 5 * DAY;
  const offsets = [offsetAt(from, timezone), offsetAt(to, timezone)];
  const everyHour = hours.length === 24;
  const moments = new Set<number>();
  for (const hour of hours)
    for (const minute of minutes) {
      const wall = wallDay + hour * HOUR + minute * MINUTE;
      const real = [...new Set(offsets.map((offset) => wall - offset))]
        .filter((instant) => wallOf(instant, timezone) === wall)
        .sort((a, b) => a - b);
      if (everyHour) for (const instant of real) moments.add(instant);
      else moments.add(real[0] ?? changeBetween(from, to, timezone));
    }
  return [...moments].sort((a, b) => a - b);
}

/**
 * The first moment strictly after `after`, in whole minutes. A time that clocks skip means the moment after the gap, one that they show
 * twice the first; where every hour is meant, minutes count as they pass. Null when there is none within nine years.
 * Throws CronError for a bad expression and RangeError for an unknown zone; see `cronProblems` and `timezoneProblems`.
 */
export function nextRun(cron: string, timezone: string, after: Date): Date | null {
  const parsed = parseCron(cron);
  const start = after.getTime();
  // The day before too: where clocks are put back at midnight it comes again.
  let wallDay = Math.floor(wallOf(start, timezone) / DAY) * DAY - DAY;
  for (let i = 0; i <= HORIZON_DAYS; i++, wallDay += DAY) {
    if (!dayMatches(parsed, wallDay)) continue;
    const offset = offsetAt(wallDay - 2 * DAY, timezone);
    if (offset !== offsetAt(wallDay + 3 * DAY, timezone)) {
      const found = momentsAround(parsed, wallDay, timezone).find((instant) => instant > start);
      if (found !== undefined) return new Date(found);
      continue;
    }
    for (const hour of parsed.hours) {
      const base = wallDay + hour * HOUR - offset;
      const minute = parsed.minutes.find((one) => base + one * MINUTE > start);
      if (minute !== undefined) return new Date(base + minute * MINUTE);
    }
  }
  return null;
}

/** The same for a definition that was good once; null, and said to `unreadable`, where it cannot be read any more: it rests. */
export function nextRunOrRest(
  { cron, timezone }: { readonly cron: string; readonly timezone?: string | undefined },
  after: Date,
  unreadable: (error: unknown) => void,
): Date | null {
  try {
    return nextRun(cron, timezone ?? 'UTC', after);
  } catch (error) {
    unreadable(error);
    return null;
  }
}

/** What is wrong with an expression, told at `at`; nothing for a good one. */
export function cronProblems(cron: string, at = 'cron'): ProblemEntry[] {
  try {
    parseCron(cron);
    return [];
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    const { message, hint } = error;
    return [{ field: at, code: 'invalid_cron', message: hint ? `${message} ${hint}` : message, ...(hint && { hint }) }];
  }
}

/** What is wrong with the name of a time zone (`Europe/Berlin`), told at `at`; nothing for a good one. */
export function timezoneProblems(timezone: string, at = 'timezone'): ProblemEntry[] {
  try {
    // Offsets as +02:00 are taken by some versions of Node only, and know no summer.
    if (/^[A-Za-z]/.test(timezone)) {
      clockOf(timezone);
      return [];
    }
  } catch {
    // Told below.
  }
  const near = nearest(timezone, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  const hint = near === undefined ? 'For example UTC or Europe/Berlin.' : `Did you mean ${near}?`;
  const message = `"${cut(timezone, 80)}" is no time zone. ${hint}`;
  return [{ field: at, code: 'invalid_timezone', message, hint }];
}

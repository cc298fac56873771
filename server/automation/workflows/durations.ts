// Lengths of time and moments, as steps name them.

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** A year and a day. */
const LONGEST_MS = 31_622_400_000;

/** Milliseconds of `30s`, `5m`, `2h`, `1d`, `1w` or a number of seconds; null for what is none, or longer than a year. */
export function durationMs(value: unknown): number | null {
  const found = typeof value === 'string' ? /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw]?)\s*$/.exec(value) : null;
  const ms =
    typeof value === 'number'
      ? value * 1000
      : found === null
        ? Number.NaN
        : Number(found[1]) * (UNITS[found[2] || 's'] as number);
  return ms >= 0 && ms <= LONGEST_MS ? Math.round(ms) : null;
}

/** A moment that RFC 3339 spells, also a date alone (midnight UTC); null for anything else. */
export function momentOf(value: unknown): Date | null {
  if (
    typeof value !== 'string' ||
    !/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/i.test(value)
  )
    return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : new Date(ms);
}

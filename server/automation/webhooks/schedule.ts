// When a message that was not taken is sent again.

/** Neither sooner nor later than this part of the pause, so that what failed together does not come back together. */
const JITTER = 0.15;
const LONGEST_S = 86_400;

/** Seconds that an answer asks to wait, at most a day; null where it does not say. */
export function retryAfter(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null;
  const seconds = /^\d{1,9}$/.test(value.trim()) ? Number(value) : (Date.parse(value) - now.getTime()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), LONGEST_S) : null;
}

/**
 * Milliseconds until the next attempt after `attempts` that failed; null when there is none. `schedule` has the seconds before each;
 * `asked` are those that the receiver asked to wait.
 */
export function pauseBefore(
  schedule: readonly number[],
  attempts: number,
  asked: number | null,
  random: () => number = Math.random,
): number | null {
  const planned = schedule[attempts];
  if (planned === undefined) return null;
  const jittered = planned * (1 + JITTER * (2 * random() - 1));
  // Earlier than asked is never.
  return Math.round(1000 * Math.max(jittered, asked === null ? 0 : asked * (1 + JITTER * random())));
}

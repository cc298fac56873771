// Retry policy: which failures may be sent again without doing something twice, and after how long.

/** Longer waits than this are the caller's to decide: the error is thrown at once. In ms. */
const PATIENCE = 60_000;

/**
 * Seconds that a Retry-After header asks to wait, as a number or an HTTP date; undefined when it is absent or unreadable.
 * A date in the past is 0.
 */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? '';
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * Milliseconds to wait before the failure is sent again, or undefined when it must not be.
 * `repeatable`: GET, PUT, DELETE, or a request with an idempotency key. Anything else is sent again only where the server
 * says that it did not begin: 429 and 503 with Retry-After. A 409 with Retry-After is an earlier attempt that still runs.
 * @param status 0 for no reply
 * @param round 0 for the first retry
 */
export function retryDelay(status: number, headers: Headers, repeatable: boolean, round: number): number | undefined {
  const asked = retryAfter(headers);
  const again = repeatable
    ? [0, 429, 502, 503, 504].includes(status) || (status === 409 && asked !== undefined)
    : (status === 429 || status === 503) && asked !== undefined;
  const backOff = Math.min(8000, 300 * 2 ** round) * (0.5 + Math.random() / 2);
  const wait = Math.max((asked ?? 0) * 1000, backOff);
  return again && wait <= PATIENCE ? wait : undefined;
}

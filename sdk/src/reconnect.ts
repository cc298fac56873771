// When a stream that broke is made again: what is final, and how long to wait for what is not.
import { SnackBaseError } from './errors.ts';
import { retryAfter } from './retry.ts';

/** The longest wait that growing alone leads to, in ms. */
const LONGEST = 30_000;
/** A server may ask for more, but not for ever; beyond this a timer would fire at once. In ms. */
const ASKED_AT_MOST = 3_600_000;

/**
 * Whether trying again leads nowhere: the server refused the request itself. Faults of the network, of the server (5xx) and of the
 * moment (408, 425, 429) pass. Where the server has been reached before, so may what somebody else answers in its place, and what the
 * application's own token function throws; before that it is a mistake.
 */
export function isFinal(error: unknown, reached: boolean): boolean {
  if (!(error instanceof SnackBaseError)) return !reached;
  const { status, code } = error;
  if (code === 'INVALID_RESPONSE' && reached) return false;
  return status > 0 && status < 500 && ![408, 425, 429].includes(status);
}

/**
 * Milliseconds to wait before another attempt: a random time that doubles with each failure, never less than the server asks for.
 * @param retry the server's `retry:` in ms
 * @param failures in a row, from 1
 */
export function reconnectDelay(retry: number, failures: number, error: unknown): number {
  const asked = error instanceof SnackBaseError ? (retryAfter(error.headers) ?? 0) * 1000 : 0;
  const top = Math.min(LONGEST, Math.max(retry, 10) * 2 ** failures);
  return Math.min(ASKED_AT_MOST, Math.max(asked, retry, top * (0.5 + Math.random() / 2)));
}

// Attempts until one succeeds or must not be sent again, each with its own time.
import { attempt, pause } from './attempt.ts';
import { SnackBaseError, TimeoutError } from './errors.ts';
import { retryDelay } from './retry.ts';

export interface Persistence {
  /** Method and path template, for messages. */
  readonly name: string;
  /** Milliseconds for each attempt. */
  readonly timeout: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable: boolean;
}

/** Runs `work` with retries. @throws TimeoutError when the last attempt took too long; else what the last attempt threw */
export async function persist<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { name, timeout, retries, repeatable }: Persistence,
  signal: AbortSignal,
): Promise<T> {
  const late = () =>
    new TimeoutError({ status: 0, code: 'TIMEOUT', message: `${name} took longer than ${timeout} ms` });
  for (let round = 0; ; round++) {
    try {
      return await attempt(signal, work, timeout, late);
    } catch (error) {
      const open = !signal.aborted && round < retries && error instanceof SnackBaseError;
      const wait = open ? retryDelay(error.status, error.headers, repeatable, round) : undefined;
      if (wait === undefined) throw error;
      await pause(wait, signal);
    }
  }
}

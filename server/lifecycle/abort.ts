// Ending what is going on from a hook: a message for the caller and a status.
import { Failure } from '../../contract/problems.ts';

// A module may hold another copy of this file than the server: what counts is the mark, not the class.
const MARK = Symbol.for('snackbase.AbortHook');
const LONGEST = 1000;

/** Thrown in a before-hook: nothing is done, and the caller gets `message` with `status` and the code HOOK_ABORTED. */
export class AbortHook extends Error {
  readonly [MARK] = true;
  /** `status` is one of 400 to 499. Throws RangeError for another one, TypeError for a message that is no text. */
  constructor(
    message: string,
    readonly status = 400,
  ) {
    if (typeof message !== 'string' || message.trim() === '')
      throw new TypeError('AbortHook needs a message that says why.');
    if (!Number.isInteger(status) || status < 400 || status > 499)
      throw new RangeError(`AbortHook takes a status from 400 to 499, not ${status}.`);
    super(message);
    this.name = 'AbortHook';
  }
}

/** Ends what is going on. Throws as AbortHook does. */
export const abort = (message: string, status?: number): never => {
  throw new AbortHook(message, status);
};

/** What an AbortHook of any copy means to the caller; undefined for any other error. */
export function abortedBy(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null || !(MARK in error)) return undefined;
  const { message, status } = error as AbortHook;
  return new Failure('HOOK_ABORTED', { message: String(message).slice(0, LONGEST), status: Number(status) });
}

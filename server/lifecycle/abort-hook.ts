// Ending what is going on from a hook: a message for the caller and a status.

// A module may hold another copy of this class than the server: what counts is the mark, not the class.
export const MARK: symbol = Symbol.for('snackbase.AbortHook');

/** Thrown in a before-hook: nothing is done, and the caller gets `message` with `status` and the code HOOK_ABORTED. */
export class AbortHook extends Error {
  readonly status: number;
  /** `status` is one of 400 to 499. Throws RangeError for another one, TypeError for a message that is no text. */
  constructor(message: string, status: number = 400) {
    if (typeof message !== 'string' || message.trim() === '')
      throw new TypeError('AbortHook needs a message that says why.');
    if (!Number.isInteger(status) || status < 400 || status > 499)
      throw new RangeError(`AbortHook takes a status from 400 to 499, not ${status}.`);
    super(message);
    this.name = 'AbortHook';
    this.status = status;
    Object.defineProperty(this, MARK, { value: true });
  }
}

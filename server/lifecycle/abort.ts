// What an AbortHook comes to.
import { Failure } from '../../contract/problems.ts';
import { cut } from '../text.ts';
import { AbortHook, MARK } from './abort-hook.ts';

const LONGEST = 1000;

/** Ends what is going on. Throws as AbortHook does. */
export const abort = (message: string, status?: number): never => {
  throw new AbortHook(message, status);
};

/** What an AbortHook of any copy, or the action `abort`, means to the caller; undefined for any other error. */
export function abortedBy(error: unknown): Failure | undefined {
  if (error instanceof Failure && error.code === 'HOOK_ABORTED') return error;
  if (typeof error !== 'object' || error === null || !(MARK in error)) return undefined;
  const { message, status } = error as AbortHook;
  return new Failure('HOOK_ABORTED', { message: cut(String(message), LONGEST), status: Number(status) });
}

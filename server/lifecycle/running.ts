// Running one hook: for no longer than its limit, and telling its own mistakes from what just happened to it.
import { Failure } from '../../contract/problems.ts';
import { knownFailure } from '../faults.ts';

/** Resolves as `work` does. Rejects when that takes longer; the work itself cannot be stopped, its transaction is over. */
export async function withLimit<T>(
  work: () => T | Promise<T>,
  { id, timeoutMs }: { readonly id: string; readonly timeoutMs: number },
): Promise<T> {
  const running = work();
  if (!isThenable(running)) return running;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The hook ${id} took longer than ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([running, over]);
  } finally {
    clearTimeout(timer);
    // What it still does has nobody who would hear of its end.
    Promise.resolve(running).catch(() => {});
  }
}

const isThenable = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

const PASSING: ReadonlySet<string> = new Set([
  'WRITE_CONFLICT',
  'SERVICE_UNAVAILABLE',
  'STATEMENT_TIMEOUT',
  'HOOK_ABORTED',
  'HOOK_FAILED',
]);

/** True for what may go well next time, and for what a hook further down has decided. */
export function passing(error: unknown): boolean {
  const known = knownFailure(error);
  return known instanceof Failure && PASSING.has(known.code);
}

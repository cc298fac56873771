// One piece of work that ends at once when the caller aborts or the time is over, whether or not the work listens.

/**
 * Runs `work` with a signal of its own.
 * @param outer the caller's signal; its reason is what the promise rejects with, also when it was aborted before
 * @param ms milliseconds until `late` is called for the reason to reject with; 0 or anything too long for a timer is no limit
 */
export function attempt<T>(
  outer: AbortSignal | null | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  ms = 0,
  late?: () => unknown,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const inner = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const clean = () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', aborted);
    };
    const stop = (reason: unknown) => {
      clean();
      // Rejecting first: what the work says about its own abort no longer counts.
      reject(reason);
      inner.abort(reason);
    };
    const aborted = () => stop(outer?.reason);
    if (outer?.aborted) return aborted();
    outer?.addEventListener('abort', aborted);
    if (ms > 0 && ms < 2 ** 31) timer = setTimeout(() => stop(late?.()), ms);
    work(inner.signal).then(resolve, reject).finally(clean);
  });
}

/** Resolves after `ms` milliseconds; an abort rejects with the signal's reason and leaves no timer behind. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  attempt(
    signal,
    (inner) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        inner.addEventListener('abort', () => clearTimeout(timer));
      }),
  );

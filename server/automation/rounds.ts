// Rounds of work that is due at a moment: whatever is due now, then a pause until the next is, or until somebody calls.
import { createPass } from '../pass.ts';

export interface RoundsOptions {
  /** Does some of what is due and answers whether there may be more. */
  readonly some: () => Promise<boolean>;
  /** Milliseconds until the next is due; null when there is none. */
  readonly nextIn: () => Promise<number | null>;
  /** How seldom to look without being told: another process may have made something due. */
  readonly idleMs: number;
  readonly shortestMs: number;
  /** After a round that failed. */
  readonly retryMs: number;
  readonly failed: (error: unknown) => void;
}

export interface Rounds {
  /** There may be something to do. */
  wake(): void;
  close(): Promise<void>;
}

/** Begins at once. */
export function createRounds({ some, nextIn, idleMs, shortestMs, retryMs, failed }: RoundsOptions): Rounds {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const pass = createPass(async () => {
    clearTimeout(timer);
    let pause = retryMs;
    try {
      while (!closed && (await some()));
      const next = await nextIn();
      pause = next === null ? idleMs : Math.min(idleMs, Math.max(next, shortestMs));
    } catch (error) {
      if (!closed) failed(error);
    }
    if (!closed) timer = setTimeout(wake, pause).unref();
  });
  const wake = () => {
    if (!closed) void pass();
  };
  wake();

  return {
    wake,
    async close() {
      closed = true;
      clearTimeout(timer);
      await pass.idle();
    },
  };
}

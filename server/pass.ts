// Work that takes up whatever has piled up: one run at a time, and whoever asks gets one that begins after he asked.

export interface Pass {
  /** A run that begins after this call; calls that come while one waits share it. */
  (): Promise<void>;
  readonly running: boolean;
  /** Resolves when nothing runs or waits; never rejects. */
  idle(): Promise<void>;
}

/** Makes the pass of some work. */
export function createPass(work: () => Promise<void>): Pass {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  function pass(): Promise<void> {
    if (running === null) {
      running = work().finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null;
        return pass();
      });
    return next;
  }

  return Object.defineProperty(
    Object.assign(pass, {
      idle: async () => {
        while (running !== null || next !== null) await (next ?? running)?.catch(() => {});
      },
    }),
    'running',
    { get: () => running !== null },
  ) as Pass;
}

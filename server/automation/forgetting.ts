// Forgetting what is old, now and then: one run at a time, in bounded statements, and none goes on when its process stops.
import type { Logger } from '../db/log.ts';

export interface ForgettingOptions {
  /** Removes some and answers whether there may be more. */
  readonly some: () => Promise<boolean>;
  readonly everyMs: number;
  readonly log?: Logger | undefined;
  /** What stays when it fails, for the log. */
  readonly what: string;
}

export interface Forgetting {
  /** Takes nothing more, and waits for what runs. */
  close(): Promise<void>;
}

export function createForgetting({ some, everyMs, log, what }: ForgettingOptions): Forgetting {
  let closed = false;
  let running: Promise<void> | null = null;

  async function forget(): Promise<void> {
    while (!closed && (await some()));
  }
  const timer = setInterval(() => {
    running ??= forget()
      .catch((err) => log?.warn({ err }, `${what} could not be removed.`))
      .finally(() => {
        running = null;
      });
  }, everyMs);
  timer.unref();

  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}

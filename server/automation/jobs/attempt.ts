// One try of a job: runs the handler under its time limit, tells it to stop when it must, and says how it ended.

import { cut } from '../../text.ts';
import { GiveUp, type JobHandler, type JobRun, type Payload, TIMEOUT_SECONDS } from './handler.ts';

/**
 * `completed` · `failed` (`final`: not to be tried again) · `interrupted`: told to stop with the process, and did · `lost`: stopped,
 * because it is not ours any more · `left`: the process stops and it does not.
 */
export type Outcome =
  | { readonly kind: 'completed' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly message: string; readonly final: boolean };

export interface Limits {
  /** How long a handler that was told to stop is waited for. */
  readonly graceMs: number;
  /** How long what runs may go on when the process stops. */
  readonly drainMs: number;
}
export const LIMITS: Limits = { graceMs: 10_000, drainMs: 5000 };

type Reason = 'timeout' | 'stopping' | 'lost';

export interface Attempt {
  readonly outcome: Promise<Outcome>;
  /** The job was cancelled, or may be somebody else's: the handler is told to stop, and a failure is not written. */
  lose(why: string): void;
}

/** Starts at once; `outcome` never rejects. `stopping` is the end of the process. */
export function attempt(
  handler: JobHandler,
  payload: Payload,
  facts: Omit<JobRun, 'signal'>,
  stopping: AbortSignal,
  { graceMs, drainMs }: Limits = LIMITS,
): Attempt {
  const seconds = handler.timeoutSeconds ?? TIMEOUT_SECONDS;
  const stop = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  let reason: Reason | null = null;
  let over = false;
  let patience: (outcome: Outcome) => void = () => {};
  const impatient = new Promise<Outcome>((resolve) => {
    patience = resolve;
  });

  const after = (ms: number, fn: () => void) => void timers.push(setTimeout(fn, ms));
  function tell(why: Reason, message: string): void {
    if (why === 'lost') reason = why;
    if (over || stop.signal.aborted) return;
    reason = why;
    stop.abort(new Error(message));
    after(graceMs, () => patience(unheard(reason as Reason, seconds)));
  }
  const draining = () => after(drainMs, () => tell('stopping', 'The server stops.'));

  const work = (async (): Promise<Outcome> => {
    try {
      await handler.run(payload, { ...facts, signal: stop.signal });
      // Also where it may be somebody else's: only the holder's word is written.
      return { kind: 'completed' };
    } catch (error) {
      if (reason === 'lost') return { kind: 'lost' };
      if (reason === 'stopping') return { kind: 'interrupted' };
      if (reason === 'timeout') return { kind: 'failed', message: timedOut(seconds), final: false };
      return { kind: 'failed', message: messageOf(error), final: error instanceof GiveUp };
    }
  })();
  after(seconds * 1000, () => tell('timeout', timedOut(seconds)));
  if (stopping.aborted) draining();
  else stopping.addEventListener('abort', draining, { once: true });

  return {
    outcome: Promise.race([work, impatient]).finally(() => {
      over = true;
      for (const timer of timers) clearTimeout(timer);
      stopping.removeEventListener('abort', draining);
    }),
    lose: (why) => tell('lost', why),
  };
}

const timedOut = (seconds: number) => `The handler was stopped after ${seconds} s.`;

/** What becomes of a try whose handler goes on though it was told to stop. */
function unheard(reason: Reason, seconds: number): Outcome {
  if (reason === 'lost') return { kind: 'lost' };
  if (reason === 'stopping') return { kind: 'left' };
  // A further try might run beside this one.
  const message = `The handler did not stop though its ${seconds} s were over; it may still run and is not tried again.`;
  return { kind: 'failed', message, final: true };
}

const messageOf = (error: unknown): string =>
  cut(error instanceof Error ? error.message || error.name : String(error), 2000);

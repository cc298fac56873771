// How long a call may take: when its time is over it is answered at once, and nothing that it still does is kept.
import { Failure } from '../../../contract/problems.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Milliseconds that are left. */
  left(): number;
  /** To be called before anything becomes durable. Throws ENDPOINT_TIMEOUT where it is too late; until `resume` it is not any more. */
  settle(): void;
  /** What was settled is done, and the time runs on. */
  resume(): void;
  /** The work's outcome, or ENDPOINT_TIMEOUT as soon as the time is over and nothing was settled. */
  race<T>(work: Promise<T>): Promise<T>;
}

/** Starts to run now. */
export function createDeadline(seconds: number): Deadline {
  const failure = new Failure('ENDPOINT_TIMEOUT', { seconds });
  const controller = new AbortController();
  const ends = performance.now() + seconds * 1000;
  let settling = false;
  const expire = () => {
    if (!settling) controller.abort(failure);
  };
  const timer = setTimeout(expire, seconds * 1000);
  return {
    signal: controller.signal,
    left: () => Math.max(0, ends - performance.now()),
    settle() {
      if (controller.signal.aborted) throw failure;
      settling = true;
    },
    resume() {
      settling = false;
      if (performance.now() >= ends) expire();
    },
    race(work) {
      return new Promise((resolve, reject) => {
        const late = () => reject(failure);
        controller.signal.addEventListener('abort', late, { once: true });
        work.then(resolve, reject).finally(() => {
          clearTimeout(timer);
          controller.signal.removeEventListener('abort', late);
        });
      });
    },
  };
}

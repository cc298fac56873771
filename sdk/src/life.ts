// How long something runs: until its owner closes it, a signal aborts it or it fails; and who waits for what happens meanwhile.

/** Why it ended, if not because it was closed. */
export interface Failure {
  readonly error: unknown;
  /** The caller's own signal said so. */
  readonly aborted: boolean;
}

/** A promise to settle from outside. A rejection that nobody asks for is not reported: failures are told in other ways too. */
class Promised {
  resolve: () => void = () => {};
  reject: (reason: unknown) => void = () => {};
  readonly promise = new Promise<void>((resolve, reject) => {
    Object.assign(this, { resolve, reject });
  });

  constructor() {
    this.promise.catch(() => {});
  }
}

export class Life {
  readonly #ending = new AbortController();
  readonly #outer: AbortSignal | null | undefined;
  readonly #onEnd: (failure: Failure | undefined) => void;
  readonly #aborted = () => this.end({ error: this.#outer?.reason, aborted: true });
  readonly #begun = new Promised();
  readonly #closed = new Promised();
  #bell = new Promised();
  #failure: Failure | undefined;

  /** Calls `start` after the caller had time to look, and `onEnd` once. */
  constructor(outer: AbortSignal | null | undefined, start: () => void, onEnd: (failure: Failure | undefined) => void) {
    this.#outer = outer;
    this.#onEnd = onEnd;
    outer?.addEventListener('abort', this.#aborted);
    Promise.resolve()
      .then(() => {
        if (outer?.aborted) this.#aborted();
        else if (!this.over) start();
      })
      .catch((error) => this.end({ error, aborted: false }));
  }

  /** Aborted at the end. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get over(): boolean {
    return this.signal.aborted;
  }

  /** Why it ended; undefined while it runs and after a close. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Resolves with `begin`; rejects when the end comes first, after a close with an AbortError. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Resolves when it was closed; rejects with what else ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  begin(): void {
    this.#begun.resolve();
  }

  /** Ends it, once. */
  end(failure?: Failure): void {
    if (this.over) return;
    this.#failure = failure;
    this.#outer?.removeEventListener('abort', this.#aborted);
    this.#ending.abort();
    this.#begun.reject(failure ? failure.error : this.signal.reason);
    if (failure) this.#closed.reject(failure.error);
    else this.#closed.resolve();
    this.#onEnd(failure);
    this.ring();
  }

  /** Wakes those who wait for `next`. */
  ring(): void {
    const bell = this.#bell;
    this.#bell = new Promised();
    bell.resolve();
  }

  /** Resolves when something has changed; the end is a change too. */
  get next(): Promise<void> {
    return this.#bell.promise;
  }

  /** What an iterator answers that has nothing left to give. @throws what it ended with */
  finished(): { done: true; value: undefined } {
    if (this.#failure) throw this.#failure.error;
    return { done: true, value: undefined };
  }
}

/** Calls what the caller gave for the end. What that throws has nowhere to go. */
export function tellEnd(...calls: (() => unknown)[]): void {
  for (const call of calls) {
    try {
      call();
    } catch {}
  }
}

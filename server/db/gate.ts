// One session shared fairly: many single statements at once, or one transaction alone, in the order they came.

interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

/** First come, first served: statements that come after a waiting transaction wait behind it. */
export class Gate {
  private busy = false;
  private readonly queue: Waiting[] = [];

  /**
   * Runs `fn` when a single statement may be written. `fn` must write before it returns: the wire then keeps the order,
   * and nobody waits for its answer.
   */
  pass<T>(fn: () => Promise<T>): Promise<T> {
    if (!this.busy && this.queue.length === 0) return fn();
    return this.wait(false, fn);
  }

  /** Runs `fn` with nobody else writing until its promise has settled. */
  alone<T>(fn: () => Promise<T>): Promise<T> {
    const work = () =>
      fn().finally(() => {
        this.busy = false;
        this.admit();
      });
    if (this.busy || this.queue.length > 0) return this.wait(true, work);
    this.busy = true;
    return work();
  }

  private wait<T>(alone: boolean, fn: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.queue.push({ alone, enter: () => void fn().then(resolve, reject) });
    });
  }

  private admit(): void {
    while (!this.busy) {
      const next = this.queue.shift();
      if (next === undefined) return;
      this.busy = next.alone;
      next.enter();
    }
  }
}

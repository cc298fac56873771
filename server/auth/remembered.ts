// A short memory: what was loaded by id stays known for seconds, and nothing that was read before a change is believed after it.
import { LRUCache } from 'lru-cache';

/** Something that ends by itself. */
export interface Ending {
  /** ms since 1970; Infinity for what does not end. */
  readonly endsAt: number;
}

export interface RememberedOptions<T> {
  readonly load: (id: string) => Promise<T | null>;
  readonly clock: () => Date;
  /** How long a value is believed. */
  readonly ttlMs: number;
  /** How many values are kept. */
  readonly max: number;
}

export interface Remembered<T> {
  /** The value, at once when it is remembered; null when there is none or it is over. */
  find(id: string): T | Promise<T | null>;
  /** Forgets what `test` chooses; loads that run now are not kept, and nobody who asks from now on joins them. */
  forgetWhere(test: (value: T) => boolean): void;
  /** The same for one. */
  forget(id: string): void;
}

interface Entry<T> {
  readonly value: T;
  /** When it must be loaded again, on the monotonic clock. */
  readonly staleAt: number;
}

export function createRemembered<T extends Ending>({ load, clock, ttlMs, max }: RememberedOptions<T>): Remembered<T> {
  const entries = new LRUCache<string, Entry<T>>({ max });
  const loading = new Map<string, Promise<T | null>>();
  // Each change starts a new generation. A load keeps what it read only if no change happened meanwhile.
  let generation = 0;

  function newGeneration(): void {
    generation += 1;
    loading.clear();
  }

  const over = (value: T) => value.endsAt <= clock().getTime();

  async function read(id: string): Promise<T | null> {
    const started = generation;
    const staleAt = performance.now() + ttlMs;
    const value = await load(id);
    if (value === null) return null;
    if (started === generation) entries.set(id, { value, staleAt });
    return over(value) ? null : value;
  }

  function readOnce(id: string): Promise<T | null> {
    const running = loading.get(id);
    if (running) return running;
    const mine = read(id).finally(() => {
      if (loading.get(id) === mine) loading.delete(id);
    });
    loading.set(id, mine);
    return mine;
  }

  return {
    find(id) {
      const entry = entries.get(id);
      // What seems over is read again too: it may have been prolonged, perhaps in another process.
      return entry && entry.staleAt > performance.now() && !over(entry.value) ? entry.value : readOnce(id);
    },
    forgetWhere(test) {
      newGeneration();
      for (const [id, { value }] of [...entries.entries()]) if (test(value)) entries.delete(id);
    },
    forget(id) {
      newGeneration();
      entries.delete(id);
    },
  };
}

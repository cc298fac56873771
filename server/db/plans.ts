// Statements made once and kept: names for plans, and a bounded cache from a request's shape to what was compiled for it.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Plan } from './database.ts';

/** Names a statement by the hash of its text, so that equal texts share a plan and different ones never do. */
export function plan(text: string): Plan {
  return { name: `p${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text };
}

/** Keeps up to `max` compiled values by shape key; the one used longest ago leaves first. */
export class PlanCache<V extends object> {
  private readonly entries: LRUCache<string, V>;

  constructor(max = 1000) {
    this.entries = new LRUCache({ max });
  }

  get size(): number {
    return this.entries.size;
  }

  /** Answers the value kept under `key`, compiling it first if need be; a `compile` that throws leaves nothing behind. */
  get(key: string, compile: () => V): V {
    const kept = this.entries.get(key);
    if (kept !== undefined) return kept;
    const made = compile();
    this.entries.set(key, made);
    return made;
  }

  /** Forgets every entry whose key starts with `prefix`. */
  dropPrefix(prefix: string): void {
    this.dropWhere((key) => key.startsWith(prefix));
  }

  /** Forgets every entry that `test` chooses. */
  dropWhere(test: (key: string, value: V) => boolean): void {
    for (const [key, value] of [...this.entries.entries()]) if (test(key, value)) this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}

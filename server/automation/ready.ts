// Definitions ready to run, within bounds of number and size: each is read and compiled when it is first needed, and again after it was put out.
import { LRUCache } from 'lru-cache';
import type { Runner } from '../db/database.ts';

/** A definition in one of its versions. */
export interface Revision {
  readonly id: string;
  readonly revision: string | number;
}

export interface Bounds {
  readonly number: number;
  /** Of the JSON of the rows; compiled, where all of it is templates, each takes up to thirty times as much memory. */
  readonly characters: number;
}

export interface ReadyOptions<Row extends Revision, T> {
  /** The row as it is stored now, null where there is none that counts. */
  readonly read: (run: Runner, id: string) => Promise<Row | null>;
  readonly compile: (row: Row) => T;
  /** Another one whenever what was compiled holds no longer. */
  readonly version: () => string | number;
  readonly bounds?: Bounds | undefined;
}

export interface Ready<Row extends Revision, T> {
  /** Of a row that is at hand. */
  of(row: Row): T;
  /**
   * Of what is stored now, which may be a later revision than the one that is named; null where there is none. What is not in
   * memory is read on `run`, at the same time by nobody else there. A transaction passes itself: it waits for no other.
   */
  read(run: Runner, asked: Revision): Promise<T | null>;
  /** Collections have changed: all is compiled anew. */
  forget(): void;
  readonly size: number;
}

const BOUNDS: Bounds = { number: 5000, characters: 4_000_000 };

export function createReady<Row extends Revision, T extends object>({
  read,
  compile,
  version,
  bounds = BOUNDS,
}: ReadyOptions<Row, T>): Ready<Row, T> {
  const kept = new LRUCache<string, T>({ max: bounds.number, maxSize: bounds.characters });
  // Never shared between runners: on a database with one session the one would wait for the other's end.
  const asking = new WeakMap<Runner, Map<string, Promise<Row | null>>>();
  const keyOf = ({ id, revision }: Revision) => `${id} ${revision} ${version()}`;

  function of(row: Row): T {
    const key = keyOf(row);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = compile(row);
    kept.set(key, made, { size: JSON.stringify(row).length });
    return made;
  }

  function rowOf(run: Runner, { id, revision }: Revision): Promise<Row | null> {
    const own = asking.get(run) ?? new Map<string, Promise<Row | null>>();
    asking.set(run, own);
    // Whoever knows of a later revision does not take what was asked before it.
    const key = `${id} ${revision}`;
    const asked = own.get(key) ?? read(run, id).finally(() => own.delete(key));
    own.set(key, asked);
    return asked;
  }

  return {
    of,
    async read(run, asked) {
      const known = kept.get(keyOf(asked));
      if (known !== undefined) return known;
      const row = await rowOf(run, asked);
      return row === null ? null : of(row);
    },
    forget: () => kept.clear(),
    get size() {
      return kept.size;
    },
  };
}

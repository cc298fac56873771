// Principals: the user behind a session as he is now, remembered for seconds and forgotten the moment anything about him changes.
import { LRUCache } from 'lru-cache';
import type { Caller } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { readPrincipal } from './store.ts';

/** What changed: one user (all his sessions), one session, or an account with all its users. */
export type Scope = { readonly user: string } | { readonly session: string } | { readonly account: string };

export interface Principals {
  /** The caller of a live session; null when it ended or its user may not call. Answers at once when it is remembered. */
  find(sessionId: string, via: Caller['via']): Caller | null | Promise<Caller | null>;
  /**
   * Makes the next request see the change: in this process before the promise of `tx` resolves, in others by notification.
   * Call it inside the transaction that changes something.
   */
  invalidate(scope: Scope, tx: Transaction): Promise<void>;
  /** Ends the subscription. */
  close(): Promise<void>;
}

const CHANNEL = 'snackbase_auth';
/** How long a change in another process can stay unseen when its notification is lost. */
const TTL_MS = 5_000;

interface Entry {
  readonly bearer: Caller;
  readonly cookie: Caller;
  /** The session's end, ms since 1970. */
  readonly endsAt: number;
  /** When the entry must be loaded again, on the monotonic clock. */
  readonly staleAt: number;
}

export interface PrincipalsOptions {
  readonly db: Database;
  readonly clock: () => Date;
  readonly ttlMs?: number;
  readonly remembered?: number;
}

export async function createPrincipals({
  db,
  clock,
  ttlMs = TTL_MS,
  remembered = 20_000,
}: PrincipalsOptions): Promise<Principals> {
  const entries = new LRUCache<string, Entry>({ max: remembered });
  const loading = new Map<string, Promise<Entry | null>>();
  // Each change starts a new generation. A load keeps what it read only if no change happened meanwhile, and nobody
  // who asks after a change joins a load that began before it.
  let generation = 0;

  function newGeneration(): void {
    generation += 1;
    loading.clear();
  }

  function forgetWhere(drop: (caller: Caller) => boolean): void {
    for (const [sessionId, { bearer }] of [...entries.entries()]) if (drop(bearer)) entries.delete(sessionId);
  }

  function forget(scope: Scope): void {
    newGeneration();
    if ('session' in scope) entries.delete(scope.session);
    else if ('user' in scope) forgetWhere((caller) => caller.userId === scope.user);
    else forgetWhere((caller) => caller.accountId === scope.account);
  }

  async function load(sessionId: string): Promise<Entry | null> {
    const started = generation;
    const staleAt = performance.now() + ttlMs;
    const found = await readPrincipal(db, sessionId);
    if (found === null) return null;
    const { endsAt, ...caller } = found;
    const entry: Entry = {
      bearer: Object.freeze({ ...caller, via: 'bearer' as const }),
      cookie: Object.freeze({ ...caller, via: 'cookie' as const }),
      endsAt,
      staleAt,
    };
    if (started === generation) entries.set(sessionId, entry);
    return entry;
  }

  function loadOnce(sessionId: string): Promise<Entry | null> {
    const running = loading.get(sessionId);
    if (running) return running;
    const mine = load(sessionId).finally(() => {
      if (loading.get(sessionId) === mine) loading.delete(sessionId);
    });
    loading.set(sessionId, mine);
    return mine;
  }

  const live = (entry: Entry | null, via: Caller['via']) =>
    entry !== null && entry.endsAt > clock().getTime() ? entry[via] : null;

  const stop = await db.listen(
    CHANNEL,
    (payload) => forget(JSON.parse(payload) as Scope),
    () => {
      newGeneration();
      entries.clear();
    },
  );

  return {
    find(sessionId, via) {
      const entry = entries.get(sessionId);
      // A session that seems over is read again too: a refresh, perhaps in another process, may have prolonged it.
      if (entry && entry.staleAt > performance.now() && entry.endsAt > clock().getTime()) return entry[via];
      return loadOnce(sessionId).then((loaded) => live(loaded, via));
    },
    async invalidate(scope, tx) {
      tx.afterCommit(() => forget(scope));
      await db.notify(CHANNEL, JSON.stringify(scope), tx);
    },
    close: stop,
  };
}

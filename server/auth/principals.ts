// Principals: who stands behind a session or a key as he is now, remembered for seconds and forgotten the moment anything about him changes.
import { timingSafeEqual } from 'node:crypto';
import type { Caller } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { SentKey } from './keys.ts';
import { createRemembered, type Ending } from './remembered.ts';
import { noteKeyUse, readKey, readPrincipal } from './store.ts';

/** What changed: one user (all his sessions and keys), one session, one key, all users of a role, or an account with all its users. */
export type Scope =
  | { readonly user: string }
  | { readonly session: string }
  | { readonly key: string }
  | { readonly role: number }
  | { readonly account: string };

export interface Principals {
  /** The caller of a live session; null when it ended or its user may not call. Answers at once when it is remembered. */
  find(sessionId: string, via: 'bearer' | 'cookie'): Caller | null | Promise<Caller | null>;
  /** The caller of a live key whose secret is right; null for any other. */
  findKey(sent: SentKey): Caller | null | Promise<Caller | null>;
  /**
   * Makes the next request see the change: in this process before the promise of `tx` resolves, in others by notification.
   * Call it inside the transaction that changes something.
   */
  invalidate(scope: Scope, tx: Transaction): Promise<void>;
  /** Calls `fn` after every change, with a test for the callers whom it may concern; answers the function that ends it. */
  onChange(fn: (concerns: (caller: Caller) => boolean) => void): () => void;
  /** Ends the subscription, and waits for what is being noted. */
  close(): Promise<void>;
}

const CHANNEL = 'snackbase_auth';
/** How long a change in another process can stay unseen when its notification is lost. */
const TTL_MS = 5_000;
/** How exact `last_used_at` of a key is; each process writes it at most this often. */
const NOTE_EVERY_MS = 60_000;

interface Session extends Ending {
  readonly bearer: Caller;
  readonly cookie: Caller;
}
interface Key extends Ending {
  readonly caller: Caller;
  readonly hash: Buffer;
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
  remembered: max = 20_000,
}: PrincipalsOptions): Promise<Principals> {
  const notedAt = new Map<string, number>();
  const noting = new Set<Promise<void>>();

  const sessions = createRemembered<Session>({
    clock,
    ttlMs,
    max,
    async load(id) {
      const found = await readPrincipal(db, id);
      if (found === null) return null;
      const { endsAt, ...person } = found;
      const caller = { ...person, endsAt, kind: 'user' as const, sessionId: id, keyId: null, scopes: null };
      return {
        bearer: Object.freeze({ ...caller, via: 'bearer' as const }),
        cookie: Object.freeze({ ...caller, via: 'cookie' as const }),
        endsAt,
      };
    },
  });
  const keys = createRemembered<Key>({
    clock,
    ttlMs,
    max,
    async load(id) {
      const found = await readKey(db, id);
      if (found === null) return null;
      const { endsAt, hash, admin, ...person } = found;
      const kind = admin ? ('admin_token' as const) : ('key' as const);
      const caller = Object.freeze({ ...person, endsAt, kind, sessionId: null, keyId: id, via: 'key' as const });
      return { caller, hash, endsAt };
    },
  });

  function forgetWhere(chosen: (caller: Caller) => boolean): void {
    sessions.forgetWhere(({ bearer }) => chosen(bearer));
    keys.forgetWhere(({ caller }) => chosen(caller));
  }

  const watchers = new Set<(concerns: (caller: Caller) => boolean) => void>();
  function changed(concerns: (caller: Caller) => boolean): void {
    for (const watcher of watchers) watcher(concerns);
  }

  function forget(scope: Scope): void {
    const concerns = concerned(scope);
    if ('session' in scope) sessions.forget(scope.session);
    else if ('key' in scope) keys.forget(scope.key);
    else forgetWhere(concerns);
    changed(concerns);
  }

  // Nobody waits for it, and a key works while it cannot be noted.
  function noteUse(id: string): void {
    const now = clock().getTime();
    if (now - (notedAt.get(id) ?? 0) < NOTE_EVERY_MS) return;
    if (notedAt.size >= max) notedAt.clear();
    notedAt.set(id, now);
    const at = (ms: number) => new Date(ms).toISOString();
    const work = noteKeyUse(db, id, at(now), at(now - NOTE_EVERY_MS))
      .catch(() => void notedAt.delete(id))
      .finally(() => noting.delete(work));
    noting.add(work);
  }

  function checked(key: Key | null, sent: SentKey): Caller | null {
    if (key === null || (key.caller.kind === 'admin_token') !== sent.admin) return null;
    if (!timingSafeEqual(key.hash, sent.hash)) return null;
    noteUse(sent.id);
    return key.caller;
  }

  const stop = await db.listen(
    CHANNEL,
    (payload) => forget(JSON.parse(payload) as Scope),
    () => {
      forgetWhere(() => true);
      changed(() => true);
    },
  );

  return {
    find(sessionId, via) {
      const found = sessions.find(sessionId);
      return found instanceof Promise ? found.then((session) => session?.[via] ?? null) : found[via];
    },
    findKey(sent) {
      const found = keys.find(sent.id);
      return found instanceof Promise ? found.then((key) => checked(key, sent)) : checked(found, sent);
    },
    async invalidate(scope, tx) {
      tx.afterCommit(() => forget(scope));
      await db.notify(CHANNEL, JSON.stringify(scope), tx);
    },
    onChange(fn) {
      watchers.add(fn);
      return () => watchers.delete(fn);
    },
    async close() {
      await stop();
      await Promise.allSettled([...noting]);
    },
  };
}

/** Whom a change concerns. */
function concerned(scope: Scope): (caller: Caller) => boolean {
  if ('session' in scope) return (caller) => caller.sessionId === scope.session;
  if ('key' in scope) return (caller) => caller.keyId === scope.key;
  if ('user' in scope) return (caller) => caller.userId === scope.user;
  if ('role' in scope) return (caller) => caller.roleId === scope.role;
  return (caller) => caller.accountId === scope.account;
}

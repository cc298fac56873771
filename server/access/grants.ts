// Grants: the permission rows of all enabled roles in memory, asked on every record request and kept equal to the database across processes.
import type { Database, Transaction } from '../db/database.ts';
import type { RuleOperation as Operation } from '../schema/collection-access.ts';
import * as store from './store.ts';

/** What one permission row allows: the rows that satisfy `rule`, and of them `fields` (null: all). */
export interface Grant {
  readonly rule: string;
  readonly fields: readonly string[] | null;
}

/** The role of anonymous callers. */
export const PUBLIC_ROLE = 'public';

export interface Grants {
  /** Another number whenever anything that `of` answers may have changed; caches of plans key on it. */
  readonly version: number;
  /**
   * The permission rows of a role, named by id or exact name, for an operation on a collection named in full (`main.posts`):
   * its own rows and those for `app.*` and `*`; rows for `read` count for list and view. Empty for a disabled or unknown role.
   * The same question gets the same array until `version` changes.
   */
  of(role: number | string, collection: string, operation: Operation): readonly Grant[];
  /** True when the role holds at least one such row; an explicit row for `admin` replaces what admins may by default. */
  hasExplicit(role: number | string, collection: string, operation: Operation): boolean;
  /**
   * Makes what `tx` changed of roles and permissions known: here before the promise of `tx` resolves, in other processes by
   * notification. Call it last in the transaction; whoever else publishes waits until this one ends.
   */
  publish(tx: Transaction): Promise<void>;
  /** Reads everything again. */
  reload(): Promise<void>;
  /** Ends the subscription. */
  close(): Promise<void>;
}

export interface GrantsOptions {
  readonly db: Database;
  readonly log?: { warn(facts: object, message: string): void } | undefined;
}

const CHANNEL = 'snackbase_grants';
const NONE: readonly Grant[] = Object.freeze([]);
const SLOWEST_RETRY_MS = 5000;

/** Subscribes to changes and loads every row. Rejects with DatabaseUnavailable. */
export async function createGrants({ db, log }: GrantsOptions): Promise<Grants> {
  let known: store.Snapshot = { number: -1, text: '' };
  let roles = new Map<number | string, Map<string, Grant[]>>();
  let answers = new Map<string, readonly Grant[]>();
  let version = 0;
  let closed = false;

  // Numbers grow in the order of commits, so a snapshot that was overtaken on its way is told by its number.
  function put(read: store.Snapshot): void {
    if (read.number < known.number) return;
    const same = read.text === known.text;
    known = read;
    if (same) return;
    roles = byRole(read.text);
    answers = new Map();
    version += 1;
  }

  async function reload(): Promise<void> {
    put(await store.readSnapshot(db));
  }

  // A change was announced but cannot be read now: what is known is old until a reading succeeds.
  function insist(pauseMs = 100): void {
    if (closed) return;
    reload().catch((error) => {
      log?.warn({ err: error }, 'Changed permissions could not be read; trying again.');
      setTimeout(() => insist(Math.min(pauseMs * 2, SLOWEST_RETRY_MS)), pauseMs).unref();
    });
  }

  function find(role: number | string, collection: string, operation: Operation): readonly Grant[] {
    const rows = roles.get(role);
    if (rows === undefined) return NONE;
    const found = patternsOf(collection).flatMap((pattern) =>
      spellingsOf(operation).flatMap((spelling) => rows.get(`${pattern} ${spelling}`) ?? []),
    );
    return found.length === 0 ? NONE : Object.freeze(found);
  }

  const self: Grants = {
    get version() {
      return version;
    },
    of(role, collection, operation) {
      const key = `${typeof role} ${role} ${collection} ${operation}`;
      const kept = answers.get(key);
      if (kept !== undefined) return kept;
      const found = find(role, collection, operation);
      answers.set(key, found);
      return found;
    },
    hasExplicit: (role, collection, operation) => self.of(role, collection, operation).length > 0,
    async publish(tx) {
      const number = await store.bump(tx);
      const read = await store.readSnapshot(tx);
      tx.afterCommit(() => put(read));
      await db.notify(CHANNEL, String(number), tx);
    },
    reload,
    async close() {
      closed = true;
      await stop();
    },
  };

  // Before loading, so that no change falls between the two.
  const stop = await db.listen(
    CHANNEL,
    (number) => {
      if (Number(number) > known.number) insist();
    },
    () => insist(),
  );
  await reload();
  return self;
}

/** Every way in which a permission or a key's scope can name a collection: `main.posts`, `main.*`, `*`. */
export function patternsOf(collection: string): [string, string, string] {
  const full = collection.includes('.') ? collection : `main.${collection}`;
  return [full, `${full.slice(0, full.indexOf('.'))}.*`, '*'];
}

/** Every way in which they can name an operation: `read` means list and view. */
export const spellingsOf = (operation: Operation): readonly string[] =>
  operation === 'list' || operation === 'view' ? [operation, 'read'] : [operation];

function byRole(text: string): Map<number | string, Map<string, Grant[]>> {
  const roles = new Map<number | string, Map<string, Grant[]>>();
  for (const row of JSON.parse(text) as store.GrantRow[]) {
    const rows = roles.get(row.role_id) ?? new Map<string, Grant[]>();
    roles.set(row.role_id, rows).set(row.role, rows);
    const key = `${row.collection} ${row.operation}`;
    const grant = Object.freeze({ rule: row.rule, fields: row.fields && Object.freeze(row.fields) });
    rows.set(key, [...(rows.get(key) ?? []), grant]);
  }
  return roles;
}

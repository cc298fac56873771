// The collections in memory: what the record path asks on every request, kept equal to the database across processes.
import { LRUCache } from 'lru-cache';
import type { Field } from '../../contract/fields.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { CollectionDef, Referrer } from '../schema/collection-def.ts';
import { referenced, refersTo } from '../schema/define.ts';
import * as store from './store.ts';
import { type CollectionRow, collectionDef } from './stored.ts';

const CHANNEL = 'snackbase_schema';
const UNKNOWN_FOR_MS = 1000;
const UNKNOWN_MAX = 1000;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** A collection appeared, changed or went (`after` undefined). */
export interface CollectionChanged {
  readonly qualifiedName: string;
  readonly before: CollectionDef | undefined;
  readonly after: CollectionDef | undefined;
}

/** `posts` is `main.posts`. Answers undefined for what cannot be a name. */
export function qualifiedName(name: string): string | undefined {
  const parts = referenced('main', name);
  return NAME.test(parts.name) && NAME.test(parts.app) ? `${parts.app}.${parts.name}` : undefined;
}

type Watcher = (collectionId: string, change: CollectionChanged) => void;

export interface RegistryOptions {
  readonly db: Database;
  readonly log?: Pick<Logger, 'warn'>;
}

/** Subscribes to changes and loads every definition. Rejects with DatabaseUnavailable. */
export const createRegistry = (options: RegistryOptions): Promise<CollectionRegistry> =>
  CollectionRegistry.open(options);

export class CollectionRegistry {
  private known = new Map<string, CollectionDef>();
  private readonly unknown = new LRUCache<string, true>({ max: UNKNOWN_MAX, ttl: UNKNOWN_FOR_MS });
  private readonly asking = new Map<string, Promise<CollectionDef | undefined>>();
  private readonly watchers = new Set<Watcher>();
  /** Grows with every change; what was read before one is not believed after it. */
  private generation = 0;
  private closed = false;
  private leave: (() => Promise<void>) | undefined;

  private constructor(
    private readonly db: Database,
    private readonly log: RegistryOptions['log'],
  ) {}

  static async open({ db, log }: RegistryOptions): Promise<CollectionRegistry> {
    const registry = new CollectionRegistry(db, log);
    // Before loading, so that no change falls between the two.
    registry.leave = await db.listen(
      CHANNEL,
      (payload) => registry.told(payload),
      () => registry.insist(() => registry.reload()),
    );
    await registry.reload();
    return registry;
  }

  /** The collection of this name (`posts`, `main.posts`, `crm.contacts`) as this process knows it. */
  get(name: string): CollectionDef | undefined {
    return this.known.get(name.includes('.') ? name : `main.${name}`);
  }

  /**
   * The same, at once when it is known; else asks the database before it says that there is none.
   * The answer "none" is kept for a second, or until a change of that name is announced.
   */
  find(name: string): CollectionDef | undefined | Promise<CollectionDef | undefined> {
    const known = this.get(name);
    if (known !== undefined) return known;
    const key = qualifiedName(name);
    return key === undefined || this.unknown.has(key) ? undefined : this.refresh(key);
  }

  /** Every collection, by qualified name. */
  all(): CollectionDef[] {
    return [...this.known.values()];
  }

  /** The reference fields that point at the collection, its own among them. */
  referrers(def: CollectionDef): Referrer[] {
    return this.all().flatMap((from) =>
      from.fields.filter((field) => refersTo(from.app, field.field, def)).map((field) => ({ from, field })),
    );
  }

  /** Calls `fn` after every change, with the id of the collection that changed; answers the function that ends it. */
  onChange(fn: Watcher): () => void {
    this.watchers.add(fn);
    return () => this.watchers.delete(fn);
  }

  /** Reads one collection again: after a fault that shows that the table has changed. */
  refresh(name: string): Promise<CollectionDef | undefined> {
    const key = qualifiedName(name);
    if (key === undefined) return Promise.resolve(undefined);
    this.unknown.delete(key);
    const running = this.asking.get(key);
    if (running !== undefined) return running.then(() => this.ask(key));
    return this.ask(key);
  }

  /** The fields as the database has them now. Throws where they are no definition. */
  async stored(name: string): Promise<readonly Field[] | undefined> {
    const key = qualifiedName(name);
    if (key === undefined) return undefined;
    const to = referenced('main', key);
    return (await store.byName(this.db, to.app, to.name))?.definition;
  }

  /** Makes the change known here once the transaction commits, and to all other processes. `after` undefined: it is gone. */
  async publish(tx: Transaction, name: string, after: CollectionRow | undefined): Promise<void> {
    tx.afterCommit(() => this.put(name, after && collectionDef(after)));
    await this.db.notify(CHANNEL, after === undefined ? name : `${name} ${after.id} ${after.revision}`, tx);
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    this.closed = true;
    await this.leave?.();
    this.watchers.clear();
  }

  /** Reads all collections again. */
  async reload(): Promise<void> {
    for (;;) {
      const began = this.generation;
      const rows = await store.all(this.db);
      if (began !== this.generation) continue;
      this.unknown.clear();
      const fresh = new Map(rows.map((row) => [`${row.app}.${row.name}`, row]));
      for (const name of this.known.keys()) if (!fresh.has(name)) this.put(name, undefined);
      for (const [name, row] of fresh) this.put(name, collectionDef(row));
      return;
    }
  }

  /** Somebody announced a change; what this process made itself it knows already. */
  private told(payload: string): void {
    const [name = '', id, revision] = payload.split(' ');
    const known = this.get(name);
    if (known !== undefined && known.id === id && known.revision >= Number(revision)) return;
    this.insist(() => this.refresh(name));
  }

  // A change was announced but cannot be read now: what is known is old until a reading succeeds.
  private insist(read: () => Promise<unknown>, pauseMs = 100): void {
    if (this.closed) return;
    read().catch((error) => {
      this.log?.warn({ err: error }, 'A changed collection could not be read; trying again.');
      setTimeout(() => this.insist(() => this.reload(), Math.min(pauseMs * 2, 5000)), pauseMs).unref();
    });
  }

  private ask(key: string): Promise<CollectionDef | undefined> {
    const running = this.asking.get(key);
    if (running !== undefined) return running;
    const asked = this.read(key).finally(() => this.asking.delete(key));
    this.asking.set(key, asked);
    return asked;
  }

  private async read(key: string): Promise<CollectionDef | undefined> {
    for (;;) {
      const began = this.generation;
      const { app, name } = referenced('main', key);
      const row = await store.byName(this.db, app, name);
      if (began !== this.generation) continue;
      this.put(key, row && collectionDef(row));
      return this.known.get(key);
    }
  }

  private put(name: string, after: CollectionDef | undefined): void {
    const before = this.known.get(name);
    if (after === undefined) {
      this.unknown.set(name, true);
      if (!this.known.delete(name)) return;
    } else {
      this.unknown.delete(name);
      if (before?.id === after.id && before.revision >= after.revision) return;
      this.known.set(name, after);
    }
    this.generation++;
    const ids = new Set([before, after].flatMap((def) => (def === undefined ? [] : [def.id])));
    for (const id of ids) for (const watcher of this.watchers) watcher(id, { qualifiedName: name, before, after });
  }
}

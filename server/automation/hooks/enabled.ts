// The enabled hooks on events in the memory of every process, by account and event, each compiled when it is first needed.
import { LRUCache } from 'lru-cache';
import type { Snapshot } from '../../access/snapshot.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createDefinitions } from '../definitions.ts';
import { type Compiled, compileHook, type Known } from './judge.ts';
import type { Definition, EventHookRow } from './store/definitions.ts';
import { EVENT_HOOKS } from './store/definitions.ts';

const COMPILED = 5000;

/** What was stored once, in memory. */
export class EventHooks {
  private readonly known = new Map<string, EventHookRow[]>();
  /** Names of events that any account has a hook on. */
  readonly events: ReadonlySet<string>;

  constructor(rows: readonly EventHookRow[]) {
    const events = new Set<string>();
    for (const row of rows) {
      events.add(row.event as string);
      const key = `${row.account_id} ${row.event}`;
      const own = this.known.get(key);
      if (own === undefined) this.known.set(key, [row]);
      else own.push(row);
    }
    // Sorting is stable, and rows come in the order of their creation.
    for (const own of this.known.values()) own.sort((a, b) => b.priority - a.priority);
    this.events = events;
  }

  /** Of an account, on an event; of records with the qualified collection. */
  of(accountId: string, event: string, collection: string | null): readonly EventHookRow[] {
    const own = this.known.get(`${accountId} ${event}`);
    if (own === undefined) return NONE;
    return own.filter((row) => row.collection === null || row.collection === collection);
  }

  /** `accountId` null: of any account. */
  has(accountId: string | null, event: string, collection: string | null): boolean {
    if (!this.events.has(event)) return false;
    return accountId === null || this.of(accountId, event, collection).length > 0;
  }
}
const NONE: readonly EventHookRow[] = Object.freeze([]);

export interface EnabledHooks {
  readonly now: EventHooks;
  current(tx: Transaction): Promise<EventHooks>;
  publish(tx: Transaction): Promise<void>;
  /** The same as long as neither the hook nor its collection changes. */
  compiled(
    hook: Pick<Definition, 'trigger' | 'event' | 'collection' | 'condition' | 'actions'> & {
      id: string;
      revision: number;
    },
  ): Compiled;
  /** Collections have changed: what was compiled is judged anew. */
  forget(): void;
  close(): Promise<void>;
}

export interface EnabledOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly known: Known;
  /** Another number whenever macros have changed. */
  readonly macrosVersion: () => number;
  readonly onChange: () => void;
}

export async function createEnabled({
  db,
  log,
  known,
  macrosVersion,
  onChange,
}: EnabledOptions): Promise<EnabledHooks> {
  const snapshot: Snapshot<EventHooks> = await createDefinitions<EventHookRow, EventHooks>({
    db,
    log,
    kind: 'hooks',
    select: EVENT_HOOKS,
    parse: (rows) => new EventHooks(rows),
    onChange,
  });
  const compiled = new LRUCache<string, Compiled>({ max: COMPILED });
  return {
    get now() {
      return snapshot.value;
    },
    current: (tx) => snapshot.current(tx),
    publish: (tx) => snapshot.publish(tx),
    compiled(hook) {
      const key = `${hook.id} ${hook.revision} ${macrosVersion()}`;
      let made = compiled.get(key);
      if (made === undefined) {
        made = compileHook(hook, known);
        compiled.set(key, made);
      }
      return made;
    },
    forget: () => compiled.clear(),
    close: () => snapshot.close(),
  };
}

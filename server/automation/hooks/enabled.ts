// The enabled hooks on events in the memory of every process, by account and event; what each does is read and compiled when it is first needed.
import type { Snapshot } from '../../access/snapshot.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createDefinitions } from '../definitions.ts';
import { type Bounds, createReady } from '../ready.ts';
import { type Compiled, compileHook, type Known } from './judge.ts';
import { type Definition, EVENT_HOOKS, type EventHook, type EventHookRow, findEventHook } from './store/definitions.ts';

/** What was stored once, in memory. */
export class EventHooks {
  private readonly known = new Map<string, EventHook[]>();
  /** Names of events that any account has a hook on. */
  readonly events: ReadonlySet<string>;

  constructor(rows: readonly EventHook[]) {
    const events = new Set<string>();
    for (const row of rows) {
      events.add(row.event);
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
  of(accountId: string, event: string, collection: string | null): readonly EventHook[] {
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
const NONE: readonly EventHook[] = Object.freeze([]);

/** A hook on an event with what it does, without the texts of that. */
export interface ReadyHook extends EventHook, Pick<Definition, 'name' | 'run_as' | 'timeout_seconds'>, Compiled {}

type Runnable = Pick<Definition, 'trigger' | 'event' | 'collection' | 'condition' | 'actions'> & {
  readonly id: string;
  readonly revision: number;
};

export interface EnabledHooks {
  readonly now: EventHooks;
  current(tx: Transaction): Promise<EventHooks>;
  publish(tx: Transaction): Promise<void>;
  /** As it is stored now, read in `tx` where it is not in memory; null where it is no longer one on that event. */
  ready(tx: Transaction, hook: EventHook): Promise<ReadyHook | null>;
  /** Of one that was read, on an event or not. The same as long as neither the hook nor its collection changes. */
  compiled(hook: Runnable): Compiled;
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
  /** Of what is kept compiled; smaller in tests. */
  readonly bounds?: Bounds | undefined;
}

export async function createEnabled({
  db,
  log,
  known,
  macrosVersion,
  onChange,
  bounds,
}: EnabledOptions): Promise<EnabledHooks> {
  const snapshot: Snapshot<EventHooks> = await createDefinitions<EventHook, EventHooks>({
    db,
    log,
    kind: 'hooks',
    select: EVENT_HOOKS,
    parse: (rows) => new EventHooks(rows),
    onChange,
  });
  const shared = { version: macrosVersion, bounds };
  const any = createReady<Runnable, Compiled>({
    ...shared,
    read: async () => null,
    compile: (hook) => compileHook(hook, known),
  });
  const compiled = ({ id, revision, trigger, event, collection, condition, actions }: Runnable) =>
    any.of({ id, revision, trigger, event, collection, condition, actions });
  const onEvents = createReady<EventHookRow, ReadyHook>({
    ...shared,
    read: findEventHook,
    compile(row) {
      const { id, account_id, event, collection, priority, revision, active_since, name, run_as, timeout_seconds } =
        row;
      const stands = { id, account_id, event, collection, priority, revision, active_since };
      return { ...stands, name, run_as, timeout_seconds, ...compiled(row) };
    },
  });
  return {
    get now() {
      return snapshot.value;
    },
    current: (tx) => snapshot.current(tx),
    publish: (tx) => snapshot.publish(tx),
    async ready(tx, hook) {
      const found = await onEvents.read(tx, hook);
      return found?.event === hook.event && found.collection === hook.collection ? found : null;
    },
    compiled,
    forget() {
      onEvents.forget();
      any.forget();
    },
    close: () => snapshot.close(),
  };
}

// The enabled hooks on events in the memory of every process, by account and event; what each does is read and compiled when it is first needed.
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { type ByAccount, createDefinitions } from '../definitions.ts';
import { type Bounds, createReady } from '../ready.ts';
import { type Compiled, compileHook, type Known } from './judge.ts';
import { type Definition, type EventHook, type EventHookRow, eventHooks, findEventHook } from './store/definitions.ts';

type ByEvent = ReadonlyMap<string, readonly EventHook[]>;

/** What was stored once, in memory. */
export class EventHooks implements ByAccount<EventHook> {
  private readonly known = new Map<string, ByEvent>();
  /** Names of events that any account has a hook on, with the number of accounts. */
  private readonly counts = new Map<string, number>();

  /** The account's hooks in the order of their creation. */
  put(accountId: string, rows: readonly EventHook[]): void {
    for (const event of this.known.get(accountId)?.keys() ?? []) {
      const left = (this.counts.get(event) ?? 0) - 1;
      if (left > 0) this.counts.set(event, left);
      else this.counts.delete(event);
    }
    const own = new Map<string, EventHook[]>();
    // Sorting is stable.
    for (const row of [...rows].sort((a, b) => b.priority - a.priority)) {
      const same = own.get(row.event);
      if (same === undefined) own.set(row.event, [row]);
      else same.push(row);
    }
    if (own.size > 0) this.known.set(accountId, own);
    else this.known.delete(accountId);
    for (const event of own.keys()) this.counts.set(event, (this.counts.get(event) ?? 0) + 1);
  }

  /** Of an account, on an event; of records with the qualified collection. */
  of(accountId: string, event: string, collection: string | null): readonly EventHook[] {
    const own = this.known.get(accountId)?.get(event);
    if (own === undefined) return NONE;
    return own.filter((row) => row.collection === null || row.collection === collection);
  }

  /** `accountId` null: of any account. */
  has(accountId: string | null, event: string, collection: string | null): boolean {
    if (!this.counts.has(event)) return false;
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
  publish(tx: Transaction, accountId: string): Promise<void>;
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
  const snapshot = await createDefinitions<EventHook, EventHooks>({
    db,
    log,
    kind: 'hooks',
    select: eventHooks,
    value: new EventHooks(),
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
    publish: snapshot.publish,
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

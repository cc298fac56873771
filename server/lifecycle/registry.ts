// The hooks of this process: who listens to which event, in which order, and running them one after the other.
import { EVENT_NAMES, EVENTS, type EventName, type LifecycleEvents } from '../../contract/lifecycle.ts';
import { Failure } from '../../contract/problems.ts';
import { MOST_DEPTH } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { abort, abortedBy } from './abort.ts';
import { BUILTINS } from './builtins.ts';
import { hookContext, type Inside } from './event.ts';
import type { Handler, HookContext, HookOptions, LifecycleEvent, On } from './hook.ts';
import { passing, withLimit } from './running.ts';

/** A hook as it runs, wherever it is defined. */
export interface RegisteredHook {
  readonly id: string;
  readonly event: EventName;
  readonly priority: number;
  /** Qualified names; null for all. */
  readonly collections: ReadonlySet<string> | null;
  readonly stopOnError: boolean;
  readonly timeoutMs: number;
  /** An object that it answers takes the place of what may be changed (`data`, `query`, `items`, `message`). */
  run(event: LifecycleEvent<EventName>, inside: Inside): unknown;
}

/** Hooks that are kept elsewhere, as those of accounts. Asked with the `on_record_…` name, never with `on_model_…`. */
export interface HookSource {
  /** Asked on every write: it must neither wait nor search long. */
  wants(event: EventName, collection: string | null, accountId: string | null): boolean;
  /** Of an after-event that is in no log: what follows from it is put in by `tx`. */
  keep?(event: EventName, facts: object, ctx: HookContext, tx: Transaction): Promise<void>;
  /** In their order; among those of equal priority they run after the hooks in code. */
  handlers(event: EventName, collection: string | null, accountId: string | null): readonly RegisteredHook[];
}

export interface Lifecycle {
  readonly on: On;
  /** Ends the hook of that id. Throws Error for a built-in one. */
  off(id: string): boolean;
  addSource(source: HookSource): void;
  /** Whether anybody listens. Cheap: where nobody does, an event costs no more than this. */
  wants(event: EventName, collection?: string | null, accountId?: string | null): boolean;
  /**
   * Runs the hooks of an event and answers its facts as they left them. Throws HOOK_ABORTED, and HOOK_FAILED for a hook that
   * fails, of events that may be aborted; of others what fails is logged.
   */
  fire<N extends EventName>(event: N, facts: LifecycleEvents[N], inside: Inside): Promise<LifecycleEvents[N]>;
  /** Runs one hook, for no longer than it may. Throws what it throws. */
  run(hook: RegisteredHook, facts: object, inside: Inside): Promise<unknown>;
  /**
   * Tells an after-event to those who keep what follows from it, in the transaction of what happened, so that both commit or neither.
   * `fire` tells it to the hooks in code, once that has committed.
   */
  keep<N extends EventName>(
    event: N,
    facts: LifecycleEvents[N],
    inside: Inside & { readonly tx: Transaction },
  ): Promise<void>;
  /** The hooks of an event in their order. */
  hooksOf(event: EventName, collection?: string | null, accountId?: string | null): readonly RegisteredHook[];
  /** Everything that is registered in code, built-in steps at their place. */
  list(): { id: string; event: string; priority: number | null; collections: string[] | null; builtin: boolean }[];
  /** Called after a hook was added. */
  onAdded(fn: (event: EventName) => void): void;
}

export interface LifecycleOptions {
  readonly log?: Logger | undefined;
}

const LIMIT_MS = 10_000;
const SCOPED: ReadonlySet<string> = new Set(['model', 'record', 'collection']);
const scoped = (event: EventName): boolean =>
  SCOPED.has(EVENTS[event].category) || event === 'on_realtime_subscribe' || event === 'on_realtime_unsubscribe';

/** Hooks on `on_model_…` run among those on `on_record_…`. */
const chainOf = (event: EventName): EventName => event.replace(/^on_model_/, 'on_record_') as EventName;

export function createLifecycle({ log }: LifecycleOptions = {}): Lifecycle {
  const chains = new Map<EventName, RegisteredHook[]>();
  const sources: HookSource[] = [];
  const added: ((event: EventName) => void)[] = [];
  const ids = new Set<string>();
  let counter = 0;

  const matching = (hooks: readonly RegisteredHook[], collection: string | null): readonly RegisteredHook[] =>
    hooks.every(({ collections }) => collections === null)
      ? hooks
      : hooks.filter(({ collections }) => collections === null || (collection !== null && collections.has(collection)));

  function on(event: EventName, ...rest: [Handler<never>] | [HookOptions, Handler<never>]): () => void {
    const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest;
    const hook = hookOf(event, options, handler, `hook_${++counter}`);
    if (ids.has(hook.id)) throw new TypeError(`There is a hook ${hook.id} already: ids are unique.`);
    ids.add(hook.id);
    const chain = chainOf(event);
    // Sorting is stable, so hooks of one priority stay in their order.
    chains.set(
      chain,
      [...(chains.get(chain) ?? []), hook].sort((a, b) => b.priority - a.priority),
    );
    for (const fn of added) fn(chain);
    return () => void off(hook.id);
  }

  function off(id: string): boolean {
    if (BUILTINS.some(({ name }) => name === id)) throw new Error(`${id} is built in: it cannot be removed.`);
    for (const [event, hooks] of chains) {
      const rest = hooks.filter((hook) => hook.id !== id);
      if (rest.length === hooks.length) continue;
      if (rest.length === 0) chains.delete(event);
      else chains.set(event, rest);
    }
    return ids.delete(id);
  }

  function hooksOf(event: EventName, collection: string | null = null, accountId: string | null = null) {
    const own = matching(chains.get(event) ?? [], collection);
    const more = sources.flatMap((source) =>
      source.wants(event, collection, accountId) ? source.handlers(event, collection, accountId) : [],
    );
    return more.length === 0 ? own : [...own, ...more].sort((a, b) => b.priority - a.priority);
  }

  /** What a failing hook means to the event; undefined where it goes on. */
  function failureOf(hook: RegisteredHook, error: unknown, requestId: string | null): Error | undefined {
    const { abortable } = EVENTS[hook.event];
    const aborted = abortedBy(error);
    if (abortable && aborted !== undefined) return aborted;
    // The database was lost, or another transaction was faster: no mistake of the hook.
    if (abortable && passing(error)) return error as Error;
    log?.error({ err: error, hook: hook.id, event: hook.event, request_id: requestId }, 'A hook failed.');
    return abortable && hook.stopOnError ? new Failure('HOOK_FAILED', {}, [], { cause: error }) : undefined;
  }

  async function fire<N extends EventName>(
    name: N,
    facts: LifecycleEvents[N],
    inside: Inside,
  ): Promise<LifecycleEvents[N]> {
    const ctx = hookContext(inside);
    const hooks = hooksOf(name, 'collection' in facts ? String(facts.collection) : null, ctx.accountId);
    if (hooks.length > 0 && inside.tx != null) refuseDepth(ctx, hooks);
    let now = facts;
    for (const hook of hooks) {
      const event = eventOf(hook, now, ctx, inside);
      try {
        const answered = await withLimit(() => hook.run(event, inside), hook);
        now = changed(name, now, event, answered);
      } catch (error) {
        const failure = failureOf(hook, error, ctx.requestId);
        if (failure !== undefined) throw failure;
      }
    }
    return now;
  }

  return {
    on: on as On,
    off,
    async keep(name, facts, inside) {
      const ctx = hookContext(inside);
      for (const source of sources) await source.keep?.(name, facts, ctx, inside.tx);
    },
    addSource: (source) => void sources.push(source),
    wants(event, collection = null, accountId = null) {
      const own = chains.get(event);
      if (own !== undefined && matching(own, collection).length > 0) return true;
      return sources.length > 0 && sources.some((source) => source.wants(event, collection, accountId));
    },
    fire,
    run: async (hook, facts, inside) =>
      withLimit(() => hook.run(eventOf(hook, facts, hookContext(inside), inside), inside), hook),
    hooksOf,
    list: () =>
      EVENT_NAMES.flatMap((event) => {
        const steps = BUILTINS.filter((step) => step.event === event).map(({ name, runs }) => ({
          runs,
          shown: { id: name, event, priority: null, collections: null, builtin: true },
        }));
        const own = (chains.get(chainOf(event)) ?? [])
          .filter((hook) => hook.event === event)
          .map(({ id, priority, collections }) => ({
            id,
            event,
            priority,
            collections: collections && [...collections],
            builtin: false,
          }));
        const at = (place: string) => steps.flatMap(({ runs, shown }) => (runs === place ? [shown] : []));
        return [...at('before_hooks'), ...own, ...at('after_hooks')];
      }),
    onAdded: (fn) => void added.push(fn),
  };
}

function hookOf(event: EventName, options: HookOptions, handler: Handler<never>, usual: string): RegisteredHook {
  if (!Object.hasOwn(EVENTS, event))
    throw new TypeError(`There is no event ${String(event)}. GET /api/v1/hooks/events lists them all.`);
  if (typeof handler !== 'function') throw new TypeError(`The hook on ${event} is no function.`);
  const { priority = 0, collection, id = usual, stopOnError = true, timeoutMs = LIMIT_MS } = options;
  if (!Number.isFinite(priority)) throw new TypeError(`The priority of a hook on ${event} must be a number.`);
  if (!(timeoutMs > 0)) throw new TypeError(`timeoutMs of a hook on ${event} must be a number above 0.`);
  const collections = collection === undefined ? null : new Set([collection].flat().map(qualified));
  if (collections !== null && !scoped(event)) throw new TypeError(`${event} is about no collection: leave it out.`);
  return { id, event, priority, collections, stopOnError, timeoutMs, run: handler as RegisteredHook['run'] };
}

/** `orders` as `main.orders`. */
function qualified(name: string): string {
  if (typeof name !== 'string' || name === '') throw new TypeError('A hook names its collections as texts.');
  return name.includes('.') ? name : `main.${name}`;
}

function refuseDepth({ automation }: HookContext, hooks: readonly RegisteredHook[]): void {
  if (automation === null || automation.depth < MOST_DEPTH) return;
  const message = `Hooks set each other off more than ${MOST_DEPTH} deep; the next would be ${hooks.map(({ id }) => id).join(', ')}.`;
  throw new Failure('HOOK_ABORTED', { message, status: 409 });
}

/** What hooks may change of an event, and hand on. */
const CHANGEABLE: { readonly [N in EventName]?: string } = {
  on_record_before_create: 'data',
  on_record_before_update: 'data',
  on_record_before_query: 'query',
  on_record_after_query: 'items',
  on_mailer_before_send: 'message',
};

function eventOf(
  hook: RegisteredHook,
  facts: object,
  ctx: HookContext,
  { records }: Inside,
): LifecycleEvent<EventName> {
  const key = CHANGEABLE[chainOf(hook.event)];
  // Whoever fails and is not to stop anything must leave nothing half done behind.
  const own = key !== undefined && !hook.stopOnError ? { [key]: structuredClone(facts[key as never]) } : {};
  return {
    ...facts,
    ...own,
    name: hook.event,
    ctx,
    records: records?.(hook.id),
    abort,
  } as LifecycleEvent<EventName>;
}

function changed<F extends object>(name: EventName, facts: F, event: object, answered: unknown): F {
  const key = CHANGEABLE[name];
  if (key === undefined) return facts;
  const value: unknown = typeof answered === 'object' && answered !== null ? answered : event[key as never];
  const fits = Array.isArray(facts[key as never]) ? Array.isArray(value) : !Array.isArray(value);
  if (typeof value !== 'object' || value === null || !fits)
    throw new TypeError(`A hook on ${name} left something as ${key} that is none.`);
  return { ...facts, [key]: value };
}

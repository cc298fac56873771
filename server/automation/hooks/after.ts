// Hooks after events of records: a durable reader of the log puts an execution in for each hook that the event sets off, in one transaction with its place.
import type { EventName } from '../../../contract/lifecycle.ts';
import { Failure } from '../../../contract/problems.ts';
import { type Automation, type Ctx, MOST_DEPTH } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import type { Apart } from '../../events/apart.ts';
import { createConsumer } from '../../events/consumer.ts';
import type { Event, EventType } from '../../events/event.ts';
import { createSharing } from '../../events/sharing.ts';
import type { Tail } from '../../events/tail.ts';
import { uuidV7 } from '../../ids.ts';
import { AnotherShape, type Records, type Seen, type Watch } from '../../records/service.ts';
import { authValues } from '../people.ts';
import { automationCtx } from '../principal.ts';
import { findPerson, type PersonRow } from '../store.ts';
import type { EnabledHooks, EventHooks, ReadyHook } from './enabled.ts';
import { toldCollection, toldEvent, valuesOf } from './names.ts';
import { type EventHook, findRole } from './store/definitions.ts';
import { anyBeyond, type Context, insertExecutions, type NewExecution } from './store/executions.ts';

/** What comes back is a change of the record, as the catalogue says. */
const NAMES: Readonly<Record<EventType, EventName>> = {
  created: 'on_record_after_create',
  updated: 'on_record_after_update',
  restored: 'on_record_after_update',
  deleted: 'on_record_after_delete',
};

interface Actor {
  readonly user_id?: string;
  readonly automation?: Pick<Automation, 'kind' | 'id' | 'run' | 'depth'>;
}

export interface AfterOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly log: Logger;
  readonly records: Records;
  readonly enabled: EnabledHooks;
  /** There are executions to run. */
  readonly wake: () => void;
}

/** Executions that one account's events put in before others have their turn. */
const A_TURN = 1000;
/** Unfinished executions of one account; further events of it wait in the log. */
const MOST_OPEN = 10_000;

export function createAfter({ db, tail, log, records, enabled, wake }: AfterOptions) {
  /** One after the other: each holds its record whole, and a page may be told to many hooks. `turn` ends with an event. */
  async function* executionsOf(
    tx: Transaction,
    hooks: EventHooks,
    events: readonly Event[],
    turn: { events: number },
  ): AsyncGenerator<NewExecution> {
    const reading = new Reading(tx, records.within(tx), enabled);
    let made = 0;
    for (const event of events) {
      if (made >= A_TURN) return;
      for (const hook of concerned(hooks, event)) {
        const execution = await reading.executionOf(hook, event);
        if (execution === null) continue;
        made += 1;
        yield execution;
      }
      turn.events += 1;
    }
  }
  /** The same, each hook and event apart. Answers how many events it worked through. */
  async function oneByOne(hooks: EventHooks, events: readonly Event[], apart: Apart): Promise<number> {
    let made = 0;
    let done = 0;
    for (const event of events) {
      if (made >= A_TURN) break;
      for (const hook of concerned(hooks, event))
        await apart({ hook: hook.id, event: event.position }, async (inner) => {
          const execution = await new Reading(inner, records.within(inner), enabled).executionOf(hook, event);
          if (execution === null) return;
          made += await insertExecutions(inner, [execution]);
          inner.afterCommit(wake);
        });
      done += 1;
    }
    return done;
  }
  const sharing = createSharing({
    name: 'hooks',
    log,
    async work(tx, events, apart) {
      const hooks = await enabled.current(tx);
      if (apart !== undefined) return oneByOne(hooks, events, apart);
      const turn = { events: 0 };
      if ((await insertExecutions(tx, executionsOf(tx, hooks, events, turn))) > 0) tx.afterCommit(wake);
      return turn.events;
    },
    room: async (tx, accountId) => !(await anyBeyond(tx, accountId, MOST_OPEN)),
  });
  return createConsumer({
    db,
    tail,
    log,
    name: 'hooks',
    ...sharing,
    wanted: async (tx) => {
      const hooks = await enabled.current(tx);
      return Object.values(NAMES).some((name) => hooks.has(null, name, null));
    },
  });
}

/** The hooks that an event may set off. */
const concerned = (hooks: EventHooks, event: Event): readonly EventHook[] =>
  hooks
    .of(event.accountId, NAMES[event.type], event.collection)
    .filter((hook) => Date.parse(event.at) >= Date.parse(hook.active_since));

/** One page of events; what several of them ask is asked once. */
class Reading {
  private readonly people = new Map<string, PersonRow | null>();
  private readonly callers = new Map<string, Ctx | null>();
  private readonly watches = new Map<string, Watch | null>();

  constructor(
    private readonly tx: Transaction,
    private readonly records: Pick<Records, 'watch'>,
    private readonly enabled: EnabledHooks,
  ) {}

  /** What is to be run, or the note why not; null for what does not concern the hook. */
  async executionOf(asked: EventHook, event: Event): Promise<NewExecution | null> {
    const hook = await this.enabled.ready(this.tx, asked);
    // A later revision than the one that was known may begin later.
    if (hook === null || Date.parse(event.at) < Date.parse(hook.active_since)) return null;
    const actor = JSON.parse(event.actor) as Actor;
    const depth = (actor.automation?.depth ?? 0) + 1;
    const base = {
      id: uuidV7(),
      accountId: event.accountId,
      hookId: hook.id,
      triggerType: 'event' as const,
      event: toldEvent(hook.event as EventName),
      queue: `${event.collection} ${event.recordId}`,
      depth,
    };
    const context: Context = {
      event: base.event,
      collection: toldCollection(event.collection),
      record_id: event.recordId,
      occurred_at: event.at,
      ...(actor.user_id !== undefined && { user_id: actor.user_id }),
    };
    const notRun = (status: 'skipped' | 'failed', errorCode: string, errorMessage: string): NewExecution => ({
      ...base,
      context,
      over: { status, outcomes: [], errorCode, errorMessage, durationMs: 0 },
    });

    const caller = await this.callerOf(hook);
    if (caller === null)
      return notRun('failed', 'FORBIDDEN', `The role ${hook.run_as} that the hook runs as is gone or disabled.`);
    const watch = await this.watchOf(hook, event.collection, caller);
    if (watch === null)
      return notRun('skipped', 'FORBIDDEN', `The role ${hook.run_as} may not list ${context.collection}.`);
    // Another one may have taken its name since.
    if (watch.def.id !== event.collectionId) return null;
    let seen: Seen | null;
    try {
      seen = watch.see(event);
    } catch (error) {
      if (!(error instanceof AnotherShape)) throw error;
      return notRun(
        'skipped',
        'COLLECTION_CHANGED',
        'Fields went away or changed their type before the event was read.',
      );
    }
    if (seen === null || !isToldTo(event, seen)) return null;
    const [record, old] = [seen.new, seen.old].map((json) => (json === null ? null : (JSON.parse(json) as unknown)));
    const full = { ...context, record, old, changes: seen.changes };
    const { condition, problems } = hook;
    const [problem] = problems;
    if (problem !== undefined)
      return notRun('failed', 'INVALID_REQUEST', `The hook no longer fits: ${problem.field}: ${problem.message}`);
    const person = actor.user_id === undefined ? null : await this.personOf(event.accountId, actor.user_id);
    const auth = authValues(event.accountId, person);
    const values = valuesOf(full, { hook, run: base.id, auth, now: new Date().toISOString() });
    if (!condition.holds(values)) return null;
    if (depth > MOST_DEPTH) {
      const { kind, id, run } = actor.automation as NonNullable<Actor['automation']>;
      const last = `the ${kind} ${id}${id === hook.id ? ' (this one)' : ''} in its run ${run}`;
      const message = `Not run: it would be number ${depth} in a row of definitions that set each other off, and ${MOST_DEPTH} is the most. It was set off by ${last}.`;
      return notRun('failed', 'DEPTH_LIMIT', message);
    }
    return { ...base, context: full };
  }

  private async callerOf(hook: ReadyHook): Promise<Ctx | null> {
    const key = `${hook.id} ${hook.revision}`;
    const known = this.callers.get(key);
    if (known !== undefined) return known;
    const role = await findRole(this.tx, hook.run_as);
    const automation: Automation = { kind: 'hook', id: hook.id, name: hook.name, run: hook.id, depth: 1 };
    const ctx = role && automationCtx({ accountId: hook.account_id, role, automation });
    this.callers.set(key, ctx);
    return ctx;
  }

  /** Null where the role may see nothing of the collection, or the collection is gone. */
  private async watchOf(hook: ReadyHook, collection: string, ctx: Ctx): Promise<Watch | null> {
    const key = `${hook.id} ${hook.revision} ${collection}`;
    const known = this.watches.get(key);
    if (known !== undefined) return known;
    const watch = await this.records.watch(ctx, collection, {}).catch((error) => {
      if (error instanceof Failure && error.status < 500) return null;
      throw error;
    });
    this.watches.set(key, watch);
    return watch;
  }

  private async personOf(accountId: string, userId: string): Promise<PersonRow | null> {
    const key = `${accountId} ${userId}`;
    const known = this.people.get(key);
    if (known !== undefined) return known;
    const person = await findPerson(this.tx, accountId, userId);
    this.people.set(key, person);
    return person;
  }
}

/** Whether the role sees of the event what happened: a record that only came into its sight was not created for it. */
function isToldTo({ type }: Event, seen: Seen): boolean {
  if (type === 'created') return seen.type === 'created';
  if (type === 'deleted') return seen.old !== null;
  return seen.new !== null;
}

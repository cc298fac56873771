// Hooks within events: before a record is written, in the transaction that writes it; and after what happens to accounts, put in to be run.
import { EVENTS, type EventName } from '../../../contract/lifecycle.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Automation, Ctx } from '../../context.ts';
import type { Transaction } from '../../db/database.ts';
import { uuidV7 } from '../../ids.ts';
import {
  AbortHook,
  type HookContext,
  type HookSource,
  type Inside,
  type RegisteredHook,
} from '../../lifecycle/service.ts';
import type { Records } from '../../records/service.ts';
import { ActionFailed, toldError } from '../actions/run.ts';
import type { ActionService } from '../actions/service.ts';
import { authValues, type Told } from '../people.ts';
import { automationCtx } from '../principal.ts';
import { findPerson } from '../store.ts';
import type { EnabledHooks, ReadyHook } from './enabled.ts';
import { changesBetween, isOfRecord, toldCollection, toldEvent, valuesOf } from './names.ts';
import { timeLimit } from './run.ts';
import { keptContext, keptOutcomes, verdictOf } from './shown.ts';
import { type EventHook, findRole, type RoleRow } from './store/definitions.ts';
import { insertExecutions, type NewExecution } from './store/executions.ts';
import { createTimeLeft } from './time-left.ts';
import type { Undone } from './undone.ts';

type Row = Readonly<Record<string, unknown>>;
/** What an event on records tells before it happens. */
interface Facts {
  readonly collection: string;
  readonly recordId: string;
  readonly data?: Record<string, unknown>;
  readonly old?: Row;
}
interface Person {
  readonly userId?: string | null;
  readonly accountId?: string;
  readonly email?: string;
}

export interface BeforeOptions {
  readonly records: Records;
  readonly actions: ActionService;
  readonly enabled: EnabledHooks;
  /** Keeps what is told of runs that were undone. */
  readonly undone: Undone;
  readonly wake: () => void;
}

interface Acting {
  readonly role: RoleRow;
  readonly see: (row: Row) => Row;
}

/** For all that run in one transaction: a request waits for them. */
const MOST_SECONDS = 10;

/** What after-events of records tell is read from the log, once it is committed. */
const isHere = (event: EventName): boolean => EVENTS[event].phase === 'before' && isOfRecord(event);
/** What is in no log is kept in the transaction of what happened. */
const isKept = (event: EventName): boolean => EVENTS[event].phase === 'after' && !isOfRecord(event);

export function createBefore({ records, actions, enabled, undone, wake }: BeforeOptions): HookSource {
  /** Nothing that fails here is told in full to the caller, who may be anybody: the log of executions tells it. */
  const failed = (hook: ReadyHook, where: string, code: string): AbortHook =>
    new AbortHook(`The hook "${hook.name}" failed${where}: ${code}.`, 409);

  const timeLeft = createTimeLeft(MOST_SECONDS);
  /** What a hook asks in each transaction once, however many records that writes. */
  const asked = new WeakMap<Transaction, Map<string, Promise<Acting | null>>>();
  function actingIn(tx: Transaction, hook: ReadyHook, collection: string): Promise<Acting | null> {
    const known = asked.get(tx) ?? new Map<string, Promise<Acting | null>>();
    asked.set(tx, known);
    const key = `${hook.id} ${hook.revision} ${collection}`;
    let found = known.get(key);
    if (found === undefined) {
      found = findRole(tx, hook.run_as).then(async (role) => {
        if (role === null) return null;
        const automation: Automation = { kind: 'hook', id: hook.id, name: hook.name, run: hook.id, depth: 1 };
        const ctx = automationCtx({ accountId: hook.account_id, role, automation });
        return { role, see: await sightOf(records.within(tx), ctx, collection) };
      });
      known.set(key, found);
    }
    return found;
  }

  async function before(asked: EventHook, facts: Facts, ctx: HookContext, tx: Transaction): Promise<void> {
    const hook = await enabled.ready(tx, asked);
    if (hook === null) return;
    const event = hook.event as EventName;
    const known = await actingIn(tx, hook, facts.collection);
    if (known === null) throw failed(hook, '', 'the role that it runs as is gone or disabled');
    const { role, see } = known;
    const { condition, actions: compiled, problems } = hook;
    if (problems.length > 0) throw failed(hook, '', 'it no longer fits the collection');
    const run = uuidV7();
    const automation: Automation = {
      kind: 'hook',
      id: hook.id,
      name: hook.name,
      run,
      depth: (ctx.automation?.depth ?? 0) + 1,
    };
    const acting = automationCtx({ accountId: hook.account_id, role, automation }, ctx.requestId ?? undefined);
    const old = facts.old === undefined ? null : see(facts.old);
    const system = { id: facts.recordId, account_id: hook.account_id };
    const record = facts.data === undefined ? old : { ...old, ...see({ ...facts.data, ...system }) };
    const context = {
      event: toldEvent(event),
      collection: toldCollection(facts.collection),
      record_id: facts.recordId,
      ...(ctx.userId !== null && { user_id: ctx.userId }),
      record,
      old,
      changes: changesBetween(old, facts.data === undefined ? null : record),
    };
    const values = valuesOf(context, { hook, run, auth: authOfEvent(hook, ctx), now: new Date().toISOString() });
    if (!condition.holds(values)) return;

    const began = performance.now();
    const left = timeLeft.in(tx);
    const executed = (over: Omit<NonNullable<NewExecution['over']>, 'durationMs'>): NewExecution => ({
      id: run,
      accountId: hook.account_id,
      hookId: hook.id,
      triggerType: 'event',
      event: context.event,
      queue: null,
      depth: automation.depth,
      context: keptContext(context),
      over: { ...over, durationMs: performance.now() - began },
    });
    if (left <= 0) {
      const errorMessage = `Not run: hooks before writes have ${MOST_SECONDS} seconds in one transaction together, and those were over.`;
      undone.tell(executed({ status: 'failed', outcomes: [], errorCode: 'ACTION_TIMEOUT', errorMessage }));
      throw failed(hook, '', `hooks took longer than ${MOST_SECONDS} seconds together`);
    }
    const seconds = Math.min(hook.timeout_seconds, left);
    const limit = timeLimit(seconds);
    const overdue = lateness(seconds + 1);
    const set = (fields: Row): void => {
      for (const name of Object.keys(fields))
        if (facts.data === undefined || (record !== null && !Object.hasOwn(see({ [name]: null }), name)))
          throw new Failure('INVALID_FIELDS', { fields: name });
      Object.assign(facts.data as object, fields);
      if (record !== null) Object.assign(record, see(fields));
    };
    try {
      const running = actions.runAll(compiled, { ctx: acting, values, tx, signal: limit.signal, set });
      // What it still does has nobody who would hear of its end, and nothing of it stays.
      running.catch(() => {});
      const outcomes = await Promise.race([running, overdue.late]);
      await insertExecutions(tx, [executed({ ...verdictOf(outcomes), outcomes: keptOutcomes(outcomes) })]);
    } catch (error) {
      if (error instanceof Overdue) {
        const errorMessage = `It was stopped: an action did not end with its ${seconds.toFixed(1)} seconds.`;
        undone.tell(executed({ status: 'failed', outcomes: [], errorCode: 'ACTION_TIMEOUT', errorMessage }));
        throw failed(hook, '', 'it took too long');
      }
      if (!(error instanceof ActionFailed)) throw error;
      const { cause, index, outcomes } = error;
      const { code, message } = toldError(cause);
      const aborts = compiled[index]?.type === 'abort';
      undone.tell(
        executed({
          status: aborts ? 'aborted' : 'failed',
          outcomes: keptOutcomes(outcomes),
          errorCode: code,
          errorMessage: message,
        }),
      );
      // Its own abort, one of a hook further down, and what may go well next time are told as they are.
      if (aborts || PASSED_ON.has(code) || code === 'INTERNAL_ERROR') throw cause;
      throw failed(hook, ` at action ${index + 1} (${compiled[index]?.type})`, code);
    } finally {
      limit.clear();
      overdue.clear();
    }
  }

  /** After what is in no log of events. */
  async function after(asked: EventHook, facts: Person, ctx: HookContext, tx: Transaction): Promise<void> {
    const hook = await enabled.ready(tx, asked);
    if (hook === null) return;
    const event = hook.event as EventName;
    const userId = facts.userId ?? ctx.userId;
    const context = {
      event: toldEvent(event),
      ...(userId !== null && { user_id: userId }),
      person: true,
    };
    const id = uuidV7();
    const { condition, problems } = hook;
    if (problems.length > 0) return;
    const person = userId === null ? null : await findPerson(tx, hook.account_id, userId);
    const auth = authValues(hook.account_id, person);
    const values = valuesOf(context, { hook, run: id, auth, now: new Date().toISOString() });
    if (!condition.holds(values)) return;
    const depth = (ctx.automation?.depth ?? 0) + 1;
    await insertExecutions(tx, [
      {
        id,
        accountId: hook.account_id,
        hookId: hook.id,
        triggerType: 'event',
        event: context.event,
        queue: null,
        depth,
        context,
      },
    ]);
    tx.afterCommit(wake);
  }

  const registered = (hook: EventHook): RegisteredHook => ({
    id: hook.id,
    event: hook.event as EventName,
    priority: hook.priority,
    collections: hook.collection === null ? null : new Set([hook.collection]),
    stopOnError: true,
    // It has limits of its own, and ends soon after them.
    timeoutMs: 3 * MOST_SECONDS * 1000,
    run: (event, inside: Inside) => {
      const tx = inside.tx as Transaction;
      return timeLeft.during(tx, () => before(hook, event as never as Facts, event.ctx, tx));
    },
  });

  return {
    async keep(event, facts, ctx, tx) {
      if (ctx.accountId === null || !isKept(event)) return;
      for (const hook of enabled.now.of(ctx.accountId, event, null)) await after(hook, facts, ctx, tx);
    },
    wants: (event, collection, accountId) => isHere(event) && enabled.now.has(accountId, event, collection),
    handlers: (event, collection, accountId) =>
      accountId === null || !isHere(event) ? [] : enabled.now.of(accountId, event, collection).map(registered),
  };
}

/** An action that waits for the database hears no signal. */
class Overdue extends Error {}

/** Rejects with Overdue after so many seconds, unless it is cleared. */
function lateness(seconds: number): { readonly late: Promise<never>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Overdue()), seconds * 1000);
  });
  return { late, clear: () => clearTimeout(timer) };
}

const PASSED_ON: ReadonlySet<string> = new Set([
  'HOOK_ABORTED',
  'WRITE_CONFLICT',
  'SERVICE_UNAVAILABLE',
  'STATEMENT_TIMEOUT',
]);

/** What the role sees of records; nothing where it may not view them, and the hook runs all the same. */
async function sightOf(records: Pick<Records, 'sight'>, acting: Ctx, collection: string): Promise<(row: Row) => Row> {
  try {
    return await records.sight(acting, collection);
  } catch (error) {
    if (error instanceof Failure && error.code === 'FORBIDDEN') return ({ id }) => (id === undefined ? {} : { id });
    throw error;
  }
}

const authOfEvent = (hook: EventHook, { userId, email, role, groups, superadmin }: HookContext): Told => ({
  id: userId,
  user_id: userId,
  // Whoever runs the server is nobody of the account.
  email: superadmin ? null : email,
  role,
  account_id: hook.account_id,
  groups,
});

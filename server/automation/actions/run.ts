// Running actions, one after the other: each under its condition, with its templates filled, its outcome kept for those behind it.
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { ActionOutcome } from '../../../contract/actions.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { joined } from '../../db/joined.ts';
import type { Logger } from '../../db/log.ts';
import { knownFailure } from '../../faults.ts';
import { abortedBy } from '../../lifecycle/service.ts';
import { cut, storable } from '../../text.ts';
import { TemplateError, type Values } from '../templates.ts';
import type { CompiledAction } from './compile.ts';
import { kept, Room } from './kept.ts';

/** In which circumstances actions run. */
export interface Situation {
  /** As whom. */
  readonly ctx: Ctx;
  /** What templates and conditions read, beside the outcomes of actions. */
  readonly values: Values;
  /** Everything is part of this transaction; calls out are made once it has committed. */
  readonly tx: Transaction | null;
  readonly signal: AbortSignal;
  /** What all results of the run share; left out: these actions share one of their own. */
  readonly room?: Room | undefined;
  /**
   * The same in every try of this action and of no other, for those whom it calls; of several actions what their own begin with.
   * Left out: the run of `ctx`.
   */
  readonly key?: string | undefined;
  /** Changes the record that is about to be written. Throws INVALID_RESOURCE_DATA for fields that it has not. */
  readonly set?: ((fields: Readonly<Record<string, unknown>>) => void) | undefined;
  /** Nothing that leaves the database is done: it is told what it would have been. */
  readonly dry?: boolean | undefined;
}

/** Does one action with its options filled. Throws Failure for what its definition or its caller is to blame for. */
export type Perform = (
  type: CompiledAction['type'],
  options: Record<string, unknown>,
  at: Situation,
) => Promise<unknown>;

/** An action failed and nothing was to follow; the outcomes up to it are told. */
export class ActionFailed extends Error {
  constructor(
    readonly index: number,
    readonly outcomes: readonly ActionOutcome[],
    override readonly cause: unknown,
  ) {
    super('An action failed.');
  }
}

interface Told {
  readonly code: string;
  readonly message: string;
}

/** What went wrong, for people: a code and a sentence that can be stored, without what nobody outside may see. */
export function toldError(error: unknown): Told {
  const { code, message } = saidOf(error);
  return { code, message: storable(message) };
}

function saidOf(error: unknown): Told {
  if (error instanceof TemplateError) return { code: 'TEMPLATE_TOO_LARGE', message: error.message };
  const known = abortedBy(error) ?? knownFailure(error);
  if (known !== null) {
    const [first, ...more] = known.entries;
    const detail =
      first === undefined
        ? ''
        : ` ${first.field}: ${first.message}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
    return { code: known.code, message: `${known.message}${detail}` };
  }
  const { reason, message } = error as { readonly reason?: unknown; readonly message?: unknown };
  // Of calls out: `OutboundError` has a stable reason.
  if (typeof reason === 'string' && typeof message === 'string') return { code: reason.toUpperCase(), message };
  return { code: 'INTERNAL_ERROR', message: 'Something failed on the server.' };
}

/** Characters of what an outcome tells of its failure, which definitions may write. */
const LONGEST_MESSAGE = 4000;

const aborted = (signal: AbortSignal): void => {
  if (signal.aborted) throw signal.reason instanceof Error ? signal.reason : new Failure('ACTION_TIMEOUT');
};

/** Takes back what a failed action began. */
class NotDone extends Error {
  constructor(readonly outcome: ActionOutcome & { readonly thrown?: unknown }) {
    super('not done');
  }
}

export interface RunnerOptions {
  readonly db: Database;
  readonly perform: Perform;
  readonly log?: Logger | undefined;
}

/** How an action sees those that ran: by place and by name. */
export function withOutcomes(values: Values, outcomes: readonly ActionOutcome[]): Values {
  const byName = outcomes.flatMap((one, i) => {
    const seen = { result: one.result, status: one.status, error: one.error };
    return [[String(i), seen] as const, ...(one.name === null ? [] : [[one.name, seen] as const])];
  });
  return { ...values, actions: Object.fromEntries(byName) };
}

export function createRunner({ db, perform, log }: RunnerOptions) {
  /** One action; answers what is kept of its result and throws what it threw. */
  async function once(action: CompiledAction, situation: Situation, room: Room): Promise<unknown> {
    const { tx } = situation;
    aborted(situation.signal);
    const options = action.options(situation.values);
    const done = async (at: Situation) => kept((await perform(action.type, options, at)) ?? null, room);
    // What may fail without consequence must leave the transaction as it was.
    if (tx !== null && action.onError === 'continue')
      return joined(db, tx).transaction((inner) => done({ ...situation, tx: inner }));
    return done(situation);
  }

  /** One action under its condition. It rejects only where nothing is to follow; the outcome of that is with the error. */
  async function runOne(
    action: CompiledAction,
    situation: Situation,
  ): Promise<ActionOutcome & { readonly thrown?: unknown }> {
    const { type, name } = action;
    const began = performance.now();
    const outcome = (status: ActionOutcome['status'], result: unknown, error: ActionOutcome['error']) => ({
      type,
      name,
      status,
      result,
      error,
      duration_ms: Math.round(performance.now() - began),
    });
    const { ctx, room = new Room() } = situation;
    if (!action.condition.holds(situation.values)) return outcome('skipped', null, null);
    try {
      if (situation.dry && LEAVES.has(type))
        return outcome('skipped', kept({ dry_run: true, ...action.options(situation.values) }, room), null);
      return outcome('success', await once(action, situation, room), null);
    } catch (thrown) {
      // What was stopped failed because of that, whatever it says itself.
      const { reason } = situation.signal;
      const told = toldError(reason instanceof Failure ? reason : thrown);
      if (told.code === 'INTERNAL_ERROR')
        log?.error({ err: thrown, action: type, run: ctx.automation }, 'An action failed on the server.');
      return { ...outcome('failed', null, { ...told, message: cut(told.message, LONGEST_MESSAGE) }), thrown };
    }
  }

  return {
    runOne,
    /**
     * One action whose outcome is stored with its effect: what it writes and `store` commit together, so that it happens once however
     * often its process dies. A call out is made first and stored then: at least once. What failed is stored too, without its effect.
     */
    async runStored(
      action: CompiledAction,
      situation: Omit<Situation, 'tx'>,
      store: (tx: Transaction, outcome: ActionOutcome) => Promise<void>,
    ): Promise<ActionOutcome> {
      const room = situation.room ?? new Room();
      const alone = (outcome: ActionOutcome) => db.transaction((tx) => store(tx, outcome)).then(() => outcome);
      const plain = ({ thrown: _, ...outcome }: ActionOutcome & { readonly thrown?: unknown }): ActionOutcome =>
        outcome;
      let made: ActionOutcome | undefined;
      try {
        if (CALLS_OUT.has(action.type)) {
          made = plain(await runOne(action, { ...situation, room, tx: null }));
          return await alone(made);
        }
        return await db.transaction(async (tx) => {
          const outcome = await runOne(action, { ...situation, room, tx });
          if (outcome.thrown !== undefined) throw new NotDone(outcome);
          made = outcome;
          await store(tx, outcome);
          return outcome;
        });
      } catch (error) {
        if (error instanceof NotDone) return alone(plain(error.outcome));
        if (made?.status === 'success') room.giveBack(made.result);
        throw error;
      }
    },
    /**
     * All of them, from the place behind `done`. `between` is called after each with all outcomes so far, and whatever else the process
     * does has its turn. Throws ActionFailed where one fails that is not to be passed over.
     */
    async runAll(
      actions: readonly CompiledAction[],
      situation: Situation,
      done: readonly ActionOutcome[] = [],
      between?: (outcomes: readonly ActionOutcome[]) => Promise<void>,
    ): Promise<ActionOutcome[]> {
      const outcomes = [...done];
      const { ctx, room = new Room(undefined, done), key = ctx.automation?.run } = situation;
      for (const action of actions.slice(done.length)) {
        const { thrown, ...outcome } = await runOne(action, {
          ...situation,
          room,
          key: key && `${key}.${outcomes.length}`,
          values: withOutcomes(situation.values, outcomes),
        });
        outcomes.push(outcome);
        if (thrown !== undefined && action.onError === 'stop')
          throw new ActionFailed(outcomes.length - 1, outcomes, thrown);
        await between?.(outcomes);
        await othersTurn();
      }
      return outcomes;
    },
  };
}

/** What leaves the server and cannot be taken back. */
export const CALLS_OUT: ReadonlySet<string> = new Set(['send_webhook', 'send_email']);

/** What a transaction that is undone would not take back, or what others would begin. */
const LEAVES: ReadonlySet<string> = new Set([...CALLS_OUT, 'enqueue_job', 'trigger_workflow']);

export type ActionRunner = ReturnType<typeof createRunner>;

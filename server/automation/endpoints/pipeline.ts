// Running an endpoint's actions within their time: in one transaction, or each in its own.
import type { ActionOutcome } from '../../../contract/actions.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Attempt, Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { Room } from '../actions/kept.ts';
import { CALLS_OUT } from '../actions/run.ts';
import type { ActionService } from '../actions/service.ts';
import type { Values } from '../templates.ts';
import { type CompiledEndpoint, READS } from './compile.ts';
import type { Deadline } from './deadline.ts';
import { limitStatements } from './store.ts';

export interface PipelineParts {
  readonly db: Database;
  readonly actions: Pick<ActionService, 'runAll'>;
}

export interface Run<T> {
  readonly compiled: CompiledEndpoint;
  readonly ctx: Ctx;
  readonly values: Values;
  readonly deadline: Deadline;
  /** Of a request that may be sent again. */
  readonly attempt: Attempt | null;
  /** Told the work, which may go on for a while after the time is over. */
  readonly hold: (work: Promise<unknown>) => void;
  /** Makes the answer before anything is committed: what cannot be answered is not done. */
  readonly finish: (outcomes: readonly ActionOutcome[]) => T;
}

/**
 * Answers what `finish` made. Throws ActionFailed and what `finish` threw, then with nothing kept of an atomic pipeline, and
 * ENDPOINT_TIMEOUT.
 */
export function runPipeline<T>({ db, actions }: PipelineParts, run: Run<T>): Promise<T> {
  const { compiled, ctx, values, deadline, attempt, finish, hold } = run;
  const { signal } = deadline;
  // A request that is sent again calls out under the keys of its first attempt.
  const situation = { ctx, values, signal, key: attempt?.seed };
  const within = <R>(work: (tx: Transaction) => Promise<R>): Promise<R> =>
    db.transaction(async (tx) => {
      if (signal.aborted) throw signal.reason;
      await limitStatements(tx, deadline.left());
      const done = await work(tx);
      deadline.settle();
      return done;
    });

  /** Its effects are there, all or some of them, and what it answered was lost with its process. */
  function refuseCommitted(): void {
    if (attempt?.committed)
      throw new Failure('ENDPOINT_FAILED', { reason: 'this request was done before, and its answer is lost' });
  }

  async function oneByOne(): Promise<T> {
    refuseCommitted();
    let outcomes: ActionOutcome[] = [];
    const room = new Room();
    for (const [i, { type }] of compiled.actions.entries()) {
      const upTo = compiled.actions.slice(0, i + 1);
      const next = (tx: Transaction | null) => actions.runAll(upTo, { ...situation, tx, room }, outcomes);
      /** Something happened that stays, whatever follows. */
      const lasting = (done: readonly ActionOutcome[]) => !READS.has(type) && done.at(-1)?.status === 'success';
      if (type === 'transform') outcomes = await next(null);
      else if (CALLS_OUT.has(type)) {
        outcomes = await next(null);
        if (lasting(outcomes)) await attempt?.commit(db);
      } else {
        outcomes = await within(async (tx) => {
          const done = await next(tx);
          if (lasting(done)) await attempt?.commit(tx);
          return done;
        });
        deadline.resume();
      }
      if (lasting(outcomes)) attempt?.keep();
    }
    return finish(outcomes);
  }

  async function atOnce(): Promise<T> {
    refuseCommitted();
    return within(async (tx) => {
      const done = finish(await actions.runAll(compiled.actions, { ...situation, tx }));
      await attempt?.commit(tx);
      return done;
    });
  }

  // Reading alone needs no transaction around all of it, but the limit that each statement has in one.
  const work = compiled.atomic && !compiled.readOnly ? atOnce() : oneByOne();
  hold(work);
  return deadline.race(work);
}

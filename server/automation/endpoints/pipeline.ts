// Running an endpoint's actions within their time: in one transaction, each in its own, or in none where nothing is changed.
import type { ActionOutcome } from '../../../contract/actions.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Attempt, Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { CALLS_OUT } from '../actions/run.ts';
import type { ActionService } from '../actions/service.ts';
import type { Values } from '../templates.ts';
import type { CompiledEndpoint } from './compile.ts';
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
  const within = <R>(work: (tx: Transaction) => Promise<R>): Promise<R> =>
    db.transaction(async (tx) => {
      if (signal.aborted) throw signal.reason;
      await limitStatements(tx, deadline.left());
      const done = await work(tx);
      deadline.settle();
      return done;
    });

  async function oneByOne(): Promise<T> {
    let outcomes: ActionOutcome[] = [];
    for (const [i, { type }] of compiled.actions.entries()) {
      const upTo = compiled.actions.slice(0, i + 1);
      const next = (tx: Transaction | null) => actions.runAll(upTo, { ctx, values, tx, signal }, outcomes);
      if (CALLS_OUT.has(type) || type === 'transform') outcomes = await next(null);
      else {
        outcomes = await within(next);
        deadline.resume();
      }
    }
    return finish(outcomes);
  }

  async function atOnce(): Promise<T> {
    // Its effects are there, and what it answered was lost with its process.
    if (attempt?.committed)
      throw new Failure('ENDPOINT_FAILED', { reason: 'this request was done before, and its answer is lost' });
    return within(async (tx) => {
      const done = finish(await actions.runAll(compiled.actions, { ctx, values, tx, signal }));
      await attempt?.commit(tx);
      return done;
    });
  }

  const readOnly = async () => finish(await actions.runAll(compiled.actions, { ctx, values, tx: null, signal }));
  const work = compiled.readOnly ? readOnly() : compiled.atomic ? atOnce() : oneByOne();
  hold(work);
  return deadline.race(work);
}

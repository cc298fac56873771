// Runs instances: one step after the other under a lease, each one's result stored with its position, whatever happens to the process.
import { setTimeout as delay } from 'node:timers/promises';
import type { ActionOutcome } from '../../../contract/actions.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { DatabaseUnavailable, isSerialization, isTimeout } from '../../db/errors.ts';
import type { Logger } from '../../db/log.ts';
import type { Lifecycle } from '../../lifecycle/service.ts';
import type { ActionRunner } from '../actions/run.ts';
import { toldError } from '../actions/run.ts';
import { automationCtx } from '../principal.ts';
import type { CompiledWorkflow } from './compile.ts';
import { breakOff, LeaseLost, type Moved, settle } from './settle.ts';
import type { Starting } from './starting.ts';
import type { CompiledStep, Problem, Result, StepRun } from './steps/step.ts';
import { Unusable } from './steps/step.ts';
import * as store from './store/runs.ts';
import { jsonOf, TooLarge } from './stored-json.ts';
import { stepValues } from './words.ts';

/** Steps that one instance may do in all, tries included. */
export const MOST_EXECUTED = 10_000;
/** Then others have their turn. */
const STEPS_A_TURN = 50;
const TURN_MS = 5000;
const STEP_SECONDS = 300;
/** Whose lease ran out so often without getting any further takes its process down with it. */
const MOST_LAPSES = 10;
/** Tries of what met a fault of the moment, as a deadlock. */
const MOMENTS = 5;
const MOMENTARY = new Set(['WRITE_CONFLICT', 'SERVICE_UNAVAILABLE']);
const isOfTheMoment = (error: unknown) => error instanceof Again || isSerialization(error) || isTimeout(error);

export interface EngineOptions {
  readonly db: Database;
  readonly actions: ActionRunner;
  readonly starting: Starting;
  readonly compiledOf: (row: store.RunRow) => CompiledWorkflow;
  /** It waits for an event from now on. */
  readonly onWait: () => void;
  /** Whether an event that it waits for came before; then it is claimed anew. Throws LeaseLost, and what `stopping` is aborted with. */
  readonly lookBack: (row: store.RunRow, held: store.Held, stopping: AbortSignal) => Promise<boolean>;
  readonly lifecycle?: Pick<Lifecycle, 'wants' | 'fire'> | undefined;
  readonly log?: Logger | undefined;
}

const NO_PROGRESS = `It was taken up ${MOST_LAPSES} times and got no further: each time its process ended, or fell silent.`;

/** The process stops: what failed because of that has not failed. */
class Stopped extends Error {}
class Again extends Error {}

export function contextOf(row: store.RunRow): Ctx {
  const { account_id: accountId, run_as: name, role_id: roleId } = row;
  const role = roleId === null ? null : { id: roleId, name };
  const { id, workflow_id, depth } = row;
  return automationCtx(
    { accountId, role, automation: { kind: 'workflow', id: workflow_id, name: row.name, run: id, depth } },
    `workflow_${id}`,
  );
}

export function createEngine({ db, actions, starting, compiledOf, onWait, lookBack, lifecycle, log }: EngineOptions) {
  const factsOf = ({ workflow_id, id }: store.RunRow) => ({ workflow: workflow_id, instanceId: id });
  const inside = ({ account_id }: store.RunRow) => ({ ctx: null, accountId: account_id });

  /** Throws what a hook refuses it with. As long as no step has left anything it has not begun, whoever was asked before. */
  async function tellBeginning(row: store.RunRow): Promise<void> {
    if (row.current_step === null && lifecycle?.wants('on_workflow_before_run'))
      await lifecycle.fire('on_workflow_before_run', factsOf(row), inside(row));
  }

  async function tellEnd(row: store.RunRow): Promise<void> {
    if (!lifecycle?.wants('on_workflow_after_run')) return;
    const end = await store.endOf(db, row.id);
    if (end === null) return;
    const outcome = { succeeded: end.status === 'completed', error: end.error };
    await lifecycle.fire('on_workflow_after_run', { ...factsOf(row), ...outcome }, inside(row));
  }

  /** Works on an instance until it waits, ends or has had its turn. */
  return async function run(row: store.RunRow, lease: string, stopping: AbortSignal): Promise<void> {
    const held: store.Held = { id: row.id, lease, claim: row.claim };
    const clock = clockFrom(row.now);
    const began = performance.now();
    let moved: Moved = { step: row.current_step, context: row.context, executed: row.executed };
    try {
      if (row.lapses >= MOST_LAPSES) throw new Unusable('ATTEMPTS', NO_PROGRESS);
      await tellBeginning(row);
      if (row.looks_back && (await lookBack(row, held, stopping))) return;
      const workflow = compiledOf(row);
      moved = { ...moved, step: row.current_step ?? workflow.first };
      for (let n = 0; moved.step !== null; n++) {
        if (stopping.aborted || n >= STEPS_A_TURN || performance.now() - began > TURN_MS)
          return void (await store.release(db, held, 0));
        const { step: name, context, executed } = moved;
        const step = workflow.steps.get(name);
        const late = row.deadline !== null && clock() >= new Date(row.deadline);
        const problem: Problem | null =
          step === undefined
            ? { code: 'UNKNOWN_STEP', message: `There is no step ${name}.` }
            : late
              ? { code: 'WORKFLOW_TIMEOUT', message: 'The workflow took longer than it may.' }
              : executed >= MOST_EXECUTED
                ? { code: 'TOO_MANY_STEPS', message: `An instance does ${MOST_EXECUTED} steps at most.` }
                : null;
        if (step === undefined || problem !== null)
          return await db.transaction((tx) => breakOff(tx, held, moved, problem as Problem)).then(() => tellEnd(row));
        const first = n === 0;
        moved = await one({
          row,
          held,
          workflow,
          step,
          moved: { step: name, context, executed },
          first,
          clock,
          stopping,
        });
      }
    } catch (error) {
      if (error instanceof LeaseLost) return;
      if (error instanceof Stopped || stopping.aborted) return void (await store.release(db, held, 0));
      if (error instanceof DatabaseUnavailable) throw error;
      // A role that is gone, or a definition that cannot run: the instance says so.
      await db.transaction((tx) => breakOff(tx, held, moved, problemOf(error, log))).catch(ignoreLost);
    }
    await tellEnd(row);
  };

  interface One {
    readonly row: store.RunRow;
    readonly held: store.Held;
    readonly workflow: CompiledWorkflow;
    readonly step: CompiledStep;
    readonly moved: Moved;
    /** What the row says of the step is of this very one. */
    readonly first: boolean;
    readonly clock: () => Date;
    readonly stopping: AbortSignal;
  }

  /** One try of one step. Throws LeaseLost, Stopped. */
  async function one({ row, held, workflow, step, moved, first, clock, stopping }: One): Promise<Moved> {
    const ctx = contextOf(row);
    const attempt = first ? row.attempt : 0;
    const { name, slug, workflow_id: id, account_id: accountId, started_by } = row;
    const named = { workflow: { id, name, slug }, instanceId: row.id, accountId, startedBy: started_by };
    const values = stepValues(moved.context, named, clock());
    const place = {
      step: step.step,
      context: moved.context,
      attempt,
      executed: moved.executed,
      stepAt: (first ? row.step_at : null) ?? clock().toISOString(),
    };
    const input = toldInput(step, values);
    const settling = { held, workflow, place, input };
    const timer = new AbortController();
    const seconds = ('timeout_seconds' in step.step ? step.step.timeout_seconds : undefined) ?? STEP_SECONDS;
    const timeout = setTimeout(() => timer.abort(new Failure('ACTION_TIMEOUT')), seconds * 1000);
    const signal = AbortSignal.any([stopping, timer.signal]);
    let result: Moved | null = null;

    const write = async (found: Result, tx?: Transaction): Promise<void> => {
      const work = async (on: Transaction) => {
        const after = await settle(on, settling, found);
        if (found.kind === 'wait' && found.event !== undefined) on.afterCommit(onWait);
        return after;
      };
      result = tx === undefined ? await patiently(() => db.transaction(work)) : await work(tx);
    };
    const depth = row.depth + 1;
    const at: StepRun = {
      values,
      state: first ? row.state : null,
      signal,
      dry: false,
      now: clock,
      act: (action, { place, more, room }, keep) => {
        // Each visit of a step is another one for whom it calls, and each try of it the same.
        const key = `${row.id}.${first ? row.visit : moved.executed}.${place}`;
        return act(action, { ctx, values: { ...values, ...more }, signal, room, key }, stopping, keep);
      },
      done: () => patiently(() => store.keptPlaces(db, row.id)),
      outcomes: (places) => patiently(() => store.kept(db, row.id, places)),
      async keep(tx, where, outcome) {
        if (!(await store.keep(tx, held, where, jsonOf(outcome)))) throw new LeaseLost();
      },
      start: (tx, wanted, given, waits) =>
        starting.byAutomation(tx, {
          accountId,
          workflow: wanted,
          input: given,
          depth,
          source: 'workflow',
          startedBy: started_by,
          ...(waits && { parentId: row.id }),
        }),
      child: (child) => patiently(() => store.childOf(db, child)),
      within: (work) =>
        patiently(() =>
          db.transaction(async (tx) => {
            if (!(await store.hold(tx, held))) throw new LeaseLost();
            await work(tx);
          }),
        ),
      settle: write,
    };
    try {
      await step.run(at);
    } catch (error) {
      if (error instanceof LeaseLost || error instanceof Stopped || error instanceof DatabaseUnavailable) throw error;
      if (stopping.aborted) throw new Stopped();
      await write({ kind: 'failed', error: problemOf(error, log) });
    } finally {
      clearTimeout(timeout);
    }
    if (result === null) throw new Error(`The step ${step.step.name} said nothing.`);
    return result;
  }

  /** The action with what is stored of it; a fault of the moment is met by trying again. */
  async function act(
    action: Parameters<ActionRunner['runStored']>[0],
    situation: Parameters<ActionRunner['runStored']>[1],
    stopping: AbortSignal,
    keep: (tx: Transaction, outcome: ActionOutcome) => Promise<void>,
  ): Promise<ActionOutcome> {
    return patiently((n) =>
      actions.runStored(action, situation, async (tx, outcome) => {
        if (outcome.status === 'failed' && stopping.aborted) throw new Stopped();
        if (n < MOMENTS && MOMENTARY.has(outcome.error?.code ?? '')) throw new Again();
        await keep(tx, outcome);
      }),
    );
  }
}

/** Tries again what met a fault of the moment; `n` counts from 1. What it has written by then is rolled back. */
async function patiently<T>(work: (n: number) => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await work(n);
    } catch (error) {
      if (!isOfTheMoment(error) || n >= MOMENTS) throw error;
      await delay(20 * 2 ** n * (1 + Math.random()));
    }
  }
}

/** The database's clock, read once and carried on. */
function clockFrom(now: string): () => Date {
  const [ms, at] = [Date.parse(now), performance.now()];
  return () => new Date(ms + performance.now() - at);
}

function toldInput(step: CompiledStep, values: Parameters<NonNullable<CompiledStep['input']>>[0]): unknown {
  try {
    return step.input?.(values) ?? null;
  } catch {
    return null;
  }
}

export function problemOf(error: unknown, log?: Logger): Problem {
  if (error instanceof Unusable || error instanceof TooLarge) return { code: error.code, message: error.message };
  const told = toldError(error);
  if (told.code === 'INTERNAL_ERROR') log?.error({ err: error }, 'A step of a workflow failed on the server.');
  return told;
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof LeaseLost)) throw error;
}

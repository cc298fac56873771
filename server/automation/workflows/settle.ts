// What a result means for its instance: the next position, the outcome that later steps see, and the log, in one transaction.
import type { Step, StepType } from '../../../contract/workflow-steps.ts';
import type { Transaction } from '../../db/database.ts';
import { uuidV7 } from '../../ids.ts';
import type { CompiledWorkflow } from './compile.ts';
import type { Problem, Result } from './steps/step.ts';
import * as store from './store/runs.ts';
import { contextText, jsonOf, loggedText, MOST_CONTEXT } from './stored-json.ts';
import type { Context, StepOutcome } from './words.ts';

/** Another process goes on with it, or it was cancelled: nothing of this one counts any more. */
export class LeaseLost extends Error {
  readonly expected = true;
}

/** Steps that others may answer with an event. What came before a series of them begins is no answer, unless it was there when the instance was made. */
const ACTS: ReadonlySet<StepType> = new Set(['action', 'loop', 'parallel', 'workflow']);

/** Where an instance stands. */
export interface Place {
  readonly step: Step;
  readonly context: Context;
  readonly attempt: number;
  readonly executed: number;
  readonly stepAt: string;
}

/** `step` null: nothing more to do for now. */
export interface Moved {
  readonly step: string | null;
  readonly context: Context;
  readonly executed: number;
}

export interface Settling {
  readonly held: store.Held;
  readonly workflow: CompiledWorkflow;
  readonly place: Place;
  /** What the step worked with. */
  readonly input: unknown;
}

/** Writes what follows from a result. Throws LeaseLost, TooLarge. */
export async function settle(
  tx: Transaction,
  { held, workflow, place, input }: Settling,
  result: Result,
): Promise<Moved> {
  const { step, context, attempt, executed } = place;
  const must = async (done: Promise<boolean>) => {
    if (!(await done)) throw new LeaseLost();
  };
  if (result.kind === 'wait') {
    const { until, state, event = null } = result;
    await must(store.wait(tx, held, { until, state: jsonOf(state), event, step: step.name }));
    return { step: null, context, executed };
  }
  const failure = result.kind === 'failed' ? result.error : null;
  const log = (status: StepOutcome['status'], output: unknown) =>
    store.log(tx, {
      id: uuidV7(),
      instanceId: held.id,
      number: executed + 1,
      name: step.name,
      type: step.type,
      status,
      attempt: attempt + 1,
      input: loggedText(input),
      output: loggedText(output),
      error: failure === null ? null : `${failure.code}: ${failure.message}`,
      startedAt: place.stepAt,
    });
  const outcome: StepOutcome = {
    output: result.output ?? null,
    status: failure !== null ? 'failed' : result.kind === 'done' ? (result.status ?? 'success') : 'success',
    error: failure,
  };

  const delay = result.kind === 'failed' ? delayBefore(step, attempt, result.final) : null;
  if (delay !== null) {
    await must(store.tryAgain(tx, held, step.name, delay));
    await log('failed', result.output);
    return { step: null, context, executed: executed + 1 };
  }

  const withOutcome = (one: StepOutcome): Context => ({ ...context, steps: { ...context.steps, [step.name]: one } });
  let after = withOutcome(outcome);
  // What failed is told in any case, if need be without what it had said by then.
  if (failure !== null && jsonOf(after).length > MOST_CONTEXT) after = withOutcome({ ...outcome, output: null });
  const text = failure === null ? contextText(after) : jsonOf(after);
  const next = nextOf(workflow, step, result);
  if (next === null) {
    const ended = failure !== null && !passesOver(step);
    await must(
      store.end(tx, held, {
        status: ended ? 'failed' : 'completed',
        step: ended ? step.name : null,
        context: text,
        output: result.kind === 'end' ? jsonOf(result.output) : null,
        error: ended ? failure : null,
      }),
    );
    await store.wakeParent(tx, held.id);
  } else {
    const acts = ACTS.has((workflow.steps.get(next)?.step ?? step).type);
    await must(store.advance(tx, held, { step: next, context: text, acts, rested: hasRested(step, result) }));
  }
  if ((step.type === 'loop' || step.type === 'parallel') && (failure === null || next !== null))
    await store.forgetKept(tx, held.id);
  await log(outcome.status, result.output);
  return { step: next, context: after, executed: executed + 1 };
}

/** The instance fails as it stands, for a reason that is none of its step's. Throws LeaseLost. */
export async function breakOff(
  tx: Transaction,
  held: store.Held,
  { step, context }: { readonly step: string | null; readonly context: Context },
  error: Problem,
): Promise<void> {
  const done = await store.end(tx, held, { status: 'failed', step, context: jsonOf(context), output: null, error });
  if (!done) throw new LeaseLost();
  await store.wakeParent(tx, held.id);
}

/** Behind an event the next ones count, whatever the instance does meanwhile; behind any other pause only what follows its next act. */
const hasRested = ({ type }: Step, result: Result): boolean =>
  type === 'wait_event' ? !(result.kind === 'done' && result.next === undefined) : type.startsWith('wait_');

const onError = (step: Step): string => ('on_error' in step ? step.on_error : undefined) ?? 'fail';
const ofAction = (step: Step): string =>
  step.type === 'action' && step.on_error === undefined && step.action.on_error === 'continue'
    ? 'continue'
    : onError(step);
/** A failure of it is passed over, or dealt with by another step. */
export const passesOver = (step: Step): boolean => ofAction(step) !== 'fail';

/** Where the instance goes; null: it ends. */
export function nextOf(
  workflow: CompiledWorkflow,
  step: Step,
  result: Exclude<Result, { readonly kind: 'wait' }>,
): string | null {
  if (result.kind === 'end') return null;
  const following = workflow.following.get(step.name) ?? null;
  const target = (name: string | null | undefined): string | null =>
    name === undefined ? following : name !== null && workflow.steps.has(name) ? name : null;
  if (result.kind === 'done') return target(result.next);
  const handler = ofAction(step);
  if (handler === 'fail' || result.final) return null;
  return handler === 'continue' ? following : target(handler);
}

const DELAY_SECONDS = 5;
const BACKOFF = 2;
const LONGEST_DELAY_MS = 86_400_000;

/** Milliseconds until it is tried again; null where it is not. */
function delayBefore(step: Step, attempt: number, final: boolean | undefined): number | null {
  const retry = 'retry' in step ? step.retry : undefined;
  if (retry === undefined || final || attempt + 1 >= retry.max_attempts) return null;
  const seconds = (retry.delay_seconds ?? DELAY_SECONDS) * (retry.backoff ?? BACKOFF) ** attempt;
  return Math.min(seconds * 1000, LONGEST_DELAY_MS);
}

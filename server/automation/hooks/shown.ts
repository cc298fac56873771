// What an execution keeps once it is over: small enough to be looked at, without what was only needed to run.
import type { ActionOutcome } from '../../../contract/actions.ts';
import { cut } from '../../text.ts';
import type { Context } from './store/executions.ts';

/** Characters of JSON. */
const CONTEXT = 16_000;
const RESULT = 8000;
const SHOWN_KEYS = ['event', 'collection', 'record_id', 'occurred_at', 'scheduled_at', 'user_id', 'triggered_by'];

const sizeOf = (value: unknown): number => JSON.stringify(value ?? null).length;

/** Whole where it is small, else without records and input. */
export function keptContext(context: Context): Context {
  if (sizeOf(context) <= CONTEXT) return context;
  const small = Object.entries(context).filter(([key]) => SHOWN_KEYS.includes(key));
  return { ...Object.fromEntries(small), truncated: true };
}

/** Large results as the beginning of their JSON. */
export function keptOutcomes(outcomes: readonly ActionOutcome[]): ActionOutcome[] {
  return outcomes.map((outcome) =>
    sizeOf(outcome.result) <= RESULT
      ? outcome
      : { ...outcome, result: { truncated: true, beginning: cut(JSON.stringify(outcome.result), 1000) } },
  );
}

/** What all outcomes come to, and the first thing that went wrong. */
export function verdictOf(outcomes: readonly ActionOutcome[]): {
  readonly status: 'success' | 'partial' | 'failed';
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
} {
  const at = outcomes.findIndex(({ status }) => status === 'failed');
  if (at < 0) return { status: 'success', errorCode: null, errorMessage: null };
  const { type, name, error } = outcomes[at] as ActionOutcome;
  const done = outcomes.some(({ status }) => status === 'success');
  return {
    status: done ? 'partial' : 'failed',
    errorCode: error?.code ?? null,
    errorMessage: `Action ${at + 1}${name === null ? '' : ` ${name}`} (${type}): ${error?.message ?? 'failed'}`,
  };
}

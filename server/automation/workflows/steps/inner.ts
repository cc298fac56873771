// Actions within a step, in a loop or side by side: each one's outcome is stored with its effect, so that none happens twice.
import { type Action, type ActionOutcome, MOST_ACTIONS } from '../../../../contract/actions.ts';
import { Failure } from '../../../../contract/problems.ts';
import type { InnerStep } from '../../../../contract/workflow-steps.ts';
import type { CompiledAction } from '../../actions/compile.ts';
import { outcomesShape } from '../../actions/compile.ts';
import { sizeOf } from '../../actions/kept.ts';
import { withOutcomes } from '../../actions/run.ts';
import type { Vocabulary } from '../../vocabulary.ts';
import type { Judging, Part, StepRun } from './step.ts';

export interface Inner {
  readonly action: CompiledAction;
  readonly passOver: boolean;
}

/** Judges a sequence; each one's templates know the outcomes of those before it as `actions`. */
export function compileInner(
  list: readonly InnerStep[],
  key: string,
  judging: Judging,
  more: Vocabulary = {},
): Inner[] {
  if (list.length > MOST_ACTIONS) judging.wrong(key, 'too_many', `At most ${MOST_ACTIONS} actions.`);
  const named = list.map(({ name, action }) => ({ ...action, ...(name && { name }) }) as Action);
  return list.map(({ on_error }, i) => {
    const action = named[i] as Action;
    const actions = outcomesShape(named.slice(0, i).map(({ name }) => name));
    if (action.name !== undefined && named.findIndex(({ name }) => name === action.name) < i)
      judging.wrong(`${key}[${i}].name`, 'duplicate', `Two actions are called ${action.name}.`);
    const compiled = judging.action(`${key}[${i}].action`, action, { ...more, actions });
    return {
      action: compiled,
      passOver: (on_error ?? (action.on_error === 'continue' ? 'continue' : 'fail')) === 'continue',
    };
  });
}

/** These leave nothing, so they are done anew when the step is tried again, and see what is there by then. */
const READS: ReadonlySet<string> = new Set(['query_records', 'aggregate_records', 'transform']);

/** A failure within; what was done before it stays, and is not done again when the step is tried again. */
export class InnerFailed extends Error {
  constructor(
    readonly place: string,
    readonly outcome: ActionOutcome,
  ) {
    super(outcome.error?.message ?? 'It failed.');
  }
}

/** Does them one after the other, leaving out what is `done`; `prefix` names their places. Throws InnerFailed, RESULT_TOO_LARGE. */
export async function runInner(
  inner: readonly Inner[],
  at: StepRun,
  { prefix, done, ...part }: Omit<Part, 'place'> & { readonly prefix: string; readonly done: ReadonlySet<string> },
): Promise<ActionOutcome[]> {
  const outcomes: ActionOutcome[] = [];
  const before = inner.map((_, i) => `${prefix}.${i}`).filter((place) => done.has(place));
  const stored = before.length === 0 ? new Map<string, ActionOutcome>() : await at.outcomes(before);
  for (const { result } of stored.values()) part.room.take(sizeOf(result));
  for (const [i, { action, passOver }] of inner.entries()) {
    const place = `${prefix}.${i}`;
    const known = stored.get(place);
    if (known !== undefined) {
      outcomes.push(known);
      continue;
    }
    if (at.signal.aborted) throw at.signal.reason ?? new Failure('ACTION_TIMEOUT');
    const more = withOutcomes({ ...at.values, ...part.more }, outcomes);
    const outcome = await at.act(action, { place, more, room: part.room }, async (tx, one) => {
      if (!READS.has(action.type) && (one.status !== 'failed' || passOver)) await at.keep(tx, place, one);
    });
    if (outcome.status === 'failed' && !passOver) throw new InnerFailed(place, outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

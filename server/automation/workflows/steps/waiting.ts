// Steps that wait for a moment: for so long, or until then.

import { cut } from '../../../text.ts';
import { momentOf } from '../durations.ts';
import { type Kind, type StepRun, Unusable } from './step.ts';

/** Done once `until` has come; a dry run does not wait. */
function waitUntil(at: StepRun, until: Date): Promise<void> {
  const over = at.dry || at.now() >= until;
  if (over) return at.settle({ kind: 'done', output: { until: until.toISOString() } });
  return at.settle({ kind: 'wait', until, state: { until: until.toISOString() } });
}

const keptMoment = ({ state }: StepRun): Date | null =>
  typeof state?.until === 'string' ? new Date(state.until) : null;

export const delayStep: Kind<'wait_delay'> = (step, judging) => {
  const duration = judging.duration('duration', step.duration, null);
  return {
    input: () => ({ duration: step.duration }),
    run: (at) => waitUntil(at, keptMoment(at) ?? new Date(at.now().getTime() + (duration(at.values) ?? 0))),
  };
};

export const untilStep: Kind<'wait_until'> = (step, judging) => {
  const moment = judging.template('at', step.at);
  if (!step.at.includes('{{') && momentOf(step.at) === null)
    judging.wrong('at', 'invalid_moment', 'Write a moment as 2026-01-02T03:04:05Z, or a template.');
  return {
    input: (values) => ({ at: moment.render(values) }),
    run(at) {
      const kept = keptMoment(at);
      if (kept !== null) return waitUntil(at, kept);
      const value = moment.render(at.values);
      const until = momentOf(value);
      if (until === null)
        throw new Unusable(
          'INVALID_MOMENT',
          `wait_until needs a moment, and got ${cut(String(JSON.stringify(value)), 100)}.`,
        );
      return waitUntil(at, until);
    },
  };
};

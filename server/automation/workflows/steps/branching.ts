// Steps that choose what follows, and those that end the workflow.

import { cut } from '../../../text.ts';
import type { Kind } from './step.ts';

export const conditionStep: Kind<'condition'> = (step, judging) => {
  const condition = judging.condition('expression', step.expression);
  return {
    input: () => ({ expression: step.expression }),
    run(at) {
      const result = condition.holds(at.values);
      const next = result ? step.on_true : step.on_false;
      return at.settle({ kind: 'done', output: { result, branch: next ?? null }, next });
    },
  };
};

export const switchStep: Kind<'switch'> = (step, judging) => {
  const cases = step.cases.map(({ when, next }, i) => ({ when: judging.condition(`cases[${i}].when`, when), next }));
  return {
    run(at) {
      const found = cases.findIndex(({ when }) => when.holds(at.values));
      const next = found < 0 ? step.default : cases[found]?.next;
      return at.settle({ kind: 'done', output: { case: found < 0 ? null : found, branch: next ?? null }, next });
    },
  };
};

export const endStep: Kind<'end'> = (step, judging) => {
  const output = judging.template('output', step.output ?? null);
  return { run: (at) => at.settle({ kind: 'end', output: output.render(at.values) }) };
};

export const failStep: Kind<'fail'> = (step, judging) => {
  const message = judging.template('message', step.message);
  return {
    run: (at) =>
      at.settle({
        kind: 'failed',
        error: { code: 'WORKFLOW_FAILED', message: cut(String(message.render(at.values) ?? ''), 4000) },
        final: true,
      }),
  };
};

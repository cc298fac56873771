// A step that does several sequences side by side; where one fails, the others are done to their end first.
import type { InnerStep } from '../../../../contract/workflow-steps.ts';
import { Room } from '../../actions/kept.ts';
import { MOST_CONTEXT } from '../stored-json.ts';
import { compileInner, InnerFailed, runInner } from './inner.ts';
import type { Kind } from './step.ts';

export const parallelStep: Kind<'parallel'> = (step, judging) => {
  const branches = step.branches.map((list, b) =>
    compileInner(list as readonly InnerStep[], `branches[${b}]`, judging),
  );
  return {
    async run(at) {
      const done = await at.done();
      // What all branches say stays in memory until the last is done, and then in the context, which holds no more.
      const room = new Room(MOST_CONTEXT);
      const ends = await Promise.allSettled(
        branches.map((inner, b) => runInner(inner, at, { prefix: String(b), more: {}, room, done })),
      );
      const faults = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
      const other = faults.find((fault) => !(fault instanceof InnerFailed));
      if (other !== undefined) throw other;
      const output = {
        branches: ends.map((end) =>
          end.status === 'rejected'
            ? { status: 'failed', error: (end.reason as InnerFailed).outcome.error }
            : { status: 'success', results: end.value.map(({ result }) => result) },
        ),
      };
      const first = ends.findIndex(({ status }) => status === 'rejected');
      if (first < 0) return at.settle({ kind: 'done', output });
      const { code = 'INTERNAL_ERROR', message = '' } = (faults[0] as InnerFailed).outcome.error ?? {};
      return at.settle({ kind: 'failed', error: { code, message: `Branch ${first}: ${message}` }, output });
    },
  };
};

// A step that starts another workflow, and as a rule waits for its end.
import { failed, type Kind } from './step.ts';

export const subWorkflow: Kind<'workflow'> = (step, judging) => {
  const { workflow, wait: waits = true } = step;
  const input = judging.template('input', step.input ?? {});
  return {
    input: (values) => ({ workflow, input: input.render(values) }),
    async run(at) {
      const { state } = at;
      const given = input.render(at.values) as Readonly<Record<string, unknown>>;
      if (typeof state?.child !== 'string')
        return at.within(async (tx) => {
          const child = await at.start(tx, workflow, given, waits && !at.dry);
          if (!waits || at.dry) return at.settle({ kind: 'done', output: { instance_id: child } }, tx);
          const until = step.timeout_seconds && new Date(at.now().getTime() + step.timeout_seconds * 1000);
          await at.settle(
            { kind: 'wait', until: until || null, state: { child, until: until ? until.toISOString() : null } },
            tx,
          );
        });
      const child = await at.child(state.child);
      const output = { instance_id: state.child, status: child?.status ?? 'gone', output: child?.output ?? null };
      if (child?.status === 'completed') return at.settle({ kind: 'done', output });
      if (child === null || child.status === 'failed' || child.status === 'cancelled')
        return at.settle({
          kind: 'failed',
          error: {
            code: 'SUB_WORKFLOW_FAILED',
            message: `The workflow ${workflow} ended as ${output.status}. ${child?.error ?? ''}`.trim(),
          },
          output,
        });
      const until = typeof state.until === 'string' ? new Date(state.until) : null;
      if (until !== null && at.now() >= until)
        return at.settle(failed('WAIT_TIMEOUT', `The workflow ${workflow} did not end in time.`));
      return at.settle({ kind: 'wait', until, state });
    },
  };
};

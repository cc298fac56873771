// The lifecycle events around each run of a job: a hook before it may refuse it, one behind it hears how it ended.
import type { Lifecycle } from '../../lifecycle/service.ts';
import { abortedBy } from '../../lifecycle/service.ts';
import { GiveUp, type JobHandler } from './handler.ts';

/** The handler between its events. What a hook refuses is not tried again. */
export function observed(
  handler: JobHandler,
  name: string,
  lifecycle: Pick<Lifecycle, 'wants' | 'fire'> | undefined,
): JobHandler {
  const before = lifecycle?.wants('on_job_before_run') === true;
  const after = lifecycle?.wants('on_job_after_run') === true;
  if (lifecycle === undefined || (!before && !after)) return handler;
  return {
    ...handler,
    async run(payload, job) {
      const facts = { job: name, jobId: job.id, payload };
      const inside = { ctx: null, accountId: job.accountId };
      if (before)
        await lifecycle.fire('on_job_before_run', facts, inside).catch((error) => {
          const aborted = abortedBy(error);
          throw aborted === undefined ? error : new GiveUp(aborted.message);
        });
      let failure: string | null = null;
      try {
        await handler.run(payload, job);
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        throw error;
      } finally {
        const outcome = { succeeded: failure === null, error: failure };
        if (after) await lifecycle.fire('on_job_after_run', { ...facts, ...outcome }, inside);
      }
    },
  };
}

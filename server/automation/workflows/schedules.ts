// Schedules: whoever finds one due starts the instance and sets the next time in one transaction, so it fires once.
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createRounds, type Rounds } from '../rounds.ts';
import { nextRun, nextRunOrRest } from '../schedule.ts';
import type { Starting } from './starting.ts';
import * as store from './store/workflows.ts';
import type { StoredTrigger } from './trigger.ts';

const LONGEST_PAUSE_MS = 15_000;
const SHORTEST_PAUSE_MS = 50;
const AT_A_TIME = 20;

type Schedule = Extract<StoredTrigger, { readonly type: 'schedule' }>;

/** When the trigger is next due after a moment; null for none. */
export const nextOfSchedule = (trigger: StoredTrigger, enabled: boolean, after: Date): Date | null =>
  trigger.type === 'schedule' && enabled ? nextRun(trigger.cron, trigger.timezone, after) : null;

/** To be woken when a schedule has changed. */
export function createSchedules({
  db,
  starting,
  log,
}: {
  readonly db: Database;
  readonly starting: Starting;
  readonly log?: Logger | undefined;
}): Rounds {
  /** What was missed while nothing ran happens once. Answers whether there may be more. */
  const some = () =>
    db.transaction(async (tx) => {
      const due = await store.dueSchedules(tx, AT_A_TIME);
      if (due.length === 0) return false;
      const now = await store.clockOf(tx);
      for (const workflow of due) {
        const trigger = { scheduled_at: workflow.next_run_at, _event: 'schedule' };
        await starting.begin(tx, { workflow, source: 'schedule', trigger, depth: 1, startedBy: null });
        const next = nextRunOrRest(workflow.trigger as Schedule, now, (err) =>
          log?.error({ err, workflow: workflow.id }, 'The schedule of a workflow cannot be read any more: it rests.'),
        );
        await store.scheduleNext(tx, workflow.id, next);
      }
      return due.length === AT_A_TIME;
    });

  return createRounds({
    some,
    nextIn: () => store.nextSchedule(db),
    idleMs: LONGEST_PAUSE_MS,
    shortestMs: SHORTEST_PAUSE_MS,
    retryMs: LONGEST_PAUSE_MS,
    failed: (err) => log?.warn({ err }, 'Schedules of workflows could not be looked at; trying again.'),
  });
}

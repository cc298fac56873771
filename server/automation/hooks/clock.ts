// Hooks by the clock: whatever is due gets its execution and its next moment in one transaction, so that it fires once however many processes look.
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { uuidV7 } from '../../ids.ts';
import { createRounds, type Rounds } from '../rounds.ts';
import { nextRunOrRest } from '../schedule.ts';
import { dueHooks, nextDueIn, setNextRun } from './store/definitions.ts';
import { insertExecutions } from './store/executions.ts';

export interface ClockOptions {
  readonly db: Database;
  readonly log: Logger;
  /** There are executions to run. */
  readonly onFired: () => void;
}

const AT_A_TIME = 100;
/** How seldom to look without being told: another process may have made a schedule. */
const IDLE_MS = 5000;

/** To be woken when a schedule was made or changed. */
export function createClock({ db, log, onFired }: ClockOptions): Rounds {
  /** Answers whether there may be more. What was missed while nothing ran is made up for once. */
  const fire = () =>
    db.transaction(async (tx) => {
      const due = await dueHooks(tx, AT_A_TIME);
      await insertExecutions(
        tx,
        due.map(({ id, account_id: accountId, next_run_at: at }) => ({
          id: uuidV7(),
          accountId,
          hookId: id,
          triggerType: 'schedule',
          event: null,
          queue: null,
          depth: 1,
          context: { scheduled_at: at },
        })),
      );
      for (const { id, trigger, at } of due) {
        const next = nextRunOrRest(trigger, new Date(at), (err) =>
          log.error({ err, hook: id }, 'The schedule of a hook cannot be read any more: it rests.'),
        );
        await setNextRun(tx, id, next);
      }
      if (due.length > 0) tx.afterCommit(onFired);
      return due.length === AT_A_TIME;
    });

  return createRounds({
    some: fire,
    nextIn: () => nextDueIn(db),
    idleMs: IDLE_MS,
    shortestMs: 5,
    retryMs: 1000,
    failed: (err) => log.warn({ err }, 'Schedules could not be looked at; trying again.'),
  });
}

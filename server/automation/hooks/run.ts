// Running what waits: each action under the execution's lease, its outcome stored with its effect, so that a process that dies or falls behind does nothing twice.
import type { ActionOutcome } from '../../../contract/actions.ts';
import type { ExecutionStatus } from '../../../contract/hooks.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { Room } from '../actions/kept.ts';
import { withOutcomes } from '../actions/run.ts';
import type { ActionService } from '../actions/service.ts';
import { createDue, type Due } from '../due.ts';
import { authValues } from '../people.ts';
import { automationCtx } from '../principal.ts';
import { findPerson } from '../store.ts';
import type { EnabledHooks } from './enabled.ts';
import { valuesOf } from './names.ts';
import { keptContext, keptOutcomes, verdictOf } from './shown.ts';
import { findRole } from './store/definitions.ts';
import * as store from './store/executions.ts';

export interface RunnerOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly actions: ActionService;
  readonly enabled: EnabledHooks;
  /** Shorter in tests. */
  readonly leaseMs?: number | undefined;
}

/** Executions of one process at the same time, shared by accounts. They mostly wait for receivers of their calls. */
const CONCURRENCY = 16;
/** A run that was taken up so often without coming to an end takes its process down with it. */
const MOST_ATTEMPTS = 10;

/** Another process has the execution by now, or this one stops: what was not stored is not this process's any more. */
class LetGo extends Error {}

export function createHookRunner({ db, log, actions, enabled, leaseMs }: RunnerOptions): Due {
  async function run({ id }: { readonly id: string }, lease: string, stopping: AbortSignal): Promise<void> {
    const row = await store.loadRun(db, id, lease);
    if (row === null) return;
    const end = (
      status: ExecutionStatus,
      outcomes: readonly ActionOutcome[],
      errorCode: string | null,
      errorMessage: string | null,
    ) =>
      store.finish(db, id, lease, {
        status,
        outcomes: keptOutcomes(outcomes),
        context: keptContext(row.context),
        errorCode,
        errorMessage,
      });
    const stopped = row.outcomes.length > 0 ? 'partial' : 'failed';
    const refused = refusalOf(row);
    if (refused !== null) return end(refused.skipped ? 'skipped' : stopped, row.outcomes, refused.code, refused.why);
    const { condition, actions: compiled, problems } = enabled.compiled(row.hook);
    const [problem] = problems;
    if (problem !== undefined) {
      const why = `The hook no longer fits: ${problem.field}: ${problem.message}`;
      return end(stopped, row.outcomes, 'INVALID_REQUEST', why);
    }
    const role = await findRole(db, row.hook.run_as);
    if (role === null)
      return end(
        stopped,
        row.outcomes,
        'FORBIDDEN',
        `The role ${row.hook.run_as} that the hook runs as is gone or disabled.`,
      );

    const automation = { kind: 'hook' as const, id: row.hook.id, name: row.hook.name, run: id, depth: row.depth };
    const ctx = automationCtx({ accountId: row.account_id, role, automation }, `hook_${id}`);
    const userId = row.context.user_id;
    const person = typeof userId === 'string' ? await findPerson(db, row.account_id, userId) : null;
    const auth = authValues(row.account_id, person);
    // The same in every attempt.
    const values = valuesOf(row.context, { hook: row.hook, run: id, auth, now: row.at });
    // Of events it was asked when they were read.
    if (row.trigger_type !== 'event' && row.outcomes.length === 0 && !condition.holds(values))
      return end('skipped', [], 'CONDITION', 'The condition does not hold.');
    const limit = timeLimit(row.hook.timeout_seconds);
    const signal = AbortSignal.any([stopping, limit.signal]);
    const outcomes = [...row.outcomes];
    const room = new Room(undefined, outcomes);
    try {
      for (const action of compiled.slice(outcomes.length)) {
        if (stopping.aborted) throw new LetGo();
        const key = `${id}.${outcomes.length}`;
        const situation = { ctx, values: withOutcomes(values, outcomes), signal, room, key };
        const outcome = await actions.runStored(action, situation, async (tx, made) => {
          // What was cut off by this process's end has not failed.
          if (stopping.aborted && made.status === 'failed') throw new LetGo();
          const place = { id, lease, revision: row.hook.revision };
          if (!(await store.storeProgress(tx, place, [...outcomes, made]))) throw new LetGo();
        });
        outcomes.push(outcome);
        if (outcome.status === 'failed' && action.onError === 'stop') break;
      }
      const { status, errorCode, errorMessage } = verdictOf(outcomes);
      await end(status, outcomes, errorCode, errorMessage);
    } catch (error) {
      if (!(error instanceof LetGo)) throw error;
      await store.release(db, id, lease);
    } finally {
      limit.clear();
    }
  }

  const due: Due = createDue({
    name: 'hooks',
    log,
    ...(leaseMs !== undefined && { leaseMs }),
    concurrency: CONCURRENCY,
    claim: (lease, leaseMs, limit, busy, after) =>
      db.transaction((tx) => store.claimExecutions(tx, { lease, leaseMs, limit, busy, after })),
    renew: (lease, ms, ids) => store.renewLeases(db, lease, ms, ids),
    nextIn: () => store.nextLeaseIn(db),
    // Whatever waits for this one to be finished, or for its place, may run now.
    run: (item, lease, signal) => run(item, lease, signal).finally(() => setImmediate(() => due.wake())),
  });
  return due;
}

/** Why an execution is not to be run, or not on; null where it is. */
function refusalOf({ trigger_type: type, attempt, begun, hook }: store.RunRow) {
  if (!hook.enabled && type !== 'manual')
    return { skipped: true, code: 'DISABLED', why: 'The hook was disabled before this run began.' };
  if (attempt > MOST_ATTEMPTS)
    return {
      skipped: false,
      code: 'ATTEMPTS',
      why: `It was taken up ${MOST_ATTEMPTS} times and never came to an end.`,
    };
  if (begun !== null && begun !== hook.revision)
    return { skipped: false, code: 'DEFINITION_CHANGED', why: 'The hook was changed while this run was interrupted.' };
  return null;
}

/** Ends whatever runs after so many seconds. */
export function timeLimit(seconds: number): { readonly signal: AbortSignal; clear(): void } {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Failure('ACTION_TIMEOUT')), seconds * 1000);
  return { signal: over.signal, clear: () => clearTimeout(timer) };
}

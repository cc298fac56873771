// Assembles automation: the executor and the parts of it, each of which defines, stores and runs its own kind.
import { Failure } from '../../contract/problems.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Mail } from '../mail/service.ts';
import type { Records } from '../records/service.ts';
import { type ActionParts, createActions } from './actions/service.ts';
import type { Background } from './background.ts';
import { createHookRoom, type HookRoomOptions } from './hooks/room.ts';
import type { NewJob } from './jobs/handler.ts';
import type { Jobs } from './jobs/service.ts';
import type { Outbound } from './outbound/call.ts';

export interface AutomationOptions extends Omit<HookRoomOptions, 'actions' | 'handlers'> {
  readonly db: Database;
  readonly log: Logger;
  readonly records: Records;
  readonly mail: Mail;
  readonly outbound: Pick<Outbound, 'call'>;
  readonly jobs: Pick<Jobs, 'define' | 'enqueue' | 'handlers'>;
  readonly background: Pick<Background, 'add'>;
}

export type Automation = Awaited<ReturnType<typeof createAutomation>>;

/** Call it before the first request: what it listens to must not be missed. */
export async function createAutomation(options: AutomationOptions) {
  const { db, log, records, mail, outbound, jobs, background } = options;
  // The executor starts workflows and jobs, and these run actions: what closes the circle is put in at the end.
  const late: { call?: ActionParts['call']; enqueue?: ActionParts['enqueue']; trigger?: ActionParts['trigger'] } = {};
  const put = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('Automation is not assembled yet.');
    return part;
  };
  const actions = createActions({
    db,
    records,
    log,
    mail,
    call: (request, signal) => put(late.call)(request, signal),
    enqueue: (on: Transaction | null, job) => put(late.enqueue)(on, job),
    trigger: (on, asked) => put(late.trigger)(on, asked),
    abort: (message, status) => new Failure('HOOK_ABORTED', { message, status }),
  });
  late.call = (call, signal) => outbound.call({ ...call, signal });
  late.enqueue = (on, job) => jobs.enqueue(on, defined(job));
  // What a transaction put off until it was committed.
  for (const [handler, run] of Object.entries(actions.later))
    jobs.define(handler, { run: async (payload, job) => void (await run(payload, job.signal)) });
  const hooks = await createHookRoom({ ...options, actions, handlers: () => jobs.handlers });
  background.add('hooks', hooks.work);
  return {
    actions,
    late,
    hooks,
    /** Lets what runs come to a point from which it can be taken up. */
    async close(): Promise<void> {
      await hooks.close();
    },
  };
}

/** Without keys whose value is undefined. */
const defined = (job: Parameters<ActionParts['enqueue']>[1]): NewJob =>
  Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined)) as unknown as NewJob;

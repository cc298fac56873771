// Jobs: work that is done later, in any process, at least once and never twice at the same time; it exists only if the transaction that enqueues it commits.
import type { jobs as contract, Job, JobStats } from '../../../contract/jobs.ts';
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import type { Recorder } from '../../audit/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { isUuid } from '../../ids.ts';
import type { Lifecycle } from '../../lifecycle/service.ts';
import type { Working } from '../background.ts';
import type { Limits } from './attempt.ts';
import { createBoss } from './boss.ts';
import { CHANNEL, createEnqueue, isHandlerName, problemsOf } from './enqueue.ts';
import type { JobHandler, NewJob } from './handler.ts';
import { showJob } from './shown.ts';
import * as store from './store.ts';
import { createWorker, type JobWorker } from './worker.ts';

type C = typeof contract;

export interface Jobs {
  /** Names what works on jobs of that handler; before or after the process begins to work. Throws for a name that is taken or none. */
  define(handler: string, definition: JobHandler): void;
  /** The names of all handlers, in alphabetical order. */
  readonly handlers: readonly string[];
  /** Of these, the names of those that definitions of accounts may enqueue. */
  readonly openHandlers: readonly string[];
  /** What is wrong with an order, for those who store one. */
  problems(job: NewJob): ReturnType<typeof problemsOf>;
  /**
   * Answers the job's id. With `on` the job exists only if that transaction commits. Throws INVALID_RESOURCE_DATA with every problem.
   */
  enqueue(on: Transaction | null, job: NewJob): Promise<string>;
  list(query: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  stats(): Promise<JobStats>;
  /** This and the following throw RESOURCE_NOT_FOUND. */
  get(id: string): Promise<Job>;
  /** Throws WRONG_STATE for a job that waits, runs or is completed. */
  retry(id: string, ctx: Ctx): Promise<Job>;
  /** Throws WRONG_STATE for a job that came to its end; cancelled ones stay as they are. */
  cancel(id: string, ctx: Ctx): Promise<undefined>;
  /** Begins to work on jobs; for `Background.add`. Rejects as the database does. */
  work(): Promise<Working>;
  /** Resolves once nothing is due and nothing runs in this process. For tests. */
  settle(): Promise<void>;
}

export interface JobsOptions {
  readonly db: Database;
  readonly trail: Recorder;
  readonly log?: Logger | undefined;
  /** Jobs side by side in this process; default 20. */
  readonly concurrency?: number;
  readonly leaseSeconds?: number;
  readonly limits?: Limits;
  readonly lifecycle?: Pick<Lifecycle, 'wants' | 'fire'> | undefined;
}

export function createJobs({ db, trail, log, concurrency = 20, leaseSeconds, limits, lifecycle }: JobsOptions): Jobs {
  const handlers = new Map<string, JobHandler>();
  const boss = createBoss(db, log);
  const known = () => [...handlers.keys()].sort();
  let worker: JobWorker | null = null;

  const found = (row: store.JobRow | null): store.JobRow => {
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  };

  /** Changes the state of a job that is locked; what was done stands in the audit trail of the job's account. */
  async function change(id: string, ctx: Ctx, work: (tx: Transaction, job: store.JobRow) => Promise<void>) {
    return db.transaction(async (tx) => {
      const before = found(isUuid(id) ? await store.lock(tx, id) : null);
      await work(tx, before);
      const after = found(await store.find(tx, before.id));
      await trail.record(tx, ctx, {
        accountId: after.data.account_id ?? SYSTEM_ACCOUNT,
        table: 'jobs',
        id: after.id,
        before: { status: before.status },
        after: { status: after.status },
      });
      return after;
    });
  }
  const refuse = ({ status }: store.JobRow, hint: string) => new Failure('WRONG_STATE', { what: 'job', status, hint });

  return {
    define(handler, definition) {
      if (!isHandlerName(handler))
        throw new Error(
          `${JSON.stringify(handler)} is no name for a job handler: a letter, then letters, digits, . _ : -`,
        );
      if (handlers.has(handler)) throw new Error(`There is a job handler ${handler} already.`);
      handlers.set(handler, definition);
      worker?.wake();
    },
    get handlers() {
      return known();
    },
    get openHandlers() {
      return known().filter((name) => handlers.get(name)?.open === true);
    },
    problems: (job) => problemsOf(job, handlers),
    enqueue: createEnqueue(db, boss, handlers),

    async list({ status, queue, handler, account_id, ...query }) {
      const window = offsetWindow(query);
      const filter = { status, queue, handler, accountId: account_id };
      const { rows, total } = await store.list(db, filter, window);
      return page(rows.map(showJob), total, window);
    },

    async stats() {
      const counted = new Map((await store.count(db)).map((one) => [one.status, one]));
      const of = (status: store.JobRow['status']) => counted.get(status)?.count ?? 0;
      const lost = of('failed') + of('dead');
      const over = lost + of('completed');
      return {
        pending: of('pending'),
        running: of('running'),
        completed: of('completed'),
        failed: of('failed'),
        retrying: of('retrying'),
        dead: of('dead'),
        cancelled: of('cancelled'),
        avg_duration_seconds: counted.get('completed')?.seconds ?? null,
        failure_rate: over === 0 ? 0 : lost / over,
      };
    },

    get: async (id) => showJob(found(isUuid(id) ? await store.find(db, id) : null)),

    async retry(id, ctx) {
      const after = await change(id, ctx, async (tx, job) => {
        if (!['failed', 'dead', 'cancelled'].includes(job.status))
          throw refuse(job, 'only failed, dead and cancelled jobs can be run again');
        // Otherwise it could run twice at the same time.
        if (job.stopping) throw refuse(job, 'what ran of it may not have stopped yet, try again in a minute');
        await store.again(tx, job.handler, job.id);
        await db.notify(CHANNEL, '', tx);
      });
      return showJob(after);
    },

    async cancel(id, ctx) {
      await change(id, ctx, async (tx, job) => {
        if (job.status === 'cancelled') return;
        if (!['pending', 'retrying', 'running'].includes(job.status))
          throw refuse(job, 'only jobs that wait or run can be cancelled');
        await store.cancel(tx, job.handler, job.id);
        await db.notify(CHANNEL, job.id, tx);
      });
      return undefined;
    },

    async work() {
      // One process holds the embedded database: whoever worked on a job before this one began is gone.
      if (db.kind === 'embedded') await store.recover(db, true);
      const told = (id: string) => (id === '' ? worker?.wake() : worker?.cancelled(id));
      const stop = await db.listen(CHANNEL, told, () => worker?.wake());
      const upkeep = await boss.supervise().catch(async (error) => {
        await stop();
        throw error;
      });
      const working = createWorker({ db, boss, handlers, concurrency, lifecycle, log, leaseSeconds, limits });
      worker = working;
      return {
        async close() {
          await stop();
          await working.close();
          await upkeep.close();
        },
      };
    },
    settle: async () => worker?.settle(),
  };
}

// Takes due jobs and works on them: fairly among accounts, under leases, each end written by the holder alone.
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { isPassing } from '../../db/errors.ts';
import type { Logger } from '../../db/log.ts';
import type { Lifecycle } from '../../lifecycle/service.ts';
import { createDue, type Due } from '../due.ts';
import { MOST_DEPTH } from '../principal.ts';
import { type Attempt, attempt, type Limits, type Outcome } from './attempt.ts';
import { type Boss, LEASE_SECONDS, on } from './boss.ts';
import type { JobHandler } from './handler.ts';
import { observed } from './observed.ts';
import * as store from './store.ts';

export interface WorkerOptions {
  readonly db: Database;
  readonly boss: Boss;
  readonly handlers: ReadonlyMap<string, JobHandler>;
  /** Jobs side by side in this process. */
  readonly concurrency: number;
  readonly log?: Logger | undefined;
  readonly leaseSeconds?: number | undefined;
  readonly limits?: Limits | undefined;
  readonly lifecycle?: Pick<Lifecycle, 'wants' | 'fire'> | undefined;
}

export interface JobWorker extends Due {
  /** Tells a job to stop if it runs here. */
  cancelled(id: string): void;
}

interface Taken extends store.Taken {
  readonly handler: JobHandler;
  /** By the process's own clock, in ms: its lease began then or later. */
  readonly takenAt: number;
}
interface Running extends store.Held {
  readonly attempt: Attempt;
  /** By the process's own clock, in ms: when the lease was last known to be ours. */
  renewedAt: number;
}

const TOO_DEEP: Outcome = {
  kind: 'failed',
  message: `More than ${MOST_DEPTH} runs of automation set each other off before this job; it is not run.`,
  final: true,
};

/** Tries of writing an end that the database refuses for what it says. */
const MOST_REFUSED = 3;
const UNWRITABLE: Outcome = {
  kind: 'failed',
  message: 'How this try ended could not be stored; it is not tried again.',
  final: true,
};

/** Starts to work. */
export function createWorker(options: WorkerOptions): JobWorker {
  const { db, boss, handlers, concurrency, lifecycle, log, leaseSeconds = LEASE_SECONDS, limits } = options;
  const running = new Map<string, Running>();
  const taken = new Map<string, number>();
  let looked: readonly store.Look[] = [];
  const roomOf = (name: string) => (handlers.get(name)?.concurrency ?? concurrency) - (taken.get(name) ?? 0);
  const due = (one: store.Look) => one.dueIn !== null && one.dueIn <= 0;

  async function look(): Promise<readonly store.Look[]> {
    const names = [...handlers.keys()].filter((name) => roomOf(name) > 0);
    if (names.length === 0) return [];
    const found = await store.look(db, names);
    if (!found.some(({ orphaned }) => orphaned)) return found;
    const jobs = await store.recover(db, false);
    if (jobs > 0) log?.warn({ jobs }, 'Jobs of a process that ended or was silent are taken up again.');
    return store.look(db, names);
  }

  async function claim(_: string, __: number, limit: number, busy: readonly string[], after: string): Promise<Taken[]> {
    looked = await look();
    const rooms = looked.filter(due).map(({ name }) => ({ name, places: roomOf(name) }));
    if (rooms.length === 0) return [];
    const takenAt = performance.now();
    const jobs = await store.take(db, rooms, { limit, seconds: leaseSeconds, busy, after });
    for (const { name } of jobs) taken.set(name, (taken.get(name) ?? 0) + 1);
    return jobs.map((job) => ({ ...job, handler: handlers.get(job.name) as JobHandler, takenAt }));
  }

  async function renew(): Promise<void> {
    const held = [...running.values()];
    const now = performance.now();
    // Told in time: what is left of the lease is for stopping.
    for (const one of held)
      if (now - one.renewedAt > leaseSeconds * 600) one.attempt.lose('The database could not be asked for too long.');
    const ours = await store.renew(db, held, leaseSeconds);
    for (const one of held)
      if (ours.has(one.id)) one.renewedAt = now;
      else if (running.get(one.id) === one) one.attempt.lose('The job was cancelled or is somebody else’s now.');
  }

  async function run(job: Taken, _: string, stopping: AbortSignal): Promise<void> {
    const { id, name, data, handler, startedOn } = job;
    let failed = false;
    try {
      // Taken in the very moment in which the process was told to stop.
      if (stopping.aborted) return void (await store.putBack(db, job));
      if (data.depth > MOST_DEPTH) return await write(job, TOO_DEEP, stopping);
      const facts = { id, accountId: data.account_id, attempt: job.attempt, depth: data.depth };
      const one = attempt(observed(handler, name, lifecycle), data.payload, facts, stopping, limits);
      running.set(id, { id, name, startedOn, attempt: one, renewedAt: job.takenAt });
      const outcome = await one.outcome;
      failed = outcome.kind === 'failed';
      await write(job, outcome, stopping);
    } finally {
      running.delete(id);
      taken.set(name, (taken.get(name) ?? 1) - 1);
      // A place among those of its own, or a try that is due at another time.
      if (failed || handler.concurrency !== undefined) worker.wake();
    }
  }

  /**
   * For as long as the lease is held: what a job has done must not be done again because the database was away for a moment. An end
   * that the database refuses becomes a fixed one, and is left to the lease where that is refused too: the place is others' to use.
   */
  async function write(job: Taken, outcome: Outcome, stopping: AbortSignal): Promise<void> {
    let refused = 0;
    for (let pause = 200; ; pause = Math.min(2 * pause, 5000)) {
      try {
        return await end(job, refused < MOST_REFUSED ? outcome : UNWRITABLE);
      } catch (error) {
        if (!isPassing(error)) refused += 1;
        if (stopping.aborted || refused >= 2 * MOST_REFUSED) throw error;
        log?.warn(
          { err: error, job: job.id, handler: job.name },
          'The end of a job could not be written; trying again.',
        );
        await delay(pause, undefined, { ref: false });
      }
    }
  }

  async function end(job: Taken, outcome: Outcome): Promise<void> {
    const { name, id } = job;
    if (outcome.kind === 'left')
      return log?.error({ job: id, handler: name }, 'A job’s handler did not stop with the server.');
    if (outcome.kind === 'failed')
      log?.warn({ job: id, handler: name, attempt: job.attempt, reason: outcome.message }, 'A job failed.');
    // Who cancelled it waits to hear that it has ended.
    if (!(await written(job, outcome))) await store.ended(db, job);
  }

  async function written(job: Taken, outcome: Exclude<Outcome, { kind: 'left' }>): Promise<boolean> {
    switch (outcome.kind) {
      case 'completed':
        return store.complete(db, job);
      case 'interrupted':
        return store.putBack(db, job);
      case 'lost':
        return false;
      case 'failed':
        return outcome.final ? store.giveUp(db, job, outcome.message) : fail(job, outcome.message);
    }
  }

  async function fail(job: Taken, message: string): Promise<boolean> {
    const queue = await boss.get();
    return db.transaction(async (tx) => {
      if (!(await store.hold(tx, job))) return false;
      await queue.fail(job.name, job.id, { message }, { db: on(tx) });
      return true;
    });
  }

  const worker = createDue<Taken>({
    name: 'jobs',
    claim,
    renew,
    run,
    async nextIn() {
      const next = looked.filter(({ name }) => roomOf(name) > 0).flatMap(({ dueIn }) => dueIn ?? []);
      return next.length === 0 ? null : Math.min(...next);
    },
    concurrency,
    log,
    leaseMs: leaseSeconds * 1000,
    // With one process whoever enqueues tells us; only leases run out silently.
    idleMs: db.kind === 'embedded' ? 15_000 : 2000,
  });
  return {
    ...worker,
    cancelled: (id) => running.get(id)?.attempt.lose('The job was cancelled.'),
  };
}

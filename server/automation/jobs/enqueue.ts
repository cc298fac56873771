// Enqueueing: what an order may say, and the one row it becomes, in the caller's transaction or alone.
import { createHash } from 'node:crypto';
import { Failure, type ProblemEntry } from '../../../contract/problems.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { uuidV7 } from '../../ids.ts';
import { isStorable } from '../../text.ts';
import { type Boss, on } from './boss.ts';
import { type JobHandler, MOST_PAYLOAD_BYTES, type NewJob } from './handler.ts';
import { type Envelope, ensureQueue } from './store.ts';

/** Tells the workers of all processes: empty for "there is more", else the id of a job that was cancelled. */
export const CHANNEL = 'snackbase_jobs';

export type Enqueue = (tx: Transaction | null, job: NewJob) => Promise<string>;

export function createEnqueue(db: Database, boss: Boss, handlers: ReadonlyMap<string, JobHandler>): Enqueue {
  return async (tx, job) => {
    const problems = problemsOf(job, handlers);
    if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
    const { handler, payload = {}, accountId = null, queue = 'default', depth = 0, singletonKey, createdBy } = job;
    const { retries = 2, retryDelaySeconds = 60, delaySeconds = 0, priority = 0 } = job;
    const id = singletonKey === undefined ? uuidV7() : idOf(handler, singletonKey);
    const by = createdBy !== undefined && { created_by: createdBy };
    const data: Envelope = { payload, account_id: accountId, queue, depth, ...by };
    const run = tx ?? db;
    const options = {
      id,
      priority,
      startAfter: delaySeconds,
      retryLimit: retries,
      retryDelay: retryDelaySeconds,
      retryBackoff: retryDelaySeconds > 0,
      db: on(run),
    };
    const jobs = await boss.get();
    if ((await jobs.send(handler, data, options)) === null) {
      // Its handler never had a job, or the one of this key is there. Beside the caller's transaction, which would hold the locks for
      // as long as it takes; the embedded database has one session, where nobody else could wait for them.
      await ensureQueue(db.kind === 'embedded' ? run : db, handler);
      await jobs.send(handler, data, options);
    }
    const told = db.notify(CHANNEL, '', tx ?? undefined);
    // It is there; workers look by themselves before long.
    await (tx === null ? told.catch(() => {}) : told);
    return id;
  };
}

/** Version 8 of RFC 9562: always the same for a handler and a key. */
function idOf(handler: string, key: string): string {
  const bits = createHash('sha256')
    .update(JSON.stringify([handler, key]))
    .digest('hex');
  return `${bits.slice(0, 8)}-${bits.slice(8, 12)}-8${bits.slice(13, 16)}-a${bits.slice(17, 20)}-${bits.slice(20, 32)}`;
}

/** What a handler may be called. */
export const isHandlerName = (name: string): boolean => /^[a-z][a-z0-9_.:-]{0,99}$/i.test(name);

/** Every problem of an order; none for one that can be enqueued. For those who store orders, too. */
export function problemsOf(job: NewJob, handlers: ReadonlyMap<string, JobHandler>): ProblemEntry[] {
  const known = [...handlers.keys()].sort();
  const problems: ProblemEntry[] = [];
  const add = (field: string, code: string, message: string) => void problems.push({ field, code, message });
  if (!known.includes(job.handler)) {
    const names = known.length === 0 ? 'none is known' : `the known ones are ${known.join(', ')}`;
    add('handler', 'unknown_handler', `There is no job handler ${JSON.stringify(job.handler)}: ${names}.`);
  }
  payloadProblem(job.payload ?? {}, handlers.get(job.handler)?.mostPayloadBytes ?? MOST_PAYLOAD_BYTES, add);
  if (job.queue !== undefined && !/^[\w.-]{1,100}$/.test(job.queue))
    add('queue', 'invalid', 'A queue is 1 to 100 letters, digits, dots, hyphens and underscores.');
  whole('delay_seconds', job.delaySeconds, 0, 365 * 86_400, add);
  whole('retries', job.retries, 0, 100, add);
  whole('retry_delay_seconds', job.retryDelaySeconds, 0, 86_400, add);
  whole('priority', job.priority, -1_000_000, 1_000_000, add);
  if (job.singletonKey !== undefined && (job.singletonKey === '' || job.singletonKey.length > 500))
    add('singleton_key', 'invalid', 'A key has 1 to 500 characters.');
  return problems;
}

type Add = (field: string, code: string, message: string) => void;

function whole(field: string, value: number | undefined, min: number, max: number, add: Add): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max))
    add(field, 'out_of_range', `A whole number from ${min} to ${max} is needed.`);
}

function payloadProblem(payload: unknown, most: number, add: Add): void {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    add('payload', 'invalid_type', 'The payload of a job is an object.');
    return;
  }
  const text = jsonOf(payload);
  const bytes = text === null ? 0 : Buffer.byteLength(text);
  if (text === null) add('payload', 'invalid', 'The payload cannot be written as JSON.');
  else if (bytes > most) add('payload', 'too_large', `The payload has ${bytes} bytes as JSON; ${most} are allowed.`);
  else if (isUnstorable(payload))
    add('payload', 'invalid_characters', 'The payload has a NUL character or half of a surrogate pair.');
}

function jsonOf(payload: object): string | null {
  try {
    return JSON.stringify(payload);
  } catch {
    return null;
  }
}

function isUnstorable(value: unknown): boolean {
  if (typeof value === 'string') return !isStorable(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => !isStorable(key) || isUnstorable(inner));
}

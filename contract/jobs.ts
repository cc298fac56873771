// The background jobs of the whole server, as superadmins watch and mend them.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, Id, idParam, offsetQuery, page, pageOf, Timestamp } from './shapes.ts';

export const JOB_STATUSES = ['pending', 'running', 'completed', 'failed', 'retrying', 'dead', 'cancelled'] as const;

export const Job = z
  .object({
    id: Id.meta({ description: 'UUID.' }),
    queue: z.string().meta({ description: 'A label that whoever enqueued it has chosen; `default` without one.' }),
    handler: z.string().meta({ description: 'The name of what works on it.' }),
    payload: z.record(z.string(), z.unknown()).meta({ description: 'Secrets in it are shown as ***.' }),
    status: z.enum(JOB_STATUSES).meta({
      description:
        'retrying: waits for its next try · dead: failed as often as it may be tried · failed: given up at once, because trying again would not help.',
    }),
    priority: z.int().meta({ description: 'Higher ones of a handler come first.' }),
    run_at: Timestamp.meta({ description: 'Not before that.' }),
    started_at: Timestamp.nullable().meta({ description: 'When the last try began.' }),
    completed_at: Timestamp.nullable(),
    failed_at: Timestamp.nullable(),
    attempt_number: z.int().min(0).meta({ description: 'Tries that have begun.' }),
    max_retries: z
      .int()
      .min(0)
      .meta({ description: 'Tries after the first; one whose process ended on the way counts.' }),
    retry_delay_seconds: z
      .int()
      .min(0)
      .meta({ description: 'Before the first retry; doubled for each further one, and lengthened at random.' }),
    error_message: z.string().nullable().meta({ description: 'Why the last try failed.' }),
    account_id: AccountId.nullable().meta({ description: 'null: the server’s own.' }),
    created_at: Timestamp,
    created_by: Id.nullable().meta({ description: 'The user or the definition that enqueued it; null: the server.' }),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;

const figure = z.int().min(0);
export const JobStats = z
  .object({
    pending: figure,
    running: figure,
    completed: figure,
    failed: figure,
    retrying: figure,
    dead: figure,
    cancelled: figure,
    avg_duration_seconds: z.number().nullable().meta({ description: 'Of completed jobs; null when there is none.' }),
    failure_rate: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Failed and dead ones among all that came to an end, 0 to 1.' }),
  })
  .meta({ id: 'JobStats', description: 'Of the jobs that are kept: 7 days after they ended, failed ones 30 days.' });
export type JobStats = z.infer<typeof JobStats>;

const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee9';
const params = { id };
const dead: Job = {
  id,
  queue: 'default',
  handler: 'send_email',
  payload: { to: 'ada@example.com', smtp_password: '***' },
  status: 'dead',
  priority: 0,
  run_at: '2026-01-02T03:06:05.678Z',
  started_at: '2026-01-02T03:06:05.700Z',
  completed_at: null,
  failed_at: '2026-01-02T03:06:06.100Z',
  attempt_number: 3,
  max_retries: 2,
  retry_delay_seconds: 60,
  error_message: 'connect ECONNREFUSED 127.0.0.1:25',
  account_id: 'AB1234',
  created_at: '2026-01-02T03:04:05.678Z',
  created_by: null,
};
const anew: Job = {
  ...dead,
  status: 'pending',
  started_at: null,
  failed_at: null,
  attempt_number: 0,
  error_message: null,
};
const missing = errors('RESOURCE_NOT_FOUND');
const mend = errors('RESOURCE_NOT_FOUND', 'WRONG_STATE');
const text = z.string().min(1).max(100).optional();

export const jobs = room({
  list: {
    method: 'GET',
    path: '/api/v1/admin/jobs',
    summary: 'List background jobs, the newest first',
    pathParams: noParams,
    query: z.strictObject({
      status: z.enum(JOB_STATUSES).optional(),
      queue: text,
      handler: text,
      account_id: AccountId.optional(),
      ...offsetQuery,
    }),
    responses: { 200: pageOf(Job) },
    metadata: reads('superadmin'),
    example: { reply: page([dead], 1, { skip: 0, limit: 50 }) },
  },
  stats: {
    method: 'GET',
    path: '/api/v1/admin/jobs/stats',
    summary: 'Count background jobs by status',
    pathParams: noParams,
    responses: { 200: JobStats },
    metadata: reads('superadmin'),
    example: {
      reply: {
        pending: 3,
        running: 1,
        completed: 95,
        failed: 1,
        retrying: 2,
        dead: 4,
        cancelled: 0,
        avg_duration_seconds: 0.42,
        failure_rate: 0.05,
      },
    },
  },
  get: {
    method: 'GET',
    path: '/api/v1/admin/jobs/:id',
    summary: 'Get a background job',
    pathParams: idParam,
    responses: { 200: Job, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: dead },
  },
  retry: {
    method: 'POST',
    path: '/api/v1/admin/jobs/:id/retry',
    summary: 'Run a job again that failed, died or was cancelled',
    description: 'It begins anew at once, with all its tries.',
    pathParams: idParam,
    body: noBody,
    responses: { 200: Job, ...mend },
    metadata: writes('superadmin', 'job.retry'),
    example: { params, reply: anew },
  },
  cancel: {
    method: 'DELETE',
    path: '/api/v1/admin/jobs/:id',
    summary: 'Cancel a job that waits or runs',
    description: 'One that runs is told to stop. The job stays in the list.',
    pathParams: idParam,
    responses: { 204: noBody, ...mend },
    metadata: writes('superadmin', 'job.cancel', { idempotent: 'natural' }),
    example: { params },
  },
});

// Hooks that an account defines: what sets them off, under which condition, and what they do; their executions, and the events there are.
import { reads, writes } from './access.ts';
import { Action, ActionOutcome, Condition, MOST_ACTIONS, RunAs } from './actions.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { BuiltinHook, HookEvent } from './lifecycle.ts';
import { errors } from './problems.ts';
import { AccountId, boolParam, Id, idParam, offsetQuery, pageOf, Timestamp } from './shapes.ts';

/** Hooks of one account. */
export const MOST_HOOKS = 50;
/** Of one hook, as JSON. */
export const MOST_HOOK_BYTES = 65_536;
export const MOST_SECONDS = 300;

const TRIGGER_TYPES = ['event', 'schedule', 'manual'] as const;
const STATUSES = ['pending', 'running', 'success', 'partial', 'failed', 'aborted', 'skipped'] as const;
export type ExecutionStatus = (typeof STATUSES)[number];

export const HookTrigger = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('event'),
      event: z.string().min(1).max(100).meta({
        description:
          'An event that GET /api/v1/hooks/events marks with `api`, under either name. Those named `before` are part of the write and may stop or change it; all others follow its commit.',
        example: 'records.create',
      }),
      collection: z
        .string()
        .min(1)
        .max(201)
        .nullable()
        .optional()
        .meta({ description: 'Of events of records: only of this collection. Left out: of all.', example: 'orders' }),
    }),
    z.strictObject({
      type: z.literal('schedule'),
      cron: z.string().max(200).meta({
        description: 'Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).',
        example: '0 9 * * MON-FRI',
      }),
      timezone: z.string().max(100).optional().meta({ description: 'Default UTC.', example: 'Europe/Berlin' }),
    }),
    z.strictObject({ type: z.literal('manual') }),
  ])
  .meta({ id: 'HookTrigger', description: 'What sets the hook off. Any hook can be set off by hand as well.' });
export type HookTrigger = z.infer<typeof HookTrigger>;

const settings = {
  name: z.string().trim().min(1).max(200),
  description: z.string().max(1000).nullable().optional(),
  trigger: HookTrigger,
  condition: Condition.nullable().optional(),
  actions: z.array(Action).max(MOST_ACTIONS).optional().meta({ description: 'Default: none.' }),
  enabled: z.boolean().optional().meta({ description: 'Default true.' }),
  priority: z.int().min(-1000).max(1000).optional().meta({
    description:
      'Of hooks before an event: higher ones run first, equal ones in the order of their creation. Default 0.',
  }),
  run_as: RunAs.optional(),
  timeout_seconds: z.int().min(1).max(MOST_SECONDS).optional().meta({
    description:
      'For all actions together; default 60. Hooks before a write have 10 at most, all that run in one transaction together.',
  }),
};

export const HookInput = z.strictObject(settings).meta({ id: 'HookInput' });
export type HookInput = z.output<typeof HookInput>;
const HookChange = z.strictObject(settings).partial().meta({ id: 'HookChange' });
export type HookChange = z.output<typeof HookChange>;

export const Hook = z
  .object({
    id: Id,
    account_id: AccountId,
    name: z.string(),
    description: z.string().nullable(),
    trigger: HookTrigger,
    condition: z.string().nullable(),
    actions: z.array(z.looseObject({ type: z.string() })),
    enabled: z.boolean(),
    priority: z.int(),
    run_as: z.string(),
    timeout_seconds: z.int(),
    cron: z.string().nullable(),
    cron_description: z.string().nullable(),
    last_run_at: Timestamp.nullable(),
    next_run_at: Timestamp.nullable().meta({ description: 'Of schedules that are enabled.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
    created_by: Id.nullable(),
  })
  .meta({ id: 'Hook' });
export type Hook = z.infer<typeof Hook>;

export const HookExecution = z
  .object({
    id: Id,
    hook_id: Id,
    trigger_type: z.enum(TRIGGER_TYPES).meta({ description: 'What set it off: `manual` where somebody did.' }),
    event: z.string().nullable(),
    status: z.enum(STATUSES).meta({
      description:
        'partial: something failed after something was done. aborted: a hook before an event stopped it, so nothing of it is left. skipped: it was not run, and why is told.',
    }),
    actions_executed: z.int(),
    actions: z.array(ActionOutcome),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
    duration_ms: z.int().nullable(),
    attempt: z.int().meta({ description: 'How often it was taken up; more than 1 where a server died meanwhile.' }),
    execution_context: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What set it off, as its role sees it; without records where these are large.' }),
    executed_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'HookExecution' });
export type HookExecution = z.infer<typeof HookExecution>;

const HookDryRun = z
  .object({
    dry_run: z.literal(true),
    status: z.enum(['success', 'partial', 'failed', 'skipped']),
    message: z.string(),
    actions: z.array(ActionOutcome).meta({
      description:
        'Calls out, jobs and workflows are not made: they are skipped, and what they would have been given is told.',
    }),
  })
  .meta({ id: 'HookDryRun' });
const HookTriggered = z
  .object({ message: z.string(), execution_id: Id, job_id: Id.meta({ description: 'Same as execution_id.' }) })
  .meta({ id: 'HookTriggered' });

const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee8';
const run = '0198c0de-7a11-7000-8000-3b2f5c0ffee9';
const at = '2026-01-02T03:04:05.678Z';
const params = { id };
const input = {
  name: 'Large orders',
  trigger: { type: 'event' as const, event: 'records.create', collection: 'posts' },
  condition: 'published = true',
  actions: [{ type: 'create_record', collection: 'posts', data: { title: 'Copy of {{record.title}}', content: 'x' } }],
};
const shown = {
  id,
  account_id: 'AB1234',
  description: null,
  ...input,
  enabled: true,
  priority: 0,
  run_as: 'account',
  timeout_seconds: 60,
  cron: null,
  cron_description: null,
  last_run_at: null,
  next_run_at: null,
  created_at: at,
  updated_at: at,
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
};
const execution = {
  id: run,
  hook_id: id,
  trigger_type: 'event' as const,
  event: 'records.create',
  status: 'success' as const,
  actions_executed: 1,
  actions: [
    { type: 'create_record', name: null, status: 'success' as const, result: { id }, error: null, duration_ms: 4 },
  ],
  error_code: null,
  error_message: null,
  duration_ms: 12,
  attempt: 1,
  execution_context: { event: 'records.create', collection: 'posts', record_id: id },
  executed_at: at,
  finished_at: at,
  created_at: at,
};
const listed = { total: 1, skip: 0, limit: 50, page: 1, page_size: 50, total_pages: 1 };
const missing = errors('RESOURCE_NOT_FOUND');
const changing = {
  path: '/api/v1/hooks/:id',
  description: 'What is not sent stays; an empty condition clears it. Runs that wait already go by the new definition.',
  pathParams: idParam,
  body: HookChange,
  responses: { 200: Hook, ...errors('RESOURCE_NOT_FOUND', 'INVALID_REQUEST', 'WRITE_CONFLICT') },
  metadata: writes('account_admin', 'hook.update', { idempotent: 'natural' }),
  example: { params, body: { priority: 5 }, reply: { ...shown, priority: 5 } },
} as const;

export const hooks = room({
  events: {
    method: 'GET',
    path: '/api/v1/hooks/events',
    summary: 'List the lifecycle events',
    description:
      'Every event that hooks may name, and the built-in steps at their place in the order. Extension modules name all events, hooks that are defined by API those with `api`.',
    pathParams: noParams,
    responses: {
      200: z
        .object({ items: z.array(HookEvent), total: z.int(), builtin: z.array(BuiltinHook) })
        .meta({ id: 'HookEvents' }),
    },
    metadata: reads('user'),
    example: {
      reply: {
        items: [
          {
            name: 'on_record_after_create',
            category: 'record',
            phase: 'after',
            abortable: false,
            api: true,
            api_name: 'records.create',
            description: 'A record was created: once the commit is durable.',
          },
        ],
        total: 1,
        builtin: [
          {
            event: 'on_record_before_create',
            name: 'builtin.validation',
            runs: 'before_hooks',
            description: 'The body is judged: every problem is reported at once.',
          },
        ],
      },
    },
  },
  list: {
    method: 'GET',
    path: '/api/v1/hooks',
    summary: 'List the hooks of your account',
    pathParams: noParams,
    query: z.strictObject({
      trigger_type: z.enum(TRIGGER_TYPES).optional(),
      enabled: boolParam.optional(),
      ...offsetQuery,
    }),
    responses: { 200: pageOf(Hook) },
    metadata: reads('account_admin'),
    example: { reply: { items: [shown], ...listed } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/hooks',
    summary: 'Define a hook',
    description: `At most ${MOST_HOOKS} an account, each of at most ${MOST_HOOK_BYTES} bytes as JSON. Templates in double braces and the condition know: record, old, changes, collection, event (of events), scheduled_at (of schedules), input (of manual ones), auth, now, hook, run and the results of the actions before. Every one of them is judged here.`,
    pathParams: noParams,
    body: HookInput,
    responses: { 201: Hook, ...errors('INVALID_REQUEST', 'LIMIT_REACHED', 'ACCOUNT_REQUIRED') },
    metadata: writes('account_admin', 'hook.create'),
    example: { body: input, reply: shown },
  },
  get: {
    method: 'GET',
    path: '/api/v1/hooks/:id',
    summary: 'Get a hook',
    pathParams: idParam,
    responses: { 200: Hook, ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: shown },
  },
  update: { method: 'PATCH', summary: 'Change a hook', ...changing },
  put: { method: 'PUT', summary: 'Change a hook, as with PATCH', ...changing },
  delete: {
    method: 'DELETE',
    path: '/api/v1/hooks/:id',
    summary: 'Delete a hook with its executions',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('account_admin', 'hook.delete', { idempotent: 'natural' }),
    example: { params },
  },
  toggle: {
    method: 'PATCH',
    path: '/api/v1/hooks/:id/toggle',
    summary: 'Enable a hook that is disabled, or the other way round',
    description:
      'Runs of a disabled hook that wait are skipped. One that is enabled again does not make up for what it missed.',
    pathParams: idParam,
    responses: { 200: Hook, ...missing },
    metadata: writes('account_admin', 'hook.toggle'),
    example: { params, reply: { ...shown, enabled: false } },
  },
  trigger: {
    method: 'POST',
    path: '/api/v1/hooks/:id/trigger',
    summary: 'Set a hook off by hand, also a disabled one',
    description:
      'Of a manual hook the body is its `input`; of one on an event send the `record` (and `old`) that it is to take for the one of the event. The condition is asked. It runs soon after the reply; with `dry_run` it runs at once, everything it does is undone, and the reply tells what it was (200).',
    pathParams: idParam,
    query: z.strictObject({ dry_run: boolParam.optional() }),
    body: z.record(z.string(), z.unknown()).optional().meta({ id: 'HookInputData' }),
    responses: { 200: HookDryRun, 202: HookTriggered, ...missing, ...errors('INVALID_REQUEST') },
    metadata: writes('account_admin', 'hook.trigger'),
    example: {
      params,
      body: { record: { title: 'Hello' } },
      reply: { message: 'The hook runs.', execution_id: run, job_id: run },
    },
  },
  executions: {
    method: 'GET',
    path: '/api/v1/hooks/:id/executions',
    summary: 'List the executions of a hook, the newest first',
    description: 'The last 1000 of 30 days. A condition that did not hold leaves none.',
    pathParams: idParam,
    query: z.strictObject({ status: z.enum(STATUSES).optional(), ...offsetQuery }),
    responses: { 200: pageOf(HookExecution), ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: { items: [execution], ...listed } },
  },
  execution: {
    method: 'GET',
    path: '/api/v1/hooks/:id/executions/:execution',
    summary: 'Get an execution of a hook',
    pathParams: idParam.extend({ execution: z.string().min(1) }),
    responses: { 200: HookExecution, ...missing },
    metadata: reads('account_admin'),
    example: { params: { id, execution: run }, reply: execution },
  },
});

// The steps and triggers of workflows, each kind with its options. Text in double braces is a template.
import { Action, Condition } from './actions.ts';
import { z } from './kit.ts';

export const MOST_STEPS = 100;
/** Items of one loop. */
export const MOST_ITEMS = 1000;
export const MOST_BRANCHES = 10;

/** As people call their steps: whatever a path of a template can quote. */
const StepName = z
  .string()
  .regex(/^[^\s\d."'\\{}[\]][^."'\\{}[\]\r\n\t]{0,61}$/)
  .meta({
    description:
      'Up to 62 characters that are not . " \' { } [ ] or a backslash; it begins with no digit. Templates read `steps["Send mail"].output`, conditions `steps.Send_mail.output`.',
    example: 'send_mail',
  });
const Target = StepName.meta({ description: 'Name of a step; `end` ends the workflow.' });
/** `30s`, `5m`, `2h`, `1d`, seconds as a number, or a template that becomes one of these. */
export const Duration = z
  .union([z.number().min(0).max(31_622_400), z.string().min(1).max(200)])
  .meta({ description: 'Seconds, or a text as 30s, 5m, 2h, 1d; may be a template.', example: '5m' });
const Seconds = z.number().min(0.1).max(3600);

const retry = z
  .strictObject({
    max_attempts: z.int().min(1).max(20).meta({ description: 'How often it is tried in all.' }),
    delay_seconds: z.number().min(0).max(86_400).optional().meta({ description: 'Before the second try; default 5.' }),
    backoff: z
      .number()
      .min(1)
      .max(10)
      .optional()
      .meta({ description: 'By what the delay grows each time; default 2.' }),
  })
  .meta({ id: 'WorkflowRetry' });

const editing = 'Kept for editors; the workflow does not look at it.';
const common = {
  id: z.string().max(200).optional().meta({ description: editing }),
  position_x: z.number().optional().meta({ description: editing }),
  position_y: z.number().optional().meta({ description: editing }),
  name: StepName.meta({ description: 'Unique in the workflow; later steps read `steps.<name>.output`.' }),
  next: Target.nullable()
    .optional()
    .meta({ description: 'Which step follows; `end`: none. Left out or null: the one behind it.' }),
};
const failing = {
  retry: retry.optional(),
  on_error: StepName.optional().meta({
    description: '`fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure.',
  }),
};
const timed = {
  timeout_seconds: Seconds.optional().meta({ description: 'Stops the step, which counts as a failure. Default 300.' }),
};
const step = <const T extends string, S extends z.ZodRawShape>(type: T, options: S) =>
  z.strictObject({ type: z.literal(type), ...common, ...options });

/** `{type: 'action', action_type, config}` and `{action_type, …}` mean `{action: {type, …}}`. */
const actionOf = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !('action_type' in value) || 'action' in value) return value;
  const { action_type: type, config = {}, ...rest } = value as Record<string, unknown>;
  return typeof config === 'object' && config !== null ? { ...rest, action: { ...config, type } } : value;
};

/** What a loop or a branch does: an action with a name of its own. */
export const InnerStep = z
  .preprocess(
    actionOf,
    z.strictObject({
      type: z.literal('action').optional(),
      name: StepName.optional(),
      action: Action,
      on_error: z.enum(['fail', 'continue']).optional(),
    }),
  )
  .meta({ id: 'WorkflowInnerStep' });
const Inner = z
  .union([StepName, InnerStep])
  .meta({ description: 'An action, or the name of an action step, which then is part of this one alone.' });

const waiting = { timeout: Duration.optional(), on_timeout: Target.optional() };

export const STEPS = {
  action: step('action', { action: Action, ...failing, ...timed }),
  condition: step('condition', { expression: Condition, on_true: Target.optional(), on_false: Target.optional() }),
  switch: step('switch', {
    cases: z
      .array(z.strictObject({ when: Condition, next: Target }))
      .min(1)
      .max(50),
    default: Target.optional(),
  }),
  wait_delay: step('wait_delay', { duration: Duration, on_error: failing.on_error }),
  wait_until: step('wait_until', {
    at: z.string().min(1).max(1000).meta({ description: 'A moment, RFC 3339, or a template that becomes one.' }),
    on_error: failing.on_error,
  }),
  wait_event: step('wait_event', {
    event: z.string().max(200).meta({ description: 'As of triggers.', example: 'records.update' }),
    collection: z.string().max(201).optional(),
    condition: Condition.optional().meta({ description: 'Over `event.record`, `event.old`, `trigger` and `steps`.' }),
    ...waiting,
    on_error: failing.on_error,
  }).meta({
    description:
      'Waits for a change of a record that others make. What came while the instance worked counts too: since it was made or, behind a pause (wait_delay, wait_until, wait_condition, a wait that timed out), since the first action, loop, parallel or workflow step after that began. Each event counts for one wait of an instance, so later waits take later events.',
  }),
  wait_condition: step('wait_condition', {
    expression: Condition.meta({ description: 'Over `query`, `trigger` and `steps`.' }),
    query: Action.optional().meta({
      description: 'query_records or aggregate_records, asked at each look; its result is `query`.',
    }),
    poll_interval: Duration.optional().meta({ description: 'Default 1m.' }),
    ...waiting,
    on_error: failing.on_error,
  }),
  loop: step('loop', {
    items: z
      .union([z.string().max(1000), z.array(z.unknown()).max(MOST_ITEMS)])
      .meta({ description: 'A list, or a template that becomes one.' }),
    step: Inner.optional(),
    steps: z.array(Inner).min(1).max(20).optional(),
    max: z.int().min(1).max(MOST_ITEMS).optional().meta({ description: 'More items than this fail the step.' }),
    ...failing,
    ...timed,
  }),
  parallel: step('parallel', {
    branches: z.array(z.array(Inner).min(1).max(20)).min(1).max(MOST_BRANCHES),
    ...failing,
    ...timed,
  }),
  workflow: step('workflow', {
    workflow: z.string().min(1).max(200).meta({ description: 'Id or slug of a workflow of the account.' }),
    input: z.record(z.string(), z.unknown()).optional(),
    wait: z.boolean().optional().meta({ description: 'Whether its end is waited for; default true.' }),
    ...failing,
    ...timed,
  }),
  end: step('end', { output: z.unknown().optional().meta({ description: 'What the workflow results in.' }) }),
  fail: step('fail', { message: z.string().min(1).max(1000) }),
} as const;

export type StepType = keyof typeof STEPS;
export const STEP_TYPES = Object.keys(STEPS) as StepType[];
type S = typeof STEPS;

const Union = z.discriminatedUnion(
  'type',
  Object.values(STEPS) as never as readonly [
    S['action'],
    S['condition'],
    S['switch'],
    S['wait_delay'],
    S['wait_until'],
    S['wait_event'],
    S['wait_condition'],
    S['loop'],
    S['parallel'],
    S['workflow'],
    S['end'],
    S['fail'],
  ],
);
/** `{type, config: {…}}` means `{type, …}`, and null what is left out. */
const plain = (value: object): Record<string, unknown> => {
  const { config, ...rest } = value as Record<string, unknown>;
  const own = 'action_type' in rest || typeof config !== 'object' ? { config } : (config as object);
  const all = config === undefined ? rest : { ...own, ...rest };
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== null));
};

/** Other spellings: `sub_workflow` for `workflow`. */
const spelled = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const step = plain(value);
  return actionOf(step.type === 'sub_workflow' ? { ...step, type: 'workflow' } : step);
};
export const Step = z.preprocess(spelled, Union).meta({ id: 'WorkflowStep', description: 'One step.' });
export type Step = z.output<typeof Step>;
export type StepOf<T extends StepType> = Extract<Step, { type: T }>;
export type InnerStep = z.output<typeof InnerStep>;

const Triggers = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('event'),
    event: z.string().max(200).meta({
      description: 'records.create, records.update or records.delete (or on_record_after_create …).',
      example: 'records.create',
    }),
    collection: z.string().max(201).nullable().optional().meta({ description: 'Left out: of any collection.' }),
    condition: Condition.nullable().optional().meta({ description: 'Over the record, bare and as `trigger.record`.' }),
  }),
  z.strictObject({
    type: z.literal('schedule'),
    cron: z.string().max(200).meta({ description: 'Five fields.', example: '0 9 * * 1-5' }),
    timezone: z.string().max(100).optional().meta({ description: 'IANA name; default UTC.' }),
  }),
  z.strictObject({ type: z.literal('manual') }),
  z.strictObject({
    type: z.literal('webhook'),
    secret: z.string().min(8).max(200).nullable().optional().meta({
      description:
        'With it only signed requests start the workflow: Standard Webhooks headers, or X-SnackBase-Timestamp (Unix seconds) and X-SnackBase-Signature: sha256=<hex HMAC-SHA256 of `<timestamp>.<body>`>, at most 5 minutes away. Never shown; null takes it away.',
    }),
    token: z.string().max(200).optional().meta({ description: 'Made by the server; ignored when sent.' }),
    url: z.string().max(2000).optional().meta({ description: 'Told by the server; ignored when sent.' }),
    signed: z.boolean().optional().meta({ description: 'Told by the server; ignored when sent.' }),
  }),
]);
/** As for steps; a secret that is null is taken away. */
const triggering = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { secret } = value as { readonly secret?: unknown };
  return { ...plain(value), ...(secret === null && { secret }) };
};
export const Trigger = z.preprocess(triggering, Triggers).meta({ id: 'WorkflowTrigger' });
export type Trigger = z.output<typeof Trigger>;

// Actions: what hooks, workflows and endpoints can do, each with its options. Text in double braces is a template.
import { z } from './kit.ts';

/** What may be done in one definition, counted with the steps of a workflow. */
export const MOST_ACTIONS = 50;

/** The name under which later templates find a result: `{{actions.total.result.value}}`. */
export const ActionName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/)
  .meta({ description: 'Letters, digits, _ and -, beginning with a letter.', example: 'total' });

/** A condition as text in the language of rules; conditions and templates read the same names. */
export const Condition = z.string().max(4096).meta({
  description:
    'An expression in the language of rules, over the names that templates know. `@request.auth` and macros such as `@has_role` ask about whoever is behind the run, as `auth` tells. Empty: always.',
  example: "record.amount > 100 and record.status = 'paid'",
});

/** As whom a definition acts in its account. */
export const RunAs = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/)
  .meta({
    description:
      'As whom it acts: `account`, the account itself, to which its own rules close nothing but what is locked; or a role, with whose rules and permissions. Rules of collections see the id of the definition as @request.auth.id; personal data stays masked.',
    example: 'account',
  });

const text = (what: string, max = 10_000) => z.string().min(1).max(max).meta({ description: what });
const Template = z.unknown().meta({
  description:
    'Any JSON. `{{record.total}}` alone in a string becomes the value itself, with its type; within other text it becomes text.',
});
const Data = z.record(z.string(), z.unknown()).meta({ description: 'Fields of the record; values may be templates.' });
const Fields = Data.meta({
  description: 'Fields of the record; values may be templates. What is none is judged when the definition is stored.',
});
const Collection = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}(\.[A-Za-z_][A-Za-z0-9_]{0,99})?$/)
  .meta({ description: 'Name of a collection, `orders` or `crm.contacts`.', example: 'orders' });
const RecordId = text('The id of the record, as a rule a template.', 1000);
const Filter = z
  .union([z.string().max(4096), z.record(z.string(), z.unknown())])
  .meta({ description: 'As text or as a where. Templates in it are values, never syntax.' });
const names = z.union([z.string().max(4000), z.array(z.string().max(200)).max(100)]);

const common = {
  name: ActionName.optional(),
  condition: Condition.optional(),
  on_error: z.enum(['stop', 'continue']).optional().meta({ description: 'What follows where it fails; default stop.' }),
};
const action = <const T extends string, S extends z.ZodRawShape>(type: T, options: S) =>
  z.strictObject({ type: z.literal(type), ...common, ...options });

export const ACTIONS = {
  send_webhook: action('send_webhook', {
    url: text(
      'Where to, http or https. Private addresses are refused: one that is written out when the definition is stored, every one when it is called.',
      2048,
    ),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional().meta({ description: 'Default POST.' }),
    headers: z.record(z.string().max(200), z.string().max(4000)).optional(),
    body: Template.optional(),
    body_template: z.string().max(100_000).optional().meta({
      description:
        'The body as text. Where it is JSON, templates in it are values of JSON, so that no value can break it.',
    }),
    timeout_seconds: z.number().min(1).max(30).optional().meta({ description: 'Default 30.' }),
  }),
  send_email: action('send_email', {
    to: z.union([text('An address.', 1000), z.array(text('An address.', 1000)).min(1).max(50)]),
    subject: z.string().max(1000).optional(),
    body: z.string().max(100_000).optional().meta({ description: 'The text.' }),
    html: z.string().max(200_000).optional(),
  }),
  create_record: action('create_record', { collection: Collection, data: Fields }),
  update_record: action('update_record', { collection: Collection, record_id: RecordId, data: Fields }),
  delete_record: action('delete_record', { collection: Collection, record_id: RecordId }),
  query_records: action('query_records', {
    collection: Collection,
    filter: Filter.optional(),
    sort: names.optional(),
    fields: names.optional(),
    expand: names.optional(),
    limit: z
      .union([z.int().min(1).max(1000), z.string().max(200)])
      .optional()
      .meta({ description: 'Default 50.' }),
    offset: z.union([z.int().min(0), z.string().max(200)]).optional(),
  }),
  aggregate_records: action('aggregate_records', {
    collection: Collection,
    function: z.enum(['count', 'sum', 'avg', 'min', 'max']).optional(),
    field: z.string().max(100).optional(),
    functions: z.string().max(4000).optional().meta({ description: 'Several at once, as `count(),sum(total)`.' }),
    group_by: names.optional(),
    filter: z.string().max(4096).optional(),
    having: z.string().max(4096).optional().meta({ description: 'Over the results and groups, as `sum_total > 100`.' }),
    sort: names.optional(),
    limit: z.int().min(1).max(1000).optional(),
  }),
  transform: action('transform', { output: Template.optional() }),
  enqueue_job: action('enqueue_job', {
    handler: text('Name of a handler of jobs.', 200),
    payload: Data.optional(),
    queue: z.string().max(100).optional(),
    delay_seconds: z.number().min(0).max(31_536_000).optional(),
    retries: z.int().min(0).max(20).optional().meta({
      description:
        'Tries after the first. A try whose process ended on the way counts like one that failed, because nobody knows how far it came; so 0 means at most once.',
    }),
  }),
  trigger_workflow: action('trigger_workflow', {
    workflow: text('Id or slug of a workflow.', 200),
    input: Data.optional(),
  }),
  set_fields: action('set_fields', {
    fields: Data.meta({ description: 'What is stored instead, by hooks before a record is created or updated.' }),
  }),
  abort: action('abort', {
    message: text('What the caller is told.', 1000),
    status: z.int().min(400).max(499).optional().meta({ description: 'Default 400.' }),
  }),
} as const;

export type ActionType = keyof typeof ACTIONS;
export const ACTION_TYPES = Object.keys(ACTIONS) as ActionType[];

/** `{type, config: {…}}` means `{type, …}`. */
const flat = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !('config' in value)) return value;
  const { config, ...rest } = value as Record<string, unknown>;
  return typeof config === 'object' && config !== null && !Array.isArray(config) ? { ...config, ...rest } : value;
};

const Union = z.discriminatedUnion(
  'type',
  Object.values(ACTIONS) as never as readonly [
    (typeof ACTIONS)['send_webhook'],
    (typeof ACTIONS)['send_email'],
    (typeof ACTIONS)['create_record'],
    (typeof ACTIONS)['update_record'],
    (typeof ACTIONS)['delete_record'],
    (typeof ACTIONS)['query_records'],
    (typeof ACTIONS)['aggregate_records'],
    (typeof ACTIONS)['transform'],
    (typeof ACTIONS)['enqueue_job'],
    (typeof ACTIONS)['trigger_workflow'],
    (typeof ACTIONS)['set_fields'],
    (typeof ACTIONS)['abort'],
  ],
);
export const Action = z.preprocess(flat, Union).meta({ id: 'Action', description: 'One thing to do.' });
export type Action = z.output<typeof Action>;
export type ActionOf<T extends ActionType> = Extract<Action, { type: T }>;

export const Actions = z.array(Action).max(MOST_ACTIONS);

/** What became of one action. */
export const ActionOutcome = z
  .object({
    type: z.string(),
    name: z.string().nullable(),
    status: z.enum(['success', 'failed', 'skipped']),
    result: z.unknown().optional(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    duration_ms: z.number(),
  })
  .meta({ id: 'ActionOutcome' });
export type ActionOutcome = z.infer<typeof ActionOutcome>;

// Workflows: steps that run one after the other, wait, branch and repeat, and survive the end of any process.
import { reads, writes } from './access.ts';
import { RunAs } from './actions.ts';
import { noBody, noParams, room, upload, z } from './kit.ts';
import { errors } from './problems.ts';
import { boolParam, idParam, offsetQuery, pageOf } from './shapes.ts';
import { DryRun, Instance, InstanceDetail, InstanceState, Started, Workflow } from './workflow-shapes.ts';
import { MOST_STEPS, Step, Trigger } from './workflow-steps.ts';

/** Workflows of one account. */
export const MOST_WORKFLOWS = 50;
/** Of the trigger and the steps of one workflow, as JSON. */
export const MOST_WORKFLOW_BYTES = 262_144;

const ORDER =
  'A step is followed by its `next` (`end`: nothing), else by the one behind it in the list. Steps that a condition or switch names are alternatives: from one of them the order goes on behind the others. A step that is named by on_error or on_timeout is passed over by the order. A branch that is not named (on_true, on_false, default) goes on in the order. Steps that nothing leads to, circles without a wait, and orders that would lead from one branch into another are refused.';

const Name = z.string().trim().min(1).max(200);
const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$/)
  .meta({ description: 'Lower-case letters, digits and hyphens; unique in the account.', example: 'order-processing' });
const Timeout = z
  .int()
  .min(1)
  .max(31_622_400)
  .nullable()
  .meta({ description: 'Seconds after which an instance that is not done fails; null: never.' });

const settings = {
  name: Name,
  slug: Slug.optional().meta({ description: 'Left out when it is made: derived from the name.' }),
  description: z.string().max(2000).nullable().optional(),
  trigger: Trigger,
  steps: z.array(Step).max(MOST_STEPS).optional().meta({ description: 'Default: none.' }),
  enabled: z.boolean().optional().meta({ description: 'Default true.' }),
  run_as: RunAs.optional(),
  timeout_seconds: Timeout.optional(),
};
const Settings = z.strictObject(settings).meta({ id: 'WorkflowInput', description: ORDER });
const Change = z.strictObject(settings).partial().meta({ id: 'WorkflowChange' });

const window = { total: 1, skip: 0, limit: 50, page: 1, page_size: 50, total_pages: 1 };

const at = '2026-01-02T03:04:05.678Z';
const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee8';
const instance = '0198c0de-7a11-7000-8000-3b2f5c0ffee9';
const params = { id };
const note = { type: 'transform' as const, output: { order: '{{trigger.order_id}}' } };
const wait = { type: 'wait_delay', name: 'a_moment', duration: '1m' };
const steps = [{ type: 'action', name: 'note', action: note }, wait];
const { type: action_type, ...config } = note;
const shownSteps = [{ type: 'action', name: 'note', action_type, config }, wait];
const shown = {
  id,
  account_id: 'AB1234',
  name: 'Order processing',
  slug: 'order-processing',
  description: null,
  trigger_type: 'manual' as const,
  trigger_config: {},
  trigger: { type: 'manual' },
  steps: shownSteps,
  enabled: true,
  run_as: 'account',
  timeout_seconds: null,
  version: 1,
  last_run_at: null,
  next_run_at: null,
  created_at: at,
  updated_at: at,
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
};
const ran = {
  id: instance,
  workflow_id: id,
  account_id: 'AB1234',
  version: 1,
  status: 'completed' as const,
  current_step: null,
  context: { trigger: { order_id: 'o-1', _source: 'manual' }, steps: {} },
  output: null,
  source: 'manual',
  parent_id: null,
  depth: 1,
  attempt: 0,
  error_code: null,
  error_message: null,
  wake_at: null,
  resume_job_id: null,
  started_at: at,
  completed_at: at,
  created_at: at,
};
const missing = errors('RESOURCE_NOT_FOUND');
const refused = errors('INVALID_REQUEST', 'CONFLICT', 'LIMIT_REACHED', 'ACCOUNT_REQUIRED', 'RESOURCE_NOT_FOUND');
const started = { message: 'The workflow was started.', instance_id: instance };
const change = { method: 'PUT', path: '/api/v1/workflows/:id', pathParams: idParam, body: Change } as const;
const changed = {
  responses: { 200: Workflow, ...missing, ...refused },
  metadata: writes('account_admin', 'workflow.update', { idempotent: 'natural' }),
  example: { params, body: { description: 'From order to parcel' }, reply: shown },
};

export const workflows = room({
  list: {
    method: 'GET',
    path: '/api/v1/workflows',
    summary: 'List workflows',
    pathParams: noParams,
    query: z.strictObject({
      ...offsetQuery,
      enabled: boolParam.optional(),
      trigger_type: z.enum(['event', 'schedule', 'manual', 'webhook']).optional(),
    }),
    responses: { 200: pageOf(Workflow), ...missing },
    metadata: reads('account_admin'),
    example: { reply: { items: [shown], ...window } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/workflows',
    summary: 'Create a workflow',
    description: `At most ${MOST_WORKFLOWS} an account, trigger and steps of each at most ${MOST_WORKFLOW_BYTES} bytes as JSON. ${ORDER} Templates and conditions read \`trigger\`, \`steps.<name>.output\`, \`now\`, \`workflow\`, \`instance\`, \`account\`, \`auth\`, and in loops \`item\` and \`index\`.`,
    pathParams: noParams,
    body: Settings,
    responses: { 201: Workflow, ...refused },
    metadata: writes('account_admin', 'workflow.create'),
    example: { body: { name: 'Order processing', trigger: { type: 'manual' }, steps }, reply: shown },
  },
  get: {
    method: 'GET',
    path: '/api/v1/workflows/:id',
    summary: 'Get a workflow by id or slug',
    pathParams: idParam,
    responses: { 200: Workflow, ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: shown },
  },
  update: {
    ...change,
    ...changed,
    summary: 'Change a workflow',
    description: 'What is not sent stays. Instances that run go on with the version that they began with.',
  },
  patch: { ...change, ...changed, method: 'PATCH', summary: 'Change a workflow (same as PUT)' },
  delete: {
    method: 'DELETE',
    path: '/api/v1/workflows/:id',
    summary: 'Delete a workflow with its instances',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('account_admin', 'workflow.delete', { idempotent: 'natural' }),
    example: { params },
  },
  toggle: {
    method: 'PATCH',
    path: '/api/v1/workflows/:id/toggle',
    summary: 'Enable or disable a workflow',
    description: 'Instances that run go on; triggers start no more of them. You may still start one yourself.',
    pathParams: idParam,
    responses: { 200: Workflow, ...missing },
    metadata: writes('account_admin', 'workflow.toggle'),
    example: { params, reply: { ...shown, enabled: false } },
  },
  rotateToken: {
    method: 'POST',
    path: '/api/v1/workflows/:id/rotate-token',
    summary: 'Give a webhook trigger another token',
    description: 'The old one is unknown from now on.',
    pathParams: idParam,
    responses: { 200: Workflow, ...missing, ...errors('WORKFLOW_STATE') },
    metadata: writes('account_admin', 'workflow.rotate_token'),
    example: { params, reply: shown },
  },
  trigger: {
    method: 'POST',
    path: '/api/v1/workflows/:id/trigger',
    summary: 'Start a workflow by id or slug',
    description:
      'The body is what the steps read as `trigger`. It starts also when it is disabled. With dry_run=true the steps run at once in a transaction that is rolled back: calls out are not made, waits are passed.',
    pathParams: idParam,
    query: z.strictObject({ dry_run: boolParam.optional() }),
    body: z.record(z.string(), z.unknown()).optional().meta({ id: 'WorkflowTriggerInput' }),
    responses: {
      200: DryRun.meta({ description: 'Of a dry run.' }),
      202: Started,
      ...missing,
      ...errors('DEPTH_LIMIT', 'PAYLOAD_TOO_LARGE'),
    },
    metadata: writes('account_admin', 'workflow.trigger'),
    example: { params, body: { order_id: 'o-1' }, reply: started },
  },
  instances: {
    method: 'GET',
    path: '/api/v1/workflows/:id/instances',
    summary: 'List the instances of a workflow, the newest first',
    pathParams: idParam,
    query: z.strictObject({ ...offsetQuery, status: InstanceState.optional() }),
    responses: { 200: pageOf(Instance), ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: { items: [ran], ...window } },
  },
});

export const workflowInstances = room({
  get: {
    method: 'GET',
    path: '/api/v1/workflow-instances/:id',
    summary: 'Get an instance with the log of its steps',
    pathParams: idParam,
    responses: { 200: InstanceDetail, ...missing },
    metadata: reads('account_admin'),
    example: { params: { id: instance }, reply: { ...ran, step_logs: [] } },
  },
  cancel: {
    method: 'POST',
    path: '/api/v1/workflow-instances/:id/cancel',
    summary: 'Cancel an instance',
    description: 'A step that is running may end, but nothing of it is stored any more. Sub-workflows end with it.',
    pathParams: idParam,
    responses: { 200: Instance, ...missing, ...errors('WORKFLOW_STATE') },
    metadata: writes('account_admin', 'workflow_instance.cancel', { idempotent: 'natural' }),
    example: { params: { id: instance }, reply: { ...ran, status: 'cancelled' } },
  },
  resume: {
    method: 'POST',
    path: '/api/v1/workflow-instances/:id/resume',
    summary: 'Take up an instance that failed or waits',
    description: 'The step that failed runs again, with everything before it as it was; a step that waits begins anew.',
    pathParams: idParam,
    responses: { 202: Instance, ...missing, ...errors('WORKFLOW_STATE') },
    metadata: writes('account_admin', 'workflow_instance.resume', { idempotent: 'natural' }),
    example: { params: { id: instance }, reply: { ...ran, status: 'pending', completed_at: null } },
  },
});

export const workflowWebhooks = room({
  receive: {
    method: 'POST',
    path: '/api/v1/workflow-webhooks/:token',
    summary: 'Start a workflow from outside',
    description:
      'The token is the credential. A JSON object is what the steps read as `trigger`; anything else comes as `trigger.data`. Where the trigger has a secret, the request must be signed; a message of the same webhook-id starts one instance.',
    pathParams: z.object({ token: z.string().min(1).meta({ description: 'Of the trigger.' }) }),
    body: upload('application/json'),
    responses: {
      202: Started,
      ...missing,
      ...errors('INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'INVALID_SIGNATURE', 'RATE_LIMITED'),
    },
    metadata: writes('anyone', 'workflow.webhook', { idempotent: 'none' }),
    example: {
      params: { token: 'wfh_QnV0IHRoaXMgb25lIGlzIG9ubHkgYW4gZXhhbXBsZSE' },
      body: '{"order_id":"o-1"}',
      reply: started,
    },
  },
});

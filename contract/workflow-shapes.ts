// What workflows, their instances and the logs of these look like.
import { z } from './kit.ts';
import { AccountId, Id, Timestamp } from './shapes.ts';

export const Workflow = z
  .object({
    id: Id,
    account_id: AccountId,
    name: z.string(),
    slug: z.string(),
    description: z.string().nullable(),
    trigger_type: z.enum(['event', 'schedule', 'manual', 'webhook']),
    trigger_config: z
      .looseObject({})
      .meta({ description: 'The trigger without its type; of a webhook with its token.' }),
    trigger: z.looseObject({ type: z.string() }),
    steps: z.array(z.looseObject({ type: z.string(), name: z.string() })),
    enabled: z.boolean(),
    run_as: z.string(),
    timeout_seconds: z.int().nullable(),
    version: z.int().meta({ description: 'Grows with each change of what it does; instances keep theirs.' }),
    last_run_at: Timestamp.nullable(),
    next_run_at: Timestamp.nullable().meta({ description: 'Of a schedule.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
    created_by: Id.nullable(),
  })
  .meta({ id: 'Workflow' });
export type Workflow = z.infer<typeof Workflow>;

export const INSTANCE_STATES = ['pending', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;
export const InstanceState = z.enum(INSTANCE_STATES);
export const Instance = z
  .object({
    id: Id,
    workflow_id: Id,
    account_id: AccountId,
    version: z.int(),
    status: InstanceState,
    current_step: z.string().nullable(),
    context: z.looseObject({}).meta({ description: '`trigger`, and `steps` by name with output, status and error.' }),
    output: z.unknown().optional().meta({ description: 'What the step `end` said.' }),
    source: z.string().meta({ description: 'manual, event, schedule, webhook, action or workflow.' }),
    parent_id: Id.nullable(),
    depth: z.int(),
    attempt: z.int().meta({ description: 'Failed tries of the current step.' }),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
    wake_at: Timestamp.nullable().meta({ description: 'Of one that waits: until when at most.' }),
    resume_job_id: z.null().meta({ description: 'Instances wake by themselves: no job of the queue does it.' }),
    started_at: Timestamp.nullable(),
    completed_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'WorkflowInstance' });
export type Instance = z.infer<typeof Instance>;

export const StepLog = z
  .object({
    id: Id,
    instance_id: Id,
    workflow_id: Id,
    account_id: AccountId,
    step_name: z.string(),
    step_type: z.string(),
    status: z.enum(['success', 'failed', 'skipped']),
    attempt: z.int(),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    error_message: z.string().nullable(),
    started_at: Timestamp,
    completed_at: Timestamp,
  })
  .meta({ id: 'WorkflowStepLog' });
export type StepLog = z.infer<typeof StepLog>;
export const InstanceDetail = Instance.extend({
  step_logs: z.array(StepLog).meta({ description: 'In their order; of more than 1000 the last ones.' }),
}).meta({ id: 'WorkflowInstanceDetail' });

export const DryRun = z
  .object({
    dry_run: z.literal(true),
    status: z.enum(['completed', 'failed', 'unfinished']),
    steps: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        status: z.string(),
        output: z.unknown().optional(),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    ),
    output: z.unknown().optional(),
    message: z.string(),
  })
  .meta({ id: 'WorkflowDryRun' });
export type DryRun = z.infer<typeof DryRun>;
export const Started = z.object({ message: z.string(), instance_id: Id }).meta({ id: 'WorkflowStarted' });

// A stored workflow as it is answered: steps in the form in which clients write them, tokens for those who own them.
import { createHash } from 'node:crypto';
import type { Workflow } from '../../../contract/workflow-shapes.ts';
import type { InnerStep, Step } from '../../../contract/workflow-steps.ts';
import { isSecret } from '../secrets.ts';
import type { WorkflowRow } from './store/workflows.ts';

/** Opens what is stored of a webhook. */
export interface Seals {
  open(sealed: Buffer): string;
  readonly publicUrl: string;
}

type Shown = Record<string, unknown>;

function shownAction({ action: { type, ...config }, ...rest }: { readonly action: InnerStep['action'] }): Shown {
  return { ...rest, action_type: type, config };
}
const shownPart = (part: string | InnerStep): unknown => (typeof part === 'string' ? part : shownAction(part));

export function shownStep(step: Step): Shown & { readonly type: string; readonly name: string } {
  const { type, name, ...rest } = step;
  const facts = { type, name };
  switch (step.type) {
    case 'action':
      return { ...facts, ...shownAction(rest as typeof step), type, name };
    case 'loop':
      return {
        ...facts,
        ...rest,
        ...(step.step !== undefined && { step: shownPart(step.step) }),
        ...(step.steps !== undefined && { steps: step.steps.map(shownPart) }),
      };
    case 'parallel':
      return { ...facts, ...rest, branches: step.branches.map((branch) => branch.map(shownPart)) };
    default:
      return { ...facts, ...rest };
  }
}

/** Throws where a token was sealed with another key. */
export function shownWorkflow(row: WorkflowRow, { open, publicUrl }: Seals): Workflow {
  const { trigger, token_sealed, secret_sealed, steps, ...rest } = row;
  const { type, ...stored } = trigger;
  const token = token_sealed === null ? null : open(token_sealed);
  const config = {
    ...stored,
    ...(token !== null && {
      token,
      url: `${publicUrl}/api/v1/workflow-webhooks/${token}`,
      signed: secret_sealed !== null,
    }),
  };
  const { id, account_id, name, slug, description, enabled, run_as, timeout_seconds, version } = rest;
  const { last_run_at, next_run_at, created_at, updated_at, created_by } = rest;
  return {
    ...{ id, account_id, name, slug, description },
    trigger_type: type,
    trigger_config: config,
    trigger: { type, ...config },
    steps: steps.map(shownStep),
    ...{ enabled, run_as, timeout_seconds, version },
    ...{ last_run_at, next_run_at, created_at, updated_at, created_by },
  };
}

const MASK = '***';

/** The value without what it holds of credentials: each header, and what has a name of a secret; `found` is told what was there. */
function masked(value: unknown, found: unknown[]): unknown {
  if (Array.isArray(value)) return value.map((one) => masked(one, found));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => {
    if (key === 'headers' && typeof one === 'object' && one !== null) {
      found.push(one);
      return [key, Object.fromEntries(Object.keys(one).map((name) => [name, MASK]))];
    }
    if (!isSecret(key)) return [key, masked(one, found)];
    found.push(one);
    return [key, MASK];
  });
  return Object.fromEntries(entries);
}

const hashed = (value: string | Buffer | null): string | null =>
  value && createHash('sha256').update(value).digest('hex');

/** What the trail keeps of it; of hashes that they changed. */
export const recorded = (
  row: Pick<
    WorkflowRow,
    | 'name'
    | 'slug'
    | 'description'
    | 'trigger'
    | 'steps'
    | 'enabled'
    | 'run_as'
    | 'timeout_seconds'
    | 'token_sealed'
    | 'secret_sealed'
  >,
) => {
  const { name, slug, description, trigger, enabled, run_as, timeout_seconds } = row;
  const found: unknown[] = [];
  const steps = masked(row.steps, found);
  return {
    ...{ name, slug, description, trigger, steps, enabled, run_as, timeout_seconds },
    token_hash: hashed(row.token_sealed),
    secret_hash: hashed(row.secret_sealed),
    credentials_hash: hashed(found.length === 0 ? null : JSON.stringify(found)),
  };
};

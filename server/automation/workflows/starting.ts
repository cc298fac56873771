// Instances begin: for whoever asks, in the transaction that says why.
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { uuidV7 } from '../../ids.ts';
import { cut } from '../../text.ts';
import { authValues } from '../people.ts';
import { MOST_DEPTH } from '../principal.ts';
import * as instances from './store/instances.ts';
import { CHANNEL } from './store/runs.ts';
import * as workflows from './store/workflows.ts';
import { triggerText } from './stored-json.ts';
import type { StartedBy } from './words.ts';

/** What is started: a version of a workflow. */
export interface Startable {
  readonly id: string;
  readonly account_id: string;
  readonly slug: string;
  readonly version: number;
  readonly timeout_seconds: number | null;
}

export interface Start {
  readonly workflow: Startable;
  readonly source: 'manual' | 'event' | 'schedule' | 'webhook' | 'action' | 'workflow';
  /** What the steps read as `trigger`. */
  readonly trigger: Readonly<Record<string, unknown>>;
  readonly depth: number;
  readonly startedBy: StartedBy | null;
  readonly id?: string | undefined;
  readonly parentId?: string | undefined;
  readonly messageId?: string | undefined;
}

/** Who asks, as definitions of an account are told. */
export function startedBy({ caller }: Ctx, accountId: string): StartedBy | null {
  if (caller === null) return null;
  const { userId, role } = caller;
  // Whoever runs the server is nobody of the account.
  if (caller.superadmin && caller.accountId !== accountId) return { ...authValues(accountId, null), role };
  return {
    id: userId,
    user_id: caller.kind === 'automation' ? null : userId,
    email: caller.email || null,
    role,
    account_id: caller.accountId,
    groups: caller.groups,
  };
}

export const tooDeep = (depth: number, slug: string): Failure | null =>
  depth <= MOST_DEPTH
    ? null
    : new Failure('DEPTH_LIMIT', { depth: depth - 1, limit: MOST_DEPTH, what: `workflow ${slug}` });

export type Starting = ReturnType<typeof createStarting>;

export function createStarting(db: Database) {
  /**
   * The instance is there when `tx` commits. Answers its id, of a message that came before the earlier one's; null where the
   * workflow has been deleted by now.
   */
  async function begin(tx: Transaction, start: Start): Promise<string | null> {
    const { workflow, source, trigger, depth, messageId = null, id = uuidV7() } = start;
    const refused = tooDeep(depth, workflow.slug);
    const made = await instances.insert(tx, {
      id,
      workflowId: workflow.id,
      version: workflow.version,
      accountId: workflow.account_id,
      source,
      depth,
      startedBy: start.startedBy,
      parentId: start.parentId ?? null,
      messageId,
      timeoutSeconds: workflow.timeout_seconds,
      context: triggerText({ ...trigger, _source: source }),
      refused: refused && { code: refused.code, message: refused.message },
    });
    if (!made) return messageId === null ? null : instances.ofMessage(tx, workflow.id, messageId);
    await db.notify(CHANNEL, '', tx);
    return id;
  }

  /** The same for whoever waits for an answer. Throws RESOURCE_NOT_FOUND where the workflow has been deleted by now. */
  async function started(tx: Transaction, start: Start): Promise<string> {
    const id = await begin(tx, start);
    if (id === null) throw new Failure('RESOURCE_NOT_FOUND');
    return id;
  }

  return {
    begin,
    started,
    /** As an action or a step of another workflow asks. Throws RESOURCE_NOT_FOUND, WORKFLOW_STATE, DEPTH_LIMIT. */
    async byAutomation(
      tx: Transaction,
      asked: {
        readonly accountId: string;
        readonly workflow: string;
        readonly input: Readonly<Record<string, unknown>>;
        readonly depth: number;
        readonly source: 'action' | 'workflow';
        readonly startedBy: StartedBy | null;
        readonly parentId?: string | undefined;
      },
    ): Promise<string> {
      const workflow = await workflows.find(tx, asked.accountId, asked.workflow);
      if (workflow === null || workflow.account_id !== asked.accountId)
        throw new Failure('RESOURCE_NOT_FOUND', {}, [
          {
            field: 'workflow',
            code: 'unknown_workflow',
            message: `There is no workflow ${cut(asked.workflow, 100)}.`,
          },
        ]);
      if (!workflow.enabled)
        throw new Failure('WORKFLOW_STATE', { reason: `the workflow ${workflow.slug} is disabled` });
      const refused = tooDeep(asked.depth, workflow.slug);
      if (refused !== null) throw refused;
      const { source, depth, startedBy: by, parentId } = asked;
      return started(tx, { workflow, source, trigger: asked.input, depth, startedBy: by, parentId });
    },
  };
}

// Instances as people see them: listed, shown with the log of their steps, cancelled, taken up again.
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import type { Instance } from '../../../contract/workflow-shapes.ts';
import type { workflowInstances as contract, workflows as ofWorkflows } from '../../../contract/workflows.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { isUuid } from '../../ids.ts';
import { createForgetting, type Forgetting } from '../forgetting.ts';
import { MOST_DEPTH } from '../principal.ts';
import * as store from './store/instances.ts';
import { CHANNEL, wakeParent } from './store/runs.ts';

type C = typeof contract;
type W = typeof ofWorkflows;

const MOST_LOGS = 1000;
const KEPT_DAYS = 30;
const PRUNED_AT_ONCE = 200;
const HOUR_MS = 3_600_000;

export interface InstancesOptions {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly trail: Recorder;
  readonly workflowId: (id: string, ctx: Ctx) => Promise<string>;
}

export type Instances = ReturnType<typeof createInstances>;

/** All throw RESOURCE_NOT_FOUND, also for what belongs to another account. */
export function createInstances({ db, accounts, trail, workflowId }: InstancesOptions) {
  async function find(id: string, ctx: Ctx, run: Database | Transaction = db): Promise<Instance> {
    const row = isUuid(id) ? await store.find(run, await accounts.scope(ctx), id) : null;
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  const told = (tx: Transaction, ctx: Ctx, { id, account_id: accountId, status: before }: Instance, status: string) =>
    trail.record(tx, ctx, {
      accountId,
      table: 'workflow_instances',
      id,
      before: { status: before },
      after: { status },
    });

  const again = async (id: string, tx: Transaction): Promise<Instance> => (await store.find(tx, null, id)) as Instance;

  return {
    async list(id: string, query: Parsed<W['instances']>['query'], ctx: Ctx): Promise<Reply<W['instances']>> {
      const { status } = query;
      const window = offsetWindow(query);
      const workflow = await workflowId(id, ctx);
      const { rows, total } = await store.list(db, { workflowId: workflow, status }, window);
      return page(rows, total, window);
    },

    async get(id: string, ctx: Ctx): Promise<Reply<C['get']>> {
      const row = await find(id, ctx);
      return { ...row, step_logs: await store.logs(db, row, MOST_LOGS) };
    },

    /** Throws WORKFLOW_STATE for one that has ended. */
    async cancel(id: string, ctx: Ctx): Promise<Instance> {
      const row = await find(id, ctx);
      return db.transaction(async (tx) => {
        const ended = await store.cancel(tx, row.id);
        const now = await again(row.id, tx);
        if (!ended.includes(row.id))
          throw new Failure('WORKFLOW_STATE', { reason: `the instance is ${now.status} already` });
        await wakeParent(tx, row.id);
        await told(tx, ctx, row, now.status);
        await db.notify(CHANNEL, '', tx);
        return now;
      });
    },

    /** Throws WORKFLOW_STATE for one that neither failed nor waits. */
    async resume(id: string, ctx: Ctx): Promise<Instance> {
      const row = await find(id, ctx);
      if (row.depth > MOST_DEPTH)
        throw new Failure('WORKFLOW_STATE', { reason: row.error_message ?? 'it was not run' });
      return db.transaction(async (tx) => {
        const resumed = await store.resume(tx, row.id);
        const now = await again(row.id, tx);
        if (!resumed)
          throw new Failure('WORKFLOW_STATE', {
            reason: `the instance is ${now.status}; only one that failed or waits can be resumed`,
          });
        await told(tx, ctx, row, now.status);
        await db.notify(CHANNEL, '', tx);
        return now;
      });
    },

    /** Begins to forget what ended long ago. */
    forgetOld: (log: Logger | undefined): Forgetting =>
      createForgetting({
        some: () => store.prune(db, KEPT_DAYS, PRUNED_AT_ONCE),
        everyMs: HOUR_MS,
        log,
        what: 'Old instances',
      }),
  };
}

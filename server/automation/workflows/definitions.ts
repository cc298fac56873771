// Workflows as their account manages them: judged whole, kept in versions, recorded in the trail.
import { createHash, randomBytes } from 'node:crypto';
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import type { Workflow } from '../../../contract/workflow-shapes.ts';
import type { Step, Trigger } from '../../../contract/workflow-steps.ts';
import { type workflows as contract, MOST_WORKFLOW_BYTES, MOST_WORKFLOWS } from '../../../contract/workflows.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import { AS_ACCOUNT, type Ctx, requireCaller } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import { isUuid, uuidV7 } from '../../ids.ts';
import type { sealedBox } from '../../sealed-box.ts';
import type { Storing } from '../actions/written.ts';
import { sizeProblems } from '../definition-size.ts';
import type { Definitions as Published } from '../definitions.ts';
import { unknownWorkflows } from '../named-workflows.ts';
import { runAsProblem } from '../run-as.ts';
import { type CompileOptions, compileWorkflow } from './compile.ts';
import { nextOfSchedule } from './schedules.ts';
import { recorded, type Seals, shownWorkflow } from './shown.ts';
import { choices, slugOf } from './slugs.ts';
import { CHANNEL } from './store/runs.ts';
import * as store from './store/workflows.ts';
import { type StoredTrigger, storedTrigger } from './trigger.ts';

type C = typeof contract;

export interface DefinitionsOptions {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly trail: Recorder;
  readonly snapshot: Pick<Published<unknown>, 'publish'>;
  readonly compile: CompileOptions;
  readonly checkUrl: Storing['checkUrl'];
  readonly box: ReturnType<typeof sealedBox>;
  readonly publicUrl: string;
  /** A schedule may have changed. */
  readonly onSchedule: () => void;
}

export type Definitions = ReturnType<typeof createDefinitions>;

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

/** What is judged of a definition; `self`: names under which it may start itself. */
interface Judged {
  readonly accountId: string;
  readonly self: readonly string[];
  readonly trigger: StoredTrigger;
  readonly steps: readonly Step[];
  readonly runAs: string;
}

export function createDefinitions(options: DefinitionsOptions) {
  const { db, accounts, trail, snapshot, compile, checkUrl, box, publicUrl, onSchedule } = options;
  const seals: Seals = { open: (sealed) => box.open(sealed).toString('utf8'), publicUrl };
  const shown = (row: store.WorkflowRow): Workflow => shownWorkflow(row, seals);
  const seal = (text: string): Buffer => box.close(Buffer.from(text, 'utf8'));
  const newToken = () => {
    const token = `wfh_${randomBytes(32).toString('base64url')}`;
    return { hash: tokenHash(token), sealed: seal(token) };
  };
  const keptToken = (sealed: Buffer) => ({ hash: tokenHash(seals.open(sealed)), sealed });

  async function find(name: string, ctx: Ctx): Promise<store.WorkflowRow> {
    const row = await store.find(db, await accounts.scope(ctx), name);
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  /** Everything that is wrong with it. */
  async function judge(
    tx: Transaction,
    { accountId, self, trigger, steps, runAs }: Judged,
    more: readonly ProblemEntry[],
  ): Promise<void> {
    const large = sizeProblems({ trigger, steps }, MOST_WORKFLOW_BYTES, 'steps');
    if (large.length > 0) throw new Failure('INVALID_REQUEST', {}, [...more, ...large]);
    const storing = { checkUrl, asAccount: runAs === AS_ACCOUNT.name };
    const problems = [...more, ...compileWorkflow({ trigger, steps }, { ...compile, storing }).problems];
    const role = await runAsProblem(tx, runAs);
    if (role !== null) problems.push(role);
    problems.push(...(await unknownWorkflows(tx, accountId, { at: 'steps', parts: steps, self })));
    if (problems.length > 0) throw new Failure('INVALID_REQUEST', {}, problems);
  }

  const nameProblems = (name: string, slug: string | undefined): ProblemEntry[] => [
    ...(name.includes('\0')
      ? [{ field: 'name', code: 'invalid_characters', message: 'A name has no NUL characters.' }]
      : []),
    ...(slug !== undefined && isUuid(slug)
      ? [{ field: 'slug', code: 'slug_reserved', message: 'A slug must not look like an id.' }]
      : []),
  ];

  const taken = (slug: string) => (error: unknown) => {
    if (!isUniqueViolation(error)) throw error;
    const entry = { field: 'slug', code: 'slug_taken', message: `There is a workflow ${slug}.` };
    throw new Failure('CONFLICT', { what: `A workflow with the slug ${slug}` }, [entry]);
  };

  async function freeSlug(tx: Transaction, accountId: string, name: string): Promise<string> {
    const all = choices(slugOf(name), MOST_WORKFLOWS + 1);
    const used = await store.takenSlugs(tx, accountId, all);
    return all.find((slug) => !used.has(slug)) as string;
  }

  /** The changed row as it is stored; answers it as it is then. */
  async function change(
    id: string,
    ctx: Ctx,
    to: (row: store.WorkflowRow, tx: Transaction) => Promise<Partial<store.NewWorkflow>> | Partial<store.NewWorkflow>,
  ): Promise<Workflow> {
    const { id: own } = await find(id, ctx);
    const row = await db.transaction(async (tx) => {
      const before = await store.lock(tx, own);
      if (before === null) throw new Failure('RESOURCE_NOT_FOUND');
      const changed = await to(before, tx);
      const after: store.NewWorkflow = { ...newOf(before, keptToken), ...changed };
      const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
      const triggered = !same(before.trigger, after.trigger);
      const does = [before.steps, before.run_as, before.timeout_seconds];
      const renewed = triggered || !same(does, [after.steps, after.runAs, after.timeoutSeconds]);
      const enabled = after.enabled && !before.enabled;
      const scheduled = triggered || after.enabled !== before.enabled;
      const nextRunAt = scheduled
        ? nextOfSchedule(after.trigger, after.enabled, await store.clockOf(tx))
        : after.nextRunAt;
      await store
        .update(tx, { ...after, nextRunAt }, { renewed, since: triggered || enabled })
        .catch(taken(after.slug));
      const stored = (await store.lock(tx, own)) as store.WorkflowRow;
      const { account_id: accountId } = stored;
      await trail.record(tx, ctx, {
        accountId,
        table: 'workflows',
        id: own,
        before: recorded(before),
        after: recorded(stored),
      });
      tx.afterCommit(onSchedule);
      await snapshot.publish(tx, accountId);
      return stored;
    });
    return shown(row);
  }

  const update = (id: string, input: Parsed<C['update']>['body'], ctx: Ctx): Promise<Workflow> =>
    change(id, ctx, async (before, tx) => {
      const trigger = input.trigger === undefined ? before.trigger : storedTrigger(input.trigger);
      const steps = input.steps ?? before.steps;
      const runAs = input.run_as ?? before.run_as;
      const self = [before.id, input.slug ?? before.slug];
      const judged = { accountId: before.account_id, self, trigger, steps, runAs };
      await judge(tx, judged, nameProblems(input.name ?? '', input.slug));
      return {
        name: input.name ?? before.name,
        slug: input.slug ?? before.slug,
        description: input.description === undefined ? before.description : input.description,
        trigger,
        steps,
        enabled: input.enabled ?? before.enabled,
        runAs,
        timeoutSeconds: input.timeout_seconds === undefined ? before.timeout_seconds : input.timeout_seconds,
        ...secretsOf(input.trigger, before),
      };
    });

  /** A webhook keeps its token; its secret too, unless another one or null is sent. */
  function secretsOf(trigger: Trigger | undefined, before: store.WorkflowRow | null) {
    if (trigger === undefined) return {};
    if (trigger.type !== 'webhook') return { token: null, secretSealed: null };
    const { secret } = trigger;
    const kept = before?.token_sealed ?? null;
    return {
      token: kept === null ? newToken() : keptToken(kept),
      secretSealed: secret === undefined ? (before?.secret_sealed ?? null) : secret === null ? null : seal(secret),
    };
  }

  accounts.onDelete(async (tx, accountId) => {
    if (await store.removeOfAccount(tx, accountId)) await snapshot.publish(tx, accountId);
  });

  return {
    find,
    async list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>> {
      const { enabled, trigger_type: triggerType } = query;
      const window = offsetWindow(query);
      const accountId = await accounts.scope(ctx);
      const { rows, total } = await store.list(db, { accountId, enabled, triggerType }, window);
      return page(rows.map(shown), total, window);
    },

    /** Throws INVALID_REQUEST with every problem, CONFLICT for a slug that is taken, LIMIT_REACHED, ACCOUNT_REQUIRED. */
    async create(input: Parsed<C['create']>['body'], ctx: Ctx): Promise<Workflow> {
      const accountId = await accounts.scope(ctx);
      if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID' });
      const id = ctx.attempt?.seed ?? uuidV7();
      const row = await db.transaction(async (tx) => {
        const again = ctx.attempt?.committed ? await store.find(tx, accountId, id) : null;
        if (again !== null) return again;
        const trigger = storedTrigger(input.trigger);
        const { name, steps = [], run_as: runAs = AS_ACCOUNT.name, enabled = true } = input;
        const self = [input.slug ?? slugOf(name)];
        await judge(tx, { accountId, self, trigger, steps, runAs }, nameProblems(name, input.slug));
        if ((await store.lockAndCount(tx, accountId)) >= MOST_WORKFLOWS)
          throw new Failure('LIMIT_REACHED', {
            limit: MOST_WORKFLOWS,
            what: 'workflows in the account',
            hint: 'delete one first',
          });
        const made: store.NewWorkflow = {
          id,
          accountId,
          name,
          slug: input.slug ?? (await freeSlug(tx, accountId, name)),
          description: input.description ?? null,
          trigger,
          steps,
          enabled,
          runAs,
          timeoutSeconds: input.timeout_seconds ?? null,
          nextRunAt: nextOfSchedule(trigger, enabled, await store.clockOf(tx)),
          ...{ token: null, secretSealed: null, ...secretsOf(input.trigger, null) },
        };
        await store.insert(tx, made, requireCaller(ctx).userId).catch(taken(made.slug));
        const stored = (await store.lock(tx, id)) as store.WorkflowRow;
        await trail.record(tx, ctx, { accountId, table: 'workflows', id, after: recorded(stored) });
        await ctx.attempt?.commit(tx);
        tx.afterCommit(onSchedule);
        await snapshot.publish(tx, accountId);
        return stored;
      });
      return shown(row);
    },

    get: async (id: string, ctx: Ctx): Promise<Workflow> => shown(await find(id, ctx)),
    update,
    toggle: (id: string, ctx: Ctx): Promise<Workflow> => change(id, ctx, ({ enabled }) => ({ enabled: !enabled })),

    /** Throws WORKFLOW_STATE where it has none. */
    rotateToken: (id: string, ctx: Ctx): Promise<Workflow> =>
      change(id, ctx, ({ trigger }) => {
        if (trigger.type !== 'webhook')
          throw new Failure('WORKFLOW_STATE', { reason: 'only a workflow with a webhook trigger has a token' });
        return { token: newToken() };
      }),

    async delete(id: string, ctx: Ctx): Promise<undefined> {
      const row = await find(id, ctx);
      await db.transaction(async (tx) => {
        await store.remove(tx, row.id);
        const { account_id: accountId } = row;
        await trail.record(tx, ctx, { accountId, table: 'workflows', id: row.id, before: recorded(row) });
        await db.notify(CHANNEL, '', tx);
        await snapshot.publish(tx, accountId);
      });
      return undefined;
    },
  };
}

function newOf(
  row: store.WorkflowRow,
  kept: (sealed: Buffer) => NonNullable<store.NewWorkflow['token']>,
): store.NewWorkflow {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    slug: row.slug,
    description: row.description,
    trigger: row.trigger,
    steps: row.steps,
    enabled: row.enabled,
    runAs: row.run_as,
    timeoutSeconds: row.timeout_seconds,
    token: row.token_sealed === null ? null : kept(row.token_sealed),
    secretSealed: row.secret_sealed,
    nextRunAt: row.next_run_at === null ? null : new Date(row.next_run_at),
  };
}

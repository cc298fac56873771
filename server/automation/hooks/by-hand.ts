// Setting a hook off by hand: put in to be run soon, or run at once in a transaction that is undone.

import type { hooks as contract } from '../../../contract/hooks.ts';
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { z } from '../../../contract/kit.ts';
import type { EventName } from '../../../contract/lifecycle.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Recorder } from '../../audit/service.ts';
import { Answer, type Ctx, requireCaller } from '../../context.ts';
import type { Database } from '../../db/database.ts';
import { uuidV7 } from '../../ids.ts';
import { ActionFailed } from '../actions/run.ts';
import type { ActionService } from '../actions/service.ts';
import { authValues } from '../people.ts';
import { automationCtx } from '../principal.ts';
import { findPerson } from '../store.ts';
import type { EnabledHooks } from './enabled.ts';
import { changesBetween, isOfRecord, toldCollection, toldEvent, valuesOf } from './names.ts';
import { timeLimit } from './run.ts';
import { keptOutcomes, verdictOf } from './shown.ts';
import { findRole, type HookRow } from './store/definitions.ts';
import { type Context, insertExecutions } from './store/executions.ts';

type Trigger = (typeof contract)['trigger'];
type DryRun = Extract<Reply<Trigger>, { dry_run: true }>;

/** A transaction is open as long as a dry run takes. */
const MOST_SECONDS = 30;

/** What was done at once, where usually it is only begun. */
class Done<T> extends Answer<T> {
  readonly status = 200;
}

/** Takes the transaction back, and hands on what was learnt in it. */
class Undo extends Error {
  constructor(readonly learnt: DryRun) {
    super('undone');
  }
}

export interface ByHandOptions {
  readonly db: Database;
  readonly trail: Recorder;
  readonly actions: ActionService;
  readonly enabled: EnabledHooks;
  /** There are executions to run. */
  readonly wake: () => void;
}

/** Answers 202 with the id of the execution, or 200 with what a dry run did. Throws INVALID_REQUEST. */
export function createByHand({ db, trail, actions, enabled, wake }: ByHandOptions) {
  async function dryRun(hook: HookRow, context: Context, userId: string): Promise<DryRun> {
    const { condition, actions: compiled, problems } = enabled.compiled(hook);
    if (problems.length > 0) throw new Failure('INVALID_REQUEST', {}, problems);
    const run = uuidV7();
    const limit = timeLimit(Math.min(hook.timeout_seconds, MOST_SECONDS));
    try {
      return await db.transaction(async (tx): Promise<DryRun> => {
        const role = await findRole(tx, hook.run_as);
        const automation = { kind: 'hook' as const, id: hook.id, name: hook.name, run, depth: 1 };
        const ctx = automationCtx({ accountId: hook.account_id, role, automation });
        const auth = authValues(hook.account_id, await findPerson(tx, hook.account_id, userId));
        const values = valuesOf(context, { hook, run, auth, now: new Date().toISOString() });
        if (!condition.holds(values))
          return { dry_run: true, status: 'skipped', message: 'The condition does not hold.', actions: [] };
        const record = values.record as Record<string, unknown> | null | undefined;
        const set = (fields: object) => void Object.assign(record ?? {}, fields);
        const done = await actions
          .runAll(compiled, { ctx, values, tx, signal: limit.signal, set, dry: true })
          .catch((error) => {
            if (error instanceof ActionFailed) return error.outcomes;
            throw error;
          });
        const { status, errorMessage } = verdictOf(done);
        const message = errorMessage ?? 'All of it was done and undone.';
        throw new Undo({ dry_run: true, status, message, actions: keptOutcomes(done) });
      });
    } catch (error) {
      if (error instanceof Undo) return error.learnt;
      throw error;
    } finally {
      limit.clear();
    }
  }

  return async (
    hook: HookRow,
    { query, body = {} }: Pick<Parsed<Trigger>, 'query' | 'body'>,
    ctx: Ctx,
  ): Promise<Answer<Reply<Trigger>>> => {
    const { dry_run: dryGiven, ...input } = body;
    const dry = z.boolean().optional().safeParse(dryGiven);
    if (!dry.success)
      throw new Failure('INVALID_REQUEST', {}, [
        { field: 'dry_run', code: 'invalid_type', message: 'Send true or false.' },
      ]);
    const { userId } = requireCaller(ctx);
    const context = { ...contextOf(hook, input), user_id: userId, triggered_by: userId };
    if (query.dry_run ?? dry.data) return new Done<Reply<Trigger>>(await dryRun(hook, context, userId));
    const { attempt } = ctx;
    const id = attempt?.seed ?? uuidV7();
    if (!attempt?.committed)
      await db.transaction(async (tx) => {
        const { account_id: accountId } = hook;
        await insertExecutions(tx, [
          { id, accountId, hookId: hook.id, triggerType: 'manual', event: null, queue: null, depth: 1, context },
        ]);
        const after = { status: 'pending', hook: hook.id, user: userId };
        await trail.record(tx, ctx, { accountId, table: 'hook_executions', id, after });
        await attempt?.commit(tx);
        tx.afterCommit(wake);
      });
    return new Answer<Reply<Trigger>>({ message: 'The hook runs.', execution_id: id, job_id: id });
  };
}

/** What the sent input stands for. Throws INVALID_REQUEST for a record that is none. */
function contextOf({ trigger, event, collection }: HookRow, input: Record<string, unknown>): Context {
  if (trigger.type === 'manual') return { input };
  if (trigger.type === 'schedule') return { scheduled_at: new Date().toISOString() };
  const { record = input.data ?? null, old = null } = input;
  for (const [field, value] of Object.entries({ record, old }))
    if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
      throw new Failure('INVALID_REQUEST', {}, [{ field, code: 'invalid_type', message: 'Send an object.' }]);
  const name = event as EventName;
  const sides = { record: record as Record<string, unknown> | null, old: old as Record<string, unknown> | null };
  return {
    event: toldEvent(name),
    ...(isOfRecord(name) && {
      collection: collection === null ? null : toldCollection(collection),
      changes: changesBetween(sides.old, sides.record),
    }),
    ...sides,
  };
}

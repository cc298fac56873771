// Hooks as their managers see them: defining and changing them, setting them off by hand, and reading what they did.
import type { hooks as contract, Hook, HookChange, HookExecution, HookInput } from '../../../contract/hooks.ts';
import { MOST_HOOKS } from '../../../contract/hooks.ts';
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import { type Answer, AS_ACCOUNT, type Ctx, requireCaller } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { isUuid, uuidV7 } from '../../ids.ts';
import { BUILTINS, eventEntries } from '../../lifecycle/service.ts';
import { unknownWorkflows } from '../named-workflows.ts';
import { runAsProblem } from '../run-as.ts';
import { describeCron, nextRun } from '../schedule.ts';
import { createByHand } from './by-hand.ts';
import type { EnabledHooks } from './enabled.ts';
import { judge, type Known } from './judge.ts';
import * as store from './store/definitions.ts';
import { type ExecutionRow, findExecution, listExecutions } from './store/executions.ts';

type C = typeof contract;

/** What takes an id throws RESOURCE_NOT_FOUND for a hook that is not there or another account's. */
export interface Hooks {
  /** The catalogue, with the built-in steps. */
  events(): Reply<C['events']>;
  list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>>;
  /** Throws INVALID_REQUEST with every problem, LIMIT_REACHED, ACCOUNT_REQUIRED. */
  create(input: HookInput, ctx: Ctx): Promise<Hook>;
  get(id: string, ctx: Ctx): Promise<Hook>;
  /** What is not given stays. Throws INVALID_REQUEST with every problem. */
  change(id: string, change: HookChange, ctx: Ctx): Promise<Hook>;
  toggle(id: string, ctx: Ctx): Promise<Hook>;
  delete(id: string, ctx: Ctx): Promise<undefined>;
  trigger(
    id: string,
    asked: Pick<Parsed<C['trigger']>, 'query' | 'body'>,
    ctx: Ctx,
  ): Promise<Answer<Reply<C['trigger']>>>;
  executions(id: string, query: Parsed<C['executions']>['query'], ctx: Ctx): Promise<Reply<C['executions']>>;
  execution(id: string, execution: string, ctx: Ctx): Promise<HookExecution>;
}

export interface HooksOptions extends Omit<Parameters<typeof createByHand>[0], 'db'> {
  readonly db: Database;
  readonly accounts: Pick<Accounts, 'scope' | 'onDelete'>;
  readonly trail: Recorder;
  readonly enabled: EnabledHooks;
  readonly known: Known;
  /** A schedule was made or changed. */
  readonly onSchedule: () => void;
}

export function createHooks(options: HooksOptions): Hooks {
  const { db, accounts, trail, enabled, known, onSchedule } = options;
  const byHand = createByHand(options);

  const told = (tx: Transaction, ctx: Ctx, row: store.HookRow, change: { before?: object; after?: object }) =>
    trail.record(tx, ctx, { accountId: row.account_id, table: 'hooks', id: row.id, ...change });

  async function find(id: string, ctx: Ctx): Promise<store.HookRow> {
    const accountId = await accounts.scope(ctx);
    return foundIn(db, id, accountId);
  }
  async function foundIn(run: Database | Transaction, id: string, accountId: string | null, lock = false) {
    const row = isUuid(id) ? await store.findHook(run, id, accountId, lock) : null;
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  async function judged(
    tx: Transaction,
    accountId: string,
    input: HookInput,
    mustFit: boolean,
  ): Promise<store.Definition> {
    const role = await runAsProblem(tx, input.run_as ?? AS_ACCOUNT.name);
    const workflows = await unknownWorkflows(tx, accountId, { at: 'actions', parts: input.actions ?? [] });
    const { definition, problems } = judge(input, known, [...(role === null ? [] : [role]), ...workflows]);
    if (mustFit && problems.length > 0) throw new Failure('INVALID_REQUEST', {}, problems);
    return definition;
  }

  async function nextOf(tx: Transaction, { trigger, enabled: on }: store.Definition): Promise<Date | null> {
    if (trigger.type !== 'schedule' || !on) return null;
    return nextRun(trigger.cron, trigger.timezone ?? 'UTC', await store.clock(tx));
  }

  async function change(id: string, ctx: Ctx, changing: (row: store.HookRow) => HookChange): Promise<Hook> {
    const accountId = await accounts.scope(ctx);
    const row = await db.transaction(async (tx) => {
      const before = await foundIn(tx, id, accountId, true);
      const sent = given(changing(before));
      // What no longer fits, because its collection went, can still be switched off.
      const mustFit = sent.enabled !== false || Object.keys(sent).length > 1;
      const after = await judged(tx, before.account_id, { ...inputOf(before), ...sent }, mustFit);
      const another = JSON.stringify(after.trigger) !== JSON.stringify(before.trigger);
      const anew = after.enabled && (another || !before.enabled);
      const kept = !another && before.enabled && after.enabled && before.next_run_at !== null;
      const next = kept ? new Date(before.next_run_at as string) : await nextOf(tx, after);
      await store.updateHook(tx, before.id, after, { anew, nextRun: next });
      await told(tx, ctx, before, { before: audited(before), after: audited(after) });
      await enabled.publish(tx, before.account_id);
      return foundIn(tx, id, accountId);
    });
    onSchedule();
    return shown(row);
  }

  accounts.onDelete(async (tx, accountId) => {
    if (await store.deleteHooksOf(tx, accountId)) await enabled.publish(tx, accountId);
  });

  return {
    events() {
      const items = eventEntries();
      return { items, total: items.length, builtin: [...BUILTINS] };
    },

    async list({ trigger_type: triggerType, enabled: on, ...query }, ctx) {
      const window = offsetWindow(query);
      const filter = { accountId: await accounts.scope(ctx), triggerType, enabled: on };
      const { rows, total } = await store.listHooks(db, filter, window);
      return page(rows.map(shown), total, window);
    },

    async create(input, ctx) {
      const accountId = await accounts.scope(ctx);
      if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID' });
      const id = uuidV7();
      const row = await db.transaction(async (tx) => {
        const definition = await judged(tx, accountId, input, true);
        if ((await store.lockAndCount(tx, accountId)) >= MOST_HOOKS)
          throw new Failure('LIMIT_REACHED', {
            limit: MOST_HOOKS,
            what: 'hooks in the account',
            hint: 'delete one first',
          });
        const by = requireCaller(ctx).userId;
        await store.insertHook(tx, { id, accountId, by, nextRun: await nextOf(tx, definition) }, definition);
        const made = await foundIn(tx, id, accountId);
        await told(tx, ctx, made, { after: audited(definition) });
        await enabled.publish(tx, accountId);
        return made;
      });
      onSchedule();
      return shown(row);
    },

    get: async (id, ctx) => shown(await find(id, ctx)),
    change: (id, sent, ctx) => change(id, ctx, () => sent),
    toggle: (id, ctx) => change(id, ctx, ({ enabled: on }) => ({ enabled: !on })),

    async delete(id, ctx) {
      const accountId = await accounts.scope(ctx);
      await db.transaction(async (tx) => {
        const row = await foundIn(tx, id, accountId, true);
        await store.deleteHook(tx, row.id);
        await told(tx, ctx, row, { before: audited(row) });
        await enabled.publish(tx, row.account_id);
      });
      return undefined;
    },

    trigger: async (id, asked, ctx) => byHand(await find(id, ctx), asked, ctx),

    async executions(id, { status, ...query }, ctx) {
      const { id: hookId } = await find(id, ctx);
      const window = offsetWindow(query);
      const { rows, total } = await listExecutions(db, hookId, status ?? null, window);
      return page(rows.map(execution), total, window);
    },

    async execution(id, executionId, ctx) {
      const { id: hookId } = await find(id, ctx);
      const row = isUuid(executionId) ? await findExecution(db, hookId, executionId) : null;
      if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
      return execution(row);
    },
  };
}

/** Without what was not sent. */
const given = (change: HookChange) =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<HookInput>;

const inputOf = (row: store.HookRow): HookInput => ({
  name: row.name,
  description: row.description,
  trigger: row.trigger,
  condition: row.condition,
  actions: row.actions as HookInput['actions'],
  enabled: row.enabled,
  priority: row.priority,
  run_as: row.run_as,
  timeout_seconds: row.timeout_seconds,
});

/** For the trail: headers of calls out may hold credentials. */
function audited({ name, description, trigger, condition, actions, ...row }: store.Definition): object {
  const { enabled, priority, run_as, timeout_seconds } = row;
  const hidden = actions.map((action) =>
    typeof action.headers === 'object' && action.headers !== null
      ? { ...action, headers: Object.fromEntries(Object.keys(action.headers).map((key) => [key, '***'])) }
      : action,
  );
  return { name, description, trigger, condition, actions: hidden, enabled, priority, run_as, timeout_seconds };
}

function shown({ event: _, collection: __, revision: ___, ...row }: store.HookRow): Hook {
  const cron = row.trigger.type === 'schedule' ? row.trigger.cron : null;
  return { ...row, cron, cron_description: cron === null ? null : describeCron(cron) };
}

const execution = ({ outcomes, context, ...row }: ExecutionRow): HookExecution => ({
  ...row,
  actions_executed: outcomes.filter(({ status }) => status === 'success').length,
  actions: outcomes,
  execution_context: context,
});

// Custom endpoints: defining them, judged whole when they are stored; and the log of their calls.
import {
  type endpoints as contract,
  type Endpoint,
  type EndpointExecution,
  MOST_ENDPOINT_BYTES,
  MOST_ENDPOINTS,
} from '../../../contract/endpoints.ts';
import type { Parsed, Reply } from '../../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../../contract/problems.ts';
import { offsetWindow, page } from '../../../contract/shapes.ts';
import { seesPersonalData } from '../../access/mask.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import { type Ctx, requireCaller } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { isUuid, uuidV7 } from '../../ids.ts';
import { cut } from '../../text.ts';
import { sizeProblems } from '../definition-size.ts';
import type { Definitions } from '../definitions.ts';
import { unknownWorkflows } from '../named-workflows.ts';
import { masked } from '../secrets.ts';
import type { CompiledEndpoint } from './compile.ts';
import type { Executions } from './executions.ts';
import { withoutPersonalData } from './masked.ts';
import { pathProblems, patternOf } from './path.ts';
import { pathOf, settingsOf, shown } from './shown.ts';
import * as store from './store.ts';

type C = typeof contract;
type Change = Parsed<C['update']>['body'];

/** How often a change is judged anew because another one came first. */
const ATTEMPTS = 8;

/** Whatever names an endpoint throws RESOURCE_NOT_FOUND for one that is not there or another account's. */
export interface Endpoints {
  list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>>;
  /** Throws INVALID_REQUEST with every problem, CONFLICT, LIMIT_REACHED, ACCOUNT_REQUIRED. */
  create(input: Parsed<C['create']>['body'], ctx: Ctx): Promise<Endpoint>;
  get(id: string, ctx: Ctx): Promise<Endpoint>;
  /** What is not sent stays. Throws as `create`. */
  update(id: string, change: Change, ctx: Ctx): Promise<Endpoint>;
  /** Without `enabled` the other of the two. */
  toggle(id: string, change: { readonly enabled?: boolean | undefined } | undefined, ctx: Ctx): Promise<Endpoint>;
  delete(id: string, ctx: Ctx): Promise<undefined>;
  executions(id: string, query: Parsed<C['executions']>['query'], ctx: Ctx): Promise<Reply<C['executions']>>;
  execution(id: string, execution: string, ctx: Ctx): Promise<EndpointExecution>;
}

export interface EndpointsOptions {
  readonly db: Database;
  readonly accounts: Pick<Accounts, 'scope' | 'onDelete'>;
  readonly trail: Recorder;
  readonly definitions: Pick<Definitions<unknown>, 'publish'>;
  readonly executions: Pick<Executions, 'flush'>;
  readonly judge: (
    row: Pick<store.EndpointRow, 'path' | 'settings'>,
  ) => Promise<{ readonly compiled: CompiledEndpoint; readonly problems: ProblemEntry[] }>;
  /** Told what was committed. */
  readonly onStored: (row: store.EndpointRow) => unknown;
  readonly runAsProblem: (name: string) => Promise<ProblemEntry | null>;
}

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { db, accounts, trail, definitions, executions } = options;
  type Row = store.EndpointRow;
  const told = (tx: Transaction, ctx: Ctx, row: Row, before: Row | null, after: Row | null) => {
    const plain = (one: Row | null) => {
      if (one === null) return null;
      const { account: _, pattern: __, settings, ...rest } = one;
      // Headers of calls out may hold credentials.
      return { ...rest, ...settings, actions: masked(settings.actions) };
    };
    const change = { before: plain(before), after: plain(after) };
    return trail.record(tx, ctx, { accountId: row.account_id, table: 'endpoints', id: row.id, ...change });
  };

  async function find(id: string, ctx: Ctx): Promise<Row> {
    const accountId = await accounts.scope(ctx);
    const row = isUuid(id) ? await store.findEndpoint(db, id, accountId) : null;
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  async function problemsOf(row: Row, own: readonly ProblemEntry[]): Promise<ProblemEntry[]> {
    const { name, description, path: at, settings } = row;
    const large = sizeProblems({ name, description, path: at, ...settings }, MOST_ENDPOINT_BYTES, 'actions');
    if (large.length > 0) return [...own, ...large];
    const { problems } = await options.judge(row);
    const role = await options.runAsProblem(row.settings.run_as);
    const path =
      row.path === ''
        ? []
        : pathProblems(row.path, [row.account, row.account_id, ...(await store.accountsNamed(db, row.path))]);
    const workflows = await unknownWorkflows(db, row.account_id, { at: 'actions', parts: row.settings.actions });
    return [...own, ...path, ...problems, ...(role === null ? [] : [role]), ...workflows];
  }

  /** Stores what was judged; null where another change came between. */
  const save = (row: Row, before: Row | null, ctx: Ctx): Promise<Endpoint | null> =>
    db.transaction(async (tx) => {
      const count = await store.lockAndCount(tx, row.account_id);
      if (before === null && count >= MOST_ENDPOINTS)
        throw new Failure('LIMIT_REACHED', { limit: MOST_ENDPOINTS, what: 'endpoints', hint: 'delete one first' });
      if (before !== null) {
        const current = await store.findEndpoint(tx, row.id, null);
        if (current === null) throw new Failure('RESOURCE_NOT_FOUND');
        if (current.updated_at !== before.updated_at) return null;
      }
      const same = await store.findPattern(tx, row);
      if (same !== null && same.id !== row.id) {
        const what = `The endpoint ${cut(same.name, 100)} (${same.method} ${same.path}), which answers the same requests,`;
        const message = `${same.method} ${same.path} answers the same requests.`;
        throw new Failure('CONFLICT', { what }, [{ field: 'path', code: 'taken', message }]);
      }
      await store.saveEndpoint(tx, row);
      await told(tx, ctx, row, before, row);
      await definitions.publish(tx, row.account_id);
      if (row.enabled) tx.afterCommit(() => void options.onStored(row));
      return shown(row);
    });

  /** Throws WRITE_CONFLICT where others are always faster. */
  async function change(id: string, asked: Change | ((before: Row) => Change), ctx: Ctx): Promise<Endpoint> {
    for (let tries = 1; tries <= ATTEMPTS; tries++) {
      const before = await find(id, ctx);
      const sent = typeof asked === 'function' ? asked(before) : asked;
      const made = await save(await changed(before, sent), before, ctx);
      if (made !== null) return made;
    }
    throw new Failure('WRITE_CONFLICT');
  }

  async function changed(before: Row, sent: Change): Promise<Row> {
    const own: ProblemEntry[] = [];
    const path = pathOf(sent, own) ?? before.path;
    const row: Row = {
      ...before,
      name: sent.name ?? before.name,
      description: sent.description === undefined ? before.description : sent.description,
      method: sent.method ?? before.method,
      path,
      pattern: patternOf(path),
      settings: settingsOf(sent, before.settings),
      enabled: sent.enabled ?? before.enabled,
      // It is the version too, so no two are the same.
      updated_at: new Date(Math.max(Date.now(), Date.parse(before.updated_at) + 1)).toISOString(),
    };
    const problems = await problemsOf(row, own);
    // Switching off must always work, whatever has become of what a definition speaks of.
    const only = Object.keys(sent).every((key) => key === 'enabled') && sent.enabled === false;
    if (problems.length > 0 && !only) throw new Failure('INVALID_REQUEST', {}, problems);
    return row;
  }

  const seenBy =
    ({ caller }: Ctx) =>
    (call: EndpointExecution): EndpointExecution =>
      seesPersonalData(caller) ? call : withoutPersonalData(call);

  accounts.onDelete(async (tx, accountId) => {
    if ((await store.deleteOfAccount(tx, accountId)) > 0) await definitions.publish(tx, accountId);
  });

  return {
    async list({ enabled, method, ...query }, ctx) {
      const window = offsetWindow(query);
      const filter = { accountId: await accounts.scope(ctx), enabled, method };
      const { rows, total } = await store.listEndpoints(db, filter, window);
      return page(rows.map(shown), total, window);
    },
    async create(input, ctx) {
      const accountId = await accounts.scope(ctx);
      if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID with its id or slug' });
      const own: ProblemEntry[] = [];
      const path = pathOf(input, own);
      if (path === undefined && own.length === 0)
        own.push({ field: 'path', code: 'required', message: 'Send a path, or a slug.' });
      const at = new Date().toISOString();
      const row: Row = {
        id: uuidV7(),
        account_id: accountId,
        account: await store.slugOf(db, accountId),
        name: input.name,
        description: input.description ?? null,
        method: input.method ?? 'GET',
        path: path ?? '',
        pattern: patternOf(path ?? ''),
        settings: settingsOf(input),
        enabled: input.enabled ?? true,
        created_at: at,
        updated_at: at,
        created_by: requireCaller(ctx).userId,
      };
      const problems = await problemsOf(row, own);
      if (problems.length > 0) throw new Failure('INVALID_REQUEST', {}, problems);
      const made = await save(row, null, ctx);
      if (made === null) throw new Failure('WRITE_CONFLICT');
      return made;
    },
    get: async (id, ctx) => shown(await find(id, ctx)),
    update: change,
    toggle: (id, sent, ctx) => change(id, ({ enabled }) => ({ enabled: sent?.enabled ?? !enabled }), ctx),
    async delete(id, ctx) {
      const row = await find(id, ctx);
      await db.transaction(async (tx) => {
        await store.deleteEndpoint(tx, row.id);
        await told(tx, ctx, row, row, null);
        await definitions.publish(tx, row.account_id);
      });
      return undefined;
    },
    async executions(id, { status, ...query }, ctx) {
      const row = await find(id, ctx);
      const window = offsetWindow(query);
      await executions.flush();
      const { rows, total } = await store.listExecutions(db, row.id, status, window);
      return page(rows.map(seenBy(ctx)), total, window);
    },
    async execution(id, execution, ctx) {
      const row = await find(id, ctx);
      await executions.flush();
      const found = isUuid(execution) ? await store.findExecution(db, row.id, execution) : null;
      if (found === null) throw new Failure('RESOURCE_NOT_FOUND');
      return seenBy(ctx)(found);
    },
  };
}

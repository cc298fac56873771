// Workflows: definitions, their instances, what starts these and what runs them.
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Parsed } from '../../../contract/kit.ts';
import { Failure } from '../../../contract/problems.ts';
import type { DryRun } from '../../../contract/workflow-shapes.ts';
import type { workflows as contract } from '../../../contract/workflows.ts';
import type { MacroSource } from '../../access/rule.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import { Answer, type Ctx, requireCaller } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { beginReading } from '../../events/consumer.ts';
import type { Tail } from '../../events/tail.ts';
import type { Lifecycle } from '../../lifecycle/service.ts';
import type { Records } from '../../records/service.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { sealedBox } from '../../sealed-box.ts';
import type { ActionParts, ActionService } from '../actions/service.ts';
import type { Storing } from '../actions/written.ts';
import type { Working } from '../background.ts';
import { createDefinitions as createSnapshotOf } from '../definitions.ts';
import { createDue } from '../due.ts';
import { automationCtx } from '../principal.ts';
import type { Rounds } from '../rounds.ts';
import { actingRole } from '../store.ts';
import { type CompiledWorkflow, compileWorkflow, runnable } from './compile.ts';
import { createDefinitions } from './definitions.ts';
import { rehearse } from './dry-run.ts';
import { createEngine } from './engine.ts';
import { createEvents, type Listening, ListeningByAccount, type ListeningRow, READER } from './events.ts';
import { createHearing } from './hearing.ts';
import { createInstances } from './instances.ts';
import { createReceiving } from './receiving.ts';
import { createSchedules } from './schedules.ts';
import { createStarting, startedBy } from './starting.ts';
import * as runs from './store/runs.ts';
import { listening } from './store/workflows.ts';

type C = typeof contract;

/** Instances side by side in one process, shared by accounts. They mostly wait for receivers of their calls. */
const CONCURRENCY = 16;
const COMPILED = 500;

export interface WorkflowsOptions {
  readonly db: Database;
  readonly log?: Logger | undefined;
  readonly accounts: Accounts;
  readonly trail: Recorder;
  readonly records: Records;
  readonly tail: Tail;
  readonly macros: MacroSource;
  readonly lifecycle?: Pick<Lifecycle, 'wants' | 'fire'> | undefined;
  readonly definitionOf: (name: string) => CollectionDef | undefined;
  /** Called back whenever a collection has changed. */
  readonly onCollections: (fn: () => void) => unknown;
  readonly actions: ActionService;
  /** Handlers of jobs that definitions may name. */
  readonly handlers?: () => readonly string[];
  readonly checkUrl: Storing['checkUrl'];
  readonly encryptionKey: string;
  readonly publicUrl: string;
  readonly clock?: () => Date;
}

export type Workflows = Awaited<ReturnType<typeof createWorkflows>>;

/** Reads the definitions; the work itself begins with the background. */
export async function createWorkflows(options: WorkflowsOptions) {
  const { db, log, accounts, trail, records, tail, macros, definitionOf, actions, handlers } = options;
  const { encryptionKey, publicUrl, clock = () => new Date() } = options;
  const compile = { definitionOf, macros, ...(handlers && { handlers }) };
  const compiled = new LRUCache<string, CompiledWorkflow>({ max: COMPILED });
  // Conditions compare by the types of fields.
  options.onCollections(() => compiled.clear());
  const remembered = (key: string, definition: Parameters<typeof runnable>[0]): CompiledWorkflow => {
    const known = compiled.get(`${key} ${macros.version}`);
    if (known !== undefined) return known;
    const made = runnable(definition, compile);
    compiled.set(`${key} ${macros.version}`, made);
    return made;
  };
  const compiledOf = ({ workflow_id, version, trigger, steps }: runs.RunRow) =>
    remembered(`${workflow_id} ${version}`, { trigger, steps });
  /** Of its trigger alone; events do not need the steps. */
  const conditionOf = ({ id, version, trigger }: Listening) =>
    remembered(`trigger ${id} ${version}`, { trigger, steps: [] }).condition ?? {
      holds: () => true,
    };

  const box = sealedBox(encryptionKey, 'workflow tokens');
  const live: { wake: (() => void) | null; events: (() => void) | null; schedules: Rounds | null } = {
    wake: null,
    events: null,
    schedules: null,
  };
  const snapshot = await createSnapshotOf<ListeningRow, ListeningByAccount>({
    db,
    log,
    kind: 'workflows',
    select: listening,
    value: new ListeningByAccount(),
    onChange: () => live.events?.(),
  });
  const starting = createStarting(db);
  const definitions = createDefinitions({
    db,
    accounts,
    trail,
    snapshot,
    compile,
    checkUrl: options.checkUrl,
    box,
    publicUrl,
    onSchedule: () => live.schedules?.wake(),
  });
  const instances = createInstances({
    db,
    accounts,
    trail,
    workflowId: async (id, ctx) => (await definitions.find(id, ctx)).id,
  });
  const hearing = createHearing({ db, tail, records, compiledOf });
  const engine = createEngine({
    db,
    actions,
    starting,
    compiledOf,
    onWait: () => live.events?.(),
    lookBack: hearing.lookBack,
    lifecycle: options.lifecycle,
    log,
  });

  const work = async (): Promise<Working> => {
    // Before any instance can wait, or the first events that it waits for would be before the reader's beginning.
    await beginReading(db, READER);
    const due = createDue<runs.RunRow>({
      name: 'workflows',
      claim: (lease, leaseMs, limit, busy, after) => runs.claim(db, lease, leaseMs, limit, busy, after),
      renew: (lease, leaseMs, ids) => runs.renew(db, lease, leaseMs, ids),
      // Its account may have had to wait for this one's end.
      run: (row, lease, signal) => engine(row, lease, signal).finally(() => setImmediate(() => live.wake?.())),
      nextIn: () => runs.nextIn(db),
      concurrency: CONCURRENCY,
      log,
    });
    const consumer = createEvents({ db, tail, records, definitions: snapshot, starting, conditionOf, hearing, log });
    const schedules = createSchedules({ db, starting, log });
    Object.assign(live, { wake: due.wake, events: consumer.wake, schedules });
    const unlisten = await db.listen(runs.CHANNEL, due.wake, due.wake);
    const forgetting = instances.forgetOld(log);
    return {
      async close() {
        Object.assign(live, { wake: null, events: null, schedules: null });
        await Promise.all([consumer.close(), schedules.close(), due.close(), forgetting.close()]);
        await unlisten();
      },
    };
  };

  const accountOf = ({ caller, accountHeader }: Ctx): string => {
    const account = caller?.superadmin ? accountHeader : (caller?.accountId ?? accountHeader);
    if (account === null || account === undefined) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID' });
    return account;
  };

  /** Starts one in the name of a person, or tries it out. */
  async function trigger(
    id: string,
    { body, dry_run: dry }: { readonly body: Parsed<C['trigger']>['body']; readonly dry_run?: boolean | undefined },
    ctx: Ctx,
  ): Promise<Answer<{ message: string; instance_id: string }> | Answer<DryRun>> {
    const workflow = await definitions.find(id, ctx);
    const input = body ?? {};
    if (dry) {
      const role = await actingRole(db, workflow.run_as);
      const automation = {
        kind: 'workflow',
        id: workflow.id,
        name: workflow.name,
        run: randomUUID(),
        depth: 1,
      } as const;
      const { account_id: accountId, name, slug } = workflow;
      const named = {
        workflow: { id: workflow.id, name, slug },
        instanceId: automation.run,
        accountId,
        startedBy: startedBy(ctx, accountId),
      };
      const done = await rehearse(
        { db, actions },
        {
          workflow: compileWorkflow(workflow, compile).workflow,
          ctx: automationCtx({ accountId, role, automation }),
          named,
          trigger: input,
        },
      );
      return Object.assign(new Answer(done), { status: 200 });
    }
    const { attempt } = ctx;
    const instance = attempt?.committed
      ? attempt.seed
      : await db.transaction(async (tx) => {
          const by = startedBy(ctx, workflow.account_id);
          const depth = (ctx.automation?.depth ?? 0) + 1;
          const made = await starting.started(tx, {
            ...{ workflow, source: 'manual', trigger: input, depth, startedBy: by },
            id: attempt?.seed,
          });
          const { account_id: accountId } = workflow;
          const after = { status: 'pending', workflow: workflow.slug, user: requireCaller(ctx).userId };
          await trail.record(tx, ctx, { accountId, table: 'workflow_instances', id: made, after });
          await attempt?.commit(tx);
          return made;
        });
    return new Answer({ message: 'The workflow was started.', instance_id: instance });
  }

  const receive = createReceiving({
    db,
    starting,
    openSecret: (sealed) => box.open(sealed).toString('utf8'),
    clock,
  });

  return {
    definitions,
    instances,
    trigger,
    receive,
    /** Begins to start, wake and run instances. */
    work,
    /** For the action `trigger_workflow`: with a transaction the instance is there when that commits. */
    start(on: Transaction | null, { workflow, input, ctx }: Parameters<ActionParts['trigger']>[1]): Promise<string> {
      const depth = (ctx.automation?.depth ?? 0) + 1;
      const accountId = accountOf(ctx);
      const asked = {
        accountId,
        workflow,
        input,
        depth,
        source: 'action',
        startedBy: startedBy(ctx, accountId),
      } as const;
      const work = (tx: Transaction) => starting.byAutomation(tx, asked);
      return on === null ? db.transaction(work) : work(on);
    },
    close: () => snapshot.close(),
  };
}

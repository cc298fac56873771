// Events of records start workflows and wake instances that wait for them, in the transaction that moves the reader's place on.

import { Failure } from '../../../contract/problems.ts';
import { authOf } from '../../access/decide.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { type Consumer, createConsumer } from '../../events/consumer.ts';
import type { Event, EventType } from '../../events/event.ts';
import type { Tail } from '../../events/tail.ts';
import type { Records } from '../../records/service.ts';
import type { Condition } from '../conditions.ts';
import type { ByAccount, Definitions } from '../definitions.ts';
import { automationCtx } from '../principal.ts';
import { type ActingRole, actingRole } from '../store.ts';
import type { CompiledWorkflow } from './compile.ts';
import { contextOf } from './engine.ts';
import { type Starting, tooDeep } from './starting.ts';
import * as store from './store/runs.ts';
import { jsonOf, MOST_CONTEXT } from './stored-json.ts';
import { type RecordEvent, recordEvent, type StoredTrigger } from './trigger.ts';
import { stepValues } from './words.ts';

/** A workflow that events start, as `listening` selects it. */
export interface ListeningRow {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly slug: string;
  readonly version: number;
  readonly trigger: StoredTrigger & { readonly type: 'event' };
  readonly run_as: string;
  readonly active_since: string;
  readonly timeout_seconds: number | null;
}

export interface Listening extends ListeningRow {
  readonly event: RecordEvent | null;
  /** `main.orders`. */
  readonly collection: string | null;
  readonly since: number;
}

const qualified = (name: string): string => (name.includes('.') ? name : `main.${name}`);
const short = (name: string): string => name.replace(/^main\./, '');

function listeningOf(row: ListeningRow): Listening {
  const { event, collection } = row.trigger;
  return {
    ...row,
    event: recordEvent(event),
    collection: collection === null ? null : qualified(collection),
    since: Date.parse(row.active_since),
  };
}

export class ListeningByAccount extends Map<string, readonly Listening[]> implements ByAccount<ListeningRow> {
  put(accountId: string, rows: readonly ListeningRow[]): void {
    if (rows.length === 0) this.delete(accountId);
    else this.set(accountId, rows.map(listeningOf));
  }
}

export interface EventsOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly records: Records;
  readonly definitions: Pick<Definitions<ListeningByAccount>, 'current'>;
  readonly starting: Starting;
  readonly conditionOf: (workflow: Listening) => Condition;
  readonly compiledOf: (row: store.RunRow) => CompiledWorkflow;
  readonly log?: Logger | undefined;
}

/** What a definition may see of an event. */
interface Sight {
  readonly record: Readonly<Record<string, unknown>>;
  readonly old: Readonly<Record<string, unknown>> | null;
}

/** What comes back is a change of the record, as for hooks. */
const TYPES: Readonly<Record<EventType, RecordEvent>> = {
  created: 'create',
  updated: 'update',
  restored: 'update',
  deleted: 'delete',
};
const typeOf = ({ type }: Event): RecordEvent => TYPES[type];

function depthOf({ actor }: Event): number {
  const { automation } = JSON.parse(actor) as { readonly automation?: { readonly depth?: number } };
  return (automation?.depth ?? 0) + 1;
}

type RoleOf = (name: string) => Promise<ActingRole | null>;

/** Each looked up once. */
function rolesIn(tx: Transaction): RoleOf {
  const known = new Map<string, ActingRole | null>();
  return async (name) => {
    let role = known.get(name);
    if (role === undefined) {
      role = await actingRole(tx, name);
      known.set(name, role);
    }
    return role;
  };
}

export function createEvents(options: EventsOptions): Consumer {
  const { db, tail, records, definitions, starting, conditionOf, compiledOf, log } = options;

  /** Null where the role may not see it: then it does not concern the workflow. */
  async function sightOf(tx: Transaction, ctx: Ctx, event: Event): Promise<Sight | null> {
    try {
      const watch = await records.within(tx).watch(ctx, event.collection, {});
      const seen = watch.see(event);
      // What has left its sight is no change for it.
      if (seen === null || (event.type === 'updated' && seen.type !== 'updated')) return null;
      const [now, old] = [seen.new, seen.old].map((json) => (json === null ? null : JSON.parse(json)));
      return { record: now ?? old ?? {}, old };
    } catch (error) {
      // No right to list it, no such collection any more, or of another shape by now.
      if (error instanceof Failure || (error as { readonly expected?: boolean }).expected === true) return null;
      throw error;
    }
  }

  async function start(tx: Transaction, workflow: Listening, event: Event, roleOf: RoleOf): Promise<void> {
    const { id, name, account_id: accountId, run_as } = workflow;
    const depth = depthOf(event);
    const role = await roleOf(run_as);
    if (role === null)
      return log?.warn(
        { workflow: id, role: run_as },
        'A workflow was not started: the role that it runs as is gone or disabled.',
      );
    const automation = { kind: 'workflow', id, name, run: id, depth } as const;
    const ctx = automationCtx({ accountId, role, automation });
    const sight = await sightOf(tx, ctx, event);
    if (sight === null || ctx.caller === null) return;
    const facts = {
      _event: `records.${typeOf(event)}`,
      _collection: short(event.collection),
      _record_id: event.recordId,
      _at: event.at,
    };
    // Of a record that is very large as much as there is room for.
    const told = [
      { ...sight.record, ...sight, ...facts },
      { record: sight.record, ...facts },
    ];
    const trigger = told.find((one) => jsonOf(one).length < MOST_CONTEXT / 2 - 1000) ?? facts;
    // Where the collection is not known any name is one of the record, so it has the others' names too.
    const record = workflow.collection === null ? { ...sight.record, old: sight.old, trigger } : sight.record;
    const values = { record, old: sight.old, trigger };
    if (!conditionOf(workflow).holds(values, { auth: authOf(ctx.caller), data: values })) return;
    if (tooDeep(depth, workflow.slug) !== null)
      log?.warn({ workflow: id, event: event.position, depth }, 'Workflows set each other off; this one was not run.');
    await starting.begin(tx, { workflow, source: 'event', trigger, depth, startedBy: null });
  }

  /** Wakes what waits; of several events the first that is wanted counts. */
  async function wake(tx: Transaction, instance: string, events: readonly Event[]): Promise<void> {
    const row = await store.waiting(tx, instance);
    if (row === null || row.role_id === null || row.current_step === null) return;
    const step = compiledOf(row).steps.get(row.current_step);
    const ctx = contextOf(row);
    if (step?.wants === undefined || ctx.caller === null) return;
    for (const event of events) {
      const sight = await sightOf(tx, ctx, event);
      if (sight === null) continue;
      const { name, slug, workflow_id: id, account_id: accountId, started_by: startedBy } = row;
      const named = { workflow: { id, name, slug }, instanceId: row.id, accountId, startedBy };
      const told = { ...sight, type: `records.${typeOf(event)}`, collection: short(event.collection), at: event.at };
      const values = { ...stepValues(row.context, named, new Date(row.now)), event: told };
      if (!step.wants(values, { auth: authOf(ctx.caller), data: values })) continue;
      await store.fire(tx, row.id, jsonOf({ ...row.state, event: told }));
      await db.notify(store.CHANNEL, '', tx);
      return;
    }
  }

  return createConsumer({
    db,
    tail,
    log,
    name: 'workflows',
    wanted: async (tx) => (await definitions.current(tx)).size > 0 || (await store.anyWaits(tx)),
    async work(tx, events) {
      const listening = await definitions.current(tx);
      const roleOf = rolesIn(tx);
      for (const event of events)
        for (const workflow of listening.get(event.accountId) ?? [])
          if (
            workflow.event === typeOf(event) &&
            (workflow.collection === null || workflow.collection === event.collection) &&
            workflow.since <= Date.parse(event.at)
          )
            await start(tx, workflow, event, roleOf);
      const byId = new Map(events.map((event) => [event.position.id, event]));
      const accounts = [...new Set(events.map(({ accountId }) => accountId))];
      const found = new Map<string, Event[]>();
      for (const { instance, event } of await store.waitsFor(tx, accounts, [...byId.keys()]))
        found.set(instance, [...(found.get(instance) ?? []), byId.get(event) as Event]);
      for (const [instance, wanted] of found) await wake(tx, instance, wanted);
    },
  });
}

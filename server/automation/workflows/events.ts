// Events of records start workflows and wake instances that wait for them, in the transaction that moves the reader's place on.

import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import type { Apart } from '../../events/apart.ts';
import { type Consumer, createConsumer } from '../../events/consumer.ts';
import type { Event } from '../../events/event.ts';
import type { Tail } from '../../events/tail.ts';
import { shortName } from '../../permissions/service.ts';
import type { Records } from '../../records/service.ts';
import type { Condition } from '../conditions.ts';
import type { ByAccount, Definitions } from '../definitions.ts';
import { authValues } from '../people.ts';
import { automationCtx } from '../principal.ts';
import { type ActingRole, actingRole, findPerson, type PersonRow } from '../store.ts';
import type { Hearing } from './hearing.ts';
import { fullName, sightOf, typeOf } from './sight.ts';
import { type Starting, tooDeep } from './starting.ts';
import { anyWaits } from './store/waits.ts';
import { jsonOf, MOST_CONTEXT } from './stored-json.ts';
import { type RecordEvent, recordEvent, type StoredTrigger } from './trigger.ts';

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

function listeningOf(row: ListeningRow): Listening {
  const { event, collection } = row.trigger;
  return {
    ...row,
    event: recordEvent(event),
    collection: collection === null ? null : fullName(collection),
    since: Date.parse(row.active_since),
  };
}

export class ListeningByAccount extends Map<string, readonly Listening[]> implements ByAccount<ListeningRow> {
  put(accountId: string, rows: readonly ListeningRow[]): void {
    if (rows.length === 0) this.delete(accountId);
    else this.set(accountId, rows.map(listeningOf));
  }
}

/** The name of the place in the log that all processes share. */
export const READER = 'workflows';

export interface EventsOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly records: Records;
  readonly definitions: Pick<Definitions<ListeningByAccount>, 'current'>;
  readonly starting: Starting;
  readonly conditionOf: (workflow: Listening) => Condition;
  readonly hearing: Pick<Hearing, 'tell'>;
  readonly log?: Logger | undefined;
}

/** Who did it, and how many runs of automation led to what follows. */
function causeOf({ actor }: Event): { readonly userId: string | null; readonly depth: number } {
  const { user_id: userId = null, automation } = JSON.parse(actor) as {
    readonly user_id?: string;
    readonly automation?: { readonly depth?: number };
  };
  return { userId, depth: (automation?.depth ?? 0) + 1 };
}

/** What several events of a page ask, each looked up once. */
function lookupsIn(tx: Transaction) {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, find: () => Promise<T>): Promise<T> => {
    const found = known.get(key) ?? find();
    known.set(key, found);
    // What could not be asked is asked again.
    found.catch(() => known.delete(key));
    return found as Promise<T>;
  };
  return {
    role: (name: string): Promise<ActingRole | null> => once(`role ${name}`, () => actingRole(tx, name)),
    person: (accountId: string, userId: string): Promise<PersonRow | null> =>
      once(`person ${accountId} ${userId}`, () => findPerson(tx, accountId, userId)),
  };
}
type Lookups = ReturnType<typeof lookupsIn>;

export function createEvents(options: EventsOptions): Consumer {
  const { db, tail, records, definitions, starting, conditionOf, hearing, log } = options;

  async function start(tx: Transaction, workflow: Listening, event: Event, lookups: Lookups): Promise<void> {
    const { id, name, account_id: accountId, run_as } = workflow;
    const { userId, depth } = causeOf(event);
    const role = await lookups.role(run_as);
    if (role === null)
      return log?.warn(
        { workflow: id, role: run_as },
        'A workflow was not started: the role that it runs as is gone or disabled.',
      );
    const automation = { kind: 'workflow', id, name, run: id, depth } as const;
    const ctx = automationCtx({ accountId, role, automation });
    const sight = await sightOf(records, tx, ctx, event);
    if (sight === null || ctx.caller === null) return;
    const facts = {
      _event: `records.${typeOf(event)}`,
      _collection: shortName(event.collection),
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
    const person = userId === null ? null : await lookups.person(accountId, userId);
    const auth = authValues(accountId, person);
    if (!conditionOf(workflow).holds({ record, old: sight.old, trigger, auth })) return;
    if (tooDeep(depth, workflow.slug) !== null)
      log?.warn({ workflow: id, event: event.position, depth }, 'Workflows set each other off; this one was not run.');
    await starting.begin(tx, { workflow, source: 'event', trigger, depth, startedBy: person && auth });
  }

  return createConsumer({
    db,
    tail,
    log,
    name: READER,
    wanted: async (tx) => (await definitions.current(tx)).size > 0 || (await anyWaits(tx)),
    async work(tx, events, apart: Apart = (_, part) => part(tx)) {
      const listening = await definitions.current(tx);
      const lookups = lookupsIn(tx);
      for (const event of events)
        for (const workflow of listening.get(event.accountId) ?? [])
          if (
            workflow.event === typeOf(event) &&
            (workflow.collection === null || workflow.collection === event.collection) &&
            workflow.since <= Date.parse(event.at)
          )
            await apart({ workflow: workflow.id, event: event.position }, (on) => start(on, workflow, event, lookups));
      await hearing.tell(tx, events, apart);
    },
  });
}

// What instances that wait for an event hear: first what came before the wait, by looking back at the log, then what its reader tells.
//
// No event falls between the two. Looking back begins once the wait is committed; its last page is read in a transaction that holds
// the row, goes to the last batch that is committed, and stores its number. Of any other batch the reader asks later who waits, so it
// finds this instance; it takes the row itself, so it sees the number, and events of that batch count. And where the reader asks
// sooner, it has a batch that is committed already: it either does not find the wait, which then begins later, or comes to the row
// before the last page, and leaves the instance alone. In both cases looking back reads that batch.
import type { Database, Transaction } from '../../db/database.ts';
import type { Apart } from '../../events/apart.ts';
import type { Event } from '../../events/event.ts';
import { readWanted } from '../../events/outbox.ts';
import type { Position } from '../../events/position.ts';
import type { Tail } from '../../events/tail.ts';
import { shortName } from '../../permissions/service.ts';
import type { Records } from '../../records/service.ts';
import type { CompiledWorkflow } from './compile.ts';
import { contextOf } from './engine.ts';
import { LeaseLost } from './settle.ts';
import { sightOf, typeOf, typesOf } from './sight.ts';
import { CHANNEL, type Held, type RunRow } from './store/runs.ts';
import * as store from './store/waits.ts';
import { jsonOf } from './stored-json.ts';
import { stepValues } from './words.ts';

export interface HearingOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly records: Records;
  readonly compiledOf: (row: RunRow) => CompiledWorkflow;
}

export type Hearing = ReturnType<typeof createHearing>;

/** Events that are looked back at in one transaction. */
const PAGE = 200;

interface Actor {
  readonly kind: string;
  readonly request_id?: string;
  readonly automation?: { readonly kind: string; readonly run: string };
}

/** Whether the instance did it, or the database because of that. */
function isOwn(instance: string, { actor }: Event): boolean {
  const { kind, request_id, automation } = JSON.parse(actor) as Actor;
  return automation === undefined
    ? kind === 'automation' && request_id === `workflow_${instance}`
    : automation.kind === 'workflow' && automation.run === instance;
}

export function createHearing({ db, tail, records, compiledOf }: HearingOptions) {
  /** Wakes an instance that the transaction holds; of events in their order the first that is wanted counts. Answers whether one was. */
  async function wake(tx: Transaction, row: RunRow, events: readonly Event[]): Promise<boolean> {
    if (row.role_id === null || row.current_step === null) return false;
    const step = compiledOf(row).steps.get(row.current_step);
    const ctx = contextOf(row);
    if (step?.wants === undefined || ctx.caller === null) return false;
    for (const event of events) {
      if (isOwn(row.id, event)) continue;
      const sight = await sightOf(records, tx, ctx, event);
      if (sight === null) continue;
      const { name, slug, workflow_id: id, account_id: accountId, started_by: startedBy } = row;
      const named = { workflow: { id, name, slug }, instanceId: row.id, accountId, startedBy };
      const told = {
        ...sight,
        type: `records.${typeOf(event)}`,
        collection: shortName(event.collection),
        at: event.at,
      };
      const values = { ...stepValues(row.context, named, new Date(row.now)), event: told };
      if (!step.wants(values)) continue;
      await store.fire(tx, row.id, event.position, jsonOf({ ...row.state, event: told }));
      await db.notify(CHANNEL, '', tx);
      return true;
    }
    return false;
  }

  return {
    /** Tells events, in their order, to those who wait for them. */
    async tell(tx: Transaction, events: readonly Event[], apart: Apart): Promise<void> {
      const accounts = [...new Set(events.map(({ accountId }) => accountId))];
      const wanted = new Map<string, Set<number>>();
      for (const { instance, event } of await store.waitsFor(
        tx,
        accounts,
        events.map(({ position }) => position.id),
      ))
        wanted.set(instance, (wanted.get(instance) ?? new Set()).add(event));
      for (const [instance, ids] of wanted) {
        await apart({ instance }, async (on) => {
          const row = await store.waiting(on, instance);
          const after = row?.wait_after ?? null;
          if (row === null || after === null) return;
          const ofIt = events.filter(({ position }) => ids.has(position.id) && position.batch > after);
          await wake(on, row, ofIt);
        });
      }
    },
    /** Whether an event that it waits for came before; then it is claimed anew. Throws LeaseLost, and what `stopping` is aborted with. */
    async lookBack(row: RunRow, held: Held, stopping: AbortSignal): Promise<boolean> {
      // What is committed now is found before the wait may end.
      await tail.end();
      let from: Position | null = null;
      for (;;) {
        stopping.throwIfAborted();
        const page: { readonly woken: boolean; readonly next: Position | null } = await db.transaction(async (tx) => {
          const sought = await store.sought(tx, held);
          if (sought === null) throw new LeaseLost();
          const { event, collection, unseen, batch, id } = sought;
          const wanted = { accountId: row.account_id, types: typesOf(event), collection, unseen };
          const { events, reached, more } = await readWanted(tx, wanted, from ?? { batch, id }, PAGE);
          if (await wake(tx, row, events)) return { woken: true, next: null };
          if (!more) await store.lookedBack(tx, row.id, reached.batch);
          return { woken: false, next: more ? reached : null };
        });
        if (page.next === null) return page.woken;
        from = page.next;
      }
    },
  };
}

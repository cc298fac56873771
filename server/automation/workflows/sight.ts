// What a definition may see of an event of a record.
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import type { Transaction } from '../../db/database.ts';
import type { Event, EventType } from '../../events/event.ts';
import type { Records } from '../../records/service.ts';
import type { RecordEvent } from './trigger.ts';

export interface Sight {
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
export const typeOf = ({ type }: Event): RecordEvent => TYPES[type];
export const typesOf = (event: RecordEvent): EventType[] =>
  (Object.keys(TYPES) as EventType[]).filter((type) => TYPES[type] === event);

/** `main.orders` for `orders`. */
export const fullName = (collection: string): string => (collection.includes('.') ? collection : `main.${collection}`);

/** Null where the role may not see it: then it does not concern the workflow. */
export async function sightOf(records: Records, tx: Transaction, ctx: Ctx, event: Event): Promise<Sight | null> {
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

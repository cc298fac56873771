// What templates and conditions of a hook may speak of, by what sets it off, and the values that they then have.
import { EVENTS, type EventName } from '../../../contract/lifecycle.ts';
import { shortName } from '../../permissions/service.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Told } from '../people.ts';
import type { Values } from '../templates.ts';
import { AUTH, recordShape, type Shape, type Vocabulary } from '../vocabulary.ts';
import type { Context } from './store/executions.ts';

const ALWAYS: Vocabulary = {
  auth: AUTH,
  now: 'datetime',
  hook: { id: 'text', name: 'text' },
  run: { id: 'text' },
};
const CHANGES: Shape = { added: 'text[]', updated: 'text[]', removed: 'text[]' };
const PERSON: Shape = { id: 'text', email: 'text', account_id: 'text' };

/** Names that may stand alone in conditions: those of the record. */
export const BARE: readonly string[] = ['record'];

/** True for events of records, which have two sides and a collection. */
export const isOfRecord = (event: EventName): boolean => EVENTS[event].category === 'record';

/** `def` undefined: of any collection. */
export function vocabularyOf(
  type: 'event' | 'schedule' | 'manual',
  event: EventName | null,
  def: CollectionDef | undefined,
): Vocabulary {
  if (type === 'schedule') return { ...ALWAYS, scheduled_at: 'datetime' };
  if (type === 'manual' || event === null) return { ...ALWAYS, input: 'any' };
  if (!isOfRecord(event)) return { ...ALWAYS, event: 'text', record: PERSON };
  const record = def === undefined ? 'any' : recordShape(def.shown.map(({ field }) => field));
  const sides = { record, old: record, previous: record };
  return { ...ALWAYS, ...sides, changes: CHANGES, collection: 'text', event: 'text' };
}

export interface Running {
  readonly hook: { readonly id: string; readonly name: string };
  readonly run: string;
  readonly auth: Told;
  /** RFC 3339. */
  readonly now: string;
}

/** The values of a run, from what it remembers of what set it off. */
export function valuesOf(context: Context, { hook, run, auth, now }: Running): Values {
  const { record: known = null, old = null, person, ...more } = context;
  // Addresses are not kept.
  const record = person === true ? { id: auth.id, email: auth.email, account_id: auth.account_id } : known;
  return {
    ...more,
    // Of what is gone the record is what it was.
    record: record ?? old,
    old,
    previous: old,
    auth,
    now,
    hook: { id: hook.id, name: hook.name },
    run: { id: run },
  };
}

/** An event's name for people: the shorter one. */
export const toldEvent = (event: EventName): string => EVENTS[event].apiName ?? event;

/** `main.orders` is `orders`. */
export const toldCollection = (qualified: string): string => shortName(qualified);

/** Names of fields by how they differ between two records. */
export function changesBetween(
  old: Readonly<Record<string, unknown>> | null,
  now: Readonly<Record<string, unknown>> | null,
) {
  const changes = { added: [] as string[], updated: [] as string[], removed: [] as string[] };
  for (const name of new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])) {
    const [a, b] = [old?.[name] ?? null, now?.[name] ?? null];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    (a === null ? changes.added : b === null ? changes.removed : changes.updated).push(name);
  }
  return changes;
}

// What one caller sees of a collection's changes: which events reach him, and what of them.
import { invalidParameter } from '../../contract/problems.ts';
import { StreamQuery } from '../../contract/realtime.ts';
import type { RecordScope } from '../access/decide.ts';
import { intersection } from '../access/policy.ts';
import { passes } from '../access/rule.ts';
import type { Event } from '../events/event.ts';
import { evaluate } from '../expression/evaluate.ts';
import { slotValue } from '../expression/slots.ts';
import type { Checked } from '../expression/typed.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { columnsOf, type RecordColumn } from './columns.ts';
import { type Side, type Sides, sidesOf } from './event-rows.ts';
import { fieldParameters, readCondition } from './filter.ts';
import { listed, Names } from './names.ts';
import type { Opened } from './open.ts';
import { writerOf } from './reply.ts';

const TYPES = ['created', 'updated', 'deleted'] as const;
export type SeenType = (typeof TYPES)[number];

/** An event as a caller may see it; records as JSON. */
export interface Seen {
  readonly type: SeenType;
  readonly old: string | null;
  readonly new: string | null;
  /** Names of visible fields. */
  readonly changes: {
    readonly added: readonly string[];
    readonly updated: readonly string[];
    readonly removed: readonly string[];
  };
}

export interface Watch {
  readonly def: CollectionDef;
  /** null: every account. */
  readonly accountId: string | null;
  /** Equal for callers who see the same of every event. */
  readonly key: string;
  /** Null for an event that does not concern him. The event must be of the collection and the account. */
  see(event: Event): Seen | null;
}

/** The parameters of a stream that are no fields. */
const PARAMETERS: ReadonlySet<string> = new Set(Object.keys(StreamQuery.shape));

/** What was told of an event, by what it depends on: readers with rules of their own are told the same where they see the same. */
const tellings = new WeakMap<Sides, Map<string, Seen | null>>();

/** Throws INVALID_FIELDS and INVALID_QUERY_PARAMS. `view` null: who may list but not view one sees what the list shows. */
export function readWatch({ def, scope }: Opened, view: RecordScope | null, query: StreamQuery): Watch {
  const sight = view === null ? scope : both(scope, view);
  const names = new Names(def, sight);
  const columns = names.projection(query.fields);
  const parameters = fieldParameters(query, PARAMETERS);
  const filter = readCondition(def, { parameters, filter: query.filter }, names);
  const types = readTypes(query.events);
  names.settle();
  const { environment, slots, rows, accountId, unmasked } = sight;
  const write = writerOf(def, columns, !unmasked);
  const fields = columns.flatMap((column) => (column.field === null ? [] : [place(def, column)]));
  const hides = def.shown.length > fields.length;
  const seen = (side: Side | null): Side | null =>
    side !== null && passes(rows, side.row, environment) && meets(filter, side.row) ? side : null;
  const json = (side: Side | null) => (side === null ? null : write(side.cells));
  /** Everything that the telling depends on, besides which sides are seen. */
  const told = `${columns.map(({ name }) => name).join()} ${unmasked}`;

  function tell(before: Side | null, now: Side | null, left: boolean, type: SeenType): Seen | null {
    const changes = changed(fields, left ? null : before, now);
    const quiet = changes.added.length + changes.updated.length + changes.removed.length === 0;
    // A change of nothing but what he does not see is none of his business.
    if (before !== null && now !== null && quiet && hides && anyChanged(def, before, now)) return null;
    return { type, old: left ? null : json(before), new: json(now), changes };
  }

  return {
    def,
    accountId,
    key: JSON.stringify([
      def.id,
      accountId,
      rows.map((any) => any.map((rule) => rule.text)),
      slots.map((slot) => slotValue(slot, environment)),
      columns.map(({ name }) => name),
      unmasked,
      query.filter ?? '',
      parameters,
      types,
    ]),
    see(event) {
      const sides = sidesOf(def, event);
      const before = seen(sides.before);
      const now = seen(sides.now);
      if (before === null && now === null) return null;
      // What leaves his sight is gone for him, without a word of what it is now.
      const left = now === null && sides.now !== null;
      const type = now === null ? 'deleted' : before === null && sides.before === null ? 'created' : 'updated';
      if (!types.includes(type)) return null;
      const key = `${told} ${before !== null} ${now !== null}`;
      const known = tellings.get(sides) ?? new Map<string, Seen | null>();
      tellings.set(sides, known);
      let telling = known.get(key);
      if (telling === undefined) {
        telling = tell(before, now, left, type);
        known.set(key, telling);
      }
      return telling;
    },
  };
}

/** What the list and the view both show. */
function both(list: RecordScope, view: RecordScope): RecordScope {
  const rows = [...list.rows, ...view.rows];
  return {
    ...list,
    rows,
    slots: [...list.slots, ...view.slots],
    fields: intersection([list.fields, view.fields]),
    unmasked: list.unmasked && view.unmasked,
  };
}

const meets = (filter: Checked | null, row: Side['row']): boolean =>
  filter === null || evaluate(filter, row, { auth: null }) === true;

interface Placed {
  readonly name: string;
  readonly at: number;
}
const place = (def: CollectionDef, column: RecordColumn): Placed => ({
  name: column.name,
  at: columnsOf(def).all.indexOf(column),
});

function changed(fields: readonly Placed[], before: Side | null, now: Side | null): Seen['changes'] {
  const added: string[] = [];
  const updated: string[] = [];
  const removed: string[] = [];
  for (const { name, at } of fields) {
    const [a, b] = [before?.cells[at] ?? null, now?.cells[at] ?? null];
    if (a !== b) (a === null ? added : b === null ? removed : updated).push(name);
  }
  return { added, updated, removed };
}

const anyChanged = (def: CollectionDef, before: Side, now: Side): boolean =>
  columnsOf(def).all.some(({ field }, i) => field !== null && before.cells[i] !== now.cells[i]);

function readTypes(text: string | undefined): readonly SeenType[] {
  if (text === undefined) return TYPES;
  const asked = listed(text);
  const unknown = asked.filter((name) => !TYPES.includes(name as SeenType));
  if (unknown.length > 0 || asked.length === 0)
    throw invalidParameter('events', `send a comma list of ${TYPES.join(', ')}, not "${text}"`);
  return TYPES.filter((type) => asked.includes(type));
}

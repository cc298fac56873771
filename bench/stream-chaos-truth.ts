// The truth that streams are judged by: the states that writers noted for every record, and who sees what of them, found without the server.
import { createHash } from 'node:crypto';

export const COLLECTION = 'chaos';
export const FIELDS = ['key', 'lane', 'note', 'version'] as const;
export const LANES = ['red', 'green', 'blue', 'black', null] as const;

/** As the server is told them; `sees` below says the same again, in its own words. */
export const RULES = {
  list_rule: 'lane = "red" || created_by = @request.auth.id',
  view_rule: 'lane != "black"',
  create_rule: '',
  update_rule: '',
  delete_rule: '',
};

export interface State {
  readonly version: number;
  readonly lane: (typeof LANES)[number];
  readonly note: string;
  readonly updatedBy: string;
}

/** A write without an answer, of one or more records; whether it was done is the same for all of them. */
export interface Unanswered {
  readonly records: Set<Tracked>;
}

/** What a write makes of a record; null: deleted. */
export interface Step {
  readonly state: State | null;
  /** When its request was sent, in ms. */
  readonly begun: number;
}

export interface Tracked {
  readonly key: string;
  readonly account: string;
  readonly createdBy: string;
  /** Null until an answer or the table told it. */
  id: string | null;
  /** Acknowledged, in their order: nobody else writes to it, except where `shared`. */
  readonly steps: Step[];
  /** Nothing is written to the record after a write that got no answer. */
  unanswered: { readonly write: Unanswered; readonly steps: readonly Step[] } | null;
  /** Written to by everyone at once: by version, in no known order. */
  readonly shared: Map<number, { readonly step: Step; answered: boolean }> | null;
}

export const tracked = (key: string, account: string, createdBy: string, shared = false): Tracked => ({
  key,
  account,
  createdBy,
  id: null,
  steps: [],
  unanswered: null,
  shared: shared ? new Map() : null,
});

/** A reader's sight. */
export interface View {
  /** Null: every account. */
  readonly account: string | null;
  /** Null: a superadmin, for whom no rule counts. */
  readonly user: string | null;
  readonly fields: readonly string[] | null;
  readonly types: readonly string[];
  readonly meets: (state: State) => boolean;
}

/** Whether a reader may see a record in this state. A lane of nobody compares to nothing, so nobody but a superadmin sees it. */
export function sees(view: View, { account, createdBy }: Tracked, state: State): boolean {
  if (view.account !== null && view.account !== account) return false;
  if (view.user !== null) {
    if (state.lane !== 'red' && createdBy !== view.user) return false;
    if (state.lane === null || state.lane === 'black') return false;
  }
  return view.meets(state);
}

const STAMPS = new Set(['created_at', 'updated_at']);
const LONG = 1000;

/** Long texts are compared by their hash. */
const kept = (value: unknown): unknown =>
  typeof value === 'string' && value.length > LONG ? createHash('sha256').update(value).digest('hex') : value;

/** A record's content as one text, whatever the order of its keys. */
export const contentText = (record: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(
    Object.keys(record)
      .filter((name) => !STAMPS.has(name))
      .sort()
      .map((name) => [name, kept(record[name])]),
  );

export const eventText = (
  type: string,
  old: Readonly<Record<string, unknown>> | null,
  now: Readonly<Record<string, unknown>> | null,
  changes: {
    readonly added: readonly string[];
    readonly updated: readonly string[];
    readonly removed: readonly string[];
  },
): string => {
  const [added, updated, removed] = [changes.added, changes.updated, changes.removed].map((names) => [...names].sort());
  return `${type} ${old && contentText(old)} ${now && contentText(now)} +${added} ~${updated} -${removed}`;
};

type Value = string | number | null;
const fieldOf = (record: Tracked, state: State, name: string): Value =>
  name === 'key' ? record.key : (state[name as 'lane' | 'note' | 'version'] ?? null);

function content(view: View, record: Tracked, state: State): Record<string, Value> {
  const names = view.fields ?? FIELDS;
  const found: Record<string, Value> = { id: record.id };
  for (const name of names) found[name] = fieldOf(record, state, name);
  if (view.fields === null)
    Object.assign(found, {
      account_id: record.account,
      created_by: record.createdBy,
      updated_by: state.updatedBy,
    });
  return found;
}

/** What a reader is told when a record goes from one state to another; null: nothing. */
export function told(view: View, record: Tracked, before: State | null, now: State | null): string | null {
  const saw = before !== null && sees(view, record, before) ? before : null;
  const seen = now !== null && sees(view, record, now) ? now : null;
  if (saw === null && seen === null) return null;
  const left = seen === null && now !== null;
  const type = seen === null ? 'deleted' : before === null ? 'created' : 'updated';
  if (!view.types.includes(type)) return null;
  const changes = { added: [] as string[], updated: [] as string[], removed: [] as string[] };
  if (!left)
    for (const name of view.fields ?? FIELDS) {
      const a = saw === null ? null : fieldOf(record, saw, name);
      const b = seen === null ? null : fieldOf(record, seen, name);
      if (a !== b) changes[a === null ? 'added' : b === null ? 'removed' : 'updated'].push(name);
    }
  // Every write changes the version; to whom that is not shown, nothing has happened.
  if (saw !== null && seen !== null && Object.values(changes).every((names) => names.length === 0)) return null;
  return eventText(
    type,
    left || saw === null ? null : content(view, record, saw),
    seen && content(view, record, seen),
    changes,
  );
}

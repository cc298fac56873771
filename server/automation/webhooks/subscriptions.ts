// Which changes a webhook asks for: events as they are named, what they come to, and whether a change is among them.
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { EventType } from '../../events/event.ts';
import { nearest } from '../../expression/nearest.ts';
import { shortName } from '../../permissions/service.ts';

/** What is asked for, as it is matched: `main.posts`, `crm.*` or `*`, and one type of change or any. */
export interface Subscription {
  readonly collection: string;
  readonly type: EventType | '*';
  /** Of one that was added later: microseconds since 1970; what happened before does not concern it. */
  readonly since?: number;
}

/** As events are spelled beside collections: `create`, as payloads say: `records.create`. */
export const VERBS: Readonly<Record<EventType, string>> = {
  created: 'create',
  updated: 'update',
  deleted: 'delete',
  restored: 'restore',
};
const TYPES = new Map<string, EventType>(
  (Object.entries(VERBS) as [EventType, string][]).flatMap(([type, verb]) => [
    [type, type],
    [verb, type],
  ]),
);
const WORD = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** The collections that there are, by their full names. */
export type KnownNames = readonly string[];

export interface ReadSubscriptions {
  /** The spelling that replies use. */
  readonly collections: readonly string[];
  readonly events: readonly string[];
  readonly subscriptions: readonly Subscription[];
  readonly problems: readonly ProblemEntry[];
}

/** Reads what a body names. Throws nothing: `problems` says what is wrong. */
export function readSubscriptions(
  collections: readonly string[],
  events: readonly string[],
  known: KnownNames,
): ReadSubscriptions {
  const problems: ProblemEntry[] = [];
  const problem = (field: string, code: string, message: string, hint?: string) => {
    problems.push({ field, code, message, ...(hint !== undefined && { hint }) });
  };
  const full = collections.flatMap((name, i) => {
    const found = named(name, known);
    if (found !== null) return [found];
    const field = collections.length === 1 ? 'collection' : `collections.${i}`;
    problem(field, 'unknown_collection', `There is no collection ${name}.`, similar(name, known));
    return [];
  });
  const beside = [...new Set(full)];
  const subscriptions: Subscription[] = [];
  const canonical: string[] = [];

  events.forEach((text, i) => {
    const field = `events.${i}`;
    const type = verbOf(text);
    if (type !== null) {
      if (collections.length === 0 && text !== '*')
        problem('collection', 'required', `Name the collection of ${text}, or write it as posts.${text}.`);
      const of = collections.length === 0 ? ['*'] : beside;
      subscriptions.push(...of.map((collection) => ({ collection, type })));
      canonical.push(type === '*' ? '*' : VERBS[type]);
      return;
    }
    const pattern = readPattern(text, known);
    if ('problem' in pattern) problem(field, pattern.code, pattern.problem, pattern.hint);
    else {
      subscriptions.push(pattern);
      canonical.push(spelled(pattern));
    }
  });
  return {
    collections: beside.map(shortName),
    events: [...new Set(canonical)],
    subscriptions: distinct(subscriptions),
    problems,
  };
}

/** `create`, `created`, `records.create`, `*` or `records.*`; null for anything else. */
function verbOf(text: string): Subscription['type'] | null {
  const verb = text.startsWith('records.') ? text.slice('records.'.length) : text;
  return verb === '*' ? '*' : (TYPES.get(verb) ?? null);
}

/** The type of change that an event's name in a query means; null for none. */
export const typeNamed = (text: string): EventType | null => {
  const type = verbOf(text);
  return type === '*' ? null : type;
};

function readPattern(
  text: string,
  known: KnownNames,
): Subscription | { readonly problem: string; readonly code: string; readonly hint?: string | undefined } {
  const parts = text.split('.');
  const last = parts.at(-1) as string;
  const type = last === '*' ? '*' : TYPES.get(last);
  const words = parts.length > 1 && parts.length < 4 && parts.slice(0, -1).every((p) => p === '*' || WORD.test(p));
  if (type === undefined || !words) {
    const hint = nearest(last, [...TYPES.keys()]);
    return {
      code: 'unknown_event',
      problem: `${text} is no event: write create, update, delete, restore, or a pattern such as posts.*, posts.created or *.`,
      hint: hint === undefined ? undefined : `Did you mean ${hint}?`,
    };
  }
  const name = parts.slice(0, -1).join('.');
  if (name === '*') return { collection: '*', type };
  const found = named(name, known);
  if (found !== null) return { collection: found, type };
  // `crm.*.created`, and `crm.*` where no collection of the app main has that name.
  const app = name.endsWith('.*') ? name.slice(0, -2) : parts.length === 2 && type === '*' ? name : null;
  if (app !== null && (app === 'main' || known.some((one) => one.startsWith(`${app}.`))))
    return { collection: `${app}.*`, type };
  return { code: 'unknown_collection', problem: `There is no collection ${name}.`, hint: similar(name, known) };
}

const named = (name: string, known: KnownNames): string | null => {
  const full = name.includes('.') ? name : `main.${name}`;
  return known.includes(full) ? full : null;
};

function similar(name: string, known: KnownNames): string | undefined {
  const found = nearest(name, known.map(shortName));
  return found === undefined ? undefined : `Did you mean ${found}?`;
}

/** `posts.created`, `crm.*.*`, `*.*`. */
const spelled = ({ collection, type }: Subscription): string => `${shortName(collection)}.${type}`;

const distinct = (all: readonly Subscription[]): Subscription[] =>
  all.filter((one, i) => all.findIndex((o) => o.collection === one.collection && o.type === one.type) === i);

/** The collections that are named alone; null where the webhook also stands for others. */
export const singlesOf = (subscriptions: readonly Subscription[]): string[] | null =>
  subscriptions.some(({ collection }) => collection.endsWith('*'))
    ? null
    : [...new Set(subscriptions.map(({ collection }) => collection))];

const covers = (one: Subscription, { collection, type }: Subscription): boolean =>
  (one.type === '*' || one.type === type) &&
  (one.collection === '*' ||
    one.collection === collection ||
    (one.collection.endsWith('.*') && collection.startsWith(one.collection.slice(0, -1))));

/** Whether it asks for this change of a collection named in full, which happened at `at` (microseconds since 1970). */
export const asksFor = (
  subscriptions: readonly Subscription[],
  collection: string,
  type: EventType,
  at: number,
): boolean => subscriptions.some((one) => (one.since ?? 0) <= at && covers(one, { collection, type }));

/** What is asked for from `now` on: what was asked for before goes on, so that nothing of it that is not yet read is lost. */
export const continued = (
  before: readonly Subscription[],
  after: readonly Subscription[],
  now: number,
): readonly Subscription[] =>
  after.map(({ collection, type }) => {
    const same = before.filter((one) => covers(one, { collection, type }));
    const since = same.length === 0 ? now : Math.min(...same.map((one) => one.since ?? 0));
    return { collection, type, ...(since > 0 && { since }) };
  });

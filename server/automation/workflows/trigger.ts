// What starts a workflow: the names of events, and whether a trigger can be stored.
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { Trigger } from '../../../contract/workflow-steps.ts';
import type { MacroSource } from '../../access/rule.ts';
import { suggestion } from '../../expression/nearest.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { cut } from '../../text.ts';
import type { Storing } from '../actions/written.ts';
import { type Condition, compileCondition } from '../conditions.ts';
import { cronProblems, timezoneProblems } from '../schedule.ts';
import { eventWords } from './words.ts';

export type RecordEvent = 'create' | 'update' | 'delete';
const EVENTS: readonly RecordEvent[] = ['create', 'update', 'delete'];

/** `records.create` and `on_record_after_create` are `create`; null for what no record does. */
export function recordEvent(name: string): RecordEvent | null {
  const found = /^(?:records\.|on_record_after_)(create|update|delete)d?$/.exec(name);
  return (found?.[1] as RecordEvent | undefined) ?? null;
}

/** A trigger as it is stored: in one spelling, without secrets. */
export type StoredTrigger =
  | {
      readonly type: 'event';
      readonly event: string;
      readonly collection: string | null;
      readonly condition: string | null;
    }
  | { readonly type: 'schedule'; readonly cron: string; readonly timezone: string }
  | { readonly type: 'manual' }
  | { readonly type: 'webhook' };

export interface TriggerOptions {
  readonly definitionOf: (name: string) => CollectionDef | undefined;
  readonly macros: MacroSource;
  /** Handlers of jobs that definitions may name. */
  readonly handlers?: () => readonly string[];
  /** Left out of what is stored already. */
  readonly storing?: Storing;
  readonly problems: ProblemEntry[];
}

/** One spelling of what was sent. */
export function storedTrigger(trigger: Trigger): StoredTrigger {
  switch (trigger.type) {
    case 'event': {
      const event = recordEvent(trigger.event);
      return {
        type: 'event',
        event: event === null ? trigger.event : `records.${event}`,
        collection: trigger.collection || null,
        condition: trigger.condition?.trim() ? trigger.condition : null,
      };
    }
    case 'schedule':
      return { type: 'schedule', cron: trigger.cron, timezone: trigger.timezone ?? 'UTC' };
    default:
      return { type: trigger.type };
  }
}

/** Of events: tells what is wrong with the name and the collection; answers the definition of the collection. */
export function judgeEvent(
  { event, collection }: { readonly event: string; readonly collection?: string | null | undefined },
  at: string,
  { definitionOf, problems }: TriggerOptions,
): CollectionDef | undefined {
  if (recordEvent(event) === null) {
    const known = EVENTS.map((one) => `records.${one}`);
    const hint = suggestion(event, known, 'events') ?? `There are ${known.join(', ')}.`;
    const early = /^on_record_before_/.test(event) ? 'A workflow runs after the fact, never before it. ' : '';
    const message = `${early}There is no event ${cut(event, 60)} that starts workflows. ${hint}`;
    problems.push({ field: `${at}.event`, code: 'unknown_event', message, hint });
  }
  if (collection === null || collection === undefined || collection === '') return undefined;
  const def = definitionOf(collection);
  if (def === undefined)
    problems.push({
      field: `${at}.collection`,
      code: 'unknown_collection',
      message: `There is no collection ${cut(collection, 100)}.`,
    });
  return def;
}

/** Tells what is wrong; answers the condition of an event. */
export function judgeTrigger(trigger: StoredTrigger, options: TriggerOptions): Condition | null {
  const { problems, macros } = options;
  if (trigger.type === 'schedule')
    problems.push(
      ...cronProblems(trigger.cron, 'trigger.cron'),
      ...timezoneProblems(trigger.timezone, 'trigger.timezone'),
    );
  if (trigger.type !== 'event') return null;
  const def = judgeEvent(trigger, 'trigger', options);
  const vocabulary = eventWords(def?.shown.map(({ field }) => field) ?? null);
  return compileCondition(trigger.condition, {
    vocabulary,
    bare: ['record'],
    macros,
    at: 'trigger.condition',
    problems,
  });
}

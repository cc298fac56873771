// A definition as it was sent becomes one that can be stored: names resolved, every template and condition judged, all problems at once.

import type { Action } from '../../../contract/actions.ts';
import { type HookInput, type HookTrigger, MOST_HOOK_BYTES } from '../../../contract/hooks.ts';
import { API_EVENTS, EVENTS, type EventName } from '../../../contract/lifecycle.ts';
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { MacroSource } from '../../access/rule.ts';
import { AS_ACCOUNT } from '../../context.ts';
import { nearest, suggestion } from '../../expression/nearest.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { type CompiledAction, compileActions } from '../actions/compile.ts';
import type { Storing } from '../actions/written.ts';
import { type Condition, compileCondition } from '../conditions.ts';
import { sizeProblems } from '../definition-size.ts';
import { cronProblems, timezoneProblems } from '../schedule.ts';
import { BARE, isOfRecord, vocabularyOf } from './names.ts';
import type { Definition } from './store/definitions.ts';

/** What definitions are judged by. */
export interface Known {
  readonly definitionOf: (name: string) => CollectionDef | undefined;
  /** Names of collections, for hints. */
  readonly collections: () => readonly string[];
  readonly macros: MacroSource;
  /** Handlers of jobs; undefined where that is not known. */
  readonly handlers: () => readonly string[] | undefined;
  readonly checkUrl: Storing['checkUrl'];
}

export interface Compiled {
  readonly condition: Condition;
  readonly actions: readonly CompiledAction[];
  readonly problems: readonly ProblemEntry[];
}

const WRITING: ReadonlySet<EventName> = new Set(['on_record_before_create', 'on_record_before_update']);

/** The condition and the actions as they run. What is wrong is told, also of what was right when it was stored. */
export function compileHook(
  {
    trigger,
    event,
    collection,
    condition,
    actions,
  }: Pick<Definition, 'trigger' | 'event' | 'collection' | 'condition' | 'actions'>,
  { definitionOf, macros, handlers }: Pick<Known, 'definitionOf' | 'macros' | 'handlers'>,
  storing?: Storing,
): Compiled {
  const problems: ProblemEntry[] = [];
  const name = event as EventName | null;
  const def = collection === null ? undefined : definitionOf(collection);
  if (collection !== null && def === undefined)
    problems.push({ field: 'trigger.collection', code: 'unknown_collection', message: `There is no ${collection}.` });
  const vocabulary = vocabularyOf(trigger.type, name, def);
  const bare = vocabulary.record === undefined ? [] : BARE;
  const known = handlers();
  return {
    condition: compileCondition(condition, { vocabulary, bare, macros, at: 'condition', problems }),
    actions: compileActions(actions as readonly Action[], {
      vocabulary,
      bare,
      at: 'actions',
      problems,
      definitionOf,
      macros,
      ...(known && { handlers: known }),
      storing,
      mayAbort: name !== null && EVENTS[name].phase === 'before',
      ...(name !== null && WRITING.has(name) && { writing: { collection: def } }),
    }),
    problems,
  };
}

export interface Judged {
  readonly definition: Definition;
  readonly problems: readonly ProblemEntry[];
}

/** `more`: what was found elsewhere. */
export function judge(input: HookInput, known: Known, more: readonly ProblemEntry[]): Judged {
  const problems: ProblemEntry[] = [...more];
  const { trigger, run_as: runAs = AS_ACCOUNT.name } = input;
  const place = trigger.type === 'event' ? placeOf(trigger, known, problems) : { event: null, collection: null };
  if (trigger.type === 'schedule')
    problems.push(
      ...cronProblems(trigger.cron, 'trigger.cron'),
      ...timezoneProblems(trigger.timezone ?? 'UTC', 'trigger.timezone'),
    );
  const definition: Definition = {
    name: input.name,
    description: input.description ?? null,
    trigger,
    event: place?.event ?? null,
    collection: place?.collection ?? null,
    condition: input.condition?.trim() ? input.condition : null,
    actions: input.actions ?? [],
    enabled: input.enabled ?? true,
    priority: input.priority ?? 0,
    run_as: runAs,
    timeout_seconds: input.timeout_seconds ?? 60,
  };
  const large = sizeProblems(definition, MOST_HOOK_BYTES, 'actions');
  problems.push(...large);
  // Of an event that is not known, nothing is known that could be spoken of.
  const storing = { checkUrl: known.checkUrl, asAccount: runAs === AS_ACCOUNT.name };
  if (place !== null && large.length === 0) problems.push(...compileHook(definition, known, storing).problems);
  return { definition, problems };
}

/** The event and the collection under their full names; null where that cannot be told. */
function placeOf(
  { event, collection = null }: Extract<HookTrigger, { type: 'event' }>,
  known: Known,
  problems: ProblemEntry[],
): Pick<Definition, 'event' | 'collection'> | null {
  const name = API_EVENTS.get(event);
  if (name === undefined) {
    const inCode = Object.hasOwn(EVENTS, event);
    const message = inCode ? `${event} is for extension modules only.` : `There is no event ${event}.`;
    problems.push(hinted('trigger.event', 'unknown_event', message, suggestion(event, shortNames, 'events')));
    return null;
  }
  if (collection === null) return { event: name, collection: null };
  if (!isOfRecord(name)) {
    const message = `${event} is about no collection: leave it out.`;
    problems.push({ field: 'trigger.collection', code: 'not_allowed', message });
    return null;
  }
  const def = known.definitionOf(collection);
  if (def === undefined) {
    const near = nearest(collection, known.collections());
    const hint = near === undefined ? undefined : `Did you mean ${near}?`;
    problems.push(hinted('trigger.collection', 'unknown_collection', `There is no collection ${collection}.`, hint));
    return null;
  }
  return { event: name, collection: def.qualifiedName };
}

const shortNames = [...API_EVENTS.keys()].filter((name) => !name.startsWith('on_'));

const hinted = (field: string, code: string, message: string, hint: string | undefined): ProblemEntry => ({
  field,
  code,
  message: hint === undefined ? message : `${message} ${hint}`,
  ...(hint !== undefined && { hint }),
});

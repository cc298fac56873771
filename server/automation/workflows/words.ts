// What templates and conditions of a workflow may speak of, and the values behind these names.
import type { Field } from '../../../contract/fields.ts';
import { authValues, type Told } from '../people.ts';
import type { Values } from '../templates.ts';
import { AUTH, recordShape, type Shape, type Vocabulary } from '../vocabulary.ts';

export interface Context {
  readonly trigger: Readonly<Record<string, unknown>>;
  readonly steps: Readonly<Record<string, StepOutcome>>;
}

/** What later steps see of one that ran. */
export interface StepOutcome {
  readonly output: unknown;
  readonly status: 'success' | 'failed' | 'skipped';
  readonly error?: { readonly code: string; readonly message: string } | null;
}

/** What came with an event: of a collection that is known its fields, else anything. */
export function eventShape(fields: readonly Field[] | null): Shape {
  if (fields === null) return 'any';
  const record = recordShape(fields);
  return { ...(record as object), record, old: record, _event: 'text', _source: 'text', _collection: 'text' };
}

/** Of a trigger's condition; bare names are those of the record. */
export const eventWords = (fields: readonly Field[] | null): Vocabulary => {
  const record = fields === null ? 'any' : recordShape(fields);
  return { record, old: record, trigger: eventShape(fields), auth: AUTH };
};

const STEP: Shape = { output: 'any', status: 'text', error: 'any' };

/** Of a step that can follow those in `before`. */
export const stepWords = (trigger: Shape, before: readonly string[]): Vocabulary => ({
  trigger,
  steps: Object.fromEntries(before.map((name) => [name, STEP])),
  now: 'datetime',
  workflow: { id: 'text', name: 'text', slug: 'text' },
  instance: { id: 'text' },
  account: { id: 'text' },
  auth: AUTH,
});

/** Names within a loop. */
export const LOOP_WORDS: Vocabulary = { item: 'any', index: 'number', loop_item: 'any', loop_index: 'number' };
export const loopValues = (item: unknown, index: number): Values => ({
  item,
  index,
  loop_item: item,
  loop_index: index,
});

/** Who started it, or caused the event that did. */
export type StartedBy = Told;

export interface Named {
  readonly workflow: { readonly id: string; readonly name: string; readonly slug: string };
  readonly instanceId: string;
  readonly accountId: string;
  readonly startedBy: StartedBy | null;
}

export const stepValues = (context: Context, named: Named, now: Date): Values => ({
  trigger: context.trigger,
  steps: context.steps,
  now: now.toISOString(),
  workflow: named.workflow,
  instance: { id: named.instanceId },
  account: { id: named.accountId },
  auth: named.startedBy ?? authValues(named.accountId, null),
});

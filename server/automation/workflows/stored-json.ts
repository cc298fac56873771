// Values as they are kept: JSON text within bounds.
import { Failure } from '../../../contract/problems.ts';

/** Characters of an instance's context: the trigger and what all steps said. */
export const MOST_CONTEXT = 1_000_000;
/** Of what the log keeps of one step; the context has it whole. */
const MOST_LOGGED = 64_000;

/** What a step said does not fit. */
export class TooLarge extends Error {
  readonly code = 'CONTEXT_TOO_LARGE';
  constructor() {
    super(`What the steps of an instance say may be ${MOST_CONTEXT} characters of JSON together.`);
  }
}

export const jsonOf = (value: unknown): string => JSON.stringify(value ?? null);

/** What a step collects for its output: it fails as soon as no context could hold it, before memory is full of it. */
export class Gathering {
  private left = MOST_CONTEXT;
  /** Throws TooLarge. */
  add<T>(part: T): T {
    this.left -= jsonOf(part).length;
    if (this.left < 0) throw new TooLarge();
    return part;
  }
}

/** Throws TooLarge. */
export function contextText(context: unknown): string {
  const text = jsonOf(context);
  if (text.length > MOST_CONTEXT) throw new TooLarge();
  return text;
}

/** Throws PAYLOAD_TOO_LARGE for a trigger that leaves steps no room. */
export function triggerText(trigger: Readonly<Record<string, unknown>>): string {
  const text = jsonOf({ trigger, steps: {} });
  if (text.length > MOST_CONTEXT / 2) throw new Failure('PAYLOAD_TOO_LARGE', { limit: MOST_CONTEXT / 2 });
  return text;
}

export function loggedText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = jsonOf(value);
  return text.length <= MOST_LOGGED ? text : jsonOf({ cut: true, characters: text.length });
}

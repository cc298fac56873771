// What of outcomes can be kept: text that the database stores, and no more of it than memory and rows should hold.
import type { ActionOutcome } from '../../../contract/actions.ts';
import { Failure } from '../../../contract/problems.ts';
import { storableValue } from '../../text.ts';

/** Characters that the results of one run's actions have as JSON, all together. */
export const MOST_RESULTS = 4_000_000;

const UNSTORABLE = /\\u0000|\\ud[89a-f]/i;

const textOf = (result: unknown): string => JSON.stringify(result) ?? 'null';

/** Characters of a result as JSON. */
export const sizeOf = (result: unknown): number => textOf(result).length;

/** What is left for results: one of them belongs to everything whose results are in memory at the same time. */
export class Room {
  private used = 0;
  /** `outcomes` are there already. Throws RESULT_TOO_LARGE where they alone are too much. */
  constructor(
    readonly limit: number = MOST_RESULTS,
    outcomes: readonly ActionOutcome[] = [],
  ) {
    for (const { result } of outcomes) this.take(sizeOf(result));
  }

  /** Throws RESULT_TOO_LARGE. */
  take(characters: number): void {
    if (this.used + characters > this.limit)
      throw new Failure('RESULT_TOO_LARGE', { characters, used: this.used, limit: this.limit });
    this.used += characters;
  }

  /** A result was not kept after all. */
  giveBack(result: unknown): void {
    this.used -= sizeOf(result);
  }
}

/** The result as it can be kept. Throws RESULT_TOO_LARGE where there is no room for it. */
export function kept(result: unknown, room: Room): unknown {
  const text = textOf(result);
  room.take(text.length);
  return UNSTORABLE.test(text) ? storableValue(result) : result;
}

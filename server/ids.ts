// Identifiers the server makes itself: UUID version 7, in ascending order within a process.
import { hash, randomUUID } from 'node:crypto';

let lastMs = 0;
let counter = 0;
/** `lastMs` as the id spells it: made once a millisecond, because it is half the cost of an id. */
let prefix = '';

/**
 * A new UUID version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of counter, 62 random bits.
 * Each one sorts after all earlier ones of this process, also when the system clock steps back or a millisecond is full.
 */
export function uuidV7(): string {
  // Node draws the randomness of its version 4 ids in bulk, so one of them is the cheapest source of bits and of variant.
  const random = randomUUID();
  const now = Date.now();
  if (now <= lastMs && counter < 0xfff) counter += 1;
  else {
    lastMs = Math.max(now, lastMs + 1);
    // The counter starts in its lower half, so that 2,048 ids fit before the next millisecond is borrowed.
    counter = Number.parseInt(random.slice(0, 3), 16) & 0x7ff;
    const ms = lastMs.toString(16).padStart(12, '0');
    prefix = `${ms.slice(0, 8)}-${ms.slice(8)}-`;
  }
  return `${prefix}${(0x7000 | counter).toString(16)}-${random.slice(19)}`;
}

/**
 * The ids of one request: new ones, or, where it may be sent again, those that follow from its seed, so that a second attempt
 * meets what the first one stored.
 */
export function idsOf(seed: string | undefined): () => string {
  if (seed === undefined) return uuidV7;
  let made = 0;
  return () => {
    const n = made++;
    if (n === 0) return seed;
    const bits = hash('sha256', `${seed}${n}`, 'hex');
    // The moment and the variant of the seed, the place in the request where the counter stands.
    const place = (0x7000 | (n & 0xfff)).toString(16);
    return `${seed.slice(0, 14)}${place}-${seed.slice(19, 20)}${bits.slice(0, 3)}-${bits.slice(3, 15)}`;
  };
}

/** True for any text that PostgreSQL takes as a uuid in its usual form; anything else cannot name a row. */
export const isUuid = (text: string): boolean => UUID.test(text);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

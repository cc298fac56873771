// Identifiers the server makes itself: UUID version 7, in ascending order within a process.
import { randomFillSync } from 'node:crypto';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const pool = Buffer.allocUnsafe(10 * 512);
let used = pool.length;
let lastMs = 0;
let counter = 0;

function takeRandom(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += 10;
  return at;
}

/**
 * A new UUID version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of counter, 62 random bits.
 * Each one sorts after all earlier ones of this process, also when the system clock steps back or a millisecond is full.
 */
export function uuidV7(): string {
  const at = takeRandom();
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // The counter starts in its lower half, so that at least 2,048 ids fit before the next millisecond is borrowed.
    counter = (pool.readUInt16BE(at) & 0x7ff) as number;
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = pool.readUInt16BE(at) & 0x7ff;
  }
  const ms = lastMs.toString(16).padStart(12, '0');
  const third = (0x7000 | counter).toString(16);
  const hex = (offset: number) => HEX[pool[at + offset] as number] as string;
  const variant = HEX[((pool[at + 2] as number) & 0x3f) | 0x80] as string;
  return `${ms.slice(0, 8)}-${ms.slice(8)}-${third}-${variant}${hex(3)}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
}

/** True for any text that PostgreSQL takes as a uuid in its usual form; anything else cannot name a row. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

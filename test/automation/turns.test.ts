// Who waits for whom where hooks take part in writes: turns of accounts, and the time of a transaction.
import { describe, expect, it } from 'vitest';
import { createTimeLeft } from '../../server/automation/hooks/time-left.ts';
import type { Transaction } from '../../server/db/database.ts';
import { joined } from '../../server/db/joined.ts';
import { createTurns } from '../../server/records/turns.ts';

/** A promise that is resolved from outside. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('turns of accounts', () => {
  it('so many of one account work at a time, the others in their order, and accounts do not wait for each other', async () => {
    const turns = createTurns({ kind: 'postgres' }, 2);
    const begun: string[] = [];
    const gates = Array.from({ length: 4 }, gate);
    const all = gates.map(({ opened }, i) =>
      turns.take('A', async () => {
        begun.push(`A${i}`);
        await opened;
        return i;
      }),
    );
    await soon();
    expect(begun).toEqual(['A0', 'A1']);
    expect(await turns.take('B', async () => 'B')).toBe('B');
    gates[1]?.open();
    await soon();
    expect(begun).toEqual(['A0', 'A1', 'A2']);
    for (const { open } of gates) open();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it('a place is free again after work that fails, and who waits too long is told to come later', async () => {
    const turns = createTurns({ kind: 'embedded' }, 1, 20);
    await expect(turns.take('A', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const { open, opened } = gate();
    const first = turns.take('A', () => opened);
    await expect(turns.take('A', async () => 1)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    open();
    await first;
    expect(await turns.take('A', async () => 2)).toBe(2);
  });
});

describe('the time of hooks in a transaction', () => {
  const bare = (): Transaction =>
    ({
      inTransaction: true,
      afterCommit() {},
      query: async () => [],
      run: async () => ({}),
      runAs: async () => ({}),
    }) as never;

  it('is one for it and all that runs within a run in it, which is not charged twice; its parts have theirs', async () => {
    let now = 0;
    const left = createTimeLeft(10, () => now);
    const tx = bare();
    const database = joined({ kind: 'embedded' } as never, tx);
    await database.transaction(async (part) => {
      await left.during(part, async () => {
        now += 9000;
      });
    });
    await left.during(tx, () =>
      database.transaction(async (inner) => {
        now += 2000;
        expect(left.in(inner)).toBe(8);
        await left.during(inner, () =>
          joined({ kind: 'embedded' } as never, inner).transaction(async (deeper) => {
            now += 3000;
            expect(left.in(deeper)).toBe(5);
          }),
        );
      }),
    );
    now += 60_000;
    expect([left.in(tx), left.in(bare())]).toEqual([5, 10]);
  });
});

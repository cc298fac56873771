// Accounts share a durable reader: who falls behind goes on by itself in turns, in order, each event once, and holds up nobody.
import { expect, it } from 'vitest';
import type { OpenDatabase } from '../../server/db/open.ts';
import { type Consumer, createConsumer } from '../../server/events/consumer.ts';
import { createSharing } from '../../server/events/sharing.ts';
import { createTail, type Tail } from '../../server/events/tail.ts';
import { ACCOUNTS, openTrail, type TrailBench } from '../audit/harness.ts';
import { onBoth } from '../db/databases.ts';

const [A, B, C] = ACCOUNTS as unknown as [string, string, string];

interface Bench {
  readonly trail: TrailBench;
  readonly tail: Tail;
  readonly consumer: Consumer;
  /** What was worked on: the account and the number of its event, in order. */
  readonly worked: [account: string, n: number][];
  /** Accounts without room. */
  readonly full: Set<string>;
  /** How many turns are to fail. */
  faults: number;
  behind(): Promise<string[]>;
  /** So many events of an account, numbered on. */
  write(account: string, count: number): Promise<void>;
}

/** Work that has done enough for a turn after three events of an account. */
async function within(db: OpenDatabase, test: (bench: Bench) => Promise<void>) {
  const trail = await openTrail(db);
  const tail = await createTail({ db, retention: { seconds: 3600, events: 1_000_000 } });
  const written = new Map<string, number>();
  const worked: Bench['worked'] = [];
  const full = new Set<string>();
  const sharing = createSharing({
    name: 'shared',
    room: async (_, account) => !full.has(account),
    async work(tx, events) {
      const turn = events.slice(0, 3);
      const told = turn.map((e): [string, number] => [e.accountId, Number(e.cells[e.columns.indexOf('n')])]);
      tx.afterCommit(() => void worked.push(...told));
      if (bench.faults > 0) {
        bench.faults -= 1;
        throw new Error('again');
      }
      return turn.length;
    },
  });
  const consumer = createConsumer({ db, tail, name: 'shared', ...sharing });
  const bench: Bench = {
    ...{ trail, tail, consumer, worked, full, faults: 0 },
    behind: async () =>
      (await db.query<{ name: string }>("select name from snackbase.event_consumers where name like 'shared %'")).map(
        ({ name }) => name.slice('shared '.length),
      ),
    async write(account, count) {
      const from = written.get(account) ?? 0;
      for (let n = from; n < from + count; n++) await trail.create(account, { n });
      written.set(account, from + count);
    },
  };
  try {
    await consumer.settle();
    await test(bench);
  } finally {
    await consumer.close();
    await tail.close();
    await trail.close();
  }
}

const numbers = (worked: Bench['worked'], account: string) => worked.filter(([of]) => of === account).map(([, n]) => n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

onBoth('accounts share a reader', (database) => {
  it('who makes much work does it in turns, and every event comes once and in order', () =>
    within(database(), async (bench) => {
      await bench.write(A, 40);
      await bench.write(B, 20);
      await bench.write(C, 2);
      await bench.consumer.settle();
      for (const [account, count] of [
        [A, 40],
        [B, 20],
        [C, 2],
      ] as const)
        expect(numbers(bench.worked, account)).toEqual(upTo(count));
      expect(await bench.behind()).toEqual([]);
      // Told by everybody's reader again.
      await bench.write(A, 2);
      await bench.consumer.settle();
      expect(numbers(bench.worked, A)).toEqual(upTo(42));
      expect(await bench.behind()).toEqual([]);
    }));

  it('what finds no room waits in the log, holds up nobody, and goes on where it was when there is room', () =>
    within(database(), async (bench) => {
      bench.full.add(A);
      await bench.write(A, 10);
      await bench.write(B, 2);
      await bench.consumer.settle();
      expect(bench.worked).toEqual([
        [B, 0],
        [B, 1],
      ]);
      expect(await bench.behind()).toEqual([A]);
      await bench.write(A, 5);
      await bench.write(B, 1);
      await bench.consumer.settle();
      expect(numbers(bench.worked, B)).toEqual(upTo(3));
      expect(numbers(bench.worked, A)).toEqual([]);
      bench.full.clear();
      await bench.consumer.settle();
      expect(numbers(bench.worked, A)).toEqual(upTo(15));
      expect(await bench.behind()).toEqual([]);
    }));

  it('it looks by itself whether there is room', () =>
    within(database(), async (bench) => {
      bench.full.add(A);
      await bench.write(A, 4);
      await bench.consumer.settle();
      bench.full.clear();
      await expect.poll(() => numbers(bench.worked, A), { timeout: 20_000 }).toEqual(upTo(4));
    }));

  it('a turn that fails is begun again from its place', () =>
    within(database(), async (bench) => {
      bench.faults = 3;
      await bench.write(A, 12);
      await bench.write(B, 4);
      await bench.tail.end();
      await expect.poll(() => bench.worked.length, { timeout: 20_000 }).toBe(16);
      expect(numbers(bench.worked, A)).toEqual(upTo(12));
      expect(numbers(bench.worked, B)).toEqual(upTo(4));
    }));

  it('accounts that are behind take turns', () =>
    within(database(), async (bench) => {
      for (const account of [A, B]) bench.full.add(account);
      await bench.write(A, 12);
      await bench.write(B, 12);
      await bench.consumer.settle();
      expect((await bench.behind()).sort()).toEqual([A, B].sort());
      bench.full.clear();
      await bench.consumer.settle();
      const turns = bench.worked.filter((_, i) => i % 3 === 0).map(([account]) => account);
      expect(turns.length).toBe(8);
      for (const [i, account] of turns.entries()) expect(account).not.toBe(turns[i + 1]);
    }));
});

// Leased work: claimed once, side by side within bounds, kept while it runs, taken up again when its process died, left in peace when lost.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createDue, type Due, type DueOptions } from '../../server/automation/due.ts';

interface Item {
  readonly id: string;
  dueAt: number;
  lease: string | null;
  until: number;
  done: number;
}

/** A table in memory with a clock of its own kind. */
class Table {
  readonly items: Item[] = [];
  claims = 0;
  fails = 0;

  add(...ids: string[]): void {
    for (const id of ids) this.items.push({ id, dueAt: Date.now(), lease: null, until: 0, done: 0 });
  }
  readonly claim: DueOptions<Item>['claim'] = async (lease, leaseMs, limit) => {
    this.claims += 1;
    await delay(1);
    if (this.fails > 0) {
      this.fails -= 1;
      throw new Error('no database');
    }
    const now = Date.now();
    const free = this.items.filter((item) => item.done === 0 && item.dueAt <= now && item.until <= now).slice(0, limit);
    for (const item of free) [item.lease, item.until] = [lease, now + leaseMs];
    return free;
  };
  readonly renew: DueOptions<Item>['renew'] = async (lease, leaseMs, ids) => {
    for (const item of this.items) if (ids.includes(item.id) && item.lease === lease) item.until = Date.now() + leaseMs;
  };
  readonly nextIn: DueOptions<Item>['nextIn'] = async () => {
    const times = this.items.filter(({ done }) => done === 0).map((item) => Math.max(item.dueAt, item.until));
    return times.length === 0 ? null : Math.min(...times) - Date.now();
  };
  /** As a store writes a result: under its lease alone. */
  finish(item: Item, lease: string): boolean {
    if (item.lease !== lease || item.done > 0) return false;
    [item.done, item.lease, item.until] = [item.done + 1, null, 0];
    return true;
  }
}

const running: Due[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((due) => due.close()));
});
function start(table: Table, run: DueOptions<Item>['run'], more: Partial<DueOptions<Item>> = {}): Due {
  const { claim, renew, nextIn } = table;
  const due = createDue({ name: 'test', claim, renew, nextIn, run, concurrency: 4, leaseMs: 200, idleMs: 50, ...more });
  running.push(due);
  return due;
}
const until = async (what: string, holds: () => boolean) => {
  for (const begun = Date.now(); Date.now() - begun < 5000; await delay(5)) if (holds()) return;
  throw new Error(`never: ${what}`);
};

describe('due work', () => {
  it('runs each item once, no more than so many side by side, and goes on when a place is free', async () => {
    const table = new Table();
    table.add(...Array.from({ length: 50 }, (_, i) => `${i}`));
    let now = 0;
    let most = 0;
    const runs: string[] = [];
    const due = start(table, async (item, lease) => {
      runs.push(item.id);
      most = Math.max(most, ++now);
      await delay(3);
      now -= 1;
      table.finish(item, lease);
    });
    await due.settle();
    expect(runs.sort()).toEqual(table.items.map(({ id }) => id).sort());
    expect(most).toBe(4);
  });

  it('begins by itself with what is there, wakes for what comes, and waits for what is due later', async () => {
    const table = new Table();
    table.add('there');
    const due = start(table, async (item, lease) => void table.finish(item, lease), { idleMs: 60_000 });
    await until('there', () => table.items[0]?.done === 1);
    await delay(20);
    table.add('new');
    due.wake();
    await until('new', () => table.items[1]?.done === 1);
    table.add('later');
    (table.items[2] as Item).dueAt = Date.now() + 120;
    const begun = Date.now();
    due.wake();
    await until('later', () => table.items[2]?.done === 1);
    expect(Date.now() - begun).toBeGreaterThan(100);
    const { claims } = table;
    await delay(150);
    expect(table.claims - claims).toBeLessThanOrEqual(1);
  });

  it('keeps the lease of what takes long', async () => {
    const table = new Table();
    table.add('long');
    const runs: string[] = [];
    const run: DueOptions<Item>['run'] = async (item, lease) => {
      runs.push(lease);
      await delay(700);
      expect(table.finish(item, lease)).toBe(true);
    };
    start(table, run);
    start(table, run);
    await until('done', () => table.items[0]?.done === 1);
    expect(runs).toHaveLength(1);
  });

  it('takes up what the dead left, once their lease has ended', async () => {
    const table = new Table();
    table.add('orphan');
    const orphan = table.items[0] as Item;
    [orphan.lease, orphan.until] = ['somebody who died', Date.now() + 150];
    const begun = Date.now();
    start(table, async (item, lease) => void table.finish(item, lease), { idleMs: 60_000 });
    await until('taken over', () => orphan.done === 1);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(140);
  });

  it('who lost a lease changes nothing', async () => {
    const table = new Table();
    table.add('contested');
    const [item] = table.items as [Item];
    const written: boolean[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    start(table, async (claimed, lease) => {
      await held;
      written.push(table.finish(claimed, lease));
    });
    await until('claimed', () => item.lease !== null);
    // Another process, after this one was away for longer than its lease.
    item.lease = 'another';
    item.until = Date.now() + 60_000;
    release();
    await until('written', () => written.length === 1);
    expect([written, item.done, item.lease]).toEqual([[false], 0, 'another']);
  });

  it('does not run a second time what it is still working on when its own lease ran out', async () => {
    const table = new Table();
    table.add('slow');
    const [item] = table.items as [Item];
    let runs = 0;
    // Renewing fails for as long as it runs.
    const due = start(
      table,
      async (claimed, lease) => {
        runs += 1;
        await delay(400);
        table.finish(claimed, lease);
      },
      { renew: () => Promise.reject(new Error('away')), leaseMs: 60 },
    );
    await until('done', () => item.done === 1);
    await due.settle();
    expect(runs).toBe(1);
  });

  it('what fails comes again when its lease has ended; what cannot be claimed is asked for again', async () => {
    const table = new Table();
    table.add('flaky');
    table.fails = 1;
    let runs = 0;
    const said: string[] = [];
    const log = { info: () => {}, error: () => {}, warn: (_: object, message: string) => void said.push(message) };
    start(
      table,
      async (item, lease) => {
        runs += 1;
        if (runs === 1) throw new Error('no');
        table.finish(item, lease);
      },
      { log },
    );
    await until('done', () => table.items[0]?.done === 1);
    expect(runs).toBe(2);
    expect(said).toEqual([expect.stringContaining('claimed'), expect.stringContaining('failed')]);
  });

  it('tells what runs to stop when it closes, waits for it, and takes nothing more', async () => {
    const table = new Table();
    table.add('one', 'two');
    const told: boolean[] = [];
    const due = start(
      table,
      async (_item, _lease, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        await delay(20);
        told.push(signal.aborted);
      },
      { concurrency: 1 },
    );
    await until('begun', () => table.items.some(({ lease }) => lease !== null));
    await due.close();
    expect(told).toEqual([true]);
    const { claims } = table;
    table.add('three');
    due.wake();
    await delay(150);
    expect([table.claims, table.items.filter(({ lease }) => lease !== null).length]).toEqual([claims, 1]);
  });

  it('what is due and waits for a place of its own is asked for when one is free, and not all the time', async () => {
    const table = new Table();
    table.add('1', '2', '3');
    const told: string[] = [];
    const ends: (() => void)[] = [];
    const oneAtATime: DueOptions<Item & { account_id: string }>['claim'] = async (
      lease,
      leaseMs,
      limit,
      busy,
      after,
    ) => {
      told.push(after);
      const items = busy.length > 0 ? [] : await table.claim(lease, leaseMs, Math.min(1, limit), busy, after);
      return items.map((item) => Object.assign(item, { account_id: `account ${item.id}` }));
    };
    const due = createDue({
      ...{ name: 'test', claim: oneAtATime, renew: table.renew, concurrency: 4, idleMs: 60_000 },
      nextIn: async () => (table.items.some(({ lease, done }) => lease === null && done === 0) ? 0 : null),
      async run(item, lease) {
        await new Promise<void>((end) => ends.push(end));
        table.finish(item, lease);
      },
    });
    running.push(due);
    await until('the first runs', () => ends.length === 1);
    await delay(250);
    expect(told.length).toBeLessThan(8);
    for (let n = 1; n <= 3; n++) {
      await until(`number ${n} runs`, () => ends.length === n);
      ends[n - 1]?.();
    }
    await due.settle();
    expect([...new Set(told)]).toEqual(['', 'account 1', 'account 2', 'account 3']);
  });

  it('two processes share the work and run nothing twice', async () => {
    const table = new Table();
    table.add(...Array.from({ length: 200 }, (_, i) => `${i}`));
    const runs = new Map<string, number>();
    const by = [0, 0];
    const run =
      (process: 0 | 1): DueOptions<Item>['run'] =>
      async (item, lease) => {
        runs.set(item.id, (runs.get(item.id) ?? 0) + 1);
        by[process] = (by[process] as number) + 1;
        await delay(Math.random() * 4);
        table.finish(item, lease);
      };
    const both = [start(table, run(0)), start(table, run(1))];
    await Promise.all(both.map((due) => due.settle()));
    await until('all', () => table.items.every(({ done }) => done === 1));
    expect([...runs.values()].every((n) => n === 1)).toBe(true);
    expect(Math.min(...by)).toBeGreaterThan(20);
  });
});

// The log of events: what a change leaves in it, in which order readers find it, and what is forgotten when.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DatabaseFault } from '../../server/db/errors.ts';
import type { OpenDatabase } from '../../server/db/open.ts';
import { createConsumer } from '../../server/events/consumer.ts';
import type { Event } from '../../server/events/event.ts';
import { createLeasedReader, forgetReader } from '../../server/events/leased-reader.ts';
import type { Read } from '../../server/events/outbox.ts';
import { comparePositions, type Position } from '../../server/events/position.ts';
import { createTail, type Tail } from '../../server/events/tail.ts';
import { ACCOUNTS, openTrail, type TrailBench } from '../audit/harness.ts';
import { onBoth, onPostgres } from '../db/databases.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const KEEP = { seconds: 3600, events: 1_000_000 };
const openTail = (db: OpenDatabase, more: object = {}): Promise<Tail> => createTail({ db, retention: KEEP, ...more });

/** Everything behind a position, a page at a time. */
async function all(tail: Pick<Tail, 'read'>, after: Position, limit = 100): Promise<Event[]> {
  const found: Event[] = [];
  for (let at = after; ; ) {
    const read = (await tail.read(at, limit)) as Read;
    found.push(...read.events);
    at = read.reached;
    if (!read.more) return found;
  }
}

const cellOf = (event: Event, column: string) => event.cells[event.columns.indexOf(column)];
const wasOf = (event: Event, column: string) => event.was?.[event.assigned?.indexOf(column) ?? -1];

async function within(db: OpenDatabase, work: (bench: TrailBench, tail: Tail) => Promise<void>) {
  const bench = await openTrail(db);
  const tail = await openTail(db);
  try {
    await work(bench, tail);
  } finally {
    await tail.close();
    await bench.close();
  }
}

onBoth('what a change leaves', (database) => {
  it('a create, an update and a delete tell the row, what it was, who did it and when', () =>
    within(database(), async (bench, tail) => {
      const start = await tail.end();
      const id = await bench.create(ACCOUNTS[0], { title: 'a', n: 1 }, 'ann');
      await bench.patch(ACCOUNTS[0], id, { n: 2 }, 'bob');
      await bench.remove(ACCOUNTS[0], id);
      const end = await tail.end();
      const [created, updated, deleted, ...others] = (await all(tail, start)) as [Event, Event, Event];
      expect(others).toEqual([]);
      expect([created, updated, deleted].map((e) => [e.type, e.recordId, e.accountId, e.collection])).toEqual(
        ['created', 'updated', 'deleted'].map((type) => [type, id, ACCOUNTS[0], bench.def.qualifiedName]),
      );
      expect([cellOf(created, 'title'), cellOf(created, 'n'), cellOf(created, 'created_by'), created.was]).toEqual([
        'a',
        '1',
        'ann',
        null,
      ]);
      expect([cellOf(updated, 'n'), wasOf(updated, 'n'), wasOf(updated, 'updated_by')]).toEqual(['2', '1', 'ann']);
      expect(updated.assigned).toEqual(['n', 'updated_at', 'updated_by']);
      expect([cellOf(deleted, 'n'), cellOf(deleted, 'updated_by'), deleted.was]).toEqual(['2', 'bob', null]);
      expect(JSON.parse(updated.actor)).toEqual({ kind: 'user', user_id: 'bob', request_id: 'r1' });
      expect(comparePositions(deleted.position, end)).toBe(0);
      expect(new Date(created.at).toISOString().slice(0, 13)).toBe(new Date().toISOString().slice(0, 13));
    }));

  it('a transaction that rolls back leaves nothing, one of thousands is read in pages', () =>
    within(database(), async (bench, tail) => {
      const start = await tail.end();
      const undone = database().transaction(async (tx) => {
        await bench.create(ACCOUNTS[0], { title: 'never' }, 'ann', tx);
        throw new Error('undone');
      });
      await expect(undone).rejects.toThrow('undone');
      const ids: string[] = [];
      await database().transaction(async (tx) => {
        for (let i = 0; i < 1200; i++) ids.push(await bench.create(ACCOUNTS[0], { n: i }, 'ann', tx));
      });
      await tail.end();
      for (const limit of [7, 300, 5000]) expect((await all(tail, start, limit)).map((e) => e.recordId)).toEqual(ids);
    }));

  it('a position of nobody is refused, the end answers nothing', () =>
    within(database(), async (_bench, tail) => {
      const end = await tail.end();
      expect(await tail.read(end, 10)).toEqual({ events: [], reached: end, more: false });
      expect(await tail.read({ batch: end.batch + 5, id: 1 }, 10)).toBeNull();
    }));

  it('is forgotten by age and by number, but not before consumers have read it', () =>
    within(database(), async (bench, tail) => {
      const start = await tail.end();
      for (let i = 0; i < 30; i++) {
        await bench.create(ACCOUNTS[1], { n: i });
        await tail.end();
      }
      const few = await openTail(database(), { retention: { seconds: 3600, events: 10 } });
      expect(await few.prune()).toBeGreaterThan(0);
      expect(await few.read(start, 10)).toBeNull();
      const [kept] = await database().query<{ batch: number; id: number }>(
        'select number as batch, last_id as id from snackbase.event_batches order by number limit 1',
      );
      expect((await all(few, kept as Position)).map((e) => cellOf(e, 'n'))).toEqual(
        Array.from({ length: 10 }, (_, i) => String(20 + i)),
      );
      await few.close();

      const read: string[] = [];
      let stuck = true;
      const consumer = createConsumer({
        db: database(),
        tail,
        name: 'slow',
        work: async (_tx, events) => {
          if (stuck) throw new Error('not yet');
          read.push(...events.map((e) => cellOf(e, 'n') as string));
        },
      });
      await consumer.settle();
      await bench.create(ACCOUNTS[1], { n: 99 });
      const old = await openTail(database(), { retention: { seconds: 0, events: 10 } });
      await old.end();
      await delay(5);
      await bench.create(ACCOUNTS[1], { n: 100 });
      await old.end();
      await old.prune();
      stuck = false;
      await consumer.settle();
      expect(read).toEqual(['99', '100']);
      await delay(5);
      await expect.poll(() => old.prune()).toBeGreaterThan(0);
      await consumer.close();
      await old.close();
    }));

  it('a part that fails for what it is is passed over once it is done apart; a fault that passes is not', () =>
    within(database(), async (bench, tail) => {
      await database().query('create table public.parts (n text not null)');
      let away = 0;
      const pages: number[] = [];
      const errors: object[] = [];
      const log = { ...silent, error: (facts: object) => void errors.push(facts) };
      const consumer = createConsumer({
        db: database(),
        tail,
        log,
        name: 'parts',
        async work(tx, events, apart = (_, part) => part(tx)) {
          pages.push(events.length);
          for (const event of events) {
            const n = cellOf(event, 'n') as string;
            await apart({ n }, async (on) => {
              await on.query('insert into public.parts values ($1)', [n]);
              if (n === '3') await on.query('insert into public.parts values (null)');
              if (n === '5') throw new Error('no such shape');
              if (n === '7' && away-- > 0) throw new DatabaseFault('deadlock detected', { code: '40P01' });
            });
          }
        },
      });
      const parts = async () =>
        (await database().query<{ n: string }>('select n from public.parts order by n::integer')).map(({ n }) => n);
      const settled = () =>
        consumer.settle().then(
          () => true,
          () => false,
        );
      await consumer.settle();
      away = 2;
      await database().transaction(async (tx) => {
        for (let n = 0; n < 50; n++) await bench.create(ACCOUNTS[0], { n }, 'ann', tx);
      });
      await expect.poll(settled).toBe(true);
      const wanted = Array.from({ length: 50 }, (_, n) => String(n)).filter((n) => n !== '3' && n !== '5');
      expect(await parts()).toEqual(wanted);
      // Whole, then few at a time, three times for the deadlock, until a page has lost nothing; then as many as there are.
      expect(pages.filter((events) => events === 50)).toHaveLength(1);
      expect(pages.filter((events) => events === 20)).toHaveLength(4);
      expect(pages.at(-1)).toBe(10);
      expect(new Set(errors.map((one) => (one as { n: string }).n))).toEqual(new Set(['3', '5']));
      await consumer.close();
      await database().query('drop table public.parts');
    }));

  it('a log that nobody wants is passed by unread, and read from where somebody does', () =>
    within(database(), async (bench, tail) => {
      const read: string[] = [];
      let somebody = false;
      const consumer = createConsumer({
        db: database(),
        tail,
        name: 'unwanted',
        wanted: async () => somebody,
        work: async (_tx, events) => void read.push(...events.map((e) => cellOf(e, 'title') as string)),
      });
      const place = async () =>
        (
          await database().query<Position>("select batch, id from snackbase.event_consumers where name = 'unwanted'")
        )[0];
      await consumer.settle();
      await bench.create(ACCOUNTS[0], { title: 'before' });
      await consumer.settle();
      expect(await place()).toEqual(await tail.end());
      somebody = true;
      consumer.wake();
      await bench.create(ACCOUNTS[0], { title: 'after' });
      // Events alone wake it, from the moment that somebody wants them.
      await tail.end();
      await expect.poll(() => read).toEqual(['after']);
      await consumer.close();
    }));

  it('a place that nobody leases is forgotten once something was unread behind it for long', () =>
    within(database(), async (bench, tail) => {
      const reader = () =>
        createLeasedReader({ db: database(), tail, name: 'leased', wants: () => true, work: async () => {} });
      const places = async () =>
        (await database().query("select from snackbase.event_consumers where name = 'leased'")).length;
      const age = (table: string, column: string) =>
        database().query(`update snackbase.${table} set ${column} = now() - interval '2 hours'`);
      const first = reader();
      await first.settle();
      await first.close();
      // It has read all there is, however long ago.
      await age('event_consumers', 'updated_at');
      await age('event_batches', 'cut_at');
      await forgetReader(database(), 'leased', 3600);
      expect(await places()).toBe(1);
      await bench.create(ACCOUNTS[0], { title: 'unread' });
      await tail.end();
      await forgetReader(database(), 'leased', 3600);
      expect(await places()).toBe(1);
      await age('event_batches', 'cut_at');
      await forgetReader(database(), 'leased', 3 * 3600);
      expect(await places()).toBe(1);
      await forgetReader(database(), 'leased', 3600);
      expect(await places()).toBe(0);
    }));

  it('after a restore into a younger cluster readers begin anew and what was in no batch is still told', () =>
    within(database(), async (bench, tail) => {
      const start = await tail.end();
      await tail.close();
      await bench.create(ACCOUNTS[2], { n: 7 });
      // The numbers of the old cluster: what is in a batch lies before its snapshot, what came later behind.
      await database().query(`update snackbase.event_batches set snapshot = '900000000:900000000:'`);
      await database().query(`update snackbase.events set xid = '900000005' where id > $1`, [start.id]);
      const other = await openTail(database());
      await other.end();
      expect(await other.read(start, 10)).toBeNull();
      const next = { batch: start.batch + 1, id: start.id };
      expect((await all(other, next)).map((e) => cellOf(e, 'n'))).toEqual(['7']);
      await other.close();
    }));
});

onPostgres('the order of events', (url) => {
  const open = async () => {
    const { openDatabase } = await import('../../server/db/open.ts');
    return openDatabase({ url: url(), dataDir: '' });
  };

  it('a transaction that commits late is behind those that overtook it, for everyone', async () => {
    const db = await open();
    await within(db, async (bench, tail) => {
      const start = await tail.end();
      let early = '';
      let commit = () => {};
      const held = new Promise<void>((resolve) => {
        commit = resolve;
      });
      let wrote = () => {};
      const written = new Promise<void>((resolve) => {
        wrote = resolve;
      });
      const slow = db.transaction(async (tx) => {
        early = await bench.create(ACCOUNTS[0], { title: 'first to write' }, 'ann', tx);
        wrote();
        await held;
      });
      await written;
      const late = await bench.create(ACCOUNTS[0], { title: 'first to commit' });
      const between = await tail.end();
      expect((await all(tail, start)).map((e) => e.recordId)).toEqual([late]);
      commit();
      await slow;
      await tail.end();
      const [behind] = await all(tail, between);
      expect(behind?.recordId).toBe(early);
      // Its id is the lower one: no order of ids alone would have shown it.
      expect(behind?.position.id).toBeLessThan(between.id);
      expect((await all(tail, start)).map((e) => e.recordId)).toEqual([late, early]);
    });
    await db.close();
  });

  it('16 writers, open transactions, rollbacks and two cutters: nothing lost, nothing twice, each record in its order', async () => {
    const db = await open();
    const second = await open();
    await within(db, async (bench, tail) => {
      const other = await openTail(second, { pauseMs: 3 });
      const start = await tail.end();
      const records = await Promise.all(
        Array.from({ length: 12 }, (_, i) => bench.create(ACCOUNTS[i % 4] as string, { n: 0, title: String(i) })),
      );
      const committed = new Map<string, number>(records.map((id) => [id, 1]));
      let busy = true;
      const reader = async (limit: number, source: Tail) => {
        const found: Event[] = [];
        let at = start;
        while (busy) {
          const read = (await source.read(at, limit)) as Read;
          found.push(...read.events);
          at = read.reached;
          if (!read.more) await delay(1);
        }
        return found.concat(await all(source, at, limit));
      };
      const readers = [reader(3, tail), reader(50, other), reader(1000, tail)];
      await Promise.all(
        Array.from({ length: 16 }, async (_, w) => {
          for (let i = 0; i < 40; i++) {
            // One or two records, locked in one order, with pauses in the midst of the transaction.
            const chosen = [...new Set([(w * 7 + i * 5) % 12, (w + i) % 12])].sort((a, b) => a - b);
            const undone = (w + i) % 9 === 0;
            await db
              .transaction(async (tx) => {
                for (const k of chosen) {
                  await tx.query(`update ${bench.def.table} set n = n + 1 where id = $1`, [records[k]]);
                  const [row] = await tx.query<{ n: number }>(`select n from ${bench.def.table} where id = $1`, [
                    records[k],
                  ]);
                  await bench.patch(ACCOUNTS[k % 4] as string, records[k] as string, { title: `v${row?.n}` }, 'w', tx);
                  if ((w + i + k) % 4 === 0) await delay(Math.random() * 6);
                }
                if (undone) throw new Error('undone');
              })
              .then(() => {
                for (const k of chosen)
                  committed.set(records[k] as string, (committed.get(records[k] as string) ?? 0) + 1);
              })
              .catch((error) => {
                if (!undone) throw error;
              });
            tail.appended(db);
            if (i % 3 === 0) other.appended(second);
          }
        }),
      );
      await tail.end();
      busy = false;
      const [small, middle, large] = await Promise.all(readers);
      expect(middle).toEqual(small);
      expect(large).toEqual(small);
      const told = small as Event[];
      expect(new Set(told.map((e) => e.position.id)).size).toBe(told.length);
      expect(told.length).toBe([...committed.values()].reduce((a, b) => a + b, 0));
      for (const id of records) {
        const versions = told.filter((e) => e.recordId === id).map((e) => Number(cellOf(e, 'n')));
        expect(versions).toEqual(Array.from({ length: committed.get(id) as number }, (_, i) => i));
      }
      for (let i = 1; i < told.length; i++)
        expect(comparePositions((told[i - 1] as Event).position, (told[i] as Event).position)).toBeLessThan(0);
      await other.close();
    });
    await second.close();
    await db.close();
  });

  it('two processes share a consumer: each event is worked on once, also when work fails', async () => {
    const db = await open();
    const second = await open();
    await within(db, async (bench, tail) => {
      const other = await openTail(second);
      await db.query('create table worked (position bigint, by text)');
      let failures = 0;
      const consumers = [
        [db, tail, 'a'],
        [second, other, 'b'],
      ].map(([on, source, by]) =>
        createConsumer({
          db: on as OpenDatabase,
          tail: source as Tail,
          name: 'shared',
          limit: 5,
          work: async (tx, events) => {
            for (const { position } of events) await tx.query('insert into worked values ($1, $2)', [position.id, by]);
            if (Math.random() < 0.2) {
              failures += 1;
              throw new Error('again');
            }
          },
        }),
      );
      const start = await tail.end();
      await Promise.all(
        Array.from({ length: 8 }, async (_, w) => {
          for (let i = 0; i < 25; i++) {
            await bench.create(ACCOUNTS[w % 4] as string, { n: i });
            (w % 2 === 0 ? tail : other).appended(w % 2 === 0 ? db : second);
          }
        }),
      );
      await tail.end();
      const wanted = (await all(tail, start)).map((e) => e.position.id);
      await expect
        .poll(async () => (await db.query('select from worked')).length, { timeout: 20_000 })
        .toBe(wanted.length);
      const rows = await db.query<{ position: number }>('select position from worked');
      expect(rows.map((r) => r.position).sort((a, b) => a - b)).toEqual([...wanted].sort((a, b) => a - b));
      expect(failures).toBeGreaterThan(0);
      for (const consumer of consumers) await consumer.close();
      await other.close();
    });
    await second.close();
    await db.close();
  });
});

describe('positions', () => {
  it('are read back as they are written', async () => {
    const { parsePosition, positionText } = await import('../../server/events/position.ts');
    expect(parsePosition(positionText({ batch: 412, id: 99813 }))).toEqual({ batch: 412, id: 99813 });
    for (const text of ['', '1', '1-', '-1', '1-2-3', 'a-1', '1 -2', '1-99999999999999999'])
      expect(parsePosition(text)).toBeNull();
  });
});

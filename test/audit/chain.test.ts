// The chain under load: many writers, several sealers, long transactions, another cluster's transaction numbers.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTrail } from '../../server/audit/service.ts';
import { openDatabase } from '../../server/db/open.ts';
import { onBoth, onPostgres } from '../db/databases.ts';
import { ACCOUNTS, KEY, openTrail, type TrailBench } from './harness.ts';

const sealedOf = (t: TrailBench) =>
  t.db.query<{ account_id: string; number: number; first_seq: number; n: number }>(
    `select account_id, number, first_seq, octet_length(checksums) / 32 as n from snackbase.audit_seals order by account_id, number`,
  );
const waiting = async (t: TrailBench): Promise<number> => {
  const [row] = await t.db.query<{ n: number }>(
    `select count(*)::int as n from snackbase.audit_changes c
     where not exists (select from snackbase.audit_seals s where s.position = c.position)`,
  );
  return row?.n ?? 0;
};

onBoth('the chain', (database) => {
  let t: TrailBench;
  beforeAll(async () => {
    t = await openTrail(database());
  });
  afterAll(() => t?.close());

  it('64 writers × 50 writes on one account and on several: no fork, no gap, nothing lost', async () => {
    const before = await t.db.query<{ n: number }>('select count(*)::int as n from snackbase.audit_changes');
    const shared = await Promise.all(ACCOUNTS.map((account) => t.create(account, { title: 'shared' })));
    await Promise.all(
      Array.from({ length: 64 }, async (_, writer) => {
        for (let i = 0; i < 50; i++) {
          const k = writer % 2 === 0 ? 0 : (writer + i) % ACCOUNTS.length;
          const account = ACCOUNTS[k] as string;
          if (i % 5 === 0) await t.create(account, { title: `w${writer} ${i}`, mail: 'x@example.com' });
          else await t.patch(account, shared[k] as string, { n: writer * 100 + i });
        }
      }),
    );
    await t.trail.settle();
    expect(await waiting(t)).toBe(0);
    const after = await t.db.query<{ n: number }>('select count(*)::int as n from snackbase.audit_changes');
    expect((after[0]?.n ?? 0) - (before[0]?.n ?? 0)).toBe(4 + 64 * 50);
    const ends = new Map<string, { number: number; next: number }>();
    for (const { account_id, number, first_seq, n } of await sealedOf(t)) {
      const end = ends.get(account_id) ?? { number: 0, next: 1 };
      expect([number, first_seq]).toEqual([end.number + 1, end.next]);
      ends.set(account_id, { number, next: first_seq + n });
    }
    expect(await t.verify()).toMatchObject({ valid: true, first_bad: null });
    // Cause before effect: what a write found is what the write before it in the chain had left.
    for (const id of shared) {
      const steps = await t.column(id, 'n');
      expect(steps.length).toBeGreaterThan(100);
      for (const [i, { old }] of steps.entries()) expect(old).toBe(i === 0 ? null : steps[i - 1]?.now);
    }
  });

  it('everything is sealed soon after its commit, without anyone asking', async () => {
    await t.trail.settle();
    await t.create(ACCOUNTS[0], { title: 'soon' });
    expect(await waiting(t)).toBe(1);
    await expect.poll(() => waiting(t), { interval: 10, timeout: 1000 }).toBe(0);
  });

  it('what is rolled back leaves no trail, and the positions it took leave no gap', async () => {
    await expect(
      t.db.transaction(async (tx) => {
        await t.create(ACCOUNTS[0], { title: 'never' }, 'ghost', tx);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    await t.create(ACCOUNTS[0], { title: 'after' });
    await t.trail.settle();
    const ghosts = await t.db.query(`select 1 from snackbase.audit_changes where context ->> 'user_id' = 'ghost'`);
    expect(ghosts).toEqual([]);
    expect((await t.verify()).valid).toBe(true);
  });

  it('a fork is refused by the database itself', async () => {
    const forge = (number: string) =>
      t.db.query(
        `insert into snackbase.audit_seals (account_id, number, position, first_seq, occurred_at, table_name, record_id, checksums)
         select account_id, ${number}, position + 1000000, first_seq, occurred_at, table_name, record_id, checksums
         from snackbase.audit_seals order by account_id, number limit 1`,
      );
    await expect(forge('number')).rejects.toMatchObject({ code: '23505' });
  });

  it('a database that came from another cluster goes on: its transaction numbers started anew', async () => {
    await t.trail.settle();
    const change = `insert into snackbase.audit_changes (xid, account_id, operation, table_name, record_id, context, entries)
      values ('8000000000000', $1, 'CREATE', 'main.x', 'old', '{}', '[["id",null,"old"]]')`;
    await t.db.query(change, [ACCOUNTS[1]]);
    // As a restored dump has it: the snapshot and the rows are of the other cluster's future.
    await t.db.query(
      `update snackbase.audit_sealer set snapshot = '9000000000000:9000000000000:', version = version + 0`,
    );
    const successor = createTrail({ db: t.db, encryptionKey: KEY });
    try {
      await successor.settle();
      expect(await waiting(t)).toBe(0);
      const id = await t.create(ACCOUNTS[1], { title: 'new' });
      await successor.settle();
      expect(await waiting(t)).toBe(0);
      await t.patch(ACCOUNTS[1], id, { title: 'newer' });
      await successor.settle();
      expect(await waiting(t)).toBe(0);
      expect((await t.verify()).valid).toBe(true);
    } finally {
      await successor.close();
    }
  });
});

onPostgres('several servers', (url) => {
  let t: TrailBench;
  beforeAll(async () => {
    t = await openTrail(await openDatabase({ url: url(), dataDir: '' }));
  });
  afterAll(async () => {
    await t.close();
    await t.db.close();
  });

  it('a transaction that stays open holds nobody up and keeps its place after what it waited for', async () => {
    const id = await t.create(ACCOUNTS[0], { n: 0 });
    const other = await t.create(ACCOUNTS[0], { n: 0 });
    let release = () => {};
    const open = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = () => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const long = t.db.transaction(async (tx) => {
      await t.patch(ACCOUNTS[0], other, { n: 1 }, 'long', tx);
      begun();
      await open;
      await t.patch(ACCOUNTS[0], id, { n: 100 }, 'long', tx);
    });
    await started;
    for (let n = 1; n <= 20; n++) await t.patch(ACCOUNTS[0], id, { n });
    await t.trail.settle();
    expect(await waiting(t)).toBe(0);
    expect((await t.column(id, 'n')).length).toBe(21);
    release();
    await long;
    for (let n = 21; n <= 25; n++) await t.patch(ACCOUNTS[0], id, { n });
    await t.trail.settle();
    const steps = await t.column(id, 'n');
    expect(steps.map((s) => s.now)).toEqual([
      ...Array.from({ length: 21 }, (_, i) => String(i)),
      '100',
      '21',
      '22',
      '23',
      '24',
      '25',
    ]);
    for (const [i, { old }] of steps.entries()) expect(old).toBe(i === 0 ? null : steps[i - 1]?.now);
    expect((await t.verify()).valid).toBe(true);
  });

  it('four sealers at once make one chain', async () => {
    const rivals = Array.from({ length: 3 }, () => createTrail({ db: t.db, encryptionKey: KEY }));
    try {
      const writing = Promise.all(
        Array.from({ length: 16 }, async (_, w) => {
          for (let i = 0; i < 40; i++) await t.create(ACCOUNTS[w % 3] as string, { title: `${w} ${i}` });
        }),
      );
      let busy = true;
      const sealing = rivals.map(async (rival) => {
        while (busy) {
          await rival.settle();
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
      });
      await writing;
      busy = false;
      await Promise.all(sealing);
      await t.trail.settle();
      expect(await waiting(t)).toBe(0);
      expect((await t.verify()).valid).toBe(true);
    } finally {
      await Promise.all(rivals.map((rival) => rival.close()));
    }
  });

  it('a backlog of many thousands is sealed in pieces', async () => {
    await t.db.query(
      `insert into snackbase.audit_changes (account_id, operation, table_name, record_id, context, entries)
       select 'AA0004', 'CREATE', 'main.bulk', i::text, '{}', json_build_array(json_build_array('id', null, i::text))
       from generate_series(1, 9000) i`,
    );
    await t.trail.settle();
    expect(await waiting(t)).toBe(0);
    expect((await t.verify('AA0004')).valid).toBe(true);
  });
});

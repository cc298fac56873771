// Transactions: all or nothing, after-effects only after the commit, and no way to wait for oneself.
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { DatabaseFault, isSerialization } from '../../server/db/errors.ts';
import { openDatabase } from '../../server/db/open.ts';
import { plan } from '../../server/db/plans.ts';
import { failure, onBoth, onPostgres } from './databases.ts';

onBoth('transactions', (database) => {
  const ids = async () =>
    (await database().query<{ id: number }>('select id from entry order by id')).map(({ id }) => id);
  const insert = plan('insert into entry values ($1)');

  beforeAll(() => database().query('create table entry (id int primary key)'));
  beforeEach(() => database().query('truncate entry'));

  it('commits what its function wrote and answers its value', async () => {
    const value = await database().transaction(async (tx) => {
      expect(tx.inTransaction).toBe(true);
      await tx.run(insert, [1]);
      await tx.query('insert into entry values ($1)', [2]);
      return tx.query('select count(*) as n from entry');
    });
    expect(value).toEqual([{ n: 2 }]);
    expect(await ids()).toEqual([1, 2]);
  });

  it('rolls everything back when its function rejects, and passes the error on unchanged', async () => {
    const reason = new Error('changed my mind');
    const attempt = database().transaction(async (tx) => {
      await tx.run(insert, [1]);
      throw reason;
    });
    expect(await failure(attempt)).toBe(reason);
    expect(await failure(database().transaction(async () => Promise.reject(reason)))).toBe(reason);
    expect(await ids()).toEqual([]);
  });

  it('rolls back and says so when a failed statement was ignored', async () => {
    const attempt = database().transaction(async (tx) => {
      await tx.run(insert, [1]);
      await tx.query('select 1 / 0').catch(() => {});
    });
    expect(await failure(attempt)).toMatchObject({ name: 'DatabaseFault', code: '25P02' });
    expect(await ids()).toEqual([]);
  });

  it('calls afterCommit functions in order, once the rows are there for others, and only then', async () => {
    const calls: string[] = [];
    await database().transaction(async (tx) => {
      tx.afterCommit(() => calls.push('first'));
      tx.afterCommit(() => {
        throw new Error('is logged, not thrown');
      });
      tx.afterCommit(() => calls.push('second'));
      await tx.run(insert, [1]);
      expect(calls).toEqual([]);
    });
    expect(calls).toEqual(['first', 'second']);
    const attempt = database().transaction(async (tx) => {
      tx.afterCommit(() => calls.push('never'));
      await tx.query('select 1 / 0');
    });
    await failure(attempt);
    expect(calls).toEqual(['first', 'second']);
  });

  it('keeps concurrent transactions and statements apart', async () => {
    const transactions = Array.from({ length: 20 }, (_, n) =>
      database().transaction(async (tx) => {
        await tx.run(insert, [n]);
        await tx.query('select 1');
        if (n % 2) throw new Error('odd');
        await tx.run(insert, [100 + n]);
      }),
    );
    const statements = Array.from({ length: 40 }, (_, n) => database().run(insert, [1000 + n]));
    const settled = await Promise.allSettled(transactions);
    await Promise.all(statements);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const expected = Array.from({ length: 20 }, (_, n) => n).filter((n) => n % 2 === 0);
    expect(await ids()).toEqual([
      ...expected,
      ...expected.map((n) => n + 100),
      ...Array.from({ length: 40 }, (_, n) => 1000 + n),
    ]);
  });

  it('takes statements side by side on one handle', async () => {
    const rows = await database().transaction((tx) =>
      Promise.all(Array.from({ length: 30 }, (_, n) => tx.run(plan('select $1::int'), [n]))),
    );
    expect(rows.map((result) => result.rows[0]?.[0])).toEqual(Array.from({ length: 30 }, (_, n) => String(n)));
  });

  it('refuses the database inside a transaction instead of waiting for ever', async () => {
    for (const wrong of [
      () => database().query('select 1'),
      () => database().run(insert, [5]),
      () => database().transaction(async () => {}),
    ]) {
      const error = await failure(database().transaction(async () => wrong()));
      expect(error).toBeInstanceOf(DatabaseFault);
      expect(error).toMatchObject({ code: '25001', message: expect.stringContaining('tx') });
    }
    await database().transaction(async (tx) => tx.afterCommit(() => void database().query('select 1')));
    expect(await database().query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('refuses a handle whose transaction has ended', async () => {
    const tx = await database().transaction(async (handle) => handle);
    expect(await failure(tx.query('select 1'))).toMatchObject({ code: '25P01' });
    expect(await failure(tx.run(insert, [1]))).toMatchObject({ code: '25P01' });
  });

  it('finishes statements nobody waited for before it commits', async () => {
    await database().transaction(async (tx) => {
      void tx.run(insert, [1]);
      void tx.run(insert, [2]);
    });
    expect(await ids()).toEqual([1, 2]);
  });

  it('leaves no transaction open behind a function that fails before its first answer', async () => {
    for (let n = 0; n < 20; n += 1) await failure(database().transaction(() => Promise.reject(new Error('at once'))));
    await database().run(insert, [1]);
    const states = await database().query<{ now: string; start: string }>(
      'select now()::text as now, statement_timestamp()::text as start',
    );
    expect(states[0]?.now).toBe(states[0]?.start);
    expect(await ids()).toEqual([1]);
  });

  it('knows isolation levels and read-only transactions', async () => {
    const level = (isolation: 'read committed' | 'repeatable read' | 'serializable') =>
      database().transaction((tx) => tx.query('show transaction_isolation'), { isolation });
    for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
      expect(await level(isolation)).toEqual([{ transaction_isolation: isolation }]);
    }
    const write = database().transaction((tx) => tx.run(insert, [1]), { readOnly: true });
    expect(await failure(write)).toMatchObject({ code: '25006' });
  });
});

onPostgres('transactions on a server', (url) => {
  it('tells a serialization failure apart', async () => {
    const database = await openDatabase({ url: url(), dataDir: '' });
    try {
      await database.query('create table account (id int primary key, n int); insert into account values (1, 0)');
      const error = await failure(
        database.transaction(
          async (tx) => {
            await tx.query('select * from account');
            await database.query('update account set n = n + 1');
            await tx.query('update account set n = n + 1');
          },
          { isolation: 'repeatable read' },
        ),
      );
      expect(isSerialization(error)).toBe(true);
    } finally {
      await database.close();
    }
  });
});

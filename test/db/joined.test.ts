// A transaction as a database: its own transactions are savepoints, whether they come one after the other or side by side.
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { joined } from '../../server/db/joined.ts';
import { plan } from '../../server/db/plans.ts';
import { failure, onBoth } from './databases.ts';

onBoth('joined', (database) => {
  const insert = plan('insert into entry values ($1)');
  const ids = async () =>
    (await database().query<{ id: number }>('select id from entry order by id')).map(({ id }) => id);

  beforeAll(() => database().query('create table entry (id int primary key)'));
  beforeEach(() => database().query('truncate entry'));

  it('what an inner transaction did is undone alone, and nothing follows it', async () => {
    const calls: string[] = [];
    await database().transaction(async (tx) => {
      const inside = joined(database(), tx);
      await inside.run(insert, [1]);
      await inside.transaction(async (inner) => {
        inner.afterCommit(() => calls.push('kept'));
        await inner.run(insert, [2]);
      });
      const undone = inside.transaction(async (inner) => {
        inner.afterCommit(() => calls.push('undone'));
        await inner.run(insert, [3]);
        await inner.run(insert, [1]);
      });
      expect(await failure(undone)).toMatchObject({ code: '23505' });
      await inside.run(insert, [4]);
      expect(calls).toEqual([]);
    });
    expect(await ids()).toEqual([1, 2, 4]);
    expect(calls).toEqual(['kept']);
  });

  it('transactions begun side by side, and inside each other, do not mix', async () => {
    await database().transaction(async (tx) => {
      const results = await Promise.allSettled(
        [1, 2, 2, 3].map((id) =>
          // Each its own object over the same transaction, as several callers have.
          joined(database(), tx).transaction(async (inner) => {
            await joined(database(), inner).transaction((deepest) => deepest.run(insert, [id]));
            await inner.run(insert, [id + 10]);
          }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    });
    expect(await ids()).toEqual([1, 2, 3, 11, 12, 13]);
  });

  it('all goes when the whole goes', async () => {
    const attempt = database().transaction(async (tx) => {
      await joined(database(), tx).transaction((inner) => inner.run(insert, [1]));
      throw new Error('no');
    });
    expect(await failure(attempt)).toMatchObject({ message: 'no' });
    expect(await ids()).toEqual([]);
  });
});

// Notifications: to everyone who listens, after the commit, and with word of every gap.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DatabaseUnavailable } from '../../server/db/errors.ts';
import { type OpenDatabase, openDatabase } from '../../server/db/open.ts';
import { eventually, failure, onBoth, onPostgres } from './databases.ts';

onBoth('notifications', (database) => {
  it('reach the listeners of their channel, until they leave', async () => {
    const heard: string[] = [];
    const endA = await database().listen('alpha', (payload) => heard.push(`a:${payload}`));
    const endB = await database().listen('alpha', (payload) => heard.push(`b:${payload}`));
    await database().listen('odd "name"', (payload) => heard.push(`odd:${payload}`));
    await database().notify('alpha', 'one');
    await database().notify('odd "name"', "it's");
    await database().notify('nobody', 'x');
    await eventually(() => heard.length >= 3, 'three messages');
    expect([...heard].sort()).toEqual(['a:one', 'b:one', "odd:it's"]);
    await endA();
    await database().notify('alpha', 'two');
    await eventually(() => heard.includes('b:two'), 'the second message');
    expect(heard).not.toContain('a:two');
    await endB();
    await endB();
  });

  it('wait for the commit and die with a rollback', async () => {
    const heard: string[] = [];
    const end = await database().listen('beta', (payload) => heard.push(payload));
    await failure(
      database().transaction(async (tx) => {
        await database().notify('beta', 'never', tx);
        throw new Error('no');
      }),
    );
    await database().transaction(async (tx) => {
      await database().notify('beta', 'committed', tx);
      await tx.query('select pg_sleep(0.05)');
      expect(heard).toEqual([]);
    });
    await eventually(() => heard.length > 0, 'the message');
    expect(heard).toEqual(['committed']);
    await end();
  });

  it('survive a listener that throws', async () => {
    const heard: string[] = [];
    const ends = [
      await database().listen('gamma', () => {
        throw new Error('a bad listener');
      }),
      await database().listen('gamma', (payload) => heard.push(payload)),
    ];
    await database().notify('gamma', 'x');
    await eventually(() => heard.length > 0, 'the message');
    for (const end of ends) await end();
  });
});

onPostgres('listening', (url) => {
  let database: OpenDatabase;
  let other: OpenDatabase;
  beforeAll(async () => {
    database = await openDatabase({ url: url(), dataDir: '' });
    other = await openDatabase({ url: url(), dataDir: '' });
  });
  afterAll(() => Promise.all([database.close(), other.close()]));

  it('crosses processes, and heals when its backend is killed, telling of the gap at both ends', async () => {
    const heard: string[] = [];
    let gaps = 0;
    const end = await database.listen(
      'delta',
      (payload) => heard.push(payload),
      () => {
        gaps += 1;
      },
    );
    await other.notify('delta', 'before');
    await eventually(() => heard.includes('before'), 'the first message');
    const killed = await other.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen "delta"%'`,
    );
    expect(killed).toHaveLength(1);
    await eventually(() => gaps === 2, 'word of the loss and of the return');
    await other.notify('delta', 'after');
    await eventually(() => heard.includes('after'), 'the message after healing');
    await end();
  });

  it('cannot start on a closed database', async () => {
    const brief = await openDatabase({ url: url(), dataDir: '' });
    await brief.close();
    expect(await failure(brief.listen('x', () => {}))).toBeInstanceOf(DatabaseUnavailable);
  });
});

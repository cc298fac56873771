// Background jobs end to end: they exist only with their transaction, run once, are tried again, delayed, ordered, cancelled and taken up from processes that died.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../server/app.ts';
import { GiveUp, type JobRun, type NewJob } from '../../server/automation/service.ts';
import { available, type Json, kind, startApp, type TestApp } from '../helpers/app.ts';

const until = async (what: string, done: () => boolean | Promise<boolean>, ms = 15_000) => {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`In vain it was waited until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
/** Resolves when it is called. */
const latch = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

describe.runIf(available)('background jobs', () => {
  let t: TestApp;
  let names = 0;
  const ran: { handler: string; payload: Json; job: JobRun }[] = [];

  const jobs = () => t.app.jobs;
  /** A handler of its own for a test. */
  const handler = (
    work: (payload: Json, job: JobRun) => unknown = () => {},
    more: { concurrency?: number; timeoutSeconds?: number } = {},
    on: App = t.app,
    name = `h${names++}`,
  ): string => {
    on.jobs.define(name, {
      ...more,
      run: async (payload, job) => {
        ran.push({ handler: name, payload, job });
        await work(payload, job);
      },
    });
    return name;
  };
  const runs = (name: string) => ran.filter((one) => one.handler === name);
  const enqueue = (name: string, more: Partial<NewJob> = {}) => jobs().enqueue(null, { handler: name, ...more });
  const api = (method: string, path: string, token: string | null = t.root) =>
    t.call(method, `/api/v1/admin/jobs${path}`, undefined, { token });
  const job = async (id: string): Promise<Json> => (await api('GET', `/${id}`)).body;
  const reaches = (id: string, status: string) =>
    until(`${id} is ${status}`, async () => (await job(id)).status === status);

  beforeAll(async () => {
    t = await startApp();
  });
  afterEach(() => jobs().settle());

  it('runs what was committed, and leaves nothing of a transaction that was rolled back', async () => {
    const name = handler();
    await expect(
      t.app.db.transaction(async (tx) => {
        await jobs().enqueue(tx, { handler: name, payload: { n: 1 } });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    const tenant = await t.tenant();
    const id = await t.app.db.transaction((tx) =>
      jobs().enqueue(tx, { handler: name, payload: { n: 2 }, accountId: tenant.account.id, queue: 'mail', depth: 3 }),
    );
    await reaches(id, 'completed');
    expect(runs(name).map(({ payload }) => payload)).toEqual([{ n: 2 }]);
    const [
      {
        job: { signal, ...facts },
      },
    ] = runs(name) as [(typeof ran)[0]];
    expect(facts).toEqual({ id, accountId: tenant.account.id, attempt: 1, depth: 3 });
    expect(signal.aborted).toBe(false);
    const shown = await job(id);
    expect(shown).toMatchObject({
      queue: 'mail',
      handler: name,
      attempt_number: 1,
      max_retries: 2,
      error_message: null,
    });
    expect(Date.parse(shown.completed_at)).toBeGreaterThanOrEqual(Date.parse(shown.started_at));
    expect((await api('GET', `?handler=${name}`)).body.total).toBe(1);
  });

  it('makes room for handlers that never had a job, in many transactions at once', async () => {
    const fresh = Array.from({ length: 6 }, () => handler());
    const ids = await Promise.all(
      fresh.flatMap((name) => [0, 1].map(() => t.app.db.transaction((tx) => jobs().enqueue(tx, { handler: name })))),
    );
    for (const id of ids) await reaches(id, 'completed');
  });

  it('starts at once after the commit', async () => {
    const name = handler();
    await enqueue(name);
    await until('it ran', () => runs(name).length === 1);
    const began = performance.now();
    await enqueue(name);
    await until('it ran again', () => runs(name).length === 2);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('tries again, and is dead after the last try', async () => {
    const name = handler(() => {
      throw new Error('no luck');
    });
    const id = await enqueue(name, { retryDelaySeconds: 0 });
    await reaches(id, 'dead');
    expect(runs(name).map(({ job: { attempt } }) => attempt)).toEqual([1, 2, 3]);
    expect(await job(id)).toMatchObject({ attempt_number: 3, error_message: 'no luck', completed_at: null });
    expect((await job(id)).failed_at).not.toBeNull();
  });

  it('waits between tries, longer each time', async () => {
    const name = handler(({ fail }, { attempt }) => {
      if (attempt <= fail) throw new Error('not yet');
    });
    const id = await enqueue(name, { retryDelaySeconds: 1, payload: { fail: 1 } });
    await reaches(id, 'retrying');
    const waiting = await job(id);
    const pause = Date.parse(waiting.run_at) - Date.parse(waiting.started_at);
    expect(pause).toBeGreaterThan(900);
    expect(pause).toBeLessThan(4000);
    await reaches(id, 'completed');
    expect(await job(id)).toMatchObject({ attempt_number: 2, error_message: null });
  });

  it('gives up at once where trying again would not help', async () => {
    const name = handler(() => {
      throw new GiveUp('wrong address');
    });
    const id = await enqueue(name);
    await reaches(id, 'failed');
    expect(runs(name)).toHaveLength(1);
    expect((await job(id)).error_message).toBe('wrong address');
  });

  it('does not run what too many runs of automation led to', async () => {
    const name = handler();
    const id = await enqueue(name, { depth: 6 });
    await reaches(id, 'failed');
    expect((await job(id)).error_message).toContain('More than 5 runs');
    expect(runs(name)).toEqual([]);
  });

  it('stops a handler at its timeout and tries again', async () => {
    const name = handler(
      (_, { signal, attempt }) =>
        attempt === 1 && new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { timeoutSeconds: 0.2 },
    );
    const id = await enqueue(name, { retryDelaySeconds: 0 });
    await reaches(id, 'completed');
    expect(runs(name)).toHaveLength(2);
    expect(runs(name)[0]?.job.signal.aborted).toBe(true);
  });

  it('holds back a job until its time, and takes higher priorities first', async () => {
    const order: string[] = [];
    const first = latch();
    const name = handler(
      async ({ is }) => {
        order.push(is);
        if (is === 'first') await first.opened;
      },
      { concurrency: 1 },
    );
    await enqueue(name, { payload: { is: 'first' } });
    await until('it runs', () => order.length === 1);
    const late = await enqueue(name, { payload: { is: 'late' }, delaySeconds: 2, priority: 9 });
    await enqueue(name, { payload: { is: 'low' }, priority: -1 });
    await enqueue(name, { payload: { is: 'usual' } });
    await enqueue(name, { payload: { is: 'high' }, priority: 5 });
    first.open();
    await until('the others ran', () => order.length === 4);
    expect(order).toEqual(['first', 'high', 'usual', 'low']);
    expect((await job(late)).status).toBe('pending');
    await reaches(late, 'completed');
    const { run_at, started_at } = await job(late);
    expect(Date.parse(started_at)).toBeGreaterThanOrEqual(Date.parse(run_at));
    expect(Date.parse(started_at)).toBeLessThan(Date.parse(run_at) + 5000);
  });

  it('works on several side by side, of one handler no more than it allows', async () => {
    let now = 0;
    let most = 0;
    const name = handler(
      async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 30));
        now -= 1;
      },
      { concurrency: 3 },
    );
    const ids = await Promise.all(Array.from({ length: 12 }, () => enqueue(name)));
    await until('all ran', () => runs(name).length === 12);
    await jobs().settle();
    expect(most).toBe(3);
    expect(new Set(runs(name).map((one) => one.job.id))).toEqual(new Set(ids));
  });

  it('has one job of a key at most', async () => {
    const name = handler();
    const ids = await Promise.all([1, 2, 3].map((n) => enqueue(name, { singletonKey: 'at noon', payload: { n } })));
    expect(new Set(ids).size).toBe(1);
    await reaches(ids[0] as string, 'completed');
    await enqueue(name, { singletonKey: 'at noon' });
    await jobs().settle();
    expect(runs(name)).toHaveLength(1);
    const other = await enqueue(name, { singletonKey: 'at one' });
    await reaches(other, 'completed');
    expect(runs(name)).toHaveLength(2);
  });

  it('refuses orders that cannot be done, with every problem', async () => {
    const name = handler();
    await expect(
      jobs().enqueue(null, {
        handler: 'nobody',
        payload: { text: 'x'.repeat(70_000) },
        retries: -1,
        delaySeconds: 0.5,
      }),
    ).rejects.toMatchObject({
      code: 'INVALID_RESOURCE_DATA',
      entries: [
        { field: 'handler', code: 'unknown_handler', message: expect.stringContaining(name) },
        { field: 'payload', code: 'too_large' },
        { field: 'delay_seconds' },
        { field: 'retries' },
      ],
    });
    for (const text of ['a\0b', 'half of \ud83d'])
      await expect(enqueue(name, { payload: { deep: [{ text }] } })).rejects.toMatchObject({
        entries: [{ field: 'payload', code: 'invalid_characters' }],
      });
    // What only looks like one.
    const id = await enqueue(name, { payload: { text: '\\u0000' } });
    await reaches(id, 'completed');
    expect(() => t.app.jobs.define(name, { run: async () => {} })).toThrow('already');
    expect(() => t.app.jobs.define('a name', { run: async () => {} })).toThrow('no name');
  });

  it('cancels what waits, and tells what runs to stop', async () => {
    const name = handler(
      (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const waits = await enqueue(name, { delaySeconds: 600 });
    expect((await api('DELETE', `/${waits}`)).status).toBe(204);
    expect((await api('DELETE', `/${waits}`)).status).toBe(204);
    expect((await job(waits)).status).toBe('cancelled');
    const runsNow = await enqueue(name);
    await until('it runs', () => runs(name).length === 1);
    expect((await api('DELETE', `/${runsNow}`)).status).toBe(204);
    await until('it was told', () => runs(name)[0]?.job.signal.aborted === true, 2000);
    await jobs().settle();
    expect((await job(runsNow)).status).toBe('cancelled');
    // It has stopped, so it can be run again, and is cancelled once more.
    expect((await api('POST', `/${runsNow}/retry`)).body).toMatchObject({ status: 'pending', attempt_number: 0 });
    await until('it runs again', () => runs(name).length === 2);
    await api('DELETE', `/${runsNow}`);
    await jobs().settle();
  });

  it('runs a dead job again with all its tries; says why others cannot be', async () => {
    let broken = true;
    const name = handler(() => {
      if (broken) throw new Error('broken');
    });
    const id = await enqueue(name, { retries: 0 });
    await reaches(id, 'dead');
    broken = false;
    // A client that says JSON and sends nothing.
    const retried = await t.call('POST', `/api/v1/admin/jobs/${id}/retry`, undefined, { token: t.root, raw: '' });
    expect(retried.body).toMatchObject({ id, status: 'pending', error_message: null });
    await reaches(id, 'completed');
    expect((await job(id)).attempt_number).toBe(1);
    const refused = await api('POST', `/${id}/retry`);
    expect([refused.status, refused.body.code]).toEqual([409, 'WRONG_STATE']);
    expect(refused.body.message).toContain('completed');
    expect((await api('DELETE', `/${id}`)).status).toBe(409);
    const trail = await t.call('GET', `/api/v1/audit-logs?record_id=${id}`, undefined, { token: t.root });
    expect(trail.body.items).toContainEqual(
      expect.objectContaining({ table_name: 'jobs', column_name: 'status', old_value: 'dead', new_value: 'pending' }),
    );
    for (const path of ['/0198c0de-7a11-7000-8000-3b2f5c0ffee9', '/none'])
      for (const [method, rest] of [
        ['GET', ''],
        ['POST', '/retry'],
        ['DELETE', ''],
      ] as const)
        expect((await api(method, path + rest)).status, `${method} ${path}${rest}`).toBe(404);
  });

  it('lists by status, queue, handler and account; counts; hides secrets', async () => {
    const tenant = await t.tenant();
    const name = handler(({ fail }) => {
      if (fail) throw new GiveUp('asked to');
    });
    const secret = { token: 'abc', nested: [{ Authorization: 'Bearer x', api_key: 'k', plain: 1 }], secret: null };
    const before = (await api('GET', '/stats')).body;
    const of = { accountId: tenant.account.id, queue: 'reports' };
    const ids = [
      await enqueue(name, { ...of, payload: secret }),
      await enqueue(name, { ...of, payload: { fail: true } }),
      await enqueue(name, { delaySeconds: 600 }),
    ] as const;
    await reaches(ids[0], 'completed');
    await reaches(ids[1], 'failed');
    expect((await job(ids[0])).payload).toEqual({
      token: '***',
      nested: [{ Authorization: '***', api_key: '***', plain: 1 }],
      secret: null,
    });
    const listed = async (query: string) => {
      const { status, body } = await api('GET', `?${query}`);
      expect(status, query).toBe(200);
      return [body.total, body.items.map((one: Json) => one.id)];
    };
    expect(await listed(`handler=${name}`)).toEqual([3, [...ids].reverse()]);
    expect(await listed(`handler=${name}&limit=1&offset=1`)).toEqual([3, [ids[1]]]);
    expect(await listed(`handler=${name}&limit=1&skip=2`)).toEqual([3, [ids[0]]]);
    expect(await listed(`handler=${name}&status=pending`)).toEqual([1, [ids[2]]]);
    expect(await listed(`account_id=${tenant.account.id}&queue=reports&status=failed`)).toEqual([1, [ids[1]]]);
    expect(await listed('queue=nowhere')).toEqual([0, []]);
    const after = (await api('GET', '/stats')).body;
    expect(after.completed).toBe(before.completed + 1);
    expect(after.failed).toBe(before.failed + 1);
    expect(after.pending).toBe(before.pending + 1);
    expect(after.avg_duration_seconds).toBeGreaterThan(0);
    expect(after.failure_rate).toBeGreaterThan(0);
    expect((await api('GET', '?status=lost')).status).toBe(400);
    await api('DELETE', `/${ids[2]}`);
  });

  it('is for superadmins', async () => {
    const tenant = await t.tenant();
    const id = await enqueue(handler(), { accountId: tenant.account.id, delaySeconds: 600 });
    for (const path of ['', '/stats', `/${id}`]) {
      expect((await api('GET', path, tenant.token)).status, path).toBe(403);
      expect((await api('GET', path, null)).status, path).toBe(401);
    }
    expect((await api('POST', `/${id}/retry`, tenant.token)).status).toBe(403);
    expect((await api('DELETE', `/${id}`, tenant.token)).status).toBe(403);
    await api('DELETE', `/${id}`);
  });

  it('takes up a job whose process died', async () => {
    const name = handler();
    const id = await enqueue(name, { delaySeconds: 3600 });
    // As a process leaves it that has begun and never ended.
    await t.app.db.query(
      `update snackbase_jobs.job set state = 'active', start_after = now() - interval '3 minutes',
         started_on = now() - interval '2 minutes', expire_in = '1 s' where id = $1`,
      [id],
    );
    await enqueue(name, { payload: { wakes: true } });
    await until('the second try ran', () => runs(name).some((one) => one.job.id === id && one.job.attempt === 2));
    await reaches(id, 'completed');
    expect(await job(id)).toMatchObject({ status: 'completed', attempt_number: 2 });
  });

  it('does not begin again what still runs here, and what it writes after its lease changes nothing', async () => {
    const [begun, release] = [latch(), latch()];
    const name = handler(async ({ wakes }, { attempt }) => {
      if (wakes || attempt > 1) return;
      begun.open();
      await release.opened;
    });
    const id = await enqueue(name);
    await begun.opened;
    // As if this process had been held up for longer than its lease.
    await t.app.db.query(
      `update snackbase_jobs.job set started_on = now() - interval '2 minutes', expire_in = '1 s' where id = $1`,
      [id],
    );
    const other = await enqueue(name, { payload: { wakes: true } });
    await reaches(other, 'completed');
    await reaches(id, 'retrying');
    expect(runs(name).filter((one) => one.job.id === id)).toHaveLength(1);
    release.open();
    // That it came to its end is not written; it is taken again now that nothing of it runs.
    await reaches(id, 'completed');
    await jobs().settle();
    expect(await job(id)).toMatchObject({ attempt_number: 2 });
    expect(runs(name).filter((one) => one.job.id === id)).toHaveLength(2);
  });

  it.runIf(kind === 'postgres')(
    'shares the work among processes, and takes back what one leaves when it stops',
    async () => {
      const twin = await t.twin();
      const shared = `h${names++}`;
      const at: Record<string, number> = {};
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
      for (const [where, app] of [
        ['here', t.app],
        ['there', twin.app],
      ] as const)
        handler(
          () => {
            at[where] = (at[where] ?? 0) + 1;
            return pause();
          },
          { concurrency: 2 },
          app,
          shared,
        );
      const ids = await Promise.all(Array.from({ length: 40 }, () => enqueue(shared)));
      await until('all ran', () => runs(shared).length >= 40);
      await Promise.all([jobs().settle(), twin.app.jobs.settle()]);
      expect(
        runs(shared)
          .map((one) => one.job.id)
          .sort(),
      ).toEqual([...ids].sort());
      expect(at.here).toBeGreaterThan(0);
      expect(at.there).toBeGreaterThan(0);

      const name = `h${names++}`;
      const stopped = (_: Json, { signal }: JobRun) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      handler(stopped, {}, twin.app, name);
      const id = await twin.app.jobs.enqueue(null, { handler: name });
      await until('it runs', () => runs(name).length === 1);
      const began = performance.now();
      await twin.stop();
      expect(performance.now() - began).toBeLessThan(12_000);
      expect(await job(id)).toMatchObject({ status: 'pending', attempt_number: 0 });
      handler(() => {}, {}, t.app, name);
      await reaches(id, 'completed');
      expect(await job(id)).toMatchObject({ attempt_number: 1 });
    },
  );
});

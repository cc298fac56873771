// Accounts share the server's places: whoever floods it waits for himself, and others have their turn while all that he set off still hangs.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { take } from '../../server/automation/jobs/store.ts';
import { claimDeliveries } from '../../server/automation/webhooks/store/work.ts';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { workflowTools } from '../helpers/workflows.ts';

const until = async (what: string, done: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 20_000; !(await done()); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (Date.now() > end) throw new Error(`In vain it was waited until ${what}`);
};

describe.runIf(available)('accounts share the places', () => {
  let t: TestApp;
  let flooding: Tenant[];
  let quiet: Tenant;
  let base: string;
  /** Calls below /slow hang until they are released; the others are answered at once. */
  let hanging: ServerResponse[] = [];
  let arrived: string[] = [];
  let hang = true;
  const receiver = createServer((request, response) => {
    request.resume();
    const path = request.url as string;
    arrived.push(path);
    if (hang && path.startsWith('/slow')) hanging.push(response);
    else response.end('{}');
  });
  const release = () => {
    hang = false;
    for (const response of hanging.splice(0)) response.end('{}');
  };

  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    t = await startApp({ webhookAllowPrivate: true, webhookSchedule: [0], webhookTimeoutMs: 60_000 });
    flooding = [await t.tenant('first'), await t.tenant('second')];
    quiet = await t.tenant('quiet');
  });
  afterEach(async () => {
    release();
    await t.app.jobs.settle();
    [hang, arrived, hanging] = [true, [], []];
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  const must = async ({ token }: Tenant, method: string, path: string, body?: unknown): Promise<Json> => {
    const reply = await t.call(method, `/api/v1${path}`, body, { token });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body;
  };
  const collection = async () => (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name as string;
  const records = (as: Tenant, name: string, count: number) => {
    const all = Array.from({ length: count }, (_, i) => ({ title: `r${i}` }));
    return must(as, 'POST', `/records/${name}/batch`, { records: all });
  };
  /** What the quiet account set off comes through while the flood hangs. */
  const comesThrough = async (path: string) => {
    await until(`${path} is called`, () => arrived.includes(path));
    expect(hanging.length).toBeGreaterThan(0);
  };

  it('webhooks: two accounts whose receivers hang do not hold up the deliveries of a third', async () => {
    const name = await collection();
    const path = `/${unique('fast')}`;
    for (const one of flooding)
      for (let i = 0; i < 5; i++)
        await must(one, 'POST', '/webhooks', { url: `${base}/slow`, collections: [name], events: ['create'] });
    await must(quiet, 'POST', '/webhooks', { url: base + path, collections: [name], events: ['create'] });
    for (const one of flooding) await records(one, name, 8);
    await until('the flood hangs', () => hanging.length >= 16);
    await records(quiet, name, 1);
    await comesThrough(path);
    // Each webhook has four places at most, so that two accounts with ten of them would have room for 40.
    const [{ leased, most }] = await t.app.db.query<Json>(
      `select sum(n)::int as leased, max(n)::int as most from (
         select count(*) as n from snackbase.webhook_deliveries d join snackbase.webhooks w on w.id = d.webhook_id
         where d.leased_until is not null and w.url like '%/slow' group by w.account_id) a`,
    );
    expect(leased).toBeLessThan(32);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('jobs: neither a hundred that hang nor their handler hold up those of others, nor the server’s own', async () => {
    const slow = unique('slow');
    const fast = unique('fast');
    const ended: string[] = [];
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let running = 0;
    t.app.jobs.define(slow, {
      async run({ hangs }, { accountId }) {
        running += 1;
        if (hangs === true) await opened;
        else ended.push(`${slow} ${accountId}`);
      },
    });
    t.app.jobs.define(fast, { run: async (_, { accountId }) => void ended.push(`${fast} ${accountId}`) });
    const enqueue = (handler: string, accountId: string | null, payload = {}) =>
      t.app.jobs.enqueue(null, { handler, accountId, payload });
    try {
      for (let i = 0; i < 50; i++) for (const one of flooding) await enqueue(slow, one.account.id, { hangs: true });
      await until('they hang', () => running >= 10);
      for (const account of [quiet.account.id, null])
        for (const handler of [slow, fast]) {
          await enqueue(handler, account);
          await until(`${handler} of ${account} is done`, () => ended.includes(`${handler} ${account}`));
        }
      const shown = await t.call('GET', '/api/v1/admin/jobs/stats', undefined, { token: t.root });
      expect(shown.body.running).toBeLessThan(20);
      expect(shown.body.pending).toBeGreaterThan(80);
    } finally {
      open();
    }
  });

  it('jobs: where a handler does one at a time, accounts come in turns', async () => {
    const order: string[] = [];
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const handler = unique('turns');
    t.app.jobs.define(handler, {
      concurrency: 1,
      async run(_, { accountId }) {
        order.push(accountId as string);
        await opened;
      },
    });
    const [first, second] = flooding as [Tenant, Tenant];
    const enqueue = ({ account }: Tenant) => t.app.jobs.enqueue(null, { handler, accountId: account.id });
    try {
      for (let i = 0; i < 9; i++) await enqueue(first);
      await until('the first one runs', () => order.length === 1);
      for (let i = 0; i < 3; i++) await enqueue(second);
      await enqueue(quiet);
    } finally {
      open();
    }
    await until('all ran', () => order.length === 13);
    const name = (id: string) => (id === first.account.id ? 'f' : id === second.account.id ? 's' : 'q');
    // A round has each of them once, in the order of their ids; what is alone goes on alone.
    expect(order.slice(0, 4).map(name).sort().join('')).toBe('ffqs');
    expect(order.slice(4).map(name).join('')).toMatch(/^(sfsf|fsfs)f{5}$/);
  });

  it('what this process still works on is not claimed again, though it is due', async () => {
    const name = await collection();
    await must(quiet, 'POST', '/webhooks', { url: `${base}/slow`, collections: [name], events: ['create'] });
    const handler = unique('busy');
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let runs = 0;
    t.app.jobs.define(handler, {
      concurrency: 1,
      async run() {
        runs += 1;
        await opened;
      },
    });
    try {
      await t.app.jobs.enqueue(null, { handler });
      await until('the first one runs', () => runs === 1);
      const job = await t.app.jobs.enqueue(null, { handler });
      await records(quiet, name, 1);
      await until('the receiver hangs', () => hanging.length === 1);
      const undone = new Error('undone');
      const claims = t.app.db.transaction(async (tx) => {
        const jobs = (busy: string[]) =>
          take(tx, [{ name: handler, places: 9 }], { limit: 9, seconds: 60, busy, after: '' });
        expect(await jobs([job])).toEqual([]);
        expect((await jobs([])).map(({ id }) => id)).toEqual([job]);
        // As if its lease had ended.
        const [row] = await tx.query<Json>(
          `update snackbase.webhook_deliveries set leased_until = now() where leased_until > now() returning id, lease`,
        );
        const claim = { lease: row.lease, leaseMs: 60_000, limit: 9, each: 4, after: '' };
        expect(await claimDeliveries(tx, { ...claim, busy: [row.id] })).toEqual([]);
        expect(await claimDeliveries(tx, { ...claim, busy: [] })).toMatchObject([{ id: row.id }]);
        throw undone;
      });
      await expect(claims).rejects.toBe(undone);
    } finally {
      open();
    }
  });

  it('hooks: what runs after events of two accounts does not hold up that of a third', async () => {
    const [theirs, its] = [await collection(), await collection()];
    const path = `/${unique('fast')}`;
    const hook = (as: Tenant, to: string, name: string) =>
      must(as, 'POST', '/hooks', {
        name: 'Calls',
        trigger: { type: 'event', event: 'records.create', collection: name },
        actions: [{ type: 'send_webhook', url: base + to, timeout_seconds: 30 }],
      });
    for (const one of flooding) await hook(one, '/slow', theirs);
    await hook(quiet, path, its);
    for (const one of flooding) await records(one, theirs, 40);
    await until('the flood hangs', () => hanging.length >= 8);
    await records(quiet, its, 1);
    await comesThrough(path);
  });

  it('hooks: one account whose events set off very many executions does not hold up those of another', async () => {
    const [theirs, its] = [await collection(), await collection()];
    const hook = (as: Tenant, name: string, n: number) =>
      must(as, 'POST', '/hooks', {
        name: `Number ${n}`,
        trigger: { type: 'event', event: 'records.create', collection: name },
        actions: [{ type: 'transform', output: 'x' }],
      });
    const [many] = flooding as [Tenant];
    const hooks: string[] = [];
    for (let n = 0; n < 20; n++) hooks.push((await hook(many, theirs, n)).id);
    const { id } = await hook(quiet, its, 0);
    await records(many, theirs, 1000);
    await records(quiet, its, 1);
    await until('the quiet one is put in', async () => {
      return (await must(quiet, 'GET', `/hooks/${id}/executions`)).total === 1;
    });
    // Its event came last in the log, and its execution was put in before the flood's 20,000, of which half may wait at a time.
    const [{ open }] = await t.app.db.query<Json>(
      `select count(*)::int as open from snackbase.hook_executions where account_id = $1 and finished_at is null`,
      [many.account.id],
    );
    expect(open).toBeLessThanOrEqual(11_000);
    for (const one of hooks) await must(many, 'DELETE', `/hooks/${one}`);
  });

  it('workflows: instances of two accounts that take long do not hold up those of a third', async () => {
    const call = (to: string) => ({ type: 'send_webhook', url: base + to, timeout_seconds: 30 });
    for (const one of flooding) {
      const tools = workflowTools(t, () => one.token);
      const loop = { type: 'loop', name: 'all', items: [1, 2, 3], step: { type: 'action', action: call('/slow') } };
      const { id } = await tools.made({ steps: [loop] });
      for (let i = 0; i < 8; i++) await tools.start(id);
    }
    await until('the flood hangs', () => hanging.length >= 8);
    const path = `/${unique('fast')}`;
    const tools = workflowTools(t, () => quiet.token);
    const ended = await tools.ran([{ type: 'action', name: 'call', action: call(path) }]);
    expect(ended.status).toBe('completed');
    await comesThrough(path);
  });
});

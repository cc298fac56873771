// What one account does or one row holds, that the database refuses or a fault befalls: it costs that one alone, and nobody waits for it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextLeaseIn, prune as pruneExecutions } from '../../server/automation/hooks/store/executions.ts';
import { prune as pruneInstances } from '../../server/automation/workflows/store/instances.ts';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const SMILE = '\u{1F600}';
const TITLED = [{ name: 'title', type: 'text' }];
const NOTE = [{ type: 'transform', output: 'noted' }];
const wellFormed = (text: string) => (text as string & { isWellFormed(): boolean }).isWellFormed();

describe.runIf(available)('poison', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let w: WorkflowTools;
  let there = '';
  const receiver = createServer((request, response) => {
    request.resume();
    response.statusCode = 400;
    response.end(`${'x'.repeat(499)}${SMILE}`);
  });
  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    there = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    t = await startApp({ webhookAllowPrivate: true, workerConcurrency: 1, webhookSchedule: [0, 0, 0] });
    [a, b] = [await t.tenant('Alpha'), await t.tenant('Beta')];
    w = workflowTools(t, () => b.token);
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  const call = (method: string, path: string, body?: unknown, token = a.token) =>
    t.call(method, `/api/v1${path}`, body, { token });
  async function made(path: string, body: Json, token = a.token): Promise<Json> {
    const reply = await call('POST', path, body, token);
    expect(reply.status, reply.text).toBe(201);
    return reply.body;
  }
  const fresh = async (schema: Json = TITLED): Promise<Json> => t.collection({ schema });
  const onCreate = (collection: string) => ({ type: 'event', event: 'records.create', collection });
  const executions = async (kind: string, id: string, token = a.token): Promise<Json[]> =>
    (await call('GET', `/${kind}/${id}/executions?limit=100`, undefined, token)).body.items;
  const soon = { timeout: 20_000, interval: 50 };
  /** The database refuses rows of a table that meet the condition, or fails with another code, for as long as a test runs. */
  async function refusing(table: string, condition: string, work: () => Promise<void>, code = '22P05') {
    const run = (sql: string) => t.app.db.query(sql);
    await run('create sequence public.refused');
    await run(`create function public.refuse() returns trigger language plpgsql as $$ begin
      if ${condition} then raise exception 'refused' using errcode = '${code}'; end if; return new; end $$`);
    await run(
      `create trigger refuse before insert or update on ${table} for each row execute function public.refuse()`,
    );
    try {
      await work();
    } finally {
      await run(`drop trigger refuse on ${table}`);
      await run('drop function public.refuse');
      await run('drop sequence public.refused');
    }
  }
  /** A job of somebody else, done. */
  async function othersJob() {
    let done = false;
    const handler = `other${Math.random()}`.replace('.', '');
    t.app.jobs.define(handler, {
      run: async () => {
        done = true;
      },
    });
    await t.app.jobs.enqueue(null, { handler, accountId: b.account.id });
    await expect.poll(() => done, soon).toBe(true);
  }
  const job = async (id: string): Promise<Json> =>
    (await t.call('GET', `/api/v1/admin/jobs/${id}`, undefined, { token: t.root })).body;

  it('an answer that is cut within a character ends a job like any other, and its place is free', async () => {
    const { name } = await fresh();
    const action = { type: 'send_webhook', url: there };
    const trigger = { type: 'event', event: 'records.before_create', collection: name };
    await made('/hooks', { name: 'calls', trigger, actions: [action] });
    await made(`/records/${name}`, { title: 'x' });
    const jobs = async () =>
      (await t.call('GET', '/api/v1/admin/jobs?handler=send_webhook', undefined, { token: t.root })).body.items;
    await expect.poll(async () => (await jobs())[0]?.status, soon).toBe('retrying');
    const [{ error_message: message }] = await jobs();
    expect(message).toContain('answered 400: xxx');
    expect(wellFormed(message)).toBe(true);
    await othersJob();
  });

  it('a job whose end the database refuses is given up with words that it takes, and its place is free', async () => {
    await refusing('snackbase_jobs.job', `new.output::text like '%unheard of%'`, async () => {
      t.app.jobs.define('refused', {
        run: async () => {
          throw new Error('unheard of');
        },
      });
      const id = await t.app.jobs.enqueue(null, { handler: 'refused' });
      await expect.poll(async () => (await job(id)).status, soon).toBe('failed');
      expect((await job(id)).error_message).toBe('How this try ended could not be stored; it is not tried again.');
      await othersJob();
    });
  });

  it('a hook whose field went says so, and others’ events are read', async () => {
    const { id, name } = await fresh([...TITLED, { name: 'meta', type: 'json' }]);
    const { name: others } = await fresh();
    const key = `${'k'.repeat(80 - 'record.meta["'.length - 1)}${SMILE}zz`;
    const output = `{{record.meta["${key}"]}}`;
    const hook = await made('/hooks', {
      name: 'reads',
      trigger: onCreate(name),
      actions: [{ type: 'transform', output }],
    });
    const other = await made('/hooks', { name: 'other', trigger: onCreate(others), actions: NOTE }, b.token);
    const put = await t.call('PUT', `/api/v1/collections/${id}`, { schema: TITLED }, { token: t.root });
    expect(put.status, put.text).toBe(200);
    await made(`/records/${name}`, { title: 'x' });
    await made(`/records/${others}`, { title: 'x' }, b.token);
    await expect.poll(async () => (await executions('hooks', other.id, b.token)).length, soon).toBe(1);
    const [said] = await executions('hooks', hook.id);
    expect(said).toMatchObject({ status: 'failed', error_message: expect.stringContaining('leads nowhere here') });
    expect(wellFormed(said.error_message)).toBe(true);
  });

  it('a hook whose execution the database refuses is passed over, all others are not', async () => {
    const { name } = await fresh();
    const bad = await made('/hooks', { name: 'bad', trigger: onCreate(name), actions: NOTE });
    const good = await made('/hooks', { name: 'good', trigger: onCreate(name), actions: NOTE });
    const other = await made('/hooks', { name: 'other', trigger: onCreate(name), actions: NOTE }, b.token);
    await refusing('snackbase.hook_executions', `new.hook_id = '${bad.id}'`, async () => {
      for (let i = 0; i < 3; i++) await made(`/records/${name}`, { title: `${i}` });
      await made(`/records/${name}`, { title: 'other' }, b.token);
      await expect.poll(async () => (await executions('hooks', good.id)).length, soon).toBe(3);
      await expect.poll(async () => (await executions('hooks', other.id, b.token)).length, soon).toBe(1);
    });
    await made(`/records/${name}`, { title: 'again' });
    await expect.poll(async () => (await executions('hooks', bad.id)).length, soon).toBe(1);
    await expect.poll(async () => (await executions('hooks', good.id)).length, soon).toBe(4);
  });

  it('the same of workflows, for what begins and for what waits', async () => {
    const { name } = await fresh();
    const steps = [{ type: 'end', name: 'e' }];
    const mine = workflowTools(t, () => a.token);
    const bad = await mine.made({ name: 'Bad', trigger: onCreate(name), steps });
    const good = await mine.made({ name: 'Good', trigger: onCreate(name), steps });
    const waits = [{ type: 'wait_event', name: 'e', event: 'records.create', collection: name }];
    const waiting = await w.start((await w.made({ name: 'Waits', steps: waits })).id);
    await w.until(waiting, 'waiting');
    await refusing('snackbase.workflow_instances', `new.workflow_id = '${bad.id}'`, async () => {
      await made(`/records/${name}`, { title: 'mine' });
      await made(`/records/${name}`, { title: 'other' }, b.token);
      expect(await w.until(waiting)).toMatchObject({ status: 'completed' });
      await expect.poll(async () => (await mine.instances(good.id)).length, soon).toBe(1);
    });
    expect(await mine.instances(bad.id)).toEqual([]);
  });

  it('a call of an endpoint that cannot be logged keeps nobody else’s out of the log', async () => {
    const endpoint = (more: Json, token = a.token) =>
      made('/endpoints', { name: 'e', auth_required: false, actions: NOTE, ...more }, token);
    const of = a.account.slug;
    const own = await endpoint({
      path: '/cut',
      method: 'POST',
      actions: [{ type: 'abort', message: '{{request.body.m}}' }],
    });
    const other = await endpoint({ path: '/pub', method: 'GET' }, b.token);
    const calls = async (n: number) => {
      for (let i = 0; i < n; i++) expect((await t.call('GET', `/api/v1/x/${b.account.slug}/pub`)).status).toBe(200);
    };
    expect((await t.call('POST', `/api/v1/x/${of}/cut`, { m: `${'y'.repeat(999)}${SMILE}` })).status).toBe(400);
    await calls(3);
    await expect.poll(async () => (await executions('endpoints', other.id, b.token)).length, soon).toBe(3);
    const [said] = await executions('endpoints', own.id);
    expect(said.error_message).toBe('y'.repeat(999));
    await refusing('snackbase.endpoint_executions', `new.endpoint_id = '${own.id}'`, async () => {
      for (let i = 0; i < 2; i++) await t.call('POST', `/api/v1/x/${of}/cut`, { m: 'no' });
      await calls(3);
      await expect.poll(async () => (await executions('endpoints', other.id, b.token)).length, soon).toBe(6);
    });
    expect(await executions('endpoints', own.id)).toHaveLength(1);
  });

  it('a hook that fails before a write is logged, whatever its message was cut from, and whoever is beside it', async () => {
    const { name } = await fresh();
    const actions = [{ type: 'send_email', to: '{{record.title}}', body: 'x' }];
    const trigger = { type: 'event', event: 'records.before_create', collection: name };
    const hook = await made('/hooks', { name: 'mails', trigger, actions });
    const other = await made('/hooks', { name: 'mails', trigger, actions }, b.token);
    const refused = (title: string, token = a.token) => call('POST', `/records/${name}`, { title }, token);
    expect((await refused(`${'x'.repeat(99)}${SMILE}`)).status).toBe(409);
    await expect.poll(async () => (await executions('hooks', hook.id)).length, soon).toBe(1);
    expect(wellFormed((await executions('hooks', hook.id))[0].error_message)).toBe(true);
    await refusing('snackbase.hook_executions', `new.hook_id = '${hook.id}'`, async () => {
      await Promise.all([refused('x'), refused('x', b.token), refused('x'), refused('x', b.token)]);
      await expect.poll(async () => (await executions('hooks', other.id, b.token)).length, soon).toBe(2);
    });
  });

  it('an execution whose lease has ended while its account is busy is not asked for without a pause', async () => {
    const hook = await made('/hooks', { name: 'manual', trigger: { type: 'manual' }, actions: NOTE });
    await t.app.db.transaction(async (tx) => {
      await tx.query(
        `insert into snackbase.hook_executions (id, account_id, hook_id, trigger_type, depth, context, status, lease, lease_until)
         select gen_random_uuid(), account_id, id, 'manual', 1, '{}', 'running', gen_random_uuid(), now() - interval '1 s'
         from snackbase.hooks where id = $1`,
        [hook.id],
      );
      expect(await nextLeaseIn(tx)).toBe(100);
      await tx.query('delete from snackbase.hook_executions where hook_id = $1', [hook.id]);
    });
  });

  it('a schedule that cannot be read any more rests, and the others fire', async () => {
    const daily = {
      trigger: { type: 'schedule', cron: '0 9 * * *', timezone: 'Europe/Berlin' },
      steps: [{ type: 'end', name: 'e' }],
    };
    const bad = await workflowTools(t, () => a.token).made({ name: 'Bad', ...daily });
    const good = await w.made({ name: 'Good', ...daily });
    await t.app.db.query(
      `update snackbase.workflows set next_run_at = now() - interval '1 hour',
         trigger = case when id = $1 then (trigger::jsonb || '{"timezone":"Nowhere/Gone"}')::json else trigger end
       where id in ($1, $2)`,
      [bad.id, good.id],
    );
    // Making another one wakes the clock.
    await w.made({ name: 'Wakes', ...daily });
    await expect.poll(async () => (await w.instances(good.id)).length, soon).toBe(1);
    const next = async (id: string) =>
      (
        await t.app.db.query<{ at: string | null }>('select next_run_at as at from snackbase.workflows where id = $1', [
          id,
        ])
      )[0]?.at;
    expect(await next(bad.id)).toBeNull();
    expect(Date.parse((await next(good.id)) as string)).toBeGreaterThan(Date.now());
  });

  it('an extension that fails before a delivery costs an attempt, and what waits behind it goes on', async () => {
    const { name } = await fresh();
    const hook = await made('/webhooks', { url: there, collections: [name], events: ['create', 'update'] });
    const off = t.app.hooks.on('on_webhook_before_send', ({ webhook }) => {
      if (webhook === hook.id) throw new Error('a secret of the server');
    });
    try {
      const { id } = await made(`/records/${name}`, { title: 'x' });
      expect((await call('PATCH', `/records/${name}/${id}`, { title: 'y' })).status).toBe(200);
      const deliveries = async () => (await call('GET', `/webhooks/${hook.id}/deliveries`)).body.items;
      await expect.poll(async () => (await deliveries()).map((d: Json) => d.status), soon).toEqual(['dead', 'dead']);
      for (const one of await deliveries())
        expect(one).toMatchObject({ attempt_number: 3, error: expect.stringMatching(/^hook: An extension/) });
    } finally {
      off();
    }
  });

  it('a webhook that the server disables leaves nothing that enabling it would send late', async () => {
    const { name } = await fresh();
    const hook = await made('/webhooks', {
      url: there,
      collections: [name],
      events: ['create'],
      filter: `title = 'no'`,
    });
    const wanted = await made('/webhooks', { url: there, collections: [name], events: ['create'] });
    await made(`/records/${name}`, { title: 'x' });
    const deliveries = async (id: string) => (await call('GET', `/webhooks/${id}/deliveries`)).body.items;
    await expect.poll(async () => (await deliveries(wanted.id)).length, soon).toBe(1);
    const db = t.app.db;
    // As a process leaves it that has died with it in hand a moment ago.
    await db.query(
      `insert into snackbase.webhook_deliveries (id, webhook_id, message_id, event, collection, record_id, payload, status, next_at,
         lease, leased_until)
       select gen_random_uuid(), $1, 'msg_left', event, collection, record_id, payload, 'pending', now(), gen_random_uuid(),
         now() + interval '1 hour' from snackbase.webhook_deliveries where webhook_id = $2`,
      [hook.id, wanted.id],
    );
    const put = await t.call(
      'PUT',
      `/api/v1/collections/${(await collectionOf(name)).id}`,
      { schema: [{ name: 'other', type: 'text' }] },
      { token: t.root },
    );
    expect(put.status, put.text).toBe(200);
    await made(`/records/${name}`, { other: 'x' });
    await expect.poll(async () => (await call('GET', `/webhooks/${hook.id}`)).body.enabled, soon).toBe(false);
    expect((await deliveries(hook.id)).map((d: Json) => [d.status, d.next_retry_at])).toEqual([['dead', null]]);
    const rows = await db.query(
      'select from snackbase.webhook_deliveries where webhook_id = $1 and next_at is not null',
      [hook.id],
    );
    expect(rows).toEqual([]);
  });
  const collectionOf = async (name: string): Promise<Json> =>
    (await t.call('GET', `/api/v1/collections?search=${name}`, undefined, { token: t.root })).body.items.find(
      (c: Json) => c.name === name,
    );

  it('a deadlock met by a step without an action is met by trying again', async () => {
    for (const code of ['40P01', '40001', '57014'])
      await refusing(
        'snackbase.workflow_step_logs',
        `new.step_type = 'end' and nextval('public.refused') <= 2`,
        async () => {
          const steps = [{ type: 'end', name: 'e', output: 'there' }];
          expect(await w.ran(steps)).toMatchObject({ status: 'completed', output: 'there' });
        },
        code,
      );
  });

  it('what is old is forgotten in statements that end soon, all of it in the end', async () => {
    const db = t.app.db;
    const hook = await made('/hooks', { name: 'old', trigger: { type: 'manual' }, actions: NOTE });
    const fill = (n: number, days: number) =>
      db.query(
        `insert into snackbase.hook_executions (id, account_id, hook_id, trigger_type, depth, context, status, finished_at)
         select gen_random_uuid(), account_id, id, 'manual', 1, '{}', 'success', now() - make_interval(days => $3::integer)
         from snackbase.hooks, generate_series(1, $2::integer) where id = $1`,
        [hook.id, n, days],
      );
    await fill(25, 31);
    await fill(1015, 0);
    const counts: number[] = [];
    for (let n = -1; n !== 0; counts.push(n)) n = await pruneExecutions(db, 10);
    expect(counts).toEqual([10, 10, 5, 10, 5, 0]);
    const left = await db.query('select from snackbase.hook_executions where hook_id = $1', [hook.id]);
    expect(left).toHaveLength(1000);

    const { id } = await w.made({ name: 'Old', steps: [{ type: 'end', name: 'e' }] });
    const instances = await Promise.all([1, 2, 3].map(async () => w.start(id)));
    for (const one of instances) await w.until(one);
    await db.query(
      `update snackbase.workflow_instances set completed_at = now() - interval '31 days' where workflow_id = $1`,
      [id],
    );
    await db.query(
      `insert into snackbase.workflow_step_logs (id, instance_id, number, step_name, step_type, status, attempt, started_at)
       select gen_random_uuid(), $1, n + 1, 'e', 'end', 'success', 1, now() from generate_series(1, 10) n`,
      [instances[0]],
    );
    const rows = async () =>
      (
        await db.query<{ n: number }>(
          `select count(*) as n from snackbase.workflow_step_logs l join snackbase.workflow_instances i on i.id = l.instance_id
         where i.workflow_id = $1`,
          [id],
        )
      )[0]?.n;
    const seen: unknown[] = [];
    do seen.push([await rows(), (await w.instances(id)).length]);
    while (await pruneInstances(db, 30, 2, 4));
    expect(seen[0]).toEqual([13, 3]);
    expect(await w.instances(id)).toEqual([]);
    const steps = seen.map((one) => (one as number[])[0] as number);
    for (const [i, count] of steps.entries()) expect((steps[i - 1] ?? 13) - count).toBeLessThanOrEqual(4);
  });
});

// Instances of workflows: exactly once whatever happens, cancelling, taking up, dry runs, schedules and messages from outside.
import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const note = (name: string, more: Json = {}) => ({
  type: 'action',
  name,
  action: { type: 'transform', output: name },
  ...more,
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.runIf(available)('instances of workflows', () => {
  let t: TestApp;
  let a: Tenant;
  let w: WorkflowTools;
  let log: string;
  const call = (method: string, path: string, body?: Json, headers?: Record<string, string>) =>
    t.call(method, `/api/v1${path}`, body, { token: a.token, ...(headers && { headers }) });
  const titled = async (title: string): Promise<Json[]> =>
    (await call('GET', `/records/${log}?filter=${encodeURIComponent(`title = "${title}"`)}`)).body.items;
  const write = (name: string, title: string, more: Json = {}) => ({
    type: 'action',
    name,
    action: { type: 'create_record', collection: log, data: { title } },
    ...more,
  });

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant('Alpha');
    w = workflowTools(t, () => a.token);
    log = (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name;
  });

  it('one whose sub-workflow is deleted while it waits for it goes on, as its on_error says', async () => {
    for (const [on_error, status] of [
      [undefined, 'failed'],
      ['mend', 'completed'],
    ]) {
      const child = await w.made({ name: 'Slow', steps: [{ type: 'wait_delay', name: 'a', duration: '1h' }] });
      const sub = { type: 'workflow', name: 'sub', workflow: child.slug, ...(on_error && { on_error }) };
      const { id } = await w.made({ name: 'Parent', steps: [sub, ...(on_error ? [note('b'), note('mend')] : [])] });
      const instance = await w.start(id);
      await w.until(instance, 'waiting');
      expect((await call('DELETE', `/workflows/${child.id}`)).status).toBe(204);
      const ended = await w.until(instance);
      expect(ended.status).toBe(status);
      expect(ended.context.steps.sub.error).toMatchObject({
        code: 'SUB_WORKFLOW_FAILED',
        message: expect.stringContaining('gone'),
      });
    }
  });

  it('cancel ends what waits, what runs and its sub-workflows; what has ended is a 409', async () => {
    await w.made({
      name: 'Long',
      slug: 'long',
      steps: [{ type: 'wait_delay', name: 'a', duration: '1h' }, write('b', 'never')],
    });
    const { id } = await w.made({
      name: 'Parent',
      steps: [{ type: 'workflow', name: 'sub', workflow: 'long' }, write('c', 'never')],
    });
    const instance = await w.start(id);
    await w.until(instance, 'waiting');
    const [child] = await w.instances('long');
    await w.until(child.id, 'waiting');
    const cancelled = await call('POST', `/workflow-instances/${instance}/cancel`);
    expect([cancelled.status, cancelled.body]).toEqual([
      200,
      expect.objectContaining({ status: 'cancelled', wake_at: null }),
    ]);
    expect((await w.until(child.id, 'cancelled')).completed_at).not.toBeNull();
    const again = await call('POST', `/workflow-instances/${instance}/cancel`);
    expect([again.status, again.body.code]).toEqual([409, 'WORKFLOW_STATE']);
    expect((await call('POST', `/workflow-instances/${instance}/resume`)).status).toBe(409);
    expect(await titled('never')).toEqual([]);
  });

  it('cancel wins over the result of a step that is running', async () => {
    const { id } = await w.made({
      name: 'Races',
      steps: [...Array.from({ length: 30 }, (_, i) => write(`s${i}`, 'race'))],
    });
    for (let round = 0; round < 5; round++) {
      const instance = await w.start(id);
      await pause(round * 8);
      const { status } = await call('POST', `/workflow-instances/${instance}/cancel`);
      const done = (await call('GET', `/workflow-instances/${instance}`)).body;
      await pause(100);
      const later = (await call('GET', `/workflow-instances/${instance}`)).body;
      expect(later.status).toBe(status === 200 ? 'cancelled' : 'completed');
      expect(later.step_logs).toHaveLength(done.step_logs.length);
      const rows = await t.app.db.query(
        `select count(*) as n from snackbase.events where collection = 'main.${log}' and actor -> 'automation' ->> 'run' = $1`,
        [instance],
      );
      expect(rows[0]).toEqual({ n: done.step_logs.length });
    }
  });

  it('resume runs the step that failed again, with all results before it', async () => {
    const update = {
      type: 'update_record',
      collection: log,
      record_id: '{{steps.find.output.items[0].id}}',
      data: { title: 'mended' },
    };
    const { id } = await w.made({
      name: 'Mends',
      steps: [
        write('once', 'resume once'),
        {
          type: 'loop',
          name: 'each',
          items: [1, 2, 3],
          steps: [
            { name: 'find', action: { type: 'query_records', collection: log, filter: "title = 'part {{item}}'" } },
            { action: { ...update, record_id: '{{actions.find.result.items[0].id}}' } },
          ],
        },
      ],
    });
    await call('POST', `/records/${log}`, { title: 'part 1' });
    const instance = await w.start(id);
    expect(await w.until(instance)).toMatchObject({
      status: 'failed',
      current_step: 'each',
      error_message: expect.stringContaining('Item 1'),
    });
    await call('POST', `/records/${log}`, { title: 'part 2' });
    await call('POST', `/records/${log}`, { title: 'part 3' });
    const resumed = await call('POST', `/workflow-instances/${instance}/resume`);
    expect([resumed.status, resumed.body.status]).toEqual([202, 'pending']);
    const done = await w.until(instance);
    expect(done).toMatchObject({
      status: 'completed',
      error_message: null,
      context: { steps: { each: { output: { count: 3 } } } },
    });
    expect([await titled('resume once'), await titled('mended')].map(({ length }) => length)).toEqual([1, 3]);
    expect(done.step_logs.map(({ step_name, status }: Json) => [step_name, status])).toEqual([
      ['once', 'success'],
      ['each', 'failed'],
      ['each', 'success'],
    ]);
  });

  it('resume of one that waits begins its wait anew', async () => {
    const { id } = await w.made({
      name: 'Rearms',
      steps: [{ type: 'wait_delay', name: 'a', duration: '{{trigger.for}}' }],
    });
    const instance = await w.start(id, { for: '1h' });
    const first = await w.until(instance, 'waiting');
    await pause(30);
    expect((await call('POST', `/workflow-instances/${instance}/resume`)).status).toBe(202);
    const second = await w.until(instance, 'waiting');
    expect(Date.parse(second.wake_at)).toBeGreaterThan(Date.parse(first.wake_at));
  });

  it('a step whose process lost the lease leaves nothing, and happens once', async () => {
    const { id } = await w.made({
      name: 'Once',
      steps: [...Array.from({ length: 12 }, (_, i) => write(`s${i}`, `once ${i}`))],
    });
    // Whoever works on it loses it, again and again, as when another process takes it up.
    const instances = await Promise.all(Array.from({ length: 5 }, () => w.start(id)));
    for (let n = 0; n < 40; n++) {
      await t.app.db.query(
        `update snackbase.workflow_instances set claim = claim + 1, lease = null, wake_at = now() where id = any($1) and lease is not null`,
        [instances],
      );
      await pause(7);
    }
    for (const instance of instances) {
      const done = await w.until(instance);
      expect([done.status, done.step_logs.length]).toEqual(['completed', 12]);
    }
    for (let i = 0; i < 12; i++) expect(await titled(`once ${i}`)).toHaveLength(5);
  });

  it('what is too large fails its step, and nothing of it stays', async () => {
    const { id } = await w.made({
      name: 'Grows',
      steps: [
        note('a', { action: { type: 'transform', output: ['{{trigger.x}}', '{{trigger.x}}'] } }),
        write('b', '{{trigger.x}}', {
          action: { type: 'create_record', collection: log, data: { title: 'large {{trigger.x}}' } },
        }),
      ],
    });
    const done = await w.until(await w.start(id, { x: 'y'.repeat(300_000) }));
    expect(done).toMatchObject({ status: 'failed', current_step: 'b', error_code: 'CONTEXT_TOO_LARGE' });
    const { total } = (await call('GET', `/records/${log}?filter=${encodeURIComponent('title ~ "large"')}`)).body;
    expect(total).toBe(0);
    expect((await call('POST', `/workflows/${id}/trigger`, { x: 'y'.repeat(600_000) })).status).toBe(413);
  });

  it('a step is stopped at its timeout, with what it had done by then', async () => {
    const items = Array.from({ length: 1000 }, (_, i) => i);
    const create = { action: { type: 'create_record', collection: log, data: { title: 'timed' } } };
    const steps = [{ type: 'loop', name: 'each', items, step: create, timeout_seconds: 0.3 }];
    const { id } = await w.made({ name: 'Timed', steps });
    const done = await w.until(await w.start(id));
    expect(done).toMatchObject({ status: 'failed', current_step: 'each' });
    expect(done.error_message).toContain('longer than it may');
    const count = async () =>
      (await call('GET', `/records/${log}?filter=${encodeURIComponent('title = "timed"')}`)).body.total;
    const total = await count();
    expect(total).toBeLessThan(1000);
    await pause(300);
    expect(await count()).toBe(total);
  });

  it('what starts it is told as its role may see it: personal data masked, hidden rows not at all', async () => {
    const fields = [
      { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
      { name: 'open', type: 'boolean' },
    ];
    const people = (
      await t.collection({ schema: fields, list_rule: 'open = true', view_rule: 'open = true', create_rule: '' })
    ).name;
    const { id } = await w.made({
      name: 'Told',
      run_as: 'admin',
      trigger: { type: 'event', event: 'records.create', condition: "record.mail != '' and trigger._collection != ''" },
      steps: [{ type: 'end', name: 'end', output: '{{trigger.mail}}' }],
    });
    await call('POST', `/records/${people}`, { mail: 'hidden@example.com', open: false });
    await call('POST', `/records/${people}`, { mail: 'somebody@example.com', open: true });
    let all: Json[] = [];
    for (let i = 0; i < 200 && all.length === 0; i++) {
      await pause(25);
      all = await w.instances(id);
    }
    const done = await w.until(all[0].id);
    expect(done).toMatchObject({ status: 'completed', output: expect.stringContaining('*') });
    expect(JSON.stringify(done)).not.toContain('somebody@');
    expect(await w.instances(id)).toHaveLength(1);
    await call('DELETE', `/workflows/${id}`);
  });

  it('a workflow that may take one second fails after it', async () => {
    const { id } = await w.made({
      name: 'Slow',
      timeout_seconds: 1,
      steps: [{ type: 'wait_delay', name: 'a', duration: '1h' }],
    });
    expect(await w.until(await w.start(id))).toMatchObject({ status: 'failed', error_code: 'WORKFLOW_TIMEOUT' });
  });

  it('a dry run does everything and leaves nothing', async () => {
    const steps = [
      write('make', 'dry'),
      { type: 'action', name: 'find', action: { type: 'query_records', collection: log, filter: "title = 'dry'" } },
      { type: 'wait_delay', name: 'wait', duration: '1h' },
      {
        type: 'parallel',
        name: 'both',
        branches: [
          [{ action: { type: 'transform', output: 1 } }],
          [{ action: { type: 'create_record', collection: log, data: { title: 'dry' } } }],
        ],
      },
      {
        type: 'action',
        name: 'call',
        action: {
          type: 'send_webhook',
          url: 'https://example.com/',
          headers: { authorization: 'secret' },
          body: { n: '{{steps.find.output.total}}' },
        },
      },
      {
        type: 'action',
        name: 'bad',
        action: { type: 'delete_record', collection: log, record_id: 'no' },
        on_error: 'continue',
      },
      { type: 'end', name: 'end', output: '{{steps.find.output.total}}' },
    ];
    const { id } = await w.made({ name: 'Dry', steps });
    const { status, body, text } = await call('POST', `/workflows/${id}/trigger?dry_run=true`, { a: 1 });
    expect([status, body.dry_run, body.status, body.output], text).toEqual([200, true, 'completed', 1]);
    expect(body.steps.map(({ name, status: one }: Json) => [name, one])).toEqual(
      steps.map(({ name }) => [name, name === 'bad' ? 'failed' : 'success']),
    );
    expect(text).not.toContain('secret');
    expect(await titled('dry')).toEqual([]);
    expect(await w.instances(id)).toEqual([]);
    const circle = await w.made({
      name: 'Round',
      steps: [note('a'), { type: 'wait_delay', name: 'w', duration: '1h', next: 'a' }],
    });
    expect((await call('POST', `/workflows/${circle.id}/trigger?dry_run=1`)).body).toMatchObject({
      status: 'unfinished',
    });
  });

  it('a trigger that is sent again under its key starts one instance', async () => {
    const { id } = await w.made({ name: 'Keyed', steps: [note('a')] });
    const key = { 'Idempotency-Key': 'the-same-request' };
    const [first, second] = [
      await call('POST', `/workflows/${id}/trigger`, { n: 1 }, key),
      await call('POST', `/workflows/${id}/trigger`, { n: 1 }, key),
    ];
    expect(second.body).toEqual(first.body);
    await w.until(first.body.instance_id);
    expect(await w.instances(id)).toHaveLength(1);
  });

  it('a schedule fires once, and then at its next time', async () => {
    const made = await w.made({
      name: 'Minutely',
      trigger: { type: 'schedule', cron: '* * * * *' },
      steps: [note('a')],
    });
    expect(made.trigger_config).toEqual({ cron: '* * * * *', timezone: 'UTC' });
    expect(Date.parse(made.next_run_at)).toBeGreaterThan(Date.now());
    const twin = kind === 'postgres' ? await t.twin() : null;
    // As if the minute were over, for all processes at once.
    await t.app.db.query(`update snackbase.workflows set next_run_at = now() - interval '3 minutes' where id = $1`, [
      made.id,
    ]);
    const wake = await w.made({ name: 'Wakes', trigger: { type: 'schedule', cron: '0 0 1 1 *' }, steps: [note('a')] });
    let all: Json[] = [];
    for (let i = 0; i < 800 && all.length === 0; i++) {
      await pause(25);
      all = await w.instances(made.id);
    }
    await pause(300);
    all = await w.instances(made.id);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ source: 'schedule', context: { trigger: { _source: 'schedule' } } });
    const now = (await call('GET', `/workflows/${made.id}`)).body;
    expect(Date.parse(now.next_run_at)).toBeGreaterThan(Date.now());
    expect((await call('PATCH', `/workflows/${made.id}/toggle`)).body.next_run_at).toBeNull();
    await call('DELETE', `/workflows/${wake.id}`);
    await twin?.stop();
  });

  describe('messages from outside', () => {
    const send = (token: string, raw: string, headers: Record<string, string> = {}) =>
      t.call('POST', `/api/v1/workflow-webhooks/${token}`, undefined, { raw, headers });
    const hooked = async (secret?: string) => {
      const made = await w.made({
        name: 'Hooked',
        trigger: { type: 'webhook', ...(secret && { secret }) },
        steps: [note('a')],
      });
      return { id: made.id as string, token: made.trigger_config.token as string };
    };

    it('start the workflow of their token', async () => {
      const { id, token } = await hooked();
      const object = await send(token, '{"order_id":"o-1"}');
      expect([object.status, object.body]).toEqual([
        202,
        { message: expect.any(String), instance_id: expect.any(String) },
      ]);
      expect((await w.until(object.body.instance_id)).context.trigger).toEqual({ order_id: 'o-1', _source: 'webhook' });
      const list = await send(token, '[1,2]');
      expect((await w.until(list.body.instance_id)).context.trigger).toEqual({ data: [1, 2], _source: 'webhook' });
      expect((await t.call('POST', `/api/v1/workflow-webhooks/${token}`)).status).toBe(202);
      expect((await send(token, '{"a":')).body.code).toBe('INVALID_JSON');
      expect((await send(token, `"${'x'.repeat(500_000)}"`)).status).toBe(413);
      expect((await send(token, 'a=1', { 'Content-Type': 'application/x-www-form-urlencoded' })).status).toBe(415);
      expect((await send(`${token}x`, '{}')).status).toBe(404);
      await call('PATCH', `/workflows/${id}/toggle`);
      expect((await send(token, '{}')).status).toBe(404);
    });

    it('must be signed where there is a secret, and start one instance each', async () => {
      const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
      const { id, token } = await hooked(secret);
      const body = '{"n":1}';
      const signed = (at: number, text = body, key = secret) => {
        const mac = createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
          .update(`msg_1.${at}.${text}`)
          .digest('base64');
        return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,AAAA v1,${mac}` };
      };
      const now = Math.floor(Date.now() / 1000);
      const good = await send(token, body, signed(now));
      expect(good.status).toBe(202);
      expect((await send(token, body, signed(now))).body).toEqual(good.body);
      expect(await w.instances(id)).toHaveLength(1);
      const hex = (text: string) => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
      const stamped = { 'X-SnackBase-Signature': hex(`${now}.${body}`), 'X-SnackBase-Timestamp': String(now) };
      expect((await send(token, body, stamped)).status).toBe(202);
      const bad: Record<string, string>[] = [
        {},
        signed(now - 301),
        signed(now + 400),
        signed(now, '{"n":2}'),
        signed(now, body, `whsec_${Buffer.from('another').toString('base64')}`),
        { 'X-SnackBase-Signature': hex(body) },
        { 'X-SnackBase-Signature': hex(body), 'X-SnackBase-Timestamp': String(now) },
        { ...stamped, 'X-SnackBase-Timestamp': String(now - 1) },
        { ...stamped, 'X-SnackBase-Timestamp': '' },
        { 'X-SnackBase-Signature': 'sha256=' },
        { ...stamped, 'X-SnackBase-Timestamp': String(now - 900) },
      ];
      for (const headers of bad) {
        const { status, body: said } = await send(token, body, headers);
        expect([status, said.code]).toEqual([401, 'INVALID_SIGNATURE']);
        expect(said.message).not.toMatch(/verify|email/i);
      }
      expect(await w.instances(id)).toHaveLength(2);
    });
  });
});

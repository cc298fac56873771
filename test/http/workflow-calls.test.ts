// Workflows and the world: calls out that are tried again under one key and stopped in time, and workflows that actions start.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

describe.runIf(available)('workflows and the world', () => {
  let t: TestApp;
  let a: Tenant;
  let w: WorkflowTools;
  let url: string;
  const seen: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const sink = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const path = request.url ?? '';
      seen.push({ path, headers: request.headers, body });
      const times = seen.filter((one) => one.path === path).length;
      if (path.startsWith('/hangs')) return;
      response.statusCode = path === '/late' && times < 3 ? 500 : 200;
      response.setHeader('content-type', 'application/json');
      response.end('{"said":"yes"}');
    });
  });
  const callTo = (path: string, body: Json = null) => ({ type: 'send_webhook', url: `${url}${path}`, body });
  const keysOf = (path: string) =>
    seen.filter((one) => one.path === path).map(({ headers }) => headers['idempotency-key']);

  beforeAll(async () => {
    t = await startApp({ webhookAllowPrivate: true });
    a = await t.tenant('Alpha');
    w = workflowTools(t, () => a.token);
    await new Promise<void>((resolve) => {
      sink.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    sink.closeAllConnections();
    sink.close();
  });

  it('a call is tried again under the key of the first try, and its answer is there for later steps', async () => {
    const retry = { max_attempts: 3, delay_seconds: 0.05, backoff: 1 };
    const done = await w.ran(
      [
        { type: 'action', name: 'ask', action: callTo('/late', { order: '{{trigger.order}}' }), retry },
        { type: 'action', name: 'again', action: callTo('/late', { order: '{{trigger.order}}' }) },
        { type: 'end', name: 'end', output: '{{steps.ask.output.body.said}}' },
      ],
      { order: 'o-1' },
    );
    expect(done).toMatchObject({ status: 'completed', output: 'yes' });
    expect(done.step_logs.map(({ step_name, status }: Json) => [step_name, status])).toEqual([
      ['ask', 'failed'],
      ['ask', 'failed'],
      ['ask', 'success'],
      ['again', 'success'],
      ['end', 'success'],
    ]);
    const keys = keysOf('/late');
    expect([keys.length, new Set(keys.slice(0, 3)).size, new Set(keys).size]).toEqual([4, 1, 2]);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ order: 'o-1' });
  });

  it('a call that does not end is stopped at the timeout of its step', async () => {
    const began = Date.now();
    const done = await w.ran([{ type: 'action', name: 'ask', action: callTo('/hangs'), timeout_seconds: 0.3 }]);
    expect(done).toMatchObject({ status: 'failed', current_step: 'ask' });
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  it('each item of a loop calls under a key of its own', async () => {
    await w.ran([{ type: 'loop', name: 'each', items: [1, 2, 3], step: { action: callTo('/item', 'same') } }]);
    expect(new Set(keysOf('/item')).size).toBe(3);
  });

  it('equal calls of one run have keys of their own: side by side, in loops, in hooks and in endpoints', async () => {
    const same = (path: string) => callTo(path, { add: 1 });
    const both = (path: string) => [{ action: same(path) }, { action: same(path) }];
    const different = (path: string, count: number) => {
      const keys = keysOf(path);
      expect([path, keys.length, new Set(keys).size]).toEqual([path, count, count]);
    };
    await w.ran([{ type: 'parallel', name: 'both', branches: [both('/par'), both('/par')] }]);
    different('/par', 4);
    const each = { type: 'loop', items: [1, 2], steps: both('/loop') };
    await w.ran([
      { ...each, name: 'one' },
      { ...each, name: 'two' },
    ]);
    different('/loop', 8);
    const call = (path: string, body: Json, headers = {}) =>
      t.call('POST', `/api/v1${path}`, body, { token: a.token, headers });
    const manual = { type: 'manual' };
    const { body: hook } = await call('/hooks', {
      name: 'h',
      trigger: manual,
      actions: both('/hook').map(({ action }) => action),
    });
    await call(`/hooks/${hook.id}/trigger`, {});
    await t.app.automation.hooks.settle();
    different('/hook', 2);
    const actions = both('/endpoint').map(({ action }) => action);
    await call('/endpoints', { name: 'e', path: '/calls', method: 'POST', actions });
    expect((await call('/x/calls', {})).status).toBe(200);
    different('/endpoint', 2);
  });

  it('a request that is sent again after its process died calls under the keys of its first attempt', async () => {
    const call = (path: string, body: Json, headers = {}) =>
      t.call('POST', `/api/v1${path}`, body, { token: a.token, headers });
    const actions = [callTo('/once', { pay: 1 })];
    await call('/endpoints', { name: 'e', path: '/pays', method: 'POST', actions });
    const named = { 'Idempotency-Key': 'payment-1' };
    expect((await call('/x/pays', {}, named)).status).toBe(200);
    // As a process leaves it that died before it could note what it had done.
    await t.app.db.query(
      `update snackbase.idempotency_keys set status = null, reply = null, committed = false, locked_until = now() - interval '1 s'
       where key = 'payment-1'`,
    );
    expect((await call('/x/pays', {}, named)).status).toBe(200);
    const keys = keysOf('/once');
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  it('a call that may have been made has the same key when its instance is resumed, and when another process takes it up', async () => {
    const call = (path: string) => ({ action: callTo(path, 'same') });
    const branches = [[call('/hangs/one')], [call('/hangs/two'), call('/hangs/two')]];
    const first = await w.ran([
      { type: 'action', name: 'before', action: { type: 'transform', output: 1 } },
      { type: 'parallel', name: 'both', branches, timeout_seconds: 1, retry: { max_attempts: 2, delay_seconds: 0.05 } },
    ]);
    expect(first).toMatchObject({ status: 'failed', current_step: 'both' });
    await t.call('POST', `/api/v1/workflow-instances/${first.id}/resume`, undefined, { token: a.token });
    // Both tries of the second life are over.
    expect(await w.until(first.id)).toMatchObject({ status: 'failed', current_step: 'both' });
    const [one, two] = [keysOf('/hangs/one'), keysOf('/hangs/two')];
    expect([one.length, new Set(one).size, two.length, new Set(two).size]).toEqual([4, 1, 4, 1]);

    const { id } = await w.made({
      steps: [{ type: 'action', name: 'ask', action: callTo('/hangs/taken'), timeout_seconds: 1 }],
    });
    const taken = await w.start(id);
    await expect.poll(() => keysOf('/hangs/taken').length).toBe(1);
    // As a process leaves it that was killed within the call, whose lease has ended.
    await t.app.db.query(
      `update snackbase.workflow_instances set lease = gen_random_uuid(), claim = claim + 1, wake_at = now() - interval '1 s'
       where id = $1`,
      [taken],
    );
    expect(await w.until(taken)).toMatchObject({ status: 'failed', current_step: 'ask' });
    const third = keysOf('/hangs/taken');
    expect([third.length, new Set(third).size]).toEqual([2, 1]);
  });

  it('an action starts a workflow, by its slug and in its account alone', async () => {
    const { id } = await w.made({
      name: 'Called',
      slug: 'called',
      steps: [{ type: 'end', name: 'end', output: '{{trigger.n}}' }],
    });
    const start = (workflow: string) => ({
      type: 'action',
      name: 'start',
      action: { type: 'trigger_workflow', workflow, input: { n: '{{trigger.n}}' } },
    });
    const done = await w.ran([start('called')], { n: 5 });
    const { instance_id } = done.context.steps.start.output;
    expect(await w.until(instance_id)).toMatchObject({ workflow_id: id, output: 5, source: 'action', depth: 2 });
    await t.call('PATCH', `/api/v1/workflows/${id}/toggle`, undefined, { token: a.token });
    expect(await w.ran([start('called')])).toMatchObject({ status: 'failed', error_code: 'WORKFLOW_STATE' });
    const b = await t.tenant('Beta');
    const other = workflowTools(t, () => b.token);
    const named = await other.ran([start('{{trigger.which}}')], { which: id });
    expect(named).toMatchObject({ status: 'failed', error_code: 'RESOURCE_NOT_FOUND' });
    // One that is written out is looked for when the definition is stored.
    for (const workflow of [id, 'called', 'no-such']) {
      const refused = await other.create({ steps: [start(workflow)] });
      expect(refused.body.errors).toMatchObject([{ field: 'steps[0].action.workflow', code: 'unknown_workflow' }]);
    }
    expect((await other.create({ slug: 'own', steps: [start('own')] })).status).toBe(201);
    const hook = (workflow: string) =>
      t.call(
        'POST',
        '/api/v1/hooks',
        { name: 'Starts it', trigger: { type: 'manual' }, actions: [{ type: 'trigger_workflow', workflow }] },
        { token: b.token },
      );
    expect((await hook('owm')).body.errors).toMatchObject([
      { field: 'actions[0].workflow', code: 'unknown_workflow', hint: 'Did you mean own?' },
    ]);
    expect((await hook('own')).status).toBe(201);
  });
});

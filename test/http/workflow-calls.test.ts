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
      if (path === '/hangs') return;
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

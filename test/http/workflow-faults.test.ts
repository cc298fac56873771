// Workflows and what goes away or is told wrongly: accounts, roles, credentials, people who run the server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const END = [{ type: 'end', name: 'e' }];
const ACTIONS = [{ type: 'transform', output: 1 }];

describe.runIf(available)('workflows whose surroundings change', () => {
  let t: TestApp;
  let a: Tenant;
  let w: WorkflowTools;
  let orders: string;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const on = (event: string) => ({ type: 'event', event: `records.${event}`, collection: orders });
  const some = async (id: string, tools = w): Promise<Json[]> => {
    for (let i = 0; ; i++) {
      const all = await tools.instances(id);
      if (all.length > 0 || i === 200) return all;
      await pause(25);
    }
  };

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant('Alpha');
    w = workflowTools(t, () => a.token);
    orders = (await t.collection({ schema: [{ name: 'title', type: 'text' }], soft_delete: true })).name;
  });
  afterAll(() => t.stop());

  it('an account that is deleted while its events wait stops nobody else', async () => {
    const dead = await t.tenant('Dead');
    await workflowTools(t, () => dead.token).made({ trigger: on('create'), steps: END });
    const { id } = await w.made({ trigger: on('create'), steps: END });
    const records = Array.from({ length: 600 }, (_, i) => ({ title: `dead ${i}` }));
    const batch = await t.call('POST', `/api/v1/records/${orders}/batch`, { records }, { token: dead.token });
    expect(batch.status).toBeLessThan(300);
    const number = async () => {
      const rows = await t.app.db.query<{ number: string }>(
        `select number from snackbase.automation_versions where kind = 'workflows'`,
      );
      return Number(rows[0]?.number);
    };
    const before = await number();
    await t.call('DELETE', `/api/v1/accounts/${dead.account.id}`, undefined, { token: t.root });
    expect(await number()).toBe(before + 1);
    await t.call('POST', `/api/v1/records/${orders}`, { title: 'alive' }, { token: a.token });
    expect(await some(id)).toHaveLength(1);
  });

  it('of a workflow that is gone before anybody heard of it no instance begins, and the others do', async () => {
    const gone = await w.made({ name: 'Gone', trigger: on('create'), steps: END });
    const { id } = await w.made({ name: 'There', trigger: on('create'), steps: END });
    await t.app.db.query('delete from snackbase.workflows where id = $1', [gone.id]);
    await t.call('POST', `/api/v1/records/${orders}`, { title: 'alive' }, { token: a.token });
    expect(await some(id)).toHaveLength(1);
  });

  it('the trail keeps no credentials of a definition, and says when they change', async () => {
    const headers = (value: string) => ({ Authorization: `Bearer ${value}`, 'X-Any': value });
    const called = (name: string, value: string) => ({
      name,
      action: { type: 'send_webhook', url: 'https://example.com/', headers: headers(value) },
    });
    const steps = (value: string) => [
      { type: 'action', ...called('plain', value) },
      { type: 'loop', name: 'one', items: [1], step: { action: called('in_loop', value).action } },
      { type: 'loop', name: 'more', items: [1], steps: [called('in_steps', value)] },
      { type: 'parallel', name: 'both', branches: [[called('left', value)], [called('right', value)]] },
      { type: 'action', name: 'named', action: { type: 'transform', output: { api_key: value, plain: 'shown' } } },
    ];
    const secret = 'whsec_TOPSECRET';
    const made = await w.made({ name: 'Calls', trigger: { type: 'webhook', secret }, steps: steps('TOPSECRET') });
    const trail = async () => {
      const path = `/api/v1/audit-logs?table_name=workflows&record_id=${made.id}&limit=100`;
      const { body, text } = await t.call('GET', path, undefined, { token: a.token });
      expect(text).not.toMatch(/TOPSECRET|wfh_/);
      return body.items as Json[];
    };
    const path = `/api/v1/workflows/${made.id}`;
    const put = async (body: Json) => expect((await t.call('PUT', path, body, { token: a.token })).status).toBe(200);
    expect((await t.call('POST', `${path}/rotate-token`, undefined, { token: a.token })).status).toBe(200);
    await put({ trigger: { type: 'webhook', secret: 'TOPSECRET of another kind' } });
    await put({ steps: steps('TOPSECRET 2') });
    await put({ steps: steps('TOPSECRET 2') });
    await put({ name: 'The last' });
    let all: Json[] = [];
    for (let i = 0; i < 100 && !all.some(({ new_value }) => new_value === 'The last'); i++) {
      await pause(50);
      all = await trail();
    }
    const changed = all.filter(({ operation }) => operation === 'UPDATE').map(({ column_name }) => column_name);
    expect(changed.sort()).toEqual(['credentials_hash', 'name', 'secret_hash', 'token_hash']);
    expect(all.find(({ column_name }) => column_name === 'steps')?.new_value).toContain('"plain":"shown"');
  });

  it('who runs the server is nobody in the workflows of an account', async () => {
    const step = { type: 'end', name: 'e', output: '{{auth}}' };
    const { id } = await w.made({ name: 'Who', steps: [step] });
    const as = { token: t.root, headers: { 'X-Account-ID': a.account.id } };
    const started = await t.call('POST', `/api/v1/workflows/${id}/trigger`, {}, as);
    expect(started.status).toBe(202);
    const nobody = { id: null, user_id: null, email: null, account_id: a.account.id, groups: [] };
    expect((await w.until(started.body.instance_id)).output).toMatchObject(nobody);
    const tried = await t.call('POST', `/api/v1/workflows/${id}/trigger?dry_run=true`, {}, as);
    expect(tried.status).toBe(200);
    expect(tried.text).not.toContain('root@example.com');
    expect((await w.until(await w.start(id))).output).toMatchObject({ email: expect.stringContaining('@') });
  });

  it('nothing acts as anonymous callers, and nothing as a role that is disabled', async () => {
    const as = { token: t.root };
    const role = (await t.call('POST', '/api/v1/roles', { name: 'clerk' }, as)).body;
    const mine = { token: a.token };
    const made = {
      workflows: (runAs: string) => ({ name: 'Acts', trigger: on('create'), steps: END, run_as: runAs }),
      hooks: (runAs: string) => ({ name: 'Acts', trigger: { type: 'manual' }, actions: ACTIONS, run_as: runAs }),
      endpoints: (runAs: string) => ({ name: 'Acts', path: '/acts', method: 'POST', actions: ACTIONS, run_as: runAs }),
    };
    const ids: Record<string, string> = {};
    for (const [kind, definition] of Object.entries(made)) {
      const refused = await t.call('POST', `/api/v1/${kind}`, definition('public'), mine);
      expect([kind, refused.body.details?.[0]?.field]).toEqual([kind, 'run_as']);
      const { status, body } = await t.call('POST', `/api/v1/${kind}`, definition('clerk'), mine);
      expect([kind, status]).toEqual([kind, 201]);
      ids[kind] = body.id;
    }
    const rules = { list_rule: '', view_rule: '', create_rule: '' };
    await t.call('PATCH', `/api/v1/collections/${orders}/rules`, rules, as);
    const disabled = await t.call('PATCH', `/api/v1/roles/${role.id}`, { enabled: false }, as);
    expect(disabled.status).toBe(200);
    const run = await w.until(await w.start(ids.workflows as string));
    expect(run).toMatchObject({ status: 'failed', error_code: 'FORBIDDEN' });
    const { id } = await w.made({ name: 'Others', trigger: on('create'), steps: END });
    await t.call('POST', `/api/v1/records/${orders}`, { title: 'x' }, mine);
    expect(await some(id)).toHaveLength(1);
    expect(await w.instances(ids.workflows as string)).toHaveLength(1);
    expect((await t.call('POST', '/api/v1/x/acts', {}, mine)).status).toBe(403);
    await t.call('POST', `/api/v1/hooks/${ids.hooks}/trigger`, {}, mine);
    let last: Json = {};
    for (let i = 0; i < 100 && last.status !== 'failed'; i++) {
      await pause(50);
      last = (await t.call('GET', `/api/v1/hooks/${ids.hooks}/executions`, undefined, mine)).body.items[0] ?? {};
    }
    expect(last).toMatchObject({ status: 'failed', error_code: 'FORBIDDEN' });
  });

  it('what is restored has changed and was not created, for what begins and for what waits', async () => {
    const made = await w.made({ name: 'Created', trigger: on('create'), steps: END });
    const changed = await w.made({
      name: 'Changed',
      trigger: on('update'),
      steps: [{ type: 'end', name: 'e', output: ['{{trigger._event}}', '{{trigger.title}}', '{{trigger.old}}'] }],
    });
    const waits = (event: string) => [{ type: 'wait_event', name: 'e', event: `records.${event}`, collection: orders }];
    const waiting = async (event: string) =>
      w.start((await w.made({ name: event, steps: waits(event) })).id).then(async (instance) => {
        await w.until(instance, 'waiting');
        return instance;
      });
    const path = `/api/v1/records/${orders}`;
    const as = { token: a.token };
    const { body } = await t.call('POST', path, { title: 'back' }, as);
    expect(await some(made.id)).toHaveLength(1);
    const [forCreate, forUpdate] = [await waiting('create'), await waiting('update')];
    expect((await t.call('DELETE', `${path}/${body.id}`, undefined, as)).status).toBe(204);
    expect((await t.call('POST', `${path}/${body.id}/restore`, undefined, as)).status).toBe(200);
    const [instance] = await some(changed.id);
    expect((await w.until(instance?.id)).output).toEqual(['records.update', 'back', null]);
    expect(await w.until(forUpdate)).toMatchObject({ status: 'completed' });
    expect(await w.instances(made.id)).toHaveLength(1);
    expect(await w.until(forCreate, 'waiting')).toMatchObject({ status: 'waiting' });
  });

  it('a condition asks by the types that the fields have now', async () => {
    const made = await t.collection({ schema: [{ name: 'n', type: 'text' }] });
    const event = { type: 'event', event: 'records.create', collection: made.name, condition: "n = '5'" };
    const { id } = await w.made({ trigger: event, steps: END });
    const write = (n: unknown) => t.call('POST', `/api/v1/records/${made.name}`, { n }, { token: a.token });
    await write('5');
    expect(await some(id)).toHaveLength(1);
    const schema = [{ name: 'n', type: 'number' }];
    expect((await t.call('PUT', `/api/v1/collections/${made.id}`, { schema }, { token: t.root })).status).toBe(200);
    expect((await write(5)).status).toBe(201);
    await expect.poll(async () => (await w.instances(id)).length, { timeout: 10_000 }).toBe(2);
  });

  it('who is asked before it begins is asked again where nothing has begun, and not once something has', async () => {
    const waits = { type: 'wait_delay', name: 'first', duration: 0.1 };
    const { id } = await w.made({ name: 'Asked', steps: [waits, ...END] });
    const asked: string[] = [];
    const refused = new Set<string>();
    const off = t.app.hooks.on('on_workflow_before_run', async (event) => {
      asked.push(event.instanceId);
      if (asked.length === 1)
        // As if this process had died now.
        await t.app.db.query(
          'update snackbase.workflow_instances set lease = null, claim = claim + 1, wake_at = now() where id = $1',
          [event.instanceId],
        );
      else if (refused.has(event.instanceId) || refused.size === 0) {
        refused.add(event.instanceId);
        event.abort('not today');
      }
    });
    try {
      const instance = await w.start(id);
      expect(await w.until(instance)).toMatchObject({ status: 'failed', error_code: 'HOOK_ABORTED', step_logs: [] });
      expect(asked).toEqual([instance, instance]);
      await t.call('POST', `/api/v1/workflow-instances/${instance}/resume`, undefined, { token: a.token });
      expect(await w.until(instance)).toMatchObject({ status: 'failed', error_code: 'HOOK_ABORTED' });
      expect(asked).toHaveLength(3);
      expect(await w.until(await w.start(id))).toMatchObject({ status: 'completed' });
      expect(asked).toHaveLength(4);
    } finally {
      off();
    }
  });
});

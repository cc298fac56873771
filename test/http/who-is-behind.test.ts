// Conditions of definitions ask about whoever is behind a run, whatever they act as.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

describe.runIf(available)('who is behind a run', () => {
  let t: TestApp;
  let a: Tenant;
  let w: WorkflowTools;
  let member: { token: string; user: Json; email: string };
  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant('Behind');
    member = await t.member(a.account.id);
    w = workflowTools(t, () => a.token);
  });
  const call = (method: string, path: string, body?: unknown, token = a.token) =>
    t.call(method, `/api/v1${path}`, body, { token });
  const OPEN = Object.fromEntries(
    ['list', 'view', 'create', 'update', 'delete'].map((of) => [`${of}_rule`, '@request.auth.id != ""']),
  );
  const fresh = async () => (await t.collection({ schema: [{ name: 'title', type: 'text' }], ...OPEN })).name as string;
  const written = async (collection: string, title: string, token?: string): Promise<Json> => {
    const made = await call('POST', `/records/${collection}`, { title }, token);
    expect(made.status, made.text).toBe(201);
    return made.body;
  };
  async function hook(definition: Json): Promise<string> {
    const made = await call('POST', '/hooks', { name: 'A hook', ...definition });
    expect(made.status, made.text).toBe(201);
    return made.body.id;
  }
  const executions = async (id: string): Promise<Json[]> => {
    await t.app.automation.hooks.settle();
    return (await call('GET', `/hooks/${id}/executions`)).body.items;
  };
  const on = (event: string, collection: string) => ({ type: 'event', event, collection });
  const output = (value: unknown) => [{ type: 'transform', output: value }];

  it('a hook before a write holds up those whom its condition means, and nobody else', async () => {
    const posts = await fresh();
    const abort = [{ type: 'abort', message: 'Not yours to delete.' }];
    await hook({ trigger: on('on_record_before_delete', posts), condition: '@has_role("user")', actions: abort });
    const { id } = await written(posts, 'kept');
    const refused = await call('DELETE', `/records/${posts}/${id}`, undefined, member.token);
    expect([refused.status, refused.body.code]).toEqual([400, 'HOOK_ABORTED']);
    expect((await call('DELETE', `/records/${posts}/${id}`)).status).toBe(204);
    const own = await fresh();
    await hook({ trigger: on('on_record_before_update', own), condition: '!@owns_record()', actions: abort });
    const theirs = await written(own, 'theirs', member.token);
    expect((await call('PATCH', `/records/${own}/${theirs.id}`, { title: 'x' })).body.code).toBe('HOOK_ABORTED');
    expect((await call('PATCH', `/records/${own}/${theirs.id}`, { title: 'x' }, member.token)).status).toBe(200);
  });

  it('so do hooks after one, by hand, and the conditions of single actions', async () => {
    const posts = await fresh();
    const owned = await hook({
      trigger: on('records.create', posts),
      condition: '@owns_record() && @request.auth.role = "user"',
      actions: [
        { type: 'transform', output: 1, condition: '@has_role("admin")' },
        { type: 'transform', output: '{{auth.email}}', condition: '@has_role("user")' },
      ],
    });
    await written(posts, 'by the admin');
    await written(posts, 'by the member', member.token);
    const [one, ...more] = await executions(owned);
    expect(more).toEqual([]);
    expect(one?.actions.map(({ status }: Json) => status)).toEqual(['skipped', 'success']);
    expect(one?.actions[1].result).toBe(member.email);
    const byHand = async (condition: string) => {
      const id = await hook({ trigger: { type: 'manual' }, condition, actions: output(1) });
      const dry = await call('POST', `/hooks/${id}/trigger?dry_run=true`, {});
      await call('POST', `/hooks/${id}/trigger`, {});
      return [dry.body.status, (await executions(id))[0]?.status];
    };
    expect(await byHand('@has_role("admin")')).toEqual(['success', 'success']);
    expect(await byHand('@has_role("user")')).toEqual(['skipped', 'skipped']);
  });

  it('so do workflows: whoever caused the event, or started it by hand', async () => {
    const posts = await fresh();
    const steps = [
      { type: 'condition', name: 'asks', expression: '@has_role("user")', on_true: 'yes', on_false: 'no' },
      { type: 'end', name: 'yes', output: '{{auth.email}} as user' },
      { type: 'end', name: 'no', output: '{{auth.email}} as another' },
    ];
    const trigger = {
      ...on('records.create', posts),
      condition: "title = 'both' || @owns_record() && @has_role('user')",
    };
    const { id } = await w.made({ name: 'Caused', trigger, steps });
    await written(posts, 'by the admin');
    await written(posts, 'by the member', member.token);
    await written(posts, 'both');
    const outputs = async () => (await w.instances(id)).map(({ output: said }) => said).filter((said) => said !== null);
    await expect.poll(outputs, { timeout: 10_000 }).toHaveLength(2);
    expect((await outputs()).sort()).toEqual([`${a.email} as another`, `${member.email} as user`].sort());
    expect((await w.ran(steps)).output).toBe(`${a.email} as another`);
  });

  it('nobody is behind a clock: what asks about people does not hold', async () => {
    const id = await hook({
      trigger: { type: 'schedule', cron: '* * * * *' },
      condition: '@has_role("admin") || @request.auth.id is not null',
      actions: output(1),
    });
    await t.app.db.query('update snackbase.hooks set next_run_at = now() where id = $1', [id]);
    await call('PATCH', `/hooks/${id}`, { name: 'Due' });
    await t.app.db.query("update snackbase.hooks set next_run_at = now() - interval '1 second' where id = $1", [id]);
    await expect
      .poll(async () => (await call('GET', `/hooks/${id}/executions`)).body.items.map((e: Json) => e.status), {
        timeout: 12_000,
      })
      .toContain('skipped');
  }, 20_000);
});

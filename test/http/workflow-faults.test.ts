// Workflows and what goes away or is told wrongly: accounts, roles, credentials, people who run the server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const END = [{ type: 'end', name: 'e' }];

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
    orders = (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name;
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
});

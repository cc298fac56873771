// Tools of deployed apps: there after the deploy, gone with the app, and linked across apps as over REST.
import { beforeAll, describe, expect, it } from 'vitest';
import { crm, support } from '../apps/manifests.ts';
import { available, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type Agent, agent } from './agent.ts';

describe.runIf(available)('mcp tools of apps', () => {
  let t: TestApp;
  let acme: Tenant;
  let admin: Agent;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    admin = await agent(t.url, acme.token);
  });
  const root = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: t.root });

  it('S004-107 tools appear with the deploy, without restart', async () => {
    expect(await admin.names()).toEqual([]);
    for (const manifest of [crm(), support()]) {
      const deployed = await root('POST', '/api/v1/apps', manifest);
      expect(deployed.status, deployed.text).toBeLessThan(300);
    }
    const names = await admin.names();
    for (const verb of ['query', 'get', 'create', 'update', 'delete', 'bulk_create'])
      expect(names).toEqual(expect.arrayContaining([`crm_contacts_${verb}`, `support_contacts_${verb}`]));
  });

  it('S004-04 S004-110 a query answers what the face of the app answers, linked too', async () => {
    const email = 'ada@example.com';
    const made = await admin.call('crm_contacts_create', { data: { first_name: 'Ada', email } });
    expect(made.failed, JSON.stringify(made.value)).toBe(false);
    await admin.call('support_contacts_create', { data: { email, plan: 'gold' } });
    for (const args of [
      {},
      { linked: true },
      { linked: ['support'] },
      { where: { stage: 'lead' }, orderBy: 'email' },
    ]) {
      const { value } = await admin.call('crm_contacts_query', args);
      const path = '/api/v1/apps/crm/collections/contacts/query';
      expect(value).toEqual((await t.call('POST', path, args, { token: acme.token })).body);
      expect(JSON.stringify(value).includes('gold')).toBe('linked' in args);
    }
  });
  it('S004-107 tools vanish with the app', async () => {
    const removed = await root('DELETE', '/api/v1/apps/support');
    expect(removed.status, removed.text).toBeLessThan(300);
    const names = await admin.names();
    expect(names).toContain('crm_contacts_query');
    expect(names.filter((name) => name.startsWith('support_'))).toEqual([]);
    await expect(admin.call('support_contacts_query')).rejects.toMatchObject({ code: -32602 });
  });
});

// Hooks in code, on every way of writing: they see and change what is stored, stop it, and are part of its transaction.
import { beforeAll, describe, expect, it } from 'vitest';
import { AbortHook } from '../../server/lifecycle/service.ts';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const SCHEMA = [
  { name: 'title', type: 'text', required: true },
  { name: 'rank', type: 'number', default: 1 },
  { name: 'secret', type: 'text' },
];

describe.runIf(available)('lifecycle hooks of records', () => {
  let t: TestApp;
  let a: Tenant;
  let offs: (() => void)[] = [];
  const on: TestApp['app']['hooks']['on'] = (...args: unknown[]) => {
    const off = (t.app.hooks.on as (...args: unknown[]) => () => void)(...args);
    offs.push(off);
    return off;
  };
  const done = () => {
    for (const off of offs.splice(0)) off();
  };
  const fresh = async (more: Json = {}) => (await t.collection({ schema: SCHEMA, ...more })).name as string;
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    t.call('POST', path, body, { token: a.token, headers });
  const rows = async (name: string) =>
    (await t.call('GET', `/api/v1/records/${name}?sort=created_at`, undefined, { token: a.token })).body
      .items as Json[];

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
    offs = [];
  });

  it('S000-49 on_record_before_create runs before the insert, sees and changes the data', async () => {
    const name = await fresh();
    const seen: Json[] = [];
    on('on_record_before_create', { collection: name }, async (event) => {
      seen.push({ ...event.data });
      expect(event.name).toBe('on_record_before_create');
      expect(event.collection).toBe(`main.${name}`);
      expect(event.ctx).toMatchObject({ accountId: a.account.id, userId: a.user.id, role: 'admin', kind: 'user' });
      expect(await event.records.get(name, event.recordId)).toBeNull();
      event.data.title = `${event.data.title}!`;
      event.data.secret = 'set by a hook';
    });
    const made = await post(`/api/v1/records/${name}`, { title: 'x' });
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ title: 'x!', rank: 1, secret: 'set by a hook', created_by: a.user.id });
    expect(seen).toEqual([{ title: 'x', rank: 1, secret: null }]);
    const audit = await t.call('GET', `/api/v1/audit-logs?record_id=${made.body.id}`, undefined, { token: a.token });
    expect(JSON.stringify(audit.body.items)).toContain('x!');
    done();
    expect((await post(`/api/v1/records/${name}`, { title: 'y' })).body).toMatchObject({ title: 'y', secret: null });
  });

  it('S000-52 an abort stores nothing: no row, no audit entry, no event', async () => {
    const name = await fresh();
    const audit = async () =>
      (await t.call('GET', `/api/v1/audit-logs?table_name=${name}`, undefined, { token: t.root })).body.total as number;
    const before = await audit();
    on('on_record_before_create', { collection: name }, async (event) => {
      await event.records.create(name, { title: 'side effect' });
      if (event.data.title === 'teapot') throw new AbortHook('Short and stout.', 409);
      if (event.data.title !== 'side effect') event.abort('No orders today.');
    });
    const refused = await post(`/api/v1/records/${name}`, { title: 'x' }, { 'Idempotency-Key': `k-${name}` });
    expect([refused.status, refused.body.code, refused.body.message]).toEqual([
      409,
      'HOOK_ABORTED',
      expect.any(String),
    ]);
    done();
    expect(await rows(name)).toEqual([]);
    expect(await audit()).toBe(before);
  });
});

// The second belt: what a statement that forgets the account can do as the role of the record path. Nothing outside it.
import { beforeAll, describe, expect, it } from 'vitest';
import { plan } from '../../server/db/plans.ts';
import { available, kind, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available).each(['transactions', 'always'] as const)('row-level security, %s', (rowSecurity) => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let table: string;
  let parents: string;

  beforeAll(async () => {
    t = await startApp({ rowSecurity });
    [a, b] = [await t.tenant('A'), await t.tenant('B')];
    const parent = await t.collection({ schema: [{ name: 'title', type: 'text' }] });
    const child = await t.collection({
      schema: [
        { name: 'title', type: 'text', pii: true },
        { name: 'up', type: 'reference', collection: parent.name, on_delete: 'set_null' },
        { name: 'owner', type: 'reference', collection: parent.name, on_delete: 'cascade' },
      ],
    });
    table = child.name;
    parents = parent.name;
    for (const { token } of [a, b]) {
      const up = await t.call('POST', `/api/v1/records/${parents}`, { title: 'p' }, { token });
      await t.call('POST', `/api/v1/records/${table}`, { title: 'c', up: up.body.id }, { token });
    }
  });
  const as = (tenant: string, text: string, values: readonly unknown[] = []) =>
    t.app.db.runAs(tenant, plan(text), values);

  it('a statement without any condition sees and changes the rows of one account', async () => {
    const { rows } = await as(a.account.id, `select account_id from app_main.${table}`);
    expect(rows).toEqual([[a.account.id]]);
    expect((await as(a.account.id, `update app_main.${table} set title = 'mine'`)).rowCount).toBe(1);
    expect(
      (await as(a.account.id, `delete from app_main.${table} where account_id = $1`, [b.account.id])).rowCount,
    ).toBe(0);
    const titles = await t.app.db.query(`select account_id, title from app_main.${table} order by title`);
    expect(titles).toEqual([
      { account_id: b.account.id, title: 'c' },
      { account_id: a.account.id, title: 'mine' },
    ]);
    expect((await as('*', `select 1 from app_main.${table}`)).rowCount).toBe(2);
  });

  it('no row enters or joins another account', async () => {
    const insert = `insert into app_main.${table} (account_id, id, title) values ($1, gen_random_uuid(), 'x')`;
    await expect(as(a.account.id, insert, [b.account.id])).rejects.toMatchObject({ code: '42501' });
    const move = `update app_main.${table} set account_id = $1`;
    await expect(as(a.account.id, move, [b.account.id])).rejects.toMatchObject({ code: '42501' });
  });

  it('the role sees nothing without a setting and nothing of the server itself', async () => {
    expect((await as('', `select 1 from app_main.${table}`)).rowCount).toBe(0);
    for (const own of ['users', 'accounts', 'audit_changes', 'api_keys', 'collections'])
      await expect(as('*', `select 1 from snackbase.${own}`)).rejects.toMatchObject({ code: '42501' });
    await expect(as('*', `drop table app_main.${table}`)).rejects.toMatchObject({ code: '42501' });
  });

  it('role and account end with the statement, also when it fails, and in the midst of a transaction', async () => {
    const who = plan("select current_user::text, coalesce(current_setting('snackbase.account', true), '')");
    const [[owner] = []] = (await t.app.db.run(who, [])).rows;
    await as(a.account.id, 'select 1/0').catch(() => {});
    for (let i = 0; i < 8; i++) expect((await t.app.db.run(who, [])).rows).toEqual([[owner, '']]);
    await t.app.db.transaction(async (tx) => {
      const inside = await tx.runAs(a.account.id, who, []);
      expect(inside.rows).toEqual([['snackbase_runtime', a.account.id]]);
      expect((await tx.run(who, [])).rows).toEqual([[owner, '']]);
      expect((await tx.runAs(b.account.id, plan(`select account_id from app_main.${table}`), [])).rows).toEqual([
        [b.account.id],
      ]);
    });
  });

  it('the record path works under it: writes, references, cascades and their trail', async () => {
    const call = (method: string, path: string, body?: object) =>
      t.call(method, `/api/v1/records/${path}`, body, { token: a.token });
    const up = (await call('POST', parents, { title: 'up' })).body.id;
    const owner = (await call('POST', parents, { title: 'owner' })).body.id;
    const made = await call('POST', table, { title: 'child', up, owner });
    expect(made.status).toBe(201);
    expect((await call('PATCH', `${table}/${made.body.id}`, { title: 'changed' })).body.title).toBe('changed');
    expect((await call('GET', `${table}?title=changed`)).body.total).toBe(1);
    expect((await call('DELETE', `${parents}/${up}`)).status).toBe(204);
    expect((await call('GET', `${table}/${made.body.id}`)).body.up).toBe(null);
    expect((await call('DELETE', `${parents}/${owner}`)).status).toBe(204);
    expect((await call('GET', `${table}/${made.body.id}`)).status).toBe(404);
    const entries = await t.call('GET', `/api/v1/audit-logs?record_id=${made.body.id}&limit=100`, undefined, {
      token: a.token,
    });
    const operations = entries.body.items.map((e: { operation: string }) => e.operation);
    for (const one of ['CREATE', 'UPDATE', 'DELETE']) expect(operations).toContain(one);
    const listed = await t.call('GET', `/api/v1/records/${table}?limit=100`, undefined, { token: t.root });
    expect(new Set(listed.body.items.map((r: { account_id: string }) => r.account_id)).size).toBe(2);
  });

  it('a change of the definition keeps the belt, and a second one finds nothing to do', async () => {
    const path = `/api/v1/collections/${parents}`;
    const schema = [
      { name: 'title', type: 'text' },
      { name: 'more', type: 'number' },
    ];
    const first = await t.call('PUT', path, { schema }, { token: t.root });
    const second = await t.call('PUT', path, { schema }, { token: t.root });
    expect(second.body.revision).toBe(first.body.revision);
    expect((await as(a.account.id, `select distinct account_id from app_main.${parents}`)).rows).toEqual([
      [a.account.id],
    ]);
  });

  it.runIf(kind === 'postgres')('statements of many accounts on the same lanes never mix', async () => {
    const text = `select account_id, current_setting('snackbase.account') from app_main.${table}`;
    const asked = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? a : b).account.id);
    const answers = await Promise.all(asked.map((account) => as(account, text)));
    for (const [i, { rows }] of answers.entries()) for (const row of rows) expect(row).toEqual([asked[i], asked[i]]);
  });
});

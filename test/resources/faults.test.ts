// What a broken table answers on the second face: its own code, no SQL, and the server goes on.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, type Reply, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('faults of resources', () => {
  let t: TestApp;
  let acme: Tenant;
  let name: string;
  let id: string;
  const call = (method: string, rest: string, body?: Json) =>
    t.call(method, `/v1/${name}${rest}`, body, { token: acme.token });
  const sql = (text: string) => t.app.db.query(text, []);
  const isFault = ({ status, body, text }: Reply, code: string) => {
    expect([status, body.code], text).toEqual([500, code]);
    expect(text).not.toMatch(/select|insert|update "|app_main|relation|at .*\.ts/i);
  };

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    name = (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name;
    id = (await call('POST', '', { title: 'x' })).body.data.id;
  });

  it('S002-51 S002-52 S002-55 a table that went away', async () => {
    await sql(`alter table app_main.${name} rename to ${name}_away`);
    isFault(await call('GET', ''), 'RESOURCE_FETCH_ERROR');
    isFault(await call('POST', '', { title: 'y' }), 'RESOURCE_STORE_ERROR');
    isFault(await call('GET', `/${id}`), 'RESOURCE_FIND_ERROR');
    await sql(`alter table app_main.${name}_away rename to ${name}`);
    expect((await call('GET', `/${id}`)).status).toBe(200);
  });

  it('S002-53 S002-54 a trigger that raises', async () => {
    await sql(
      `create function app_main.no() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`,
    );
    await sql(
      `create trigger no before update or delete on app_main.${name} for each row execute function app_main.no()`,
    );
    isFault(await call('PATCH', `/${id}`, { title: 'y' }), 'RESOURCE_UPDATE_ERROR');
    isFault(await call('PUT', `/${id}`, { title: 'y' }), 'RESOURCE_UPDATE_ERROR');
    isFault(await call('DELETE', `/${id}`), 'RESOURCE_DELETE_ERROR');
    await sql(`drop trigger no on app_main.${name}`);
    expect((await call('PATCH', `/${id}`, { title: 'y' })).status).toBe(200);
  });

  it('S002-56 a definition that cannot be read', async () => {
    await sql(`update snackbase.collections set definition = '[{"type": "nonsense"}]' where name = '${name}'`);
    isFault(await call('GET', '/schema'), 'RESOURCE_SCHEMA_ERROR');
  });
});

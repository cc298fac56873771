// Apps under stress: rights that must not outlive them, changes beside readers and writers, hidden fields, manifests made to hurt.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('apps under stress', () => {
  let t: TestApp;
  let a: Tenant;
  let member: string;

  const root = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: t.root });
  const as = (token: string, method: string, path: string, body?: unknown) =>
    t.call(method, `/api/v1/apps/${path}`, body, { token });
  const deploy = (appId: string, entities: Json[]) => root('POST', '/api/v1/apps', { appId, entities });
  const grant = (...updates: Json[]) => root('PUT', '/api/v1/roles/2/permissions/bulk', { updates });
  const text = (name: string) => ({ name, type: 'text' });

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
    member = (await t.member(a.account.id)).token;
  });

  it('what was granted for an app goes with it, also where it has no entity', async () => {
    await deploy('em', []);
    expect((await grant({ collection: 'em.*', operation: 'read' })).status).toBe(200);
    expect((await root('DELETE', '/api/v1/apps/em')).status).toBe(204);
    await deploy('em', [{ name: 'notes', fields: [text('a')] }]);
    expect((await as(member, 'GET', 'em/collections/notes')).status).toBe(403);
    const trail = await root('GET', '/api/v1/audit-logs?table_name=permissions&record_id=em.*');
    expect(trail.body.items.length).toBeGreaterThan(0);
  });

  it('a visible computed field over a hidden one is filtered, alone and in federation', async () => {
    const identity = { identity_kind: 'who', identity_key: 'email' };
    const half = { name: 'shown', type: 'computed', expression: 'secret * 2' };
    await deploy('one', [
      { name: 'people', ...identity, fields: [text('email'), { name: 'secret', type: 'number' }, half] },
    ]);
    await deploy('two', [
      { name: 'people', ...identity, fields: [text('email'), text('secret'), { name: 'shown', type: 'number' }] },
    ]);
    await grant(
      { collection: 'one.people', operation: 'read', fields: ['email', 'shown'] },
      { collection: 'two.people', operation: 'read' },
    );
    await as(a.token, 'POST', 'one/collections/people', { email: 'x@x', secret: 2 });
    await as(a.token, 'POST', 'two/collections/people', { email: 'x@x', secret: 's', shown: 4 });
    expect((await as(member, 'GET', 'one/collections/people?shown=4')).body).toHaveLength(1);
    expect((await as(member, 'GET', 'one/collections/people?secret=2')).body.code).toBe('INVALID_FIELDS');
    const federated = (where: Json, token = member) =>
      t.call('POST', '/api/v1/federated/who/query', { where, orderBy: 'shown' }, { token });
    expect((await federated({ shown: 4 })).body.total).toBe(2);
    expect((await federated({ shown: 4, secret: null })).body.data.map((row: Json) => row._source.app)).toEqual([
      'one',
    ]);
    const hidden = await federated({ secret: 's' });
    expect([hidden.status, hidden.body.data.map((row: Json) => row._source.app)]).toEqual([200, ['two']]);
  });

  it('a field does not go while a permission that names it is being stored', async () => {
    const fields = (more: boolean) => [text('x'), ...(more ? [text('y')] : [])];
    for (let round = 0; round < 12; round++) {
      await grant({ collection: 'one.people', operation: 'read', fields: ['email', 'shown'] });
      await deploy('race', [{ name: 'rows', fields: fields(true) }]);
      const [one, other] = await Promise.all([
        deploy('race', [{ name: 'rows', fields: fields(false) }]),
        grant({ collection: 'race.rows', operation: 'read', rule: "y = 'a'" }),
      ]);
      expect([one.status, other.status].filter((status) => status === 200).length).toBeLessThan(2);
      expect((await as(member, 'GET', 'race/collections/rows')).status).toBeLessThan(500);
      await root('DELETE', '/api/v1/apps/race');
    }
  });

  it('types that change beside readers and writers fail nobody with a 5xx', async () => {
    const identity = { identity_kind: 'swap', identity_key: 'k' };
    const shape = (type: string) => [{ name: 'rows', ...identity, fields: [text('k'), { name: 'x', type }] }];
    await deploy('swap', shape('text'));
    await as(a.token, 'POST', 'swap/collections/rows', { k: 'k', x: '1' });
    let going = true;
    const seen = new Map<string, number>();
    const reader = async (ask: () => ReturnType<TestApp['call']>) => {
      while (going) {
        const { status, body } = await ask();
        const what = status < 400 ? 'ok' : `${status} ${body.code}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    };
    const at = '/api/v1/records/swap.rows';
    const call = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: a.token });
    const readers = [
      reader(() => call('GET', `${at}?filter=${encodeURIComponent("x = '1'")}`)),
      reader(() => call('GET', `${at}?sort=x`)),
      reader(() => call('POST', '/api/v1/federated/swap/query', { where: { x: '1' }, orderBy: 'x' })),
      reader(() => call('PATCH', `${at}/${'0'.repeat(8)}-0000-7000-8000-000000000000`, { k: 'z' })),
    ];
    for (let i = 0; i < 16; i++)
      expect((await deploy('swap', shape(i % 2 === 0 ? 'number' : 'text'))).status).toBe(200);
    going = false;
    await Promise.all(readers);
    expect([...seen.keys()].filter((what) => what.startsWith('5'))).toEqual([]);
    expect(seen.get('ok') ?? 0).toBeGreaterThan(5);
  });

  it('an entity keeps the case of its name', async () => {
    await deploy('cased', [{ name: 'Contacts', fields: [text('a')] }]);
    for (const query of ['', '?dry_run=true', '?allow_destructive=false']) {
      const manifest = { appId: 'cased', entities: [{ name: 'contacts', fields: [text('a')] }] };
      const reply = await root('POST', `/api/v1/apps${query}`, manifest);
      expect([reply.status, reply.body.errors[0].code, reply.body.errors[0].field]).toEqual([
        422,
        'name_taken',
        'entities.0.entity_name',
      ]);
    }
  });

  it('a check over a hidden field does not name it', async () => {
    await deploy('shy', [
      {
        name: 'rows',
        fields: [
          { name: 'x', type: 'number' },
          { name: 'secret_margin', type: 'number', default: 5 },
        ],
        checks: [{ expr: 'x > secret_margin' }],
      },
    ]);
    await grant({ collection: 'shy.rows', operation: 'create', fields: ['x'] });
    const hidden = await as(member, 'POST', 'shy/collections/rows', { x: 1 });
    expect([hidden.status, hidden.body.code, hidden.text.includes('secret')]).toEqual([
      400,
      'INVALID_RESOURCE_DATA',
      false,
    ]);
    expect((await as(a.token, 'POST', 'shy/collections/rows', { x: 1 })).text).toContain('secret_margin');
  });

  it('YAML: keys that stand twice, numbers without end, a great many keys', async () => {
    const yaml = (raw: string) =>
      t.call('POST', '/api/v1/apps', undefined, {
        token: t.root,
        raw,
        headers: { 'Content-Type': 'application/yaml' },
      });
    const twice = await yaml('app_id: x\napp_id: y\n');
    expect([twice.status, twice.body.message]).toEqual([400, expect.stringContaining('app_id')]);
    expect((await yaml('app_id: x\nversion: .inf\n')).body.code).toBe('INVALID_YAML');
    const began = performance.now();
    const many = await yaml(`app_id: x\n${Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join('\n')}\n`);
    expect(many.status).toBe(422);
    console.info(`40,000 keys: ${Math.round(performance.now() - began)} ms`);
    expect((await yaml(`app_id: x\ndescription: ${'x'.repeat(1_100_000)}\n`)).status).toBe(413);
  });
});

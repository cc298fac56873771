// Deploying manifests: what each difference becomes, what is refused, and that nothing happens by halves.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { crm, support } from './manifests.ts';

describe.runIf(available)('deploying apps', () => {
  let t: TestApp;
  let a: Tenant;

  const root = (method: string, path: string, body?: unknown) => t.call(method, path, body, { token: t.root });
  const deploy = (manifest: Json, query = '') => root('POST', `/api/v1/apps${query}`, manifest);
  const records = (method: string, path: string, body?: unknown) =>
    t.call(method, `/api/v1/apps/${path}`, body, { token: a.token });
  let counter = 0;
  /** An app with one entity `things` of these fields, deployed. */
  async function app(fields: Json[], more: Json = {}, rows: Json[] = []) {
    const appId = `app${counter++}`;
    const manifest = (now: Json[], extra: Json = more) => ({
      appId,
      dataContract: [{ entityName: 'things', fields: now, ...extra }],
    });
    const first = await deploy(manifest(fields));
    expect([first.status, first.text]).toEqual([200, first.text]);
    const at = `${appId}/collections/things`;
    const ids: string[] = [];
    for (const row of rows) ids.push((await records('POST', at, row)).body.id);
    return {
      appId,
      at,
      ids,
      manifest,
      /** Deploys other fields and answers the changes as `type column detail`. */
      to: async (now: Json[], extra: Json = more) => {
        const reply = await deploy(manifest(now, extra));
        const again = await deploy(manifest(now, extra));
        if (reply.status === 200) expect([again.body.changes, again.body.compliant]).toEqual([[], true]);
        return {
          ...reply,
          changes: ((reply.body.changes ?? []) as Json[]).map(({ change_type, column }) =>
            `${change_type} ${column}`.trim(),
          ),
        };
      },
      rows: async () => (await records('GET', `${at}?order=asc`)).body as Json[],
      schema: async () => (await root('GET', `/api/v1/apps/${appId}/schema`)).body.tables[0] as Json,
    };
  }

  beforeAll(async () => {
    t = await startApp({ log: 'error' });
    a = await t.tenant();
  });

  it('S004-01, 02, 87, 90 one document makes an app; the second deploy of it changes nothing', async () => {
    const dry = await deploy(crm(), '?dry_run=true');
    expect(dry.body).toMatchObject({ app: 'crm', applied: false, compliant: false });
    expect(dry.body.changes).toContainEqual({
      entity: 'contacts',
      change_type: 'create_table',
      column: '',
      detail: '10 fields',
    });
    expect((await root('GET', '/api/v1/apps/crm')).status).toBe(404);
    const made = await deploy(crm());
    expect([made.status, made.body.changes]).toEqual([200, dry.body.changes]);
    expect(made.body).toMatchObject({ app: 'crm', revision: 1, applied: true, compliant: false });
    expect((await records('POST', 'crm/collections/contacts', { first_name: 'Ada' })).status).toBe(201);
    expect((await deploy(crm())).body).toEqual({
      app: 'crm',
      revision: 1,
      applied: true,
      compliant: true,
      changes: [],
      settings: [],
    });
    expect((await root('GET', '/api/v1/apps/crm')).body).toMatchObject({
      id: 'crm',
      name: 'CRM',
      entities: ['contacts'],
      revision: 1,
      manifest: crm(),
    });
    expect((await root('GET', '/api/v1/apps')).body.items.map((one: Json) => one.id)).toEqual(['crm', 'main']);
    expect((await root('POST', '/api/v1/apps/schema/verify', crm())).body).toMatchObject({
      compliant: true,
      changes: [],
      applied: false,
    });
    const list = await root('GET', '/api/v1/apps/crm/deployments');
    expect(list.body).toMatchObject({
      total: 1,
      items: [{ app: 'crm', revision: 1, manifest: crm(), deployed_by: { kind: 'user' } }],
    });
  });

  it('YAML, PUT under its address, and what differs from the address', async () => {
    const yaml =
      'app_id: yaml_app\nentities:\n  - name: notes\n    fields:\n      - {name: text, type: string, required: true}\n';
    const headers = { 'Content-Type': 'application/yaml' };
    const put = (path: string, raw: string) => t.call('PUT', path, undefined, { token: t.root, raw, headers });
    expect((await put('/api/v1/apps/yaml_app', yaml)).body).toMatchObject({
      revision: 1,
      changes: [{ change_type: 'create_table' }],
    });
    expect((await put('/api/v1/apps/yaml_app', yaml.replace('app_id: yaml_app\n', ''))).body.changes).toEqual([]);
    const other = await put('/api/v1/apps/other', yaml);
    expect([other.status, other.body.errors[0].code]).toEqual([422, 'app_id_differs']);
    expect((await put('/api/v1/apps/yaml_app', 'a: [')).body.code).toBe('INVALID_YAML');
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
      .split('')
      .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
      .join('\n')}\n`;
    expect((await put('/api/v1/apps/yaml_app', bomb)).body.code).toBe('INVALID_YAML');
  });

  it('S004-91 new fields: old rows have null or the default, also where it is required', async () => {
    const x = await app([{ name: 'a', type: 'text' }], {}, [{ a: '1' }]);
    const { changes } = await x.to([
      { name: 'a', type: 'text' },
      { name: 'b', type: 'number' },
      { name: 'c', type: 'number', default: -5 },
      { name: 'd', type: 'text', required: true, default: 'a::b' },
    ]);
    expect(changes).toEqual(['add_column b', 'add_column c', 'add_column d']);
    expect(await x.rows()).toMatchObject([{ a: '1', b: null, c: -5, d: 'a::b' }]);
    const bare = await deploy(
      x.manifest([
        { name: 'a', type: 'text' },
        { name: 'e', type: 'text', required: true },
      ]),
    );
    expect([bare.status, bare.body.code]).toEqual([409, 'SCHEMA_SYNC_FAILED']);
  });

  it('S004-88, 92 a type change converts what is there, and is the only change', async () => {
    const x = await app(
      [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
      ],
      {},
      [{ a: '5' }, { a: '' }, { a: null }],
    );
    const { body, changes } = await x.to([
      { name: 'a', type: 'number' },
      { name: 'b', type: 'text' },
    ]);
    expect(changes).toEqual(['alter_type a']);
    expect(body.changes[0].detail).toBe('text → number');
    expect((await x.rows()).map(({ a }) => a)).toEqual([5, null, null]);
    const y = await app([{ name: 'a', type: 'text' }], {}, [{ a: 'five' }]);
    const refused = await y.to([{ name: 'a', type: 'number' }]);
    expect([refused.status, refused.body.code]).toEqual([409, 'SCHEMA_SYNC_FAILED']);
    expect(await y.rows()).toMatchObject([{ a: 'five' }]);
    const z = await app([{ name: 'a', type: 'json' }]);
    const never = await z.to([{ name: 'a', type: 'number' }]);
    expect([never.status, never.body.code]).toEqual([409, 'SCHEMA_SYNC_FAILED']);
  });

  it('S004-93…96 required and default come and go', async () => {
    const x = await app([{ name: 'a', type: 'text' }], {}, [{ a: 'x' }]);
    expect((await x.to([{ name: 'a', type: 'text', required: true }])).changes).toEqual(['set_not_null a']);
    expect((await records('POST', x.at, { a: null })).status).toBe(400);
    expect((await x.to([{ name: 'a', type: 'text', default: 'new' }])).changes.sort()).toEqual([
      'drop_not_null a',
      'set_default a',
    ]);
    expect((await records('POST', x.at, { a: null })).body.a).toBe(null);
    const { body } = await t.call('POST', `/api/v1/records/${x.appId}.things/bulk`, [{ a: null }], { token: a.token });
    expect(body[0].a).toBe(null);
    const refused = await x.to([{ name: 'a', type: 'text', required: true }]);
    expect([refused.status, refused.body.errors[0].code]).toEqual([409, 'required_has_nulls']);
    expect((await x.to([{ name: 'a', type: 'text' }])).changes).toEqual(['drop_default a']);
  });

  it('S004-97 another delete rule replaces the key', async () => {
    const manifest = (rule: string) => ({
      appId: 'rules',
      dataContract: [
        { entityName: 'parents', fields: [{ name: 'n', type: 'text' }] },
        {
          entityName: 'children',
          fields: [
            { name: 'parent', type: 'entity_link', references: { entity: 'parents', field: 'id' }, on_delete: rule },
          ],
        },
      ],
    });
    const parents = 'rules/collections/parents';
    const children = 'rules/collections/children';
    for (const [rule, expected] of [
      ['restrict', { status: 409, left: 1 }],
      ['cascade', { status: 200, left: 0 }],
      ['set_null', { status: 200, left: 1 }],
    ] as const) {
      const { status, body } = await deploy(manifest(rule));
      expect(status).toBe(200);
      if (rule !== 'restrict')
        expect(body.changes.map((one: Json) => one.change_type)).toEqual(['alter_fk_delete_rule']);
      const parent = (await records('POST', parents, { n: 'p' })).body.id as string;
      const child = (await records('POST', children, { parent })).body.id as string;
      expect((await records('DELETE', `${parents}/${parent}`)).status).toBe(expected.status);
      const left = (await records('GET', `${children}?id=${child}`)).body as Json[];
      expect(left).toHaveLength(expected.left);
      if (rule === 'set_null') expect(left[0].parent).toBe(null);
    }
  });

  it('S004-98, 99 removed fields and entities go with their data, unless they are to stay', async () => {
    const x = await app(
      [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
      ],
      {},
      [{ a: 'x', b: 'y' }],
    );
    const kept = await deploy(x.manifest([{ name: 'a', type: 'text' }]), '?allow_destructive=false');
    expect(kept.body.changes).toEqual([]);
    expect((await x.to([{ name: 'a', type: 'text' }])).changes).toEqual(['drop_column b']);
    expect(Object.keys((await x.rows())[0])).not.toContain('b');
    expect((await records('GET', `${x.at}?b=y`)).status).toBe(400);
    const empty = { appId: x.appId, dataContract: [] };
    expect((await deploy(empty, '?allow_destructive=false')).body.changes).toEqual([]);
    expect((await records('GET', x.at)).status).toBe(200);
    expect((await deploy(empty)).body.changes).toMatchObject([{ entity: 'things', change_type: 'drop_table' }]);
    expect((await records('GET', x.at)).status).toBe(404);
  });

  it('S004-100, 105 indexes are ours by their tag: changed ones are replaced, others keep their id', async () => {
    const fields = [
      { name: 'a', type: 'text' },
      { name: 'n', type: 'number', default: -5 },
      { name: 'deep', type: 'json', default: { a: [1, { b: null }] } },
    ];
    const declared = (where: string) => ({
      indexes: [
        { name: 'by_a', columns: ['a'] },
        { name: 'by_n', columns: [{ column: 'n', sort: 'desc', nulls: 'last' }, 'a'], unique: true, where },
        { columns: [{ expr: 'lower(a)' }] },
      ],
    });
    const x = await app(fields, declared('n > 0'), [{ a: 'x', n: 1 }]);
    const ids = async () =>
      Object.fromEntries(((await x.schema()).indexes as Json[]).map((one) => [one.name, one.object_id]));
    const before = await ids();
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['by_a', 'by_n']));
    await t.app.db.query(`create index by_hand on app_${x.appId}.things (a)`);
    const { changes } = await x.to(fields, declared('n > 1'));
    expect(changes).toHaveLength(1);
    expect(changes[0]).toContain('replace_index');
    const after = await ids();
    expect(after.by_n).not.toBe(before.by_n);
    expect({ ...after, by_n: 0, by_hand: 0 }).toEqual({ ...before, by_n: 0, by_hand: 0 });
    expect((await x.to(fields, { indexes: [] })).changes.every((one) => one.startsWith('drop_index'))).toBe(true);
    expect(Object.keys(await ids())).toContain('by_hand');
  });

  it('a unique index over several columns speaks for itself', async () => {
    const fields = [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'text' },
    ];
    const x = await app(fields, { indexes: [{ columns: ['a', 'b'], unique: true }] }, [
      { a: '1', b: '1' },
      { a: '1', b: '2' },
    ]);
    const twice = await records('POST', x.at, { a: '1', b: '2' });
    expect([twice.status, twice.body.code]).toEqual([409, 'RESOURCE_CONFLICT']);
    const b = await t.tenant();
    expect((await t.call('POST', `/api/v1/apps/${x.at}`, { a: '1', b: '2' }, { token: b.token })).status).toBe(201);
  });

  it('S004-101 checks and enums', async () => {
    const enumerated = (values: string[], expr = 'n > 0') =>
      [
        [
          { name: 's', type: 'text', enum_values: values },
          { name: 'tags', type: '[text]', enum_values: ['x', 'y'] },
          { name: 'n', type: 'number' },
        ],
        { checks: [{ name: 'positive', expr }] },
      ] as const;
    const [fields, more] = enumerated(['a', 'b']);
    const x = await app([...fields], more, [{ s: 'a', tags: ['x'], n: 1 }]);
    await t.app.db.query(`alter table app_${x.appId}.things add constraint by_hand check (n < 1000)`);
    const refused = await records('POST', x.at, { s: 'a', n: -1 });
    expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_RESOURCE_DATA']);
    expect((await records('POST', x.at, { s: 'a', n: null })).status).toBe(201);
    expect((await records('POST', x.at, { tags: ['z'] })).status).toBe(400);
    expect((await x.to([...enumerated(['a', 'b', 'c'])[0]], more)).changes).toEqual(['replace_check s']);
    expect((await records('POST', x.at, { s: 'c' })).status).toBe(201);
    const narrow = await x.to([...enumerated(['a', 'b'])[0]], more);
    expect([narrow.status, narrow.body.errors[0].code]).toEqual([409, 'enum_has_others']);
    expect(
      (await x.to([...enumerated(['a', 'b', 'c'])[0]], { checks: [{ name: 'positive', expr: '  n   >  0 ' }] }))
        .changes,
    ).toEqual([]);
    expect(
      (
        await x.to([...enumerated(['a', 'b', 'c'])[0]], { checks: [{ name: 'positive', expr: 'n >= 1' }] })
      ).changes.join(),
    ).toContain('replace_check');
    expect((await x.schema()).checks.map((one: Json) => one.name)).toEqual(
      expect.arrayContaining(['by_hand', 'positive']),
    );
    expect((await records('POST', x.at, { s: 'a', n: 5000 })).status).toBe(400);
  });

  it('S004-103 a column and an index on it come in one deploy, columns first', async () => {
    const x = await app([{ name: 'a', type: 'text' }]);
    const { changes } = await x.to(
      [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
      ],
      { indexes: [{ columns: ['b'] }], checks: [{ expr: 'length(b) < 10' }] },
    );
    expect(changes[0]).toBe('add_column b');
    expect(changes.slice(1).every((one) => /^add_(index|check)/.test(one))).toBe(true);
  });

  it('S004-89, 102, 104 a failure in the second table leaves both as they were', async () => {
    const manifest = (type: string, extra: Json[]) => ({
      appId: 'halves',
      dataContract: [
        { entityName: 'aaa', fields: [{ name: 'x', type: 'text' }, ...extra] },
        { entityName: 'bbb', fields: [{ name: 'y', type }, ...extra] },
      ],
    });
    expect((await deploy(manifest('text', []))).status).toBe(200);
    await records('POST', 'halves/collections/bbb', { y: 'not a number' });
    const before = (await root('GET', '/api/v1/apps/halves/schema')).body;
    const failed = await deploy(manifest('number', [{ name: 'z', type: 'text' }]));
    expect([failed.status, failed.body.code]).toEqual([409, 'SCHEMA_SYNC_FAILED']);
    expect(failed.body.message).toContain('bbb');
    expect((await root('GET', '/api/v1/apps/halves/schema')).body).toEqual(before);
    expect((await root('GET', '/api/v1/apps/halves')).body).toMatchObject({
      revision: 1,
      manifest: manifest('text', []),
    });
    expect((await records('POST', 'halves/collections/aaa', { x: '1' })).status).toBe(201);
    expect((await records('POST', 'halves/collections/aaa', { z: '1' })).body.code).toBe('INVALID_FIELDS');
  });

  it('S004-87 what was changed by hand in the database is repaired', async () => {
    const x = await app(
      [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'number', required: true, default: 1 },
      ],
      {},
      [{ a: 'x' }],
    );
    await t.app.db.query(
      `alter table app_${x.appId}.things drop column a, alter column b drop not null, alter column b drop default`,
    );
    const manifest = x.manifest([
      { name: 'a', type: 'text' },
      { name: 'b', type: 'number', required: true, default: 1 },
    ]);
    const { body } = await deploy(manifest);
    expect(body.changes.map((one: Json) => `${one.change_type} ${one.column}`)).toEqual([
      'add_column a',
      'set_default b',
      'set_not_null b',
    ]);
    expect((await deploy(manifest)).body.compliant).toBe(true);
    expect(await x.rows()).toMatchObject([{ a: null, b: 1 }]);
  });

  it('S004-77, 106 every problem of a manifest is told at once, with 422', async () => {
    const bad = {
      appId: 'bad',
      surprise: 1,
      dataContract: [
        {
          entityName: 'one',
          fields: [
            { name: 'id', type: 'uuid' },
            { name: 'a', type: 'txet' },
          ],
          extra: true,
        },
        {
          entityName: 'two',
          fields: [
            { name: 'created_at', type: 'timestamp' },
            { name: 'b', type: 'text' },
            { name: 'B', type: 'text' },
          ],
          identityKind: 'thing',
        },
        { entityName: 'three', fields: [{ name: 'c', type: 'text' }], identityKind: 'thing', identityKey: 'nope' },
        { entityName: 'Three', fields: [{ name: 'c', type: 'text' }] },
        { entityName: 'four', fields: [{ name: 'r', type: 'entity_link', references: { entity: 'core:users' } }] },
        {
          entityName: 'five',
          fields: [{ name: 'd', type: 'number', default: 1, min: 2, max: 1 }],
          indexes: [{ columns: ['nope'] }],
          checks: [{ expr: 'd >' }],
        },
      ],
    };
    const { status, body } = await deploy(bad);
    expect([status, body.code]).toEqual([422, 'INVALID_REQUEST']);
    const fields = body.errors.map((one: Json) => one.field) as string[];
    expect(fields).toEqual(
      expect.arrayContaining([
        'surprise',
        'dataContract.0.extra',
        'dataContract.0.fields.1.type',
        'dataContract.1.fields.0.name',
        'dataContract.1.fields.2.name',
        'dataContract.1.identity_key',
        'dataContract.2.identity_key',
        'dataContract.3.entity_name',
        'dataContract.4.fields.0.collection',
        'dataContract.5.fields.0.min',
        'dataContract.5.indexes.0.columns.0.column',
        'dataContract.5.checks.0.expr',
      ]),
    );
    for (const appId of ['main', 'core', 'pg_x', '1a', 'A', 'a-b', '', 'x'.repeat(64)])
      expect([appId, (await deploy({ appId, dataContract: [] })).status]).toEqual([appId, 422]);
    for (const body of [null, [], 'x', 7]) expect((await root('POST', '/api/v1/apps', body)).status).toBe(422);
    expect((await root('GET', '/api/v1/apps/bad')).status).toBe(404);
  });

  it('references in a circle, to the entity itself and to other apps', async () => {
    const link = (name: string, entity: string, more = {}) => ({
      name,
      type: 'entity_link',
      references: { entity, field: 'id' },
      ...more,
    });
    const manifest = {
      appId: 'circle',
      dataContract: [
        { entityName: 'a', fields: [link('b', 'b'), link('itself', 'a')] },
        { entityName: 'b', fields: [link('a', 'a'), link('contact', 'crm.contacts')] },
      ],
    };
    expect((await deploy(manifest)).status).toBe(200);
    expect((await deploy(manifest)).body.changes).toEqual([]);
    const gone = await root('DELETE', '/api/v1/apps/crm');
    expect([gone.status, gone.body.code]).toEqual([409, 'COLLECTION_REFERENCED']);
    expect((await root('DELETE', '/api/v1/apps/circle')).status).toBe(204);
    expect((await root('GET', '/api/v1/apps/circle')).status).toBe(404);
    expect((await root('GET', '/api/v1/apps/circle/deployments')).body.total).toBe(1);
  });

  it('what belongs to an app is changed by its manifest; rules and state by whoever manages it', async () => {
    const managed = [
      ['PATCH', { schema: [{ name: 'x', type: 'text' }] }],
      ['PATCH', { soft_delete: true }],
      ['DELETE', undefined],
    ] as const;
    for (const [method, body] of managed) {
      const reply = await root(method, '/api/v1/collections/crm.contacts', body);
      expect([reply.status, reply.body.code]).toEqual([409, 'APP_MANAGED']);
    }
    expect(
      (await root('PATCH', '/api/v1/collections/crm.contacts', { list_rule: 'active = true', enabled: false })).status,
    ).toBe(200);
    expect((await records('GET', 'crm/collections/contacts')).body.code).toBe('RESOURCE_DISABLED');
    expect((await deploy(crm([{ name: 'more', type: 'text' }]))).body.changes).toHaveLength(1);
    expect((await root('GET', '/api/v1/collections/crm.contacts')).body).toMatchObject({
      list_rule: 'active = true',
      enabled: false,
    });
    await root('PATCH', '/api/v1/collections/crm.contacts', { list_rule: null, enabled: true });
  });

  it('only superadmins and keys with the scope deploy', async () => {
    for (const token of [a.token, null])
      expect((await t.call('POST', '/api/v1/apps', support(), { token })).status).toBe(token === null ? 401 : 403);
    const key = async (scopes: Json) => (await root('POST', '/api/v1/api-keys', { name: 'deploy', scopes })).body;
    const may = await key({ apps: { deploy: '*' } });
    expect((await t.call('POST', '/api/v1/apps', support(), { token: may.key })).status).toBe(200);
    expect((await t.call('GET', '/api/v1/apps/support/schema', undefined, { token: may.key })).status).toBe(200);
    expect((await t.call('GET', '/api/v1/users', undefined, { token: may.key })).body.code).toBe(
      'KEY_PERMISSION_DENIED',
    );
    const reads = await key({ 'support.contacts': { read: '*' } });
    expect((await t.call('POST', '/api/v1/apps', support(), { token: reads.key })).body.code).toBe(
      'KEY_PERMISSION_DENIED',
    );
    const own = (
      await t.call('POST', '/api/v1/api-keys', { name: 'no', scopes: { apps: { deploy: '*' } } }, { token: a.token })
    ).body;
    expect((await t.call('POST', '/api/v1/apps', support(), { token: own.key })).status).toBe(403);
    const token = (await root('POST', '/api/v1/admin/api-keys', { name: 'deployer' })).body;
    expect((await t.call('POST', '/api/v1/apps', support(), { token: token.key })).body.changes).toEqual([]);
  });

  it('two deploys at once and eight writers meanwhile: nothing is lost, nothing fails without a reason', async () => {
    const x = await app([
      { name: 'a', type: 'text' },
      { name: 'n', type: 'number' },
    ]);
    let stored = 0;
    const outcomes = new Map<string, number>();
    let going = true;
    const writer = async () => {
      while (going) {
        const reply = await records('POST', x.at, { a: String(stored), n: 1 });
        if (reply.status === 201) stored++;
        const what = reply.status === 201 ? '201' : `${reply.status} ${reply.body.code}`;
        outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
      }
    };
    const writers = Array.from({ length: 8 }, writer);
    for (let i = 0; i < 6; i++) {
      const fields = [
        { name: 'a', type: 'text' },
        { name: 'n', type: 'number' },
        ...(i % 2 === 0 ? [{ name: `extra${i}`, type: 'text', required: true, default: 'x' }] : []),
      ];
      const both = await Promise.all([
        deploy(x.manifest(fields)),
        deploy(x.manifest(fields, { indexes: [{ columns: ['n'] }] })),
      ]);
      for (const { status, body } of both)
        if (status !== 200) expect([409, 503]).toContain(status + (body.code === undefined ? 1000 : 0));
      expect(both.some(({ status }) => status === 200)).toBe(true);
    }
    going = false;
    await Promise.all(writers);
    expect([...outcomes.keys()].filter((what) => !/^(201|409 WRITE_CONFLICT|503 )/.test(what))).toEqual([]);
    expect((await x.rows()).length).toBe(stored);
    expect(stored).toBeGreaterThan(20);
  });

  it('200 entities', async () => {
    const entity = (i: number) => ({
      entityName: `entity_${i}`,
      fields: [
        { name: 'title', type: 'text', required: true },
        { name: 'n', type: 'number', default: i },
        { name: 'state', type: 'text', enum: ['a', 'b'] },
        ...(i === 0 ? [] : [{ name: 'parent', type: 'reference', collection: `entity_${i - 1}` }]),
      ],
      indexes: [{ columns: ['n'] }],
    });
    const manifest = { appId: 'wide', dataContract: Array.from({ length: 200 }, (_, i) => entity(i)) };
    const took = async () => {
      const began = performance.now();
      const reply = await deploy(manifest);
      return { ...reply, ms: Math.round(performance.now() - began) };
    };
    const first = await took();
    const second = await took();
    console.info(`200 entities on ${kind}: ${first.ms} ms, again ${second.ms} ms`);
    expect([first.status, first.body.changes.length > 200]).toEqual([200, true]);
    expect(second.body).toMatchObject({ changes: [], compliant: true });
    expect((await records('POST', 'wide/collections/entity_199', { title: 'x' })).status).toBe(201);
    expect((await root('DELETE', '/api/v1/apps/wide')).status).toBe(204);
  });
});

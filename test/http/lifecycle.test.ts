// Hooks in code, on every way of writing: they see and change what is stored, stop it, and are part of its transaction.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AbortHook } from '../../server/lifecycle/service.ts';
import { available, type Json, kind, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const SCHEMA = [
  { name: 'title', type: 'text', required: true, max_length: 40 },
  { name: 'rank', type: 'number', default: 1 },
  { name: 'secret', type: 'text' },
];

describe.runIf(available)('lifecycle hooks of records', () => {
  let t: TestApp;
  let a: Tenant;
  const offs: (() => void)[] = [];
  const on = ((...args: [never, never, never]) => {
    offs.push(t.app.hooks.on(...args));
  }) as unknown as TestApp['app']['hooks']['on'];
  const fresh = async (more: Json = {}) => (await t.collection({ schema: SCHEMA, ...more })).name as string;
  const call = (method: string, path: string, body?: unknown, more: Json = {}) =>
    t.call(method, `/api/v1${path}`, body, { token: a.token, ...more });
  const post = (path: string, body: unknown, more?: Json) => call('POST', path, body, more);
  const rows = async (name: string) => (await call('GET', `/records/${name}?sort=created_at`)).body.items as Json[];
  const titles = async (name: string) => (await rows(name)).map(({ title }) => title);

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
  });
  afterEach(() => {
    for (const off of offs.splice(0)) off();
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
    });
    on('on_record_before_create', { collection: [name] }, ({ data }) => ({ ...data, secret: `after ${data.title}` }));
    on('on_record_before_create', { collection: 'elsewhere' }, (event) => event.abort('not here'));
    const made = await post(`/records/${name}`, { title: 'x' });
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ title: 'x!', rank: 1, secret: 'after x!', created_by: a.user.id });
    expect(seen).toEqual([{ title: 'x', rank: 1, secret: null }]);
    const { items } = (await call('GET', `/records/${name}/${made.body.id}/history`)).body;
    expect(items[0].record.title).toBe('x!');
  });

  it('S000-51 the order is that of priorities, not of creation; equal ones in order of registration', async () => {
    const name = await fresh();
    const order: string[] = [];
    const note = (text: string, priority?: number) =>
      on('on_record_before_create', priority === undefined ? {} : { priority }, () => void order.push(text));
    note('low', -5);
    note('first of equals');
    note('high', 100);
    on('on_model_before_create', { priority: 50 }, () => void order.push('model'));
    note('second of equals', 0);
    await post(`/records/${name}`, { title: 'x' });
    expect(order).toEqual(['high', 'model', 'first of equals', 'second of equals', 'low']);
  });

  it('S000-52 an abort stores nothing: no row, no audit entry, no event, nothing that hooks did before', async () => {
    const name = await fresh();
    const other = await fresh();
    const seen: Json[] = [];
    on('on_record_after_create', (event) => void seen.push(event.collection));
    await new Promise((resolve) => setTimeout(resolve, 100));
    let refuse = true;
    on('on_record_before_create', { collection: name, priority: 1 }, async (event) => {
      const made = await event.records.create(other, { title: 'side effect' });
      expect(await event.records.get(other, String(made.id))).toMatchObject({ title: 'side effect' });
    });
    on('on_record_before_create', { collection: name }, (event) => {
      if (refuse && event.data.title === 'teapot') throw new AbortHook('Short and stout.', 409);
      if (refuse) event.abort('No orders today.');
    });
    const key = { headers: { 'Idempotency-Key': unique('key') } };
    const plain = await post(`/records/${name}`, { title: 'x' }, key);
    expect([plain.status, plain.body.code, plain.body.message]).toEqual([400, 'HOOK_ABORTED', 'No orders today.']);
    const own = await post(`/records/${name}`, { title: 'teapot' });
    expect([own.status, own.body.code, own.body.message]).toEqual([409, 'HOOK_ABORTED', 'Short and stout.']);
    expect([await rows(name), await rows(other)]).toEqual([[], []]);
    const audit = await call('GET', `/audit-logs?table_name=${name}`);
    expect(audit.body.total, audit.text).toBe(0);
    // The refusal is not kept for the key: the same request goes well once the hook lets it.
    refuse = false;
    expect((await post(`/records/${name}`, { title: 'x' }, key)).status).toBe(201);
    expect(await titles(other)).toEqual(['side effect']);
    await expect.poll(() => seen, { timeout: 10_000 }).toHaveLength(2);
    expect(seen.sort()).toEqual([`main.${name}`, `main.${other}`].sort());
  });

  it('every way of writing goes through the hooks', async () => {
    const name = await fresh({ soft_delete: true });
    const heard: string[] = [];
    on('on_record_before_create', { collection: name }, (event) => {
      heard.push('create');
      event.data.title = `${event.data.title}+`;
    });
    on('on_record_before_update', { collection: name }, (event) => {
      heard.push(event.restore ? 'restore' : `update ${event.old.title}`);
      if (!event.restore) event.data.title = `${event.data.title}~`;
    });
    on('on_record_before_delete', { collection: name }, (event) => {
      heard.push(`${event.purge ? 'purge' : 'delete'} ${event.old.title}`);
    });
    const told = (...expected: string[]) => expect(heard.splice(0)).toEqual(expected);
    const base = `/records/${name}`;
    const { id } = (await post(base, { title: 'a' })).body;
    told('create');
    expect((await call('PATCH', `${base}/${id}`, { title: 'b' })).body).toMatchObject({ title: 'b~', rank: 1 });
    told('update a+');
    expect((await call('PUT', `${base}/${id}`, { title: 'c' })).body).toMatchObject({ title: 'c~', rank: 1 });
    told('update b~');
    const many = await post(`${base}/batch`, { records: [{ title: 'm' }, { title: 'n' }] });
    expect(many.body.created.map((one: Json) => one.title)).toEqual(['m+', 'n+']);
    told('create', 'create');
    const [m, n] = many.body.created;
    const changed = await call('PATCH', `${base}/batch`, {
      records: [
        { id: m.id, data: { title: 'o' } },
        { id: n.id, data: { rank: 7 } },
      ],
    });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body.updated.map((one: Json) => one.title)).toEqual(['o~', 'undefined~']);
    told('update m+', 'update n+');
    expect((await call('DELETE', `${base}/batch`, { ids: [m.id] })).status).toBe(200);
    told('delete o~');
    const bulk = await post(`/apps/main/collections/${name}/bulk`, [{ title: 'p' }]);
    expect(bulk.body[0]?.title, bulk.text).toBe('p+');
    told('create');
    const both = await post('/batch', {
      operations: [
        { op: 'create', collection: name, data: { title: 'q' } },
        { op: 'update', collection: name, id: n.id, data: { title: 'r' } },
        { op: 'delete', collection: name, id: n.id },
      ],
    });
    expect(both.status, both.text).toBe(200);
    told('create', 'update undefined~', 'delete r~');
    const imported = await t.call('POST', `/api/v1${base}/import`, undefined, {
      token: a.token,
      raw: '{"title":"s"}\n{"title":"t"}\n',
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    expect(imported.body, imported.text).toMatchObject({ created: 2, rejected: 0 });
    told('create', 'create');
    const managed = await t.call(
      'POST',
      `/api/v1/admin/records/${name}`,
      { account_id: a.account.id, title: 'u' },
      { token: t.root },
    );
    expect(managed.body.title, managed.text).toBe('u+');
    told('create');
    const v1 = await t.call('POST', `/v1/${name}`, { title: 'v' }, { token: a.token });
    expect(v1.body.data.title, v1.text).toBe('v+');
    told('create');
    expect((await call('DELETE', `${base}/${id}`)).status).toBe(204);
    told('delete c~');
    expect((await post(`${base}/${id}/restore`, undefined)).status).toBe(200);
    told('restore');
    expect((await call('DELETE', `${base}/${id}?purge=true`)).status).toBe(204);
    told('purge c~');
  });

  it('a hook that refuses one item undoes the whole batch and names its place', async () => {
    const name = await fresh();
    on('on_record_before_create', { collection: name }, (event) => {
      if (event.data.title === 'bad') throw new AbortHook('Not this one.', 422);
    });
    const records = [{ title: 'good' }, { title: 'bad' }];
    const refused = await post(`/records/${name}/batch`, { records });
    expect([refused.status, refused.body.code]).toEqual([422, 'HOOK_ABORTED']);
    expect(refused.body.errors).toEqual([expect.objectContaining({ index: 1, message: 'Not this one.' })]);
    const operations = records.map((data) => ({ op: 'create', collection: name, data }));
    const other = await post('/batch', { operations });
    expect([other.status, other.body.errors[0].index]).toEqual([422, 1]);
    expect(await rows(name)).toEqual([]);
    const raw = records.map((one) => JSON.stringify(one)).join('\n');
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const imported = await t.call('POST', `/api/v1/records/${name}/import`, undefined, {
      token: a.token,
      raw,
      headers,
    });
    expect(imported.body).toMatchObject({ created: 1, rejected: 1 });
    expect(imported.body.rejects[0]).toMatchObject({ line: 2, errors: [{ message: 'Not this one.' }] });
    expect(imported.body.rejects[0].errors[0]).not.toHaveProperty('index');
  });

  it('what hooks made is judged again; their own mistakes are 500 without a trace, and nothing is stored', async () => {
    const name = await fresh({ create_rule: 'rank < 10', fields: undefined });
    let title: unknown = 'x'.repeat(41);
    on('on_record_before_create', { collection: name }, (event) => {
      event.data.title = title;
      if (title === 'far') event.data.rank = 50;
      if (title === 'throw') throw new Error('SQL password stack');
      if (title === 'unknown') event.data.nowhere = 1;
    });
    const refused = await post(`/records/${name}`, { title: 'a' });
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'title']);
    title = 'far';
    const ruled = await post(`/records/${name}`, { title: 'a' });
    expect([ruled.status, ruled.body.code]).toEqual([403, 'FORBIDDEN']);
    for (const wrong of ['throw', 'unknown']) {
      title = wrong;
      const failed = await post(`/records/${name}`, { title: 'a' });
      expect([failed.status, failed.body.code], failed.text).toEqual([500, 'HOOK_FAILED']);
      expect(failed.text).not.toMatch(/password|nowhere/);
    }
    expect(await rows(name)).toEqual([]);
    // The caller's own limits hold for what he sent, whatever the hooks would make of it.
    title = 'fine';
    expect((await post(`/records/${name}`, { title: 5 })).status).toBe(400);
    expect((await post(`/records/${name}`, { title: 'a' })).status).toBe(201);
  });

  it('hooks write fields that the caller may not, and see the record whole', async () => {
    const name = await fresh();
    const user = await t.member(a.account.id);
    await t.call('PUT', `/api/v1/collections/${name}`, { permissions: [] }, { token: t.root });
    const rules = {
      create_rule: 'true',
      update_rule: 'true',
      list_rule: 'true',
      view_rule: 'true',
      create_fields: ['title'],
      update_fields: ['title'],
      list_fields: ['title'],
      view_fields: ['title'],
    };
    const set = await t.call('PUT', `/api/v1/collections/${name}`, rules, { token: t.root });
    expect(set.status, set.text).toBe(200);
    on('on_record_before_create', { collection: name }, (event) => {
      event.data.secret = 'kept';
    });
    on('on_record_before_update', { collection: name }, (event) => {
      expect(event.old.secret).toBe('kept');
      event.data.secret = 'changed';
    });
    const mine = { token: user.token };
    const made = await post(`/records/${name}`, { title: 'a' }, mine);
    expect(made.status, made.text).toBe(201);
    expect(made.body).not.toHaveProperty('secret');
    expect((await post(`/records/${name}`, { title: 'a', secret: 'b' }, mine)).status).toBe(400);
    const changed = await call('PATCH', `/records/${name}/${made.body.id}`, { title: 'b' }, mine);
    expect(changed.status, changed.text).toBe(200);
    expect(
      (await t.call('GET', `/api/v1/records/${name}/${made.body.id}`, undefined, { token: t.root })).body,
    ).toMatchObject({
      title: 'b',
      secret: 'changed',
    });
  });

  it('a hook that takes too long fails, one that is not to stop anything is left out', async () => {
    const name = await fresh();
    on('on_record_before_create', { collection: name, timeoutMs: 100 }, (event) =>
      event.data.title === 'slow' ? new Promise((resolve) => setTimeout(resolve, 400)) : undefined,
    );
    on('on_record_before_create', { collection: name, stopOnError: false }, (event) => {
      event.data.secret = 'half done';
      if (event.data.title !== 'good') throw new Error('broken');
    });
    const slow = await post(`/records/${name}`, { title: 'slow' });
    expect([slow.status, slow.body.code]).toEqual([500, 'HOOK_FAILED']);
    expect((await post(`/records/${name}`, { title: 'odd' })).body).toMatchObject({ title: 'odd', secret: null });
    expect((await post(`/records/${name}`, { title: 'good' })).body).toMatchObject({ secret: 'half done' });
  });

  it('hooks that set each other off come to an end, and nothing of it stays', async () => {
    const name = await fresh();
    const depths: (number | null)[] = [];
    on('on_record_before_create', { collection: name, id: unique('endless') }, async (event) => {
      depths.push(event.ctx.automation?.depth ?? null);
      await event.records.create(name, { title: 'again' });
    });
    const refused = await post(`/records/${name}`, { title: 'x' });
    expect([refused.status, refused.body.code]).toEqual([409, 'HOOK_ABORTED']);
    expect(refused.body.message).toContain('endless');
    expect(depths).toEqual([null, 1, 2, 3, 4]);
    expect(await rows(name)).toEqual([]);
  });

  it('a write that a hook attempts in vain does not break the transaction', async () => {
    const name = await fresh();
    const other = await fresh({ schema: [{ name: 'code', type: 'text', unique: true }] });
    await post(`/records/${other}`, { code: 'one' });
    on('on_record_before_create', { collection: name }, async (event) => {
      const code = await event.records.create(other, { code: 'one' }).catch((error) => error.code);
      event.data.secret = code;
      expect((await event.records.list(other, { filter: 'code = "one"' })).total).toBe(1);
      await event.records.create(other, { code: event.recordId });
    });
    expect((await post(`/records/${name}`, { title: 'x' })).body.secret).toBe('RESOURCE_CONFLICT');
    expect(await rows(other)).toHaveLength(2);
  });

  it('queries: what is asked for and what is answered may be changed, under the rules of the caller', async () => {
    const name = await fresh();
    for (const [title, rank] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      await post(`/records/${name}`, { title, rank });
    const [{ id }] = (await rows(name)) as [Json];
    on('on_record_before_query', { collection: name }, (event) => {
      if (event.operation !== 'view') event.query.filter = 'rank > 1';
      if (event.operation === 'aggregate' && event.ctx.userId === null) event.abort('Never.');
    });
    on('on_record_after_query', { collection: name }, (event) => {
      for (const item of event.items) item.title = `<${item.title}>`;
    });
    const list = await call('GET', `/records/${name}?sort=rank`);
    expect([list.body.total, list.body.items.map((one: Json) => one.title)]).toEqual([2, ['<b>', '<c>']]);
    expect((await call('GET', `/records/${name}/${id}`)).body.title).toBe('<a>');
    expect((await call('GET', `/records/${name}/aggregate?functions=count()`)).body.results[0].count).toBe(2);
    const out = await t.call('GET', `/api/v1/records/${name}/export?format=ndjson`, undefined, { token: a.token });
    expect(out.text.trim().split('\n')).toHaveLength(2);
    expect(out.text).toContain('<c>');
    expect((await t.call('GET', `/v1/${name}`, undefined, { token: a.token })).body.data).toHaveLength(2);
    on('on_record_before_query', { collection: name }, ({ query }) => ({ ...query, sort: 'nowhere' }));
    expect((await call('GET', `/records/${name}`)).body.code).toBe('INVALID_FIELDS');
    on('on_record_before_query', { collection: name }, ({ query }) => ({ ...query, limit: 'many' }));
    expect((await call('GET', `/records/${name}`)).body.code).toBe('HOOK_FAILED');
  });

  it('built-in steps are listed and cannot be removed; odd registrations are refused', async () => {
    const { hooks } = t.app;
    const order = hooks.list().filter(({ event }) => event === 'on_record_before_create');
    expect(order.map(({ id }) => id)).toEqual([
      'builtin.account_isolation',
      'builtin.rules',
      'builtin.validation',
      'builtin.validation_again',
      'builtin.final_rule',
      'builtin.created_by',
      'builtin.timestamps',
      'builtin.audit_capture',
      'builtin.event',
    ]);
    expect(() => hooks.off('builtin.timestamps')).toThrow(/built in/);
    expect(() => hooks.on('on_nothing' as never, () => {})).toThrow(/no event/);
    expect(() => hooks.on('on_serve', { collection: 'x' }, () => {})).toThrow(/no collection/);
    expect(() => hooks.on('on_serve', { priority: Number.NaN }, () => {})).toThrow(/priority/);
    expect(() => new AbortHook('x', 500)).toThrow(RangeError);
    expect(() => new AbortHook('x', 200)).toThrow(RangeError);
    expect(() => new AbortHook('')).toThrow(TypeError);
  });

  it('after-hooks run once the commit is durable, see the record whole, and are tried again when they fail', async () => {
    const name = await fresh({ schema: [...SCHEMA, { name: 'mail', type: 'email', pii: true, mask_type: 'email' }] });
    const heard: Json[] = [];
    let failures = 1;
    on('on_record_after_create', { collection: name }, async (event) => {
      if (failures-- > 0) throw new Error('not yet');
      heard.push(event);
      await event.records.update(name, event.recordId, { secret: 'seen' });
    });
    on('on_record_after_update', { collection: name }, (event) => void heard.push(event));
    on('on_record_after_delete', { collection: name }, (event) => void heard.push(event));
    const { id } = (await post(`/records/${name}`, { title: 'x', mail: 'someone@example.com' })).body;
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(2);
    await call('DELETE', `/records/${name}/${id}`);
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(3);
    expect(heard[0]).toMatchObject({
      name: 'on_record_after_create',
      recordId: id,
      record: { title: 'x', mail: 'someone@example.com' },
      old: null,
      ctx: { accountId: a.account.id, userId: a.user.id, kind: 'user' },
    });
    expect(heard[1]).toMatchObject({
      record: { secret: 'seen' },
      old: { secret: null },
      ctx: { kind: 'automation', automation: { kind: 'extension', depth: 1 } },
    });
    expect(heard[2]).toMatchObject({ name: 'on_record_after_delete', old: { title: 'x' } });
  });

  it('a hook that fails is tried again while the events behind wait, then left out', async () => {
    const own = await startApp();
    const b = await own.tenant();
    const { name } = await own.collection({ schema: SCHEMA });
    const heard: string[] = [];
    let failures = 5;
    const listen = ({ hooks }: TestApp['app']) =>
      hooks.on('on_record_after_create', { collection: name, timeoutMs: 300 }, async (event) => {
        heard.push(String(event.record.title));
        if (event.record.title === 'b' && failures-- > 0) throw new Error('never');
      });
    listen(own.app);
    for (const title of ['a', 'b', 'c'])
      await own.call('POST', `/api/v1/records/${name}`, { title }, { token: b.token });
    await expect.poll(() => heard.at(-1), { timeout: 10_000 }).toBe('c');
    expect(heard).toEqual(['a', 'b', 'b', 'b', 'c']);
  });

  it.runIf(kind === 'postgres')("two processes share the after-hooks: each event is one process's", async () => {
    const own = await startApp({ poolSize: 4 });
    const b = await own.tenant();
    const { name } = await own.collection({ schema: SCHEMA });
    const heard: string[] = [];
    const note = (who: string) => (event: { readonly record: Json }) => {
      heard.push(`${event.record.title}`);
      return new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => void who);
    };
    own.app.hooks.on('on_record_after_create', { collection: name }, note('one'));
    const twin = await own.twin((hooks) => hooks.on('on_record_after_create', { collection: name }, note('two')));
    const title = (i: number) => String(i).padStart(3, '0');
    for (let i = 0; i < 60; i++)
      await fetch(`${i % 2 === 0 ? own.url : twin.url}/api/v1/records/${name}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${b.token}` },
        body: JSON.stringify({ title: title(i) }),
      });
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(60);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(heard).toEqual(Array.from({ length: 60 }, (_, i) => title(i)));
    await twin.stop();
    await own.stop();
  });

  it.runIf(kind === 'postgres')('what nobody hears is kept, though a server without the extension starts', async () => {
    const own = await startApp({ poolSize: 4 });
    const b = await own.tenant();
    const { name } = await own.collection({ schema: SCHEMA });
    const heard: string[] = [];
    const extended = () =>
      own.twin(
        (hooks) =>
          void hooks.on('on_record_after_create', { collection: name }, (e) => void heard.push(String(e.record.title))),
      );
    const create = (title: string) => own.call('POST', `/api/v1/records/${name}`, { title }, { token: b.token });
    await (await extended()).stop();
    await create('while it is down');
    await (await own.twin()).stop();
    const again = await extended();
    await create('later');
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['while it is down', 'later']);
    await again.stop();
    await own.stop();
  });
});

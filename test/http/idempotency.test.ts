// Idempotency-Key: one effect and one answer however often a request is sent, whoever died in between.
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('Idempotency-Key', () => {
  let t: TestApp;
  let acme: Tenant;
  const name = unique('notes_');
  const send = (method: string, path: string, body: Json, key: string, token = acme.token, url?: string) =>
    url === undefined
      ? t.call(method, path, body, { token, headers: { 'Idempotency-Key': key } })
      : fetch(url + path, {
          method,
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'Idempotency-Key': key },
          body: JSON.stringify(body),
        }).then(async (r) => ({ status: r.status, body: (await r.json()) as Json, headers: r.headers, text: '' }));
  const at = `/api/v1/records/${name}`;
  const count = async (text: string): Promise<number> =>
    (await t.call('GET', `${at}?text=${encodeURIComponent(text)}`, undefined, { token: acme.token })).body.total;

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const rules = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
    await t.collection({
      name,
      schema: [
        { name: 'text', type: 'text', required: true },
        { name: 'n', type: 'number' },
      ],
      ...rules,
    });
  });

  it('answers the same again, headers included, and says so', async () => {
    const key = randomUUID();
    const first = await send('POST', at, { text: 'once' }, key);
    const second = await send('POST', at, { text: 'once' }, key);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(await count('once')).toBe(1);
  });

  it.each(['PATCH', 'PUT', 'DELETE'])('holds for %s', async (method) => {
    const { id } = (await t.call('POST', at, { text: method, n: 1 }, { token: acme.token })).body;
    const key = randomUUID();
    const body = method === 'DELETE' ? undefined : { text: method, n: 2 };
    const first = await send(method, `${at}/${id}`, body, key);
    const second = await send(method, `${at}/${id}`, body, key);
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(first.status).toBe(method === 'DELETE' ? 204 : 200);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('holds for batches and for management', async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    const many = { records: [{ text: 'many' }, { text: 'many' }] };
    const first = await send('POST', `${at}/batch`, many, a);
    expect((await send('POST', `${at}/batch`, many, a)).body).toEqual(first.body);
    expect(await count('many')).toBe(2);
    const operations = { operations: [{ op: 'create', collection: name, data: { text: 'tx' } }] };
    await send('POST', '/api/v1/batch', operations, b);
    await send('POST', '/api/v1/batch', operations, b);
    expect(await count('tx')).toBe(1);
    const group = { name: unique('group') };
    expect((await send('POST', '/api/v1/groups', group, c)).status).toBe(201);
    expect((await send('POST', '/api/v1/groups', group, c)).status).toBe(201);
    expect((await t.call('POST', '/api/v1/groups', group, { token: acme.token })).status).toBe(409);
  });

  it('refuses another request under the same key', async () => {
    const key = randomUUID();
    await send('POST', at, { text: 'a' }, key);
    for (const [method, path, body] of [
      ['POST', at, { text: 'b' }],
      ['POST', `${at}/batch`, { records: [] }],
    ] as const) {
      const { status, body: problem } = await send(method, path, body, key);
      expect([status, problem.code]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    }
  });

  it('keeps the keys of callers apart', async () => {
    const key = randomUUID();
    const other = await t.tenant();
    const member = await t.member(acme.account.id);
    const replies = [];
    for (const token of [acme.token, member.token, other.token, t.root])
      replies.push(
        await t.call(
          'POST',
          at,
          { text: 'apart' },
          { token, headers: { 'Idempotency-Key': key, ...(token === t.root && { 'X-Account-ID': acme.account.id }) } },
        ),
      );
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(4);
  });

  it('one of many at once does it, the others wait their turn or are told', async () => {
    const key = randomUUID();
    const replies = await Promise.all(Array.from({ length: 12 }, () => send('POST', at, { text: 'race' }, key)));
    expect(await count('race')).toBe(1);
    for (const { status, body } of replies)
      expect(status === 201 || (status === 409 && body.code === 'IDEMPOTENCY_IN_FLIGHT')).toBe(true);
    expect(replies.some(({ status }) => status === 201)).toBe(true);
    expect((await send('POST', at, { text: 'race' }, key)).status).toBe(201);
  });

  it('keeps what was refused for its content, and nothing that may pass', async () => {
    const key = randomUUID();
    const bad = await send('POST', at, { n: 'x' }, key);
    const again = await send('POST', at, { n: 'x' }, key);
    expect([again.status, again.body]).toEqual([400, bad.body]);
    const closed = await t.collection({ schema: [{ name: 'x', type: 'text' }] });
    const member = await t.member(acme.account.id);
    const path = `/api/v1/records/${closed.name}`;
    const later = randomUUID();
    expect((await send('POST', path, { x: 'y' }, later, member.token)).status).toBe(403);
    await t.call('PUT', `/api/v1/collections/${closed.name}`, { create_rule: '' }, { token: t.root });
    expect((await send('POST', path, { x: 'y' }, later, member.token)).status).toBe(201);
  });

  it('asks for the right again before it repeats an answer', async () => {
    const open = await t.collection({ schema: [{ name: 'x', type: 'text' }], create_rule: '' });
    const member = await t.member(acme.account.id);
    const path = `/api/v1/records/${open.name}`;
    const key = randomUUID();
    expect((await send('POST', path, { x: 'y' }, key, member.token)).status).toBe(201);
    await t.call('PUT', `/api/v1/collections/${open.name}`, { create_rule: null }, { token: t.root });
    expect((await send('POST', path, { x: 'y' }, key, member.token)).status).toBe(403);
  });

  it('shows an answer to nobody who may see less by now', async () => {
    const schema = [
      { name: 't', type: 'text' },
      { name: 'sec', type: 'text' },
    ];
    const open = await t.collection({ schema, view_rule: '', create_rule: '', update_rule: '' });
    const member = await t.member(acme.account.id);
    const path = `/api/v1/records/${open.name}`;
    const [one, two] = [randomUUID(), randomUUID()];
    const made = await send('POST', path, { t: 'x', sec: 'SECRET' }, one, member.token);
    await send(
      'POST',
      '/api/v1/batch',
      { operations: [{ op: 'create', collection: open.name, data: { t: 'y', sec: 'SECRET' } }] },
      two,
      member.token,
    );
    expect(made.body.sec).toBe('SECRET');
    await t.call('PUT', `/api/v1/collections/${open.name}`, { view_fields: ['t'] }, { token: t.root });
    for (const [method, url, body, key] of [
      ['POST', path, { t: 'x', sec: 'SECRET' }, one],
      [
        'POST',
        '/api/v1/batch',
        { operations: [{ op: 'create', collection: open.name, data: { t: 'y', sec: 'SECRET' } }] },
        two,
      ],
    ] as const) {
      const again = await send(method, url, body, key, member.token);
      expect([again.status, again.body.code, again.text.includes('SECRET')]).toEqual([403, 'FORBIDDEN', false]);
    }
  });

  it('an attempt that died after storing is met by the next: same record, no second one', async () => {
    const key = randomUUID();
    const first = await send('POST', at, { text: 'died' }, key);
    // As if the process had gone between the commit and the keeping of its answer, and the lease were over.
    const undo = `update snackbase.idempotency_keys set status = null, reply = null, locked_until = now() where key = $1`;
    await t.app.db.query(undo, [key]);
    const second = await send('POST', at, { text: 'died' }, key);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(await count('died')).toBe(1);
    const batchKey = randomUUID();
    const many = { records: Array.from({ length: 20 }, () => ({ text: 'died many' })) };
    const made = await send('POST', `${at}/batch`, many, batchKey);
    await t.app.db.query(undo, [batchKey]);
    expect((await send('POST', `${at}/batch`, many, batchKey)).body).toEqual(made.body);
    expect(await count('died many')).toBe(20);
    // Of changes too: done once, and never over what came after.
    const { id } = first.body;
    const [patch, gone, both] = [randomUUID(), randomUUID(), randomUUID()];
    await send('PATCH', `${at}/${id}`, { n: 1 }, patch);
    await t.app.db.query(undo, [patch]);
    await t.call('PATCH', `${at}/${id}`, { n: 2 }, { token: acme.token });
    expect((await send('PATCH', `${at}/${id}`, { n: 1 }, patch)).body.n).toBe(2);
    const operations = [
      { op: 'create', collection: name, as: 'x', data: { text: 'died in all' } },
      { op: 'update', collection: name, id: { $from: 'x.id' }, data: { n: 5 } },
      { op: 'delete', collection: name, id },
    ];
    const done = await send('POST', '/api/v1/batch', { operations }, both);
    expect(done.status).toBe(200);
    await t.app.db.query(undo, [both]);
    const redone = await send('POST', '/api/v1/batch', { operations }, both);
    expect([redone.status, redone.body.results.map((r: Json) => r.id)]).toEqual([
      200,
      done.body.results.map((r: Json) => r.id),
    ]);
    expect(redone.body.results[1].record).toMatchObject({ text: 'died in all', n: 5 });
    expect(await count('died in all')).toBe(1);
    const other = done.body.results[0].id;
    await send('DELETE', `${at}/${other}`, undefined, gone);
    await t.app.db.query(undo, [gone]);
    expect((await send('DELETE', `${at}/${other}`, undefined, gone)).status).toBe(204);
  });

  it('forgets after a day, and stores no answer in the clear', async () => {
    const key = randomUUID();
    await send('POST', at, { text: 'a day' }, key);
    const [row] = await t.app.db.query<{ reply: Buffer }>(
      'select reply from snackbase.idempotency_keys where key = $1',
      [key],
    );
    expect(row?.reply.includes(Buffer.from('a day'))).toBe(false);
    await t.app.db.query(
      `update snackbase.idempotency_keys set created_at = now() - interval '25 hours' where key = $1`,
      [key],
    );
    const second = await send('POST', at, { text: 'a day' }, key);
    expect(second.headers.get('idempotency-replayed')).toBeNull();
    expect(await count('a day')).toBe(2);
  });

  it.each(['', 'with space', 'x'.repeat(256), 'ümlaut'])('refuses the key %j', async (key) => {
    const response = await t.call(
      'POST',
      at,
      { text: 'x' },
      { token: acme.token, headers: { 'Idempotency-Key': encodeURI(key) === key || key.includes(' ') ? key : 'a b' } },
    );
    expect([response.status, response.body.code]).toEqual([400, 'INVALID_HEADER']);
  });

  it.runIf(kind === 'postgres')('holds across servers', async () => {
    const twin = await t.twin();
    const key = randomUUID();
    const [a, b] = await Promise.all([
      send('POST', at, { text: 'two servers' }, key),
      send('POST', at, { text: 'two servers' }, key, acme.token, twin.url),
    ]);
    expect(await count('two servers')).toBe(1);
    expect([a.status, b.status].filter((status) => status === 201).length).toBeGreaterThan(0);
    const last = await send('POST', at, { text: 'two servers' }, key, acme.token, twin.url);
    expect([last.status, last.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  });
});

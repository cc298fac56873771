// The audit trail over HTTP: what is captured, who may read it, how it is exported, verified and signed.
import { beforeAll, describe, expect, it } from 'vitest';
import { flaws, readExport } from '../audit/independent.ts';
import { available, type Json, PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const SCHEMA = [
  { name: 'title', type: 'text' },
  { name: 'note', type: 'text' },
  { name: 'views', type: 'number' },
  { name: 'flag', type: 'boolean' },
  { name: 'meta', type: 'json' },
  { name: 'tags', type: 'text[]' },
  { name: 'at', type: 'datetime' },
  { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
  { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn' },
];

describe.runIf(available)('audit', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let name: string;
  let base: string;
  const as = (token: string) => ({
    get: (path: string, headers?: Record<string, string>) =>
      t.call('GET', path, undefined, { token, ...(headers && { headers }) }),
    send: (method: string, path: string, body: Json, headers?: Record<string, string>) =>
      t.call(method, path, body, { token, ...(headers && { headers }) }),
  });
  const trail = async (query: string, token = a.token): Promise<Json[]> => {
    const reply = await as(token).get(`/api/v1/audit-logs?limit=500&sort_by=id&sort_order=asc&${query}`);
    expect(reply.status, reply.text).toBe(200);
    return reply.body.items;
  };
  const create = async (body: Json, token = a.token): Promise<Json> => {
    const reply = await as(token).send('POST', base, body);
    expect(reply.status, reply.text).toBe(201);
    return reply.body;
  };
  // Its own way to fetch, because lines of JSON are not JSON.
  const file = async (query: string) => {
    const headers = { Authorization: `Bearer ${t.root}` };
    const reply = await fetch(`${t.url}/api/v1/audit-logs/export?${query}`, { headers });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const byColumn = (entries: Json[]) =>
    Object.fromEntries(entries.map((e) => [e.column_name, [e.old_value, e.new_value]]));

  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('Acme'), await t.tenant('Other')];
    name = (await t.collection({ schema: SCHEMA })).name;
    base = `/api/v1/records/${name}`;
  });

  it('S000-22 S000-33 S001-11 a create leaves an entry a column, with actor, time, request and new values', async () => {
    const sent = {
      title: 'Hi "ä" 😀',
      views: 1.5,
      flag: false,
      meta: { k: [1, null] },
      tags: ['x'],
      mail: 'ada@example.com',
    };
    const reply = await as(a.token).send('POST', base, sent, {
      'X-Correlation-ID': 'corr-1',
      'User-Agent': 'probe/1',
      'X-Audit-Reason': 'First entry',
    });
    const entries = await trail(`record_id=${reply.body.id}`, t.root);
    expect(byColumn(entries)).toEqual({
      id: [null, reply.body.id],
      title: [null, sent.title],
      views: [null, '1.5'],
      flag: [null, 'false'],
      meta: [null, '{"k": [1, null]}'],
      tags: [null, '["x"]'],
      mail: [null, 'ada@example.com'],
    });
    for (const entry of entries) {
      expect(entry).toMatchObject({
        account_id: a.account.id,
        operation: 'CREATE',
        table_name: name,
        collection: name,
        actor_kind: 'user',
        user_id: a.user.id,
        user_email: a.email,
        user_agent: 'probe/1',
        request_id: 'corr-1',
        es_reason: 'First entry',
        occurred_at: reply.body.updated_at,
      });
      expect(entry.ip_address).toMatch(/127\.0\.0\.1|::1/);
      expect(entry.occurred_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
  });

  it('S000-30 an update names each column that changed with old and new, a delete all that were there', async () => {
    const { id } = await create({ title: 'one', note: 'n', views: 1 });
    await as(a.token).send('PATCH', `${base}/${id}`, { title: 'two', views: 1, note: null });
    await as(a.token).send('PATCH', `${base}/${id}`, { title: 'two' });
    await as(a.token).send('PUT', `${base}/${id}`, { title: 'three' });
    await t.call('DELETE', `${base}/${id}`, undefined, { token: a.token });
    const entries = (await trail(`record_id=${id}`)).filter((e) => e.operation !== 'CREATE');
    expect(entries.map((e) => [e.operation, e.column_name, e.old_value, e.new_value])).toEqual([
      ['UPDATE', 'title', 'one', 'two'],
      ['UPDATE', 'note', 'n', null],
      ['UPDATE', 'title', 'two', 'three'],
      ['UPDATE', 'views', '1', null],
      ['DELETE', 'id', id, null],
      ['DELETE', 'title', 'three', null],
    ]);
  });

  it('a soft delete is a delete; what a write changes nothing of, or fails, leaves no entry', async () => {
    const soft = (await t.collection({ schema: [{ name: 'x', type: 'text', unique: true }], soft_delete: true })).name;
    const path = `/api/v1/records/${soft}`;
    const { body } = await as(a.token).send('POST', path, { x: '1' });
    expect((await as(a.token).send('POST', path, { x: '1' })).status).toBe(409);
    await t.call('DELETE', `${path}/${body.id}`, undefined, { token: a.token });
    const entries = await trail(`collection=${soft}`);
    expect(entries.map((e) => [e.operation, e.column_name])).toEqual([
      ['CREATE', 'id'],
      ['CREATE', 'x'],
      ['DELETE', 'id'],
      ['DELETE', 'x'],
    ]);
  });

  it('what the database changes because of a delete is captured with the actor of the delete', async () => {
    const parent = (await t.collection({ schema: [{ name: 'n', type: 'text' }] })).name;
    const child = (
      await t.collection({
        schema: [
          { name: 'up', type: 'reference', collection: parent, on_delete: 'cascade' },
          { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
          { name: 'at', type: 'datetime' },
        ],
      })
    ).name;
    const loose = (
      await t.collection({ schema: [{ name: 'up', type: 'reference', collection: child, on_delete: 'set_null' }] })
    ).name;
    const make = async (collection: string, body: Json) =>
      (await as(a.token).send('POST', `/api/v1/records/${collection}`, body)).body.id as string;
    const root = await make(parent, { n: 'root' });
    const kids = [
      await make(child, { up: root, mail: 'k@example.com', at: '2026-01-02T03:04:05Z' }),
      await make(child, { up: root }),
    ];
    const far = await make(loose, { up: kids[0] });
    await t.call('DELETE', `/api/v1/records/${parent}/${root}`, undefined, {
      token: a.token,
      headers: { 'X-Correlation-ID': 'cascade-1' },
    });
    const entries = await trail(`account_id=${a.account.id}`, t.root);
    const caused = entries.filter((e) => e.request_id === 'cascade-1');
    const told = (collection: string, id: string | undefined) =>
      byColumn(caused.filter((e) => e.collection === collection && e.record_id === id));
    expect(told(parent, root)).toEqual({ id: [root, null], n: ['root', null] });
    expect(told(child, kids[0])).toEqual({
      id: [kids[0], null],
      up: [root, null],
      mail: ['k@example.com', null],
      at: ['2026-01-02T03:04:05Z', null],
    });
    expect(told(child, kids[1])).toEqual({ id: [kids[1], null], up: [root, null] });
    expect(told(loose, far)).toEqual({ up: [kids[0], null] });
    expect(new Set(caused.map((e) => `${e.user_id} ${e.actor_kind}`))).toEqual(new Set([`${a.user.id} user`]));
  });

  it('S000-29 S000-31 each entry follows the one before it in the chain of its account; ids grow', async () => {
    for (const token of [a.token, b.token]) await create({ title: 'x', views: 2 }, token);
    for (const tenant of [a, b]) {
      const items = (await as(tenant.token).get('/api/v1/audit-logs?sort_by=seq&sort_order=asc&limit=500')).body.items;
      expect(items.every((e: Json) => e.account_id === tenant.account.id)).toBe(true);
      expect(items.map((e: Json) => e.seq)).toEqual(items.map((_: Json, i: number) => i + 1));
      items.forEach((e: Json, i: number) => {
        expect(e.checksum).toMatch(/^[0-9a-f]{64}$/);
        expect(e.previous_hash).toBe(i === 0 ? null : items[i - 1].checksum);
        if (i > 0) expect(e.id).toBeGreaterThan(items[i - 1].id);
      });
    }
  });

  it('admins read their own account, superadmins any, nobody else anything', async () => {
    const { id } = await create({ title: 'mine' }, b.token);
    const entry = (await trail(`record_id=${id}`, b.token))[0];
    expect((await as(b.token).get(`/api/v1/audit-logs/${entry.id}`)).body).toEqual(entry);
    expect((await as(a.token).get(`/api/v1/audit-logs/${entry.id}`)).status).toBe(404);
    expect((await as(t.root).get(`/api/v1/audit-logs/${entry.id}`)).body.id).toBe(entry.id);
    expect(await trail(`record_id=${id}`)).toEqual([]);
    expect(await trail(`record_id=${id}`, t.root)).toHaveLength(2);
    expect(await trail(`record_id=${id}&account_id=${b.account.slug}`, t.root)).toHaveLength(2);
    expect(await trail(`record_id=${id}&account_id=${a.account.id}`, t.root)).toEqual([]);
    expect((await as(a.token).get(`/api/v1/audit-logs?account_id=${b.account.id}`)).status).toBe(403);
    const member = await t.member(a.account.id);
    for (const path of ['', '/export', '/verify', `/${entry.id}`]) {
      expect((await as(member.token).get(`/api/v1/audit-logs${path}`)).status, path).toBe(403);
      expect((await t.call('GET', `/api/v1/audit-logs${path}`)).status, path).toBe(401);
    }
    for (const bad of ['0', 'x', '999999999999', '-1', '1e3']) {
      expect((await as(a.token).get(`/api/v1/audit-logs/${bad}`)).status, bad).toBe(404);
    }
  });

  it('filters, sorts and pages; total counts what matches', async () => {
    const marks: Json[] = [];
    for (let i = 0; i < 3; i++) marks.push(await create({ title: `page ${i}`, views: i }));
    const [first] = marks;
    await as(a.token).send('PATCH', `${base}/${first.id}`, { views: 9 });
    const list = async (query: string) => (await as(a.token).get(`/api/v1/audit-logs?${query}`)).body;
    const all = await list(`collection=${name}&limit=500`);
    expect(all).toMatchObject({ skip: 0, limit: 500, audit_logging_enabled: true });
    expect(all.total).toBe(all.items.length);
    const walked: number[] = [];
    for (let skip = 0; skip < all.total; skip += 7) {
      const page = await list(`collection=${name}&limit=7&skip=${skip}`);
      expect(page.total).toBe(all.total);
      walked.push(...page.items.map((e: Json) => e.id));
    }
    expect(walked).toEqual(all.items.map((e: Json) => e.id));
    const times = all.items.map((e: Json) => e.occurred_at);
    expect(times).toEqual([...times].sort().reverse());
    const views = await list(`record_id=${first.id}&column=views`);
    expect([views.total, views.items.map((e: Json) => e.new_value)]).toEqual([2, ['9', '0']]);
    expect((await list(`record_id=${first.id}&operation=update`)).total).toBe(1);
    expect((await list(`table_name=main.${name}`)).total).toBe(all.total);
    expect((await list(`user_id=${b.user.id}&collection=${name}`)).total).toBe(0);
    expect((await list(`user_id=${a.user.id}&collection=${name}`)).total).toBe(all.total);
    expect((await list(`record_id=${first.id}&to_date=2020-01-01`)).total).toBe(0);
    const day = first.created_at.slice(0, 10);
    expect((await list(`record_id=${first.id}&from_date=${day}&to_date=${day}`)).total).toBe(4);
    expect((await list(`record_id=${first.id}&from_date=${encodeURIComponent(first.created_at)}`)).total).toBe(4);
    expect((await list('sealed=false')).items.length).toBeGreaterThan(0);
    expect((await list('')).total).toBeGreaterThan(all.total);
    for (const bad of [
      'limit=501',
      'limit=0',
      'operation=FOO',
      'sort_by=checksum',
      'from_date=yesterday',
      'nope=1',
      'record_id=%00',
    ])
      expect((await as(a.token).get(`/api/v1/audit-logs?${bad}`)).status, bad).toBe(400);
  });

  it('S000-09 nothing changes the trail: 405 for every other method, refusal by the database', async () => {
    const [entry] = await trail('');
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST'])
      for (const path of ['', '/export', '/verify', `/${entry.id}`]) {
        const reply = await as(t.root).send(method, `/api/v1/audit-logs${path}`, {});
        expect(reply.status, `${method} ${path}`).toBe(405);
        expect(reply.headers.get('allow')).toContain('GET');
      }
    for (const table of ['audit_changes', 'audit_seals'])
      for (const sql of [
        `update snackbase.${table} set record_id = 'x'`,
        `delete from snackbase.${table}`,
        `truncate snackbase.${table}`,
      ])
        await expect(t.app.db.query(sql), sql).rejects.toThrow('append-only');
    for (const table of ['audit_heads', 'audit_sealer'])
      await expect(t.app.db.query(`delete from snackbase.${table}`)).rejects.toThrow('append-only');
  });

  it('personal data is masked for admins outside the group, and stands clear in the chain', async () => {
    const { id } = await create({ mail: 'ada@example.com', ssn: '123-45-6789', title: 'clear' });
    await t.app.db.query('delete from snackbase.group_members where user_id = $1', [a.user.id]);
    const session = await t.call('POST', '/api/v1/auth/login', {
      account: a.account.id,
      email: a.email,
      password: PASSWORD,
    });
    const outside = await trail(`record_id=${id}`, session.body.token);
    const shown = Object.fromEntries(outside.map((e) => [e.column_name, [e.new_value, e.mask_type, e.masked]]));
    expect(shown).toMatchObject({
      mail: ['a***@example.com', 'email', true],
      ssn: ['***-**-****', 'ssn', true],
      title: ['clear', null, false],
    });
    expect(byColumn(await trail(`record_id=${id}`, t.root)).mail).toEqual([null, 'ada@example.com']);
    const text = (await as(session.body.token).get(`/api/v1/audit-logs/export?record_id=${id}`)).text;
    expect(text).not.toContain('ada@example.com');
  });

  it('management changes and logins leave a trail; secrets never do', async () => {
    const member = await t.member(a.account.id);
    const root = as(t.root);
    expect((await root.send('PATCH', `/api/v1/users/${member.user.id}`, { is_active: false })).status).toBe(200);
    await root.send('PUT', `/api/v1/users/${member.user.id}/password`, { new_password: 'Another-Pass-2026!' });
    const own = await trail(`table_name=users&record_id=${member.user.id}`);
    expect(byColumn(own.filter((e) => e.operation === 'CREATE'))).toMatchObject({
      email: [null, member.email],
      is_active: [null, 'true'],
      password: [null, '***'],
    });
    expect(own.filter((e) => e.operation === 'UPDATE').map((e) => [e.column_name, e.old_value, e.new_value])).toEqual([
      ['is_active', 'true', 'false'],
      ['password', '***', '***'],
    ]);
    const logins = await trail(`operation=LOGIN&user_id=${member.user.id}`);
    expect(logins.length).toBeGreaterThan(0);
    const founding = await trail('table_name=accounts');
    expect(byColumn(founding)).toMatchObject({ slug: [null, a.account.slug] });
    expect(founding[0]).toMatchObject({ actor_kind: 'anonymous', seq: 1 });
    const session = await t.call('POST', '/api/v1/auth/login', {
      account: b.account.id,
      email: b.email,
      password: PASSWORD,
    });
    await as(session.body.token).send('POST', '/api/v1/auth/logout', {});
    expect(await trail('operation=LOGOUT', b.token)).toHaveLength(1);
    const collections = await trail(`table_name=collections&account_id=SY0000&from_date=2020-01-01`, t.root);
    expect(collections.some((e) => e.column_name === 'name' && e.new_value === name)).toBe(true);
    const everything = (await file('format=ndjson')).text;
    for (const secret of ['argon2', PASSWORD, 'Another-Pass']) expect(everything).not.toContain(secret);
  });

  it('the trail of a removed account stays', async () => {
    const gone = await t.tenant('Gone');
    await create({ title: 'kept' }, gone.token);
    const before = (await as(gone.token).get('/api/v1/audit-logs')).body.total;
    expect((await t.call('DELETE', `/api/v1/accounts/${gone.account.id}`, undefined, { token: t.root })).status).toBe(
      204,
    );
    await as(t.root).get('/api/v1/audit-logs');
    const rows = await t.app.db.query<{ n: number }>(
      'select sum(octet_length(checksums) / 32)::int as n from snackbase.audit_seals where account_id = $1',
      [gone.account.id],
    );
    expect(rows[0]?.n).toBe(before + 3);
    expect((await as(t.root).get('/api/v1/audit-logs/verify')).body.valid).toBe(true);
  });

  it('S000-33 an export is complete, in order, signed, and verified by a stranger', async () => {
    const mine = (await as(t.root).get(`/api/v1/audit-logs?account_id=${a.account.id}`)).body.total;
    for (const [format, type] of [
      ['json', 'application/json'],
      ['ndjson', 'application/x-ndjson'],
      ['csv', 'text/csv'],
    ] as const) {
      const reply = await file(`format=${format}&account_id=${a.account.id}`);
      expect(reply.status).toBe(200);
      expect(reply.headers.get('content-type')).toContain(type);
      expect(reply.headers.get('content-disposition')).toContain(`audit-${a.account.id}.${format}`);
      const { entries, heads } = readExport(reply.text, format);
      expect(entries).toHaveLength(mine);
      expect(heads).toHaveLength(1);
      expect(flaws(entries, heads)).toEqual([]);
      // What a thief of history would do to the file.
      expect(flaws(entries.slice(0, -1), heads)).not.toEqual([]);
      expect(flaws(entries.toSpliced(2, 1), heads)).not.toEqual([]);
      expect(flaws(entries.with(1, { ...entries[1], new_value: 'x' }), heads)).not.toEqual([]);
    }
    const all = readExport((await file('format=ndjson')).text, 'ndjson');
    expect(flaws(all.entries, all.heads)).toEqual([]);
    expect(new Set(all.entries.map((e) => e.account_id)).size).toBe(all.heads.length);
  });

  it('a signature needs the password again and names what it signs', async () => {
    const { id } = await create({ title: 'to be signed' });
    const sign = (more: Json, token = a.token) =>
      as(token).send('POST', '/api/v1/audit-logs/signatures', {
        collection: name,
        record_id: id,
        reason: 'Reviewed and approved',
        password: PASSWORD,
        ...more,
      });
    expect((await sign({ password: 'wrong' })).body.code).toBe('INVALID_CREDENTIALS');
    expect((await sign({}, b.token)).status).toBe(404);
    expect((await sign({ reason: ' ' })).status).toBe(422);
    const last = (await trail(`record_id=${id}`)).at(-1);
    const signed = await sign({});
    expect([signed.status, signed.body.signed_checksum]).toEqual([201, last.checksum]);
    const [entry] = await trail(`record_id=${id}&operation=SIGN`);
    expect(entry).toMatchObject({
      es_username: a.email,
      es_reason: 'Reviewed and approved',
      column_name: 'signed_checksum',
      new_value: last.checksum,
      user_id: a.user.id,
    });
    expect(entry.es_timestamp).toMatch(/Z$/);
  });

  it('a record has a history: versions, the record as it was, under the right to view it', async () => {
    const made = await create({
      title: 'v1',
      views: 1,
      meta: { a: 1 },
      tags: ['t'],
      flag: true,
      at: '2026-01-02T03:04:05Z',
    });
    const path = `${base}/${made.id}`;
    const second = (await as(a.token).send('PATCH', path, { title: 'v2', views: 2 })).body;
    const third = (await as(a.token).send('PATCH', path, { meta: null })).body;
    const { body } = await as(a.token).get(`${path}/history`);
    expect(body).toMatchObject({ total: 3, skip: 0, limit: 30 });
    expect(body.items.map((v: Json) => [v.version, v.operation])).toEqual([
      [3, 'UPDATE'],
      [2, 'UPDATE'],
      [1, 'CREATE'],
    ]);
    expect(body.items[0].record).toEqual(third);
    expect(body.items[1].record).toEqual(second);
    expect(body.items[2].record).toEqual(made);
    expect(body.items[1].changes).toEqual({ title: { old: 'v1', new: 'v2' }, views: { old: 1, new: 2 } });
    expect(body.items[1].actor).toEqual({ kind: 'user', user_id: a.user.id, user_email: a.email });
    expect((await as(a.token).get(`${path}/history?limit=1&skip=1`)).body.items[0].version).toBe(2);
    const then = await as(a.token).get(`${path}/history?at=${encodeURIComponent(second.updated_at)}`);
    expect(then.body).toEqual(second);
    expect((await as(a.token).get(`${path}/history?at=2020-01-01T00:00:00Z`)).status).toBe(404);
    expect((await as(b.token).get(`${path}/history`)).status).toBe(404);
    expect((await as(t.root).get(`${path}/history`)).body.total).toBe(3);
    expect((await t.call('GET', `${path}/history`)).status).toBe(401);
    await t.call('DELETE', path, undefined, { token: a.token });
    const after = (await as(a.token).get(`${path}/history`)).body;
    expect(after.items[0]).toMatchObject({ version: 4, operation: 'DELETE', record: null });
    expect((await as(t.root).get(`${path}/history`)).body.total).toBe(4);
    expect((await as(a.token).get(`${base}/0198c0de-7a11-7000-8000-3b2f5c0ffee1/history`)).status).toBe(404);
  });

  it('S000-32 verify finds the chain good', async () => {
    const own = await as(a.token).get('/api/v1/audit-logs/verify');
    expect(own.body).toMatchObject({ valid: true, accounts: 1, first_bad: null });
    expect(own.body.checked).toBe((await as(a.token).get('/api/v1/audit-logs')).body.total);
    const all = await as(t.root).get('/api/v1/audit-logs/verify');
    expect(all.body).toMatchObject({ valid: true, first_bad: null });
    expect(all.body.accounts).toBeGreaterThan(2);
  });
});

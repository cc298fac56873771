// Import and export: whole collections in and out, in both formats, with every bad row told and no good one lost.
import { request } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const FIELDS = [
  { name: 'code', type: 'text', required: true, unique: true },
  { name: 'title', type: 'text' },
  { name: 'n', type: 'number', min: 0 },
  { name: 'flag', type: 'boolean' },
  { name: 'at', type: 'datetime' },
  { name: 'tags', type: 'text[]' },
  { name: 'doc', type: 'json' },
  { name: 'twice', type: 'computed', expression: 'n * 2' },
];

describe.runIf(available)('import and export', () => {
  let t: TestApp;
  let acme: Tenant;
  let name: string;
  const NDJSON = 'application/x-ndjson';
  const send = async (
    text: string | Uint8Array,
    query: Record<string, string> = {},
    type = NDJSON,
    token = acme.token,
    collection = name,
  ) => {
    const response = await fetch(`${t.url}/api/v1/records/${collection}/import?${new URLSearchParams(query)}`, {
      method: 'POST',
      headers: { 'Content-Type': type, Authorization: `Bearer ${token}` },
      body: text,
    });
    const reply = await response.text();
    return {
      status: response.status,
      text: reply,
      body: (response.headers.get('content-type') === NDJSON
        ? reply
            .trim()
            .split('\n')
            .map((l) => JSON.parse(l))
        : JSON.parse(reply)) as Json,
    };
  };
  const out = async (query: Record<string, string> = {}, token = acme.token, collection = name) =>
    t.call('GET', `/api/v1/records/${collection}/export?${new URLSearchParams(query)}`, undefined, { token });
  const total = async (query: Record<string, string> = {}, collection = name): Promise<number> =>
    (
      await t.call('GET', `/api/v1/records/${collection}?${new URLSearchParams(query)}`, undefined, {
        token: acme.token,
      })
    ).body.total;
  const nd = (rows: readonly Json[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const rules = {
      list_rule: '',
      view_rule: '',
      create_rule: 'title != "forbidden" or title is null',
      update_rule: '',
      delete_rule: '',
    };
    name = (await t.collection({ name: unique('goods_'), schema: FIELDS, ...rules })).name;
  });

  it('stores good rows and tells what is wrong with the others', async () => {
    const rows = [
      { code: 'a', title: 'A', n: 1, tags: ['x'], doc: { deep: [1] } },
      { title: 'no code' },
      { code: 'b', n: -1 },
      { code: 'c', nope: 1 },
      { code: 'a' },
      { code: 'd', title: 'forbidden' },
      { code: 'e', id: 'ignored', created_at: 'ignored', twice: 9 },
    ];
    const { status, body } = await send(`${nd(rows)}not json\n[1]\n\n`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ dry_run: false, rows: 9, created: 2, updated: 0, rejected: 7 });
    const why = Object.fromEntries(body.rejects.map((r: Json) => [r.line, r.errors[0].code]));
    expect(why).toEqual({
      2: 'required_missing',
      3: 'too_small',
      4: 'unknown_field',
      5: 'unique',
      6: 'forbidden',
      8: 'invalid_json',
      9: 'invalid_json',
    });
    expect(await total()).toBe(2);
  });

  it('reads CSV by its header, with mapping, quotes, types and nulls', async () => {
    const csv =
      '\ufeffCode;title;n;flag;at;tags;doc;Notes\r\n"csv;1";"say ""hi""\nthere";1.5;yes;2026-01-02T03:04:05Z;"[""p"",""q""]";"{""a"":1}";x\r\ncsv2;"";;NO;;;;y\r\ncsv3;NULL;abc;;;{;;z\r\n';
    const { body } = await send(
      csv,
      { map: 'Code:code,Notes:', delimiter: ';', null: 'NULL' },
      'text/csv; charset=utf-8',
    );
    expect(body).toMatchObject({ rows: 3, created: 2, rejected: 1 });
    expect(body.rejects[0].errors.map((e: Json) => [e.field, e.code])).toEqual([['tags', 'invalid_json']]);
    const one = (
      await t.call('GET', `/api/v1/records/${name}?code=${encodeURIComponent('csv;1')}`, undefined, {
        token: acme.token,
      })
    ).body.items[0];
    expect(one).toMatchObject({
      title: 'say "hi"\nthere',
      n: 1.5,
      flag: true,
      at: '2026-01-02T03:04:05Z',
      tags: ['p', 'q'],
      doc: { a: 1 },
      twice: 3,
    });
    const two = (await t.call('GET', `/api/v1/records/${name}?code=csv2`, undefined, { token: acme.token })).body
      .items[0];
    expect(two).toMatchObject({ title: '', n: null, flag: false });
    const wrong = await send('code,Unknown\nx,y\n', {}, 'text/csv');
    expect([wrong.status, wrong.body.code, wrong.body.errors[0].field]).toEqual([400, 'INVALID_FIELDS', 'Unknown']);
  });

  it('gives back in either format what it was given', async () => {
    const { text, headers } = await out({ sort: 'code' });
    expect(headers.get('content-type')).toBe(NDJSON);
    expect(headers.get('content-disposition')).toContain(`${name}.ndjson`);
    const rows = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(await total());
    const csv = await out({ sort: 'code', format: 'csv' });
    const copy = (await t.collection({ schema: FIELDS, list_rule: '', create_rule: '' })).name;
    const made = await send(csv.text, {}, 'text/csv', acme.token, copy);
    expect(made.body).toMatchObject({ created: rows.length, rejected: 0 });
    const own = (list: Json[]) => list.map((row) => Object.fromEntries(FIELDS.map((f) => [f.name, row[f.name]])));
    const again = (await out({ sort: 'code' }, acme.token, copy)).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(own(again)).toEqual(own(rows));
    expect((await out({ fields: 'code', filter: 'n > 1', format: 'csv' })).text).toMatch(
      /^id,code\r\n[0-9a-f-]{36},csv;1\r\n$/,
    );
  });

  it('changes what is there by a unique field, also twice in one text', async () => {
    const before = await total();
    const { body } = await send(
      nd([
        { code: 'a', title: 'changed' },
        { code: 'new', n: 1 },
        { code: 'new', n: 2 },
        { code: 'csv2', n: -5 },
      ]),
      { upsert_by: 'code' },
    );
    expect(body).toMatchObject({ created: 1, updated: 2, rejected: 1 });
    expect(await total()).toBe(before + 1);
    expect(await total({ title: 'changed', code: 'a' })).toBe(1);
    expect(await total({ code: 'new', n: '2' })).toBe(1);
    const refused = await send(nd([{ code: 'a' }]), { upsert_by: 'title' });
    expect([refused.status, refused.body.errors[0].code]).toEqual([400, 'not_unique']);
  });

  it('knows keys of any type by their value, and an upsert by its account', async () => {
    for (const [type, key, other, bad] of [
      ['number', 1e15, '1e15', 'abc'],
      ['datetime', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', 'never'],
      ['uuid', '0198c0de-7a11-7000-8000-3b2f5c0ffee1', '0198C0DE-7A11-7000-8000-3B2F5C0FFEE1', 'x'],
      ['text', 'a', 'a', 'a\u0000b'],
    ] as const) {
      const schema = [
        { name: 'k', type, unique: true },
        { name: 'v', type: 'text' },
      ];
      const keyed = await t.collection({
        schema,
        list_rule: '',
        create_rule: '',
        update_rule: '',
        update_fields: ['v'],
      });
      const rows = [
        { k: key, v: 'one' },
        { k: type === 'number' ? Number(other) : other, v: 'two' },
        { k: bad, v: 'x' },
        { k: key },
      ];
      const { status, body } = await send(nd(rows), { upsert_by: 'k' }, NDJSON, acme.token, keyed.name);
      expect([type, status, body.created, body.updated, body.rejected]).toEqual([type, 200, 1, 2, 1]);
      const root = await send(
        nd([{ k: key, v: 'root', account_id: acme.account.id }]),
        { upsert_by: 'k' },
        NDJSON,
        t.root,
        keyed.name,
      );
      expect(root.body.code).toBe('ACCOUNT_REQUIRED');
    }
  });

  it('keeps json values and rows of nothing through CSV, and rejects a row of the wrong length alone', async () => {
    const schema = [
      { name: 'doc', type: 'json' },
      { name: 'n', type: 'number' },
    ];
    const open = { list_rule: '', create_rule: '' };
    const [from, to] = [await t.collection({ schema, ...open }), await t.collection({ schema, ...open })];
    const docs = ['123', 'hello', '', 5, null, { a: 1 }, [true], 'with "quotes", and\nlines'];
    for (const doc of docs)
      await t.call('POST', `/api/v1/records/${from.name}`, { doc, n: null }, { token: acme.token });
    const csv = await out({ format: 'csv' }, acme.token, from.name);
    const made = await send(csv.text, {}, 'text/csv', acme.token, to.name);
    expect(made.body).toMatchObject({ created: docs.length, rejected: 0 });
    const back = (await out({}, acme.token, to.name)).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).doc);
    expect(back).toEqual(docs);
    const uneven = await send('n,doc\n1,"2\n3"\n2\n3,4,5\n4,\n', {}, 'text/csv', acme.token, to.name);
    expect(uneven.body).toMatchObject({ created: 1, rejected: 3 });
    expect(uneven.body.rejects.map((r: Json) => [r.line, r.errors[0].code])).toEqual([
      [2, 'invalid_json'],
      [4, 'column_count'],
      [5, 'column_count'],
    ]);
    expect((await send('n\n1\n', { map: 'm:n' }, 'text/csv', acme.token, to.name)).body.errors[0].field).toBe('map');
  });

  it('does not let a slow sender hold others up, nor keep a right that is gone', async () => {
    const member = await t.member(acme.account.id);
    const slow = await t.collection({ schema: FIELDS, list_rule: '', create_rule: '' });
    const open = (query: string) => {
      const call = request(`${t.url}/api/v1/records/${slow.name}/import${query}`, {
        method: 'POST',
        headers: { 'Content-Type': NDJSON, Authorization: `Bearer ${member.token}` },
      });
      const reply = new Promise<{ status: number; body: Json }>((resolve) => {
        call.on('response', (res) => {
          let text = '';
          res.on('data', (chunk) => {
            text += chunk;
          });
          res.on('end', () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) }));
        });
      });
      return { call, reply };
    };
    const rows = (from: number, n: number) => nd(Array.from({ length: n }, (_, i) => ({ code: `s${from + i}` })));
    const trial = open('?dry_run=true');
    trial.call.write(rows(0, 600));
    const real = open('');
    real.call.write(rows(1000, 600));
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Meanwhile everybody else is answered.
    expect((await t.call('GET', `/api/v1/records/${name}?limit=1`, undefined, { token: acme.token })).status).toBe(200);
    await t.call('PUT', `/api/v1/collections/${slow.name}`, { create_rule: 'false' }, { token: t.root });
    real.call.end(rows(2000, 600));
    trial.call.end();
    const { status, body } = await real.reply;
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect(body.errors.at(-1)).toMatchObject({
      code: 'stored_before',
      message: expect.stringContaining('500 records'),
    });
    expect(await total({}, slow.name)).toBe(500);
    expect((await trial.reply).status).toBe(403);
  });

  it('tries out without storing, and stores all or nothing', async () => {
    const before = await total();
    const rows = nd([{ code: 't1' }, { code: 'a' }, { code: 't2' }]);
    const trial = await send(rows, { dry_run: 'true' });
    expect(trial.body).toMatchObject({ dry_run: true, rows: 3, created: 2, rejected: 1 });
    expect(trial.body.rejects[0]).toMatchObject({ line: 2, errors: [{ field: 'code', code: 'unique' }] });
    const all = await send(rows, { atomic: 'true' });
    expect(all.body).toMatchObject({ created: 0, updated: 0, rejected: 1 });
    expect(await total()).toBe(before);
    const good = await send(nd([{ code: 't1' }, { code: 't2' }]), { atomic: 'true' });
    expect(good.body).toMatchObject({ created: 2, rejected: 0 });
    expect(await total()).toBe(before + 2);
    const trail = await t.call('GET', '/api/v1/audit-logs?column=code&limit=100', undefined, { token: acme.token });
    expect(trail.body.items.filter((e: Json) => e.new_value === 't1')).toHaveLength(1);
  });

  it('tells its progress as it goes', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => ({ code: `p${i}`, ...(i === 700 && { n: -1 }) }));
    const { status, body } = await send(nd(rows), { progress: 'true', skip: '100' });
    expect(status).toBe(200);
    const types = body.map((e: Json) => e.type);
    expect(types).toEqual(['progress', 'reject', 'progress', 'progress', 'done']);
    expect(body[1]).toMatchObject({ line: 701 });
    expect(body.at(-1)).toMatchObject({ rows: 1100, created: 1099, rejected: 1 });
    const broken = await send('code\n"unclosed\n', { progress: 'true' }, 'text/csv');
    expect(broken.status).toBe(400);
  });

  it.each([
    ['', NDJSON, 200, ''],
    ['{"code":"x"}', 'application/json', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['code\n"unclosed\n', 'text/csv', 400, 'INVALID_RESOURCE_DATA'],
    ['code,title\nonly\n', 'text/csv', 200, ''],
    ['code\nf\u00fcr\n', 'text/csv; charset=iso-8859-1', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [new Uint8Array([0x63, 0x6f, 0x64, 0x65, 0x0a, 0x66, 0xfc, 0x72, 0x0a]), 'text/csv', 400, 'INVALID_RESOURCE_DATA'],
    ['code,code\na,b\n', 'text/csv', 400, 'INVALID_FIELDS'],
    [new Uint8Array([0x7b, 0xff, 0xfe, 0x7d, 0x0a]), NDJSON, 400, 'INVALID_RESOURCE_DATA'],
  ])('answers %j as %s with %i', async (text, type, status, code) => {
    const reply = await send(text, {}, type);
    expect([reply.status, reply.body.code ?? '']).toEqual([status, code]);
  });

  it('judges the text of a row as strictly as that of a body', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const rows = [
      `{"code":"x1","doc":${deep}}`,
      '{"code":"x2","code":"x3"}',
      '{"code":"x4","doc":{"__proto__":1}}',
      '{"code":"x5","n":1e400}',
      '{"code":"x6\\u0000"}',
    ];
    const { status, body } = await send(rows.join('\n'));
    expect([status, body.rejected, body.created]).toEqual([200, 5, 0]);
    const csv = await send(`code,doc\nx7,"${deep}"\n`, {}, 'text/csv');
    expect([csv.status, csv.body.rejected]).toEqual([200, 1]);
  });

  it('asks for the right first, and keeps accounts apart', async () => {
    const closed = await t.collection({ schema: FIELDS });
    const member = await t.member(acme.account.id);
    expect((await send(nd([{ code: 'x' }]), {}, NDJSON, member.token, closed.name)).status).toBe(403);
    expect((await out({}, member.token, closed.name)).status).toBe(403);
    expect((await send('', {}, NDJSON, 'no.token.here')).status).toBe(401);
    const other = await t.tenant();
    expect((await out({}, other.token)).text).toBe('');
    const root = await send(nd([{ code: 'r', account_id: acme.account.id }, { code: 'r2' }]), {}, NDJSON, t.root);
    expect(root.body).toMatchObject({ created: 1, rejected: 1 });
    expect((await send(nd([{ code: 'r3' }]), { dry_run: 'true' }, NDJSON, t.root)).body.code).toBe('ACCOUNT_REQUIRED');
    expect((await out({ nope: '1' })).body.code).toBe('INVALID_FIELDS');
    expect((await out({ limit: '1' })).body.errors[0].field).toBe('limit');
  });

  it('stores what came before the connection broke, and nothing half', async () => {
    const code = unique('cut');
    await new Promise<void>((resolve) => {
      const call = request(`${t.url}/api/v1/records/${name}/import`, {
        method: 'POST',
        headers: { 'Content-Type': NDJSON, Authorization: `Bearer ${acme.token}` },
      });
      call.on('error', () => resolve());
      call.write(nd(Array.from({ length: 600 }, (_, i) => ({ code: `${code}${i}` }))));
      setTimeout(() => {
        call.destroy();
        resolve();
      }, 400);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([0, 500]).toContain(await total({ code__like: `${code}%` }));
    expect((await t.call('GET', '/health')).status).toBe(200);
  });

  it('whether hooks take part is decided once: no row slips between them and the rule', async () => {
    const { name: ruled } = await t.collection({ schema: FIELDS, list_rule: '', create_rule: 'n < 10' });
    // The only hook goes away while the rows are judged.
    let asked = 0;
    t.app.hooks.addSource({
      wants: (event, collection) =>
        event === 'on_record_before_create' && collection === `main.${ruled}` && asked++ === 0,
      handlers: () => [],
    });
    const member = await t.member(acme.account.id);
    const rows = [20, 1].map((n) => JSON.stringify({ code: `c${n}`, n })).join('\n');
    const { body } = await send(rows, {}, NDJSON, member.token, ruled);
    expect(asked).toBeGreaterThan(0);
    expect(body).toMatchObject({ created: 1, rejected: 1, rejects: [{ line: 1, errors: [{ code: 'forbidden' }] }] });
  });
});

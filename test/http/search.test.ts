// Full-text search: words of searchable fields, ranked, in pages, within the account and what the caller may see.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('search', () => {
  let t: TestApp;
  let acme: Tenant;
  let other: Tenant;
  let name: string;
  const list = async (query: Record<string, string>, token = acme.token): Promise<Json> =>
    (await t.call('GET', `/api/v1/records/${name}?${new URLSearchParams(query)}`, undefined, { token })).body;
  const titles = async (search: string, more: Record<string, string> = {}) =>
    (await list({ search, ...more })).items.map((r: Json) => r.title);

  beforeAll(async () => {
    t = await startApp();
    [acme, other] = [await t.tenant(), await t.tenant()];
    const schema = [
      { name: 'title', type: 'text', searchable: true },
      { name: 'body', type: 'text', searchable: true },
      { name: 'secret', type: 'text', searchable: true },
      { name: 'rank', type: 'number' },
    ];
    const rules = { list_rule: '', create_rule: '', list_fields: ['title', 'body', 'rank'] };
    name = (await t.collection({ schema, ...rules })).name;
    const rows = [
      { title: 'Quick brown fox', body: 'jumps over the lazy dog', secret: 'hush', rank: 1 },
      { title: 'Lazy afternoon', body: 'a fox sleeps, the fox snores', rank: 2 },
      { title: 'Über den Wolken', body: "it's 100% naïve", rank: 3 },
      { title: null, body: 'fox', rank: 4 },
      { title: acme.account.id, body: '', rank: 5 },
    ];
    await t.call('POST', `/api/v1/records/${name}/batch`, { records: rows }, { token: acme.token });
    await t.call('POST', `/api/v1/records/${name}`, { title: 'Foreign fox' }, { token: other.token });
  });

  it.each([
    ['fox', ['Quick brown fox', 'Lazy afternoon', null]],
    ['fox lazy', ['Quick brown fox', 'Lazy afternoon']],
    ['"brown fox"', ['Quick brown fox']],
    ['fox -dog', ['Lazy afternoon', null]],
    ['wolken or dog', ['Quick brown fox', 'Über den Wolken']],
    ['wolk*', ['Über den Wolken']],
    ['zebra or wolk*', ['Über den Wolken']],
    ['"brown f*"', []],
    ['"fox jumps"', []],
    ['"jumps over"', ['Quick brown fox']],
    [`${'-('.repeat(300)} fox`, ['Quick brown fox', 'Lazy afternoon', null]],
    [`${'fox '.repeat(200)}`, ['Quick brown fox', 'Lazy afternoon', null]],
    ['qui* lazy', ['Quick brown fox']],
    ['ÜBER', ['Über den Wolken']],
    ['nothing', []],
    ['%', []],
    ["' or 1=1 --", []],
    ['!!! & | ( ) :*', []],
    [`${'-'.repeat(300)} ${'- '.repeat(200)}`, []],
    [`fox ${'-'.repeat(500)}dog`, ['Lazy afternoon', null]],
    ['hush', []],
  ])('finds %s', async (search, expected) => {
    expect((await titles(search)).sort()).toEqual([...expected].sort());
    expect((await list({ search })).total).toBe(expected.length);
  });

  it('puts the best first, and pages through them by cursor', async () => {
    expect(await titles('fox')).toEqual(['Quick brown fox', 'Lazy afternoon', null]);
    expect(await titles('fox', { sort: '-rank' })).toEqual([null, 'Lazy afternoon', 'Quick brown fox']);
    const walked: Json[] = [];
    let page: Json = await list({ search: 'fox', limit: '1', cursor: '' });
    for (;;) {
      walked.push(...page.items.map((r: Json) => r.title));
      if (page.next_cursor === null) break;
      page = await list({ search: 'fox', limit: '1', cursor: page.next_cursor });
    }
    expect(walked).toEqual(['Quick brown fox', 'Lazy afternoon', null]);
    const first = await list({ search: 'fox', limit: '1', cursor: '' });
    const mixed = await list({ search: 'dog', limit: '1', cursor: first.next_cursor });
    expect([mixed.code, mixed.errors[0].code]).toEqual(['INVALID_QUERY_PARAMS', 'invalid_cursor']);
  });

  it('joins with filters, and is asked for in a body too', async () => {
    expect(await titles('fox', { rank__gt: '1' })).toEqual(['Lazy afternoon', null]);
    const asked = { search: 'fox', where: { rank: { $lt: 3 } }, orderBy: 'rank' };
    const { body } = await t.call('POST', `/api/v1/records/${name}/query`, asked, { token: acme.token });
    expect(body.items.map((r: Json) => r.title)).toEqual(['Quick brown fox', 'Lazy afternoon']);
    expect((await list({ search: ' ' })).total).toBe(5);
  });

  it('finds what hidden fields hold for nobody but those who may read them', async () => {
    const { body } = await t.call('GET', `/api/v1/records/${name}?search=hush`, undefined, { token: t.root });
    // Superadmins see all fields only where a list does not name fewer; the list rule's fields hold for them too.
    expect(body.total).toBe(body.items.length);
    await t.call('PUT', `/api/v1/collections/${name}`, { list_fields: '*' }, { token: t.root });
    expect(await titles('hush')).toEqual(['Quick brown fox']);
    expect((await list({ search: 'fox' }, t.root)).total).toBe(4);
    expect((await list({ search: 'fox' }, other.token)).items.map((r: Json) => r.title)).toEqual(['Foreign fox']);
  });

  it('follows writes and changes of the definition', async () => {
    const made = await t.call('POST', `/api/v1/records/${name}`, { title: 'A new zebra' }, { token: acme.token });
    expect(made.status).toBe(201);
    expect(await titles('zebra')).toEqual(['A new zebra']);
    const schema = (await t.call('GET', `/api/v1/collections/${name}`, undefined, { token: t.root })).body.schema;
    const less = schema.map((f: Json) => ({ ...f, ...(f.name === 'body' && { searchable: false }) }));
    expect((await t.call('PUT', `/api/v1/collections/${name}`, { schema: less }, { token: t.root })).status).toBe(200);
    expect(await titles('fox')).toEqual(['Quick brown fox']);
    expect(await titles('zebra')).toEqual(['A new zebra']);
    const none = less.map((f: Json) => ({ ...f, searchable: false }));
    expect((await t.call('PUT', `/api/v1/collections/${name}`, { schema: none }, { token: t.root })).status).toBe(200);
    const refused = await list({ search: 'fox' });
    expect([refused.code, refused.errors[0].code]).toEqual(['INVALID_QUERY_PARAMS', 'not_searchable']);
    await t.call('PUT', `/api/v1/collections/${name}`, { schema }, { token: t.root });
    expect(await titles('fox')).toEqual(['Quick brown fox', 'Lazy afternoon', null]);
  });

  it('uses the index that holds the account', async () => {
    const [row] = await t.app.db.query<{ table: string }>(
      `select format('%I.%I', schemaname, tablename) as table from pg_indexes where tablename = $1 and indexdef like '%USING gin%'`,
      [name],
    );
    expect(row).toBeDefined();
    await t.app.db.query(
      `insert into ${row?.table} (account_id, id, title) select $1, gen_random_uuid(), 'filler ' || n from generate_series(1, 5000) n`,
      [acme.account.id],
    );
    await t.app.db.query(`analyze ${row?.table}`);
    const plan = await t.app.db.transaction(async (tx) => {
      await tx.query('set local enable_seqscan = off');
      return tx.query(
        `explain select id from ${row?.table} where "search$" @@ (websearch_to_tsquery('simple', 'fox') && '${acme.account.id}'::tsquery)`,
      );
    });
    expect(JSON.stringify(plan)).toContain('Bitmap Index Scan');
  });

  it('is refused for fields without words', async () => {
    const schema = [{ name: 'n', type: 'number', searchable: true }];
    const { body } = await t.call('POST', '/api/v1/collections', { name: `${name}x`, schema }, { token: t.root });
    expect([body.errors[0].field, body.errors[0].code]).toEqual(['schema.0.searchable', 'searchable_not_supported']);
  });
});

// Expanding references: in place, nested, from the other side, in a constant number of statements, and never past a rule.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('expand', () => {
  let t: TestApp;
  let acme: Tenant;
  let member: { token: string };
  const [companies, people, posts, comments] = ['companies', 'people', 'posts', 'comments'].map((n) =>
    unique(`${n}_`),
  ) as [string, string, string, string];
  let ids: Record<string, string>;
  const as = async (token: string, path: string, query: Record<string, string> = {}) =>
    t.call('GET', `/api/v1/records/${path}?${new URLSearchParams(query)}`, undefined, { token });

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    member = await t.member(acme.account.id);
    const make = (name: string, schema: Json, more: Json = {}) => t.collection({ name, schema, ...more });
    await make(
      companies,
      [
        { name: 'name', type: 'text' },
        { name: 'parent', type: 'reference', collection: companies },
      ],
      { view_rule: 'name != "Secret"' },
    );
    await make(
      people,
      [
        { name: 'name', type: 'text' },
        { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn' },
        { name: 'salary', type: 'number' },
        { name: 'company', type: 'reference', collection: companies },
      ],
      { view_rule: '', view_fields: ['name', 'ssn', 'company'] },
    );
    await make(
      posts,
      [
        { name: 'title', type: 'text' },
        { name: 'author', type: 'reference', collection: people },
        { name: 'editor', type: 'reference', collection: people },
      ],
      { list_rule: '', view_rule: '' },
    );
    await make(
      comments,
      [
        { name: 'text', type: 'text' },
        { name: 'post', type: 'reference', collection: posts },
        { name: 'n', type: 'number' },
      ],
      { view_rule: 'n < 100' },
    );
    const put = async (c: string, body: Json) =>
      (await t.call('POST', `/api/v1/records/${c}`, body, { token: acme.token })).body.id as string;
    ids = {};
    ids.holding = await put(companies, { name: 'Holding' });
    ids.acme = await put(companies, { name: 'Acme', parent: ids.holding });
    ids.secret = await put(companies, { name: 'Secret' });
    ids.ada = await put(people, { name: 'Ada', ssn: '123456789', salary: 1000, company: ids.acme });
    ids.bob = await put(people, { name: 'Bob', company: ids.secret });
    ids.first = await put(posts, { title: 'first', author: ids.ada, editor: ids.bob });
    ids.second = await put(posts, { title: 'second', author: ids.ada });
    for (let n = 0; n < 5; n++) await put(comments, { text: `c${n}`, post: ids.first, n });
    await put(comments, { text: 'hidden', post: ids.first, n: 100 });
    await put(comments, { text: 'other', post: ids.second, n: 7 });
  });

  it('a reference becomes its record in place, nested; null and hidden ones become null', async () => {
    const { body } = await as(acme.token, posts, { expand: 'author.company.parent,editor.company', sort: 'title' });
    expect(body.items).toMatchObject([
      {
        title: 'first',
        author: { id: ids.ada, name: 'Ada', company: { name: 'Acme', parent: { name: 'Holding', parent: null } } },
        editor: { name: 'Bob', company: null },
      },
      { title: 'second', author: { name: 'Ada' }, editor: null },
    ]);
    const one = await as(acme.token, `${posts}/${ids.first}`, { expand: 'author', fields: 'author' });
    expect(one.body).toEqual({ id: ids.first, author: expect.objectContaining({ name: 'Ada', company: ids.acme }) });
    const queried = await t.call(
      'POST',
      `/api/v1/records/${posts}/query`,
      { where: { title: 'first' }, expand: ['author'] },
      { token: acme.token },
    );
    expect(queried.body.items[0].author.name).toBe('Ada');
  });

  it("the target's rules, field lists and masks hold", async () => {
    const { body, text } = await as(member.token, posts, { expand: 'author.company,editor' });
    expect(text).not.toContain('salary');
    expect(text).not.toContain('123456789');
    const [second, first] = body.items;
    expect(first.author).toMatchObject({ name: 'Ada', ssn: '***-**-****', company: { name: 'Acme' } });
    expect(Object.keys(first.author)).not.toContain('salary');
    expect(second.editor).toBe(null);
    await t.call('PUT', `/api/v1/collections/${people}/rules`, { view_rule: null }, { token: t.root });
    expect((await as(member.token, posts, { expand: 'author' })).body.items.map((r: Json) => r.author)).toEqual([
      null,
      null,
    ]);
    await t.call('PUT', `/api/v1/collections/${people}/rules`, { view_rule: '' }, { token: t.root });
  });

  it('records that refer here, each with its own limit and order', async () => {
    const via = `${comments}_via_post`;
    const { body } = await as(acme.token, posts, { expand: `${via}(limit=2;sort=-n)`, sort: 'title' });
    expect(body.items.map((r: Json) => r[via].map((c: Json) => c.text))).toEqual([['c4', 'c3'], ['other']]);
    const all = await as(acme.token, `${posts}/${ids.first}`, { expand: `${via}(sort=n)` });
    expect(all.body[via].map((c: Json) => c.n)).toEqual([0, 1, 2, 3, 4]);
    const nested = await as(acme.token, `${people}/${ids.ada}`, {
      expand: `${posts}_via_author(sort=title).${via}(limit=1)`,
    });
    expect(nested.body[`${posts}_via_author`].map((p: Json) => [p.title, p[via].length])).toEqual([
      ['first', 1],
      ['second', 1],
    ]);
  });

  it.each<[string, string, string]>([
    ['an unknown name', 'nope', 'INVALID_FIELDS'],
    ['a field that is no reference', 'title', 'INVALID_QUERY_PARAMS'],
    ['an unknown name below', 'author.nope', 'INVALID_FIELDS'],
    ['five levels', 'author.company.parent.parent.parent', 'INVALID_QUERY_PARAMS'],
    ['options of a reference', 'author(limit=1)', 'INVALID_QUERY_PARAMS'],
    ['brackets that do not match', 'author(', 'INVALID_QUERY_PARAMS'],
    ['a back-relation that is none', 'people_via_company', 'INVALID_FIELDS'],
  ])('%s is a clear 400', async (_, expand, code) => {
    const reply = await as(acme.token, posts, { expand });
    expect([reply.status, reply.body.code], reply.text).toEqual([400, code]);
  });

  it('a limit out of range, an unknown option, an order by a hidden field and a field that is not projected are refused', async () => {
    const via = `${comments}_via_post`;
    for (const [expand, code] of [
      [`${via}(limit=0)`, 'INVALID_QUERY_PARAMS'],
      [`${via}(limit=101)`, 'INVALID_QUERY_PARAMS'],
      [`${via}(filter=x)`, 'INVALID_QUERY_PARAMS'],
      [`${via}(sort=nope)`, 'INVALID_FIELDS'],
    ] as const)
      expect((await as(acme.token, posts, { expand })).body.code).toBe(code);
    expect((await as(acme.token, posts, { expand: 'author', fields: 'title' })).status).toBe(400);
    expect((await as(member.token, people, { expand: `${comments}_via_post` })).status).toBe(403);
  });

  it('another account sees none of it', async () => {
    const other = await t.tenant('Other');
    const stolen = await t.call(
      'POST',
      `/api/v1/records/${posts}`,
      { title: 'x', author: ids.ada },
      { token: other.token },
    );
    expect(stolen.status).toBe(400);
    expect((await as(other.token, posts, { expand: `author,${comments}_via_post` })).body).toMatchObject({
      total: 0,
      items: [],
    });
  });
});

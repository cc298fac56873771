// Computed fields: made from stored ones when they are read, with every right of a field but that of being written.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const STORED = [
  { name: 'title', type: 'text', required: true },
  { name: 'price', type: 'number' },
  { name: 'quantity', type: 'number', default: 1 },
  { name: 'due', type: 'datetime' },
  { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn' },
];
const COMPUTED = [
  { name: 'total', type: 'computed', expression: 'price * quantity' },
  { name: 'each', type: 'computed', expression: 'total_cost / quantity', skip: true },
  { name: 'unit', type: 'computed', expression: 'round(price / quantity, 2)', return_type: 'number' },
  { name: 'label', type: 'computed', expression: 'concat(upper(title), "? ", price, " $1 \\\\ ", \'it"s\')' },
  { name: 'cheap', type: 'computed', expression: 'price < 10 and quantity > 0' },
  { name: 'late', type: 'computed', expression: "date_add(due, 1, 'days')" },
  { name: 'size', type: 'computed', expression: "if(price > 100, 'large', 'small')" },
  { name: 'tail', type: 'computed', expression: 'substring(ssn, 8)' },
].filter((field) => !('skip' in field));

describe.runIf(available)('computed fields', () => {
  let t: TestApp;
  let acme: Tenant;
  let name: string;
  const rows: Json[] = [];
  const at = (path = '', query: Record<string, string> = {}) =>
    `/api/v1/records/${name}${path}?${new URLSearchParams(query)}`;
  const list = async (query: Record<string, string>, token = acme.token): Promise<Json> =>
    (await t.call('GET', at('', query), undefined, { token })).body;

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const rules = {
      list_rule: '',
      view_rule: '',
      create_rule: 'total < 5000 or total is null',
      update_rule: 'total < 5000',
    };
    name = (await t.collection({ schema: [...STORED, ...COMPUTED], ...rules })).name;
    const bodies = [
      { title: 'Åre', price: 5, quantity: 2, due: '2026-01-31T10:00:00Z', ssn: '123-45-6789' },
      { title: 'b', price: 500, quantity: 0 },
      { title: 'c', price: 20, quantity: 3 },
      { title: 'd' },
    ];
    for (const body of bodies) rows.push((await t.call('POST', at(), body, { token: acme.token })).body);
  });

  it('stand in every reply, in the order of the definition', async () => {
    const [first, second, , last] = rows;
    expect(first).toMatchObject({
      total: 10,
      unit: 2.5,
      label: 'ÅRE? 5 $1 \\ it"s',
      cheap: true,
      late: '2026-02-01T10:00:00Z',
      size: 'small',
    });
    // A division by zero is null, as a value that is missing is.
    expect(second).toMatchObject({ total: 0, unit: null, cheap: false, size: 'large' });
    expect(last).toMatchObject({ total: null, unit: null, late: null, size: 'small', label: 'D?  $1 \\ it"s' });
    const got = await t.call('GET', at(`/${first.id}`), undefined, { token: acme.token });
    expect(got.body).toEqual(first);
    expect(Object.keys(first).indexOf('total')).toBeGreaterThan(Object.keys(first).indexOf('ssn'));
    const patched = await t.call('PATCH', at(`/${first.id}`), { quantity: 4 }, { token: acme.token });
    expect(patched.body.total).toBe(20);
    await t.call('PATCH', at(`/${first.id}`), { quantity: 2 }, { token: acme.token });
    const many = await t.call(
      'PATCH',
      at('/batch'),
      { records: [{ id: first.id, data: { price: 5 } }] },
      { token: acme.token },
    );
    expect(many.body.updated[0].total).toBe(10);
  });

  it('are filtered, sorted, paged, projected and aggregated', async () => {
    const titles = async (query: Record<string, string>) => (await list(query)).items.map((r: Json) => r.title);
    expect(await titles({ total: '60' })).toEqual(['c']);
    expect(await titles({ filter: 'total >= 10 and size = "small"', sort: 'total' })).toEqual(['Åre', 'c']);
    expect(await titles({ filter: 'total * 2 > 100' })).toEqual(['c']);
    expect(await titles({ label__like: '%? 5 %' })).toEqual(['Åre']);
    expect(await titles({ filter: 'lower(title) = "åre"' })).toEqual(['Åre']);
    expect(await titles({ filter: 'unit is null', sort: 'title' })).toEqual(['b', 'd']);
    expect(await titles({ sort: '-total,title' })).toEqual(['d', 'c', 'Åre', 'b']);
    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Json = await list({ sort: '-total', limit: '1', cursor });
      walked.push(...page.items.map((r: Json) => r.title));
      cursor = page.next_cursor;
    }
    expect(walked).toEqual(['d', 'c', 'Åre', 'b']);
    expect((await list({ fields: 'total', total: '60' })).items).toEqual([{ id: rows[2].id, total: 60 }]);
    const sums = await t.call(
      'GET',
      at('/aggregate', { functions: 'count(),sum(total),max(late)', group_by: 'size', sort: 'size' }),
      undefined,
      { token: acme.token },
    );
    expect(sums.body.results).toEqual([
      { size: 'large', count: 1, sum_total: 0, max_late: null },
      { size: 'small', count: 3, sum_total: 70, max_late: '2026-02-01T10:00:00Z' },
    ]);
  });

  it('are judged by rules like any field', async () => {
    const refused = await t.call('POST', at(), { title: 'x', price: 1000, quantity: 6 }, { token: acme.token });
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    const grown = await t.call('PATCH', at(`/${rows[2].id}`), { quantity: 1000 }, { token: acme.token });
    expect([grown.status, grown.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  it('are ignored in bodies, as system fields are, but are no field to write', async () => {
    const whole = await t.call('PUT', at(`/${rows[2].id}`), { ...rows[2], total: 7 }, { token: acme.token });
    expect([whole.status, whole.body.total]).toEqual([200, 60]);
    const empty = await t.call('PATCH', at(`/${rows[2].id}`), { total: 7 }, { token: acme.token });
    expect([empty.status, empty.body.errors[0].code]).toEqual([400, 'empty_body']);
  });

  it('are personal data where what they read is', async () => {
    const { token } = await t.member(acme.account.id);
    const seen = await list({ title: 'Åre' }, token);
    expect(seen.items[0]).toMatchObject({ ssn: '***-**-****', tail: '***', total: 10 });
    const hidden = await list({ tail: '6789' }, token);
    expect([hidden.code, hidden.errors[0].field]).toEqual(['INVALID_FIELDS', 'tail']);
    const { body } = await t.call('GET', at('', { tail: '6789', fields: 'tail' }), undefined, { token: t.root });
    expect(body.items).toEqual([{ id: rows[0].id, tail: '6789' }]);
  });

  it('say their type in the definition and the schema', async () => {
    const { body } = await t.call('GET', `/api/v1/collections/${name}`, undefined, { token: t.root });
    const types = Object.fromEntries(
      body.schema.flatMap((f: Json) => (f.type === 'computed' ? [[f.name, f.return_type]] : [])),
    );
    expect(types).toEqual({
      total: 'number',
      unit: 'number',
      label: 'text',
      cheap: 'boolean',
      late: 'datetime',
      size: 'text',
      tail: 'text',
    });
    const schema = (await t.call('GET', at('/schema'), undefined, { token: acme.token })).body;
    expect(schema.properties.total).toEqual({ type: ['number', 'null'], readOnly: true });
    // Sent again as it was answered, it is no change.
    const again = await t.call('PUT', `/api/v1/collections/${name}`, { schema: body.schema }, { token: t.root });
    expect(again.body.revision).toBe(body.revision);
  });

  it.each([
    ['price *', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['', 'schema.1.expression', 'computed_field_expression_required'],
    ['nope + 1', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['title + 1', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['fround(price)', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['round(price, quantity)', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['upper(price)', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['null', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['@request.auth.id', 'schema.1.expression', 'computed_field_expression_invalid'],
    ['other', 'schema.1.expression', 'computed_field_expression_invalid'],
    ["date_add(title, 1, 'days')", 'schema.1.expression', 'computed_field_expression_invalid'],
    ["date_diff(created_at, updated_at, 'fortnights')", 'schema.1.expression', 'computed_field_expression_invalid'],
  ])('refuses the expression %s when it is defined', async (expression, field, code) => {
    const schema = [
      { name: 'price', type: 'number' },
      { name: 'x', type: 'computed', expression },
      { name: 'other', type: 'computed', expression: 'price' },
      { name: 'title', type: 'text' },
      { name: 'quantity', type: 'number' },
    ];
    const { status, body } = await t.call(
      'POST',
      '/api/v1/collections',
      { name: `${name}x`, schema },
      { token: t.root },
    );
    expect([status, body.code, body.errors[0]?.field, body.errors[0]?.code]).toEqual([
      400,
      'INVALID_RESOURCE_DATA',
      field,
      code,
    ]);
  });

  it('refuses options that only stored fields have, and another type than it answers', async () => {
    const schema = [
      { name: 'price', type: 'number' },
      { name: 'x', type: 'computed', expression: 'price', required: true, unique: true, return_type: 'text' },
    ];
    const { body } = await t.call('POST', '/api/v1/collections', { name: `${name}x`, schema }, { token: t.root });
    expect(body.errors.map((e: Json) => e.code)).toEqual([
      'computed_field_no_required',
      'computed_field_no_unique',
      'computed_field_return_type_invalid',
    ]);
    const alone = { name: `${name}x`, schema: [{ name: 'x', type: 'computed', expression: '1' }] };
    expect((await t.call('POST', '/api/v1/collections', alone, { token: t.root })).body.errors[0].code).toBe(
      'schema_empty',
    );
  });

  it('marked as personal are masked, though nothing that they read is', async () => {
    const schema = [
      { name: 'a', type: 'text' },
      { name: 'c', type: 'computed', expression: "concat(a, '!')", pii: true },
      { name: 'z', type: 'computed', expression: 'n * -1' },
      { name: 'text', type: 'computed', expression: 'concat(n * -1)' },
      { name: 'n', type: 'number' },
      {
        name: 'many',
        type: 'computed',
        expression: "length(replace(replace(a, 'x', 'yyyyyyyyyy'), 'y', 'zzzzzzzzzzzzzzzzzzzz'))",
      },
      { name: 'age', type: 'computed', expression: "date_diff(now(), created_at, 'days')" },
    ];
    const open = { list_rule: '', view_rule: '', create_rule: "z is null or text = '0'" };
    const path = `/api/v1/records/${(await t.collection({ schema, ...open })).name}`;
    const { token } = await t.member(acme.account.id);
    const made = await t.call('POST', path, { a: 'x'.repeat(1000), n: 0 }, { token });
    expect(made.body).toMatchObject({ c: '***', z: 0, text: '0', many: null });
    expect(made.text).toContain('"z":0,');
    expect((await t.call('GET', `${path}?text=0`, undefined, { token })).body.total).toBe(1);
    expect((await t.call('GET', `${path}?c=x!`, undefined, { token })).body.code).toBe('INVALID_FIELDS');
    const sorted = await t.call('GET', `${path}?sort=age`, undefined, { token });
    expect([sorted.status, sorted.body.errors[0].field]).toEqual([400, 'sort']);
  });

  it('that ask the clock are no other version of the record', async () => {
    const schema = [
      { name: 'title', type: 'text' },
      { name: 'age', type: 'computed', expression: "date_diff(now(), created_at, 'seconds')" },
    ];
    const open = { view_rule: '', create_rule: '', update_rule: '' };
    const path = `/api/v1/records/${(await t.collection({ schema, ...open })).name}`;
    const made = await t.call('POST', path, { title: 'a' }, { token: acme.token });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const got = await t.call('GET', `${path}/${made.body.id}`, undefined, { token: acme.token });
    expect(got.body.age).toBeGreaterThan(made.body.age);
    expect(got.headers.get('etag')).toBe(made.headers.get('etag'));
    const headers = { 'If-Match': made.headers.get('etag') as string };
    const changed = await t.call('PATCH', `${path}/${made.body.id}`, { title: 'b' }, { token: acme.token, headers });
    expect(changed.status).toBe(200);
    const late = await t.call('PATCH', `${path}/${made.body.id}`, { title: 'c' }, { token: acme.token, headers });
    expect(late.status).toBe(412);
  });

  it('keeps a field that a computed one is made of', async () => {
    const schema = [STORED[0], STORED[1], COMPUTED[0]];
    const { status, body } = await t.call('PUT', `/api/v1/collections/${name}`, { schema }, { token: t.root });
    expect([status, body.errors[0].field]).toEqual([400, 'schema.2.expression']);
  });
});

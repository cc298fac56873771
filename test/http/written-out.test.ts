// What definitions write out is judged when they are stored, as it would be when they run; what values decide is judged there.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const SCHEMA = [
  { name: 'title', type: 'text', max_length: 5 },
  { name: 'amount', type: 'number', min: 0 },
  { name: 'state', type: 'enum', enum: ['new', 'paid'], default: 'new' },
  { name: 'mail', type: 'email' },
  { name: 'at', type: 'datetime' },
  { name: 'owner', type: 'reference', collection: 'users' },
  { name: 'open', type: 'boolean' },
  { name: 'tags', type: 'text[]', enum: ['a', 'b'] },
  { name: 'more', type: 'json' },
  { name: 'twice', type: 'computed', expression: 'amount * 2' },
];

describe.runIf(available)('what definitions write out', () => {
  let t: TestApp;
  let a: Tenant;
  let orders: string;
  let strict: string;
  const call = (method: string, path: string, body?: unknown, token = a.token) =>
    t.call(method, `/api/v1${path}`, body, { token });
  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
    orders = (await t.collection({ schema: SCHEMA.filter(({ type }) => type !== 'reference') })).name;
    strict = (
      await t.collection({
        schema: [
          { name: 'title', type: 'text', required: true },
          { name: 'amount', type: 'number', required: true },
          { name: 'state', type: 'text', required: true, default: 'new' },
        ],
      })
    ).name;
  });

  /** The same action in each kind of definition; answers the problems by their place below the action. */
  const KINDS = {
    hook: (action: Json, more: Json) => [
      '/hooks',
      {
        name: 'A hook',
        trigger: { type: 'event', event: 'records.create', collection: orders },
        actions: [action],
        ...more,
      },
      'actions[0].',
    ],
    endpoint: (action: Json, more: Json) => [
      '/endpoints',
      { name: 'An endpoint', path: `/${unique('e-')}`, method: 'POST', run_as: 'account', actions: [action], ...more },
      'actions[0].',
    ],
    workflow: (action: Json, more: Json) => [
      '/workflows',
      { name: 'A workflow', trigger: { type: 'manual' }, steps: [{ type: 'action', name: 'it', action }], ...more },
      'steps[0].action.',
    ],
  } as const;
  type Kind = keyof typeof KINDS;
  async function store(kind: Kind, action: Json, more: Json = {}) {
    const [path, body, at] = KINDS[kind](action, more) as [string, Json, string];
    const { status, text, body: made } = await call('POST', path, body);
    const problems = (made.errors ?? []) as Json[];
    for (const { field } of problems) expect(field.startsWith(at), text).toBe(true);
    return {
      status,
      id: made.id as string,
      found: problems.map(({ field, code }) => `${field.slice(at.length)} ${code}`),
      messages: problems.map(({ message }) => message as string),
      text,
    };
  }
  const kinds = Object.keys(KINDS) as Kind[];
  const value = (kind: Kind): string => ({ hook: 'record', endpoint: 'request.body', workflow: 'trigger' })[kind];

  const BAD: [string, Json, string][] = [
    ['a text that is too long', { title: 'longer' }, 'data.title too_big'],
    ['a number as text', { amount: '12' }, 'data.amount invalid_type'],
    ['a number that is too small', { amount: -1 }, 'data.amount too_small'],
    ['an unknown option', { state: 'sold' }, 'data.state invalid_enum'],
    ['an address that is none', { mail: 'nobody' }, 'data.mail invalid_email_format'],
    ['a moment that is none', { at: 'soon' }, 'data.at invalid_datetime_format'],
    ['a text for a truth', { open: 'true' }, 'data.open invalid_type'],
    ['an unknown option in a list', { tags: ['a', 'c'] }, 'data.tags.1 invalid_enum'],
    ['one for a list', { tags: 'a' }, 'data.tags invalid_type'],
    ['a template in quotes, which is text', { title: '{{"{{x}}"}}yz' }, 'data.title too_big'],
    ['a computed field', { twice: 1 }, 'data.twice read_only'],
    ['a field of the server', { created_at: '2026-01-02T03:04:05Z' }, 'data.created_at read_only'],
    ['the id', { id: 'x' }, 'data.id read_only'],
    ['an unknown field', { titel: 'x' }, 'data.titel unknown_field'],
  ];

  it.each(BAD)('refuses %s, in all kinds and actions', async (_, data, expected) => {
    for (const kind of kinds)
      for (const action of [
        { type: 'create_record', collection: orders, data },
        { type: 'update_record', collection: orders, record_id: 'x', data },
      ]) {
        const { found, text, messages } = await store(kind, action);
        expect(found, text).toEqual([expected]);
        expect(messages[0]?.length).toBeGreaterThan(5);
      }
    const before = { trigger: { type: 'event', event: 'records.before_create', collection: orders } };
    const { found, text } = await store('hook', { type: 'set_fields', fields: data }, before);
    expect(found, text).toEqual([expected.replace('data.', 'fields.')]);
  });

  it('takes what fits, and what values decide', async () => {
    for (const kind of kinds) {
      const name = `{{${value(kind)}.title}}`;
      for (const data of [
        { title: 'short', amount: 1, state: 'paid', mail: 'a@example.com', at: '2026-01-02T03:04:05Z', open: false },
        { title: null, tags: ['a', 'b'], more: { any: [1, { thing: null }] } },
        { title: `longer than five ${name}`, amount: name, state: `x${name}`, tags: ['c', name], more: { a: name } },
        { title: '{{"{{x}}"}}' },
      ]) {
        const action = { type: 'create_record', collection: orders, data };
        const { status, text } = await store(kind, action);
        expect(status, text).toBe(201);
      }
    }
  });

  it('tells all problems with the words of the field, beside values', async () => {
    const data = { title: 'longer', amount: '{{record.amount}}', state: 'sold', mail: '{{record.nothing}}', open: 1 };
    const { found, messages } = await store('hook', { type: 'create_record', collection: orders, data });
    expect(found.sort()).toEqual([
      'data.mail unknown_path',
      'data.open invalid_type',
      'data.state invalid_enum',
      'data.title too_big',
    ]);
    expect(messages.join('\n')).toContain('state: must be one of new, paid');
    // The same words as of a request.
    const sent = await call('POST', `/records/${orders}`, { title: 'longer', state: 'sold', open: 1 });
    for (const { message } of sent.body.errors) expect(messages).toContain(message);
  });

  it('a field that must be there is missed where nothing can fill it in: not of a role, whose permissions may', async () => {
    for (const kind of kinds) {
      const create = (data: Json) => ({ type: 'create_record', collection: strict, data });
      expect((await store(kind, create({ title: 'x' }))).found).toEqual(['data.amount required_missing']);
      expect((await store(kind, create({ title: 'x', amount: null }))).found).toEqual(['data.amount required_null']);
      expect((await store(kind, create({}))).found.sort()).toEqual([
        'data empty_body',
        'data.amount required_missing',
        'data.title required_missing',
      ]);
      expect((await store(kind, create({ title: 'x', amount: `{{${value(kind)}.amount}}` }))).status).toBe(201);
      expect((await store(kind, create({ title: 'x' }), { run_as: 'admin' })).status).toBe(201);
      expect((await store(kind, create({ title: 'x', amount: 'y' }), { run_as: 'admin' })).found).toEqual([
        'data.amount invalid_type',
      ]);
      const change = (data: Json) => ({ type: 'update_record', collection: strict, record_id: 'x', data });
      expect((await store(kind, change({ title: 'x' }))).status).toBe(201);
      expect((await store(kind, change({ title: null }))).found).toEqual(['data.title required_null']);
      expect((await store(kind, change({}), { run_as: 'admin' })).found).toEqual(['data empty_body']);
    }
    const caller = { type: 'create_record', collection: strict, data: { title: 'x' } };
    expect((await store('endpoint', caller, { run_as: 'caller' })).status).toBe(201);
    const set = { type: 'set_fields', fields: { title: 'x' } };
    const before = { trigger: { type: 'event', event: 'records.before_create', collection: strict } };
    expect((await store('hook', set, before)).status).toBe(201);
    expect((await store('hook', { ...set, fields: {} }, before)).status).toBe(201);
  });

  it('one that is stored runs on when the collection changes: the action fails, under its own on_error', async () => {
    const own = (await t.collection({ schema: [{ name: 'state', type: 'text' }] })).name;
    const set = { type: 'create_record', collection: own, data: { state: 'sold' }, on_error: 'continue' };
    const path = `/${unique('e-')}`;
    const { id } = await store('endpoint', set, { path, auth_required: true });
    const schema = [{ name: 'state', type: 'text', enum: ['new'] }];
    const changed = await t.call('PUT', `/api/v1/collections/${own}`, { schema }, { token: t.root });
    expect(changed.status, changed.text).toBe(200);
    const answer = await call('POST', `/x${path}`, {});
    expect(answer.status, answer.text).toBe(200);
    const hooked = (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name;
    const trigger = { type: 'event', event: 'records.before_create', collection: hooked };
    const early = (await t.collection({ schema: [{ name: 'state', type: 'text' }] })).name;
    const first = await store('hook', { ...set, collection: early }, { trigger });
    expect(first.status, first.text).toBe(201);
    await t.call('PUT', `/api/v1/collections/${early}`, { schema }, { token: t.root });
    const written = await call('POST', `/records/${hooked}`, { title: 'x' });
    expect(written.status, written.text).toBe(201);
    // Storing it again judges it again; switching it off does not.
    expect((await call('PUT', `/endpoints/${id}`, { description: 'y' })).status).toBe(422);
    expect((await call('PATCH', `/hooks/${first.id}`, { description: 'y' })).status).toBe(422);
    expect((await call('PATCH', `/hooks/${first.id}`, { enabled: false })).status).toBe(200);
  });

  it.each([
    ['http://127.0.0.1/', 'forbidden_address'],
    ['http://0x7f000001:8080/a', 'forbidden_address'],
    ['https://169.254.169.254/latest/meta-data/', 'forbidden_address'],
    ['http://[::1]/', 'forbidden_address'],
    ['http://localhost:3000/', 'forbidden_address'],
    ['ftp://example.com/', 'scheme'],
    ['example.com/hooks', 'invalid_url'],
    ['http:example.com', 'invalid_url'],
    ['https://user:pw@example.com/', 'invalid_url'],
    ['{{"https://10.0.0.1/"}}', 'forbidden_address'],
  ])('refuses to call %s', async (url, code) => {
    for (const kind of kinds) {
      const { found, text } = await store(kind, { type: 'send_webhook', url });
      expect(found, text).toEqual([`url ${code}`]);
    }
    const webhook = await call('POST', '/webhooks', { url, collection: orders, events: ['create'] });
    // Of a text in double braces a webhook knows nothing, and it takes any spelling of https.
    if (!/\{\{|^http:\w/.test(url)) expect(webhook.body.errors[0]).toMatchObject({ field: 'url', code });
  });

  it('refuses headers that no call can have', async () => {
    for (const kind of kinds) {
      const headers = {
        'X-Fine': 'a',
        Authorization: `Bearer {{${value(kind)}.title}}`,
        Host: 'other.example',
        'bad name': 'a',
        'X-Two-Lines': 'a\r\nX-Other: b',
        'x-fine': 'b',
      };
      const { found, text } = await store(kind, { type: 'send_webhook', url: 'https://example.com/', headers });
      expect(found.sort(), text).toEqual([
        'headers.Host reserved',
        'headers.X-Two-Lines invalid_value',
        'headers.bad name invalid_name',
        'headers.x-fine duplicate',
      ]);
    }
  });

  it('calls what is public or decided by values; whom mail goes to is judged too', async () => {
    for (const kind of kinds) {
      const name = value(kind);
      for (const url of [
        'https://example.com/a',
        ' https://example.com/a ',
        `{{${name}.title}}`,
        `http://10.0.0.1/{{${name}.id}}`,
      ]) {
        const { status, text } = await store(kind, { type: 'send_webhook', url });
        expect(status, `${url} ${text}`).toBe(201);
      }
      for (const to of ['nobody', 'a@example.com, nobody', ['a@example.com', 'b']])
        expect((await store(kind, { type: 'send_email', to, body: 'x' })).found).toEqual(['to invalid_email']);
      const mail = { type: 'send_email', to: ['a@example.com', `{{${name}.mail}}`], body: 'x' };
      expect((await store(kind, mail)).status).toBe(201);
    }
  });

  const aggregate = (more: Json) => ({
    type: 'aggregate_records',
    collection: orders,
    functions: 'count(),sum(amount)',
    group_by: 'state',
    ...more,
  });
  it.each([
    ['an unknown result', { having: 'sum_total > 1' }, 'having unknown_field'],
    ['an unknown result beside a value', { having: 'sum_total > {{now}}' }, 'having unknown_field'],
    ['a field that is no result', { having: 'amount > 1' }, 'having unknown_field'],
    ['another type', { having: "count > 'x'" }, 'having *'],
    ['an order by what is no result', { sort: '-sum_total' }, 'sort invalid'],
    ['an order by a field', { sort: ['state', 'amount'] }, 'sort invalid'],
    ['a sum of texts', { functions: 'sum(title)' }, 'functions invalid'],
    ['a sum of texts alone', { functions: undefined, function: 'sum', field: 'title' }, 'field invalid'],
    ['groups of json', { group_by: 'more' }, 'group_by invalid'],
    ['a result twice', { functions: 'count(),count()' }, 'functions invalid'],
  ])('an aggregate refuses %s', async (_, more, expected) => {
    for (const kind of kinds) {
      const { found, text } = await store(kind, aggregate(more));
      expect(found.length, text).toBe(1);
      expect(found[0]).toMatch(expected.endsWith('*') ? new RegExp(`^${expected.slice(0, -1)}`) : expected);
    }
  });

  it('an aggregate takes its results and groups, alone and with values', async () => {
    for (const more of [
      { having: 'count > 1 and sum_amount >= 2', sort: '-sum_amount,state' },
      { having: 'count() > 1 and sum(amount) >= 2', sort: '-sum(amount)' },
      { having: "state = 'new' or state in ['paid']", sort: ['count', '-state'] },
      { functions: undefined, function: 'sum', field: 'amount', having: 'sum_amount > 1', sort: 'sum_amount' },
      { group_by: 'month(at)', sort: 'month_at' },
    ])
      for (const kind of kinds) {
        const { status, text } = await store(kind, aggregate(more));
        expect(status, `${JSON.stringify(more)} ${text}`).toBe(201);
      }
    const having = 'count >= {{request.body.least}} and state in {{request.body.states}}';
    const path = `/${unique('e-')}`;
    const { status, text } = await store('endpoint', aggregate({ having, sort: '-count' }), { path });
    expect(status, text).toBe(201);
    const answer = await call('POST', `/x${path}`, { least: 0, states: ['new'] });
    expect(answer.status, answer.text).toBe(200);
  });
});

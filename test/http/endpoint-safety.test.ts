// What custom endpoints withstand: callers of no account, repeated and simultaneous requests, dear bodies, other sites and eyes.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, PASSWORD, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('custom endpoints withstand', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  /** Whoever there is may create and read. */
  let open: string;

  const define = (definition: Json) =>
    t.call('POST', '/api/v1/endpoints', { name: 'An endpoint', ...definition }, { token: a.token });
  const defined = async (definition: Json): Promise<Json> => {
    const { status, body, text } = await define(definition);
    expect(status, text).toBe(201);
    return body;
  };
  const x = (method: string, path: string, body?: unknown, token: string | null = a.token, headers = {}) =>
    t.call(method, `/api/v1/x${path}`, body, { token, headers });
  const path = () => `/${unique('s-')}`;
  const items = async (): Promise<Json[]> =>
    (await t.call('GET', `/api/v1/records/${open}?limit=100`, undefined, { token: a.token })).body.items;
  const customers = async (customer: string) => (await items()).filter((one) => one.customer === customer).length;
  const create = (customer: string) => ({ type: 'create_record', collection: open, data: { customer } });

  beforeAll(async () => {
    t = await startApp({ webhookAllowPrivate: true });
    [a, b] = [await t.tenant('Acme'), await t.tenant('Beta')];
    const schema = [{ name: 'customer', type: 'text', required: true }];
    open = (await t.collection({ schema, list_rule: '', view_rule: '', create_rule: '', update_rule: '' })).name;
  });

  it('one transaction as the caller for nobody, for others and for superadmins, at once too', async () => {
    const at = path();
    await defined({ path: at, method: 'POST', auth_required: false, actions: [create('Anyone'), create('Anyone')] });
    const public_ = `/${a.account.slug}${at}`;
    for (const token of [null, b.token, t.root]) {
      const { status, text } = await x('POST', public_, {}, token);
      expect(status, text).toBe(200);
    }
    expect((await x('POST', at, {}, t.root, { 'X-Account-ID': a.account.id })).status).toBe(200);
    expect(await customers('Anyone')).toBe(8);
    const all = await Promise.all(Array.from({ length: 15 }, () => x('POST', public_, {}, null)));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await items()).every(({ account_id }) => account_id === a.account.id)).toBe(true);
  });

  it('an admin who sees no personal data does not see it in the log of calls', async () => {
    const people = (
      await t.collection({
        schema: [{ name: 'phone', type: 'text', pii: true, mask_type: 'phone' }],
        list_rule: '',
        view_rule: '',
        create_rule: '',
      })
    ).name;
    await t.call('POST', `/api/v1/records/${people}`, { phone: '+49 170 5551234' }, { token: a.token });
    const actions = [{ type: 'query_records', collection: people }];
    const [byCaller, byRole] = [path(), path()];
    const [one, two] = [
      await defined({ path: byCaller, actions }),
      await defined({ path: byRole, actions, run_as: 'admin' }),
    ];
    const admin = await t.member(a.account.id, 1);
    expect((await x('GET', byCaller)).text).toContain('5551234');
    expect((await x('GET', byCaller, undefined, admin.token)).text).not.toContain('5551234');
    await x('GET', byRole);
    const log = async (id: string, token: string) =>
      (await t.call('GET', `/api/v1/endpoints/${id}/executions`, undefined, { token })).body.items as Json[];
    expect((await log(one.id, a.token))[1].response_body.items[0].phone).toContain('5551234');
    const [own, others] = await log(one.id, admin.token);
    expect(own.response_body.items[0].phone).toMatch(/\*.*1234$/);
    expect(others).toMatchObject({ response_body: { withheld: true }, request_data: { personal_data: true } });
    const single = `/api/v1/endpoints/${one.id}/executions/${others.id}`;
    expect((await t.call('GET', single, undefined, { token: admin.token })).text).not.toContain('5551234');
    expect((await log(two.id, admin.token))[0].response_body.items[0].phone).toMatch(/\*.*1234$/);
  });

  it('changes at once are all kept, each upon the other', async () => {
    const { id } = await defined({ path: path(), actions: [{ type: 'transform', output: 1 }] });
    const of = (method: string, more: string, body?: unknown) =>
      t.call(method, `/api/v1/endpoints/${id}${more}`, body, { token: a.token });
    const sent = [{ name: 'Renamed' }, { description: 'Told' }, { timeout_seconds: 7 }, { enabled: false }];
    const done = await Promise.all(sent.map((one) => of('PATCH', '', one)));
    expect(done.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await of('GET', '')).body).toMatchObject(Object.assign({}, ...sent));
    const toggled = await Promise.all([of('PATCH', '/toggle'), of('PATCH', '/toggle'), of('PATCH', '/toggle')]);
    expect(toggled.filter(({ body }) => body.enabled)).toHaveLength(2);
    expect((await of('GET', '')).body.enabled).toBe(true);
  });

  it('under one Idempotency-Key what was done in part is not done again, whatever it was answered', async () => {
    const key = () => ({ 'Idempotency-Key': unique('key-') });
    const call = { type: 'send_webhook', url: 'http://127.0.0.1:9/', method: 'POST', timeout_seconds: 1 };
    const abort = (status: number) => ({ type: 'abort', message: 'No more', status });
    for (const [customer, last, more] of [
      ['Called', call, {}],
      ['Refused', abort(403), { atomic: false }],
      ['Limited', call, { failure_status: 429 }],
    ] as const) {
      const at = path();
      await defined({ path: at, method: 'POST', actions: [create(customer), last], ...more });
      const same = key();
      const [first, second] = [await x('POST', at, {}, a.token, same), await x('POST', at, {}, a.token, same)];
      expect(first.status, customer).toBeGreaterThanOrEqual(400);
      expect([second.status, second.text]).toEqual([first.status, first.text]);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(await customers(customer)).toBe(1);
      await x('POST', at, {}, a.token, key());
      expect(await customers(customer)).toBe(2);
    }
    // Nothing was done: it may be tried again.
    const at = path();
    await defined({ path: at, method: 'POST', actions: [call, create('Never')] });
    const same = key();
    await x('POST', at, {}, a.token, same);
    expect((await x('POST', at, {}, a.token, same)).headers.get('idempotency-replayed')).toBe(null);
    expect(await customers('Never')).toBe(0);
  });

  it('whose process died after a part was committed is told so, and nothing is done twice', async () => {
    const at = path();
    const call = { type: 'send_webhook', url: 'http://127.0.0.1:9/', method: 'POST', timeout_seconds: 1 };
    await defined({ path: at, method: 'POST', actions: [create('Died'), call] });
    const key = { 'Idempotency-Key': unique('key-') };
    expect((await x('POST', at, {}, a.token, key)).status).toBe(502);
    await t.app.db.query(
      `update snackbase.idempotency_keys set status = null, reply = null, locked_until = now() - interval '1 s'
       where key = $1 and committed`,
      [key['Idempotency-Key']],
    );
    const again = await x('POST', at, {}, a.token, key);
    expect([again.status, again.body.message]).toEqual([502, expect.stringMatching(/done before/)]);
    expect(await customers('Died')).toBe(1);
  });

  it('the account does not learn who runs the server, nor who calls from another one', async () => {
    const at = path();
    const { id } = await defined({
      path: at,
      auth_required: false,
      actions: [{ type: 'transform', output: { auth: '{{auth}}' } }],
    });
    const named = { 'X-Account-ID': a.account.id };
    const { body } = await x('GET', at, undefined, t.root, named);
    expect(body.auth).toMatchObject({ email: null, account_id: a.account.id });
    expect((await x('GET', at)).body.auth.email).toBe(a.email);
    await x('GET', `/${a.account.slug}${at}`, undefined, b.token);
    const { items: log, text } = await t
      .call('GET', `/api/v1/endpoints/${id}/executions`, undefined, { token: a.token })
      .then((reply) => ({ items: reply.body.items as Json[], text: reply.text }));
    expect(log.map(({ user_id }) => user_id)).toContain(a.user.id);
    expect(text).not.toContain(b.user.id);
    expect(text).not.toContain('root@');
  });

  it('a link on another site does nothing in the name of whoever follows it', async () => {
    const { account } = a;
    const login = { account: account.slug, email: a.email, password: PASSWORD, session: true };
    const cookie = (await t.call('POST', '/api/v1/auth/login', login)).headers.get('set-cookie') as string;
    const get = (at: string, headers: Record<string, string>) =>
      x('GET', at, undefined, null, { Cookie: cookie.split(';')[0] as string, ...headers });
    const who = { type: 'transform', output: { by: '{{auth.email}}' } };
    const [closed, public_, reading] = [path(), path(), path()];
    await defined({ path: closed, actions: [create('Lured'), who] });
    await defined({ path: public_, auth_required: false, actions: [create('Confirmed'), who] });
    await defined({ path: reading, actions: [who] });
    const elsewhere = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'https://evil.example' },
      {},
    ];
    for (const headers of elsewhere) {
      const { status, body } = await get(closed, headers);
      expect([status, body.code], JSON.stringify(headers)).toEqual([403, 'CROSS_SITE_REQUEST']);
      expect((await get(public_, headers)).body).toEqual({ by: null });
      expect((await get(reading, headers)).body).toEqual({ by: a.email });
    }
    expect(await customers('Lured')).toBe(0);
    for (const site of ['same-origin', 'none'])
      for (const at of [closed, public_])
        expect((await get(at, { 'Sec-Fetch-Site': site })).body).toEqual({ by: a.email });
    expect(await customers('Lured')).toBe(2);
    expect((await x('GET', closed, undefined, a.token, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(200);
  });

  it.runIf(kind === 'postgres')('what only reads ends with its time in the database too', async () => {
    const at = path();
    await defined({ path: at, timeout_seconds: 0.5, actions: [{ type: 'query_records', collection: open }] });
    expect((await x('GET', at)).status).toBe(200);
    await t.app.db.transaction(async (tx) => {
      await tx.query(`lock table app_main.${open} in access exclusive mode`);
      expect((await x('GET', at)).body.code).toBe('ENDPOINT_TIMEOUT');
      await new Promise((resolve) => setTimeout(resolve, 500));
      const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      expect(await tx.query(waiting)).toEqual([]);
    });
    expect((await x('GET', at)).status).toBe(200);
  });

  it('a schema that would hold up everybody while it is compiled is not taken, one that is taken answers whatever comes', async () => {
    const properties = (length: number, of: (i: number) => Json) =>
      Object.fromEntries(Array.from({ length }, (_, i) => [`p${i}`, of(i)]));
    const bombs = [
      properties(900, (i) => ({ type: 'string', pattern: `^\\p{L}{1,900}${i}$` })),
      properties(1900, () => ({ type: 'string' })),
    ];
    const common = { method: 'POST', auth_required: false, actions: [{ type: 'transform', output: 1 }] };
    for (const one of bombs) {
      const input_schema = { type: 'object', properties: one };
      const { status, body } = await define({ ...common, path: path(), input_schema });
      expect([status, body.details?.map(({ code }: Json) => code) ?? body]).toEqual([422, ['too_large']]);
    }
    const [at, gone] = [path(), path()];
    const input_schema = { type: 'object', properties: properties(900, () => ({ type: 'string' })) };
    await defined({ ...common, path: at, input_schema });
    expect((await x('POST', `/${a.account.slug}${at}`, { p0: 'x' }, null)).status).toBe(200);
    const wrong = await x('POST', `/${a.account.slug}${at}`, { p0: 1, p899: 1 }, null);
    expect([wrong.status, wrong.body.details.length]).toEqual([400, 2]);
    // Stored before there were bounds: it keeps everything out, and is no open door.
    const { id } = await defined({ ...common, path: gone, input_schema });
    await t.app.db.query(
      `update snackbase.endpoints set settings = jsonb_set(settings::jsonb, '{input_schema,properties}', $2::jsonb), updated_at = now() where id = $1`,
      [id, JSON.stringify(bombs[1])],
    );
    // Whatever is published makes every process read them anew.
    await defined({ ...common, path: path() });
    await expect.poll(async () => (await x('POST', `/${a.account.slug}${gone}`, { p0: 'x' }, null)).status).toBe(400);
  });
});

// Definitions that do something by themselves: how large one may be, what every process keeps of it, and that what runs is what is stored.
import { beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../server/automation/endpoints/store.ts';
import { eventHooks } from '../../server/automation/hooks/store/definitions.ts';
import { definitionStatements } from '../../server/automation/store.ts';
import { listening } from '../../server/automation/workflows/store/workflows.ts';
import { available, type Json, kind, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const text = (length: number) => 'x'.repeat(length);
const transform = (output: unknown) => ({ type: 'transform', output });

describe.runIf(available)('definitions', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('Acme'), await t.tenant('Beta')];
  });
  const call = (method: string, path: string, body?: unknown, token: string | null = a.token, url = t.url) =>
    url === t.url
      ? t.call(method, `/api/v1${path}`, body, { token })
      : fetch(`${url}/api/v1${path}`, {
          method,
          headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }).then(async (reply) => ({ status: reply.status, body: (await reply.json()) as Json, text: '' }));
  const made = async (path: string, definition: Json, as: Tenant = a): Promise<Json> => {
    const reply = await call('POST', path, definition, as.token);
    expect(reply.status, reply.text).toBe(201);
    return reply.body;
  };
  const collection = async () => (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name as string;
  const onCreate = (of: string) => ({ type: 'event', event: 'records.before_create', collection: of });
  /** Whatever was compiled is compiled anew: as far as running goes, nothing is in memory any more. */
  const forget = collection;
  const change = async (sql: string, values: unknown[], accountId: string, of: string) => {
    await t.app.db.query(sql, values);
    await t.app.db.query('update snackbase.automation_versions set number = number + 1 where kind = $1', [of]);
    await t.app.db.query(
      `insert into snackbase.automation_changes as c (kind, account_id, number)
       select kind, $2, number from snackbase.automation_versions where kind = $1
       on conflict (kind, account_id) do update set number = excluded.number`,
      [of, accountId],
    );
  };

  describe('have a size', () => {
    const step = (name: string, output: unknown) => ({ type: 'action', name, action: transform(output) });
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}_${text(80)}`);
    const kinds: [string, number, (large: boolean) => Json, (large: boolean) => Json, string][] = [
      [
        'hooks',
        65_536,
        (large) => ({ name: 'h', trigger: { type: 'manual' }, actions: [transform(text(large ? 65_500 : 60_000))] }),
        (large) => ({ actions: [transform(text(large ? 65_500 : 60_000))] }),
        'actions',
      ],
      [
        'endpoints',
        65_536,
        (large) => ({ name: 'e', slug: unique('e-'), actions: [transform(text(large ? 65_500 : 60_000))] }),
        (large) => ({ response_template: { body: text(large ? 10_000 : 100) } }),
        'actions',
      ],
      [
        'workflows',
        262_144,
        (large) => ({
          ...{ name: 'w', trigger: { type: 'manual' } },
          steps: ['a', 'b'].map((name) => step(name, text(large ? 131_050 : 130_000))),
        }),
        (large) => ({ steps: [step('a', text(large ? 262_100 : 200_000))] }),
        'steps',
      ],
      [
        'webhooks',
        16_384,
        (large) => ({ url: 'https://example.com/', events: ['*'], fields: fields(large ? 200 : 150) }),
        (large) => ({ fields: fields(large ? 250 : 100) }),
        'fields',
      ],
    ];
    it.each(kinds)('%s: told, and nothing is stored', async (room, most, definition, larger, field) => {
      const total = async () => (await call('GET', `/${room}`)).body.total;
      const before = await total();
      const refused = async (method: string, path: string, body: Json) => {
        const { errors, ...reply } = (await call(method, path, body)).body;
        expect([reply.code, errors]).toMatchObject(['INVALID_REQUEST', [{ field, code: 'too_large' }]]);
        expect(errors[0].message).toContain(`${most} are allowed`);
      };
      await refused('POST', `/${room}`, definition(true));
      expect(await total()).toBe(before);
      const { id, updated_at: at } = await made(`/${room}`, definition(false));
      await refused('PATCH', `/${room}/${id}`, larger(true));
      expect((await call('GET', `/${room}/${id}`)).body.updated_at).toBe(at);
      const changed = await call('PATCH', `/${room}/${id}`, larger(false));
      expect(changed.status, changed.text).toBe(200);
    });

    it('counts bytes, not characters', async () => {
      const definition = { name: 'h', trigger: { type: 'manual' }, actions: [transform('ä'.repeat(33_000))] };
      expect((await call('POST', '/hooks', definition)).body.errors).toMatchObject([{ code: 'too_large' }]);
    });

    it('one that is larger from before can be switched off, and still be read', async () => {
      const hook = await made('/hooks', { name: 'h', trigger: { type: 'manual' } });
      const endpoint = await made('/endpoints', { name: 'e', slug: unique('e-'), actions: [transform(1)] });
      const actions = JSON.stringify([transform(text(100_000))]);
      await t.app.db.query('update snackbase.hooks set actions = $2 where id = $1', [hook.id, actions]);
      await t.app.db.query(
        `update snackbase.endpoints set settings = json_build_object('auth_required', true, 'condition', null, 'input_schema',
           null, 'query_schema', null, 'actions', $2::json, 'response_template', null, 'failure_status', null,
           'timeout_seconds', 30, 'run_as', 'caller', 'atomic', null) where id = $1`,
        [endpoint.id, actions],
      );
      for (const at of [`/hooks/${hook.id}`, `/endpoints/${endpoint.id}`]) {
        expect((await call('PATCH', at, { name: 'another' })).body.errors).toMatchObject([{ code: 'too_large' }]);
        const off = await call('PATCH', `${at}/toggle`);
        expect([off.status, off.body.enabled], off.text).toEqual([200, false]);
        expect((await call('GET', at)).body.actions[0].output).toHaveLength(100_000);
      }
    });
  });

  it('in memory stands what routes to them, of the accounts where something has changed', async () => {
    const secret = unique('only-when-it-runs-');
    const posts = await collection();
    const [hook, endpoint, workflow] = [
      await made('/hooks', { name: 'h', trigger: onCreate(posts), condition: `title != '${secret}'` }),
      await made('/endpoints', { name: 'e', slug: unique('e-'), actions: [transform(secret)] }),
      await made('/workflows', {
        name: 'w',
        trigger: { type: 'event', event: 'records.create', collection: posts },
        steps: [{ type: 'end', name: 'end', output: secret }],
      }),
    ];
    const kinds = [
      ['hooks', eventHooks, hook],
      ['endpoints', routes, endpoint],
      ['workflows', listening, workflow],
    ] as const;
    for (const [room, select, { id }] of kinds) {
      const { read } = definitionStatements(room, select);
      const all = await read(t.app.db, -1);
      expect(all.text).toContain(id);
      expect(all.text).not.toContain(secret);
      const other = await made(
        `/${room}`,
        room === 'endpoints'
          ? { name: 'e', slug: unique('e-') }
          : { name: 'of another account', trigger: { type: 'event', event: 'records.create', collection: posts } },
        b,
      );
      const after = await read(t.app.db, all.number);
      const { accounts, rows } = JSON.parse(after.text);
      expect([after.number, accounts]).toEqual([all.number + 1, [b.account.id]]);
      expect(rows.map((row: Json) => row.id)).toEqual([other.id]);
      await call('DELETE', `/${room}/${other.id}`, undefined, b.token);
      const gone = await read(t.app.db, after.number);
      expect(JSON.parse(gone.text)).toEqual({ accounts: [b.account.id], rows: [] });
      expect(JSON.parse((await read(t.app.db, gone.number)).text)).toEqual({ accounts: [], rows: [] });
    }
  });

  /** Where it is to count: here, or where a second server runs. */
  const place = async (how: string) => (how === 'by another process' ? t.twin() : { url: t.url, stop: async () => {} });
  const cases = ['at once', 'with nothing of it in memory', ...(kind === 'postgres' ? ['by another process'] : [])];
  it.each(cases)('a hook counts as it was made, changed, switched and deleted: %s', async (how) => {
    const posts = await collection();
    const writing = (title: string) => [{ type: 'set_fields', fields: { title } }];
    const { url, stop } = await place(how);
    const said = async () => {
      if (how === 'with nothing of it in memory') await forget();
      const { body } = await call('POST', `/records/${posts}`, { title: 'as sent' }, a.token, url);
      return body.title;
    };
    const soon = async (title: string) =>
      how === 'by another process' ? expect.poll(said).toBe(title) : expect(await said()).toBe(title);
    await soon('as sent');
    const { id } = await made('/hooks', { name: 'h', trigger: onCreate(posts), actions: writing('first') });
    await soon('first');
    await soon('first');
    await call('PATCH', `/hooks/${id}`, { actions: writing('second') });
    await soon('second');
    await call('PATCH', `/hooks/${id}/toggle`);
    await soon('as sent');
    await call('PATCH', `/hooks/${id}/toggle`);
    await soon('second');
    await call('PATCH', `/hooks/${id}`, { trigger: onCreate(await collection()) });
    await soon('as sent');
    await call('PATCH', `/hooks/${id}`, { trigger: onCreate(posts) });
    await soon('second');
    await call('DELETE', `/hooks/${id}`);
    await soon('as sent');
    await stop();
  });

  it.each(cases)('an endpoint counts as it was made, changed, switched and deleted: %s', async (how) => {
    const slug = unique('e-');
    const { url, stop } = await place(how);
    const said = async (method = 'GET') => {
      if (how === 'with nothing of it in memory') await forget();
      const { status, body } = await call(method, `/x/${slug}`, undefined, a.token, url);
      return status === 200 ? body : status;
    };
    const soon = async (expected: unknown, method?: string) =>
      how === 'by another process'
        ? expect.poll(() => said(method)).toBe(expected)
        : expect(await said(method)).toBe(expected);
    await soon(404);
    const { id } = await made('/endpoints', { name: 'e', slug, actions: [transform('first')] });
    await soon('first');
    await soon('first');
    await call('PATCH', `/endpoints/${id}`, { actions: [transform('second')] });
    await soon('second');
    await call('PATCH', `/endpoints/${id}/toggle`);
    await soon(404);
    await call('PATCH', `/endpoints/${id}/toggle`);
    await soon('second');
    await call('PATCH', `/endpoints/${id}`, { method: 'POST' });
    await soon(405);
    await soon('second', 'POST');
    await call('DELETE', `/endpoints/${id}`);
    await soon(404, 'POST');
    await stop();
  });

  it('a change that was not heard of yet counts once the definition is read', async () => {
    const posts = await collection();
    const hook = await made('/hooks', {
      ...{ name: 'h', trigger: onCreate(posts) },
      actions: [{ type: 'set_fields', fields: { title: 'known' } }],
    });
    const slug = unique('e-');
    const open = { name: 'e', slug, auth_required: false, actions: [transform('for all')] };
    const endpoint = await made('/endpoints', open);
    const anybody = () => call('GET', `/x/${a.account.slug}/${slug}`, undefined, null);
    const write = async () => (await call('POST', `/records/${posts}`, { title: 'sent' })).body.title;
    expect([(await anybody()).body, await write()]).toEqual(['for all', 'known']);

    const unheard = JSON.stringify([{ type: 'set_fields', fields: { title: 'unheard of' } }]);
    const later = 'update snackbase.hooks set actions = $2, revision = revision + 1 where id = $1';
    await change(later, [hook.id, unheard], a.account.id, 'hooks');
    const [row] = await t.app.db.query<{ settings: Json }>('select settings from snackbase.endpoints where id = $1', [
      endpoint.id,
    ]);
    const closed = { ...row?.settings, auth_required: true, actions: [transform('for us')] };
    await change(
      `update snackbase.endpoints set settings = $2, auth_required = true, updated_at = updated_at + interval '1 second'
       where id = $1`,
      [endpoint.id, JSON.stringify(closed)],
      a.account.id,
      'endpoints',
    );
    await forget();
    // What is for the account alone is never answered by what was known of who may call it.
    expect((await anybody()).status).toBe(401);
    expect((await call('GET', `/x/${slug}`)).body).toBe('for us');
    expect(await write()).toBe('unheard of');

    await t.app.db.query('update snackbase.hooks set enabled = false, revision = revision + 1 where id = $1', [
      hook.id,
    ]);
    await forget();
    expect(await write()).toBe('sent');
  });

  it('a hook is judged by the collection as it is now', async () => {
    const { name, id } = await t.collection({
      schema: [
        { name: 'title', type: 'text' },
        { name: 'score', type: 'number' },
      ],
    });
    await made('/hooks', {
      ...{ name: 'h', trigger: onCreate(name), condition: 'score > 5' },
      actions: [{ type: 'set_fields', fields: { title: 'high' } }],
    });
    const write = (data: Json) => call('POST', `/records/${name}`, data);
    expect((await write({ title: 'x', score: 9 })).body.title).toBe('high');
    const without = { schema: [{ name: 'title', type: 'text' }] };
    const changed = await call('PUT', `/collections/${id}`, without, t.root);
    expect(changed.status, changed.text).toBe(200);
    expect(await write({ title: 'x' })).toMatchObject({ status: 409 });
  });
});

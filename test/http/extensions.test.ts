// Extension modules and the catalogue: every event is fired, a module changes what the server does, and what cannot be loaded says so.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_NAMES, EVENTS, HookEvent } from '../../contract/lifecycle.ts';
import { createApp } from '../../server/app.ts';
import { loadConfig } from '../../server/config.ts';
import type { RegisteredHook } from '../../server/lifecycle/service.ts';
import { available, type Json, PASSWORD, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { openSocket } from '../helpers/socket.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

describe.runIf(available)('extensions', () => {
  const heard: { names: readonly string[]; events: Json[] } = { names: EVENT_NAMES, events: [] };
  const names = () => new Set(heard.events.map(({ name }) => name as string));
  const folder = mkdtempSync(join(tmpdir(), 'snackbase-extension-'));
  let t: TestApp;
  let a: Tenant;

  beforeAll(async () => {
    Object.assign(globalThis, { [Symbol.for('snackbase.test.heard')]: heard });
    t = await startApp({
      extensions: [fixture('listener.mjs'), fixture('greeter.mjs')],
      webhookAllowPrivate: true,
    });
    a = await t.tenant();
    for (const name of ['greetings', 'echoes'])
      await t.collection({
        name,
        schema: [
          { name: 'title', type: 'text' },
          { name: 'greeting', type: 'uuid' },
        ],
      });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('S000-49 S000-50 the catalogue lists more than 33 events, each described', async () => {
    const { body, status } = await t.call('GET', '/api/v1/hooks/events', undefined, { token: a.token });
    expect(status).toBe(200);
    const listed = body.items.map(({ name }: Json) => name) as string[];
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed.length).toBeGreaterThanOrEqual(40);
    expect(body.total).toBe(listed.length);
    expect(listed).toContain('on_record_before_create');
    for (const item of body.items) expect(HookEvent.parse(item).description).not.toBe('');
    expect(body.items.find(({ name }: Json) => name === 'on_record_after_create')).toMatchObject({
      api: true,
      api_name: 'records.create',
      phase: 'after',
    });
    expect(body.builtin.map(({ name }: Json) => name)).toContain('builtin.timestamps');
    expect((await t.call('GET', '/api/v1/hooks/events')).status).toBe(401);
  });

  it('jobs of a module are enqueued by it, and by definitions of accounts where they are open', async () => {
    const done: Json[] = [];
    Object.assign(globalThis, { [Symbol.for('snackbase.test.done')]: done });
    const own = await startApp({ extensions: [fixture('worker.mjs')] });
    const b = await own.tenant();
    await own.collection({ name: 'notes', schema: [{ name: 'title', type: 'text' }] });
    const define = (handler: string) =>
      own.call(
        'POST',
        '/api/v1/hooks',
        {
          name: handler,
          trigger: { type: 'event', event: 'records.create', collection: 'notes' },
          actions: [{ type: 'enqueue_job', handler, payload: { title: '{{record.title}}' } }],
        },
        { token: b.token },
      );
    expect((await define('note')).status).toBe(201);
    for (const closed of ['inner', 'send_webhook', 'nothing'])
      expect((await define(closed)).body.errors).toMatchObject([
        { field: 'actions[0].handler', code: 'unknown_handler', message: expect.stringContaining('note') },
      ]);
    const { id } = (await own.call('POST', '/api/v1/records/notes', { title: 'x' }, { token: b.token })).body;
    await expect.poll(() => done, { timeout: 15_000 }).toHaveLength(2);
    expect(done).toContainEqual({ payload: { title: 'x' }, accountId: b.account.id });
    expect(done).toContainEqual({ inner: { id } });
    await own.stop();
  });

  it('S000-53 a module that the configuration names changes what the server does', async () => {
    const post = (title: string) => t.call('POST', '/api/v1/records/greetings', { title }, { token: a.token });
    const made = await post('hello');
    expect(made.body.title, made.text).toBe('hello, world');
    const rude = await post('rude');
    // Thrown by the class of the package as it is built, which is another one than the server's here.
    expect([rude.status, rude.body.code, rude.body.message]).toEqual([409, 'HOOK_ABORTED', 'Be kind.']);
    const echoes = async () => (await t.call('GET', '/api/v1/records/echoes', undefined, { token: a.token })).body;
    await expect.poll(async () => (await echoes()).total, { timeout: 10_000 }).toBe(1);
    expect((await echoes()).items[0]).toMatchObject({ title: 'hello, world', greeting: made.body.id });
  });

  it('S000-50 every event of the catalogue is fired', async () => {
    const call = (method: string, path: string, body?: unknown, token: string | null = a.token) =>
      t.call(method, `/api/v1${path}`, body, { token });
    const { name, id } = await t.collection({ schema: [{ name: 'title', type: 'text' }] });
    const record = (await call('POST', `/records/${name}`, { title: 'x' })).body;
    await call('PATCH', `/records/${name}/${record.id}`, { title: 'y' });
    await call('GET', `/records/${name}`);
    const socket = await openSocket(`${t.url}/api/v1/realtime/ws?token=${a.token}`);
    expect(await socket.ask({ action: 'subscribe', collection: name })).toMatchObject({ type: 'subscribed' });
    expect(await socket.ask({ action: 'unsubscribe', collection: name })).toMatchObject({ type: 'unsubscribed' });
    socket.close();
    await call('GET', `/realtime/subscribe?collection=${name}`);
    await call('DELETE', `/records/${name}/${record.id}`);
    await expect.poll(() => [...names()], { timeout: 10_000 }).toContain('on_record_after_delete');
    t.app.jobs.define('heard', { run: async () => {} });
    await t.app.jobs.enqueue(null, { handler: 'heard' });
    const steps = [{ type: 'end', name: 'end' }];
    const { id: workflow } = (await call('POST', '/workflows', { name, trigger: { type: 'manual' }, steps })).body;
    await call('POST', `/workflows/${workflow}/trigger`, {});
    await call('POST', '/webhooks', { url: 'http://127.0.0.1:1/', collection: name, events: ['create'] });
    await call('POST', `/records/${name}`, { title: 'told' });
    for (const kind of ['job_after_run', 'workflow_after_run', 'webhook_after_send'])
      await expect.poll(() => [...names()], { timeout: 15_000 }).toContain(`on_${kind}`);
    await call('PUT', `/collections/${id}`, { description: 'other' }, t.root);
    await call('DELETE', `/collections/${id}`, undefined, t.root);
    const member = await t.member(a.account.id);
    await call('PUT', `/users/${member.user.id}/password`, { new_password: PASSWORD }, t.root);
    await call('POST', '/auth/logout', {}, member.token);
    await expect.poll(() => [...names()], { timeout: 5000 }).toContain('on_realtime_disconnect');
    await t.stop();
    expect(EVENT_NAMES.filter((one) => !names().has(one))).toEqual([]);
    const of = (event: string) => heard.events.filter((one) => one.name === event);
    expect(of('on_serve')[0]).toMatchObject({ port: expect.any(Number), url: t.url });
    expect(of('on_auth_after_login').at(-1)).toMatchObject({ email: member.email, accountId: a.account.id });
    expect(of('on_auth_after_register')[0]).toMatchObject({ email: a.email, ctx: { userId: a.user.id } });
    expect(of('on_after_request').find(({ path }) => path === `/api/v1/records/${name}`)).toMatchObject({
      status: 201,
      method: 'POST',
      ctx: { userId: a.user.id },
    });
    expect(of('on_collection_after_delete').at(-1)).toMatchObject({ collection: `main.${name}`, definition: null });
    expect(of('on_mailer_after_send')[0]).toMatchObject({ message: { template: 'verify_email', to: a.email } });
    expect(of('on_model_before_create').length).toBe(of('on_record_before_create').length);
  });

  it('before-hooks of other rooms refuse, and nothing is done', async () => {
    const other = await startApp();
    const { hooks } = other.app;
    const b = await other.tenant();
    const refused = async (event: (typeof EVENT_NAMES)[number], work: () => Promise<Json>, status = 403) => {
      const off = hooks.on(event, (one) => one.abort(`no ${event}`, status));
      const reply = await work();
      off();
      expect([reply.status, reply.body.code, reply.body.message], event).toEqual([
        status,
        'HOOK_ABORTED',
        `no ${event}`,
      ]);
    };
    const account = b.account.slug as string;
    const login = () => other.call('POST', '/api/v1/auth/login', { account, email: b.email, password: PASSWORD });
    await refused('on_auth_before_login', login, 429);
    expect((await login()).status).toBe(200);
    const slug = unique('blocked');
    const form = { account_name: slug, account_slug: slug, email: `${slug}@example.com`, password: PASSWORD };
    await refused('on_auth_before_register', () => other.call('POST', '/api/v1/auth/register', form));
    expect((await other.call('POST', '/api/v1/auth/register', form)).status).toBe(201);
    const definition = { name: unique('c_'), schema: [{ name: 'title', type: 'text' }] };
    const create = () => other.call('POST', '/api/v1/collections', definition, { token: other.root });
    await refused('on_collection_before_create', create);
    expect((await create()).status).toBe(201);
    const path = `/api/v1/collections/${definition.name}`;
    await refused('on_collection_before_delete', () => other.call('DELETE', path, undefined, { token: other.root }));
    expect((await other.call('GET', path, undefined, { token: other.root })).status).toBe(200);
    const me = () => other.call('GET', '/api/v1/auth/me', undefined, { token: b.token });
    await refused('on_before_request', me, 405);
    expect((await me()).status).toBe(200);
    const stream = () =>
      other.call('GET', `/api/v1/realtime/subscribe?collection=${definition.name}`, undefined, { token: b.token });
    await refused('on_realtime_connect', stream);
    await refused('on_realtime_subscribe', stream);
    const off = hooks.on('on_realtime_subscribe', (event) => event.abort('not this one'));
    const socket = await openSocket(`${other.url}/api/v1/realtime/ws?token=${b.token}`);
    const frame = { action: 'subscribe', collection: definition.name };
    expect(await socket.ask(frame)).toMatchObject({ type: 'error', code: 'HOOK_ABORTED', error: 'not this one' });
    off();
    expect(await socket.ask(frame)).toMatchObject({ type: 'subscribed' });
    socket.close();
    hooks.on('on_mailer_before_send', ({ message }) => ({ ...message, subject: 'Another subject' }));
    const late = await other.tenant();
    expect(await other.mailTo(late.email)).toMatchObject({ subject: 'Another subject' });
  });

  it('hooks that are kept elsewhere run among those in code, by priority, in their account only', async () => {
    const other = await startApp();
    const b = await other.tenant();
    const { name } = await other.collection({ schema: [{ name: 'title', type: 'text' }] });
    const order: string[] = [];
    const kept = (id: string, priority: number): RegisteredHook => ({
      id,
      event: 'on_record_before_create',
      priority,
      collections: null,
      stopOnError: true,
      timeoutMs: 1000,
      run: (_event, { tx, ctx }) => {
        order.push(`${id} ${tx !== null} ${ctx?.caller?.userId === b.user.id}`);
      },
    });
    other.app.hooks.on('on_record_before_create', { priority: 5 }, () => void order.push('code'));
    other.app.hooks.addSource({
      wants: (event, _collection, account) => event === 'on_record_before_create' && account === b.account.id,
      handlers: () => [kept('first', 10), kept('equal', 5)],
    });
    const create = (token: string) => other.call('POST', `/api/v1/records/${name}`, { title: 'x' }, { token });
    expect((await create(b.token)).status).toBe(201);
    expect(order.splice(0)).toEqual(['first true true', 'code', 'equal true true']);
    expect((await create((await other.tenant()).token)).status).toBe(201);
    expect(order).toEqual(['code']);
  });

  it('a module that cannot be loaded stops the start and is named', async () => {
    const start = (file: string, text?: string) => {
      const path = join(folder, file);
      if (text !== undefined) writeFileSync(path, text);
      const config = loadConfig({}, { dataDir: join(folder, 'data'), port: 0, log: 'silent', extensions: [path] });
      return createApp(config).then(
        async (app) => {
          await app.close();
          return 'started';
        },
        (error) => `${error.expected} ${error.message}`,
      );
    };
    expect(await start('missing.mjs')).toMatch(/^true The extension .*missing\.mjs could not be loaded: /);
    expect(await start('none.mjs', 'export const x = 1;')).toMatch(/none\.mjs must export a function as its default/);
    expect(await start('throws.mjs', 'export default () => { throw new Error("boom"); };')).toMatch(/set up: boom\./);
    expect(await start('odd.mjs', 'export default (app) => app.hooks.on("on_nothing", () => {});')).toMatch(/no event/);
    expect(await start('odd.txt', '')).toMatch(/must end in/);
    if (!('typescript' in process.features)) expect(await start('late.ts', '')).toMatch(/compile it/);
    const acts = `export default async (app) => {
      if (app.config.secretKey !== undefined) throw new Error('secret');
      await app.as({ accountId: 'SY0000' });
    };`;
    expect(await start('fine.mjs', acts)).toBe('started');
    expect(Object.values(EVENTS).every(({ description }) => description.length > 0)).toBe(true);
  });
});

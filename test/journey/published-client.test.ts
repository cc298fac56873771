// The client that was published before this product, unmodified: what it hears over a WebSocket and over server-sent events, also after a restart.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createApp } from '../../server/app.ts';
import { loadConfig } from '../../server/config.ts';
import { PASSWORD } from '../helpers/app.ts';

// biome-ignore lint/suspicious/noExplicitAny: the published packages, whose types are not ours
type Foreign = any;

const PUBLISHED = ['@snackbase/sdk@0.9.0', 'eventsource@4.1.1'];
const folder = mkdtempSync(join(tmpdir(), 'snackbase-published-'));

/** Why the packages are not there, null when they are. */
async function fetched(): Promise<string | null> {
  // `npm test` tells every npm below it that it works in this package.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config_local|package)/.test(name)),
  );
  const once = ['--fetch-retries=0', '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefer-offline'];
  const args = ['install', '--prefix', folder, ...once, ...PUBLISHED];
  const options = { cwd: folder, env, timeout: 20_000, shell: process.platform === 'win32' };
  return promisify(execFile)('npm', args, options).then(
    () => null,
    ({ killed, stderr }) =>
      killed ? 'it took too long' : (/^npm err(?:or)? (.*)$/im.exec(stderr)?.[1] ?? 'npm failed'),
  );
}

const missing = await fetched();
if (missing !== null) console.warn(`\n  SKIPPED: ${PUBLISHED.join(' and ')} could not be fetched: ${missing}\n`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(missing === null)(`${PUBLISHED[0]}, unmodified`, () => {
  const published = (name: string): Foreign => createRequire(join(folder, 'index.js'))(name);
  const boot = async (port: number) => {
    const options = {
      dataDir: join(folder, 'data'),
      databaseUrl: null,
      rateLimit: 'off',
      log: 'silent',
      webhookAllowPrivate: true,
    } as const;
    const root = { superadminEmail: 'root@example.com', superadminPassword: PASSWORD };
    const app = await createApp(loadConfig({}, { ...options, ...root, port }));
    return { close: app.close, ...(await app.listen()) };
  };
  let server: Awaited<ReturnType<typeof boot>>;
  let sb: Foreign;
  let heard: [string, string | undefined][];
  const states: string[] = [];

  const client = () =>
    new (published('@snackbase/sdk').SnackBaseClient)({
      baseUrl: server.url,
      maxRetries: 0,
      realTimeReconnectionDelay: 100,
    });
  const restart = async () => {
    await server.close();
    server = await boot(server.port);
  };
  const listen = (...names: string[]) => {
    for (const name of names)
      sb.realtime.on(name, (data: Foreign) => void heard.push([name, data.title ?? data.data?.title]));
    for (const state of ['connecting', 'connected', 'disconnected'])
      sb.realtime.on(state, () => void states.push(state));
  };
  const hears = (expected: [string, string | undefined][]) =>
    expect.poll(() => heard, { timeout: 5000 }).toEqual(expected);
  const isState = (state: string) => expect.poll(() => sb.realtime.getState(), { timeout: 10_000 }).toBe(state);

  /** Each drop leaves this client with one more stream than before, and only the last is ever closed. */
  const streams = new Set<Foreign>();
  const eventSource = () =>
    class extends published('eventsource').EventSource {
      constructor(url: string) {
        super(url);
        streams.add(this);
      }
    };

  beforeAll(async () => {
    server = await boot(0);
    const root = client();
    await root.login({ account: 'system', email: 'root@example.com', password: PASSWORD });
    for (const name of ['posts', 'orders'])
      await root.collections.create({ name, fields: [{ name: 'title', type: 'text', required: true }] });
    const account = await root.accounts.create({ name: 'Acme', slug: 'acme' });
    const user = { email: 'ada@example.com', password: PASSWORD, account_id: account.id, role_id: 1 };
    await root.users.create(user);
    sb = client();
    await sb.login({ account: 'acme', email: user.email, password: PASSWORD });
  });
  afterEach(() => {
    sb.realtime.disconnect();
    for (const stream of streams) stream.close();
    vi.unstubAllGlobals();
  });
  afterAll(() => server.close());

  describe('over a WebSocket', () => {
    beforeAll(() => {
      heard = [];
      vi.stubGlobal('WebSocket', WebSocket);
      listen('posts.create', 'posts.update', 'posts.delete', 'posts.*', 'orders.*', '*');
    });

    it('subscriptions are acknowledged, events come under every name, a restart is survived, what is unsubscribed is silent', async () => {
      await sb.realtime.connect();
      expect(sb.realtime.getState()).toBe('connected');
      // Resolves with the acknowledgement and rejects without one.
      await sb.realtime.subscribe('posts');
      await sb.realtime.subscribe('orders', ['create']);
      const post = await sb.records.create('posts', { title: 'one' });
      await sb.records.update('posts', post.id, { title: 'two' });
      await sb.records.delete('posts', post.id);
      const order = await sb.records.create('orders', { title: 'order' });
      await sb.records.update('orders', order.id, { title: 'changed' });
      const events: [string, string | undefined][] = [
        ['posts.create', 'one'],
        ['posts.*', 'one'],
        ['*', 'one'],
        ['posts.update', 'two'],
        ['posts.*', 'two'],
        ['*', 'two'],
        ['posts.delete', undefined],
        ['posts.*', undefined],
        ['*', undefined],
        ['orders.*', 'order'],
        ['*', 'order'],
      ];
      await hears(events);

      heard = [];
      states.length = 0;
      await restart();
      await expect.poll(() => states.at(-1), { timeout: 10_000 }).toBe('connected');
      expect(states[0]).toBe('connecting');
      // It subscribes anew by itself; the acknowledgements of these two are behind those.
      await sb.realtime.unsubscribe('posts');
      await sb.realtime.subscribe('orders', ['create']);
      await sb.records.create('posts', { title: 'unheard' });
      await sb.records.create('orders', { title: 'heard' });
      await hears([
        ['orders.*', 'heard'],
        ['*', 'heard'],
      ]);
    });
  });

  describe('over server-sent events, where there is no WebSocket', () => {
    beforeAll(async () => {
      const before = sb;
      sb = client();
      await sb.login({ account: 'acme', email: before.user.email, password: PASSWORD });
      listen('posts.*', 'orders.create', 'orders.update');
    });

    it('what is subscribed before connecting comes, also after a restart', async () => {
      heard = [];
      vi.stubGlobal('WebSocket', undefined);
      vi.stubGlobal('EventSource', eventSource());
      await sb.realtime.subscribe('posts');
      await sb.realtime.subscribe('orders', ['create']);
      await sb.realtime.connect();
      expect(sb.realtime.getState()).toBe('connected');
      await sb.records.create('posts', { title: 'one' });
      const order = await sb.records.create('orders', { title: 'order' });
      await sb.records.update('orders', order.id, { title: 'changed' });
      await sb.records.create('posts', { title: 'two' });
      await hears([
        ['posts.*', 'one'],
        ['orders.create', 'order'],
        ['posts.*', 'two'],
      ]);

      heard = [];
      states.length = 0;
      await restart();
      await expect.poll(() => states.at(-1), { timeout: 10_000 }).toBe('connected');
      await sb.records.create('orders', { title: 'after' });
      await expect.poll(() => heard.length, { timeout: 5000 }).toBeGreaterThan(0);
      // Once for each stream that it has open.
      expect(new Set(heard.map((event) => event.join()))).toEqual(new Set(['orders.create,after']));
      expect(heard.length).toBeLessThanOrEqual(streams.size);
    });

    it('what is subscribed after connecting comes as soon as it has tried again', async () => {
      sb = client();
      await sb.login({ account: 'acme', email: 'ada@example.com', password: PASSWORD });
      heard = [];
      listen('posts.*');
      vi.stubGlobal('WebSocket', undefined);
      vi.stubGlobal('EventSource', eventSource());
      // A stream of nothing is refused: were it opened, nothing would ever come over it.
      await sb.realtime.connect();
      expect(sb.realtime.getState()).toBe('connecting');
      await sb.realtime.subscribe('posts');
      await isState('connected');
      await sb.records.create('posts', { title: 'late' });
      await hears([['posts.*', 'late']]);
    });
  });

  it('manages webhooks, tries one out and reads the log of what was sent', async () => {
    const got: string[] = [];
    const receiver = createServer((request, response) => {
      got.push(String(request.headers['x-snackbase-event']));
      response.end('thanks');
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const { webhooks } = sb;
    const events = ['create', 'update', 'delete'];
    const made = await webhooks.create({
      url,
      collection: 'posts',
      events,
      filter: 'title != "x"',
      headers: { 'X-A': 'b' },
    });
    expect(made).toMatchObject({ url, collection: 'posts', events, enabled: true, secret: expect.any(String) });
    expect((await webhooks.list()).items).toMatchObject([{ id: made.id }]);
    expect(await webhooks.get(made.id)).not.toHaveProperty('secret');
    expect(await webhooks.test(made.id)).toMatchObject({ success: true, status_code: 200, error: null });
    const post = await sb.records.create('posts', { title: 'sent' });
    await sb.records.delete('posts', post.id);
    await expect.poll(() => got, { timeout: 5000 }).toEqual(['test', 'records.create', 'records.delete']);
    const delivered = async () => (await webhooks.listDeliveries(made.id, { limit: 10, offset: 0 })).items;
    await expect.poll(delivered, { timeout: 5000 }).toMatchObject([
      { event: 'records.delete', status: 'delivered' },
      {
        event: 'records.create',
        status: 'delivered',
        response_status: 200,
        response_body: 'thanks',
        attempt_number: 1,
      },
    ]);
    expect(await webhooks.update(made.id, { enabled: false })).toMatchObject({
      enabled: false,
      filter: 'title != "x"',
    });
    await webhooks.delete(made.id);
    expect((await webhooks.list()).total).toBe(0);
    receiver.close();
  });
});

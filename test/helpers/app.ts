// A real server for a test file: a fresh database of the project's kind, a free port, a superadmin and ways to make accounts.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type App, createApp } from '../../server/app.ts';
import { type Config, loadConfig } from '../../server/config.ts';
import { list } from '../../server/mail/service.ts';
import { createDatabase, dropDatabase, startPostgres } from './postgres.ts';

export const PASSWORD = 'SecurePass123!';
export const kind = process.env.TEST_DATABASE_KIND === 'postgres' ? 'postgres' : 'embedded';
/** False in the PostgreSQL project on a machine without a server: describe.runIf(available) says so. */
export const available = kind === 'embedded' || process.env.TEST_DATABASE_URL !== undefined;

// biome-ignore lint/suspicious/noExplicitAny: a test reads the keys it expects
export type Json = any;
export interface Reply {
  readonly status: number;
  readonly body: Json;
  readonly text: string;
  readonly headers: Headers;
}
export interface CallOptions {
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  /** Sent as it is instead of `body` as JSON. */
  readonly raw?: string | Uint8Array;
}
export interface Tenant {
  readonly account: Json;
  readonly user: Json;
  readonly token: string;
  readonly refreshToken: string;
  readonly email: string;
}

export interface TestApp {
  readonly app: App;
  readonly url: string;
  readonly dataDir: string;
  readonly root: string;
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Reply>;
  /** A registered, verified and logged-in account with its admin. */
  tenant(name?: string): Promise<Tenant>;
  /** A logged-in user of an account; role 2 is `user`. */
  member(account: string, roleId?: number): Promise<{ token: string; user: Json; email: string }>;
  /** A collection made by the superadmin, under a name of its own unless one is given. */
  collection(definition: Json): Promise<Json>;
  /** The newest mail to an address. */
  mailTo(email: string): Promise<{ text: string; links?: readonly string[] }>;
  /** A second server on the same database, as another process would be; PostgreSQL only. */
  twin(
    extend?: (hooks: App['hooks']) => void,
  ): Promise<{ readonly app: App; readonly url: string; stop(): Promise<void> }>;
  stop(): Promise<void>;
}

// Registered here, at the top: vitest never runs an afterAll that is registered inside a hook or a test.
const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const isStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') === true;

/** A stream has no end: what it says until it is silent for a while. */
async function begun(response: Response, stop: AbortController, silentMs = 150): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let timer = setTimeout(() => stop.abort(), silentMs);
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), silentMs);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  clearTimeout(timer);
  return text;
}

let counter = 0;
export const unique = (prefix: string): string => `${prefix}${process.pid.toString(36)}${(counter++).toString(36)}`;

/** Starts a server and stops it after the file. */
export async function startApp(overrides: Partial<Config> = {}): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-test-'));
  const name = `t_${randomBytes(6).toString('hex')}`;
  const server = kind === 'postgres' ? await startPostgres() : null;
  const databaseUrl = server === null ? null : await createDatabase(server.url, name);
  const config = loadConfig(
    {},
    {
      port: 0,
      dataDir,
      databaseUrl,
      publicUrl: 'http://localhost:8000',
      rateLimit: 'off',
      log: (process.env.TLOG ?? 'silent') as never,
      superadminEmail: 'root@example.com',
      superadminPassword: PASSWORD,
      ...overrides,
    },
  );
  const app = await createApp(config);
  const { url } = await app.listen();
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await app.close();
    if (server !== null) await dropDatabase(server.url, name);
    rmSync(dataDir, { recursive: true, force: true });
  };
  stops.push(stop);

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    { token, headers, raw }: CallOptions = {},
  ): Promise<Reply> => {
    const stop = new AbortController();
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      signal: stop.signal,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(raw !== undefined && { 'Content-Type': 'application/json' }),
        ...(token && { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(raw !== undefined && { body: raw }),
    });
    const text = isStream(response) ? await begun(response, stop) : await response.text();
    const json = /^application\/([a-z]+\+)?json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
  };
  const must = async (promise: Promise<Reply>): Promise<Json> => {
    const reply = await promise;
    if (reply.status >= 300) throw new Error(`unexpected ${reply.status}: ${reply.text}`);
    return reply.body;
  };
  const mailTo = async (email: string) => {
    for (let i = 0; i < 200; i++) {
      const found = (await list(dataDir)).find((m) => m.to === email);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`no mail to ${email}`);
  };
  const login = (account: string, email: string) =>
    must(call('POST', '/api/v1/auth/login', { account, email, password: PASSWORD }));
  const root = (await login('system', 'root@example.com')).token as string;

  return {
    app,
    url,
    dataDir,
    root,
    call,
    mailTo,
    stop,
    async twin(extend) {
      if (kind !== 'postgres') throw new Error('the embedded database has one server');
      const other = await createApp({ ...config, superadminEmail: null, superadminPassword: null });
      extend?.(other.hooks);
      let over = false;
      const end = async () => {
        if (over) return;
        over = true;
        await other.close();
      };
      // Before the first server, whose stopping drops the database.
      stops.unshift(end);
      return { app: other, url: (await other.listen()).url, stop: end };
    },
    async tenant(label = 'tenant') {
      const slug = unique(`${label.toLowerCase()}-`);
      const email = `${slug}@example.com`;
      const { account } = await must(
        call('POST', '/api/v1/auth/register', { account_name: label, account_slug: slug, email, password: PASSWORD }),
      );
      const token = /token=([\w-]+)/.exec((await mailTo(email)).text)?.[1];
      await must(call('POST', '/api/v1/auth/verify-email', { token }));
      const session = await login(account.id, email);
      return { account, user: session.user, token: session.token, refreshToken: session.refresh_token, email };
    },
    async member(account, roleId = 2) {
      const email = `${unique('member')}@example.com`;
      const user = await must(
        call(
          'POST',
          '/api/v1/users',
          { email, password: PASSWORD, account_id: account, role_id: roleId },
          { token: root },
        ),
      );
      return { token: (await login(account, email)).token, user, email };
    },
    collection: (definition) =>
      must(call('POST', '/api/v1/collections', { name: unique('c_'), ...definition }, { token: root })),
  };
}

// The range: a server with one of everything, a way to fire at it that judges each answer, and a look at what must not have changed.
import { expect } from 'vitest';
import { Problem } from '../../contract/problems.ts';
import { type Json, PASSWORD, startApp, type TestApp, unique } from '../helpers/app.ts';

export const SEED = Number(process.env.FUZZ_SEED ?? 20260102);
const SLOWEST_MS = 5000;
const AT_ONCE = 6;
export const FIELDS = [
  ...['text', 'number', 'boolean', 'datetime', 'date', 'email', 'url', 'json', 'uuid', 'text[]', 'number[]'].map(
    (type) => ({
      name: type.replace('[]', 's'),
      type,
    }),
  ),
  { name: 'enum', type: 'enum', enum: ['a', 'b'] },
  { name: 'short', type: 'text', min_length: 1, max_length: 9, pattern: '[a-z]+' },
  { name: 'whole', type: 'number', integer: true, min: -9, max: 9 },
  { name: 'sku', type: 'text', unique: true },
];
/** A record of every field. */
export const EXAMPLE = {
  text: 'x',
  number: 1.5,
  boolean: true,
  datetime: '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  email: 'a@b.co',
  url: 'https://x.org/',
  json: { a: [1, null] },
  uuid: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  texts: ['a'],
  numbers: [1, 2],
  enum: 'a',
  short: 'abc',
  whole: 5,
};
export const LIST = '/api/v1/records/everything';

export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
  readonly body?: string | undefined;
  readonly headers?: Record<string, string>;
}
export interface Hit {
  readonly status: number;
  readonly text: string;
  readonly body: Json;
}

export interface Range {
  readonly t: TestApp;
  readonly admin: string;
  readonly user: string;
  /** A record of the collection `everything`. */
  readonly record: string;
  /** More of them, to be deleted. */
  readonly spares: readonly string[];
  /** What superadmin requests are aimed at. */
  readonly victims: { readonly collections: string[]; readonly users: string[]; readonly accounts: string[] };
  /** Sends one request and fails when the answer is a 5xx, slow, or an error without the error body. */
  fire(shot: Shot): Promise<Hit>;
  /** Sends many, some at once. */
  all(shots: readonly Shot[]): Promise<void>;
  /** Fails unless the server still answers and nothing that an injection could reach has changed. */
  unharmed(): Promise<void>;
  /** One line of figures. */
  score(): string;
}

/** Starts the server with its collections `canary` and `everything`. */
export async function openRange(): Promise<Range> {
  const t = await startApp({ bodyLimit: 1_000_000 });
  const byStatus = new Map<number, number>();
  let [sent, slowest] = [0, 0];

  async function fire({
    method,
    path,
    token,
    body,
    headers,
  }: Shot): Promise<{ status: number; text: string; body: Json }> {
    const label = `${method} ${path.slice(0, 300)} ${body?.slice(0, 300) ?? ''} ${JSON.stringify(headers ?? {}).slice(0, 200)}`;
    const began = performance.now();
    const response = await fetch(t.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token && { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    }).catch((error) => expect.fail(`no answer: ${label}: ${error.cause ?? error}`));
    // A stream has no end; that it began is its answer.
    const endless = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (endless) await response.body?.cancel();
    const text = endless ? '' : await response.text();
    const took = performance.now() - began;
    sent += 1;
    slowest = Math.max(slowest, took);
    const { status } = response;
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    expect(status, `${label} → ${text.slice(0, 300)}`).toBeLessThan(500);
    expect(took, `slow: ${label}`).toBeLessThan(SLOWEST_MS);
    expect(response.headers.has('x-injected'), label).toBe(false);
    const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
    if (status >= 400 && method !== 'HEAD') {
      expect(isJson, `${status} without JSON: ${label}`).toBe(true);
      const problem = Problem.safeParse(JSON.parse(text));
      expect(problem.error, label).toBeUndefined();
      expect(problem.data?.request_id, label).toBe(response.headers.get('x-correlation-id'));
      expect(text, label).not.toMatch(/\\n\s+at \S+ \(|node_modules|SQLSTATE 42/);
    }
    return { status, text, body: isJson ? JSON.parse(text) : undefined };
  }

  async function all(shots: readonly Shot[]): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < shots.length) await fire(shots[next++] as Shot);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Everything that an injection could have touched. */
  const database = async () => ({
    canary: await t.app.db.query('select * from app_main.canary order by id'),
    snackbase: await t.app.db.query(
      `select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'snackbase' order by 1`,
    ),
    schemas: await t.app.db.query('select nspname from pg_namespace order by 1'),
    roles: await t.app.db.query('select rolname, rolsuper from pg_roles order by 1'),
    functions: await t.app.db.query(
      `select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname not in ('pg_catalog', 'information_schema') order by 1`,
    ),
  });

  const [a, b] = [await t.tenant('Alpha'), await t.tenant('Beta')];
  const admin = a.token;
  const user = (await t.member(a.account.id)).token;
  await t.collection({ name: 'canary', schema: [{ name: 'a', type: 'text' }] });
  for (const { token } of [a, a, b]) await t.call('POST', '/api/v1/records/canary', { a: 'alive' }, { token });
  await t.collection({ name: 'everything', schema: FIELDS });
  const made = () => t.call('POST', LIST, EXAMPLE, { token: admin });
  const [record, ...spares] = (await Promise.all(Array.from({ length: 40 }, made))).map((r) => r.body.id as string);
  if (record === undefined) throw new Error('no record');
  const victims: Range['victims'] = { collections: [], users: [], accounts: [] };
  for (let i = 0; i < 8; i++) {
    victims.collections.push(
      (await t.collection({ schema: [{ name: 'a', type: 'text' }], soft_delete: i % 2 === 0 })).name,
    );
    const account = (await t.call('POST', '/api/v1/accounts', { name: unique('v') }, { token: t.root })).body.id;
    victims.accounts.push(account);
    const person = { email: `${unique('v')}@example.com`, password: PASSWORD, account_id: account };
    victims.users.push((await t.call('POST', '/api/v1/users', person, { token: t.root })).body.id);
  }
  const before = await database();

  return {
    t,
    admin,
    user,
    record,
    spares,
    victims,
    fire,
    all,
    async unharmed() {
      expect((await fire({ method: 'GET', path: '/ready', token: null })).status).toBe(200);
      expect((await fire({ method: 'GET', path: `${LIST}/${record}`, token: admin })).status).toBe(200);
      expect(await database()).toEqual(before);
      const names = (await t.call('GET', '/api/v1/collections/names', undefined, { token: t.root })).body.total;
      const tables = await t.app.db.query(
        `select 1 from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'snackbase', 'snackbase_jobs')`,
      );
      expect(tables.length).toBe(names);
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(({} as Json).polluted).toBeUndefined();
    },
    score() {
      const statuses = [...byStatus].sort(([x], [y]) => x - y).map(([status, n]) => `${status}: ${n}`);
      return `seed ${SEED}, ${sent} requests, slowest ${Math.round(slowest)} ms, ${statuses.join(', ')}`;
    },
  };
}

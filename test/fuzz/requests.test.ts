// Thousands of wrong requests from a fixed seed: never a 5xx, always the one error body, and nothing in the database that should not be there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import type { Contract } from '../../contract/kit.ts';
import { Problem } from '../../contract/problems.ts';
import { available, type Json, PASSWORD, startApp, type TestApp, unique } from '../helpers/app.ts';
import { PAYLOADS, UNSAYABLE } from './payloads.ts';
import { anyJson, type Chance, chance, escaped, inHeader, mutated } from './random.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20260102);
const COUNT = Number(process.env.FUZZ_REQUESTS ?? 4000);
const SLOWEST_MS = 5000;
const AT_ONCE = 6;
const FIELDS = [
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
const EXAMPLE = {
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
const routes = Object.entries(contract as Contract).flatMap(([room, table]) =>
  Object.values(table).map((route) => ({ room, route })),
);
interface Shot {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
  readonly body?: string | undefined;
  readonly headers?: Record<string, string>;
}

describe.runIf(available)(`requests, seed ${SEED}`, () => {
  let t: TestApp;
  let admin: string;
  let user: string;
  let record: string;
  let victims: { collections: string[]; users: string[]; accounts: string[] };
  let before: Json;
  let sent = 0;
  let slowest = 0;
  const byStatus = new Map<number, number>();
  const list = '/api/v1/records/everything';

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
    const text = await response.text();
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

  beforeAll(async () => {
    t = await startApp({ bodyLimit: 1_000_000 });
    const [a, b] = [await t.tenant('Alpha'), await t.tenant('Beta')];
    admin = a.token;
    user = (await t.member(a.account.id)).token;
    await t.collection({ name: 'canary', schema: [{ name: 'a', type: 'text' }] });
    for (const { token } of [a, a, b]) await t.call('POST', '/api/v1/records/canary', { a: 'alive' }, { token });
    await t.collection({ name: 'everything', schema: FIELDS });
    record = (await t.call('POST', list, EXAMPLE, { token: admin })).body.id;
    victims = { collections: [], users: [], accounts: [] };
    for (let i = 0; i < 8; i++) {
      victims.collections.push(
        (await t.collection({ schema: [{ name: 'a', type: 'text' }], soft_delete: i % 2 === 0 })).name,
      );
      const account = (await t.call('POST', '/api/v1/accounts', { name: unique('v') }, { token: t.root })).body.id;
      victims.accounts.push(account);
      const person = { email: `${unique('v')}@example.com`, password: PASSWORD, account_id: account };
      victims.users.push((await t.call('POST', '/api/v1/users', person, { token: t.root })).body.id);
    }
    before = await database();
  });
  afterAll(() => {
    const statuses = [...byStatus].sort(([x], [y]) => x - y).map(([status, n]) => `${status}: ${n}`);
    console.log(`fuzz: seed ${SEED}, ${sent} requests, slowest ${Math.round(slowest)} ms, ${statuses.join(', ')}`);
  });

  function pathParam(random: Chance, room: string, name: string): string {
    if (random.rarely(3)) return escaped(random.one(PAYLOADS)) || '%20';
    if (random.rarely(15))
      return random.one(['%00', '%zz', '%ff', '%c0%af', '..%2f..', '%2e%2e', '%', ';', '%ed%a0%80', '%F0%9F']);
    if (room === 'collections') return random.one(victims.collections);
    if (room === 'users') return random.one(victims.users);
    if (room === 'accounts') return random.one(victims.accounts);
    if (name === 'collection') return random.one(['everything', 'main.everything', ...victims.collections]);
    return random.one([record, record.toUpperCase(), '0198c0de-7a11-7000-8000-3b2f5c0ffee1', 'rec_abc123']);
  }

  function query(random: Chance, example: Readonly<Record<string, string>> | undefined): string {
    const names = [
      ...Object.keys(example ?? {}),
      ...FIELDS.map((f) => f.name),
      'skip',
      'limit',
      'sort',
      'fields',
      'search',
      'page',
      'id',
    ];
    const parts = Array.from({ length: random.below(5) }, () => {
      const name = random.rarely(6) ? random.one(PAYLOADS) : random.one(names);
      const value = random.rarely(4) ? (example?.[name] ?? random.one(names)) : random.one(PAYLOADS);
      return `${escaped(name)}${random.rarely(9) ? '' : '='}${random.rarely(15) ? '%' : escaped(value)}`;
    });
    return parts.length === 0 ? '' : `?${parts.join('&').slice(0, 6000)}`;
  }

  function headers(random: Chance): Record<string, string> {
    const out: Record<string, string> = {};
    const value = () => inHeader(random.one(PAYLOADS));
    if (random.rarely(8))
      out['Content-Type'] = random.one([
        'text/plain',
        'application/json; charset=utf-16',
        'application/jsonx',
        'x',
        'application/problem+json',
        'multipart/form-data',
      ]);
    if (random.rarely(6)) out['X-Account-ID'] = random.rarely(2) ? random.one(victims.accounts) : value();
    if (random.rarely(8)) out['X-Correlation-ID'] = value();
    if (random.rarely(10)) out.Cookie = `sb_session=${value()}; ${value()}`;
    if (random.rarely(15)) out.Authorization = random.one([value(), `Bearer ${value()}`, 'Bearer', `Basic ${value()}`]);
    if (random.rarely(15)) out['X-API-Key'] = value();
    if (random.rarely(15)) out.Origin = random.one(['null', 'http://localhost:1', 'https://evil.example', value()]);
    if (random.rarely(15)) out.Range = random.one(['bytes=0-1', 'bytes=-1', 'bytes=999999-', value()]);
    if (random.rarely(15)) out['If-Match'] = value();
    if (random.rarely(15)) out['Content-Encoding'] = random.one(['gzip', 'identity', 'br, gzip']);
    if (random.rarely(15)) out['X-HTTP-Method-Override'] = 'DELETE';
    return out;
  }

  it(`${COUNT} mutated requests over every route of the contract`, async () => {
    const random = chance(SEED);
    const shots = Array.from({ length: COUNT }, (): Shot => {
      // Records have the largest surface, so they get a third of all.
      const { room, route } = random.rarely(3)
        ? random.one(routes.filter((r) => r.room === 'records'))
        : random.one(routes);
      const path = route.path.replace(/:(\w+)/g, (_, name: string) => pathParam(random, room, name));
      const method = random.rarely(20)
        ? random.one(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
        : route.method;
      const example = room === 'records' && route.example.body !== undefined ? EXAMPLE : route.example.body;
      const token =
        room === 'records'
          ? random.one([admin, admin, admin, user, t.root, null])
          : random.one([t.root, t.root, t.root, admin, user, null]);
      const sends = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
      return {
        method,
        path: path + query(random, route.example.query),
        token,
        body: sends ? mutated(random, example) : undefined,
        headers: headers(random),
      };
    });
    await all(shots);
  });

  it('every field takes any JSON value or refuses it', async () => {
    const random = chance(SEED + 1);
    const shots: Shot[] = [];
    for (const { name } of FIELDS) {
      for (const value of [
        'true',
        'false',
        '0',
        '1.5',
        '"x"',
        '[]',
        '{}',
        '[1]',
        '["x"]',
        '[[1]]',
        '{"a":1}',
        '""',
        '-0',
        '1e308',
      ]) {
        for (const [method, path] of [
          ['POST', list],
          ['PATCH', `${list}/${record}`],
          ['PUT', `${list}/${record}`],
        ] as const)
          shots.push({ method, path, token: admin, body: `{${JSON.stringify(name)}:${value}}` });
      }
      for (let i = 0; i < 25; i++)
        shots.push({ method: 'POST', path: list, token: admin, body: `{${JSON.stringify(name)}:${anyJson(random)}}` });
    }
    await all(shots);
  });

  it(`each of ${PAYLOADS.length} payloads in every place where a text goes`, async () => {
    expect(PAYLOADS.length).toBeGreaterThanOrEqual(200);
    const names = FIELDS.map((f) => f.name);
    for (const payload of PAYLOADS) {
      const word = escaped(payload);
      const get = (path: string, token = admin): Shot => ({ method: 'GET', path: path.slice(0, 8000), token });
      const post = (path: string, value: Json, token = t.root, method = 'POST'): Shot => ({
        method,
        path,
        token,
        body: JSON.stringify(value),
      });
      await all([
        ...names.map((name) => get(`${list}?${name}=${word}`)),
        ...names.map((name) => post(list, { [name]: payload }, admin)),
        ...['id', 'account_id', 'created_at', 'created_by', 'sort', 'fields', 'skip', 'limit'].map((name) =>
          get(`${list}?${name}=${word}`),
        ),
        get(`${list}?${word || 'x'}=1`),
        get(`${list}?${word}__eq=1`),
        get(`${list}/${record}?fields=${word}`),
        get(`${list}/${word}`),
        get(`/api/v1/records/${word}`),
        post(list, { [payload]: payload }, admin),
        post(list, { json: { [payload]: [payload] }, texts: [payload, payload] }, admin),
        post(`${list}/${record}`, { text: payload }, admin, 'PATCH'),
        post('/api/v1/collections', { name: payload, schema: [{ name: 'a', type: 'text' }] }),
        post('/api/v1/collections', { name: 'canary', schema: [{ name: payload, type: 'text' }] }),
        post('/api/v1/collections', { name: 'canary', schema: [{ name: 'a', type: payload }] }),
        post('/api/v1/collections', {
          name: 'canary',
          schema: [{ name: 'a', type: 'reference', collection: payload }],
        }),
        get(`/api/v1/collections/${word}`, t.root),
        ...['collections', 'users', 'accounts'].map((room) => get(`/api/v1/${room}?search=${word}`, t.root)),
        ...['collections', 'users', 'accounts'].map((room) => get(`/api/v1/${room}?sort_by=${word}`, t.root)),
        get(`/api/v1/users?account_id=${word}`, t.root),
        get(`/api/v1/users/${word}`, t.root),
        get(`/api/v1/accounts/${word}/users`, t.root),
        get(`/api/v1/auth/verify-email?token=${word}`),
        post('/api/v1/auth/refresh', { refresh_token: payload }),
        post('/api/v1/auth/verify-email', { token: payload }),
        post('/api/v1/auth/send-verification', { account: payload, email: payload }),
        post('/api/v1/accounts', { name: 'x', slug: payload }),
        { ...get(list, t.root), headers: { 'X-Account-ID': inHeader(payload) } },
        { ...get(list), headers: { 'X-Correlation-ID': inHeader(payload) } },
        { ...get(list), token: null, headers: { Authorization: `Bearer ${inHeader(payload)}` } },
        { ...get(list), token: null, headers: { Cookie: `sb_session=${inHeader(payload)}` } },
      ]);
    }
  });

  it('each payload is stored as it is, found by it, and may be a default, an enum value and a description', async () => {
    const kept = PAYLOADS.filter((text) => text !== '');
    const schema = [
      { name: 'a', type: 'text', default: kept[0] },
      { name: 'e', type: 'enum', enum: kept.slice(0, 400) },
    ];
    const { name } = await t.collection({ schema, description: kept[3] });
    for (const [i, text] of kept.entries()) {
      const made = await fire({
        method: 'POST',
        path: `/api/v1/records/${name}`,
        token: admin,
        body: JSON.stringify({ a: text, e: text }),
      });
      expect([made.status, made.body.a, made.body.e], text).toEqual([201, text, text]);
      if (text.length > 900) continue;
      const found = await fire({ method: 'GET', path: `/api/v1/records/${name}?a=${escaped(text)}`, token: admin });
      expect(
        found.body.items?.map((item: Json) => item.id),
        text,
      ).toEqual([made.body.id]);
      if (i % 4 > 0) continue;
      const put = { schema: [{ ...schema[0], default: text, description: text.slice(0, 400) }, schema[1]] };
      const changed = await fire({
        method: 'PUT',
        path: `/api/v1/collections/${name}`,
        token: t.root,
        body: JSON.stringify(put),
      });
      expect([changed.status, changed.body.schema?.[0].default], text).toEqual([200, text]);
      const omitted = await fire({ method: 'POST', path: `/api/v1/records/${name}`, token: admin, body: '{"e":null}' });
      expect(omitted.body.a, text).toBe(text);
      await fire({ method: 'DELETE', path: `/api/v1/records/${name}/${omitted.body.id}`, token: admin });
    }
    for (const text of UNSAYABLE) {
      const refused = await fire({
        method: 'POST',
        path: `/api/v1/records/${name}`,
        token: admin,
        body: JSON.stringify({ a: text }),
      });
      expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_JSON']);
    }
  });

  it('the server still answers, and the database holds what it held', async () => {
    expect((await fire({ method: 'GET', path: '/ready', token: null })).status).toBe(200);
    expect((await fire({ method: 'GET', path: `${list}/${record}`, token: admin })).status).toBe(200);
    expect(await database()).toEqual(before);
    const names = (await t.call('GET', '/api/v1/collections/names', undefined, { token: t.root })).body.total;
    const tables = await t.app.db.query(
      `select 1 from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'snackbase')`,
    );
    expect(tables.length).toBe(names);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Json).polluted).toBeUndefined();
  });
});

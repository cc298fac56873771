// Texts made to be taken for something else, in every string input that the contract has: paths, queries, bodies, keys, headers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import type { Contract, Route } from '../../contract/kit.ts';
import { z } from '../../contract/kit.ts';
import { PAYLOADS } from '../fuzz/payloads.ts';
import { escaped, inHeader } from '../fuzz/random.ts';
import { available, type Json, PASSWORD, startApp, type TestApp, unique } from '../helpers/app.ts';

/** The language of rules and filters, bent. */
const RULES = `
@owns_record() || true
@owns_record(") || true || (")
@owns_record('created_by" = created_by or "id')
@has_role("admin") or 1=1
@has_role('x' || 'admin')
@request.auth.id != null
@request.auth.id' || '1'='1
@request.auth.__proto__.id = 1
@request.data.constructor.name = "Object"
@request.headers.authorization ~ "a"
@is_public() || @nothing()
@@owns_record()
@macro(@macro(@macro()))
title = title
title = "a" -- comment
title = "a" /* comment */
title = "a"; select 1
title = 'a' union select 1
title in (select email from users)
title in ["a", (select 1)]
title like '%' escape '\\'
title ~ "(a+)+$"
title ~ "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"
title = $1
title = ?
title = :name
title::text = "a"
"title" = "a"
posts.title = "a"
snackbase.users.email = "a"
account_id = "SY0000" || true
account_id != "x"
deleted_at is null
pg_sleep(10) is null
current_user = "postgres"
now() > created_at
case when true then true else false end
not not not not not not title = "a"
!!!!!!!!!!true
((((((((((((((((((((true))))))))))))))))))))
true and true or false and not true
1 = 1 = 1
1 < 2 < 3
1e999 = 1
9007199254740993 = 9007199254740992
-0 = 0
0/0 = 0/0
title = "\\u0000"
title = "\\ud800"
title = "\\x27"
title = "\\"
title = 'it''s'
title = “smart”
title ＝ "a"
title = null = null
null
"true"
1
[]
["a"]
{}
{"$or":[{"title":"a"}]}
`;
/** Ways to write the same thing past a filter. */
const disguised = (text: string): string[] => [
  text.replaceAll("'", '＇'),
  text.replaceAll(' ', '/**/'),
  text.replace(/[a-z]+/g, (word, at: number) => (at % 2 ? word.toUpperCase() : word)),
  Buffer.from(text).toString('base64'),
  `%${Buffer.from(text).toString('hex').match(/../g)?.join('%')}`,
  `${text}\u200b`,
];
const lines = RULES.split('\n').filter((line) => line !== '');
const SQL = PAYLOADS.filter((p) => /drop|union|select|or 1|sleep/i.test(p));
const CORPUS = [...new Set([...PAYLOADS, ...lines, ...[...SQL, ...lines].flatMap(disguised)])];
/** Payloads that each place gets, in turn; together each payload is in many places. */
const EACH = 24;

/** Logging out would end the credential that all others need. */
const LEFT_OUT = new Set(['auth.logout']);
const PUBLIC_PATH = { collection: 'target', id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1' };

interface Shot {
  readonly place: string;
  readonly route: Route;
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}
type Place = { readonly name: string; readonly aim: (payload: string) => Shot };

/** Where an example has texts, and where it could have another key. */
function textsIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'string') return [at];
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, child]) => textsIn(child, [...at, key]));
  return Array.isArray(value) ? below : [...below, [...at, '(key)']];
}
/** The example with the payload in that place. */
function put(value: unknown, [key, ...rest]: readonly string[], payload: string): unknown {
  if (key === undefined) return payload;
  if (key === '(key)') return { ...(value as object), [payload]: 'x' };
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? put(item, rest, payload) : item));
  const object = value as Record<string, unknown>;
  return { ...object, [key]: put(object[key], rest, payload) };
}

describe.runIf(available)('injection into the whole contract', () => {
  let t: TestApp;
  let admin: string;
  let ids: Record<string, string>;
  let sent = 0;
  const byStatus = new Map<number, number>();
  const reached = new Map<string, number>();
  let before: Json;

  const database = async () => ({
    canary: await t.app.db.query('select * from app_main.canary order by id'),
    shape: await t.app.db.query(
      `select n.nspname, c.relname, c.relkind, c.relrowsecurity from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'snackbase' and c.relkind in ('r', 'v', 'S') order by 1, 2`,
    ),
    // Deploys make schemas of apps; only those that a deploy tells of.
    schemas: await t.app.db.query(
      `select nspname from pg_namespace where nspname !~ '^pg_(toast_)?temp'
       and nspname not in (select 'app_' || app from snackbase.deployments) order by 1`,
    ),
    functions: await t.app.db.query(
      `select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname not in ('pg_catalog', 'information_schema') order by 1`,
    ),
    people: await t.app.db.query(
      `select email, account_id, role_id, is_active from snackbase.users where email ~ '^keep-' order by 1`,
    ),
  });

  beforeAll(async () => {
    t = await startApp({ rowSecurity: 'always' });
    const acme = await t.tenant('Acme');
    admin = acme.token;
    const root = async (method: string, path: string, body?: Json) =>
      (await t.call(method, `/api/v1${path}`, body, { token: t.root })).body;
    for (const name of ['canary', 'target'])
      await t.collection({
        name,
        schema: [
          { name: 'title', type: 'text' },
          { name: 'content', type: 'text' },
        ],
      });
    await t.call('POST', '/api/v1/records/canary', { title: 'alive' }, { token: admin });
    const record = await t.call('POST', '/api/v1/records/target', { title: 'alive' }, { token: admin });
    for (const i of [1, 2]) {
      const email = `keep-${i}@example.com`;
      await root('POST', '/users', { email, password: PASSWORD, account_id: acme.account.id });
    }
    ids = {
      records: record.body.id,
      adminRecords: record.body.id,
      rules: 'target',
      collections: 'target',
      roles: String((await root('POST', '/roles', { name: unique('r_') })).id),
      macros: String((await root('POST', '/macros', { name: unique('m_'), expression: 'true' })).id),
      groups: (await t.call('POST', '/api/v1/groups', { name: unique('g') }, { token: admin })).body.id,
    };
    before = await database();
  });
  afterAll(() => {
    const statuses = [...byStatus].sort(([x], [y]) => x - y).map(([status, n]) => `${status}: ${n}`);
    console.log(
      `injection: ${CORPUS.length} payloads, ${reached.size} places, ${sent} requests, ${statuses.join(', ')}`,
    );
  });

  const pathOf = (room: string, route: Route, param?: string, payload = '') =>
    route.path.replace(/[:*](\w+)/g, (_, name: string) => {
      if (name === param) return escaped(payload).slice(0, 6000) || 'x';
      // What a route deletes by right is nobody's.
      const known = name === 'id' && route.method !== 'DELETE' ? ids[room] : PUBLIC_PATH[name as 'collection'];
      return known ?? PUBLIC_PATH.id;
    });

  function placesOf(room: string, name: string, route: Route): Place[] {
    const base = () => ({ route, path: pathOf(room, route), body: route.example.body });
    const place = (at: string, aim: (payload: string) => Partial<Shot>): Place => {
      const label = `${room}.${name} ${at}`;
      return { name: label, aim: (payload) => ({ ...base(), place: label, ...aim(payload) }) };
    };
    const params = [...route.path.matchAll(/[:*](\w+)/g)].map(([, param]) => param as string);
    const keys = route.query instanceof z.ZodObject ? Object.keys(route.query.shape) : [];
    return [
      ...params.map((param) => place(`:${param}`, (payload) => ({ path: pathOf(room, route, param, payload) }))),
      ...keys.map((key) => place(`?${key}`, (payload) => ({ query: { [key]: payload } }))),
      ...(route.query === undefined ? [] : [place('?(key)', (payload) => ({ query: { [payload]: 'x' } }))]),
      ...(room === 'records' && name === 'list'
        ? ['title', 'created_at', 'id'].map((field) =>
            place(`?${field}`, (payload) => ({ query: { [field]: payload } })),
          )
        : []),
      ...textsIn(route.example.body).map((at) =>
        place(at.join('.'), (payload) => ({ body: put(route.example.body, at, payload) })),
      ),
      ...[
        'X-Account-ID',
        'X-Correlation-ID',
        'X-Audit-Reason',
        'Authorization',
        'X-API-Key',
        'Cookie',
        'User-Agent',
      ].map((header) => place(header, (payload) => ({ headers: { [header]: inHeader(payload) } }))),
    ];
  }

  async function fire({ place, route, path, query, body, headers }: Shot, token: string): Promise<void> {
    const asked = query === undefined ? '' : `?${new URLSearchParams(query).toString().slice(0, 8000)}`;
    const own = headers?.Authorization === undefined && headers?.['X-API-Key'] === undefined;
    const reply = await t.call(route.method, path + asked, body, {
      token: own ? token : null,
      ...(headers && { headers }),
    });
    sent += 1;
    byStatus.set(reply.status, (byStatus.get(reply.status) ?? 0) + 1);
    reached.set(place, (reached.get(place) ?? 0) + 1);
    const label = `${place}: ${route.method} ${path.slice(0, 200)}${asked.slice(0, 200)} ${JSON.stringify(body)?.slice(0, 300)} → ${reply.text.slice(0, 300)}`;
    expect(reply.status, label).toBeLessThan(500);
    expect(reply.headers.has('x-injected'), label).toBe(false);
    if (reply.status >= 400) expect(typeof reply.body?.code, label).toBe('string');
    expect(reply.text, label).not.toMatch(/SQLSTATE|node_modules|syntax error at or near/);
  }

  it(`takes ${CORPUS.length} payloads for what they are`, { timeout: 300_000 }, async () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(500);
    const places = Object.entries(contract as Contract).flatMap(([room, table]) =>
      Object.entries(table)
        .filter(([name, route]) => !LEFT_OUT.has(`${room}.${name}`) && route.metadata.rate !== 'open')
        .flatMap(([name, route]) => placesOf(room, name, route).map((place) => ({ place, route }))),
    );
    let turn = 0;
    const shots = places.flatMap(({ place, route }) =>
      Array.from({ length: EACH }, () => {
        // A stride without a common divisor visits every payload before any again.
        turn += 1;
        return { shot: place.aim(CORPUS[(turn * 7) % CORPUS.length] as string), route };
      }),
    );
    let next = 0;
    const worker = async () => {
      while (next < shots.length) {
        const { shot, route } = shots[next++] as (typeof shots)[number];
        // What would sign everybody up or change the caller's own sessions is tried without a credential of value.
        const token = route.metadata.who === 'superadmin' ? t.root : admin;
        await fire(shot, token);
      }
    };
    await Promise.all(Array.from({ length: 6 }, worker));
    expect(Math.min(...reached.values())).toBe(EACH);
  });

  it('nothing that an injection could reach has changed', async () => {
    expect((await t.call('GET', '/ready')).status).toBe(200);
    expect(await database()).toEqual(before);
    const tables = await t.app.db.query(`select 1 from pg_tables where schemaname = 'app_main'`);
    const { names } = (await t.call('GET', '/api/v1/collections/names', undefined, { token: t.root })).body;
    expect(tables.length).toBe(names.filter((name: string) => !name.includes('.')).length);
    expect(Object.keys(Object.prototype)).toEqual([]);
    const verdict = await t.call('GET', '/api/v1/audit-logs/verify', undefined, { token: t.root });
    expect(verdict.body).toMatchObject({ valid: true, first_bad: null });
  });
});

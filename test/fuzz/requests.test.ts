// Thousands of wrong requests from a fixed seed over every route: never a 5xx, always the one error body, never slow.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import type { Contract } from '../../contract/kit.ts';
import { available } from '../helpers/app.ts';
import { PAYLOADS } from './payloads.ts';
import { anyJson, type Chance, chance, escaped, inHeader, mutated } from './random.ts';
import { EXAMPLE, FIELDS, LIST, openRange, type Range, SEED, type Shot } from './range.ts';

const COUNT = Number(process.env.FUZZ_REQUESTS ?? 4000);
const routes = Object.entries(contract as Contract).flatMap(([room, table]) =>
  Object.values(table).map((route) => ({ room, route })),
);

const own = (of: Readonly<Record<string, string>> | undefined, name: string): string | undefined =>
  of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined;

describe.runIf(available)(`requests, seed ${SEED}`, () => {
  let range: Range;
  let [admin, user, root, record] = ['', '', '', ''];
  let victims: Range['victims'];

  beforeAll(async () => {
    range = await openRange();
    ({ admin, user, record, victims } = range);
    root = range.t.root;
  });
  afterAll(() => console.log(`fuzz: ${range.score()}`));

  function pathParam(random: Chance, room: string, name: string, method: string): string {
    if (random.rarely(3)) return escaped(random.one(PAYLOADS)) || '%20';
    if (random.rarely(15))
      return random.one(['%00', '%zz', '%ff', '%c0%af', '..%2f..', '%2e%2e', '%', ';', '%ed%a0%80', '%F0%9F']);
    if (name === 'id' && room === 'records' && method === 'DELETE') return random.one(range.spares);
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
      const value = random.rarely(4) ? (own(example, name) ?? random.one(names)) : random.one(PAYLOADS);
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
      const method = random.rarely(20)
        ? random.one(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
        : route.method;
      const path = route.path.replace(/[:*](\w+)/g, (_, name: string) => pathParam(random, room, name, method));
      const example = room === 'records' && route.example.body !== undefined ? EXAMPLE : route.example.body;
      const token =
        room === 'records'
          ? random.one([admin, admin, admin, user, root, null])
          : random.one([root, root, root, admin, user, null]);
      // Logging out would end the run.
      const mayCall = route.path === '/api/v1/auth/logout' ? null : token;
      const sends = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
      return {
        method,
        path: path + query(random, route.example.query),
        token: mayCall,
        body: sends ? mutated(random, example) : undefined,
        headers: headers(random),
      };
    });
    await range.all(shots);
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
          ['POST', LIST],
          ['PATCH', `${LIST}/${record}`],
          ['PUT', `${LIST}/${record}`],
        ] as const)
          shots.push({ method, path, token: admin, body: `{${JSON.stringify(name)}:${value}}` });
      }
      for (let i = 0; i < 25; i++)
        shots.push({ method: 'POST', path: LIST, token: admin, body: `{${JSON.stringify(name)}:${anyJson(random)}}` });
    }
    await range.all(shots);
  });

  it('the server is unharmed', async () => {
    expect(Number(/(\d+) requests/.exec(range.score())?.[1])).toBeGreaterThan(COUNT);
    await range.unharmed();
  });
});

// Query strings and bodies from a fixed seed, most of them nearly right: never a 5xx, always the one error body, never slow.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../contract/functions.ts';
import { available } from '../helpers/app.ts';
import { PAYLOADS } from './payloads.ts';
import { anyJson, type Chance, chance, escaped } from './random.ts';
import { EXAMPLE, FIELDS, LIST, openRange, type Range, SEED, type Shot } from './range.ts';

const COUNT = Number(process.env.FUZZ_QUERIES ?? 3000);
const NAMES = [
  ...FIELDS.map(({ name }) => name),
  'id',
  'created_at',
  'created_by',
  'deleted_at',
  'account_id',
  'nope',
  'double',
  'Text',
];
const SIGNS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '~',
  '!~',
  'like',
  'ilike',
  'not like',
  'in',
  'not in',
  'contains',
  'is',
  '==',
  '<>',
  '=>',
  'and',
];
const OPS = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$like',
  '$ilike',
  '$match',
  '$in',
  '$nin',
  '$contains',
  '$isNull',
  '$not',
  '$regex',
  'eq',
];
const SUFFIXES = [
  'eq',
  'neq',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'nin',
  'like',
  'ilike',
  'match',
  'is_null',
  'is_not_null',
  'contains',
  'between',
  '',
];
const VALUES = [
  '1',
  '-1.5',
  '1e400',
  '9e999',
  'abc',
  "'a'",
  '"b"',
  "'2026-01-02'",
  "'2026-13-40T99:99:99Z'",
  "'0000-00-00'",
  'true',
  'null',
  '[]',
  "['a', 1]",
  '[1, 2]',
  '@request.auth.id',
  '@owns_record()',
  "'%'",
  "'100%_\\\\'",
  "'😀'",
  "'\\u0000'",
  '(1)',
  '((1',
  "'unclosed",
  "'0198c0de-7a11-7000-8000-3b2f5c0ffee1'",
  "'99999-01-01'",
];

function operand(random: Chance, depth: number): string {
  if (depth > 0 && random.rarely(4)) {
    const name = random.one([...Object.keys(FUNCTIONS), 'nothing']);
    const args = Array.from({ length: random.below(4) }, () => operand(random, depth - 1));
    return `${name}(${args.join(', ')})`;
  }
  if (depth > 0 && random.rarely(5))
    return `${operand(random, depth - 1)} ${random.one(['+', '-', '*', '/', '%'])} ${operand(random, depth - 1)}`;
  if (random.rarely(12)) return random.one(PAYLOADS);
  return random.one(random.rarely(2) ? VALUES : NAMES);
}

function condition(random: Chance, depth: number): string {
  if (depth > 0 && random.rarely(3))
    return `${random.one(['', 'not ', '!', '('])}${condition(random, depth - 1)} ${random.one(['&&', '||', 'and', 'or', 'xor'])} ${condition(random, depth - 1)}${random.rarely(3) ? ')' : ''}`;
  return `${operand(random, 2)} ${random.one(SIGNS)} ${operand(random, 2)}`;
}

function where(random: Chance, depth: number): unknown {
  if (random.rarely(15)) return anyJson(random);
  const keys = Array.from({ length: 1 + random.below(3) }, () =>
    random.one([...NAMES, ...(depth > 0 ? ['$and', '$or', '$not'] : [])]),
  );
  return Object.fromEntries(
    keys.map((key) => {
      if (key === '$not') return [key, where(random, depth - 1)];
      if (key.startsWith('$')) return [key, Array.from({ length: random.below(4) }, () => where(random, depth - 1))];
      const value = random.rarely(3) ? anyJson(random) : random.one<unknown>(Object.values(EXAMPLE));
      return [key, random.rarely(2) ? value : { [random.one(OPS)]: random.rarely(4) ? [value] : value }];
    }),
  );
}

const sorted = (random: Chance) =>
  Array.from({ length: 1 + random.below(3) }, () => random.one(['', '-', '+', '--', ' ']) + random.one(NAMES)).join(
    random.one([',', ', ', ';']),
  );
const listed = (random: Chance) => Array.from({ length: 1 + random.below(4) }, () => random.one(NAMES)).join();
const numbered = (random: Chance) =>
  random.one(['0', '1', '5', '100', '101', '-1', '1.5', 'ten', '', '99999999999', '1e2', ' 3']);
const expanded = (random: Chance) =>
  random.one([
    'parent',
    'parent.parent',
    'everything_via_parent',
    'everything_via_parent(limit=2;sort=-n)',
    'parent(',
    'x_via_y',
    'text',
    'parent.parent.parent.parent.parent',
    'everything_via_parent(limit=0)',
    'a_via_b(;=)',
  ]);
const calls = (random: Chance) =>
  Array.from(
    { length: 1 + random.below(3) },
    () => `${random.one(['count', 'sum', 'avg', 'min', 'max', 'median', ''])}(${random.one([...NAMES, ''])})`,
  ).join();
const groups = (random: Chance) =>
  Array.from({ length: 1 + random.below(2) }, () =>
    random.rarely(2)
      ? `${random.one(['year', 'month', 'week', 'day', 'hour', 'eon'])}(${random.one(NAMES)})`
      : random.one(NAMES),
  ).join();

const PARAMS: Readonly<Record<string, (random: Chance) => string>> = {
  filter: (r) => (r.rarely(4) ? JSON.stringify(where(r, 2)) : condition(r, 3)),
  sort: sorted,
  fields: listed,
  skip: numbered,
  limit: numbered,
  expand: expanded,
  search: (r) => r.one([...PAYLOADS, 'abc', 'a* -b', '"a b"', '*', "':*"]),
  cursor: (r) =>
    r.one([
      '',
      'e30',
      'W10',
      Buffer.from('["-created_at,-id","x","y"]').toString('base64url'),
      'x'.repeat(9000),
      ...PAYLOADS,
    ]),
  cursor_before: (r) => r.one(['', 'W10', 'zzz']),
  count: (r) => r.one(['exact', 'estimated', 'false', 'none', 'TRUE']),
  deleted: (r) => r.one(['with', 'only', 'without', 'all']),
};

function listQuery(random: Chance): string {
  const parts = Array.from({ length: random.below(5) }, () => {
    if (random.rarely(2)) {
      const name = random.one(Object.keys(PARAMS));
      return `${name}=${escaped((PARAMS[name] as (r: Chance) => string)(random))}`;
    }
    const suffix = random.one(SUFFIXES);
    const name = random.one(NAMES) + (suffix === '' ? '' : `__${suffix}`) + random.one(['', '', '', '[]', '[$gt]']);
    return `${name}=${escaped(random.one([...VALUES, ...PAYLOADS]).replace(/^'|'$/g, ''))}`;
  });
  return parts.join('&').slice(0, 12_000);
}

function aggregateQuery(random: Chance): string {
  const query = new URLSearchParams({ functions: calls(random) });
  if (random.rarely(2)) query.set('group_by', groups(random));
  if (random.rarely(3))
    query.set(
      'having',
      condition(random, 1).replace(/\w+/g, (word) => (random.rarely(2) ? 'count' : word)),
    );
  if (random.rarely(3)) query.set('sort', random.one(['count', '-count', 'sum_number', sorted(random)]));
  if (random.rarely(3)) query.set('filter', condition(random, 2));
  return query.toString().slice(0, 12_000);
}

function queryBody(random: Chance): string {
  const body: Record<string, unknown> = { where: where(random, 3) };
  if (random.rarely(3)) body.orderBy = random.rarely(2) ? sorted(random) : [sorted(random)];
  if (random.rarely(3)) body.order = random.one(['asc', 'desc', 'up']);
  if (random.rarely(3)) body.limit = random.one([1, 5, 100, 101, 0, -1, 1.5, '5', null]);
  if (random.rarely(4)) body.expand = expanded(random);
  if (random.rarely(4)) body.fields = random.rarely(2) ? listed(random) : [random.one(NAMES)];
  if (random.rarely(6)) body.count = random.one([true, false, 'exact', 'none', 1]);
  if (random.rarely(8)) body[random.one(['nope', 'filter', 'search', 'cursor'])] = random.one(PAYLOADS);
  return JSON.stringify(body);
}

function transactionBody(random: Chance): string {
  const operations = Array.from({ length: random.below(5) }, () => ({
    op: random.one(['create', 'update', 'replace', 'delete', 'upsert']),
    collection: random.one(['everything', 'everything', 'canary', 'nowhere', 'main.everything']),
    ...(random.rarely(2) && { as: random.one(['a', 'b', '1', '']) }),
    ...(random.rarely(2) && {
      id: random.one<unknown>([
        { $from: 'a.id' },
        { $from: '0.id' },
        { $from: '__proto__.id' },
        'x',
        '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
      ]),
    }),
    ...(!random.rarely(4) && {
      data: {
        text: random.rarely(2)
          ? { $from: random.one(['a.text', 'b.nope', '0.id', '9.id', 'x']) }
          : random.one(PAYLOADS),
        number: anyJson(random),
      },
    }),
  }));
  return JSON.stringify({ operations });
}

describe.runIf(available)(`queries, seed ${SEED}`, () => {
  let range: Range;
  beforeAll(async () => {
    range = await openRange();
    const { body } = await range.t.call('GET', '/api/v1/collections/everything', undefined, { token: range.t.root });
    const schema = [
      ...body.schema.map((f: { type: string }) => (f.type === 'text' ? { ...f, searchable: true } : f)),
      { name: 'parent', type: 'reference', collection: 'everything' },
      { name: 'double', type: 'computed', expression: 'number * 2 / whole' },
    ];
    const rules = { list_rule: '', create_rule: 'whole is null or whole > -5', soft_delete: true };
    const changed = await range.t.call(
      'PUT',
      '/api/v1/collections/everything',
      { schema, ...rules },
      { token: range.t.root },
    );
    expect(changed.status).toBe(200);
  });
  afterAll(() => console.log(`fuzz of queries: ${range.score()}`));

  it(`${COUNT} query strings and bodies`, { timeout: 3_600_000 }, async () => {
    const random = chance(SEED);
    const shots: Shot[] = Array.from({ length: COUNT }, () => {
      const token = random.one([range.admin, range.user, range.t.root, null]);
      const kind = random.below(10);
      if (kind < 5) return { method: 'GET', path: `${LIST}?${listQuery(random)}`, token };
      if (kind < 6) return { method: 'GET', path: `${LIST}/aggregate?${aggregateQuery(random)}`, token };
      if (kind < 8) return { method: 'POST', path: `${LIST}/query`, token, body: queryBody(random) };
      if (kind < 9) return { method: 'GET', path: `${LIST}/export?${listQuery(random)}`, token };
      return { method: 'POST', path: '/api/v1/batch', token, body: transactionBody(random) };
    });
    await range.all(shots);
    await range.unharmed();
  });
});

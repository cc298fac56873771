// Random filters, sorts and pages: what SQL answers, what the same query means in memory, and what a walk along the cursors sees.
import { afterAll, describe, expect, it } from 'vitest';
import { ListQuery } from '../../contract/records.ts';
import { makeScope } from '../../server/access/scope.ts';
import { check } from '../../server/expression/check.ts';
import { coerce } from '../../server/expression/coerce.ts';
import { evaluate, evaluateValue } from '../../server/expression/evaluate.ts';
import { parseWhere } from '../../server/expression/parse-where.ts';
import { valueTypeOf } from '../../server/expression/scope.ts';
import { readListQuery } from '../../server/records/list-query.ts';
import { createReads, type RecordRows } from '../../server/records/store/read.ts';
import { createStatements } from '../../server/records/store/statements.ts';
import type { CollectionDef } from '../../server/schema/collection-def.ts';
import { chance } from '../fuzz/random.ts';
import type { Json } from '../helpers/app.ts';
import { A, B, kinds, open } from '../schema/harness.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20261121);
const PAGES = 20_000;
const FIELDS = [
  { name: 't', type: 'text' },
  { name: 'r', type: 'text', required: true },
  { name: 'n', type: 'number' },
  { name: 'b', type: 'boolean' },
  { name: 'd', type: 'datetime' },
  { name: 'day', type: 'date' },
] as const;
const COMPUTED = [
  { name: 'c', type: 'computed', expression: 'round(n / 3, 1)' },
  { name: 'l', type: 'computed', expression: 'concat(upper(t), r, length(t))' },
  { name: 'later', type: 'computed', expression: "date_add(d, 1, 'months')" },
] as const;
const VALUES: Record<string, readonly Json[]> = {
  t: [null, '', 'a', 'ab', 'b', 'ba', 'c'],
  r: ['x', 'y', 'z'],
  n: [null, -1.5, 0, 1, 2, 1e20],
  b: [null, true, false],
  d: [null, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000001Z', '2025-06-01T12:00:00Z'],
  day: [null, '2026-01-01', '2024-02-29'],
  c: [null, -0.5, 0.3, 0.7],
  l: ['x', 'ABx2', 'Cz1'],
  later: [null, '2026-02-01T00:00:00Z', '2025-07-01T12:00:00Z'],
};
const SCOPE = {
  accountId: A,
  rows: [],
  fields: null,
  unmasked: true,
  environment: { auth: null },
  slots: [],
  checks: [],
  key: '1',
};

const shown = (page: RecordRows) => ({ ...page, items: page.rows.map((row) => page.write(row)) });

describe.each(kinds)('pages on %s', (kind) => {
  let total = 0;
  afterAll(() => console.log(`pages (${kind}): seed ${SEED}, ${total} pages`));

  it(`${PAGES} pages: SQL = memory = cursor walk`, { timeout: 120_000 }, async () => {
    const { db, create, insert, registry } = await open(kind);
    await create({ name: 'pages', schema: [...FIELDS, ...COMPUTED] });
    const random = chance(SEED);
    for (let i = 0; i < 40; i++) {
      const row = Object.fromEntries(FIELDS.map(({ name }) => [name, random.one(VALUES[name] as readonly Json[])]));
      await insert('pages', row, A);
      if (i % 4 === 0) await insert('pages', row, B);
    }
    const def = (await registry.find('pages')) as CollectionDef;
    const reads = createReads(db, createStatements(db, 'off'));
    const scope = makeScope(SCOPE);
    const ask = (query: Record<string, string>, where?: Json) =>
      reads.list(def, scope, readListQuery(def, ListQuery.parse(query), scope, { where })).then(shown);
    const first = shown(await reads.list(def, scope, readListQuery(def, ListQuery.parse({ limit: '100' }), scope)));
    const rows = first.items.map((item) => JSON.parse(item) as Json);
    expect(rows).toHaveLength(40);
    // What computed fields are in SQL, they are in memory.
    for (const row of rows)
      for (const { name, checked } of def.computed) {
        const value = evaluateValue(checked, row, { auth: null });
        expect([name, value], JSON.stringify(row)).toEqual([name, coerce(row[name], checked.root.type) ?? null]);
      }
    const types = {
      ...Object.fromEntries(FIELDS.map((f) => [f.name, valueTypeOf(f.type)])),
      ...Object.fromEntries(def.computed.map((f) => [f.name, f.checked.root.type])),
      id: 'uuid' as const,
    };
    const fieldScope = {
      field: (name: string) => (name in types ? { type: types[name as 'id'] } : undefined),
      fieldNames: [],
      allow: { auth: false, data: false },
    };

    while (total < PAGES) {
      const where = random.rarely(4) ? undefined : condition(random);
      const keys = Array.from(
        { length: random.below(4) },
        () => [random.one(['t', 'r', 'n', 'b', 'd', 'day', 'c', 'l', 'later', 'id']), random.rarely(2)] as const,
      );
      const sort = keys.map(([name, descending]) => (descending ? '-' : '') + name).join();
      const limit = 1 + random.below(9);
      const checked = where === undefined ? null : check(parseWhere(where), fieldScope);
      const expected = rows
        .filter((row) => checked === null || evaluate(checked, row, { auth: null }) === true)
        .sort(inOrder(keys))
        .map((row) => row.id);
      const label = `seed ${SEED}: ${JSON.stringify(where)} sort=${sort} limit=${limit}`;
      const query = { sort, limit: String(limit), fields: 'id' };
      const ids = (items: readonly string[]) => items.map((item) => JSON.parse(item).id);

      const skip = random.below(12);
      expect(ids((await ask({ ...query, skip: String(skip) }, where)).items), `${label} skip=${skip}`).toEqual(
        expected.slice(skip, skip + limit),
      );
      total += 1;
      const walked: string[] = [];
      let last: Awaited<ReturnType<typeof ask>> | null = null;
      for (let cursor = ''; ; ) {
        last = await ask({ ...query, cursor }, where);
        walked.push(...ids(last.items));
        total += 1;
        if (!last.more) break;
        cursor = last.last as string;
      }
      expect(walked, label).toEqual(expected);
      // And back again from the last page.
      const back: string[] = ids(last.items);
      for (let before = last.first; before !== null; ) {
        const page = await ask({ ...query, cursor_before: before }, where);
        back.unshift(...ids(page.items));
        total += 1;
        before = page.more ? page.first : null;
      }
      expect(back, `${label} backwards`).toEqual(expected);
    }
  });
});

function condition(random: ReturnType<typeof chance>, depth = 0): Json {
  if (depth < 2 && random.rarely(3)) {
    const parts = Array.from({ length: 1 + random.below(3) }, () => condition(random, depth + 1));
    return random.one([{ $and: parts }, { $or: parts }, { $not: parts[0] }]);
  }
  const name = random.one(Object.keys(VALUES));
  const value = random.one(VALUES[name] as readonly Json[]);
  const list = [value, random.one(VALUES[name] as readonly Json[])].filter((v) => v !== null);
  const ordered =
    name === 'b' || value === null ? [] : [{ $gt: value }, { $gte: value }, { $lt: value }, { $lte: value }];
  const patterns =
    ['t', 'r', 'l'].includes(name) && value !== null ? [{ $like: `${value}%` }, { $ilike: `%${value}` }] : [];
  return {
    [name]: random.one([
      value,
      { $eq: value },
      { $ne: value },
      { $in: list },
      { $nin: list },
      { $isNull: true },
      { $isNull: false },
      ...ordered,
      ...patterns,
    ]),
  };
}

/** PostgreSQL's order: nulls last when ascending, first when descending; ties by id the way of the last key. */
function inOrder(asked: readonly (readonly [string, boolean])[]) {
  const keys: (readonly [string, boolean])[] = asked.length === 0 ? [['created_at', true]] : [];
  for (const key of asked) if (!keys.some(([name]) => name === key[0])) keys.push(key);
  if (!keys.some(([name]) => name === 'id')) keys.push(['id', keys.at(-1)?.[1] ?? false]);
  return (x: Json, y: Json): number => {
    for (const [name, descending] of keys) {
      const [a, b] = [x[name], y[name]];
      if (a === b) continue;
      const up = a === null ? 1 : b === null ? -1 : compare(name, a, b);
      if (up !== 0) return descending ? -up : up;
    }
    return 0;
  };
}
function compare(name: string, a: Json, b: Json): number {
  // Stamps are compared as instants: their digits differ.
  const of = (v: Json) =>
    name === 'd' || name === 'later' || name === 'created_at'
      ? String(v).slice(0, -1).replace(/\.?$/, '.').padEnd(27, '0').replace('..', '.')
      : v;
  const [x, y] = [of(a), of(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

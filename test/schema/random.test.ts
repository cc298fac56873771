// Random pairs of definitions, there and back: a second sync is always empty, and what did not change keeps its object.
import { beforeAll, describe, expect, it } from 'vitest';
import { sync } from '../../server/schema/apply.ts';
import type { DesiredTable } from '../../server/schema/define.ts';
import { chance } from '../fuzz/random.ts';
import { kinds, open, type Rooms, type Tables, tableFor, tables } from './harness.ts';

const SEED = Number(process.env.SCHEMA_SEED ?? 20261121);
const PAIRS = Number(process.env.SCHEMA_PAIRS ?? 80);

const random = (seed: number) => {
  const r = chance(seed);
  return {
    ...r,
    chance: (share: number): boolean => r.next() < share,
    some: <T>(list: readonly T[], share: number): T[] => list.filter(() => r.next() < share),
  };
};
/** Fields by name, with types that each become every other of them. */
const FIELDS: Record<string, string[]> = {
  a: ['text', 'number', 'boolean'],
  b: ['text', 'date', 'datetime', 'email'],
  c: ['uuid', 'reference', 'text'],
  d: ['text[]'],
  e: ['json'],
  [`n${'x'.repeat(99)}`]: ['text', 'enum', 'url'],
  g: ['number[]'],
  h: ['number', 'text', 'enum'],
};
const DEFAULTS: Record<string, unknown[]> = {
  text: ['', "it's", 'a::b'],
  enum: ['x'],
  number: [-5, 0, 1e21],
  boolean: [true, false],
  date: ['2026-01-02'],
  datetime: ['2026-01-02T03:04:05+02:00'],
  json: [{ b: 1, a: [] }, 'x', false],
  'text[]': [[], ['a,b']],
  'number[]': [[1, -2.5]],
};
const EXPRESSIONS: Record<string, string[]> = {
  text: ['lower(f)', 'length(f)', "concat(f, 'x')"],
  number: ['f * 2', 'round(f, 1)'],
  boolean: ['if(f, 1, 2)'],
  date: ['year(f)'],
  datetime: ['year(f)'],
};

function definition(r: ReturnType<typeof random>, name: string) {
  const chosen = r.some(Object.keys(FIELDS), 0.7);
  const schema = (chosen.length === 0 ? ['a'] : chosen).map((field) => {
    const type = r.one(FIELDS[field] as string[]);
    const preset = DEFAULTS[type];
    return {
      name: field,
      type,
      required: r.chance(0.3),
      ...(!['json', 'text[]', 'number[]'].includes(type) && { unique: r.chance(0.3) }),
      ...(preset !== undefined && r.chance(0.4) && { default: r.one(preset) }),
      ...(type === 'enum' && { enum: r.chance(0.5) ? ['x', 'y'] : ['y', 'x', "z'"] }),
      ...(['text', 'email', 'url', 'enum'].includes(type) && r.chance(0.3) && { searchable: true }),
      ...(type === 'reference' && { collection: name, on_delete: r.one(['cascade', 'restrict']) }),
    };
  });
  const plain = (field: (typeof schema)[number]) => ({ column: field.name, sort: r.one(['asc', 'desc']) });
  const key = (field: (typeof schema)[number]) => {
    const exprs = EXPRESSIONS[field.type];
    return exprs !== undefined && r.chance(0.4) ? { expr: r.one(exprs).replace(/\bf\b/, field.name) } : plain(field);
  };
  const orderly = schema.filter((field) => field.type !== 'json');
  const indexes = ['one', 'two', undefined].flatMap((index) => {
    const columns = r.some(orderly, 0.4).map(key);
    if (columns.length === 0 || r.chance(0.3)) return [];
    const [first] = orderly;
    const where = r.chance(0.3) && first !== undefined ? { where: `${first.name} is not null` } : {};
    return [{ ...(index !== undefined && { name: index }), columns, unique: r.chance(0.2), ...where }];
  });
  const lists = schema.filter((field) => ['json', 'text[]', 'number[]'].includes(field.type));
  const gin = r.some(lists, 0.5).map((field) => ({ columns: [field.name], method: 'gin' }));
  const checks = r.some(schema, 0.3).map((field, i) => ({
    ...(r.chance(0.5) && { name: `c${i}` }),
    expr: r.chance(0.5) ? `${field.name} is not null || created_by is null` : `not (${field.name} is null)`,
  }));
  const keys = schema.filter((field) => ['text', 'email', 'uuid', 'number', 'reference'].includes(field.type));
  const [identity] = r.some(keys, 0.3);
  return {
    schema,
    indexes: [...indexes, ...gin],
    checks,
    ...(identity !== undefined && { identity_kind: r.one(['k', 'l']), identity_key: identity.name }),
  };
}

/** Objects that two tables ask for alike, over columns that are alike too. */
function untouched(one: DesiredTable, two: DesiredTable): string[] {
  const type = (table: DesiredTable, column: string) => table.columns.find((c) => c.column === column)?.type;
  const list = (table: DesiredTable) => [
    ...table.indexes,
    ...table.checks,
    ...table.foreignKeys.map((key) => ({ ...key, columns: [key.column] })),
  ];
  return list(one)
    .filter(({ name, tag, columns }) => {
      const same = list(two).find((other) => other.name === name && other.tag === tag);
      return same !== undefined && columns.every((column) => type(one, column) === type(two, column));
    })
    .filter(({ columns }) => !columns.includes('search$'))
    .map(({ name }) => name);
}

describe.each(kinds)('random definitions (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  it(`there and back (seed ${SEED})`, async () => {
    for (let pair = 0; pair < PAIRS; pair++) {
      const r = random(SEED + pair);
      const name = `random_${pair}`;
      const definitions = [definition(r, name), definition(r, name)] as const;
      const [a, b] = definitions.map((one) => tableFor(name, one)) as [DesiredTable, DesiredTable];
      const said = `SCHEMA_SEED=${SEED + pair} SCHEMA_PAIRS=1 ${JSON.stringify(definitions)}`;
      let before: Record<string, number> | null = null;
      for (const [wanted, from] of [
        [a, null],
        [b, a],
        [a, b],
      ] as const) {
        const target = { tables: [wanted], absent: [] };
        const changes = await sync(at.db, target).catch((error) => {
          throw new Error(`${error.message} ${JSON.stringify(error.entries)}: ${said}`, { cause: error });
        });
        const after = await t.objects(name);
        for (const one of [...wanted.indexes, ...wanted.checks, ...wanted.foreignKeys])
          expect(after[one.name], `${one.name} is missing: ${said}`).toBeDefined();
        expect(await sync(at.db, target), `a second sync: ${said}`).toEqual([]);
        expect(await t.objects(name), said).toEqual(after);
        if (from !== null && before !== null)
          for (const one of untouched(from, wanted))
            expect(after[one], `${one} was remade by ${JSON.stringify(changes)}: ${said}`).toBe(before[one]);
        before = after;
      }
      // No column, index or check of ours is left over.
      expect(Object.keys(before ?? {}).length).toBe(a.indexes.length + a.checks.length + a.foreignKeys.length + 1);
      await sync(at.db, { tables: [], absent: [a] });
    }
  }, 300_000);
});

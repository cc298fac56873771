// Random manifests, A then B then A again: every deploy is whole, the next one of the same changes nothing, and what stays is untouched.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Chance, chance } from '../fuzz/random.ts';
import { available, type Json, kind, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

/** `MANIFEST_PAIRS=1000` for the long run; the seed of a failure is in its message. */
const PAIRS = Number(process.env.MANIFEST_PAIRS ?? 40);
const SEED = Number(process.env.MANIFEST_SEED ?? 20_261_121);

const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', `long_${'x'.repeat(80)}`];
const ENTITIES = ['things', 'people', 'Orders', `wide_${'y'.repeat(70)}`];
const TYPES = ['text', 'text', 'number', 'boolean', 'date', 'timestamp', 'json', 'uuid', '[text]', '[number]'];
const DEFAULTS: Readonly<Record<string, readonly Json[]>> = {
  text: ['x', 'a::b', "it's", '', '{"a":1}'],
  number: [-5, 0, 1.5, 1e21],
  boolean: [true, false],
  date: ['2026-01-31'],
  timestamp: ['2026-01-31T10:00:00Z'],
  json: [{ a: [1, null, { b: '::' }] }, [], 'text'],
  uuid: ['0198c0de-7a11-7000-8000-000000000001'],
  '[text]': [['a', "b'c"], []],
  '[number]': [[1, -2.5]],
};

/** Types whose values become each other, so that most pairs can be gone both ways; one in eight changes takes any type. */
const ALIKE: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'number', 'boolean'],
  number: ['text', 'number', 'boolean'],
  boolean: ['text', 'number', 'boolean'],
  date: ['date', 'timestamp'],
  timestamp: ['date', 'timestamp'],
};

function fieldOf(dice: Chance, name: string, entities: readonly string[], before?: Json): Json {
  if (before === undefined ? dice.next() < 0.15 : before.type === 'entity_link')
    return {
      name,
      type: 'entity_link',
      references: { entity: dice.one(entities), field: 'id' },
      on_delete: dice.one(['cascade', 'restrict', 'set_null']),
    };
  const type = dice.one(before === undefined || dice.rarely(8) ? TYPES : (ALIKE[before.type] ?? [before.type]));
  const field: Json = { name, type };
  if (dice.next() < 0.4) field.default_value = dice.one(DEFAULTS[type] as Json[]);
  if (dice.next() < 0.25 && field.default_value !== undefined) field.required = true;
  if (dice.next() < 0.15 && type === 'text' && field.default_value === undefined)
    field.enum_values = dice.one([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
  if (dice.next() < 0.1 && type === 'number' && field.default_value === undefined) field.unique = true;
  return field;
}

/** A manifest; with `like`, about seven of ten entities and fields are as they are there. */
function manifestOf(dice: Chance, appId: string, like?: Json): Json {
  const names = ENTITIES.filter(() => dice.next() < 0.6);
  const entities = names.length === 0 ? [ENTITIES[0] as string] : names;
  return {
    appId,
    dataContract: entities.map((entityName) => {
      const before = like?.dataContract.find((one: Json) => one.entityName === entityName);
      const earlier = (name: string) => before?.fields.find((one: Json) => one.name === name);
      const kept = (name: string) => {
        const field = earlier(name);
        return dice.next() < 0.75 && (field?.references === undefined || entities.includes(field.references.entity))
          ? field
          : undefined;
      };
      const chosen = NAMES.filter((name) => (kept(name) === undefined ? dice.next() < 0.5 : dice.next() < 0.9));
      const fields = (chosen.length === 0 ? ['alpha'] : chosen).map(
        (name) => kept(name) ?? fieldOf(dice, name, entities, earlier(name)),
      );
      const scalar = fields.filter(({ type }: Json) => !/json|\[/.test(type)).map(({ name }: Json) => name as string);
      const indexes: Json[] = [];
      if (scalar.length > 0 && dice.next() < 0.6) indexes.push({ name: 'first', columns: [dice.one(scalar)] });
      if (scalar.length > 1 && dice.next() < 0.4)
        indexes.push({
          columns: [scalar[0], { column: scalar[1], sort: 'desc', nulls: 'last' }],
          where: `${scalar[0]} is not null`,
        });
      const checks: Json[] = [];
      const numbers = fields.filter(({ type }: Json) => type === 'number').map(({ name }: Json) => name as string);
      if (numbers.length > 0 && dice.next() < 0.4)
        checks.push({ name: 'bounded', expr: `${numbers[0]} > ${dice.one(['-100', '-1000'])}` });
      const texts = fields
        .filter(({ type, enum_values }: Json) => type === 'text' && !enum_values)
        .map(({ name }: Json) => name as string);
      const identity = texts.length > 0 && dice.next() < 0.3 ? { identityKind: 'thing', identityKey: texts[0] } : {};
      return { entityName, fields, indexes, checks, ...identity };
    }),
  };
}

/** A row that the fields take. */
const rowOf = (fields: readonly Json[], i: number): Json =>
  Object.fromEntries(
    fields.flatMap(({ name, type, enum_values }: Json): [string, Json][] => {
      if (enum_values) return [[name, enum_values[0]]];
      if (type === 'text') return [[name, String(i)]];
      if (type === 'number') return [[name, i]];
      if (type === 'boolean') return [[name, i % 2 === 0]];
      return type === 'json' ? [[name, { i }]] : [];
    }),
  );

describe.runIf(available)('random manifests', () => {
  let t: TestApp;
  let a: Tenant;
  const refusals = new Map<string, number>();

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
  });

  const deploy = (manifest: Json) => t.call('POST', '/api/v1/apps', manifest, { token: t.root });
  const tables = async (app: string): Promise<Json[]> =>
    (await t.call('GET', `/api/v1/apps/${app}/schema`, undefined, { token: t.root })).body.tables;
  const rowsOf = async (app: string, entity: string): Promise<Json[]> =>
    (await t.call('GET', `/api/v1/apps/${app}/collections/${entity}?sort=id`, undefined, { token: a.token })).body;

  /** Deploys twice; false where the rows or the types do not allow it, and then nothing has changed. */
  async function reaches(manifest: Json, where: string): Promise<boolean> {
    const before = await tables(manifest.appId).catch(() => []);
    const reply = await deploy(manifest);
    if (reply.status !== 200) {
      expect([where, reply.status, reply.body.code]).toEqual([where, 409, 'SCHEMA_SYNC_FAILED']);
      const code = reply.body.errors[0]?.code as string;
      refusals.set(code, (refusals.get(code) ?? 0) + 1);
      expect(await tables(manifest.appId), where).toEqual(before);
      return false;
    }
    const again = await deploy(manifest);
    expect([where, again.body.changes]).toEqual([where, []]);
    expect(again.body.compliant).toBe(true);
    return true;
  }

  const entity = (manifest: Json, name: string): Json =>
    manifest.dataContract.find((one: Json) => one.entityName === name);
  const same = (one: Json, other: Json) => JSON.stringify(one) === JSON.stringify(other);

  /** What both manifests say of a table in the same words keeps its object. */
  function untouched(from: Json, to: Json, before: readonly Json[], after: readonly Json[], where: string): void {
    for (const was of before) {
      const [one, other] = [entity(from, was.name), entity(to, was.name)];
      const now = after.find(({ name }) => name === was.name);
      if (one === undefined || other === undefined || now === undefined) continue;
      expect([where, was.name, now.object_id]).toEqual([where, was.name, was.object_id]);
      const stays = (names: readonly string[]) =>
        names.every((name) =>
          same(
            one.fields.find((f: Json) => f.name === name),
            other.fields.find((f: Json) => f.name === name),
          ),
        );
      const declared = (list: 'indexes' | 'checks') =>
        (one[list] as Json[]).filter(
          (object) => object.name && other[list].some((o: Json) => same(o, object)) && stays(mentioned(one, object)),
        );
      for (const list of ['indexes', 'checks'] as const)
        for (const { name } of declared(list)) {
          const id = (all: Json) => all[list].find((object: Json) => object.name === name)?.object_id;
          expect([where, was.name, name, id(now)]).toEqual([where, was.name, name, id(was)]);
        }
      for (const field of one.fields as Json[]) {
        if (field.type !== 'entity_link' || !stays([field.name]) || entity(to, field.references.entity) === undefined)
          continue;
        const key = (all: Json) =>
          all.foreign_keys.find(({ columns }: Json) => columns.includes(field.name))?.object_id;
        if (key(was) !== undefined) expect([where, field.name, key(now)]).toEqual([where, field.name, key(was)]);
      }
    }
  }
  const mentioned = ({ fields }: Json, object: Json): string[] =>
    (fields as Json[]).map(({ name }) => name as string).filter((name) => JSON.stringify(object).includes(name));

  it(`${PAIRS} pairs, A → B → A`, async () => {
    let applied = 0;
    for (let i = 0; i < PAIRS; i++) {
      const where = `pair ${i}, MANIFEST_SEED=${SEED + i} MANIFEST_PAIRS=1`;
      const dice = chance(SEED + i);
      const appId = `r${i}`;
      const first = manifestOf(dice, appId);
      const second = manifestOf(dice, appId, first);
      expect([await reaches(first, where), where]).toEqual([true, where]);
      for (const { entityName, fields } of first.dataContract as Json[])
        for (let row = 0; row < 2; row++) {
          const made = await t.call('POST', `/api/v1/apps/${appId}/collections/${entityName}`, rowOf(fields, row), {
            token: a.token,
          });
          expect([where, made.status, [201, 400].includes(made.status)]).toEqual([where, made.status, true]);
        }
      const stored = new Map<string, Json[]>();
      for (const { entityName } of first.dataContract as Json[])
        stored.set(entityName, await rowsOf(appId, entityName));
      let before = await tables(appId);
      let from = first;
      for (const to of [second, first]) {
        if (!(await reaches(to, where))) break;
        applied++;
        const after = await tables(appId);
        untouched(from, to, before, after, where);
        for (const { entityName, fields } of to.dataContract as Json[]) {
          const kept = (fields as Json[]).filter(
            (field) =>
              same(
                field,
                entity(first, entityName)?.fields.find((one: Json) => one.name === field.name),
              ) &&
              same(
                field,
                entity(second, entityName)?.fields.find((one: Json) => one.name === field.name),
              ),
          );
          const shown = (row: Json) => [row.id, ...kept.map(({ name }) => row[name])];
          if (entity(first, entityName) === undefined || entity(second, entityName) === undefined) continue;
          expect([where, (await rowsOf(appId, entityName)).map(shown)]).toEqual([
            where,
            (stored.get(entityName) ?? []).map(shown),
          ]);
        }
        [before, from] = [after, to];
      }
      if (i % 10 === 9)
        for (let done = i - 9; done <= i; done++)
          await t.call('DELETE', `/api/v1/apps/r${done}`, undefined, { token: t.root });
    }
    console.info(`${PAIRS} pairs on ${kind}: ${applied} deploys applied, refused ${JSON.stringify([...refusals])}`);
    expect(applied).toBeGreaterThan(PAIRS);
  }, 3_600_000);
});

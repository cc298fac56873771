// The fast check of record bodies and the schema that makes the errors are one judge; what both accept is stored and comes back as it was.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StoredField as Field, FieldOf, StoredType as FieldType } from '../../contract/fields.ts';
import { Failure } from '../../contract/problems.ts';
import { defaultFlaw } from '../../server/collections/defaults.ts';
import { prepareBody } from '../../server/records/body.ts';
import type { CollectionDef } from '../../server/schema/collection-def.ts';
import { fieldColumn } from '../../server/schema/columns.ts';
import { valueSchema } from '../../server/schema/value-schema.ts';
import { storableText } from '../../server/schema/values.ts';
import { available, type Json, startApp, type TestApp } from '../helpers/app.ts';
import { PAYLOADS, UNSAYABLE } from './payloads.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20260102);
const NAME = 'f';
const base = { name: NAME, required: false, unique: false };

/** Texts of every kind, also those that cannot be stored. */
const text = fc.oneof(
  fc.constantFrom(...PAYLOADS, ...UNSAYABLE),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', '\u0000', 'a', '😀', 'é'), maxLength: 6 }),
  fc.stringMatching(/^[a-c]{0,6}$/),
);
const digits = (n: number) => fc.integer({ min: 0, max: 10 ** n - 1 }).map((v) => String(v).padStart(n, '0'));
const day = fc
  .tuple(fc.oneof(digits(4), fc.constantFrom('0000', '0001', '9999', '2024', '1900', '2000')), digits(2), digits(2))
  .map(([y, m, d]) => `${y}-${Number(m) > 12 ? '02' : m}-${Number(d) > 31 ? '29' : d}`);
const clock = fc
  .tuple(digits(2), digits(2), fc.constantFrom('', ':00', ':59', ':60', ':59.9999999', ':59,5', ':59.1234567891'))
  .map(([h, m, s]) => `${Number(h) > 24 ? '23' : h}:${Number(m) > 60 ? '59' : m}${s}`);
const zone = fc.constantFrom('', 'Z', 'z', '+00:00', '-14:59', '+14:59', '+1459', '+15:00', '+02', ' Z', '-00:00');
const instant = fc.tuple(day, fc.constantFrom('T', 't', ' ', ''), clock, zone).map((parts) => parts.join(''));
const email = fc.oneof(
  fc.emailAddress(),
  fc.tuple(text, text).map(([a, b]) => `${a}@${b}`),
  fc
    .tuple(fc.stringMatching(/^[a-z.+ü-]{0,70}$/), fc.stringMatching(/^[a-zß0-9.-]{0,70}$/))
    .map(([a, b]) => `${a}@${b}.co`),
);
const url = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc
    .tuple(fc.constantFrom('http://', 'HTTPS://', 'http:/', 'ftp://', 'http:\\\\', 'https://u:p@'), text)
    .map((p) => p.join('')),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(
    0,
    -0,
    1,
    1e308,
    5e-324,
    2 ** 53,
    2 ** 53 - 1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ),
);
const uuid = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.uuid().map((id) => id.replaceAll('-', '')),
  fc.uuid().map((id) => `{${id}}`),
);
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(text, fc.oneof(number, text), { maxKeys: 3 }),
  fc.array(fc.oneof(number, text), { maxLength: 4 }),
);
const anything = fc.oneof(
  text,
  number,
  instant,
  day,
  email,
  url,
  uuid,
  json,
  fc.boolean(),
  fc.constantFrom([], {}, [[]], [null], { length: 1 }),
);

/** Values near the type, so that many are right and many are almost right. */
const NEAR: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  text,
  number,
  boolean: fc.boolean(),
  datetime: instant,
  date: day,
  email,
  url,
  uuid,
  json,
  enum: text,
  reference: uuid,
  'text[]': fc.array(text, { maxLength: 4 }),
  'number[]': fc.array(number, { maxLength: 4 }),
};
const value = (type: FieldType) =>
  fc
    .oneof({ weight: 4, arbitrary: NEAR[type] }, { weight: 1, arbitrary: anything })
    .filter((v) => v !== null && v !== undefined);

const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const length = optional(fc.integer({ min: 0, max: 8 }));
const pattern = optional(
  fc.constantFrom(
    '[a-c]*',
    'a|b',
    '.+',
    '\\p{L}+',
    '',
    '^a',
    'b$',
    '[^\\n]*',
    '(?:a)(b)?',
    '\\u{1F600}',
    '😀+',
    '(?i:a)'.replace('?i', '?'),
  ),
);
const bounds = { min_length: length, max_length: optional(fc.integer({ min: 1, max: 8 })), pattern };
/** No definition holds an enum value that cannot be stored. */
const storable = text.filter(storableText);
const some = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 4 });
const finite = number.filter(Number.isFinite);
const options: { readonly [T in FieldType]: Record<string, fc.Arbitrary<unknown>> } = {
  text: { ...bounds, enum: optional(some(storable)) },
  number: {
    min: optional(finite),
    max: optional(finite),
    integer: optional(fc.boolean()),
    enum: optional(some(finite)),
  },
  boolean: {},
  datetime: {},
  date: {},
  email: {
    min_length: optional(fc.integer({ min: 0, max: 12 })),
    max_length: optional(fc.integer({ min: 20, max: 80 })),
  },
  url: { min_length: optional(fc.integer({ min: 0, max: 20 })), pattern: optional(fc.constantFrom('https?:.*', '.*')) },
  uuid: {},
  json: {},
  enum: { enum: some(storable) },
  reference: { collection: fc.constant('x'), on_delete: fc.constant('restrict') },
  'text[]': { enum: optional(some(storable)) },
  'number[]': { enum: optional(some(finite)) },
};
const types = Object.keys(options) as FieldType[];
const fieldOf = <T extends FieldType>(type: T): fc.Arbitrary<FieldOf<T>> =>
  fc.record(options[type]).map((more) => {
    const set = Object.fromEntries(Object.entries(more).filter(([, v]) => v !== undefined));
    return { ...base, type, ...set } as unknown as FieldOf<T>;
  });

/** A field and a value that is near it: often one of its own list. */
const pair = (type: FieldType): fc.Arbitrary<[Field, unknown]> =>
  fieldOf(type).chain((field) => {
    const list = 'enum' in field && field.enum !== undefined ? (field.enum as unknown[]) : undefined;
    const listed = list === undefined ? value(type) : fc.constantFrom(...list);
    const own = type.endsWith('[]') ? fc.array(listed, { maxLength: 3 }) : listed;
    return fc.tuple(fc.constant(field as Field), list === undefined ? value(type) : fc.oneof(value(type), own));
  });

/** As much of a collection as the check of a body reads. */
function definition(defined: readonly Field[]): CollectionDef {
  const columns = defined.map(fieldColumn);
  return {
    fields: columns,
    computed: [],
    byName: new Map(columns.map((c) => [c.name, c])),
  } as unknown as CollectionDef;
}

function accepts(field: Field, sent: unknown): boolean {
  try {
    prepareBody(definition([field]), { [NAME]: sent }, 'create', { fields: null, unmasked: true });
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.code).toBe('INVALID_RESOURCE_DATA');
    for (const entry of error.entries) expect(entry.field.split('.')[0]).toBe(NAME);
    expect(error.entries.length).toBeGreaterThan(0);
    return false;
  }
}

describe('validation', () => {
  it('min_length counts an emoji as one character, as max_length does', () => {
    const field = { ...base, type: 'text', min_length: 2, max_length: 2 } as Field;
    expect(accepts(field, '😀😀')).toBe(true);
    expect(accepts(field, '😀')).toBe(false);
  });

  it.each(types)('%s: fast check, schema and defaults agree on every value and option', (type) => {
    let [yes, no] = [0, 0];
    fc.assert(
      fc.property(pair(type), ([field, sent]) => {
        const right = valueSchema(field).safeParse(sent).success;
        expect(accepts(field, sent)).toBe(right);
        expect(defaultFlaw({ ...field, default: sent } as Field) === null).toBe(right);
        if (right) yes += 1;
        else no += 1;
      }),
      { seed: SEED, numRuns: 1500 },
    );
    // A generator that never makes a good value, or never a bad one, would prove nothing.
    expect(yes, 'accepted').toBeGreaterThan(50);
    expect(no, 'refused').toBeGreaterThan(50);
  });

  it('required, null and left out do not depend on the type', () => {
    for (const type of types) {
      fc.assert(
        fc.property(
          fieldOf(type),
          fc.constantFrom('create', 'replace', 'patch'),
          fc.boolean(),
          (field, mode, required) => {
            const def = definition([
              { ...field, required },
              { ...base, name: 'other', type: 'text' },
            ]);
            const attempt = (body: Json) => {
              try {
                return prepareBody(def, body, mode, { fields: null, unmasked: true }).columns.map((c) => c.name);
              } catch (error) {
                return (error as Failure).entries.map((e) => [e.field, e.code]);
              }
            };
            const [nulled, left] = [attempt({ [NAME]: null }), attempt({ other: 'x' })];
            const [both, own] = [[NAME, 'other'], mode === 'patch' ? ['other'] : [NAME, 'other']];
            expect(nulled).toEqual(required ? [[NAME, 'required_null']] : mode === 'patch' ? [NAME] : both);
            expect(left).toEqual(required && mode !== 'patch' ? [[NAME, 'required_missing']] : own);
          },
        ),
        { seed: SEED, numRuns: 30 },
      );
    }
  });
});

describe.runIf(available)('what is accepted', () => {
  let t: TestApp;
  let token: string;
  let path: string;
  const stored = types.filter((type) => type !== 'reference' && type !== 'enum');
  const fields = stored.map((type) => ({ ...base, name: type.replace('[]', 's'), type }) as Field);
  const json64 = (v: unknown): unknown => JSON.parse(JSON.stringify(v, (_, x) => (x === 0 ? 0 : x)));

  beforeAll(async () => {
    t = await startApp();
    token = (await t.tenant()).token;
    path = `/api/v1/records/${(await t.collection({ schema: fields.map(({ name, type }) => ({ name, type })) })).name}`;
  });

  /** The same value in the spelling of replies. */
  function canonical(field: Field, sent: unknown): unknown {
    if (field.type === 'uuid') return String(sent).toLowerCase();
    if (field.type === 'datetime') {
      const [, date, time, zoned] = /^(.{10}).(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)(.*)$/.exec(
        String(sent),
      ) as unknown as string[];
      const offset = zoned === '' || zoned === 'z' ? 'Z' : (zoned as string).replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
      return Date.parse(`${date}T${time?.replace(',', '.')}${offset}`);
    }
    return json64(sent);
  }
  const answered = (field: Field, got: unknown) => (field.type === 'datetime' ? Date.parse(got as string) : got);

  it('is stored, read back equal and found by its own value', async () => {
    const right = (field: Field) =>
      value(field.type).filter(
        (v) => valueSchema(field).safeParse(v).success && !JSON.stringify(v).includes('"__proto__":'),
      );
    const rows = fc.record(Object.fromEntries(fields.map((field) => [field.name, right(field)])));
    await fc.assert(
      fc.asyncProperty(rows, async (row) => {
        const made = await t.call('POST', path, row, { token });
        expect(made.status, `${JSON.stringify(row)} ${made.text}`).toBe(201);
        const read = await t.call('GET', `${path}/${made.body.id}`, undefined, { token });
        expect(read.body).toEqual(made.body);
        for (const field of fields) {
          const got = answered(field, made.body[field.name]);
          const wanted = canonical(field, row[field.name]);
          // PostgreSQL rounds to the microsecond, JavaScript cuts to the millisecond.
          if (field.type === 'datetime')
            expect(
              Math.abs(Number(got) - Number(wanted)),
              `${row[field.name]} ${made.body[field.name]}`,
            ).toBeLessThanOrEqual(1);
          else expect(got, field.name).toEqual(wanted);
          if (field.type === 'json') continue;
          const answer = made.body[field.name];
          const asText = typeof answer === 'object' ? JSON.stringify(answer) : String(answer);
          const found = await t.call(
            'GET',
            `${path}?id=${made.body.id}&${field.name}=${encodeURIComponent(asText)}`,
            undefined,
            { token },
          );
          expect(found.body.total, `${field.name}=${asText}`).toBe(1);
        }
      }),
      { seed: SEED, numRuns: 120, endOnFailure: true },
    );
  });
});

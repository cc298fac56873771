// What judging by a JSON Schema may cost: dear values are refused before they are judged, usual ones are not.
import { describe, expect, it } from 'vitest';
import type { ProblemEntry } from '../../contract/problems.ts';
import { compileSchema } from '../../server/automation/endpoints/input-schema.ts';

const many = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));

function judged(schema: Record<string, unknown>, value: unknown) {
  const problems: ProblemEntry[] = [];
  const made = compileSchema(schema, 'input_schema', problems, 'body');
  expect(problems).toEqual([]);
  const began = performance.now();
  const found = made?.judge(value).problems ?? [];
  return { ms: performance.now() - began, codes: [...new Set(found.map(({ code }) => code))], found };
}

const deep = (levels: number, item: object): object =>
  levels === 0 ? item : { allOf: [deep(levels - 1, item), deep(levels - 1, item)] };
const name = { type: 'string', minLength: 1, maxLength: 100 };
const dear: [string, Record<string, unknown>, unknown][] = [
  [
    'branches times items',
    { items: { anyOf: [...many(600, (i) => ({ const: `k${i}` })), { type: 'integer' }] } },
    many(40_000, () => 1),
  ],
  ['a pattern that is long times a long text', { pattern: '(.*){1,900}$' }, `${'x'.repeat(100_000)}`],
  ['values of an enum times items', { items: { enum: many(5000, (i) => `k${i}`) } }, many(40_000, () => 'x')],
  ['required names times objects', { items: { required: many(5000, (i) => `k${i}`) } }, many(40_000, () => ({}))],
  ['the same long text again and again', { allOf: many(500, () => ({ maxLength: 2e6 })) }, 'x'.repeat(900_000)],
  [
    'lists without doubles, one within the other',
    { allOf: many(400, () => ({ uniqueItems: true })) },
    many(100_000, (i) => i),
  ],
  [
    'patterns of names times names',
    { patternProperties: Object.fromEntries(many(200, (i) => [`^(a|b)*${i}$`, true])) },
    Object.fromEntries(many(20_000, (i) => [`name${i}`, 1])),
  ],
  ['references that are opened', { items: deep(7, { type: 'integer' }) }, many(40_000, () => 1)],
  [
    'names of properties',
    { propertyNames: { anyOf: many(600, (i) => ({ const: `k${i}` })) } },
    {
      ...Object.fromEntries(many(20_000, (i) => [`n${i}`, 1])),
    },
  ],
];

describe('what judging may cost', () => {
  it.each(dear)('%s', (_, schema, value) => {
    const { ms, codes } = judged(schema, value);
    expect(codes).toEqual(['too_complex']);
    expect(ms).toBeLessThan(1000);
  });

  it('usual values are judged, however many', () => {
    const properties = Object.fromEntries(
      many(20, (i) => [`field_${i}`, i % 2 ? { type: 'integer', minimum: 0, maximum: 1e6 } : name]),
    );
    const schema = {
      type: 'object',
      required: ['rows'],
      properties: { rows: { type: 'array', items: { $ref: '#/$defs/row' } }, mail: { pattern: '^[^@]+@[^@]+$' } },
      $defs: { row: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false } },
    };
    const row = Object.fromEntries(many(20, (i) => [`field_${i}`, i % 2 ? i : 'text']));
    expect(judged(schema, { rows: many(5000, () => row), mail: 'a@b' }).found).toEqual([]);
    const wrong = judged(schema, { rows: many(50, () => ({ ...row, field_1: -1, field_2: '' })) });
    expect(wrong.found).toHaveLength(100);
    // Only the first of what is large.
    expect(judged(schema, { rows: many(5000, () => ({ ...row, field_1: -1 })) }).found).toHaveLength(1);
  });
});

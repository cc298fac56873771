// What a JSON Schema may cost before it judges anything: patterns and parts are counted when it is stored, and what is taken can judge whatever comes.
import { describe, expect, it } from 'vitest';
import type { ProblemEntry } from '../../contract/problems.ts';
import { compileSchema } from '../../server/automation/endpoints/input-schema.ts';
import { createPatterns, MOST_INSTRUCTIONS, PatternsTooLarge } from '../../server/automation/endpoints/patterns.ts';

const many = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));
const named = (length: number, of: (i: number) => unknown) => Object.fromEntries(many(length, (i) => [`p${i}`, of(i)]));
const object = (properties: object) => ({ type: 'object', properties });

function compiled(schema: Record<string, unknown>, kind: 'body' | 'query' = 'body') {
  const problems: ProblemEntry[] = [];
  return { made: compileSchema(schema, 'input_schema', problems, kind), problems };
}

const text = { type: 'string' };
const refused: [string, Record<string, unknown>, string][] = [
  ['counts in many patterns', object(named(900, (i) => ({ ...text, pattern: `^\\p{L}{1,900}${i}$` }))), 'instructions'],
  [
    'counts in names',
    { patternProperties: { '\\p{L}{1000}': true, '.{1000}.{1000}.{1000}.{1000}': true } },
    'instructions',
  ],
  ['counts within one pattern', { pattern: '\\p{L}{1000}'.repeat(80) }, 'instructions'],
  ['a long pattern', { pattern: '\\p{L}{1000}'.repeat(4000) }, '1000 characters'],
  ['much text of patterns', { allOf: many(100, (i) => ({ pattern: `[${'é'.repeat(500)}]${i}` })) }, '16384 together'],
  ['properties', object(named(1900, () => text)), '1000 parts'],
  ['properties of objects within objects', object(named(30, () => object(named(60, () => text)))), '1000 parts'],
  ['a list of schemas', { allOf: many(1900, (i) => ({ minLength: i })) }, '1000 parts'],
  ['alternatives that exclude each other', { oneOf: many(900, (i) => ({ const: i })) }, 'oneOf has at most 200'],
  ['patterns of names', { patternProperties: named(900, () => text) }, 'patternProperties has at most 200'],
];

describe('schemas that cost too much', () => {
  it.each(refused)('%s are refused when they are stored', (_, schema, said) => {
    const { made, problems } = compiled(schema);
    expect([made, problems.map(({ field, code }) => [field.split('.')[0], code])]).toEqual([
      null,
      [['input_schema', 'too_large']],
    ]);
    expect(problems[0]?.message).toContain(said);
  });

  it('no more is compiled once patterns are too many', () => {
    const patterns = createPatterns();
    let taken = 0;
    const all = () => {
      for (let i = 0; i < 900; i++, taken++) patterns(`^a{1,900}${i}$`);
    };
    expect(all).toThrow(PatternsTooLarge);
    expect(taken).toBeLessThanOrEqual(MOST_INSTRUCTIONS / 900);
  });

  it('a pattern counts once, however often it is used, and large but usual schemas are taken', () => {
    const slug = { ...text, pattern: '^[a-z0-9]{1,255}(-[a-z0-9]{1,255})*$' };
    const { made, problems } = compiled(object(named(400, () => slug)));
    expect(problems).toEqual([]);
    expect(made?.judge({ p0: 'fine', p1: 'Not fine', p399: '' }).problems.map(({ field }) => field)).toEqual([
      'p1',
      'p399',
    ]);
  });
});

describe('what judges', () => {
  const wide = object(named(990, () => text));
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  const within = (frames: number, work: () => unknown): unknown =>
    frames === 0 ? work() : [within(frames - 1, work)][0];

  it('runs with as many parts as there may be, deep in a call too', () => {
    const { made, problems } = compiled(wide);
    expect(problems).toEqual([]);
    expect(within(500, () => made?.judge({ p0: 1, p989: 1 }).problems.map(({ field }) => field))).toEqual([
      'p0',
      'p989',
    ]);
    // So large that one problem is told: by code of another form.
    const rows = { type: 'array', items: object(named(980, () => text)) };
    const large = many(300, () => named(980, () => 'x'));
    expect(compiled(rows).made?.judge(large).problems).toEqual([]);
    expect(compiled(rows).made?.judge([...large, { p0: 1 }]).problems).toHaveLength(1);
  });

  it('never throws: values too deep to walk through are too complex', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(compiled({ enum: [1, nested(3)] }).made?.judge(deep).problems).toMatchObject([{ code: 'too_complex' }]);
    expect(compiled({ uniqueItems: true }).made?.judge(deep).problems).toMatchObject([{ code: 'too_complex' }]);
  });

  it('is made once for a schema, when it is stored and when it is called', () => {
    const schema = object({ title: { ...text, maxLength: 77 } });
    const { made } = compiled(schema);
    expect(compiled(structuredClone(schema)).made).toBe(made);
    expect(compiled(schema, 'query').made).not.toBe(made);
  });
});

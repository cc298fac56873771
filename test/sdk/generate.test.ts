// Generation: the checked-in files are what the contract says, and the printer says it in flat TypeScript.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { contract } from '../../contract/index.ts';
import { type Contract, z } from '../../contract/kit.ts';
import { renderSdk } from '../../sdk/generate.ts';
import { type Direction, Printer } from '../../sdk/print-type.ts';
import { rooms } from '../../sdk/src/routes.gen.ts';

const root = resolve(import.meta.dirname, '../..');
const routes = Object.entries<Contract[string]>(contract).flatMap(([room, verbs]) =>
  Object.entries(verbs).map(([verb, route]) => ({ room, verb, route })),
);

test.each(Object.entries(renderSdk()))('%s is fresh (else: npm run gen)', (path, text) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text);
});

test('the same contract gives the same text', () => {
  expect(renderSdk()).toEqual(renderSdk());
});

test.each(routes)('$room.$verb is in the table and in the types', ({ room, verb, route }) => {
  const line = (rooms as Record<string, Record<string, string>>)[room]?.[verb];
  expect(line?.split(' ').slice(0, 2)).toEqual([route.method, route.path]);
  expect(renderSdk()['sdk/src/types.gen.ts']).toContain(`'${room}.${verb}': {`);
});

const printed = (schema: z.ZodType, io: Direction = 'output', name?: string) => {
  const printer = new Printer();
  const type = printer.type(schema, io, name);
  return [type, ...printer.declarations.values()].join('\n');
};

test.each<[string, z.ZodType, string]>([
  ['text formats', z.email().max(3), 'string'],
  ['whole numbers', z.int().min(1), 'number'],
  ['literals', z.literal('a'), '"a"'],
  ['choices', z.enum(['a', 'b']), '"a" | "b"'],
  ['nullable', z.string().nullable(), 'string | null'],
  ['arrays', z.array(z.string()), 'string[]'],
  ['arrays of choices', z.array(z.union([z.string(), z.int()])), 'Array<string | number>'],
  ['tuples', z.tuple([z.string(), z.int()]), '[string, number]'],
  ['anything', z.unknown(), 'unknown'],
  ['no keys', z.object({}), 'Record<string, never>'],
  ['any keys', z.record(z.string(), z.int()), '{\n  [key: string]: number;\n}'],
  ['loose', z.looseObject({ a: z.int() }), '{\n  a: number;\n  [key: string]: unknown;\n}'],
  [
    'catchall',
    z.object({ n: z.int().optional() }).catchall(z.string()),
    '{\n  n?: number | undefined;\n  [key: string]: string | number | undefined;\n}',
  ],
  ['odd keys', z.object({ 'a-b': z.boolean() }), '{\n  "a-b": boolean;\n}'],
  [
    'both',
    z.intersection(z.object({ a: z.int() }), z.union([z.string(), z.int()])),
    '({\n  a: number;\n}) & (string | number)',
  ],
])('%s', (_, schema, text) => {
  expect(printed(schema)).toBe(text);
});

test('descriptions become docstrings and cannot end them', () => {
  expect(printed(z.object({ a: z.int().meta({ description: 'One */ two\n  three' }) }))).toBe(
    '{\n  /** One * / two three */\n  a: number;\n}',
  );
});

test('input is what may be sent: coerced, preprocessed, transformed, with defaults', () => {
  const schema = z.object({
    id: z.union([z.int(), z.string().transform(Number)]),
    page: z.preprocess(Number, z.int()).optional(),
    on: z.boolean().default(false),
  });
  expect(printed(schema, 'input')).toBe(
    '{\n  id: number | string;\n  page?: number | undefined;\n  on?: boolean | undefined;\n}',
  );
});

test('a named schema that reads differently on the way in has two names, and so has what mentions it', () => {
  const leaf = z.object({ on: z.boolean().default(false) }).meta({ id: 'GenLeaf' });
  const tree = z.object({ leaf }).meta({ id: 'GenTree' });
  expect(printed(tree, 'input')).toBe(
    'GenTreeInput\nexport interface GenTreeInput {\n  leaf: GenLeafInput;\n}\n\nexport interface GenLeafInput {\n  on?: boolean | undefined;\n}\n',
  );
  expect(printed(tree)).toContain('export interface GenLeaf {\n  on: boolean;\n}');
});

test('a recursive schema refers to itself', () => {
  const node = z
    .object({
      get next() {
        return z.optional(node);
      },
    })
    .meta({ id: 'GenNode' });
  expect(printed(node)).toBe('GenNode\nexport interface GenNode {\n  next?: GenNode | undefined;\n}\n');
});

test('one name for two types, or a name of the platform, stops the generation', () => {
  const printer = new Printer();
  printer.type(z.object({ a: z.int() }), 'output', 'GenTwice');
  expect(() => printer.type(z.object({ b: z.int() }), 'output', 'GenTwice')).toThrow(
    /Two types want the name GenTwice/,
  );
  expect(() => printer.type(z.object({ a: z.int() }), 'output', 'Response')).toThrow(/taken by the platform/);
});

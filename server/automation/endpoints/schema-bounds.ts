// What a JSON Schema may cost: its size with every reference opened, no reference out of it or into itself; and what it knows of a value.
import type { ProblemEntry } from '../../../contract/problems.ts';
import { cut } from '../../text.ts';
import type { Shape } from '../vocabulary.ts';

type Schema = Readonly<Record<string, unknown>>;

const MOST_TEXT = 65_536;
/** The code that judges is as deep as a schema has parts, and with twice as many the engine may refuse to run it. */
const MOST_PARTS = 1000;
/** Of keywords whose code grows with the square of what they hold. */
const MOST_IN: Readonly<Record<string, number>> = { oneOf: 200, patternProperties: 200 };
const DEEPEST = 40;

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a reference within the schema leads to. */
export function resolve(root: Schema, ref: string): unknown {
  let at: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decodePart(part);
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}

/** Every reason why a schema is not taken, before it is compiled. */
export function schemaProblems(schema: Schema, at: string, kind: 'body' | 'query'): ProblemEntry[] {
  const problems: ProblemEntry[] = [];
  const wrong = (field: string, code: string, message: string) => problems.push({ field, code, message });
  if (JSON.stringify(schema).length > MOST_TEXT) {
    wrong(at, 'too_large', `A schema has at most ${MOST_TEXT} characters.`);
    return problems;
  }
  let parts = 0;
  /** Parts are counted as often as references lead to them: that is how often they are judged. */
  const walk = (value: unknown, path: string, open: readonly string[], depth: number): void => {
    if (parts > MOST_PARTS || typeof value !== 'object' || value === null) return;
    if (++parts > MOST_PARTS || depth > DEEPEST) {
      parts = MOST_PARTS + 1;
      wrong(path, 'too_large', `A schema has at most ${MOST_PARTS} parts, references opened, and ${DEEPEST} levels.`);
      return;
    }
    for (const [key, below] of Object.entries(value)) {
      const place = `${path}.${key}`;
      const most = MOST_IN[key];
      if (most !== undefined && typeof below === 'object' && Object.keys(below ?? {}).length > most)
        wrong(place, 'too_large', `${key} has at most ${most} schemas.`);
      if (['$dynamicRef', '$recursiveRef', '$id', '$anchor', '$dynamicAnchor'].includes(key))
        wrong(place, 'not_supported', `${key} is not supported: refer with $ref to #/$defs/….`);
      else if (key === '$ref' && typeof below === 'string') {
        if (!/^#(\/|$)/.test(below)) wrong(place, 'remote_ref', 'A reference stays within the schema: #/$defs/….');
        else if (open.includes(below) || below === '#')
          wrong(place, 'recursive_ref', 'A schema cannot refer to itself.');
        else {
          const target = resolve(schema, below);
          if (target === undefined) wrong(place, 'unknown_ref', `${cut(below, 100)} leads nowhere.`);
          else walk(target, place, [...open, below], depth + 1);
        }
      } else if (key !== '$defs' && key !== 'enum' && key !== 'const') walk(below, place, open, depth + 1);
    }
  };
  walk(schema, at, [], 0);
  if (schema.$schema !== undefined && schema.$schema !== 'https://json-schema.org/draft/2020-12/schema')
    wrong(`${at}.$schema`, 'not_supported', 'Schemas are of JSON Schema 2020-12.');
  if (kind === 'query') problems.push(...queryProblems(schema, at));
  return problems;
}

const SCALARS = ['string', 'number', 'integer', 'boolean'];

/** A query is names and texts. */
function queryProblems(schema: Schema, at: string): ProblemEntry[] {
  const { type = 'object', properties } = schema;
  if (type !== 'object' || !isObject(properties))
    return [{ field: at, code: 'bad_schema', message: 'A query is an object: send type and properties.' }];
  return Object.entries(properties).flatMap(([name, one]) =>
    isObject(one) && SCALARS.includes(String(one.type))
      ? []
      : [
          {
            field: `${at}.properties.${name}`,
            code: 'bad_schema',
            message: `Say its type: ${SCALARS.join(', ')}.`,
          },
        ],
  );
}

const OPEN = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas', 'patternProperties'];

/** What templates know of a value: names of an object that may hold others by intent only are known alone. */
export function shapeOf(schema: unknown): Shape {
  if (!isObject(schema) || OPEN.some((key) => key in schema)) return 'any';
  const { type, properties, items, additionalProperties } = schema;
  if (type === 'string') return 'text';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'boolean') return 'boolean';
  if (type === 'array') return [shapeOf(items)];
  if (type !== 'object' || !isObject(properties)) return 'any';
  if (additionalProperties !== undefined && additionalProperties !== false) return 'any';
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, shapeOf(one)]));
}

// The document's schemas mean what zod's own JSON Schema means: two converters, one contract.
import { describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import { hasBody, isUpload, z } from '../../contract/kit.ts';
import type { Operation, Parameter, PathItems, Schema, Schemas } from '../../openapi/document.ts';
import { entriesOf, openApiDocument } from '../../openapi/generate.ts';
import { FREE_FILTERS } from '../../openapi/parameters.ts';

const document = openApiDocument(contract, { version: '0.1.0' });
const components = document.components?.schemas as unknown as Schemas;
const operations = Object.values(document.paths as unknown as PathItems).flatMap((item) => Object.values(item));

describe.each(entriesOf(contract))('$operationId', ({ operationId, route }) => {
  const operation = operations.find((o) => o.operationId === operationId) as Operation;

  it('body', () => {
    const shown = operation.requestBody?.content?.['application/json']?.schema;
    if (isUpload(route.body))
      return expect(Object.keys(operation.requestBody?.content ?? {})).toEqual(route.body.uploads);
    if (!hasBody(route)) return expect(operation.requestBody).toBeUndefined();
    expect(meaning(shown, components)).toEqual(zods(route.body as z.ZodType, 'input'));
    expect(operation.requestBody?.required).toBe(!(route.body as z.ZodType).safeParse(undefined).success);
  });

  it.each(Object.entries(route.responses).filter(([s, schema]) => Number(s) < 400 && schema instanceof z.ZodType))(
    'reply %s',
    (status, schema) => {
      const shown = operation.responses[status]?.content?.['application/json']?.schema;
      expect(open(meaning(shown, components))).toEqual(open(zods(schema as z.ZodType, 'output')));
    },
  );

  it.each(['path', 'query'] as const)('%s parameters', (place) => {
    const schema = place === 'path' ? route.pathParams : route.query;
    const shown = (operation.parameters ?? []).filter(
      (p): p is Parameter => 'in' in p && p.in === place && p.name !== FREE_FILTERS,
    );
    if (schema === undefined) return expect(shown).toEqual([]);
    const { additionalProperties, ...expected } = zods(schema, 'input') as Schema;
    const object = {
      type: 'object',
      properties: Object.fromEntries(shown.map((p) => [p.name, p.schema])),
      required: shown.filter((p) => p.required).map((p) => p.name),
    };
    expect(meaning(object, components)).toEqual(expected);
    if (place === 'path') return;
    const takesFilters = (operation.parameters ?? []).some((p) => 'in' in p && p.name === FREE_FILTERS);
    expect(takesFilters).toBe(additionalProperties !== undefined && additionalProperties !== false);
  });
});

function zods(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $defs = {}, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Schema;
  return meaning(root, $defs as Schemas);
}

/** In replies zod closes every object; the document leaves plain ones open, because clients must bear new fields. So neither side counts. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]) => (k === 'additionalProperties' && v === false ? [] : [[k, open(v)]])),
  );
}

const SAYINGS = new Set([
  'description',
  'example',
  'examples',
  'title',
  'id',
  '$schema',
  '$id',
  'propertyNames',
  'default',
]);

/** A schema with references inlined, in one spelling, without what changes no verdict. */
function meaning(input: unknown, definitions: Schemas): unknown {
  if (Array.isArray(input)) return input.map((item) => meaning(item, definitions));
  if (typeof input !== 'object' || input === null) return input;
  const { $ref, ...rest } = input as Schema;
  const whole = typeof $ref === 'string' ? { ...definitions[$ref.split('/').at(-1) as string], ...rest } : rest;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(whole)) {
    if (key === 'properties') {
      out[key] = Object.fromEntries(Object.entries(value as Schemas).map(([k, v]) => [k, meaning(v, definitions)]));
    } else if (key === 'const') out.enum = [value];
    else if (key === 'required') {
      if ((value as string[]).length > 0) out[key] = [...(value as string[])].sort();
    } else if (key === 'oneOf' || key === 'anyOf') Object.assign(out, union(meaning(value, definitions) as Schema[]));
    // zod spells out the pattern of a format.
    else if (key === 'pattern' && 'format' in whole) continue;
    else if ((key === 'maximum' || key === 'minimum') && Math.abs(value as number) === Number.MAX_SAFE_INTEGER)
      continue;
    else if (!SAYINGS.has(key)) out[key] = meaning(value, definitions);
  }
  return out;
}

/** `anyOf [X, null]` is X with the type null beside its own. */
function union(options: Schema[]): Schema {
  const [other, ...more] = options.filter((o) => o.type !== 'null');
  if (other === undefined || more.length > 0 || options.length === 1) return { anyOf: options };
  return { ...other, type: [other.type, 'null'] };
}

// How the generator treats what zod can say: preprocessed input, defaults, catchalls, bodies that may be missing, shared names.
import { describe, expect, it } from 'vitest';
import { reads, writes } from '../../contract/access.ts';
import { type Contract, noBody, noParams, type Route, room, text, z } from '../../contract/kit.ts';
import { boolParam, idParam, intParam } from '../../contract/shapes.ts';
import type { Operation, Parameter, PathItems, Schemas } from '../../openapi/document.ts';
import { openApiDocument } from '../../openapi/generate.ts';

const get = (more: Partial<Route>): Route => ({
  method: 'GET',
  path: '/things',
  summary: 'Things',
  pathParams: noParams,
  responses: { 200: z.object({}) },
  metadata: reads('user'),
  example: { reply: {} },
  ...more,
});
const post = (more: Partial<Route>): Route =>
  get({ method: 'POST', metadata: writes('user', 'thing.create'), example: { body: {}, reply: {} }, ...more });

/** The only operation of a contract with one route, and the components around it. */
function generate(route: Route): { operation: Operation; schemas: Schemas } {
  const document = openApiDocument({ things: room({ only: route }) } as Contract, { version: '1.0.0' });
  const [item] = Object.values(document.paths as unknown as PathItems);
  return {
    operation: Object.values(item ?? {})[0] as Operation,
    schemas: document.components?.schemas as unknown as Schemas,
  };
}
const own = ({ parameters = [] }: Operation) => parameters.filter((p): p is Parameter => 'in' in p);

describe('parameters', () => {
  it('shows the accepted value of a preprocessed parameter, with the default and without null', () => {
    const query = z.object({
      limit: intParam({ min: 1, max: 9 }).default(3).meta({ description: 'How many.' }),
      all: boolParam.optional(),
    });
    const { operation } = generate(get({ query, example: { query: { limit: '5', all: '1' }, reply: {} } }));
    expect(own(operation)).toEqual([
      {
        name: 'limit',
        in: 'query',
        required: false,
        description: 'How many.',
        schema: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
        example: 5,
      },
      { name: 'all', in: 'query', required: false, schema: { type: 'boolean' }, example: true },
    ]);
  });

  it('opens a catchall as one exploded object of filters', () => {
    const query = z.object({ sort: z.string().optional() }).catchall(z.string());
    const { operation } = generate(get({ query, example: { query: { sort: 'a', age: '3' }, reply: {} } }));
    expect(own(operation)[1]).toMatchObject({
      name: 'filter_fields',
      style: 'form',
      explode: true,
      schema: { type: 'object', additionalProperties: { type: 'string' } },
      example: { age: '3' },
    });
  });

  it('lets a room describe its only path parameter', () => {
    const pathParams = idParam.meta({ description: 'Name of the thing.' });
    const { operation } = generate(
      get({ path: '/things/:id', pathParams, example: { params: { id: 'x' }, reply: {} } }),
    );
    expect(own(operation)).toMatchObject([{ name: 'id', in: 'path', description: 'Name of the thing.', example: 'x' }]);
  });

  it('documents the account header where the account can be chosen', () => {
    const headers = (who: 'user' | 'rules' | 'superadmin') =>
      generate(get({ metadata: reads(who) })).operation.parameters?.map((p) => p.$ref);
    const correlation = '#/components/parameters/CorrelationHeader';
    expect(headers('user')).toEqual([correlation]);
    expect(headers('rules')).toEqual(['#/components/parameters/AccountHeader', correlation]);
    expect(headers('superadmin')).toEqual(headers('rules'));
  });
});

describe('bodies', () => {
  it('asks for a body only where it is required', () => {
    const body = z.object({ a: z.string() });
    expect(generate(post({ body })).operation.requestBody?.required).toBe(true);
    expect(generate(post({ body: body.optional() })).operation.requestBody?.required).toBe(false);
    expect(generate(post({})).operation).not.toHaveProperty('requestBody');
  });

  it('splits a component that both directions use and a default tells apart', () => {
    const Thing = z.object({ a: z.string(), b: z.int().default(2) }).meta({ id: 'SplitThing' });
    const Plain = z.object({ c: z.string() }).meta({ id: 'PlainThing' });
    const both = z.object({ thing: z.preprocess((v) => v, Thing), plain: Plain });
    const { operation, schemas } = generate(post({ body: both, responses: { 201: both } }));
    expect(schemas.SplitThing).toMatchObject({ required: ['a', 'b'], properties: { b: { type: 'integer' } } });
    expect(schemas.SplitThing).not.toHaveProperty('properties.b.default');
    expect(schemas.SplitThingInput).toMatchObject({
      required: ['a'],
      properties: { b: { description: 'Default: `2`.' } },
    });
    expect(operation.requestBody?.content?.['application/json']?.schema).toMatchObject({
      properties: {
        thing: { $ref: '#/components/schemas/SplitThingInput' },
        plain: { $ref: '#/components/schemas/PlainThing' },
      },
    });
    expect(operation.responses['201']?.content?.['application/json']?.schema).toMatchObject({
      properties: { thing: { $ref: '#/components/schemas/SplitThing' } },
    });
    expect(schemas).not.toHaveProperty('PlainThingInput');
  });

  it('refuses two schemas for one component name', () => {
    const Twice = z.object({ b: z.int().default(2) }).meta({ id: 'Twice' });
    const Taken = z.object({ x: z.string() }).meta({ id: 'TwiceInput' });
    const body = z.object({ twice: Twice, taken: Taken });
    expect(() => generate(post({ body, responses: { 201: Twice } }))).toThrow(/TwiceInput is used twice/);
  });

  it('answers text with its own type and nothing without a body', () => {
    const html = generate(get({ responses: { 200: text('text/html; charset=utf-8') }, example: { reply: '<p>' } }));
    expect(html.operation.responses['200']?.content).toEqual({
      'text/html': { schema: { type: 'string' }, example: '<p>' },
    });
    const none = generate(get({ responses: { 204: noBody }, example: {} }));
    expect(none.operation.responses['204']).not.toHaveProperty('content');
  });
});

it('leaves zod as it was: no method is added to its schemas', () => {
  generate(get({}));
  expect(z.string()).not.toHaveProperty('openapi');
});

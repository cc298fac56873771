// What an OpenAPI 3.1 document is here: its types, and the one walk over the schemas inside it.
import type { OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/** A schema or a part of one, as plain JSON. */
export interface Schema {
  readonly [keyword: string]: unknown;
}
export interface Media {
  readonly schema?: Schema;
  readonly [key: string]: unknown;
}
export interface Body {
  readonly content?: Readonly<Record<string, Media>>;
  readonly [key: string]: unknown;
}
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly description?: string;
  readonly schema: Schema;
  readonly [key: string]: unknown;
}
export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
  readonly [key: string]: unknown;
}
export type PathItems = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
export type Schemas = Readonly<Record<string, Schema>>;

const ONE = ['items', 'additionalProperties', 'propertyNames', 'not'];
const MANY = ['oneOf', 'anyOf', 'allOf', 'prefixItems'];

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Rebuilds a schema from the leaves up; `change` sees every sub-schema once, its own parts already changed. */
export function mapSchema(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') out[key] = mapValues(value as Schemas, (s) => mapSchema(s, change));
    else if (MANY.includes(key)) out[key] = (value as Schema[]).map((s) => mapSchema(s, change));
    else if (ONE.includes(key) && isSchema(value)) out[key] = mapSchema(value, change);
    else out[key] = value;
  }
  return change(out);
}

/** Changes the schemas of a request or response body. */
export const mapBody = (body: Body, change: (schema: Schema) => Schema): Body =>
  body.content === undefined
    ? body
    : {
        ...body,
        content: mapValues(body.content, ({ schema, ...m }) => ({
          ...(schema !== undefined && { schema: mapSchema(schema, change) }),
          ...m,
        })),
      };

/** Changes every operation of every path. */
export const mapOperations = (paths: PathItems, change: (operation: Operation) => Operation): PathItems =>
  mapValues(paths, (item) => mapValues(item, change));

/** The object with each value replaced. */
export const mapValues = <A, B>(
  object: Readonly<Record<string, A>>,
  change: (value: A, key: string) => B,
): Record<string, B> => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));

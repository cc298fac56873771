// Requests and replies differ where a field has a default: one may leave it out, the other always has it. Shared components split there.
import {
  type Body,
  mapBody,
  mapOperations,
  mapSchema,
  mapValues,
  type PathItems,
  type Schema,
  type Schemas,
} from './document.ts';

interface Parts {
  readonly paths: PathItems;
  readonly schemas: Schemas;
}

/**
 * Makes defaulted fields required in replies, and tells defaults in words in requests. A component that both directions use and that comes out differently
 * keeps its name for replies; requests get `{name}Input`. Throws where that name is taken.
 */
export function splitDirections({ paths, schemas }: Parts): Parts {
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const asked = reach(
    operations.flatMap((o) => (o.requestBody === undefined ? [] : refsOf(o.requestBody))),
    schemas,
  );
  const answered = reach(
    operations.flatMap((o) => Object.values(o.responses).flatMap(refsOf)),
    schemas,
  );
  const differs = (name: string) => [...reach([name], schemas)].some((n) => defaults(schemas[n] as Schema));
  const both = new Set([...asked].filter((name) => answered.has(name) && differs(name)));

  const toInput = (schema: Schema): Schema => {
    const name = refName(schema);
    return name !== undefined && both.has(name) ? { ...schema, $ref: `${PREFIX}${name}Input` } : mayBeLeftOut(schema);
  };
  const out: Record<string, Schema> = {};
  const put = (name: string, schema: Schema) => {
    if (Object.hasOwn(out, name))
      throw new Error(`The component name ${name} is used twice: give one of the schemas another id.`);
    out[name] = schema;
  };
  for (const [name, schema] of Object.entries(schemas)) {
    put(name, answered.has(name) ? mapSchema(schema, alwaysThere) : mapSchema(schema, toInput));
    if (both.has(name)) put(`${name}Input`, mapSchema(schema, toInput));
  }
  return {
    schemas: out,
    paths: mapOperations(paths, (operation) => ({
      ...operation,
      ...(operation.requestBody !== undefined && { requestBody: mapBody(operation.requestBody, toInput) }),
      responses: Object.fromEntries(Object.entries(operation.responses).map(([s, r]) => [s, mapBody(r, alwaysThere)])),
    })),
  };
}

const PREFIX = '#/components/schemas/';
const refName = ({ $ref }: Schema) =>
  typeof $ref === 'string' && $ref.startsWith(PREFIX) ? $ref.slice(PREFIX.length) : undefined;

/** An object of a reply: its defaulted properties are always there, and a default says nothing to the reader. */
function alwaysThere(schema: Schema): Schema {
  if (schema.properties === undefined) return schema;
  const required = new Set(schema.required as string[] | undefined);
  const properties: Record<string, Schema> = {};
  for (const [name, property] of Object.entries(schema.properties as Schemas)) {
    const { default: fallback, ...rest } = property;
    if (fallback !== undefined) required.add(name);
    properties[name] = rest;
  }
  return {
    ...schema,
    properties,
    ...(required.size > 0 && { required: Object.keys(properties).filter((p) => required.has(p)) }),
  };
}

/**
 * An object of a request: a default is told in words, because openapi-typescript and others take the keyword
 * to mean that the property is always there, and would ask every caller for it.
 */
function mayBeLeftOut(schema: Schema): Schema {
  if (schema.properties === undefined) return schema;
  const say = ({ default: fallback, ...rest }: Schema): Schema =>
    fallback === undefined
      ? rest
      : {
          ...rest,
          description: [rest.description, `Default: \`${JSON.stringify(fallback)}\`.`].filter(Boolean).join(' '),
        };
  return { ...schema, properties: mapValues(schema.properties as Schemas, say) };
}

/** True where the schema itself, references apart, has a property with a default. */
function defaults(schema: Schema): boolean {
  let found = false;
  mapSchema(schema, (s) => {
    found ||= Object.values((s.properties ?? {}) as Schemas).some((p) => p.default !== undefined);
    return s;
  });
  return found;
}

function refsOf(body: Body): string[] {
  const names: string[] = [];
  mapBody(body, (s) => collect(s, names));
  return names;
}

function collect(schema: Schema, names: string[]): Schema {
  const name = refName(schema);
  if (name !== undefined) names.push(name);
  return schema;
}

/** The components that can be reached from these, themselves included. */
function reach(from: readonly string[], schemas: Schemas): Set<string> {
  const seen = new Set<string>();
  const open = [...from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    mapSchema(schemas[name] as Schema, (s) => collect(s, open));
  }
  return seen;
}

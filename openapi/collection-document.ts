// The record routes of the contract for real collections: the same operations, typed by what each collection holds.
import type { Field } from '../contract/fields.ts';
import { type DocumentedCollection, exampleBody } from './collection-components.ts';
import { Taken } from './collection-names.ts';
import {
  type Body,
  mapBody,
  mapValues,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  type PathItems,
  type Schema,
  type Schemas,
} from './document.ts';
import { RecordSchemas } from './record-schemas.ts';

export type { DocumentedCollection } from './collection-components.ts';

/** Where the contract shows records, by room. */
const ROUTES = { records: '/api/v1/records/{collection}', resources: '/v1/{resource}' } as const;
export type Face = keyof typeof ROUTES;

/** What a caller must be able to do for an operation of the records room to be shown; none: any of them. */
const NEEDS: Readonly<Record<string, keyof DocumentedCollection['open'] | null>> = {
  List: 'list',
  Query: 'list',
  Aggregate: 'list',
  Export: 'list',
  Stream: 'list',
  Get: 'view',
  History: 'view',
  Create: 'create',
  BatchCreate: 'create',
  BulkCreate: 'create',
  Import: 'create',
  Replace: 'update',
  Patch: 'update',
  BatchUpdate: 'update',
  Delete: 'delete',
  BatchDelete: 'delete',
  Restore: 'delete',
  Schema: null,
  Openapi: null,
  OpenapiYaml: null,
};

const VERBS = Object.keys(NEEDS);

interface Parts {
  readonly paths: PathItems;
  readonly schemas: Schemas;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
}

/** The parts that a collection adds to the system's document `base`. */
export function collectionParts(
  base: OpenApiDocument,
  collection: DocumentedCollection,
  taken: Taken,
  face: Face = 'records',
): Parts {
  const route = ROUTES[face];
  const source = base as unknown as { paths: PathItems; components: { schemas: Schemas } };
  const names = taken.namesFor(collection.name);
  const schemas = new RecordSchemas(source.components.schemas, collection, names.component);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [path, item] of Object.entries(source.paths)) {
    if (path !== route && !path.startsWith(`${route}/`)) continue;
    const own: Record<string, Operation> = {};
    for (const [method, operation] of Object.entries(item)) {
      const verb = operation.operationId.slice(face.length);
      const need = NEEDS[verb];
      if (need === undefined) throw new Error(`Say in NEEDS who is shown ${operation.operationId}.`);
      if (need !== null && collection.open[need] === undefined) continue;
      const named = { verb, operationId: `${names.operation}${verb}`, tag: names.tag, change: method === 'patch' };
      own[method] = typed(operation, named, collection, schemas);
    }
    if (Object.keys(own).length > 0)
      paths[path.replace(/\{(collection|resource)\}/, encodeURIComponent(collection.name))] = own;
  }
  const description = collection.description || `The records of ${collection.name}.`;
  return { paths, schemas: schemas.made(), tags: [{ name: names.tag, description }] };
}

function typed(
  operation: Operation,
  { verb, operationId, tag, change }: { verb: string; operationId: string; tag: string; change: boolean },
  collection: DocumentedCollection,
  schemas: RecordSchemas,
): Operation {
  const map = (schema: Schema): Schema => schemas.mapped(schema, change);
  const { requestBody, responses, parameters = [], ...rest } = operation;
  return {
    ...rest,
    operationId,
    tags: [tag],
    parameters: parametersOf(parameters, collection),
    ...(requestBody !== undefined && {
      requestBody: exampled(mapBody(requestBody, map), verb, collection, change),
    }),
    responses: mapValues(responses, (response, status) => {
      const mapped = mapBody(response, map);
      return status < '300' ? withoutExample(mapped) : mapped;
    }),
  };
}

/** Field types that a query parameter can be compared with. */
const COMPARABLE: readonly Field['type'][] = [
  'text',
  'email',
  'url',
  'enum',
  'number',
  'boolean',
  'datetime',
  'date',
  'uuid',
  'reference',
  'computed',
];

const PATH_NAMES = ['collection', 'resource'];

/** Without the name of the collection; a list takes each field as a parameter. */
function parametersOf(
  parameters: NonNullable<Operation['parameters']>,
  { open }: DocumentedCollection,
): NonNullable<Operation['parameters']> {
  const kept = parameters.filter((p) => !('name' in p) || p.in !== 'path' || !PATH_NAMES.includes(p.name));
  const at = kept.findIndex((p) => 'name' in p && p.name === 'filter_fields');
  if (at < 0 || open.list === undefined) return kept;
  const known = new Set(kept.flatMap((p) => ('name' in p ? [p.name] : [])));
  const filters = open.list
    .filter((field) => COMPARABLE.includes(field.type) && field.pii !== true && !known.has(field.name))
    .map(
      (field): Parameter => ({
        name: field.name,
        in: 'query',
        required: false,
        description: `Only records whose ${field.name} is this. \`${field.name}__gt\` and the other operators are filters too.`,
        schema: { type: 'string' },
      }),
    );
  // The worked example of the contract speaks of another collection.
  const bare = kept.map((p) => ('name' in p ? withoutValue(p) : p));
  return [...bare.slice(0, at), ...filters, ...bare.slice(at)];
}

function withoutValue({ example: _, ...parameter }: Parameter): Parameter {
  return parameter as Parameter;
}

/** The example of the contract with a body of this collection in the place of its own. */
function exampled(body: Body, verb: string, collection: DocumentedCollection, change: boolean): Body {
  const one = exampleBody(collection, change);
  const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';
  const examples: Readonly<Record<string, unknown>> = {
    Create: one,
    Replace: exampleBody(collection, false),
    Patch: one,
    BatchCreate: { records: [one] },
    BulkCreate: [one],
    BatchUpdate: { records: [{ id, data: one }] },
    BatchDelete: { ids: [id] },
    Query: { where: {}, limit: 10 },
  };
  const content = mapValues(body.content ?? {}, ({ example: _, ...media }) => ({
    ...media,
    ...(examples[verb] !== undefined && { example: examples[verb] }),
  }));
  return { ...body, content };
}

const withoutExample = (body: Body): Body =>
  body.content === undefined
    ? body
    : { ...body, content: mapValues(body.content, ({ example: _, ...media }) => media) };

/** The document of one collection: its own operations and what these refer to. */
export function collectionDocument(
  base: OpenApiDocument,
  collection: DocumentedCollection,
  face: Face = 'records',
): OpenApiDocument {
  const { paths, schemas, tags } = collectionParts(
    base,
    collection,
    new Taken({ ...base, paths: {}, components: { schemas: {} }, tags: [] } as never, VERBS),
    face,
  );
  const whole = base as unknown as {
    info: object;
    servers: unknown;
    components: Record<string, Record<string, unknown>>;
  };
  const components = whole.components as Record<string, Record<string, unknown>>;
  return pruned({
    ...base,
    info: { ...base.info, title: `${collection.name} (SnackBase)` },
    tags,
    paths,
    components: { ...components, schemas: { ...components.schemas, ...schemas } },
  } as never);
}

/** The system's document with the operations of these collections. */
export function documentWith(base: OpenApiDocument, collections: readonly DocumentedCollection[]): OpenApiDocument {
  const taken = new Taken(base, VERBS);
  const parts = collections.map((collection) => collectionParts(base, collection, taken));
  const { components, tags } = base as unknown as { components: { schemas: Schemas }; tags: object[] };
  return {
    ...base,
    tags: [...tags, ...parts.flatMap((part) => part.tags)],
    paths: Object.assign({}, base.paths, ...parts.map(({ paths }) => paths)),
    components: {
      ...components,
      schemas: Object.assign({}, components.schemas, ...parts.map(({ schemas }) => schemas)),
    },
    'x-collections': collections.map(({ name }) => name),
  } as never;
}

/** Without the components that nothing refers to. */
function pruned(document: OpenApiDocument): OpenApiDocument {
  const components = document.components as unknown as Record<string, Record<string, unknown>>;
  const reached = new Set<string>();
  const open: unknown[] = [document.paths];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    for (const [, kind = '', name = ''] of JSON.stringify(part).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)) {
      if (reached.has(`${kind}/${name}`)) continue;
      reached.add(`${kind}/${name}`);
      open.push(components[kind]?.[name] ?? {});
    }
  }
  const kept = mapValues(components, (all, kind) =>
    kind === 'securitySchemes'
      ? all
      : Object.fromEntries(Object.entries(all).filter(([name]) => reached.has(`${kind}/${name}`))),
  );
  return { ...document, components: kept } as never;
}

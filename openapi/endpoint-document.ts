// Custom endpoints in the OpenAPI document: each as a path of its own, with what its definition says of parameters and body.
import type { OpenApiDocument, Operation, Parameter, PathItems, Schema } from './document.ts';

/** An endpoint as far as a document tells of it. */
export interface DocumentedEndpoint {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly method: string;
  /** With parameters as `:name`. */
  readonly path: string;
  readonly authRequired: boolean;
  readonly inputSchema: Schema | null;
  readonly querySchema: Schema | null;
  readonly status: number;
}

const TAG = 'Endpoints';
const CREDENTIALS = [{ bearerAuth: [] }, { cookieAuth: [] }];

/** References within a schema lead to its own root, which in a document is elsewhere. */
function placed(schema: unknown, root: string): unknown {
  if (Array.isArray(schema)) return schema.map((one) => placed(one, root));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? value.replace(/^#/, root) : placed(value, root),
    ]),
  );
}

function parametersOf({ path, querySchema }: DocumentedEndpoint): Parameter[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(
    ([, name = '']): Parameter => ({ name, in: 'path', required: true, schema: { type: 'string' } }),
  );
  const { properties = {}, required = [] } = (querySchema ?? {}) as {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
  };
  const inQuery = Object.entries(properties).map(
    ([name, schema]): Parameter => ({ name, in: 'query', required: required.includes(name), schema }),
  );
  return [...inPath, ...inQuery];
}

function operationOf(endpoint: DocumentedEndpoint, problem: Schema): Operation {
  const { id, name, description, authRequired, inputSchema, method, status } = endpoint;
  const parameters = parametersOf(endpoint);
  const component = `#/components/schemas/${inputName(endpoint)}`;
  const failures = { description: 'What is wrong.', content: { 'application/json': { schema: problem } } };
  return {
    operationId: `endpoint_${id.replaceAll('-', '')}`,
    tags: [TAG],
    summary: name,
    ...(description !== null && description !== '' && { description }),
    security: authRequired ? CREDENTIALS : [],
    ...(parameters.length > 0 && { parameters }),
    ...(inputSchema !== null &&
      method !== 'GET' && {
        requestBody: { required: true, content: { 'application/json': { schema: { $ref: component } } } },
      }),
    responses: {
      [String(status)]:
        status === 204
          ? { description: 'Done; there is no body' }
          : { description: 'What the endpoint answers.', content: { 'application/json': { schema: {} } } },
      default: failures,
    },
  };
}

const inputName = ({ id }: DocumentedEndpoint): string => `EndpointInput_${id.replaceAll('-', '')}`;

/** The document with a path for each endpoint. */
export function withEndpoints(base: OpenApiDocument, endpoints: readonly DocumentedEndpoint[]): OpenApiDocument {
  if (endpoints.length === 0) return base;
  const { components, tags, paths } = base as unknown as {
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
    readonly tags: readonly object[];
    readonly paths: PathItems;
  };
  const problem = { $ref: '#/components/schemas/Problem' };
  const own: Record<string, Record<string, Operation>> = {};
  for (const endpoint of endpoints) {
    const path = `/api/v1/x${endpoint.path.replace(/:(\w+)/g, '{$1}')}`;
    own[path] = { ...own[path], [endpoint.method.toLowerCase()]: operationOf(endpoint, problem) };
  }
  const inputs = endpoints.flatMap((endpoint) =>
    endpoint.inputSchema === null || endpoint.method === 'GET'
      ? []
      : [[inputName(endpoint), placed(endpoint.inputSchema, `#/components/schemas/${inputName(endpoint)}`)] as const],
  );
  return {
    ...base,
    tags: [...tags, { name: TAG, description: 'Endpoints that your account has defined.' }],
    paths: { ...paths, ...own },
    components: { ...components, schemas: { ...components.schemas, ...Object.fromEntries(inputs) } },
  } as never;
}

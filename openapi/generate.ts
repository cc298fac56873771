// The contract as an OpenAPI 3.1 document: every room, every route, nothing that the contract does not say.
import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { stringify } from 'yaml';
import { type Contract, eventsOf, type Route, z } from '../contract/kit.ts';
import { Problem } from '../contract/problems.ts';
import { withComponentNames } from './component-names.ts';
import { splitDirections } from './directions.ts';
import {
  mapBody,
  mapOperations,
  mapSchema,
  mapValues,
  type OpenApiDocument,
  type PathItems,
  type Schema,
  type Schemas,
} from './document.ts';
import { type Entry, operation } from './operation.ts';
import { finishParameters } from './parameters.ts';
import { ProblemResponses } from './problem-responses.ts';
import { ROOMS } from './rooms.ts';
import { headerParameters, RESPONSE_HEADERS } from './shared-headers.ts';

export type { OpenApiDocument };

export interface DocumentOptions {
  /** Version of the product that serves the contract. */
  readonly version: string;
  /** Base URL of the server; '/' (the default) means wherever the document came from. */
  readonly serverUrl?: string;
}

const DESCRIPTION = `Multi-tenant backend: define a collection once, get validated endpoints.

**Authenticate** with \`Authorization: Bearer <token>\` from \`POST /api/v1/auth/login\`; browsers on the same site may use the session cookie instead.
**Errors** all have the schema \`Problem\`; its \`code\` is stable, its \`message\` is for people. **Every reply** carries \`X-Correlation-ID\`: quote it when you report a fault.`;

const SECURITY = {
  bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token of a login.' },
  cookieAuth: {
    type: 'apiKey',
    in: 'cookie',
    name: 'sb_session',
    description: 'Set by a login with `session: true`; not readable by scripts.',
  },
};

/** Every route with its operation id: `records.list` → `recordsList`. */
export const entriesOf = (contract: Contract): Entry[] =>
  Object.entries(contract).flatMap(([room, routes]) =>
    Object.entries(routes).map(([name, route]) => ({
      operationId: `${room}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      room,
      route,
    })),
  );

/** The OpenAPI 3.1 document of a contract. Pure: the same contract and options give the same document, key order included. */
export function openApiDocument(contract: Contract, { version, serverUrl = '/' }: DocumentOptions): OpenApiDocument {
  const entries = entriesOf(contract);
  const problems = new ProblemResponses();
  const registry = new OpenAPIRegistry();
  for (const entry of entries) registry.registerPath(operation(entry, problems));

  const info = { title: 'SnackBase', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } };
  const raw = withComponentNames([Problem, ...entries.flatMap(({ route }) => schemasOf(route))], () =>
    new OpenApiGeneratorV31([{ type: 'schema', schema: Problem }, ...registry.definitions]).generateDocument({
      openapi: '3.1.0',
      info,
    }),
  );

  const routes = new Map(entries.map((e) => [e.operationId, e.route]));
  const { paths, schemas } = splitDirections({
    paths: mapOperations(raw.paths as PathItems, (o) => finishParameters(o, routes.get(o.operationId) as Route)),
    schemas: raw.components?.schemas as Schemas,
  });
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: serverUrl }],
    tags: Object.keys(contract).map((name) => ({ name, description: (ROOMS as Record<string, string>)[name] ?? name })),
    paths: mapOperations(paths, (o) => ({
      ...o,
      ...(o.requestBody !== undefined && { requestBody: mapBody(o.requestBody, modernExample) }),
      responses: mapValues(o.responses, (r) => mapBody(r, modernExample)),
    })),
    components: {
      schemas: byName(mapValues(schemas, (s) => mapSchema(s, modernExample))),
      responses: problems.components(),
      parameters: headerParameters(),
      headers: RESPONSE_HEADERS,
      securitySchemes: SECURITY,
    },
  } as unknown as OpenApiDocument;
}

/** The document as YAML. Long texts stay on one line, and no anchors, because not every reader follows them. */
export const toYaml = (document: object): string => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });

const schemasOf = (route: Route): z.ZodType[] =>
  [route.pathParams, route.query, route.body, ...Object.values(route.responses).map((r) => eventsOf(r) ?? r)].filter(
    (s) => s instanceof z.ZodType,
  );

/** OpenAPI 3.1 deprecates `example` inside a schema: JSON Schema's own word is `examples`. */
function modernExample({ example, ...schema }: Schema): Schema {
  return example === undefined ? schema : { ...schema, examples: [example] };
}

const byName = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

// Operations: probes, version, and the documents that derive from this contract.
import { reads } from './access.ts';
import { noParams, room, text, z } from './kit.ts';
import { errors } from './problems.ts';
import { OpenApiDocument } from './shapes.ts';

const open = reads('anyone', { rate: 'open' });
/** Who is signed in sees his collections in the documents. */
const documents = reads('anyone');
const Health = z
  .object({ status: z.enum(['healthy', 'unhealthy']), service: z.string(), version: z.string() })
  .meta({ id: 'Health' });
const document = { openapi: '3.1.0', info: { title: 'SnackBase', version: '0.1.0' } };

const json = (path: `/${string}`) =>
  ({
    method: 'GET',
    path,
    summary: 'This API as OpenAPI 3.1 (JSON)',
    description: 'With the operations on every collection that you may see, typed by its fields.',
    pathParams: noParams,
    responses: { 200: OpenApiDocument },
    metadata: documents,
    example: { reply: document },
  }) as const;
const yaml = (path: `/${string}`) =>
  ({
    method: 'GET',
    path,
    summary: 'This API as OpenAPI 3.1 (YAML)',
    pathParams: noParams,
    responses: { 200: text('application/yaml') },
    metadata: documents,
    example: { reply: 'openapi: 3.1.0\n' },
  }) as const;

export const ops = room({
  health: {
    method: 'GET',
    path: '/health',
    summary: 'Is the server up',
    pathParams: noParams,
    responses: { 200: Health },
    metadata: open,
    example: { reply: { status: 'healthy', service: 'SnackBase', version: '0.1.0' } },
  },
  live: {
    method: 'GET',
    path: '/live',
    summary: 'Is the process alive',
    pathParams: noParams,
    responses: { 200: z.object({ status: z.literal('alive'), service: z.string(), version: z.string() }) },
    metadata: open,
    example: { reply: { status: 'alive', service: 'SnackBase', version: '0.1.0' } },
  },
  ready: {
    method: 'GET',
    path: '/ready',
    summary: 'Can the server do its work (database reachable)',
    pathParams: noParams,
    responses: {
      200: z.object({
        status: z.literal('ready'),
        service: z.string(),
        version: z.string(),
        database: z.literal('connected'),
      }),
      ...errors('SERVICE_UNAVAILABLE'),
    },
    metadata: open,
    example: { reply: { status: 'ready', service: 'SnackBase', version: '0.1.0', database: 'connected' } },
  },
  version: {
    method: 'GET',
    path: '/api/v1',
    summary: 'Name and version of the API',
    pathParams: noParams,
    responses: { 200: z.object({ name: z.string(), version: z.string(), api_version: z.string() }) },
    metadata: open,
    example: { reply: { name: 'SnackBase', version: '0.1.0', api_version: 'v1' } },
  },
  openapi: json('/openapi.json'),
  openapiYaml: yaml('/openapi.yaml'),
  openapiV1: json('/api/v1/openapi.json'),
  openapiYamlV1: yaml('/api/v1/openapi.yaml'),
  docs: {
    method: 'GET',
    path: '/docs',
    summary: 'Interactive documentation',
    pathParams: noParams,
    responses: { 200: text('text/html; charset=utf-8') },
    metadata: open,
    example: { reply: '<!doctype html>' },
  },
});

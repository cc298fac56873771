// MCP: the collections as tools and documents for agents, over Streamable HTTP without sessions.
import { reads, writes } from './access.ts';
import { events, noBody, noParams, type Room, room, z } from './kit.ts';
import { errors } from './problems.ts';

/** Messages that one request may carry. */
export const MOST_MESSAGES = 50;
/** Characters of the replies to one request, after which no further message of it is done. */
export const MOST_CHARACTERS = 8_000_000;
/** Characters of the JSON that a tool answers. */
export const MOST_RESULT = 2_000_000;
/** Streams of one person at the same time. */
export const MOST_LISTENERS = 20;

const ids = [z.string().max(1000), z.int()] as const;
const RpcId = z.union(ids);
const Version = z.enum(['2.0']);

/** What a client sends: a request (`id` and `method`), a notification (`method`) or a response (`id`). */
export const McpMessage = z
  .looseObject({
    jsonrpc: Version,
    id: RpcId.optional(),
    method: z.string().max(200).optional(),
    params: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'McpMessage', description: 'A message of JSON-RPC 2.0.' });
export type McpMessage = z.output<typeof McpMessage>;

/** What the server answers to a request. */
export const McpReply = z
  .looseObject({
    jsonrpc: Version,
    id: z.union([...ids, z.null()]),
    result: z.record(z.string(), z.unknown()).optional(),
    error: z.looseObject({ code: z.int(), message: z.string(), data: z.unknown().optional() }).optional(),
  })
  .meta({ id: 'McpReply', description: 'A response of JSON-RPC 2.0: `result`, or `error`.' });
export type McpReply = z.output<typeof McpReply>;

const McpNotification = z
  .object({
    jsonrpc: Version,
    method: z.enum(['notifications/tools/list_changed', 'notifications/resources/list_changed']),
  })
  .meta({ id: 'McpNotification' });

const message = {
  summary: 'Messages of an MCP client',
  description: `The Model Context Protocol over Streamable HTTP: one message of JSON-RPC or a list of up to ${MOST_MESSAGES}, answered as JSON; 202 where nothing is to be answered. No session is kept: every request brings its credential.
Each collection is up to six tools, \`{collection}_query\`, \`_get\`, \`_create\`, \`_update\`, \`_delete\` and \`_bulk_create\` (\`{app}_{entity}_…\` for other apps), of which you are shown those that you may call, with the fields that you may see or write. A tool that fails answers \`isError\` and the error body that this API has everywhere.
A tool answers up to ${MOST_RESULT / 1_000_000} MB: a query of more is refused and asks for fewer records or fields, a write of more is done and answers ids alone. After ${MOST_CHARACTERS / 1_000_000} MB of replies, or a refusal of that kind, the other messages of the list are not done and answered with the error LIMIT_REACHED.
With a token of your own as with an API key: rules, permissions and scopes are those of the records endpoints.`,
  pathParams: noParams,
  body: z.union([McpMessage, z.array(McpMessage).min(1).max(MOST_MESSAGES)]),
  responses: {
    200: z.union([McpReply, z.array(McpReply)]),
    202: noBody,
    ...errors('INVALID_HEADER', 'NOT_ACCEPTABLE'),
  },
  metadata: writes('rules', 'mcp', { rate: 'bulk', idempotent: 'none', refusal: 'INVALID_REQUEST' }),
  example: {
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'agent', version: '1.0.0' } },
    },
    reply: {
      jsonrpc: '2.0',
      id: 1,
      result: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: { listChanged: true }, resources: { listChanged: true } },
        serverInfo: { name: 'snackbase', version: '0.1.0' },
      },
    },
  },
} as const;

const listen = {
  summary: 'Notifications for an MCP client (SSE)',
  description: `Tells that the tools or resources that you are shown are others now: ask for the list again. The id of an event names what you are shown; with it as Last-Event-ID a stream that broke begins with what changed meanwhile. A comment every 15 s shows that the connection lives. One person may have ${MOST_LISTENERS} streams open.`,
  pathParams: noParams,
  responses: { 200: events(McpNotification), ...errors('INVALID_HEADER', 'NOT_ACCEPTABLE', 'LIMIT_REACHED') },
  metadata: reads('rules', { inUrl: [] }),
  example: {
    reply: `id: 5Zr3n0vJ.Q2b8c1kd\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })}\n\n`,
  },
} as const;

export const mcp = room({
  message: { method: 'POST', path: '/api/v1/mcp', ...message },
  listen: { method: 'GET', path: '/api/v1/mcp', ...listen },
  messageShort: { method: 'POST', path: '/mcp', ...message },
  listenShort: { method: 'GET', path: '/mcp', ...listen },
} as const satisfies Room);

// The protocol: the methods of MCP over our rooms, in the official server. It is loaded with the first request, not at start.
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Failure } from '../../contract/problems.ts';
import type { Ctx } from '../context.ts';
import type { Logger } from '../db/log.ts';
import { cut } from '../text.ts';
import { VERSION } from '../version.ts';
import { createCalls, type RecordsForTools } from './calls.ts';
import { failureOf } from './faults.ts';
import type { Listing } from './listing.ts';
import { Allowance } from './replies.ts';
import { type RecordsForResources, readResource, resourcesOf, TEMPLATES } from './resources.ts';

export interface ProtocolParts {
  readonly listing: Listing;
  readonly records: RecordsForTools & RecordsForResources;
  readonly log?: Logger | undefined;
}

export interface Protocol {
  /** Versions that are spoken, the newest first. */
  readonly versions: readonly string[];
  /** Answers messages one after the other, each reply as JSON; what wants no answer gets none. */
  exchange(ctx: Ctx, messages: readonly object[]): Promise<string[]>;
}

const INSTRUCTIONS = `Each collection of this server is a set of tools: {collection}_query, _get, _create, _update, _delete and _bulk_create, of which you see those that you may call.
Look with _query before you change anything: its where takes conditions by field, its total counts all that match.
Fields and records that you do not see are not open to you. A tool that fails answers an error with a code, and in errors which field is wrong and why: correct the call and try again.
The resource snackbase://openapi.json describes the whole API.`;

const RESOURCE_NOT_FOUND = -32002;
const REFUSED = -32000;

/** Loads the official server. */
export async function loadProtocol({ listing, records, log }: ProtocolParts): Promise<Protocol> {
  const [{ Server }, types, { AjvJsonSchemaValidator }, { converse }] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/index.js'),
    import('@modelcontextprotocol/sdk/types.js'),
    import('@modelcontextprotocol/sdk/validation/ajv'),
    import('./conversation.ts'),
  ]);
  const { McpError, ErrorCode } = types;
  const call = createCalls({ records, log });
  const options = {
    capabilities: { tools: { listChanged: true }, resources: { listChanged: true } },
    instructions: INSTRUCTIONS,
    // A server makes one for itself otherwise, and there is a server for each request.
    jsonSchemaValidator: new AjvJsonSchemaValidator(),
  };

  /** Where the page of a cursor begins. */
  function after(params: { cursor?: string | undefined } | undefined): string | undefined {
    const { cursor } = params ?? {};
    if (cursor === undefined) return undefined;
    const name = Buffer.from(cursor, 'base64url').toString('utf8');
    if (/^[A-Za-z_]\w*\.[A-Za-z_]\w*$/.test(name)) return name;
    throw new McpError(ErrorCode.InvalidParams, 'This is no cursor of a page: send nextCursor as it was received.');
  }
  const turned = (next: string | undefined) =>
    next === undefined ? {} : { nextCursor: Buffer.from(next).toString('base64url') };

  /** What a method of ours throws as an error of the protocol. */
  async function told<T>(ctx: Ctx, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof McpError) throw error;
      const failure = failureOf(error, ctx.requestId, log);
      throw new McpError(codeOf(failure), failure.message, failure.body(ctx.requestId));
    }
  }

  const refused = (ctx: Ctx) => (failure: Failure) => {
    const { code, message, data } = new McpError(codeOf(failure), failure.message, failure.body(ctx.requestId));
    return { code, message, data };
  };

  function serverFor(ctx: Ctx, allowance: Allowance): Server {
    const server = new Server({ name: 'snackbase', title: 'SnackBase', version: VERSION }, options);
    server.setRequestHandler(types.ListToolsRequestSchema, ({ params }) =>
      told(ctx, () => {
        const { tools, next } = listing.tools(ctx, after(params));
        return { tools: tools as never[], ...turned(next) };
      }),
    );
    server.setRequestHandler(types.CallToolRequestSchema, ({ params }) =>
      told(ctx, () => {
        const tool = listing.find(params.name);
        if (tool !== undefined) return call(ctx, tool, params.arguments, allowance);
        throw new McpError(ErrorCode.InvalidParams, `There is no tool ${cut(params.name, 200)}: see tools/list.`);
      }),
    );
    server.setRequestHandler(types.ListResourcesRequestSchema, ({ params }) =>
      told(ctx, () => {
        const { resources, next } = resourcesOf(listing, ctx, after(params));
        return { resources, ...turned(next) };
      }),
    );
    server.setRequestHandler(types.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: TEMPLATES }));
    server.setRequestHandler(types.ReadResourceRequestSchema, ({ params: { uri } }) =>
      told(ctx, async () => {
        const found = await readResource(records, ctx, uri);
        if (found !== undefined) return { contents: [found] };
        throw new McpError(RESOURCE_NOT_FOUND, 'There is no such resource: see resources/list.', { uri });
      }),
    );
    return server;
  }

  return {
    versions: types.SUPPORTED_PROTOCOL_VERSIONS,
    exchange(ctx, messages) {
      const allowance = new Allowance();
      return converse({ server: serverFor(ctx, allowance), allowance, refused: refused(ctx) }, messages);
    },
  };
}

const codeOf = ({ status }: Failure): number => (status === 404 ? RESOURCE_NOT_FOUND : REFUSED);

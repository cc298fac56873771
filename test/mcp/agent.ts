// An agent as others write them: the official client over Streamable HTTP, with a token.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ResourceListChangedNotificationSchema,
  type Tool,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll } from 'vitest';
import type { Json } from '../helpers/app.ts';

const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.splice(0)) await end();
});

export interface Agent {
  readonly client: Client;
  /** Every tool, all pages. */
  tools(): Promise<Tool[]>;
  names(): Promise<string[]>;
  /** What a tool answers: its value, or the problem of one that failed. */
  call(name: string, args?: Json): Promise<{ readonly failed: boolean; readonly value: Json }>;
  /** How often a list was said to have changed. */
  readonly changes: { tools: number; resources: number };
  close(): Promise<void>;
}

/** Connects and initializes. `path` is one of the two doors. */
export async function agent(
  url: string,
  token: string | null,
  { path = '/api/v1/mcp', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Agent> {
  const client = new Client({ name: 'agent', version: '1.0.0' });
  const changes = { tools: 0, resources: 0 };
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes.tools += 1;
  });
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => {
    changes.resources += 1;
  });
  const sent = { ...(token !== null && { Authorization: `Bearer ${token}` }), ...headers };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(path, url), { requestInit: { headers: sent } }) as never,
  );
  const close = () => client.close();
  ends.push(close);
  const tools = async () => {
    const all: Tool[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.listTools(cursor === undefined ? {} : { cursor });
      all.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return all;
  };
  return {
    client,
    changes,
    tools,
    close,
    names: async () => (await tools()).map(({ name }) => name),
    async call(name, args = {}) {
      const result: Json = await client.callTool({ name, arguments: args });
      return { failed: result.isError === true, value: JSON.parse(result.content[0].text) };
    },
  };
}

/** Waits until something holds, at most some seconds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

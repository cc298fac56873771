// The messages of one request against a server that lives as long as the request: no session, so that any process can answer the next.
import { setImmediate } from 'node:timers/promises';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import type { McpReply } from '../../contract/mcp.ts';
import type { Failure } from '../../contract/problems.ts';
import { type Allowance, textOf } from './replies.ts';

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;
const INTERNAL = -32603;

export interface Conversation {
  readonly server: Server;
  readonly allowance: Allowance;
  /** The error of a request that is not done because the allowance is spent. */
  readonly refused: (failure: Failure) => NonNullable<McpReply['error']>;
}

/** Answers messages in their order, each reply as JSON; requests get one each, everything else none. */
export async function converse(
  { server, allowance, refused }: Conversation,
  messages: readonly object[],
): Promise<string[]> {
  const replies: string[] = [];
  const say = (reply: McpReply): void => {
    const text = textOf(reply);
    allowance.spend(text.length);
    replies.push(text);
  };
  const transport = new OneByOne();
  await server.connect(transport);
  for (const [i, message] of messages.entries()) {
    // A long list must not keep all other requests waiting.
    if (i > 0) await setImmediate();
    if (isJSONRPCRequest(message)) {
      const failure = allowance.refusal();
      say(
        failure === null ? await transport.ask(message) : { jsonrpc: '2.0', id: message.id, error: refused(failure) },
      );
    } else if (isJSONRPCNotification(message)) transport.tell(message);
    else if (!isJSONRPCResultResponse(message) && !isJSONRPCErrorResponse(message)) say(invalid(message));
  }
  await server.close();
  return replies;
}

class OneByOne implements Transport {
  onmessage?: Transport['onmessage'];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  private replied: ((reply: McpReply) => void) | null = null;

  async start(): Promise<void> {}
  async close(): Promise<void> {
    this.onclose?.();
  }
  /** The server speaks only when it is asked, and each request is answered once. */
  async send(message: JSONRPCMessage): Promise<void> {
    if ('method' in message) return;
    this.replied?.(fitting(message as McpReply));
  }

  ask(request: JSONRPCMessage): Promise<McpReply> {
    return new Promise((resolve) => {
      this.replied = resolve;
      this.onmessage?.(request);
    });
  }
  tell(notification: JSONRPCMessage): void {
    this.onmessage?.(notification);
  }
}

const invalid = (message: object): McpReply => {
  const { id } = message as { id?: string | number };
  const error = { code: INVALID_REQUEST, message: 'This is no request, notification or response of JSON-RPC 2.0.' };
  return { jsonrpc: '2.0', id: id ?? null, error };
};

/** Our methods say what is wrong; what the official server calls internal are parameters that do not fit its schemas. */
function fitting(reply: McpReply): McpReply {
  const { error } = reply;
  if (error?.code !== INTERNAL) return reply;
  return {
    ...reply,
    error: { ...error, code: INVALID_PARAMS, message: `The parameters do not fit: ${findings(error.message)}` },
  };
}

function findings(text: string): string {
  try {
    const issues = JSON.parse(text) as { path: (string | number)[]; message: string }[];
    return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  } catch {
    return text;
  }
}

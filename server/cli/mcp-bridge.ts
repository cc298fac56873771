// A client that only speaks over stdin and stdout, joined to a server that speaks HTTP: messages pass through unchanged.
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { type Remote, told } from './remote.ts';

const REFUSED = -32000;

/** Carries messages until stdin ends. What the server refuses is answered as an error, so that no request waits in vain. */
export async function bridge({ url, headers }: Remote, log: (line: string) => void): Promise<void> {
  const near = new StdioServerTransport();
  const far = new StreamableHTTPClientTransport(new URL('/api/v1/mcp', url), { requestInit: { headers } });
  const initializing = new Set<unknown>();
  const underway = new Set<Promise<void>>();
  far.onmessage = (message) => {
    if ('result' in message && initializing.delete(message.id))
      far.setProtocolVersion(String(message.result.protocolVersion));
    void near.send(message);
  };
  far.onerror = (error) => log(wordsOf(error));
  near.onmessage = (message) => {
    if ('method' in message && 'id' in message && message.method === 'initialize') initializing.add(message.id);
    const sending = pass(message).finally(() => underway.delete(sending));
    underway.add(sending);
  };
  async function pass(message: JSONRPCMessage): Promise<void> {
    try {
      await far.send(message);
    } catch (error) {
      if (!('method' in message && 'id' in message)) return;
      const refusal = { jsonrpc: '2.0', id: message.id, error: { code: REFUSED, message: wordsOf(error as Error) } };
      await near.send(refusal as JSONRPCMessage);
    }
  }
  // Its type is stricter about absent options than the class is.
  await (far as Transport).start();
  await near.start();
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  // Whoever says all he has to say at once is answered too.
  await Promise.allSettled(underway);
  far.onerror = () => {};
  await far.close();
  await near.close();
}

/** An error body of the server in words, anything else as it is. */
function wordsOf(error: Error): string {
  const body = /\{.*\}$/s.exec(error.message)?.[0];
  const { code } = error as Error & { code?: unknown };
  if (body !== undefined) return told(typeof code === 'number' ? code : 0, body);
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause === undefined ? error.message : `The server does not answer (${cause.code ?? cause.message}).`;
}

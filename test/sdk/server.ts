// A real HTTP server for the client's tests: it records every request and answers what the test says.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** performance.now() when it was complete. */
  readonly at: number;
}

/** What to answer; a function writes the response itself and may leave it open. */
export type Answer =
  | { status?: number; json?: unknown; text?: string; headers?: Record<string, string> }
  | ((response: ServerResponse) => void);

export interface TestServer {
  readonly url: string;
  readonly seen: Seen[];
  /** Requests for a path, in their order. */
  at(path: string): Seen[];
}

const open: (() => void)[] = [];
afterAll(() => {
  for (const close of open.splice(0)) close();
});

/** Starts a server on a free port, closed after the file's tests, so that tests may run side by side. `answer` gets the request and how many came before it on its path. */
export async function serve(answer: (seen: Seen, nth: number) => Answer | Promise<Answer>): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const url = new URL(request.url ?? '/', 'http://test');
      const body = Buffer.concat(chunks).toString('utf8');
      const one: Seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
        json: parsed(body),
        at: performance.now(),
      };
      const nth = seen.filter((other) => other.path === one.path).length;
      seen.push(one);
      const reply = await answer(one, nth);
      if (typeof reply === 'function') return reply(response);
      const { status = 200, json, text, headers } = reply;
      response.writeHead(status, { 'content-type': text === undefined ? 'application/json' : 'text/html', ...headers });
      response.end(text ?? (json === undefined ? undefined : JSON.stringify(json)));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, at: (path) => seen.filter((one) => one.path === path) };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The server's error body. */
export const problem = (status: number, code: string, more: object = {}): Answer => ({
  status,
  json: { error: 'Error', message: `${code} happened`, code, errors: [], request_id: 'req-1', ...more },
});

/** A JWT with an expiry in seconds from now; nobody checks its signature here. */
export function jwt(expiresIn: number, more: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { exp: Math.floor(Date.now() / 1000) + expiresIn, name: 'Zoë ÿ?>', ...more };
  return `${part({ alg: 'HS256' })}.${part(payload)}.c2ln`;
}

/** The reply of login and refresh. */
export const session = (token: string, refresh_token: string, expires_in = 3600): Answer => ({
  json: { token, refresh_token, expires_in, account: {}, user: {} },
});

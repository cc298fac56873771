// The listener: where it listens, bytes that are no request, and an end that lets running requests finish and waits for nothing else.
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../config.ts';

/** Requests that still run after this long at shutdown are cut off. */
const DRAIN_MS = 15_000;

export function createListener(server: Server, config: Config) {
  // A connection on which nothing was asked is not idle for Node, and would be waited for.
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => void silent.delete(socket));
  server.on('upgrade', ({ socket }) => void silent.delete(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseBytes(socket, error.code));
  return {
    listen: () => listen(server, config),
    close(): Promise<void> {
      for (const socket of silent) socket.destroy();
      return drain(server);
    },
  };
}

const BROKEN: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** The refusal of bytes that never became a request, as text for the socket. */
function brokenRequest(code: string | undefined): string {
  const status = BROKEN[code ?? ''] ?? '400 Bad Request';
  const message = `${status.slice(4)}: this is not a request that the server can read.`;
  const body = JSON.stringify({ error: 'Bad request', message, code: 'INVALID_URL', errors: [], request_id: '' });
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

/** Time for the refusal to reach a client that does not close its side. */
const GRACE_MS = 500;

/** What came is not HTTP: says so, after the answer that may still be on its way, and closes both sides. */
function refuseBytes(socket: Duplex, code: string | undefined): void {
  if (!socket.writable) return void socket.destroy();
  // Node keeps the response that a connection is writing here; there is no other way to learn of it.
  const { _httpMessage: pending } = socket as Duplex & { _httpMessage?: ServerResponse | null };
  const refuse = () => {
    socket.end(brokenRequest(code));
    setTimeout(() => socket.destroy(), GRACE_MS).unref();
  };
  // An answer that waits for the rest of a broken body will never come.
  if (pending?.req.complete && !pending.writableFinished) pending.once('finish', refuse);
  else refuse();
}

function listen(server: Server, config: Config): Promise<{ url: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const { host, port } = config;
      reject(
        error.code === 'EADDRINUSE'
          ? new PortInUse(`Port ${port} on ${host} is in use. Stop the other program, or choose another with --port.`)
          : error,
      );
    });
    server.listen(config.port, config.host, () => {
      const { port } = server.address() as AddressInfo;
      const host = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(config.host) ? 'localhost' : config.host;
      resolve({ port, url: `http://${host}:${port}` });
    });
  });
}

/** The port is taken; the message says what to do. */
export class PortInUse extends Error {
  readonly expected = true;
}

function drain(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    // A connection whose last request just ended stays open for the next one: it is closed as soon as it is idle.
    const idle = setInterval(() => server.closeIdleConnections(), 20);
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

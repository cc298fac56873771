// The Express app and its listener: what surrounds the contract's routes, in the order a request meets it.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import compression from 'compression';
import express from 'express';
import type { Contract } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { Config } from '../config.ts';
import type { DoOnce } from '../context.ts';
import type { Log } from '../log.ts';
import { createGate, type GateOptions } from './gate.ts';
import { mountContract, type Tables } from './mount.ts';
import { problemHandler } from './problems.ts';
import { ownQueries } from './query-string.ts';
import { createLimiter } from './rate-limit.ts';
import { bornWithPrototypes, fastReplies, RequestContext } from './request.ts';
import { constantHeaders, crossOrigin, httpsOnly } from './security.ts';
import { acceptSockets, type ServeSocket } from './sockets.ts';
import { unmatched } from './unmatched.ts';

export interface HttpOptions<T extends Contract> {
  readonly config: Config;
  readonly log: Log;
  readonly contract: T;
  readonly tables: Tables<T>;
  readonly credentials: Pick<GateOptions, 'authenticate' | 'tokenEnd' | 'redeem'>;
  /** Serves a WebSocket whose caller is known. */
  readonly serveSocket: ServeSocket;
  readonly doOnce: DoOnce;
  /** Files served under /docs/assets, by name. */
  readonly docsAssets: () => ReadonlyMap<string, { readonly file: string; readonly contentType: string }>;
}

export interface Http {
  listen(): Promise<{ url: string; port: number }>;
  /** Stops accepting, waits for the requests that run, then resolves. */
  close(): Promise<void>;
}

const DOCUMENTS = /^\/(docs|(api\/v1\/)?openapi\.)/;

/** A request that sends its head more slowly than this is a fault or an attack. */
const HEADERS_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 65_000;
/** Requests that still run after this long at shutdown are cut off. */
const DRAIN_MS = 15_000;

export function createHttp<T extends Contract>({
  config,
  log,
  contract,
  tables,
  credentials,
  serveSocket,
  doOnce,
  docsAssets,
}: HttpOptions<T>): Http {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('trust proxy', config.trustProxy);
  fastReplies(app, constantHeaders(config.production));
  ownQueries(app, contract);

  app.use((request, response, next) => {
    request.ctx = new RequestContext(request);
    if (request.url.includes('%00')) return next(new URIError());
    if (log.isLevelEnabled('debug')) logRequest(log, request, response);
    next();
  });
  // Documents and their assets are large and public; records are not compressed here, a proxy does that better.
  const compress = compression();
  app.use((request, response, next) => (DOCUMENTS.test(request.path) ? compress(request, response, next) : next()));
  app.use(crossOrigin(config.corsOrigins, config.production));
  if (config.production && config.trustProxy > 0) app.use(httpsOnly(config.publicUrl));
  const gate = createGate({
    ...credentials,
    limit: createLimiter(config.rateLimit),
    bodyLimit: config.bodyLimit,
    corsOrigins: config.corsOrigins,
  });
  mountContract(app, contract, tables, { gate, doOnce });
  app.get('/docs/assets/:name', (request, response, next) => {
    const asset = docsAssets().get(request.params.name);
    if (asset === undefined) return next();
    response.set({ 'Content-Type': asset.contentType, 'Cache-Control': 'public, max-age=3600' });
    // A checkout or package may lie below a folder whose name starts with a dot. Nobody needs a part of a script.
    response.sendFile(asset.file, { dotfiles: 'allow', acceptRanges: false }, (error?: Error & { status?: number }) => {
      if (error) next(error.status === 412 ? new Failure('PRECONDITION_FAILED') : error);
    });
  });
  app.use(unmatched(contract));
  app.use(problemHandler(log));

  const server = createServer(
    { ...bornWithPrototypes(app), keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    app,
  );
  const ws = contract.realtime?.ws;
  if (ws !== undefined) acceptSockets(server, { gate, route: ws, serve: serveSocket });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseBytes(socket, error.code));
  return {
    listen: () => listen(server, config),
    close: () => drain(server),
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

function logRequest(log: Log, request: express.Request, response: express.Response): void {
  const started = performance.now();
  const path = request.path;
  response.on('finish', () => {
    log.debug(
      {
        method: request.method,
        path,
        status: response.statusCode,
        ms: Math.round(performance.now() - started),
        request_id: request.ctx.requestId,
      },
      'request',
    );
  });
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

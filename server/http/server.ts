// The Express app and its listener: what surrounds the contract's routes, in the order a request meets it.
import { createServer } from 'node:http';
import compression from 'compression';
import express from 'express';
import type { Contract } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { Config } from '../config.ts';
import type { DoOnce } from '../context.ts';
import type { Log } from '../log.ts';
import { createGate, type GateOptions } from './gate.ts';
import type { RequestHooks } from './hooks.ts';
import { createListener } from './listener.ts';
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
  readonly hooks: RequestHooks;
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

export function createHttp<T extends Contract>({
  config,
  log,
  contract,
  tables,
  credentials,
  serveSocket,
  doOnce,
  hooks,
  docsAssets,
}: HttpOptions<T>): Http {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('trust proxy', config.trustProxy);
  fastReplies(app, constantHeaders(config.production));
  ownQueries(app, contract);

  app.use((request, response, next) => {
    request.ctx = new RequestContext(request);
    if (request.url.includes('%00') || !isAddress(request.url)) return next(new URIError());
    if (log.isLevelEnabled('debug')) logRequest(log, request, response);
    next();
  });
  // Documents and their assets are large and public; records are not compressed here, a proxy does that better.
  const compress = compression();
  app.use((request, response, next) => (DOCUMENTS.test(request.path) ? compress(request, response, next) : next()));
  app.use(crossOrigin(config.corsOrigins, config.production, config.publicUrl));
  if (config.production && config.trustProxy > 0) app.use(httpsOnly(config.publicUrl));
  const gate = createGate({
    ...credentials,
    limit: createLimiter(config.rateLimit),
    bodyLimit: config.bodyLimit,
    corsOrigins: config.corsOrigins,
  });
  mountContract(app, contract, tables, { gate, doOnce, hooks });
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
  return createListener(server, config);
}

/** An absolute address that is none would leave Express without a path. */
const isAddress = (url: string): boolean => url.startsWith('/') || URL.canParse(url, 'http://server');

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

// WebSockets: the upgrade of the one route that has them, behind the same gate as every request.
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request } from 'express';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Route } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { Ctx, Socket } from '../context.ts';
import type { Gate } from './gate.ts';
import { RequestContext } from './request.ts';

export type ServeSocket = (ctx: Ctx, socket: Socket) => void;

/** Larger frames close the connection with 1009. */
const LARGEST_FRAME = 65_536;
/** Why it closes when its caller is refused, and when the server cannot tell. */
const REFUSED = 1008;
const BROKEN = 1011;
/** For the other side to say goodbye, or to read why it was refused; then it is cut off, lest it holds up the server's end. */
const GRACE_MS = 2000;
const TEXT = { binary: false };

const nothing = () => {};

/** Takes upgrades of `route` to a WebSocket and refuses those of other addresses. */
export function acceptSockets(
  server: Server,
  { gate, route, serve }: { readonly gate: Gate; readonly route: Route; readonly serve: ServeSocket },
): void {
  const accepting = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_FRAME,
    // Text frames are small, and compressing them costs each connection more memory than it saves traffic.
    perMessageDeflate: false,
    closeTimeout: GRACE_MS,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
  accepting.on('wsClientError', ({ message }, stream, request) =>
    refuseUpgrade(stream, request as Request, new Failure('INVALID_HEADER', { name: 'Upgrade', reason: message })),
  );

  server.on('upgrade', (incoming: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', nothing);
    const { method, headers } = incoming;
    if (method !== 'GET' || !/^websocket$/i.test(headers.upgrade ?? '')) return answer(server, incoming, stream, head);
    const request = incoming as Request;
    request.ctx = new RequestContext(request);
    const path = pathOf(request);
    if (path === null) return refuseUpgrade(stream, request, new Failure('INVALID_URL'));
    if (path !== route.path && path !== `${route.path}/`)
      return refuseUpgrade(stream, request, new Failure('ROUTE_NOT_FOUND', { method, path }));
    // Refused connections are accepted first: a browser learns nothing of a refusal in HTTP.
    accepting.handleUpgrade(incoming, stream, head, (socket) => {
      socket.on('error', nothing);
      void admit(request, socket);
    });
  });

  async function admit(request: Request, socket: WebSocket): Promise<void> {
    // What is sent meanwhile is read when it is known who sends it.
    socket.pause();
    const pass = () => gate.pass(route.metadata, request);
    try {
      request.headers.authorization ??= tokenOf(request);
      await pass();
      if (request.ctx.caller === null) throw new Failure('UNAUTHORIZED');
    } catch (error) {
      socket.resume();
      return refuse(socket, error);
    }
    // Nobody would tell of its end.
    if (socket.readyState !== socket.OPEN) return;
    request.ctx.recheck = pass;
    serve(request.ctx, {
      send: (text) => socket.send(text, TEXT, nothing),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      get unread() {
        return socket.bufferedAmount;
      },
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      onMessage: (fn) => void socket.on('message', (data) => fn(String(data))),
      onClose: (fn) => void socket.once('close', fn),
    });
    socket.resume();
  }
}

/** The path that is asked for, also of an absolute address; null for what is no address. */
function pathOf({ url }: Request): string | null {
  const base = 'http://server';
  return URL.canParse(url, base) ? new URL(url, base).pathname : null;
}

/** A browser's WebSocket sends no header but the names of protocols: one that looks like a token or a key is meant as one. */
function tokenOf({ headers }: Request): string | undefined {
  const named = headers['sec-websocket-protocol']?.trim() ?? '';
  return /^(sb_|ey)[\w-]*\.[\w-]+\.[\w-]+$/.test(named) ? `Bearer ${named}` : undefined;
}

function refuse(socket: WebSocket, error: unknown): void {
  if (error instanceof Failure) socket.close(REFUSED, error.code);
  else socket.close(BROKEN, 'SERVICE_UNAVAILABLE');
}

function refuseUpgrade(stream: Duplex, { ctx }: Request, failure: Failure): void {
  const body = JSON.stringify(failure.body(ctx.requestId));
  stream.end(
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  setTimeout(() => stream.destroy(), GRACE_MS).unref();
}

/**
 * Answers as if no upgrade had been asked for, which a server may always do. Java's client asks for HTTP/2 with every first request,
 * and Node hands over whatever asks for anything: the request goes back onto its connection without that wish.
 */
function answer(server: Server, incoming: IncomingMessage, stream: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = incoming;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] as string, rawHeaders[i + 1] as string];
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    const options = value.split(',').filter((option) => !/^\s*(upgrade|http2-settings)\s*$/i.test(option));
    if (!/^connection$/i.test(name)) lines.push(`${name}: ${value}`);
    else if (options.length > 0) lines.push(`${name}: ${options.join()}`);
  }
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', stream);
}

// WebSockets: the upgrade of the one route that has them, behind the same gate as every request.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request } from 'express';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Route } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { Ctx } from '../context.ts';
import type { Gate } from './gate.ts';
import { RequestContext } from './request.ts';

/** What a room is given of a connection. */
export interface ServedSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  readonly unread: number;
  onMessage(fn: (text: string) => void): void;
  onClose(fn: () => void): void;
}
export type ServeSocket = (ctx: Ctx, socket: ServedSocket) => void;

/** Larger frames close the connection with 1009. */
const LARGEST_FRAME = 65_536;
/** Why it closes when its caller is refused, and when the server cannot tell. */
const REFUSED = 1008;
const BROKEN = 1011;

const nothing = () => {};

/** Takes upgrades of `route` and refuses all others. */
export function acceptSockets(
  server: Server,
  { gate, route, serve }: { readonly gate: Gate; readonly route: Route; readonly serve: ServeSocket },
): void {
  // Text frames are small, and compressing them costs each connection more memory than it saves traffic.
  const accepting = new WebSocketServer({ noServer: true, maxPayload: LARGEST_FRAME, perMessageDeflate: false });
  server.on('upgrade', (incoming: IncomingMessage, stream: Duplex, head: Buffer) => {
    const request = incoming as Request;
    stream.on('error', nothing);
    request.ctx = new RequestContext(request);
    const { path } = request;
    if (path !== route.path && path !== `${route.path}/`) return refuseUpgrade(stream, request);
    // Refused connections are accepted first: a browser learns nothing of a refusal in HTTP.
    accepting.handleUpgrade(incoming, stream, head, (socket) => {
      socket.on('error', nothing);
      admit(request, socket);
    });
  });

  async function admit(request: Request, socket: WebSocket): Promise<void> {
    // What arrives while the caller is asked for must not be lost.
    const early: string[] = [];
    let take = (text: string): void => void early.push(text);
    socket.on('message', (data) => take(String(data)));
    const pass = () => gate.pass(route.metadata, request);
    try {
      await pass();
      if (request.ctx.caller === null) throw new Failure('UNAUTHORIZED');
    } catch (error) {
      return refuse(socket, error);
    }
    request.ctx.recheck = pass;
    if (socket.readyState !== socket.OPEN) return;
    serve(request.ctx, {
      send: (text) => socket.send(text, nothing),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      get unread() {
        return socket.bufferedAmount;
      },
      onMessage(fn) {
        take = fn;
        for (const text of early.splice(0)) fn(text);
      },
      onClose: (fn) => socket.once('close', fn),
    });
  }
}

function refuse(socket: WebSocket, error: unknown): void {
  if (error instanceof Failure) socket.close(REFUSED, error.code);
  else socket.close(BROKEN, 'SERVICE_UNAVAILABLE');
}

/** An upgrade of any other address. */
function refuseUpgrade(stream: Duplex, { method, path, ctx }: Request): void {
  const body = JSON.stringify(new Failure('ROUTE_NOT_FOUND', { method, path }).body(ctx.requestId));
  stream.end(
    `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

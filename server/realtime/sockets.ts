// A WebSocket's dialect: frames in, acknowledgements and events out, at most a hundred subscriptions, and a reader who does not read.
import type { ProblemJson } from '../../contract/problems.ts';
import { Failure, invalidParameter } from '../../contract/problems.ts';
import type { StreamQuery } from '../../contract/realtime.ts';
import type { Ctx, Socket } from '../context.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import { type Chunk, FRAMES } from './formats.ts';
import type { Hub } from './hub.ts';
import { eventsOf, sinceOf } from './requests.ts';
import type { Sink } from './subscription.ts';

const MOST = 100;
const HEARTBEAT_MS = 30_000;
/** Whoever leaves more than this unread, in bytes, is cut off. */
const UNREAD = 1_048_576;
/** Frames that wait for their answers before no more are read. */
const WAITING = 16;
/** The credential is over; and: come again. */
const REFUSED = 1008;
const AGAIN = 1012;
const RESTARTS = 'The server restarts.';

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class SocketSink implements Sink {
  private waiting: Chunk[] = [];
  private closed = false;
  constructor(private readonly socket: Socket) {
    socket.onClose(() => {
      this.closed = true;
    });
  }

  push(chunk: Chunk): void {
    this.waiting.push(chunk);
  }

  flush(): void {
    const { waiting, socket } = this;
    this.waiting = [];
    if (socket.unread > UNREAD) socket.terminate();
    else for (const { bytes } of waiting) socket.send(bytes);
  }

  async drained(): Promise<void> {
    // What a connection leaves behind when it goes stays unread for ever.
    while (!this.closed && this.socket.unread > UNREAD / 4) await after(20);
  }
}

type Opened = Awaited<ReturnType<Hub['open']>>;
type Frame = Readonly<Record<string, unknown>>;

const TRANSPORT = { transport: 'websocket' } as const;

export function createSockets(hub: Hub, lifecycle: Pick<Lifecycle, 'fire'> = createLifecycle()) {
  const open = new Set<Connection>();
  let closed = false;
  const beating = setInterval(() => {
    const text = JSON.stringify({ type: 'heartbeat', timestamp: new Date().toISOString() });
    for (const connection of open) connection.beat(text);
  }, HEARTBEAT_MS);
  beating.unref();

  return {
    /** Serves a connection whose caller is known, until it closes. */
    serve(ctx: Ctx, socket: Socket): void {
      const connection = new Connection(hub, lifecycle, ctx, socket);
      open.add(connection);
      socket.onClose(() => open.delete(connection));
      // It was let in while the others were sent away.
      if (closed) socket.close(AGAIN, RESTARTS);
    },
    close(): void {
      closed = true;
      clearInterval(beating);
      for (const { socket } of open) socket.close(AGAIN, RESTARTS);
    },
  };
}

class Connection {
  private readonly subscriptions = new Map<string, Opened>();
  private readonly sink: Sink;
  /** Frames are answered in their order, once the connection is let in. */
  private last: Promise<void>;
  /** Pasts are sent one after the other: whoever keeps up with one does not keep up with a hundred at once. */
  private pasts: Promise<void> = Promise.resolve();
  private waiting = 0;
  private closed = false;
  /** Whom hooks know to be connected. */
  private letInAs: Ctx | null = null;

  constructor(
    private readonly hub: Hub,
    private readonly lifecycle: Pick<Lifecycle, 'fire'>,
    private readonly ctx: Ctx,
    readonly socket: Socket,
  ) {
    this.sink = new SocketSink(socket);
    this.last = this.letIn();
    socket.onMessage((text) => {
      this.waiting += 1;
      if (this.waiting === WAITING) socket.pause();
      this.last = this.last
        .then(() => this.take(text))
        .catch((error) => this.refuse(error))
        .then(() => {
          this.waiting -= 1;
          if (this.waiting === 0) socket.resume();
        });
    });
    socket.onClose(() => {
      this.closed = true;
      if (this.letInAs !== null) void this.lifecycle.fire('on_realtime_disconnect', TRANSPORT, { ctx: this.letInAs });
      for (const one of this.subscriptions.values()) one.close();
      this.subscriptions.clear();
    });
  }

  private async letIn(): Promise<void> {
    try {
      await this.lifecycle.fire('on_realtime_connect', TRANSPORT, { ctx: this.ctx });
      this.letInAs = this.ctx;
    } catch (error) {
      this.refuse(error);
      this.socket.close(REFUSED, error instanceof Failure ? error.code : '');
    }
  }

  beat(text: string): void {
    this.write(text);
    // The hub asks for the rights of whoever subscribes; nobody else would notice that these are over.
    if (this.subscriptions.size === 0) this.ctx.recheck?.().catch((error) => this.endIfOver(error));
  }

  private async take(text: string): Promise<void> {
    if (this.closed) return;
    const frame = read(text);
    await this.lifecycle.fire('on_realtime_message', { ...TRANSPORT, message: frame }, { ctx: this.ctx });
    switch (frame.action) {
      case 'ping':
        return this.say({ type: 'pong' });
      case 'subscribe':
        return this.subscribe(frame, nameOf(frame));
      case 'unsubscribe':
        return this.unsubscribe(nameOf(frame));
      default:
        throw invalidParameter('action', 'send subscribe, unsubscribe or ping', 'unknown_action');
    }
  }

  private async subscribe(frame: Frame, name: string): Promise<void> {
    // Asked again, the new one takes the place of the old one.
    const before = this.subscriptions.get(name);
    if (before === undefined && this.subscriptions.size >= MOST) {
      const parts = { limit: MOST, what: 'subscriptions on this connection', hint: 'open another, or unsubscribe one' };
      return this.refuse(new Failure('LIMIT_REACHED', parts), name);
    }
    let over = false;
    try {
      const { ctx, sink } = this;
      const since = sinceOf(frame.since, 'since');
      const onEnd = (failure: Failure) => {
        over = true;
        this.over(name, failure);
      };
      const asked = { ctx, collection: name, query: queryOf(frame), format: FRAMES, sink, ...TRANSPORT, onEnd };
      // Whoever holds a connection may have lost his rights since he opened it.
      await ctx.recheck?.();
      const opened = await this.hub.open([asked], since);
      if (this.closed || over) return opened.close();
      before?.close();
      this.subscriptions.set(name, opened);
      this.say({ type: 'subscribed', status: 'subscribed', collection: name });
      if (since === null) void opened.start();
      else this.pasts = this.pasts.then(() => this.sendPast(name, opened));
    } catch (error) {
      this.refuse(error, name);
      this.endIfOver(error);
    }
  }

  /** Resolves when it has caught up, or is over. */
  private async sendPast(name: string, opened: Opened): Promise<void> {
    await this.sink.drained();
    if (!this.closed && this.subscriptions.get(name) === opened) await opened.start();
  }

  private unsubscribe(name: string): void {
    this.subscriptions.get(name)?.close();
    this.subscriptions.delete(name);
    this.say({ type: 'unsubscribed', status: 'unsubscribed', collection: name });
  }

  /** The server ended a subscription; with the credential all end. */
  private over(name: string, failure: Failure): void {
    this.subscriptions.get(name)?.close();
    this.subscriptions.delete(name);
    this.refuse(failure, name);
    this.endIfOver(failure);
  }

  private endIfOver(error: unknown): void {
    if (error instanceof Failure && error.status === 401) this.socket.close(REFUSED, error.code);
  }

  private refuse(error: unknown, collection?: string): void {
    const failure = error instanceof Failure ? error : new Failure('SERVICE_UNAVAILABLE');
    const { message, code, errors }: ProblemJson = failure.body(this.ctx.requestId);
    this.say({ type: 'error', error: message, code, ...(errors.length > 0 && { errors }), collection });
  }

  private say(frame: object): void {
    if (!this.closed) this.write(JSON.stringify(frame));
  }

  /** Answers are not worth more than events to somebody who does not read. */
  private write(text: string): void {
    if (this.socket.unread > UNREAD) this.socket.terminate();
    else this.socket.send(text);
  }
}

/** Throws INVALID_JSON. */
function read(text: string): Frame {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch (error) {
    throw new Failure('INVALID_JSON', { reason: (error as Error).message });
  }
  if (typeof frame === 'object' && frame !== null && !Array.isArray(frame)) return frame as Frame;
  throw new Failure('INVALID_JSON', { reason: 'a frame is an object with an action' });
}

function nameOf({ collection }: Frame): string {
  if (typeof collection === 'string' && collection !== '') return collection;
  throw invalidParameter('collection', 'name the collection');
}

const KEYS = new Set(['action', 'collection', 'operations', 'fields', 'filter', 'since']);

function queryOf(frame: Frame): StreamQuery {
  const unknown = Object.keys(frame).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw invalidParameter(unknown, 'a subscription has no such key', 'unknown_key');
  const { fields, filter, operations } = frame;
  return {
    ...(operations !== undefined && { events: eventsOf(operations, 'operations') }),
    ...(fields !== undefined && { fields: listOf(fields) }),
    ...(filter !== undefined && { filter: typeof filter === 'string' ? filter : JSON.stringify(filter) }),
  };
}

function listOf(fields: unknown): string {
  const list = typeof fields === 'string' ? [fields] : fields;
  if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return list.join();
  throw invalidParameter('fields', 'send a list of names');
}

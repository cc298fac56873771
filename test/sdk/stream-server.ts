// A server of event streams under the hand of a test: each connection waits until the test takes it, and does what the test says.
import type { ServerResponse } from 'node:http';
import { type Answer, problem, type Seen, serve, type TestServer } from './server.ts';

/** What the server sends first. A short `retry:` keeps tests short; the waits that follow from it are the client's own. */
export const hello = (position?: string, retry = 20): string =>
  `retry: ${retry}\n: connected\n${position === undefined ? '' : `id: ${position}\n`}\n`;

/** A change as it stands on the wire. */
export function change(
  id: string,
  type: 'created' | 'updated' | 'deleted',
  record: object,
  old: object | null = null,
): string {
  const one = record as { id?: string };
  const data = {
    id,
    type,
    collection: 'posts',
    record_id: one.id ?? 'r1',
    timestamp: '2026-01-02T03:04:05.678901Z',
    old: type === 'created' ? null : old,
    new: type === 'deleted' ? null : record,
    changes: { added: [], updated: [], removed: [] },
  };
  return `id: ${id}\nevent: posts.${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** One connection: the request and what is answered to it. */
export class Connection {
  gone = false;

  constructor(
    readonly seen: Seen,
    readonly response: ServerResponse,
  ) {
    response.on('close', () => {
      this.gone = true;
    });
    // A client that went away is what many tests are about.
    response.on('error', () => {});
  }

  get lastEventId(): string | undefined {
    return this.seen.headers['last-event-id'] as string | undefined;
  }

  /** Accepts the stream and sends `text`. */
  open(text = hello()): this {
    this.response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    return this.send(text);
  }

  send(...texts: (string | Uint8Array)[]): this {
    for (const text of texts) this.response.write(text);
    return this;
  }

  /** Answers an error instead of a stream. */
  refuse(status: number, code: string, headers: Record<string, string> = {}): void {
    const { json } = problem(status, code) as { json: object };
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
  }

  /** Ends the stream with a reason. */
  end(code: string): void {
    const { json } = problem(0, code) as { json: object };
    this.response.end(`event: end\ndata: ${JSON.stringify(json)}\n\n`);
  }

  /** Ends the stream as a server that is stopped. */
  close(): void {
    this.response.end();
  }

  /** Cuts the connection. */
  drop(): void {
    this.response.destroy();
  }
}

export interface StreamServer extends TestServer {
  /** The next connection to a stream that no test has taken yet. */
  next(): Promise<Connection>;
  /** Connections that nobody took. */
  readonly untaken: readonly Connection[];
}

/** Starts one. @param elsewhere answers what is no stream */
export async function streamServer(
  elsewhere: (seen: Seen, nth: number) => Answer | Promise<Answer> = () => ({ json: {} }),
): Promise<StreamServer> {
  const untaken: Connection[] = [];
  const takers: ((connection: Connection) => void)[] = [];
  const server = await serve((seen, nth) => {
    if (!seen.path.endsWith('/stream')) return elsewhere(seen, nth);
    return (response) => {
      const connection = new Connection(seen, response);
      const taker = takers.shift();
      if (taker) taker(connection);
      else untaken.push(connection);
    };
  });
  const next = () =>
    new Promise<Connection>((resolve) => {
      const connection = untaken.shift();
      if (connection) resolve(connection);
      else takers.push(resolve);
    });
  return { ...server, next, untaken };
}

/** The next `count` of something that is iterated. */
export async function some<T>(iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const found: T[] = [];
  while (found.length < count) {
    const { value, done } = await iterator.next();
    if (done) throw new Error(`It ended after ${found.length}`);
    found.push(value);
  }
  return found;
}

/** Milliseconds that pass. */
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

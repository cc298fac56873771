// A stream over as many connections as it takes: connects, reads, and goes on behind the last event when a connection breaks.
import { attempt, pause } from './attempt.ts';
import { NetworkError, SnackBaseError, TimeoutError } from './errors.ts';
import type { LiveEvent, StreamStatus } from './events.ts';
import { isAfter } from './position.ts';
import { isFinal, reconnectDelay } from './reconnect.ts';
import { problemOf } from './reply.ts';
import { type Block, blocksOf } from './sse.ts';

/** Until a server has said `retry:`, in ms. */
const RETRY = 3000;
/** A connection that stood for this many times `retry` was a good one: failures count from none again. With 3 s, one heartbeat. */
const GOOD = 5;

/** Statuses of the codes with which a server ends a stream for good. With any other the answer to the next attempt decides. */
const ENDS: Readonly<Record<string, number>> = {
  UNAUTHORIZED: 401,
  TOKEN_EXPIRED: 401,
  INVALID_FIELDS: 400,
  INVALID_QUERY_PARAMS: 400,
  ACCOUNT_REQUIRED: 400,
  FORBIDDEN: 403,
  KEY_PERMISSION_DENIED: 403,
  RESOURCE_NOT_FOUND: 404,
  RESOURCE_DISABLED: 404,
};

export interface Following<R> {
  /** Opens a connection that begins behind an event. */
  readonly connect: (after: string | undefined, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  readonly since: string | undefined;
  /** Milliseconds without a byte; 0 for no limit. */
  readonly idleTimeout: number;
  /** Gets every event once, in order, and every place to resume from. */
  readonly push: (id: string, event: LiveEvent<R> | undefined, size: number) => void;
  /** Waits until more may be pushed: nothing is read meanwhile. */
  readonly room: () => Promise<void>;
  readonly tell: (status: StreamStatus) => void;
}

/** Follows a stream until `signal` ends it, whose reason it throws, or a refusal that will not change: a SnackBaseError. */
export async function follow<R>(following: Following<R>, signal: AbortSignal): Promise<never> {
  const { connect, idleTimeout, push, room, tell } = following;
  let position = following.since;
  let retry = RETRY;
  let failures = 0;
  let reached = false;
  let renewed = false;

  function take({ id = position, event = '', data = '' }: Block): void {
    if (event === 'end') {
      const problem = parsed(data);
      throw problemOf(ENDS[`${problem.code}`] ?? 503, problem, 'The server ended the stream');
    }
    const reset = event === 'reset';
    if (id === undefined || (!reset && !isAfter(id, position))) return;
    const change = /\.(created|updated|deleted)$/.test(event);
    const told = reset ? { type: event } : change ? parsed(data) : undefined;
    position = id;
    push(id, told && ({ ...told, id } as LiveEvent<R>), data.length);
  }

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const blocks = blocksOf((ms) => {
      retry = ms;
    });
    const silent = () =>
      new TimeoutError({ status: 0, code: 'TIMEOUT', message: `The stream was silent for ${idleTimeout} ms` });
    const broken = (cause: unknown) => {
      throw new NetworkError({ status: 0, code: 'NETWORK_ERROR', message: 'The stream broke off', cause });
    };
    try {
      tell({ state: 'open' });
      for (;;) {
        await room();
        const { done, value } = await attempt(signal, () => reader.read().catch(broken), idleTimeout, silent);
        if (done) return;
        for (const block of blocks(decoder.decode(value, { stream: true }))) take(block);
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  for (;;) {
    tell({ state: 'connecting', attempt: failures + 1 });
    let error: unknown;
    let opened: number | undefined;
    try {
      const body = await connect(position, signal);
      opened = Date.now();
      reached = true;
      await read(body);
    } catch (thrown) {
      error = thrown;
    }
    if (signal.aborted) throw signal.reason;
    const stood = opened === undefined ? -1 : Math.max(0, Date.now() - opened);
    if (stood >= GOOD * retry) failures = 0;
    if (stood >= retry) renewed = false;
    // A credential that is over in mid-stream: the next attempt brings a new one, or is itself refused.
    if (stood >= 0 && !renewed && error instanceof SnackBaseError && error.status === 401) {
      renewed = true;
      continue;
    }
    if (error !== undefined && isFinal(error, reached)) throw error;
    failures += 1;
    const retryIn = reconnectDelay(retry, failures, error);
    tell({ state: 'waiting', attempt: failures, error, retryIn });
    await pause(retryIn, signal);
  }
}

/** The data of an event. */
function parsed(data: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(data);
  } catch {
    throw problemOf(200, null, 'The stream sent an event without JSON');
  }
}

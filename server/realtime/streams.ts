// Server-sent events: the head of a stream, its heartbeat, its end, and a reader who does not read.
import type { Writable } from 'node:stream';
import type { Failure } from '../../contract/problems.ts';
import { Answer, type Ctx, Live } from '../context.ts';
import { type Position, positionText } from '../events/position.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import { Chunk, joined } from './formats.ts';
import type { Hub } from './hub.ts';
import type { Asked, Sink } from './subscription.ts';

const HEARTBEAT_MS = 15_000;
/** A reader that leaves more than this unread, in bytes, is cut off; it can go on from its last id. */
const UNREAD = 4 * 1_048_576;
const RETRY = 'retry: 3000\n: connected\n';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Proxies that gather replies would hold events back.
  'X-Accel-Buffering': 'no',
};

/** Gathers the texts of one turn and writes them at once. */
class StreamSink implements Sink {
  private waiting: Chunk[] = [];
  private out: Writable | null = null;

  /** Where to write from now on. */
  to(out: Writable): void {
    this.out = out;
  }

  push(chunk: Chunk): void {
    this.waiting.push(chunk);
  }

  flush(): void {
    const { out, waiting } = this;
    if (out === null || waiting.length === 0 || out.destroyed || out.writableEnded) return;
    this.waiting = [];
    if (out.writableLength > UNREAD) out.destroy();
    else out.write(joined(waiting).bytes);
  }

  drained(): Promise<void> {
    const { out } = this;
    if (out === null || !out.writableNeedDrain || out.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        out.off('drain', done).off('close', done);
        resolve();
      };
      out.once('drain', done).once('close', done);
    });
  }
}

/** What a stream is asked for. */
export interface StreamAsked {
  readonly ctx: Ctx;
  readonly parts: readonly Pick<Asked, 'collection' | 'query' | 'format'>[];
  readonly since: Position | null;
  /** How it says that a part of it is over, and why. */
  readonly end: (failure: Failure, collection: string) => string;
}

const noop = () => {};

const TRANSPORT = { transport: 'stream' } as const;

export function createStreams(hub: Hub, lifecycle: Pick<Lifecycle, 'fire'> = createLifecycle()) {
  const beats = new Set<() => void>();
  const open = new Set<Writable>();
  const beating = setInterval(() => {
    for (const beat of beats) beat();
  }, HEARTBEAT_MS);
  beating.unref();

  return {
    /** The reply of a stream. Throws as opening it does. */
    async open({ ctx, parts, since, end }: StreamAsked): Promise<Answer<Live>> {
      const sink = new StreamSink();
      let left = parts.length;
      let finish = noop;
      const asked = parts.map((part) => ({
        ...part,
        ctx,
        sink,
        ...TRANSPORT,
        onEnd(failure: Failure): void {
          left -= 1;
          sink.push(new Chunk(end(failure, part.collection)));
          sink.flush();
          if (left === 0) finish();
        },
      }));
      await lifecycle.fire('on_realtime_connect', TRANSPORT, { ctx });
      const gone = () => void lifecycle.fire('on_realtime_disconnect', TRANSPORT, { ctx });
      const opened = await hub.open(asked, since).catch((error) => {
        gone();
        throw error;
      });
      const close = () => {
        opened.close();
        gone();
      };
      const begin = (out: Writable) => {
        const beat = () => {
          const at = opened.position();
          sink.push(new Chunk(`: \n${at === null ? '' : idLine(at)}\n`));
          sink.flush();
        };
        out.on('error', noop);
        out.once('close', () => {
          beats.delete(beat);
          open.delete(out);
          close();
        });
        beats.add(beat);
        open.add(out);
        finish = () => void out.end();
        out.write(`${RETRY}${idLine(opened.from)}\n`);
        sink.to(out);
        sink.flush();
        if (left === 0) finish();
        else void opened.start();
      };
      return new Answer(new Live(begin, close), HEADERS);
    },

    /** Ends every stream without a reason, so that its reader comes again. */
    close(): void {
      clearInterval(beating);
      for (const out of open) out.end();
    },
  };
}

const idLine = (position: Position): string => `id: ${positionText(position)}\n`;

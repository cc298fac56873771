// Reads a WebSocket as a program without a library of ours would: frames in their order, and with which code it ended.
import { type ClientOptions, WebSocket } from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: a test reads the keys it expects
type Json = any;

export interface SocketReader {
  /** Everything that came. */
  readonly frames: readonly Json[];
  /** The other side, or an error, has ended it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Objects as JSON, texts as they are. */
  send(frame: unknown): void;
  /** Sends a frame and answers the next one that comes. */
  ask(frame: unknown): Promise<Json>;
  /** The first `count` frames; rejects after `ms`. */
  take(count: number, ms?: number): Promise<readonly Json[]>;
  /** The first `count` frames that are events of records; rejects after `ms`. */
  events(count: number, ms?: number): Promise<readonly Json[]>;
  /** Stops reading, and goes on. */
  pause(): void;
  resume(): void;
  close(): void;
}

const isEvent = ({ type }: Json): boolean => /\.(create|update|delete)$/.test(type);

/** Opens a WebSocket; one that is refused is closed at once. `url` may be that of the server over HTTP. */
export async function openSocket(url: string, options: ClientOptions = {}): Promise<SocketReader> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), options);
  const frames: Json[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)));
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: String(reason) });
      wake();
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve).once('error', reject);
  });
  socket.on('error', () => {});

  async function until(enough: () => readonly Json[] | null, ms: number): Promise<readonly Json[]> {
    const end = performance.now() + ms;
    for (;;) {
      const found = enough();
      if (found !== null) return found;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not enough frames came: ${JSON.stringify(frames).slice(0, 4000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
  const take = (count: number, ms = 10_000) => until(() => (frames.length < count ? null : frames.slice(0, count)), ms);
  const send = (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));

  return {
    frames,
    closed,
    send,
    take,
    async ask(frame) {
      const at = frames.length;
      send(frame);
      return (await take(at + 1))[at];
    },
    events: (count, ms = 10_000) =>
      until(() => {
        const found = frames.filter(isEvent);
        return found.length < count ? null : found.slice(0, count);
      }, ms),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.terminate(),
  };
}

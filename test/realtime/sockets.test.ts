// WebSockets without a server: what may happen to a connection or a subscription while it is being opened, and to one that is idle.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Failure } from '../../contract/problems.ts';
import type { Ctx, Socket } from '../../server/context.ts';
import { Chunk } from '../../server/realtime/formats.ts';
import type { Hub } from '../../server/realtime/hub.ts';
import { createSockets } from '../../server/realtime/sockets.ts';
import type { Asked } from '../../server/realtime/subscription.ts';

/** The other side of a connection, as the room is given it. */
function fake() {
  let hear = (_text: string): void => {};
  const goodbyes: (() => void)[] = [];
  const said: unknown[] = [];
  const socket = {
    unread: 0,
    reading: true,
    said,
    closedWith: null as number | null,
    cut: false,
    send: (text: string | Uint8Array) => void said.push(JSON.parse(Buffer.from(text).toString())),
    close(code: number) {
      socket.closedWith ??= code;
    },
    terminate() {
      socket.cut = true;
    },
    pause() {
      socket.reading = false;
    },
    resume() {
      socket.reading = true;
    },
    onMessage: (fn: (text: string) => void) => {
      hear = fn;
    },
    onClose: (fn: () => void) => void goodbyes.push(fn),
    /** From the client. */
    frame: (value: unknown) => hear(JSON.stringify(value)),
    leave: () => {
      for (const goodbye of goodbyes) goodbye();
    },
  };
  return socket satisfies Socket;
}
type Fake = ReturnType<typeof fake>;

let asked: Asked[];
let sockets: ReturnType<typeof createSockets>;
const serve = (hub: Partial<Hub>, ctx: Partial<Ctx> = {}): Fake => {
  sockets = createSockets(hub as Hub);
  const socket = fake();
  sockets.serve({ requestId: 'r', ...ctx } as Ctx, socket);
  return socket;
};
const opened = (close = () => {}) => ({
  from: { batch: 1, id: 1 },
  start: async () => {},
  position: () => ({ batch: 1, id: 1 }),
  close,
});

/** A hub that keeps what it is asked for. */
const accepting: Partial<Hub> = {
  open: async (all) => {
    asked.push(...all);
    return opened();
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
});
afterEach(() => {
  sockets.close();
  vi.useRealTimers();
});
const settled = () => vi.advanceTimersByTimeAsync(0);

it('a subscription that ends before it is acknowledged is not acknowledged', async () => {
  let closed = 0;
  const socket = serve({
    open: async ([one]: readonly Asked[]) => {
      (one as Asked).onEnd(new Failure('FORBIDDEN', { reason: 'x' }));
      return opened(() => {
        closed += 1;
      });
    },
  });
  socket.frame({ action: 'subscribe', collection: 'posts' });
  await settled();
  expect(socket.said).toEqual([expect.objectContaining({ type: 'error', code: 'FORBIDDEN', collection: 'posts' })]);
  expect(closed).toBe(1);
});

it('a client that leaves meanwhile leaves no subscription behind', async () => {
  let closed = 0;
  let open = (): void => {};
  const socket = serve({
    open: () =>
      new Promise<ReturnType<typeof opened>>((resolve) => {
        open = () =>
          resolve(
            opened(() => {
              closed += 1;
            }),
          );
      }),
  });
  socket.frame({ action: 'subscribe', collection: 'posts' });
  await settled();
  socket.leave();
  open();
  await settled();
  expect([closed, socket.said]).toEqual([1, []]);
});

it('whoever waits for a client to read goes on when it is gone, whatever it has left unread', async () => {
  const socket = serve(accepting);
  socket.frame({ action: 'subscribe', collection: 'posts' });
  await settled();
  const { sink } = asked[0] as Asked;
  let drained = false;
  socket.unread = 900_000;
  void sink.drained().then(() => {
    drained = true;
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(drained).toBe(false);
  socket.leave();
  await vi.advanceTimersByTimeAsync(1000);
  expect(drained).toBe(true);
});

it('pasts are sent one after the other, the next when the client has read and the one before has caught up', async () => {
  const started: string[] = [];
  const caughtUp = new Set<string>();
  const socket = serve({
    open: async ([one]: readonly Asked[]) => {
      const { collection } = one as Asked;
      return {
        // What is over has caught up too.
        ...opened(() => void caughtUp.add(collection)),
        start: async () => {
          started.push(collection);
          while (!caughtUp.has(collection)) await new Promise((resolve) => setTimeout(resolve, 5));
        },
      };
    },
  });
  for (const collection of ['a', 'b', 'c', 'd']) socket.frame({ action: 'subscribe', collection, since: '1-1' });
  socket.frame({ action: 'subscribe', collection: 'now' });
  await vi.advanceTimersByTimeAsync(1000);
  expect(started).toEqual(['a', 'now']);
  socket.unread = 900_000;
  caughtUp.add('a');
  await vi.advanceTimersByTimeAsync(1000);
  expect(started).toEqual(['a', 'now']);
  socket.unread = 0;
  await vi.advanceTimersByTimeAsync(1000);
  expect(started).toEqual(['a', 'now', 'b']);
  // What nobody wants any more is not waited for, and not begun.
  for (const collection of ['b', 'c']) socket.frame({ action: 'unsubscribe', collection });
  await vi.advanceTimersByTimeAsync(1000);
  expect(started).toEqual(['a', 'now', 'b', 'd']);
});

it('what is sent to a client who does not read ends the connection: events, answers and heartbeats', async () => {
  const say: ((socket: Fake) => unknown)[] = [
    (socket) => socket.frame({ action: 'ping' }),
    () => vi.advanceTimersByTimeAsync(30_000),
    () => {
      const { sink } = asked[0] as Asked;
      sink.push(new Chunk('{}'));
      sink.flush();
    },
  ];
  for (const speak of say) {
    asked = [];
    const socket = serve(accepting);
    socket.frame({ action: 'subscribe', collection: 'posts' });
    await settled();
    socket.unread = 1_048_577;
    await speak(socket);
    await settled();
    expect([socket.cut, socket.said.length]).toEqual([true, 1]);
    sockets.close();
  }
});

it('more frames than can be answered are not read', async () => {
  const answers: (() => void)[] = [];
  const socket = serve({
    open: () => new Promise<never>((_, reject) => void answers.push(() => reject(new Error('no database')))),
  });
  for (let i = 0; i < 15; i++) socket.frame({ action: 'subscribe', collection: `c${i}` });
  await settled();
  expect(socket.reading).toBe(true);
  socket.frame({ action: 'ping' });
  expect(socket.reading).toBe(false);
  for (let i = 0; i < 15; i++) {
    expect(socket.reading).toBe(false);
    answers.at(-1)?.();
    await settled();
  }
  expect(socket.said.at(-1)).toEqual({ type: 'pong' });
  expect(socket.reading).toBe(true);
});

it('an idle connection whose credential is over is closed at the next beat, one whose rights cannot be read is not', async () => {
  let over = new Failure('SERVICE_UNAVAILABLE');
  const socket = serve({}, { recheck: () => Promise.reject(over) });
  await vi.advanceTimersByTimeAsync(30_000);
  expect([socket.said, socket.closedWith]).toEqual([[expect.objectContaining({ type: 'heartbeat' })], null]);
  over = new Failure('TOKEN_EXPIRED');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(socket.closedWith).toBe(1008);
});

it('who is let in while the server ends is sent away like the others', () => {
  const socket = serve({});
  sockets.close();
  const late = fake();
  sockets.serve({ requestId: 'r' } as Ctx, late);
  expect([socket.closedWith, late.closedWith]).toEqual([1012, 1012]);
});

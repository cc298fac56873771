// The hub without a database: who catches up joins the live ones where they are, be they ahead of him or behind.
import { afterEach, expect, it } from 'vitest';
import type { Ctx } from '../../server/context.ts';
import type { Event } from '../../server/events/event.ts';
import type { Position } from '../../server/events/position.ts';
import type { Tail } from '../../server/events/tail.ts';
import { MESSAGES } from '../../server/realtime/formats.ts';
import { createHub } from '../../server/realtime/hub.ts';
import type { Sink } from '../../server/realtime/subscription.ts';
import type { Watch } from '../../server/records/service.ts';

const at = (batch: number): Position => ({ batch, id: batch });
const watch = {
  def: { id: 'c', app: 'main', name: 'posts', qualifiedName: 'main.posts', revision: 1 },
  accountId: null,
  key: 'all',
  see: () => ({ type: 'created', old: null, new: '{}', changes: { added: [], updated: [], removed: [] } }),
} as unknown as Watch;

/** A log of one event a batch, whose readers can be held up: a page is what the log held when it was asked for. */
function logOf(count: number) {
  let length = count;
  let more = () => {};
  const held = { live: Promise.resolve(), catchingUp: Promise.resolve() };
  const tail: Partial<Tail> = {
    end: async () => at(length),
    onMore(fn) {
      more = fn;
      return () => {};
    },
    async read({ batch }, limit) {
      const events = Array.from({ length: length - batch }, (_, i) => ({
        position: at(batch + i + 1),
        accountId: 'A',
        collectionId: 'c',
      }));
      const page = { events: events as unknown as Event[], reached: at(length), more: false };
      await (limit < 1000 ? held.catchingUp : held.live);
      return page;
    },
  };
  return {
    tail: tail as Tail,
    held,
    write(events: number): void {
      length += events;
      more();
    },
  };
}

/** Keeps the batches of the events that come. */
function reader() {
  const got: number[] = [];
  const sink: Sink = {
    push: ({ text }) => void got.push(Number(/^id: (\d+)/.exec(text)?.[1])),
    flush: () => {},
    drained: async () => {},
  };
  const ctx = { caller: null, requestId: 'r' } as unknown as Ctx;
  return {
    got,
    asked: [
      { ctx, collection: 'posts', query: {}, format: MESSAGES, sink, transport: 'stream' as const, onEnd: () => {} },
    ],
  };
}

let hub: ReturnType<typeof createHub> | null = null;
afterEach(() => hub?.close());
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

it.each(['catchingUp', 'live'] as const)(
  'nothing is lost or told twice when reading is slow of who is %s',
  async (slow) => {
    const log = logOf(5);
    hub = createHub({ tail: log.tail, watch: async () => watch, rules: () => '' });
    const [steady, late] = [reader(), reader()];
    (await hub.open(steady.asked, null)).start();
    await settled();
    let release = () => {};
    log.held[slow] = new Promise((resolve) => {
      release = resolve;
    });
    if (slow === 'live') log.write(2);
    (await hub.open(late.asked, at(2))).start();
    await settled();
    if (slow === 'catchingUp') log.write(2);
    await settled();
    expect([steady.got, late.got]).toEqual(slow === 'live' ? [[], [3, 4, 5, 6, 7]] : [[6, 7], []]);
    release();
    await settled();
    log.write(1);
    await settled();
    expect([steady.got, late.got]).toEqual([
      [6, 7, 8],
      [3, 4, 5, 6, 7, 8],
    ]);
  },
);

// Those who wait for notifications: told when what they are shown has changed, and let go when their credential is over.
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { MOST_LISTENERS } from '../../contract/mcp.ts';
import { Failure } from '../../contract/problems.ts';
import { Answer, type Ctx, Live } from '../context.ts';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';

/** What a caller is shown, as texts that change with it. */
export interface State {
  readonly tools: string;
  readonly resources: string;
}

export interface ListenersOptions {
  readonly stateOf: (ctx: Ctx) => State;
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
  readonly log?: Logger | undefined;
  readonly clock?: () => Date;
  /** Milliseconds in which a reader is to take the end of his stream. */
  readonly partingMs?: number;
}

interface Listener {
  readonly ctx: Ctx;
  readonly out: Writable;
  state: State;
  doubtful: boolean;
  checkedAt: number;
}

const TICK_MS = 250;
const HEARTBEAT_MS = 15_000;
/** A change that nobody told us of is noticed after this long. */
const RECHECK_MS = 30_000;
/** After a fault of the server's own he is asked again. */
const RETRY_MS = 1000;
/** A reader that leaves more than this unread, in bytes, is cut off. */
const UNREAD = 65_536;
/** A reader that does not take the end of his stream is cut off after this long. */
const PARTING_MS = 5000;
/** From this version on clients know an event that only brings its id. */
const PRIMED = '2025-11-25';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

export function createListeners({
  stateOf,
  rules,
  log,
  clock = () => new Date(),
  partingMs = PARTING_MS,
}: ListenersOptions) {
  const open = new Set<Listener>();
  let known = rules();
  let closed = false;

  function doubt(concerns: (ctx: Ctx) => boolean = () => true): void {
    for (const one of open) if (concerns(one.ctx)) one.doubtful = true;
  }

  /** Asks anew who he is and what he is shown. */
  async function review(one: Listener): Promise<void> {
    one.doubtful = false;
    try {
      if (endOf(one.ctx) <= clock().getTime()) throw new Failure('TOKEN_EXPIRED');
      await one.ctx.recheck?.();
      one.checkedAt = performance.now();
      if (open.has(one)) tell(one);
    } catch (error) {
      if (error instanceof Failure) {
        open.delete(one);
        return part(one);
      }
      one.checkedAt = performance.now() - RECHECK_MS + RETRY_MS;
      log?.warn({ err: error }, 'mcp: the rights of a listener could not be read; trying again.');
    }
  }
  const pass = createPass(async () => {
    for (const one of open) {
      if (!one.doubtful) continue;
      await review(one);
      // Many listeners must not keep all requests waiting.
      await setImmediate();
    }
  });

  const ticking = setInterval(() => {
    if (open.size === 0) return;
    const now = rules();
    if (now !== known) doubt();
    known = now;
    const [time, at] = [clock().getTime(), performance.now()];
    for (const one of open) if (endOf(one.ctx) <= time || at - one.checkedAt > RECHECK_MS) one.doubtful = true;
    if (!pass.running) void pass();
  }, TICK_MS);
  ticking.unref();
  const beating = setInterval(() => {
    for (const { out } of open) write(out, ': \n\n');
  }, HEARTBEAT_MS);
  beating.unref();

  /** The end of a stream. */
  function part({ out }: Listener): void {
    out.end();
    const cut = setTimeout(() => out.destroy(), partingMs);
    cut.unref();
    out.once('close', () => clearTimeout(cut));
  }

  /** Whether a person has as many streams as he may have, whatever his keys. */
  function hasEnough({ caller }: Ctx): boolean {
    let count = 0;
    for (const { ctx } of open) if (ctx.caller?.userId === caller?.userId) count += 1;
    return count >= MOST_LISTENERS;
  }

  return {
    /** Whoever it concerns may be shown something else now. */
    doubt,

    /** The stream of one listener. A client that comes again says what it was shown last. Throws LIMIT_REACHED. */
    open(ctx: Ctx): Answer<Live> {
      const parts = { limit: MOST_LISTENERS, what: 'streams of yours', hint: 'close one first' };
      if (hasEnough(ctx)) throw new Failure('LIMIT_REACHED', parts);
      const begin = (out: Writable) => {
        // Of several that come at once each was let in before the others were there.
        if (closed || hasEnough(ctx)) return void out.end();
        const one: Listener = { ctx, out, state: stateOf(ctx), doubtful: false, checkedAt: performance.now() };
        out.on('error', () => {});
        out.once('close', () => open.delete(one));
        open.add(one);
        const primed = (ctx.protocolVersion ?? '') >= PRIMED ? `id: ${idOf(one.state)}\ndata: \n\n` : '';
        out.write(`retry: 3000\n: connected\n\n${primed}`);
        const [tools, resources] = ctx.lastEventId?.split('.') ?? [];
        if (tools !== undefined) {
          const now = one.state;
          one.state = { tools, resources: resources ?? '' };
          tell(one, now);
        }
      };
      return new Answer(new Live(begin, () => {}), HEADERS);
    },

    get size(): number {
      return open.size;
    },

    close(): void {
      closed = true;
      clearInterval(ticking);
      clearInterval(beating);
      for (const one of open) part(one);
    },
  };

  function tell(one: Listener, now = stateOf(one.ctx)): void {
    const before = one.state;
    one.state = now;
    for (const list of ['tools', 'resources'] as const) {
      if (before[list] === now[list]) continue;
      const message = { jsonrpc: '2.0', method: `notifications/${list}/list_changed` };
      write(one.out, `id: ${idOf(now)}\ndata: ${JSON.stringify(message)}\n\n`);
    }
  }
}

const idOf = ({ tools, resources }: State): string => `${tools}.${resources}`;
const endOf = ({ tokenEndsAt = Number.POSITIVE_INFINITY, caller }: Ctx): number =>
  Math.min(tokenEndsAt, caller?.endsAt ?? Number.POSITIVE_INFINITY);

function write(out: Writable, text: string): void {
  if (out.destroyed || out.writableEnded) return;
  if (out.writableLength > UNREAD) out.destroy();
  else out.write(text);
}

// The hub: reads the log once for all live subscriptions of this process, lets those that were away catch up, and ends what is over.
import { Failure, invalidParameter } from '../../contract/problems.ts';
import type { Caller } from '../context.ts';
import type { Logger } from '../db/log.ts';
import { comparePositions, type Position } from '../events/position.ts';
import type { Tail } from '../events/tail.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import { createPass } from '../pass.ts';
import type { Records } from '../records/service.ts';
import { Chunk } from './formats.ts';
import { chunkOf, Groups, type OnFault } from './groups.ts';
import { createPast } from './past.ts';
import { type Asked, type Sink, Subscription } from './subscription.ts';

export interface HubOptions {
  readonly tail: Tail;
  readonly watch: Records['watch'];
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
  readonly log?: Logger | undefined;
  readonly lifecycle?: Pick<Lifecycle, 'fire'>;
  readonly clock?: () => Date;
}

export type Hub = ReturnType<typeof createHub>;

/** Events at a time, for all live subscriptions. */
const PAGE = 1000;
const TICK_MS = 1000;
/** A change that nobody told us of ends what it has to end after this long. */
const RECHECK_MS = 30_000;

/** What hooks are told of a subscription. */
const told = ({ asked: { transport, ctx }, watch: { def, accountId } }: Subscription) =>
  [
    { transport, collection: def.qualifiedName },
    { ctx, accountId },
  ] as const;

export function createHub(options: HubOptions) {
  const { tail, watch, rules, log, lifecycle = createLifecycle(), clock = () => new Date() } = options;
  const all = new Set<Subscription>();
  const onFault: OnFault = (err, { position: at, collection }) => {
    if (!(err as { expected?: boolean }).expected) log?.error({ err, at, collection }, 'An event could not be told.');
  };
  const groups = new Groups(onFault);
  const readPast = createPast(tail);
  /** Everything up to here was handed to the live ones; null while there are none. */
  let position: Position | null = null;
  let beginning: Promise<Position> | null = null;
  let closed = false;
  let known = rules();
  let epoch = 0;

  const send = (subscription: Subscription, text: string): void => {
    const { sink } = subscription.asked;
    sink.push(new Chunk(text));
    sink.flush();
  };

  function leave(subscription: Subscription): void {
    subscription.closed = true;
    if (subscription.announced) void lifecycle.fire('on_realtime_unsubscribe', ...told(subscription));
    subscription.announced = false;
    all.delete(subscription);
    groups.remove(subscription);
    if (all.size === 0) position = null;
  }

  function end(subscription: Subscription, error: unknown): void {
    if (subscription.closed) return;
    leave(subscription);
    if (!(error instanceof Failure))
      log?.warn({ err: error }, 'A stream ended, because its rights or its past could not be read.');
    subscription.asked.onEnd(error instanceof Failure ? error : new Failure('SERVICE_UNAVAILABLE'));
  }

  /** Asks anew who he is and what he sees. */
  const recheck = (subscription: Subscription): Promise<void> =>
    subscription.ask(async () => {
      const { ctx, collection, query } = subscription.asked;
      try {
        if (subscription.endsAt <= clock().getTime()) throw new Failure('TOKEN_EXPIRED');
        await ctx.recheck?.();
        const fresh = await watch(ctx, collection, query);
        if (subscription.closed) return;
        groups.remove(subscription);
        subscription.watch = fresh;
        if (subscription.live) groups.add(subscription, epoch);
      } catch (error) {
        end(subscription, error);
      }
    });

  /** Whose rights are in doubt. Nothing is handed over unless this answers nobody, asked without a pause before it. */
  function doubtful(which: Iterable<Subscription>): Subscription[] {
    const now = rules();
    if (now !== known) {
      known = now;
      epoch += 1;
      for (const subscription of all) subscription.doubt();
    }
    const time = clock().getTime();
    const found: Subscription[] = [];
    for (const subscription of which) {
      if (subscription.endsAt <= time) subscription.doubt();
      if (subscription.doubtful) found.push(subscription);
    }
    return found;
  }

  /** Nobody who loses his rights waits for the next event to learn of it. */
  function settle(): void {
    for (const subscription of doubtful(all)) void recheck(subscription);
  }

  async function drain(): Promise<void> {
    while (position !== null && !closed) {
      if (all.size === 0) {
        position = null;
        return;
      }
      const from: Position = position;
      const page = await tail.read(from, PAGE);
      if (page === null) {
        // The log went on without us: whoever is live learns that events are missing.
        position = await tail.end();
        for (const one of all) if (one.live) send(one, one.asked.format.reset(one.watch, position));
        continue;
      }
      if (page.events.length > 0)
        for (let asked = doubtful(all); asked.length > 0; asked = doubtful(all)) await Promise.all(asked.map(recheck));
      // Whoever was the last may have left meanwhile, and another begun.
      if (position !== from) continue;
      const touched = new Set<Sink>();
      for (const event of page.events) groups.deliver(event, touched);
      for (const sink of touched) sink.flush();
      position = page.reached;
      if (!page.more) return;
    }
  }

  const pass = createPass(() =>
    drain().catch((error) => {
      if (!closed) log?.warn({ err: error }, 'Events could not be read; trying again.');
    }),
  );

  function pump(): void {
    if (position !== null && !closed) void pass();
  }

  function begun(): Promise<Position> {
    if (position !== null) return Promise.resolve(position);
    beginning ??= tail
      .end()
      .then((at) => {
        position ??= at;
        return position;
      })
      .finally(() => {
        beginning = null;
      });
    return beginning;
  }

  function join(subscription: Subscription, after: Position | null): void {
    subscription.after = after;
    subscription.live = true;
    groups.add(subscription, epoch);
  }

  /** Subscriptions of one stream catch up together: what is sent stands in one order, and the last id speaks for all. */
  async function catchUp(subscriptions: readonly Subscription[], since: Position): Promise<void> {
    const [
      {
        asked: { sink },
      },
    ] = subscriptions as [Subscription];
    const open = () => subscriptions.filter((one) => !one.closed);
    const missed = new Set<Subscription>();
    for (let at = since; open().length > 0 && !closed; ) {
      const page = await readPast(at);
      for (let asked = doubtful(open()); asked.length > 0; asked = doubtful(open()))
        await Promise.all(asked.map(recheck));
      if (page === null) {
        for (const one of open()) {
          join(one, null);
          send(one, one.asked.format.reset(one.watch, position as Position));
        }
        return;
      }
      for (const event of page.events)
        for (const one of open()) {
          if (event.collectionId !== one.watch.def.id) continue;
          if (one.watch.accountId !== null && one.watch.accountId !== event.accountId) continue;
          const chunk = chunkOf(one, event, onFault);
          // That something is missing is said once of what lies side by side.
          if (chunk !== null && !(chunk.missing && missed.has(one))) sink.push(chunk);
          if (chunk?.missing) missed.add(one);
          else if (chunk !== null) missed.delete(one);
        }
      sink.flush();
      at = page.reached;
      // The live ones may be behind or ahead of what was read here.
      if (!page.more && position !== null && comparePositions(at, position) >= 0)
        return open().forEach((one) => {
          join(one, at);
        });
      await sink.drained();
    }
  }

  const tick = setInterval(() => {
    const old = performance.now() - RECHECK_MS;
    for (const subscription of all) if (subscription.checkedAt < old) subscription.doubt();
    settle();
  }, TICK_MS);
  tick.unref();
  const stop = tail.onMore(pump);

  return {
    /**
     * Decides and prepares one stream of one or more subscriptions, which go on behind `since` or, with null, from now; `start`
     * begins to hand over. Throws what listing each collection throws, INVALID_FIELDS and INVALID_QUERY_PARAMS.
     */
    async open(asked: readonly Asked[], since: Position | null) {
      if (closed) throw new Failure('SERVICE_UNAVAILABLE');
      const own: Subscription[] = [];
      const close = () => {
        for (const one of own) leave(one);
      };
      try {
        for (const one of asked) {
          const subscription = new Subscription(one, await watch(one.ctx, one.collection, one.query));
          if (own.some(({ watch: { def } }) => def.id === subscription.watch.def.id))
            throw invalidParameter('collections', `${one.collection} stands twice: send it once`);
          // What was decided before anyone could tell it of a change is asked again.
          subscription.doubt();
          own.push(subscription);
          await lifecycle.fire('on_realtime_subscribe', ...told(subscription));
          subscription.announced = true;
          all.add(subscription);
        }
        const from = since ?? (await begun());
        return {
          from,
          /** Resolves when it has caught up, or is over. */
          start: (): Promise<void> => {
            const open = own.filter((one) => !one.closed);
            if (since === null && position !== null && comparePositions(position, from) === 0) {
              for (const one of open) join(one, null);
              pump();
              return Promise.resolve();
            }
            return begun()
              .then(() => {
                pump();
                return open.length === 0 ? undefined : catchUp(open, from);
              })
              .catch((error) => {
                for (const one of open) end(one, error);
              });
          },
          /** How far all of it has come; null while it catches up. */
          position: (): Position | null => {
            const [one] = own.filter(({ closed: left }) => !left);
            if (!one?.live || position === null) return null;
            return one.after !== null && comparePositions(one.after, position) > 0 ? one.after : position;
          },
          close,
        };
      } catch (error) {
        close();
        throw error;
      }
    },

    /** Whoever this concerns is asked for his rights again before he gets anything. */
    review(concerns: (caller: Caller | null, collection: string) => boolean): void {
      for (const one of all) if (concerns(one.asked.ctx.caller, one.watch.def.qualifiedName)) one.doubt();
      settle();
    },

    get size(): number {
      return all.size;
    },

    async close(): Promise<void> {
      closed = true;
      clearInterval(tick);
      stop();
      for (const subscription of [...all]) leave(subscription);
      await pass.idle();
    },
  };
}

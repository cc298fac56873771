// Live: the streams of records, of one collection or several, as server-sent events or over a WebSocket.
import { Failure } from '../../contract/problems.ts';
import type { StreamQuery } from '../../contract/realtime.ts';
import { type Answer, type Caller, type Ctx, type Live, requireCaller } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Tail } from '../events/tail.ts';
import type { Lifecycle } from '../lifecycle/service.ts';
import type { Records } from '../records/service.ts';
import { MESSAGES, NAMED } from './formats.ts';
import { createHub } from './hub.ts';
import { collectionsOf, resumedFrom } from './requests.ts';
import { createSockets } from './sockets.ts';
import { createStreams } from './streams.ts';
import { createTickets } from './tickets.ts';

export interface RealtimeOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly watch: Records['watch'];
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
  /** Calls back after every change of who somebody is, and of a collection. */
  readonly onCallers: (fn: (concerns: (caller: Caller) => boolean) => void) => void;
  readonly onCollections: (fn: (qualifiedName: string) => void) => void;
  readonly encryptionKey: string;
  readonly lifecycle: Pick<Lifecycle, 'fire'>;
  readonly log?: Logger;
}

interface SubscribeQuery {
  readonly collections?: readonly string[] | undefined;
  readonly collection?: readonly string[] | undefined;
  readonly last_event_id?: string | undefined;
}

export type Realtime = ReturnType<typeof createRealtime>;

export function createRealtime(options: RealtimeOptions) {
  const { db, tail, watch, rules, encryptionKey, lifecycle, log } = options;
  const hub = createHub({ tail, watch, rules, lifecycle, log });
  const streams = createStreams(hub, lifecycle);
  const sockets = createSockets(hub, lifecycle);
  const tickets = createTickets({ db, encryptionKey });
  options.onCallers((concerns) => hub.review((caller) => caller !== null && concerns(caller)));
  options.onCollections((name) => hub.review((_caller, collection) => collection === name));

  return {
    ticket: tickets.issue,
    redeem: tickets.redeem,

    /** The stream of one collection. */
    stream: (ctx: Ctx, collection: string, query: StreamQuery): Promise<Answer<Live>> =>
      streams.open({
        ctx,
        parts: [{ collection, query, format: NAMED }],
        since: resumedFrom(ctx.lastEventId, query.last_event_id),
        end: (failure) => `event: end\ndata: ${JSON.stringify(failure.body(ctx.requestId))}\n\n`,
      }),

    /** One stream over several. */
    subscribe: (
      ctx: Ctx,
      { collections = [], collection = [], last_event_id }: SubscribeQuery,
    ): Promise<Answer<Live>> =>
      streams.open({
        ctx,
        parts: collectionsOf([...collections, ...collection]).map((part) => ({ ...part, format: MESSAGES })),
        since: resumedFrom(ctx.lastEventId, last_event_id),
        end: (failure, collection) => {
          const { message: error, code } = failure.body(ctx.requestId);
          return `data: ${JSON.stringify({ type: 'error', error, code, collection })}\n\n`;
        },
      }),

    /** What a request that is no WebSocket gets. */
    refuse: (ctx: Ctx): never => {
      requireCaller(ctx);
      throw new Failure('UPGRADE_REQUIRED');
    },

    serve: sockets.serve,

    /** How many subscriptions this process has. */
    get size(): number {
      return hub.size;
    },

    async close(): Promise<void> {
      streams.close();
      sockets.close();
      await hub.close();
    },
  };
}

// Records with live events: subscriptions to the changes of a collection, and lists that follow them.
import type { ChangeType, LiveEvent, StreamOptions, SubscribeOptions } from './events.ts';
import { filterParams } from './filter.ts';
import { LiveList, type LiveOptions } from './live-list.ts';
import { Order } from './order.ts';
import { Records } from './records.ts';
import { records as routes } from './routes.gen.ts';
import type { CollectionName, Expanded, ExpandName, ListOptions, RecordOf } from './schema.ts';
import { type Row, Slice } from './slice.ts';
import { Subscription } from './subscription.ts';
import type { Send } from './transport.ts';

/** How many records a live list holds unless it says otherwise. */
const LIMIT = 1000;
/** The most that one page holds. */
const PAGE = 100;

/** The records service of a client with live events. */
export class LiveRecords<Schema> extends Records<Schema> {
  readonly #send: Send;

  constructor(send: Send) {
    super(send);
    this.#send = send;
  }

  /**
   * The changes of a collection from now on, or from `since` on: `for await (const event of sb.records.subscribe('posts'))`, or with a
   * callback. It connects at once and again whenever the connection breaks, behind the last event; a credential that is over is renewed.
   * A callback that answers a promise gets the next event when that has resolved; what it throws ends the subscription.
   * Nothing is thrown here: what is refused for good (a wrong name or filter, 400, 401, 403, 404) ends the subscription with the
   * SnackBaseError that the server's answer asks for.
   */
  subscribe<
    T = never,
    C extends CollectionName<Schema> = CollectionName<Schema>,
    const K extends ChangeType = ChangeType,
  >(
    collection: C,
    options: SubscribeOptions<RecordOf<Schema, C, T>, K> = {},
    onEvent?: (event: LiveEvent<RecordOf<Schema, C, T>, K>) => unknown,
  ): Subscription<RecordOf<Schema, C, T>, K> {
    const { events, fields, filter, timeout } = options;
    const connect = async (after: string | undefined, signal: AbortSignal) => {
      const query = { events, fields, ...filterParams(filter) };
      const resume = after === undefined ? {} : { 'last-event-id': after };
      const headers = { ...options.headers, accept: 'text/event-stream', ...resume };
      const call = { signal, timeout, headers, retries: 0 };
      return (await this.#send<ReadableStream<Uint8Array>>(routes.stream, { params: { collection }, query }, call))
        .data;
    };
    return new Subscription(connect, options, onEvent);
  }

  /**
   * A list that stays right while it is open: `const list = sb.records.live('posts', { sort: '-rank', onChange: show })`. It subscribes,
   * reads the records by pages, and applies every change in its place. It reads them again, gathered over 100 ms, after a reset, when a
   * full list has lost a record or one may belong behind its end, when the place of a text depends on the language that the database
   * sorts by, and with `expand` for every change. Not noticed are changes of rules and roles, and of records that are expanded.
   */
  live<
    T = never,
    C extends CollectionName<Schema> = CollectionName<Schema>,
    const E extends ExpandName<Schema, C> = ExpandName<Schema, C>,
  >(
    collection: C,
    options: LiveOptions<RecordOf<Schema, C, T>, E> = {},
  ): LiveList<Expanded<Schema, C, RecordOf<Schema, C, T>, E>> {
    const { filter, sort, expand, headers, timeout, limit = LIMIT } = options;
    const order = new Order(sort);
    const needed = order.keys.map((key) => key.field);
    const fields =
      options.fields && [...new Set([...String(options.fields).split(','), ...needed, 'updated_at'])].join();
    const list = { filter, sort, expand, fields, limit: Math.min(limit, PAGE), count: false } as ListOptions<never>;
    const source = {
      subscribe: (own: StreamOptions, onEvent: (event: LiveEvent<Row>) => void) =>
        this.subscribe(
          collection,
          { ...own, filter, fields } as object,
          onEvent as never,
        ) as unknown as Subscription<Row>,
      pages: (signal: AbortSignal) => this.pages(collection, list as object, { signal, headers, timeout }) as never,
    };
    return new LiveList(source, new Slice(order, limit, expand !== undefined), { ...options, limit } as never);
  }
}

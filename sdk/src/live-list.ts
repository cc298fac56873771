// A list that stays right: read once, then kept by the events of a subscription, and read again where these do not say enough.
import { pause } from './attempt.ts';
import type { LiveEvent, RecordEvent, StreamOptions, StreamStatus } from './events.ts';
import { Life, tellEnd } from './life.ts';
import { isFinal, reconnectDelay } from './reconnect.ts';
import type { FieldName, Filter, Page, SortKey } from './schema.ts';
import type { Row, Slice } from './slice.ts';
import type { Subscription } from './subscription.ts';

/** How long reasons to read again are gathered before it is done, in ms. */
const GATHER = 100;
/** What waits between attempts to read grow from, in ms. */
const RETRY = 1000;

/** Options of `records.live`. `timeout` is for each request; aborting `signal` ends the list with its reason. */
export interface LiveOptions<R, E extends string = string> extends StreamOptions {
  /** Which records, as in `list`. */
  readonly filter?: string | Filter<R> | undefined;
  /** Their order, as in `list`; newest first without one. */
  readonly sort?: string | readonly SortKey<R>[] | undefined;
  /** At most so many records, the first in that order; default 1000. */
  readonly limit?: number | undefined;
  /** Only these fields; `id`, `updated_at` and those of `sort` come along. */
  readonly fields?: string | readonly FieldName<R>[] | undefined;
  /** References to show as records. The list is then read again for every change, and not for changes of those records. */
  readonly expand?: E | readonly E[] | undefined;
  /** Called with the items after they were read and after every change. */
  readonly onChange?: ((items: readonly R[]) => void) | undefined;
}

/** What a live list needs of the records service. */
export interface LiveSource {
  subscribe(options: StreamOptions, onEvent: (event: LiveEvent<Row>) => void): Subscription<Row>;
  pages(signal: AbortSignal): AsyncIterable<Pick<Page<Row>, 'items' | 'next_cursor'>>;
}

/**
 * The records of a query, kept up to date until `close()`. `items` is another array after every change, so that it can be compared by
 * identity. A loop over the list gives the items as they are, then again after changes; what changes while the loop is busy is given at
 * once. It throws, and `closed` rejects with, what ends the list for good.
 */
export class LiveList<R> implements AsyncIterable<readonly R[]> {
  readonly #life: Life;
  readonly #source: LiveSource;
  readonly #slice: Slice;
  readonly #limit: number;
  readonly #onChange: ((items: readonly R[]) => void) | undefined;
  #subscription: Subscription<Row> | undefined;
  #items: readonly R[] = [];
  /** The latest event of each record since a read began, to be applied to what it finds. */
  #since: Map<string, RecordEvent<Row>> | undefined = new Map();
  #ready = false;
  #busy = false;
  #again = false;
  #telling = false;

  /** @internal */
  constructor(source: LiveSource, slice: Slice, options: LiveOptions<R> & { readonly limit: number }) {
    this.#source = source;
    this.#slice = slice;
    this.#limit = options.limit;
    this.#onChange = options.onChange;
    const { headers, timeout, idleTimeout, onStatus, onError } = options;
    const start = () => {
      const tell = (status: StreamStatus) => status.state !== 'closed' && onStatus?.(status);
      const own = { headers, timeout, idleTimeout, onStatus: tell };
      this.#subscription = source.subscribe(own, (event) => this.#take(event));
      this.#subscription.opened.then(
        () => this.#reread(),
        () => {},
      );
      this.#subscription.closed.catch((error) => this.#life.end({ error, aborted: false }));
    };
    this.#life = new Life(options.signal, start, (failure) => {
      this.#subscription?.close();
      tellEnd(
        () => onStatus?.(this.status),
        () => failure && !failure.aborted && onError?.(failure.error),
      );
    });
  }

  /** The records now; empty before `ready`. */
  get items(): readonly R[] {
    return this.#items;
  }

  /** Resolves when the list has been read. Rejects when that is refused for good. */
  get ready(): Promise<void> {
    return this.#life.begun;
  }

  /** Resolves after `close()`; rejects with what else ended the list. Need not be looked at. */
  get closed(): Promise<void> {
    return this.#life.closed;
  }

  /** Where its connection stands. */
  get status(): StreamStatus {
    if (this.#life.over) return { state: 'closed', error: this.#life.failure?.error };
    return this.#subscription?.status ?? { state: 'connecting', attempt: 1 };
  }

  /** Ends it: `items` stay as they are. Again is nothing. */
  close(): void {
    this.#life.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly R[]> {
    let given: readonly R[] | undefined;
    return {
      next: async () => {
        while (!this.#life.over && (!this.#ready || given === this.#items)) await this.#life.next;
        if (this.#life.over) return this.#life.finished();
        given = this.#items;
        return { done: false, value: given };
      },
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  #take(event: LiveEvent<Row>): void {
    if (event.type === 'reset') this.#reread();
    else {
      this.#since?.delete(event.record_id);
      this.#since?.set(event.record_id, event);
      // While a read is under way it will show what is missing, or the event is applied to it and asks again.
      if (this.#ready && this.#slice.apply(event) && !this.#since) this.#reread();
      this.#show();
    }
  }

  /** Tells of a change once all events that came together are applied. */
  #show(): void {
    if (this.#telling || !this.#ready) return;
    this.#telling = true;
    Promise.resolve().then(() => {
      this.#telling = false;
      this.#tell();
    });
  }

  #tell(): void {
    const items = this.#slice.items as readonly unknown[] as readonly R[];
    if (this.#life.over || this.#items === items) return;
    this.#items = items;
    this.#life.ring();
    try {
      this.#onChange?.(items);
    } catch (error) {
      this.#life.end({ error, aborted: false });
    }
  }

  #reread(): void {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    this.#readAll().catch((error) => this.#life.end({ error, aborted: false }));
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      if (this.#ready) await pause(GATHER, this.#life.signal);
      this.#again = false;
      const events = this.#ready ? new Map<string, RecordEvent<Row>>() : (this.#since ?? new Map());
      this.#since = events;
      await this.#read();
      this.#since = undefined;
      for (const event of events.values()) if (this.#slice.apply(event)) this.#again = true;
      this.#ready = true;
      this.#life.begin();
      this.#tell();
    }
    // Here and not in a promise's callback: whoever asks from now on must begin anew.
    this.#busy = false;
  }

  /** Reads the list into the slice; a fault that may pass is waited for. */
  async #read(): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        const rows: Row[] = [];
        for await (const { items, next_cursor } of this.#source.pages(this.#life.signal)) {
          rows.push(...items);
          if (rows.length >= this.#limit) return this.#slice.fill(rows, next_cursor !== null);
        }
        return this.#slice.fill(rows, false);
      } catch (error) {
        if (this.#life.over || isFinal(error, true)) throw error;
        await pause(reconnectDelay(RETRY, failures, error), this.#life.signal);
      }
    }
  }
}

// A subscription as its reader sees it: events in order, one by one, held for a slow reader up to a bound, over broken connections.
import type { ChangeType, LiveEvent, StreamOptions, StreamStatus } from './events.ts';
import { type Following, follow } from './follow.ts';
import { Life, tellEnd } from './life.ts';

/** While events of more characters than this wait for their reader, nothing is read from the network. */
const HELD = 262_144;
/** What an event weighs besides its text. */
const WEIGHT = 256;

interface Held<E> {
  readonly event: E;
  readonly size: number;
  /** The place behind it. */
  id: string;
}

/**
 * A live subscription: `for await (const event of subscription)`, once; leaving the loop closes it. Made anew when its connection breaks;
 * after a break it goes on behind the last event, so that none is lost and none comes twice. A loop throws, and `closed` rejects with,
 * what ends it for good: a SnackBaseError that says what the server refused, or the reason of an aborted signal.
 */
export class Subscription<R, K extends ChangeType = ChangeType> implements AsyncIterable<LiveEvent<R, K>> {
  readonly #life: Life;
  readonly #held: Held<LiveEvent<R, K>>[] = [];
  readonly #calls: boolean;
  #size = 0;
  #read: boolean;
  #last: string | undefined;
  #status: StreamStatus = { state: 'connecting', attempt: 1 };
  #failed: { readonly error: unknown } | undefined;

  /** @internal */
  constructor(
    connect: Following<R>['connect'],
    options: StreamOptions & { readonly since?: string | undefined },
    onEvent?: (event: LiveEvent<R, K>) => unknown,
  ) {
    this.#last = options.since;
    this.#calls = this.#read = onEvent !== undefined;
    const start = () => {
      this.#follow(connect, options);
      if (onEvent) this.#deliver(onEvent);
    };
    this.#life = new Life(options.signal, start, (failure) => {
      // What was received before the server's refusal is still there to be read.
      if (!failure || failure.aborted) this.#held.length = 0;
      this.#status = { state: 'closed', error: failure?.error };
      tellEnd(
        () => options.onStatus?.(this.#status),
        () => failure && !failure.aborted && options.onError?.(failure.error),
      );
    });
  }

  /** Resolves when the first connection stands: changes from then on will be told. Rejects when that is refused for good. */
  get opened(): Promise<void> {
    return this.#life.begun;
  }

  /** Resolves after `close()`; rejects with what else ended the subscription. Need not be looked at. */
  get closed(): Promise<void> {
    return this.#life.closed;
  }

  /** Where it stands now. */
  get status(): StreamStatus {
    return this.#status;
  }

  /** The place behind the events that its reader has got: `since` of a later subscription goes on there. */
  get lastEventId(): string | undefined {
    return this.#last;
  }

  /** Ends it: the connection is given up, a loop over it ends. Again is nothing. */
  close(): void {
    this.#life.end();
  }

  /** @throws TypeError the second time, and where events go to a callback */
  [Symbol.asyncIterator](): AsyncIterator<LiveEvent<R, K>> {
    if (this.#read) throw new TypeError('The events of a subscription are read once: subscribe again');
    this.#read = true;
    return {
      next: () => this.#next(),
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<LiveEvent<R, K>, undefined>> {
    for (;;) {
      const value = this.#take();
      if (value) return { done: false, value };
      if (this.#life.over) return this.#life.finished();
      await this.#life.next;
    }
  }

  #take(): LiveEvent<R, K> | undefined {
    const held = this.#held.shift();
    if (!held) return undefined;
    this.#size -= held.size;
    this.#last = held.id;
    this.#life.ring();
    return held.event;
  }

  async #deliver(onEvent: (event: LiveEvent<R, K>) => unknown): Promise<void> {
    try {
      while (!this.#life.over) {
        for (let event = this.#take(); event; event = this.#take()) {
          const later = onEvent(event);
          // Without something to wait for, events that came together are told in one go.
          if (later) await later;
        }
        if (this.#failed) throw this.#failed.error;
        await this.#life.next;
      }
    } catch (error) {
      this.#life.end({ error, aborted: false });
    }
  }

  async #follow(connect: Following<R>['connect'], options: StreamOptions): Promise<void> {
    const { idleTimeout = 45_000, onStatus } = options;
    try {
      await follow<R>(
        {
          connect,
          since: this.#last,
          idleTimeout,
          push: (id, event, size) => this.#push(id, event as LiveEvent<R, K> | undefined, size + WEIGHT),
          room: async () => {
            while (this.#size > HELD && !this.#life.over) await this.#life.next;
          },
          tell: (status) => {
            this.#status = status;
            if (status.state === 'open') this.#life.begin();
            try {
              onStatus?.(status);
            } catch (error) {
              this.#life.end({ error, aborted: false });
            }
          },
        },
        this.#life.signal,
      );
    } catch (error) {
      this.#failed = { error };
      // A callback gets what was received before, and then the failure.
      if (this.#calls) this.#life.ring();
      else this.#life.end({ error, aborted: false });
    }
  }

  #push(id: string, event: LiveEvent<R, K> | undefined, size: number): void {
    const last = this.#held.at(-1);
    if (event) {
      this.#held.push({ event, id, size });
      this.#size += size;
      this.#life.ring();
    } else if (last) last.id = id;
    else this.#last = id;
  }
}

// One subscription: who asked for which changes of a collection, where they go, and what he sees of them now.
import type { Failure } from '../../contract/problems.ts';
import type { StreamQuery } from '../../contract/realtime.ts';
import type { Ctx } from '../context.ts';
import type { Position } from '../events/position.ts';
import type { Watch } from '../records/service.ts';
import type { Chunk, Format } from './formats.ts';

/** Where texts go. Several subscriptions may share one. */
export interface Sink {
  /** Keeps a text until `flush`. */
  push(chunk: Chunk): void;
  /** Sends what was kept; a reader who does not read is cut off. */
  flush(): void;
  /** Resolves once the reader keeps up; also when it is gone. */
  drained(): Promise<void>;
}

export interface Asked {
  readonly ctx: Ctx;
  readonly collection: string;
  readonly query: StreamQuery;
  readonly format: Format;
  readonly sink: Sink;
  readonly transport: 'stream' | 'websocket';
  /** Called once, when the subscription is ended by the server. */
  readonly onEnd: (failure: Failure) => void;
}

/** Those who came together, or were all asked for one reason, are not asked again together. */
const SPREAD_MS = 15_000;
const aboutNow = (): number => performance.now() - Math.random() * SPREAD_MS;

export class Subscription {
  /** Up to here everything was handed over, although the log's readers have not come so far; null: as far as they have. */
  after: Position | null = null;
  /** It receives what is committed now; before that it is catching up. */
  live = false;
  closed = false;
  /** Hooks know of it. */
  announced = false;
  /** When it was asked last, roughly. */
  checkedAt = aboutNow();
  /** How often its rights came into doubt, and up to which doubt they were asked anew. */
  private doubts = 0;
  private answered = 0;
  private asking: Promise<void> | null = null;

  constructor(
    readonly asked: Asked,
    public watch: Watch,
  ) {}

  /** What it may see has to be asked anew before it gets anything. */
  get doubtful(): boolean {
    return this.doubts !== this.answered && !this.closed;
  }

  doubt(): void {
    this.doubts += 1;
  }

  /** Asks, once for all who want to know. Doubts that arise meanwhile stay. */
  ask(work: () => Promise<void>): Promise<void> {
    const doubts = this.doubts;
    this.asking ??= work().finally(() => {
      this.answered = doubts;
      this.asking = null;
      this.checkedAt = aboutNow();
    });
    return this.asking;
  }

  /** When its credential is over, in ms since 1970. */
  get endsAt(): number {
    const { tokenEndsAt = Number.POSITIVE_INFINITY, caller } = this.asked.ctx;
    return Math.min(tokenEndsAt, caller?.endsAt ?? Number.POSITIVE_INFINITY);
  }
}

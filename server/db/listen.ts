// LISTEN over one connection that is probed, replaced when it dies and never trusted: whoever listens is told of every gap.
import type pg from 'pg';
import { DatabaseUnavailable, unavailable } from './errors.ts';
import type { Log } from './log.ts';
import { endClient } from './session.ts';

/** One subscription: what to call with a payload, and when messages may have been missed. */
export interface Subscriber {
  readonly handler: (payload: string) => void;
  readonly onLost: (() => void) | undefined;
}

/** Who listens to what in this process. */
export class Subscriptions {
  private readonly channels = new Map<string, Set<Subscriber>>();

  constructor(private readonly log: Log) {}

  get names(): string[] {
    return [...this.channels.keys()];
  }

  /** Answers whether the channel is new. */
  add(channel: string, subscriber: Subscriber): boolean {
    const known = this.channels.get(channel);
    if (known === undefined) this.channels.set(channel, new Set([subscriber]));
    else known.add(subscriber);
    return known === undefined;
  }

  /** Answers whether the channel has no subscriber left. */
  remove(channel: string, subscriber: Subscriber): boolean {
    const known = this.channels.get(channel);
    if (!known?.delete(subscriber) || known.size > 0) return false;
    return this.channels.delete(channel);
  }

  deliver(channel: string, payload: string): void {
    for (const { handler } of [...(this.channels.get(channel) ?? [])]) this.log.guard(() => handler(payload));
  }

  lost(): void {
    for (const known of [...this.channels.values()])
      for (const { onLost } of [...known]) if (onLost) this.log.guard(onLost);
  }
}

const probeEveryMs = 15_000;
const firstPauseMs = 50;
const longestPauseMs = 5000;

/** The listening connection: opened with the first subscription, reopened with growing pauses for as long as there is one. */
export class Listener {
  private readonly subscriptions: Subscriptions;
  private client: pg.Client | undefined;
  private opening: Promise<pg.Client> | undefined;
  private healing: NodeJS.Timeout | undefined;
  private gap = false;
  private readonly probe: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly connect: () => Promise<pg.Client>,
    private readonly log: Log,
  ) {
    this.subscriptions = new Subscriptions(log);
    // A connection that a firewall forgot gives no sign of its own; the query's time limit turns silence into an error.
    this.probe = setInterval(() => this.client?.query('select 1').catch(() => {}), probeEveryMs);
    this.probe.unref();
  }

  /**
   * Subscribes to a channel; rejects with DatabaseUnavailable when that is not possible now.
   * `onLost` is called when the connection breaks and once more when it is back: in between nothing is heard, so whoever keeps
   * something on the strength of these messages drops it both times.
   */
  async listen(channel: string, handler: (payload: string) => void, onLost?: () => void): Promise<() => Promise<void>> {
    const subscriber: Subscriber = { handler, onLost };
    this.subscriptions.add(channel, subscriber);
    const leave = async () => {
      if (this.subscriptions.remove(channel, subscriber)) {
        await this.client?.query(`unlisten ${quote(channel)}`).catch(() => {});
      }
    };
    try {
      // Also when the channel is already known: its first LISTEN may still be on its way.
      const client = this.client ?? (await this.open());
      await client.query(`listen ${quote(channel)}`);
    } catch (error) {
      await leave();
      throw error;
    }
    return leave;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.probe);
    clearTimeout(this.healing);
    const client = this.client ?? (await this.opening?.catch(() => undefined));
    this.client = undefined;
    if (client !== undefined) await endClient(client);
  }

  private open(): Promise<pg.Client> {
    if (this.closed) return Promise.reject(new DatabaseUnavailable('The database is closed.'));
    this.opening ??= this.connect()
      .then(async (client) => {
        client.on('notification', ({ channel, payload }) => this.subscriptions.deliver(channel, payload ?? ''));
        client.on('end', () => this.broke(client));
        const channels = this.subscriptions.names.map((name) => `listen ${quote(name)}`);
        await client.query(['select 1', ...channels].join('; ')).catch((error) => {
          client.connection.stream.destroy();
          throw unavailable(error);
        });
        this.client = client;
        if (this.gap) this.subscriptions.lost();
        this.gap = false;
        return client;
      })
      .finally(() => {
        this.opening = undefined;
      });
    return this.opening;
  }

  private broke(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    if (this.closed) return;
    this.gap = true;
    this.log.warn({}, 'The listening database connection was lost.');
    this.subscriptions.lost();
    this.heal(firstPauseMs);
  }

  private heal(pauseMs: number): void {
    if (this.closed || this.subscriptions.names.length === 0) return;
    this.healing = setTimeout(
      () => {
        if (this.client !== undefined) return;
        this.open().catch(() => this.heal(Math.min(pauseMs * 2, longestPauseMs)));
      },
      pauseMs * (0.5 + Math.random()),
    );
    this.healing.unref();
  }
}

function quote(channel: string): string {
  return `"${channel.replaceAll('"', '""')}"`;
}

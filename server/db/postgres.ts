// A PostgreSQL server: pipelined lanes for plans, a pool for transactions and management, one connection that listens.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { builder } from './builder.ts';
import type { Database, Plan, RawResult, Transaction, TransactionOptions } from './database.ts';
import { unavailable } from './errors.ts';
import { Lane, quiet } from './lane.ts';
import { Listener } from './listen.ts';
import type { Log } from './log.ts';
import { Nesting } from './nesting.ts';
import { endClient, prepareSession } from './session.ts';
import { queryOn } from './statement.ts';
import { isIdle, transactOn } from './transaction.ts';

export interface PostgresOptions {
  readonly url: string;
  readonly log: Log;
  /** Connections for transactions and `query`. */
  readonly poolSize: number;
  /** Pipelined connections for `run`. */
  readonly lanes: number;
  readonly statementTimeoutMs: number;
  /** Reject calls on the database from inside a transaction (costs every await of the process a little). */
  readonly checkNesting: boolean;
}

export class PostgresDatabase implements Database {
  readonly kind = 'postgres';
  readonly kx = builder;
  private readonly pool: pg.Pool;
  private readonly lanes: Lane[];
  private readonly listener: Listener;
  private readonly nesting: Nesting | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: PostgresOptions) {
    this.nesting = options.checkNesting ? new Nesting() : undefined;
    const settings = { statementTimeoutMs: options.statementTimeoutMs };
    this.pool = new pg.Pool({
      ...this.connection(),
      max: options.poolSize,
      idleTimeoutMillis: 30_000,
      onConnect: (client) => prepareSession(client, settings) as unknown as undefined,
    });
    this.pool.on('connect', quiet);
    this.pool.on('error', (error) => options.log.warn({ err: error }, 'An idle database connection was lost.'));
    this.lanes = Array.from({ length: options.lanes }, () => new Lane(() => this.connect(settings)));
    this.listener = new Listener(() => this.connect(settings), options.log);
  }

  async query<T extends object>(text: string, values?: readonly unknown[]): Promise<T[]> {
    this.nesting?.assertOutside();
    return this.borrow((client) => queryOn<T>(client, text, values));
  }

  run(plan: Plan, values: readonly unknown[], tenant?: string): Promise<RawResult> {
    try {
      this.nesting?.assertOutside();
    } catch (error) {
      return Promise.reject(error);
    }
    let best = this.lanes[0] as Lane;
    for (const lane of this.lanes) if (lane.inFlight < best.inFlight) best = lane;
    return best.run(plan, values, tenant);
  }

  runAs(tenant: string, plan: Plan, values: readonly unknown[]): Promise<RawResult> {
    return this.run(plan, values, tenant);
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    this.nesting?.assertOutside();
    const work = this.nesting ? (tx: Transaction) => (this.nesting as Nesting).within(() => fn(tx)) : fn;
    const { value, followers } = await this.borrow((client) => transactOn(client, work, options));
    for (const follow of followers) this.options.log.guard(follow);
    return value;
  }

  listen(channel: string, handler: (payload: string) => void, onLost?: () => void): Promise<() => Promise<void>> {
    return this.listener.listen(channel, handler, onLost);
  }

  async notify(channel: string, payload: string, tx?: Transaction): Promise<void> {
    await (tx ?? this).run(notification, [channel, payload]);
  }

  async ping(): Promise<void> {
    await this.query('select 1');
  }

  /** Lends out a connection of its own without any time limit, for migrations. */
  async exclusive<T>(fn: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.connect({ statementTimeoutMs: 0 });
    try {
      return await fn(client);
    } finally {
      await endClient(client);
    }
  }

  close(): Promise<void> {
    // A transaction whose function never ends must not keep the server from stopping.
    this.closing ??= Promise.all([
      this.listener.close(),
      Promise.race([this.pool.end(), delay(5000, undefined, { ref: false })]),
      ...this.lanes.map((lane) => lane.close()),
    ]).then(() => {});
    return this.closing;
  }

  private async borrow<T>(fn: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error) => {
      throw unavailable(error);
    });
    try {
      return await fn(client);
    } finally {
      client.release(!isIdle(client));
    }
  }

  private async connect(settings: { statementTimeoutMs: number }): Promise<pg.Client> {
    const client = new pg.Client(this.connection(settings.statementTimeoutMs));
    quiet(client);
    try {
      await client.connect();
      await prepareSession(client, settings);
      return client;
    } catch (error) {
      client.connection.stream.destroy();
      throw unavailable(error);
    }
  }

  // The server cancels a slow statement; the client's own limit stands behind it for a connection that went silent.
  private connection(timeout = this.options.statementTimeoutMs): pg.ClientConfig {
    return {
      connectionString: this.options.url,
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
      connectionTimeoutMillis: 10_000,
      query_timeout: timeout === 0 ? 0 : timeout + 5000,
      application_name: 'snackbase',
    };
  }
}

const notification: Plan = { name: 'notify', text: 'select pg_notify($1, $2)' };

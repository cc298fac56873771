// The database inside the server: PGlite in a worker thread, spoken to by `pg` like any server, one session shared by all.
import { join } from 'node:path';
import pg from 'pg';
import { builder } from './builder.ts';
import type { Database, Plan, RawResult, Transaction, TransactionOptions } from './database.ts';
import { lockDirectory } from './directory-lock.ts';
import { careFor } from './embedded-care.ts';
import { EngineStream } from './embedded-stream.ts';
import { DatabaseUnavailable, unavailable } from './errors.ts';
import { Gate } from './gate.ts';
import { Lane, quiet } from './lane.ts';
import { type Subscriber, Subscriptions } from './listen.ts';
import type { Log } from './log.ts';
import { Nesting } from './nesting.ts';
import { prepareSession } from './session.ts';
import { queryOn } from './statement.ts';
import { prepareCluster, syncTree } from './template.ts';
import { isIdle, transactOn } from './transaction.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** How long the engine may work on one batch of statements before it is restarted; it cannot cancel a single one. */
  readonly patienceMs: number;
  /** Whether an answered commit survives a power cut. */
  readonly durable: boolean;
}

/** Locks the directory, makes the cluster on the first start, and starts the engine. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const cluster = join(options.dataDir, 'db');
  const database = new EmbeddedDatabase(cluster, lockDirectory(options.dataDir), options);
  try {
    const origin = await prepareCluster(cluster);
    options.log.info({ directory: cluster, origin }, 'The embedded database is starting.');
    await database.ping();
    if (options.durable && origin !== 'existing') void syncTree(options.dataDir).catch(() => {});
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

export class EmbeddedDatabase implements Database {
  readonly kind = 'embedded';
  readonly kx = builder;
  private readonly gate = new Gate();
  private readonly lane = new Lane(
    () => this.connect(),
    (write) => void this.gate.pass(async () => write()),
  );
  private readonly nesting = new Nesting();
  private readonly subscriptions: Subscriptions;
  private readonly endCare: () => void;
  private stream: EngineStream | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly cluster: string,
    private readonly release: () => void,
    private readonly options: EmbeddedOptions,
  ) {
    this.subscriptions = new Subscriptions(options.log);
    this.endCare = careFor((text) => this.query(text), options.log);
  }

  async query<T extends object>(text: string, values?: readonly unknown[]): Promise<T[]> {
    this.nesting.assertOutside();
    return this.gate.pass(() => this.lane.use((client) => queryOn<T>(client, text, values)));
  }

  async run(plan: Plan, values: readonly unknown[]): Promise<RawResult> {
    this.nesting.assertOutside();
    return this.gate.pass(() => this.lane.run(plan, values));
  }

  async runAs(tenant: string, plan: Plan, values: readonly unknown[]): Promise<RawResult> {
    this.nesting.assertOutside();
    return this.gate.pass(() => this.lane.run(plan, values, tenant));
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    this.nesting.assertOutside();
    const work = (tx: Transaction) => this.nesting.within(() => fn(tx));
    const { value, followers } = await this.alone((client) =>
      Promise.race([transactOn(client, work, options), this.forgotten(client)]),
    );
    for (const follow of followers) this.options.log.guard(follow);
    return value;
  }

  // One process holds the directory, so every listener is in it.
  async listen(channel: string, handler: (payload: string) => void, onLost?: () => void): Promise<() => Promise<void>> {
    const subscriber: Subscriber = { handler, onLost };
    this.subscriptions.add(channel, subscriber);
    return async () => void this.subscriptions.remove(channel, subscriber);
  }

  async notify(channel: string, payload: string, tx?: Transaction): Promise<void> {
    const deliver = () => void setImmediate(() => this.subscriptions.deliver(channel, payload));
    if (tx === undefined) deliver();
    else tx.afterCommit(deliver);
  }

  async ping(): Promise<void> {
    await this.query('select 1');
  }

  /** Lends out the one session without any time limit, for migrations. */
  async exclusive<T>(fn: (client: pg.Client) => Promise<T>): Promise<T> {
    this.nesting.assertOutside();
    return this.alone(async (client) => {
      const stream = client.connection.stream as EngineStream;
      stream.patienceMs = 0;
      try {
        return await this.nesting.within(() => fn(client));
      } finally {
        stream.patienceMs = this.options.patienceMs;
      }
    });
  }

  close(): Promise<void> {
    this.endCare();
    this.closing ??= this.lane.close().then(async () => {
      await this.stream?.exited;
      this.release();
    });
    return this.closing;
  }

  // A session that comes back inside a transaction, or dead, is thrown away.
  private alone<T>(fn: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.gate.alone(() =>
      this.lane.use(async (client) => {
        try {
          return await fn(client);
        } finally {
          if (!isIdle(client)) this.lane.drop();
        }
      }),
    );
  }

  // A transaction whose function waits for something that never comes would stop everyone; a server ends such a session too.
  private forgotten(client: pg.Client): Promise<never> {
    const { patienceMs } = this.options;
    return new Promise((_, reject) => {
      const timer = setInterval(() => {
        const stream = client.connection.stream as EngineStream;
        if (stream.destroyed || isIdle(client)) clearInterval(timer);
        else if (stream.idleMs > patienceMs) {
          clearInterval(timer);
          reject(new DatabaseUnavailable(`The transaction was idle for ${patienceMs} ms and has been rolled back.`));
        }
      }, patienceMs / 4);
      timer.unref();
    });
  }

  private async connect(): Promise<pg.Client> {
    // Two engines on one directory would destroy it: the last one's thread must be gone first.
    await this.stream?.exited;
    const stream = new EngineStream({ ...this.options, dataDir: this.cluster });
    this.stream = stream;
    // Everything named, so that PG* variables meant for a server do not reach the embedded one.
    const client = new pg.Client({
      stream: () => stream,
      host: 'embedded',
      user: 'postgres',
      database: 'postgres',
      password: '',
      options: '',
      ssl: false,
      pipeline: true,
    });
    quiet(client);
    try {
      await client.connect();
      await prepareSession(client, { statementTimeoutMs: 0 });
      return client;
    } catch (error) {
      stream.destroy();
      throw unavailable(error);
    }
  }
}

// The one way to a database: a URL means a PostgreSQL server, no URL the embedded one in the data directory.
import type pg from 'pg';
import type { Database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { Log, type Logger } from './log.ts';
import { PostgresDatabase } from './postgres.ts';

export interface OpenOptions {
  /** `postgres://…`; absent or empty for the embedded database. */
  readonly url?: string | undefined;
  /** Where the embedded database and its lock live. */
  readonly dataDir: string;
  readonly log?: Logger;
  /** PostgreSQL: connections for transactions and `query`; default 10. */
  readonly poolSize?: number;
  /** PostgreSQL: pipelined connections for `run`; default 4. */
  readonly lanes?: number;
  /** Default 10,000. Embedded, the limit is per batch, at least 60,000, and ends in DatabaseUnavailable and a restart of the engine. */
  readonly statementTimeoutMs?: number;
  /** Embedded: whether an answered commit survives a power cut (default true); false saves an fsync per batch, for tests. */
  readonly durable?: boolean;
  /** PostgreSQL: refuse calls on the database inside a transaction, as the embedded one always does; for tests. */
  readonly checkNesting?: boolean;
}

/** A database that can also lend out a connection nobody else uses: what migrations need. */
export interface OpenDatabase extends Database {
  exclusive<T>(fn: (client: pg.Client) => Promise<T>): Promise<T>;
}

/**
 * Opens the database and makes sure that it answers; does not migrate (see `migrateDatabase`).
 * Rejects with DatabaseUnavailable, or with DataDirectoryLocked when another process uses the directory.
 */
export async function openDatabase(options: OpenOptions): Promise<OpenDatabase> {
  const log = new Log(options.log);
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000;
  if (!options.url) {
    const patienceMs = Math.max(60_000, statementTimeoutMs);
    return openEmbedded({ dataDir: options.dataDir, log, patienceMs, durable: options.durable ?? true });
  }
  const database = new PostgresDatabase({
    url: options.url,
    log,
    poolSize: options.poolSize ?? 10,
    lanes: options.lanes ?? 4,
    statementTimeoutMs,
    checkNesting: options.checkNesting ?? false,
  });
  try {
    await database.ping();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

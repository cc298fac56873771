// The database as every other room sees it: plans, parsed rows, transactions, notifications.
import type { Knex } from 'knex';

/** One raw text cell, exactly as PostgreSQL sent it. */
export type Cell = string | null;

/** A statement to be prepared once a connection; `name` is unique per `text` and at most 63 bytes (see `plan`). */
export interface Plan {
  readonly name: string;
  readonly text: string;
}

/** What a plan answers: text cells row by row, and the number of rows read or written. */
export interface RawResult {
  readonly rows: Cell[][];
  readonly rowCount: number;
}

/** Whatever can run statements: a database or an open transaction. Rejects with DatabaseFault or DatabaseUnavailable only. */
export interface Runner {
  /** Runs one statement and parses its rows; for management paths. Without values the text may hold several statements (the rows of the last are answered). */
  query<T extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<T[]>;
  /** Runs a prepared statement and answers its cells unparsed; for the hot path. */
  run(plan: Plan, values: readonly unknown[]): Promise<RawResult>;
  /**
   * The same as the role that row-level security binds, which sees the rows of one account: `tenant` is its id, or `*` for all.
   * Needs the role, see `rowSecurityOf`.
   */
  runAs(tenant: string, plan: Plan, values: readonly unknown[]): Promise<RawResult>;
}

export interface Transaction extends Runner {
  readonly inTransaction: true;
  /** Calls `fn` once the commit is durable, in order of registration; never after a rollback. */
  afterCommit(fn: () => void): void;
}

export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
}

export interface Database extends Runner {
  readonly kind: 'embedded' | 'postgres';
  /** A SQL builder only: it is never connected. */
  readonly kx: Knex;
  /** Commits when `fn` resolves, rolls back when it rejects. Not re-entrant: inside `fn` use `tx`. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Subscribes; `onLost` is called when messages may be missed and again when the gap is over. Answers the function that ends it. */
  listen(channel: string, handler: (payload: string) => void, onLost?: () => void): Promise<() => Promise<void>>;
  /** Tells every listener of the channel, in all processes; with `tx` once that commits. */
  notify(channel: string, payload: string, tx?: Transaction): Promise<void>;
  /** Rejects with DatabaseUnavailable when the database does not answer. */
  ping(): Promise<void>;
  /** Ends every connection and frees the data directory; may be called twice. */
  close(): Promise<void>;
}

// One connection's settings: what every session is told before its first statement, and the oldest server that is accepted.
import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { DatabaseUnavailable } from './errors.ts';

const oldest = 13;

/** What `runAs` executes in front of a statement, in the statement's own transaction. It answers no row: one message less to read. */
export const TENANT = 'snackbase_tenant';
export const PREPARE_TENANT = `prepare ${TENANT}(text) as select
  where set_config('role', 'snackbase_runtime', true) is null or set_config('snackbase.account', $1, true) is null`;

export interface SessionSettings {
  /** Longest run of one statement; 0 for no limit (migrations). */
  readonly statementTimeoutMs: number;
}

/**
 * Sets a fresh connection up in one round trip; throws DatabaseUnavailable when the server is too old.
 * The settings fix the text form of cells (UTC, ISO, shortest floats) and the schema search, so that no default of a role, a
 * database or an environment variable changes what an answer looks like.
 */
export async function prepareSession(client: pg.ClientBase, settings: SessionSettings): Promise<void> {
  guardReading((client as pg.Client).connection.stream);
  const timeout = Math.trunc(settings.statementTimeoutMs);
  const answers = (await client.query(
    `set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
     set bytea_output = 'hex'; set standard_conforming_strings = on; set client_min_messages = warning;
     set search_path = public; set statement_timeout = ${timeout};
     ${PREPARE_TENANT};
     set idle_in_transaction_session_timeout = ${timeout === 0 ? 0 : Math.max(60_000, timeout)};
     select current_setting('server_version_num')::int / 10000 as major, current_setting('server_version') as version`,
  )) as unknown as Array<pg.QueryResult<{ major: number; version: string }>>;
  const server = answers.at(-1)?.rows[0];
  if (server !== undefined && server.major < oldest) {
    throw new DatabaseUnavailable(`PostgreSQL ${oldest} or newer is needed; this server is ${server.version}.`);
  }
}

/**
 * What cannot be read ends its connection, which rejects the statements on it: a cell longer than any string can be is thrown in
 * the midst of a socket's event, where it would end the process.
 */
export function guardReading(stream: Duplex): void {
  for (const listener of stream.listeners('data') as ((chunk: Buffer) => void)[]) {
    const guarded = (chunk: Buffer) => {
      try {
        listener.call(stream, chunk);
      } catch (error) {
        stream.off('data', guarded).destroy(error as Error);
      }
    };
    stream.off('data', listener).on('data', guarded);
  }
}

/** Ends a connection, waiting for what is under way at most `patienceMs`; never throws. */
export async function endClient(client: pg.Client, patienceMs = 5000): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([client.end().catch(() => {}), late]);
  clearTimeout(timer);
  client.connection.stream.destroy();
}

// The definitions of one kind in memory, in every process: what the write path and the readers of events ask without a query.
import { createSnapshot, type Snapshot } from '../access/snapshot.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { definitionStatements, type Kind, type SelectOf } from './store.ts';

/** Definitions by account. */
export interface ByAccount<Row> {
  /** All that the account has now, in the place of those that it had. It must not throw for rows that were stored once. */
  put(accountId: string, rows: readonly Row[]): void;
}

export interface DefinitionsOptions<Row, T extends ByAccount<Row>> {
  readonly db: Database;
  readonly log?: Logger | undefined;
  readonly kind: Kind;
  /** What is to be kept in memory, so nothing of any size. */
  readonly select: SelectOf;
  /** Empty. */
  readonly value: T;
  /** Called after `value` has changed. */
  readonly onChange?: (() => void) | undefined;
}

export interface Definitions<T> extends Pick<Snapshot<T>, 'value' | 'current' | 'close'> {
  /** Last in each transaction that changes definitions of these accounts; only theirs are read again, here and elsewhere. */
  publish(tx: Transaction, ...accountIds: readonly string[]): Promise<void>;
}

/** Subscribes and reads. Rejects with DatabaseUnavailable. */
export async function createDefinitions<Row extends { readonly account_id: string }, T extends ByAccount<Row>>(
  options: DefinitionsOptions<Row, T>,
): Promise<Definitions<T>> {
  const { db, log, kind, select, value, onChange } = options;
  const tell = () => {
    try {
      onChange?.();
    } catch (error) {
      // Nobody waits for it: it would end the process.
      log?.error({ err: error, kind }, 'Definitions have changed, and whoever needs to know could not be told.');
    }
  };
  const snapshot = await createSnapshot<T>({
    db,
    log,
    channel: `snackbase_${kind}`,
    ...definitionStatements(kind, select),
    parse(text) {
      const { accounts, rows } = JSON.parse(text) as { accounts: string[]; rows: Row[] };
      const found = new Map<string, Row[]>(accounts.map((account) => [account, []]));
      for (const row of rows) found.get(row.account_id)?.push(row);
      for (const [account, own] of found) value.put(account, own);
      setImmediate(tell);
      return value;
    },
  });
  return {
    value,
    current: snapshot.current,
    publish: (tx, ...accountIds) => snapshot.publish(tx, accountIds),
    close: snapshot.close,
  };
}

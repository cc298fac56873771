// All definitions of one kind in memory, in every process: what the write path and the readers of events ask without a query.
import { createSnapshot, type Snapshot } from '../access/snapshot.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { definitionStatements, type Kind } from './store.ts';

export interface DefinitionsOptions<Row, T> {
  readonly db: Database;
  readonly log?: Logger | undefined;
  readonly kind: Kind;
  /** The SELECT of the rows that count; each becomes JSON by the names of its columns. */
  readonly select: string;
  /** What the rows become. It must not throw for rows that were stored once. */
  readonly parse: (rows: readonly Row[]) => T;
  /** Called after `value` has changed. */
  readonly onChange?: (() => void) | undefined;
}

/** Subscribes and reads; `publish(tx)` belongs last into each transaction that changes a definition of the kind. */
export function createDefinitions<Row, T>(options: DefinitionsOptions<Row, T>): Promise<Snapshot<T>> {
  const { db, log, kind, select, parse, onChange } = options;
  const { read, number, bump } = definitionStatements(kind, select);
  const guarded = (fn: () => void) => {
    try {
      fn();
    } catch (error) {
      log?.error({ err: error, kind }, 'Definitions have changed, and whoever needs to know could not be told.');
    }
  };
  return createSnapshot<T>({
    db,
    log,
    channel: `snackbase_${kind}`,
    read,
    number,
    bump,
    parse(text) {
      const value = parse(JSON.parse(text) as Row[]);
      // Nobody waits for it, so what it throws would end the process.
      if (onChange !== undefined) setImmediate(() => guarded(onChange));
      return value;
    },
  });
}

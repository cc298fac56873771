// A transaction on one connection: begin, run, commit or roll back, and what follows the commit.
import type pg from 'pg';
import type { Plan, RawResult, Transaction, TransactionOptions } from './database.ts';
import { classify, DatabaseFault } from './errors.ts';
import { queryOn, runOn } from './statement.ts';

const noop = () => {};

class OpenTransaction implements Transaction {
  readonly inTransaction = true;
  readonly followers: Array<() => void> = [];
  open = true;

  constructor(private readonly client: pg.ClientBase) {}

  async query<T extends object>(text: string, values?: readonly unknown[]): Promise<T[]> {
    this.assertOpen();
    return queryOn<T>(this.client, text, values);
  }

  // The statement stays unnamed: a prepared one that a schema change made stale fails and takes the whole transaction with
  // it, and a transaction's function cannot be run again behind its back. Parsing costs the server some 50 µs.
  async run(plan: Plan, values: readonly unknown[]): Promise<RawResult> {
    this.assertOpen();
    return runOn(this.client, plan, values);
  }

  // The role stays for no longer than the statement: what else the transaction does is the server's own. The two travel together.
  async runAs(tenant: string, plan: Plan, values: readonly unknown[]): Promise<RawResult> {
    this.assertOpen();
    const result = runOn(this.client, plan, values, tenant);
    const left = this.client.query("reset role; set local snackbase.account = ''").catch(noop);
    return result.finally(() => left);
  }

  afterCommit(fn: () => void): void {
    this.assertOpen();
    this.followers.push(fn);
  }

  private assertOpen(): void {
    if (!this.open) throw new DatabaseFault('This transaction has ended.', { code: '25P01' });
  }
}

function begin({ isolation, readOnly }: TransactionOptions): string {
  return `begin${isolation === undefined ? '' : ` isolation level ${isolation}`}${readOnly ? ' read only' : ''}`;
}

/** What a committed transaction leaves: its function's value, and what was to be called after the commit. */
export interface Committed<T> {
  readonly value: T;
  readonly followers: ReadonlyArray<() => void>;
}

/**
 * Runs `fn` in a transaction on `client`, which must be in pipeline mode with nobody else writing to it.
 * Rejects with whatever `fn` threw, or with a classified error of its own. Afterwards ask `isIdle` before the connection is used again.
 */
export async function transactOn<T>(
  client: pg.ClientBase,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<Committed<T>> {
  const send = (text: string) =>
    client.query(text).catch((error) => {
      throw classify(error);
    });
  const tx = new OpenTransaction(client);
  const begun = send(begin(options));
  begun.catch(noop);
  try {
    // `begin` travels with the first statement, saving a round trip. Only serializable can be refused on a sound
    // connection (on a standby), and statements behind a refused `begin` would commit one by one.
    if (options.isolation === 'serializable') await begun;
    const value = await fn(tx);
    tx.open = false;
    await begun;
    const { command } = await send('commit');
    if (command === 'COMMIT') return { value, followers: tx.followers };
    throw new DatabaseFault('The transaction was rolled back, because one of its statements had failed.', {
      code: '25P02',
    });
  } catch (error) {
    tx.open = false;
    // Always, whatever the last known state: the answer to `begin` may still be on its way.
    await send('rollback').catch(noop);
    throw error;
  }
}

/** Whether the connection is alive and outside any transaction, so that it may serve others. */
export function isIdle(client: pg.Client): boolean {
  return client.getTransactionStatus() === 'I' && client.connection.stream.writable;
}

// An open transaction as a database: what is written for the one works inside the other, its own transactions as savepoints.
import type { Cell, Database, Plan, RawResult, Transaction } from './database.ts';
import { DatabaseFault } from './errors.ts';

/** Both at once: everything runs on the transaction, also what asks for one of its own. */
export type Joined = Database & Transaction;

/** `tx` as a database of the kind of `db`. Subscriptions are not of a transaction: `listen` and `close` are refused. */
export function joined(db: Database, tx: Transaction): Joined {
  let savepoints = 0;
  const refuse = (what: string) => () => {
    throw new DatabaseFault(`A transaction has no ${what}.`, { code: '25001' });
  };
  return {
    inTransaction: true,
    kind: db.kind,
    kx: db.kx,
    query: <T extends object>(text: string, values?: readonly unknown[]): Promise<T[]> => tx.query<T>(text, values),
    run: (plan: Plan, values: readonly unknown[]): Promise<RawResult> => tx.run(plan, values),
    runAs: (tenant: string, plan: Plan, values: readonly (Cell | unknown)[]): Promise<RawResult> =>
      tx.runAs(tenant, plan, values),
    afterCommit: (fn) => tx.afterCommit(fn),
    async transaction(fn) {
      const name = `inner_${savepoints++}`;
      await tx.query(`savepoint ${name}`);
      try {
        const value = await fn(tx);
        await tx.query(`release savepoint ${name}`);
        return value;
      } catch (error) {
        await tx.query(`rollback to savepoint ${name}; release savepoint ${name}`);
        throw error;
      }
    },
    notify: (channel, payload) => db.notify(channel, payload, tx),
    ping: async () => void (await tx.query('select 1')),
    listen: refuse('subscriptions'),
    close: refuse('end of its own'),
  };
}

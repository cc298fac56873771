// An open transaction as a database: what is written for the one works inside the other, its own transactions as savepoints.
import type { Database, Plan, RawResult, Transaction } from './database.ts';
import { DatabaseFault } from './errors.ts';

/** Both at once: everything runs on the transaction, also what asks for one of its own. */
export type Joined = Database & Transaction;

/** The last savepoint of each transaction: savepoints nest, so those that are begun side by side wait for each other. */
const lasts = new WeakMap<Transaction, Promise<unknown>>();
let named = 0;

const outers = new WeakMap<Transaction, Transaction>();
/** The transaction or savepoint that this one is part of. */
export const outerOf = (tx: Transaction): Transaction | undefined => outers.get(tx);
/** `tx` for what runs inside `outer`. */
function inside<T extends Transaction>(outer: Transaction, tx: T): T {
  outers.set(tx, outer);
  return tx;
}

/** `tx` as a database of the kind of `db`. Subscriptions are not of a transaction: `listen` and `close` are refused. */
export function joined(db: Database, tx: Transaction): Joined {
  const refuse = (what: string) => () => {
    throw new DatabaseFault(`A transaction has no ${what}.`, { code: '25001' });
  };
  return inside(tx, {
    ...statementsOf(tx),
    inTransaction: true,
    kind: db.kind,
    kx: db.kx,
    afterCommit: (fn) => tx.afterCommit(fn),
    transaction(fn) {
      const turn = (lasts.get(tx) ?? Promise.resolve()).then(() => within(tx, fn));
      lasts.set(
        tx,
        turn.catch(() => {}),
      );
      return turn;
    },
    notify: (channel, payload) => db.notify(channel, payload, tx),
    ping: async () => void (await tx.query('select 1')),
    listen: refuse('subscriptions'),
    close: refuse('end of its own'),
  });
}

const statementsOf = (tx: Transaction) => ({
  query: <T extends object>(text: string, values?: readonly unknown[]): Promise<T[]> => tx.query<T>(text, values),
  run: (plan: Plan, values: readonly unknown[]): Promise<RawResult> => tx.run(plan, values),
  runAs: (tenant: string, plan: Plan, values: readonly unknown[]): Promise<RawResult> => tx.runAs(tenant, plan, values),
});

/** What rolls back alone leaves nothing, also nothing to be called after the commit. */
async function within<T>(tx: Transaction, fn: (inner: Transaction) => Promise<T>): Promise<T> {
  const name = `inner_${named++}`;
  const followers: (() => void)[] = [];
  await tx.query(`savepoint ${name}`);
  let value: T;
  try {
    const inner: Transaction = {
      ...statementsOf(tx),
      inTransaction: true,
      afterCommit: (follow) => followers.push(follow),
    };
    value = await fn(inside(tx, inner));
    await tx.query(`release savepoint ${name}`);
  } catch (error) {
    await tx.query(`rollback to savepoint ${name}; release savepoint ${name}`);
    throw error;
  }
  for (const follow of followers) tx.afterCommit(follow);
  return value;
}

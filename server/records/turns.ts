// Turns of accounts whose writes have hooks: each holds a connection for as long as these take, so few of one account do at a time.
import { Failure } from '../../contract/problems.ts';
import type { Operation } from '../access/decide.ts';
import type { Database } from '../db/database.ts';
import type { RecordHooks, Verb } from './hooks.ts';
import type { InTurn } from './open.ts';

export interface Turns {
  /** Works when it is the account's turn. Throws RATE_LIMITED where that does not come in time. */
  take<T>(account: string, work: () => Promise<T>): Promise<T>;
}

interface Line {
  running: number;
  readonly waiting: Set<() => void>;
}

/** Of the ten connections of a process; the embedded database has one session for all. */
const AT_A_TIME = { postgres: 4, embedded: 1 };

/** `most` of an account at a time; whoever waits longer than `waitMs` is sent away. Accounts do not wait for each other. */
export function createTurns({ kind }: Pick<Database, 'kind'>, most = AT_A_TIME[kind], waitMs = 10_000): Turns {
  const lines = new Map<string, Line>();

  async function mine(line: Line): Promise<void> {
    if (line.running < most) {
      line.running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        line.waiting.delete(begin);
        resolve();
      };
      const timer = setTimeout(() => {
        line.waiting.delete(begin);
        reject(new Failure('RATE_LIMITED', { seconds: 1 }));
      }, waitMs);
      line.waiting.add(begin);
    });
  }

  return {
    async take(account, work) {
      const line = lines.get(account) ?? { running: 0, waiting: new Set() };
      lines.set(account, line);
      await mine(line);
      try {
        return await work();
      } finally {
        const [next] = line.waiting;
        // The place is handed on: nobody who comes now is faster than one who waits.
        if (next !== undefined) next();
        else if (--line.running === 0) lines.delete(account);
      }
    },
  };
}

/** What a call may come to: restoring is allowed to those who may delete, and changes. */
const VERBS_OF: { readonly [O in Operation]?: readonly Verb[] } = {
  create: ['create'],
  update: ['update'],
  delete: ['delete', 'update'],
};

/** Writes that have hooks wait for their turn before they take a connection; those within a transaction have one. */
export const writesInTurn =
  (db: Database, hooks: Pick<RecordHooks, 'wants'>, turns: Turns): InTurn =>
  ({ def, scope }, operation, work) => {
    const hooked = VERBS_OF[operation]?.some((verb) => hooks.wants(verb, def, scope.accountId)) ?? false;
    return hooked && !('inTransaction' in db) ? turns.take(scope.accountId ?? '', work) : work();
  };

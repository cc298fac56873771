// A durable reader's work shared by accounts: one whose events make too much work falls behind with a place of its own and goes on in turns, so that others do not wait for it.
import type { Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Apart } from './apart.ts';
import type { Event } from './event.ts';
import * as outbox from './outbox.ts';
import { comparePositions, type Position } from './position.ts';

export interface SharingOptions {
  /** The reader's. */
  readonly name: string;
  readonly log?: Logger | undefined;
  /** Works on events of one account in their order; answers how many it worked through before it had done enough for a turn. */
  readonly work: (tx: Transaction, events: readonly Event[], apart?: Apart) => Promise<number>;
  /** Whether more of the account may be worked on now; where not, its events wait in the log. */
  readonly room: (tx: Transaction, accountId: string) => Promise<boolean>;
}

/** What came of a turn: `went on` there may be more to do at once · `held back` there is no room yet for any · `nobody` is behind. */
export type Turn = 'went on' | 'held back' | 'nobody';

export interface Sharing {
  /** Works on a page of events of all accounts behind `place`. Call it with the reader's place locked. */
  work(tx: Transaction, events: readonly Event[], apart: Apart | undefined, place: Position): Promise<void>;
  /** Somebody who is behind goes on, at most to `place`, from which the reader tells everybody; with that place locked. */
  turn(tx: Transaction, apart: Apart | undefined, place: Position): Promise<Turn>;
}

/** Events of all accounts that are read for one that is behind. */
const LIMIT = 50;

/** Makes the work of one process's reader. */
export function createSharing({ name, log, work, room }: SharingOptions): Sharing {
  let last = '';
  /** Accounts without room, of which the log was told. */
  const full = new Set<string>();

  async function hasRoom(tx: Transaction, account: string): Promise<boolean> {
    const free = await room(tx, account);
    if (free) full.delete(account);
    else if (!full.has(account)) {
      full.add(account);
      log?.warn({ consumer: name, account }, 'An account has too much unfinished work; further events of it wait.');
    }
    return free;
  }

  async function goOn(
    tx: Transaction,
    account: string,
    { from, place, apart }: { readonly from: Position; readonly place: Position; readonly apart: Apart | undefined },
  ): Promise<void> {
    const read = await outbox.read(tx, from, LIMIT);
    if (read === null)
      log?.error({ consumer: name, account, place: from }, 'Events were pruned before they were read.');
    const own = (read?.events ?? []).filter(
      (event) => event.accountId === account && comparePositions(event.position, place) <= 0,
    );
    const done = own.length === 0 ? 0 : await work(tx, own, apart);
    const reached = done < own.length ? (own[done - 1]?.position ?? from) : (read?.reached ?? place);
    if (comparePositions(reached, place) < 0) await outbox.moveBehind(tx, name, account, reached);
    else await outbox.caughtUp(tx, name, account);
  }

  return {
    async work(tx, events, apart, place) {
      const behind = await outbox.behind(tx, name);
      const accounts = new Map<string, Event[]>();
      for (const event of events) {
        const own = accounts.get(event.accountId);
        if (own === undefined) accounts.set(event.accountId, [event]);
        else own.push(event);
      }
      for (const [account, own] of accounts) {
        if (behind.has(account)) continue;
        const done = (await hasRoom(tx, account)) ? await work(tx, own, apart) : 0;
        if (done < own.length) await outbox.moveBehind(tx, name, account, own[done - 1]?.position ?? place);
      }
    },
    async turn(tx, apart, place) {
      const behind = await outbox.behind(tx, name);
      const accounts = [...behind.keys()].sort();
      const before = last;
      for (const account of [...accounts.filter((a) => a > before), ...accounts.filter((a) => a <= before)]) {
        if (!(await hasRoom(tx, account))) continue;
        last = account;
        await goOn(tx, account, { from: behind.get(account) as Position, place, apart });
        return 'went on';
      }
      return accounts.length === 0 ? 'nobody' : 'held back';
    },
  };
}

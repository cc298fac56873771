// The log of calls: written after the reply, several at a time, and kept within its bounds.
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createPass } from '../../pass.ts';
import { createForgetting } from '../forgetting.ts';
import { storeInPieces } from '../in-pieces.ts';
import * as store from './store.ts';

/** Of each endpoint. */
const KEEP = 1000;
const DAYS = 30;
/** An endpoint's log is trimmed after so many calls. */
const TRIM_EVERY = 100;
const PAUSE_MS = 50;
const RETRY_MS = 1000;
/** What cannot be written is kept in memory up to here. */
const MOST_WAITING = 5000;
const PIECE = 500;
const DAY_MS = 86_400_000;

export interface Executions {
  /** Notes a call; it is in the log soon after. */
  add(execution: store.Call): void;
  /** Resolves when all that was noted is written, or cannot be. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function createExecutions({
  db,
  log,
}: {
  readonly db: Database;
  readonly log?: Logger | undefined;
}): Executions {
  const waiting: store.Call[] = [];
  /** Ids of the endpoints of calls that were written since the last trim. */
  const written: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const since = new Map<string, number>();

  async function trim(): Promise<void> {
    for (const id of written.splice(0)) since.set(id, (since.get(id) ?? TRIM_EVERY - 1) + 1);
    for (const [id, count] of since) {
      if (count < TRIM_EVERY) continue;
      since.set(id, 0);
      await store.trimExecutions(db, id, KEEP, DAYS);
    }
  }

  async function write(): Promise<void> {
    try {
      await storeInPieces(waiting, {
        most: PIECE,
        async store(piece) {
          await store.insertExecutions(db, piece);
          written.push(...piece.map(({ endpoint_id: id }) => id));
        },
        refused: ({ id, endpoint_id: endpoint }, err) =>
          log?.error({ err, endpoint, call: id }, 'A call of an endpoint cannot be logged.'),
      });
      await trim();
    } catch (error) {
      log?.warn({ err: error, calls: waiting.length }, 'Calls of endpoints could not be logged; trying again.');
      schedule(RETRY_MS);
    }
  }
  const flush = createPass(write);
  function schedule(ms: number): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void flush();
    }, ms);
    timer.unref();
  }
  const forgetting = createForgetting({
    some: () => store.pruneExecutions(db, DAYS).then(() => false),
    everyMs: DAY_MS,
    log,
    what: 'Old calls of endpoints',
  });

  return {
    add(execution) {
      if (waiting.length >= MOST_WAITING) {
        log?.warn({ endpoint: execution.endpoint_id }, 'A call of an endpoint is not logged: too many wait.');
        return;
      }
      waiting.push(execution);
      schedule(PAUSE_MS);
    },
    flush: () => flush(),
    async close() {
      await forgetting.close();
      clearTimeout(timer);
      timer = undefined;
      await flush();
      clearTimeout(timer);
    },
  };
}

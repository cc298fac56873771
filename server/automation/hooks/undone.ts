// What is told of runs whose transaction was undone: kept for a moment and stored from outside of it.
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createPass } from '../../pass.ts';
import { storeInPieces } from '../in-pieces.ts';
import { insertExecutions, type NewExecution } from './store/executions.ts';

export interface Undone {
  /** Stored soon, unless so many are waiting that nobody would read them. */
  tell(execution: NewExecution): void;
  /** Resolves once all that was told is stored. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const MOST_WAITING = 1000;
const PIECE = 200;
const EVERY_MS = 50;

/** Make it outside of any transaction: its timer must not belong to one. */
export function createUndone({ db, log }: { readonly db: Database; readonly log: Logger }): Undone {
  const waiting: NewExecution[] = [];
  const pass = createPass(async () => {
    try {
      await storeInPieces(waiting, {
        most: PIECE,
        store: (piece) => db.transaction((tx) => insertExecutions(tx, piece)),
        refused: ({ id, hookId: hook }, err) =>
          log.error({ err, hook, execution: id }, 'An execution cannot be logged.'),
      });
    } catch (error) {
      const executions = waiting.splice(0).length;
      log.warn({ err: error, executions }, 'Executions that were aborted could not be logged.');
    }
  });
  const timer = setInterval(() => {
    if (waiting.length > 0 && !pass.running) void pass();
  }, EVERY_MS);
  timer.unref();
  return {
    tell(execution) {
      if (waiting.length < MOST_WAITING) waiting.push(execution);
    },
    settle: () => pass(),
    async close() {
      clearInterval(timer);
      await pass();
    },
  };
}

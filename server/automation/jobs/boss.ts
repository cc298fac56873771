// pg-boss over the server's own database, whichever kind it is: its statements run on our connections and in our transactions.
import type PgBoss from 'pg-boss';
import type { Database, Runner } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';

export const SCHEMA = 'snackbase_jobs';
/** How long a process that takes a job may be silent before the job is somebody else's. */
export const LEASE_SECONDS = 60;

const DAY = 24 * 3600;

// pg-boss sends transactions as one text. Were one of its statements to fail, the connection would be left inside a failed one.
const WHOLE = /^\s*begin;([\s\S]*)commit;\s*$/i;

type Executor = Pick<PgBoss.Db, 'executeSql'>;

/** What runs the statements of pg-boss on an open transaction. */
export const on = (run: Runner): Executor => ({
  executeSql: async (text, values) => ({ rows: await run.query(text, values) }),
});

const onDatabase = (db: Database): Executor => ({
  async executeSql(text, values) {
    const inner = WHOLE.exec(text)?.[1];
    if (inner === undefined) return on(db).executeSql(text, values);
    return { rows: await db.transaction((tx) => tx.query(inner)) };
  },
});

export interface Boss {
  /** For sending, taking and ending jobs; needs no start. Loaded with the first call. */
  get(): Promise<PgBoss>;
  /** Brings its tables up to date and keeps them in order from then on; answers what ends that. Rejects as the database does. */
  supervise(): Promise<{ close(): Promise<void> }>;
}

export function createBoss(db: Database, log?: Logger): Boss {
  async function make(): Promise<PgBoss> {
    const { default: Class } = await import('pg-boss');
    const boss = new Class({
      db: onDatabase(db),
      schema: SCHEMA,
      // Schedules are ours.
      schedule: false,
      supervise: true,
      maintenanceIntervalSeconds: 600,
      expireInSeconds: LEASE_SECONDS,
      // A job that waits is not forgotten before that; one that ended is listed for as long as here.
      retentionDays: 365,
      archiveCompletedAfterSeconds: 7 * DAY,
      archiveFailedAfterSeconds: 30 * DAY,
      deleteAfterDays: 1,
    });
    boss.on('error', (error) => log?.warn({ err: error }, 'The job tables could not be kept in order; trying again.'));
    return boss;
  }
  let made: Promise<PgBoss> | undefined;
  return {
    get() {
      made ??= make();
      return made;
    },
    async supervise() {
      // A new one for each try: one whose start failed takes itself for started.
      const boss = await make();
      await boss.start();
      return { close: () => boss.stop({ graceful: false }) };
    },
  };
}

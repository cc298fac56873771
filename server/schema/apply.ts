// The sync: lock, look, plan and execute in one transaction, so that a table and its definition change together or not at all.
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { Database, Transaction } from '../db/database.ts';
import { DatabaseFault, isSerialization } from '../db/errors.ts';
import { type Change, named, type Step, shown } from './change.ts';
import { equalDefaults, introspect } from './introspect.ts';
import { plan, type Target } from './plan.ts';

export interface SyncOptions {
  /** Plan and check only. */
  readonly dryRun?: boolean;
  /** false leaves columns and tables that are no longer declared where they are. Default true. */
  readonly allowDestructive?: boolean;
}

// Shorter than deadlock_timeout (1 s): a change that stands in a circle with writers gives way itself, and no writer waits longer behind it.
const LOCK_WAIT_MS = 900;
const QUEUE_WAIT_MS = 5000;
const STATEMENT_MS = 60_000;
const ATTEMPTS = 4;

/**
 * Runs `fn` in a transaction that excludes every other schema change, in all processes.
 * Repeats it when the tables are busy; throws WRITE_CONFLICT when they stay so. `fn` must be repeatable.
 */
export async function withSchemaLock<T>(db: Database, fn: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTurn(db, () => locked(db, fn));
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (attempt === ATTEMPTS) throw new Failure('WRITE_CONFLICT', {}, [], { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 200 * attempt));
    }
  }
}

const locked = <T>(db: Database, fn: (tx: Transaction) => Promise<T>): Promise<T> =>
  db.transaction(async (tx) => {
    // Apart, because a time limit counts from the next message on.
    await tx.query(`set local lock_timeout = ${QUEUE_WAIT_MS}; set local statement_timeout = ${STATEMENT_MS}`);
    await tx.query(
      `select pg_advisory_xact_lock(hashtext('snackbase.schema')); set local lock_timeout = ${LOCK_WAIT_MS}`,
    );
    return fn(tx);
  });

// Changes of one process wait here and not in the database, where each would keep a connection from everybody else.
const turns = new WeakMap<Database, Promise<unknown>>();

function inTurn<T>(db: Database, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(db) ?? Promise.resolve()).then(work);
  turns.set(
    db,
    mine.catch(() => {}),
  );
  return mine;
}

/** Brings the tables to the target and answers what that changed. Throws as `syncIn` does. */
export const sync = (db: Database, target: Target, options: SyncOptions = {}): Promise<Change[]> =>
  withSchemaLock(db, (tx) => syncIn(tx, target, options));

/**
 * The same inside a transaction of `withSchemaLock`.
 * Throws INVALID_RESOURCE_DATA for changes that are not possible at all and SCHEMA_SYNC_FAILED, with one entry a finding,
 * for those that the stored rows do not allow or the database refused.
 */
export async function syncIn(tx: Transaction, target: Target, options: SyncOptions = {}): Promise<Change[]> {
  const keys = target.tables.flatMap((table) => table.foreignKeys.map((key) => key.target));
  const live = await introspect(tx, unique([...target.tables, ...target.absent, ...keys]));
  const made = plan(target, { live, equalDefaults: await equalDefaults(tx, target.tables, live) });
  if (made.refusals.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, made.refusals);
  const steps = options.allowDestructive === false ? made.steps.filter((step) => !isDestructive(step)) : made.steps;
  await checkGuards(tx, steps);
  if (options.dryRun !== true) for (const step of steps) await execute(tx, step);
  return steps.map(shown);
}

const isDestructive = (step: Step): boolean => step.change_type === 'drop_column' || step.change_type === 'drop_table';

function unique<T extends { schema: string; table: string }>(places: readonly T[]): T[] {
  return [...new Map(places.map((place) => [`${place.schema}.${place.table}`, place])).values()];
}

async function checkGuards(tx: Transaction, steps: readonly Step[]): Promise<void> {
  const guarded = steps.flatMap((step) => (step.guard === null ? [] : [{ step, guard: step.guard }]));
  if (guarded.length === 0) return;
  const tests = guarded.map(({ guard }) => guard.sql).join(', ');
  const [row] = await tx.query<{ hit: boolean[] }>(`select array[${tests}] as hit`);
  const found = guarded.filter((_, i) => row?.hit[i]);
  const [first] = found;
  if (first === undefined) return;
  const entries: ProblemEntry[] = found.map(({ step, guard }) => ({
    field: step.path,
    code: guard.code,
    message: guard.message,
  }));
  throw new Failure(
    'SCHEMA_SYNC_FAILED',
    { change: named(first.step), reason: reasonOf(first.guard.message) },
    entries,
  );
}

const reasonOf = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

async function execute(tx: Transaction, step: Step): Promise<void> {
  try {
    await tx.query(step.sql.join(';\n'));
  } catch (error) {
    if (!(error instanceof DatabaseFault) || isBusy(error)) throw error;
    const reason = REASONS[error.code] ?? `the database refused it (SQLSTATE ${error.code})`;
    const entry = { field: step.path, code: 'schema_sync_failed', message: reason };
    throw new Failure('SCHEMA_SYNC_FAILED', { change: named(step), reason }, [entry], { cause: error });
  }
}

const isBusy = (error: unknown): boolean =>
  isSerialization(error) || (error instanceof DatabaseFault && error.code === '55P03');

const REASONS: Readonly<Record<string, string>> = {
  '23502': 'records without a value exist',
  '23503': 'records that refer to nothing exist',
  '23505': 'records with equal values exist',
  '23514': 'records with a value that is not allowed exist',
  '2BP01': 'other database objects depend on it',
  '42P07': 'the database has an object of this name already',
  '42710': 'the database has an object of this name already',
  '42701': 'the table has a column of this name already',
  '54000': 'a stored value is too long for an index',
  '54011': 'the table would have too many columns',
  '57014': 'it took too long',
};

// The sync: lock, look, plan and execute in one transaction, so that a table and its definition change together or not at all.
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { Database, Transaction } from '../db/database.ts';
import { type Change, named, type Step, shown } from './change.ts';
import { answers, execute, isBusy } from './execute.ts';
import { equalDefaults, introspect } from './introspect.ts';
import { plan, type Target } from './plan.ts';

export interface SyncOptions {
  /** Plan and check only. */
  readonly dryRun?: boolean;
  /** false leaves columns and tables that are no longer declared where they are. Default true. */
  readonly allowDestructive?: boolean;
  /** Tells of each change whether values are lost and how many rows it touches, which means looking at them. */
  readonly count?: boolean;
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
  const present = { live, equalDefaults: await equalDefaults(tx, target.tables, live) };
  const made = plan(target, present, { keepSurplus: options.allowDestructive === false });
  if (made.refusals.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, made.refusals);
  await checkGuards(tx, made.steps);
  const changes = options.count === true ? await counted(tx, made.steps) : made.steps.map(shown);
  if (options.dryRun !== true) {
    await execute(tx, made.steps);
    if (made.marks.length > 0) await tx.query(made.marks.join(';\n'));
  }
  return changes;
}

async function counted(tx: Transaction, steps: readonly Step[]): Promise<Change[]> {
  const asked = [...new Set(steps.flatMap(({ touches, losses }) => [touches, losses]))].filter((sql) => sql !== null);
  const rows = await answers(tx, asked);
  const answer = new Map(asked.map((sql, i) => [sql, rows[i] as number]));
  return steps.map((step) => ({
    ...shown(step),
    destructive: step.destructive || (step.losses !== null && answer.get(step.losses) !== 0),
    rows: step.touches === null ? null : (answer.get(step.touches) as number),
  }));
}

function unique<T extends { schema: string; table: string }>(places: readonly T[]): T[] {
  return [...new Map(places.map((place) => [`${place.schema}.${place.table}`, place])).values()];
}

/** Throws SCHEMA_SYNC_FAILED with an entry for each guard that finds rows; the first ones alone where those do. */
async function checkGuards(tx: Transaction, steps: readonly Step[]): Promise<void> {
  const guarded = steps.flatMap((step) => step.guards.map((guard) => ({ step, guard })));
  const helpers = [
    ...new Map(steps.flatMap(({ helper }) => (helper === null ? [] : [[helper.make, helper]]))).values(),
  ];
  for (const helper of helpers) await tx.query(helper.make);
  for (const first of [true, false]) {
    const asked = guarded.filter(({ guard }) => guard.first === first);
    const rows = await answers(
      tx,
      asked.map(({ guard }) => guard.sql),
    );
    const found = asked.flatMap(({ step, guard: { code, message, path = step.path } }, i) =>
      rows[i] ? [{ step, entry: { field: path, code, message: message(rows[i]) } }] : [],
    );
    const [one] = found;
    if (one === undefined) continue;
    const entries: ProblemEntry[] = found.map(({ entry }) => entry);
    const reason = reasonOf(one.entry.message);
    throw new Failure('SCHEMA_SYNC_FAILED', { change: named(one.step), reason }, entries);
  }
  for (const helper of helpers) await tx.query(helper.drop);
}

const reasonOf = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

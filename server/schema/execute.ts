// Steps made: many a message, and named one by one where the database refuses.
import { Failure } from '../../contract/problems.ts';
import type { Transaction } from '../db/database.ts';
import { DatabaseFault, isSerialization } from '../db/errors.ts';
import { named, type Step } from './change.ts';

/** Questions and steps of one message. */
const QUESTIONS = 200;
const TOGETHER = 50;

const LOOK = 'the look at the records';
const TOO_MANY_LOCKS = '53200';

/** The number that each SQL expression answers. Throws SCHEMA_SYNC_FAILED where they look at more tables than can be locked. */
export async function answers(tx: Transaction, expressions: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (let from = 0; from < expressions.length; from += QUESTIONS) {
    const part = expressions.slice(from, from + QUESTIONS);
    const [row] = await tx
      .query<{ numbers: number[] }>(`select to_json(array[${part.join(', ')}]::int8[]) as numbers`)
      .catch((error: unknown) => {
        throw error instanceof DatabaseFault && error.code === TOO_MANY_LOCKS ? refused(error, LOOK, 'schema') : error;
      });
    found.push(...(row?.numbers ?? []));
  }
  return found;
}

/**
 * Many steps a message, as each is a round trip; where one fails they are taken back and made singly, to tell which it is.
 * Throws SCHEMA_SYNC_FAILED naming the change.
 */
export async function execute(tx: Transaction, steps: readonly Step[]): Promise<void> {
  for (let from = 0; from < steps.length; from += TOGETHER) {
    const part = steps.slice(from, from + TOGETHER);
    if (part.length === 1) {
      await executeOne(tx, part[0] as Step);
      continue;
    }
    await tx.query('savepoint steps');
    try {
      await tx.query(part.flatMap((step) => step.sql).join(';\n'));
      await tx.query('release savepoint steps');
    } catch (error) {
      if (!(error instanceof DatabaseFault) || isBusy(error)) throw error;
      await tx.query('rollback to savepoint steps');
      for (const step of part) await executeOne(tx, step);
    }
  }
}

async function executeOne(tx: Transaction, step: Step): Promise<void> {
  try {
    await tx.query(step.sql.join(';\n'));
  } catch (error) {
    if (!(error instanceof DatabaseFault) || isBusy(error)) throw error;
    throw refused(error, named(step), step.path);
  }
}

function refused(error: DatabaseFault, change: string, field: string): Failure {
  const reason = REASONS[error.code] ?? `the database refused it (SQLSTATE ${error.code})`;
  const entry = { field, code: 'schema_sync_failed', message: reason };
  return new Failure('SCHEMA_SYNC_FAILED', { change, reason }, [entry], { cause: error });
}

/** True where the same may succeed a moment later. */
export const isBusy = (error: unknown): boolean =>
  isSerialization(error) || (error instanceof DatabaseFault && error.code === '55P03');

const REASONS: Readonly<Record<string, string>> = {
  '0A000': 'other database objects depend on it',
  '23502': 'records without a value exist',
  '23503': 'records that refer to nothing exist',
  '23505': 'records with equal values exist',
  '23514': 'records with a value that is not allowed exist',
  '2BP01': 'other database objects depend on it',
  '42P07': 'the database has an object of this name already',
  '42710': 'the database has an object of this name already',
  '42701': 'the table has a column of this name already',
  [TOO_MANY_LOCKS]:
    'one transaction of this database cannot lock so many tables and indexes: raise max_locks_per_transaction',
  '54000': 'a stored value is too long for an index',
  '54011': 'the table would have too many columns',
  '57014': 'it took too long',
};

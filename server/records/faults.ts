// What a database fault on records means to the caller.
import { type Code, Failure, type ProblemEntry } from '../../contract/problems.ts';
import { DatabaseFault } from '../db/errors.ts';
import type { CollectionDef, Guarded } from '../schema/collection-def.ts';

export type Work = 'fetch' | 'find' | 'store' | 'update' | 'delete';

const FAULT: Readonly<Record<Work, Code>> = {
  fetch: 'RESOURCE_FETCH_ERROR',
  find: 'RESOURCE_FIND_ERROR',
  store: 'RESOURCE_STORE_ERROR',
  update: 'RESOURCE_UPDATE_ERROR',
  delete: 'RESOURCE_DELETE_ERROR',
};

/** True when the statement met another shape of the table than the definition it was made for. */
export const isStaleSchema = (error: unknown): boolean => error instanceof DatabaseFault && STALE.test(error.code);

/** A table, column or schema that went, an operator or cast that another type of the column does not have, a value that is none of it. */
const STALE = /^(42P01|42703|42883|42804|42846|3F000|22P02|22007|22008)$/;

/**
 * The error to throw for what a record statement threw; failures and lost databases stay as they are. `open` are the fields that
 * the caller may use, null for all.
 */
export function recordFault(
  error: unknown,
  work: Work,
  def: CollectionDef,
  open: ReadonlySet<string> | null = null,
): unknown {
  if (!(error instanceof DatabaseFault)) return error;
  if (error.code === '57014') return new Failure('STATEMENT_TIMEOUT', {}, [], { cause: error });
  if (error.code === '40001' || error.code === '40P01') return new Failure('WRITE_CONFLICT', {}, [], { cause: error });
  const guard = def.guards.get(error.constraint ?? '');
  const field = guard?.field?.name ?? def.fields.find((f) => f.column === error.column)?.name ?? '';
  const entry = (code: string, message: string): ProblemEntry[] => [{ field, code, message }];
  if (guard?.declared && (error.code === '23505' || error.code === '23514'))
    return declaredFault(error, guard.declared, open);
  if (error.code === '23505')
    return new Failure('RESOURCE_CONFLICT', {}, entry('unique', `Another record has this ${field || 'value'}.`));
  // PostgreSQL 18, the embedded one, reports ON DELETE RESTRICT by its own code.
  if (error.code === '23503' || error.code === '23001') {
    if (work === 'delete')
      return new Failure('RELATION_RESTRICTED', { references: error.table ?? 'another collection' });
    if (guard?.kind === 'account') return new Failure('RESOURCE_NOT_FOUND');
    return new Failure(
      'RELATION_REFERENCE_ERROR',
      {},
      entry('invalid_reference', `${field} refers to a record that does not exist.`),
    );
  }
  if (error.code === '23514')
    return new Failure(
      'INVALID_RESOURCE_DATA',
      {},
      entry('invalid_enum', `${field} holds a value that is not allowed.`),
    );
  if (error.code === '23502')
    return new Failure('INVALID_RESOURCE_DATA', {}, entry('required_null', `${field} is required.`));
  // Data exceptions and "index row too large": the value passed our checks but this database cannot hold it.
  if (error.code.startsWith('22') || error.code === '54000') {
    return new Failure(
      'INVALID_RESOURCE_DATA',
      {},
      entry('invalid', 'The database cannot hold one of the values: it may be too large.'),
    );
  }
  return new Failure(FAULT[work], {}, [], { cause: error });
}

/** What an index or check that the definition lists refuses: an entry for each field that it is about. */
function declaredFault(
  cause: DatabaseFault,
  { fields, about }: NonNullable<Guarded['declared']>,
  open: ReadonlySet<string> | null,
): Failure {
  const unique = cause.code === '23505';
  const code = unique ? 'unique' : 'check';
  // A caller who may not use one of the fields must not learn that it is there.
  const shown = fields.filter((field) => open === null || open.has(field));
  const all = shown.length === fields.length;
  const message = unique
    ? `Another record has the same ${all ? about : 'values'}.`
    : `The record does not satisfy ${all ? about : 'a check of the collection'}.`;
  const entries = (shown.length === 0 ? [''] : shown).map((field) => ({ field, code, message }));
  return new Failure(unique ? 'RESOURCE_CONFLICT' : 'INVALID_RESOURCE_DATA', {}, entries, { cause });
}

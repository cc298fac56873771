// What was thrown, as the failure that it means to a client: the same on every face of the server.
import { Failure } from '../contract/problems.ts';
import { DatabaseFault, DatabaseUnavailable, isSerialization, isTimeout } from './db/errors.ts';

/** A failure as it is, a fault of the database as its failure, null for what nobody expected. */
export function knownFailure(error: unknown): Failure | null {
  if (error instanceof Failure) return error;
  if (error instanceof DatabaseUnavailable) return new Failure('SERVICE_UNAVAILABLE', {}, [], { cause: error });
  if (!(error instanceof DatabaseFault)) return null;
  if (isTimeout(error)) return new Failure('STATEMENT_TIMEOUT');
  return isSerialization(error) ? new Failure('WRITE_CONFLICT') : null;
}

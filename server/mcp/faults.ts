// Whatever was thrown as the failure that REST would answer: nothing internal reaches an agent.
import { Failure } from '../../contract/problems.ts';
import { DatabaseFault, DatabaseUnavailable, isSerialization, isTimeout } from '../db/errors.ts';
import type { Logger } from '../db/log.ts';

/** The failure; what is the server's own fault is logged under the request's id. */
export function failureOf(error: unknown, requestId: string, log?: Logger): Failure {
  const failure = known(error) ?? new Failure('INTERNAL_ERROR');
  if (failure.status >= 500)
    log?.error({ err: (error as Error).cause ?? error, request_id: requestId }, `mcp: ${failure.code}`);
  return failure;
}

function known(error: unknown): Failure | null {
  if (error instanceof Failure) return error;
  if (error instanceof DatabaseUnavailable) return new Failure('SERVICE_UNAVAILABLE');
  if (!(error instanceof DatabaseFault)) return null;
  if (isTimeout(error)) return new Failure('STATEMENT_TIMEOUT');
  return isSerialization(error) ? new Failure('WRITE_CONFLICT') : null;
}

// Whatever was thrown as the failure that REST would answer: nothing internal reaches an agent.
import { Failure } from '../../contract/problems.ts';
import type { Logger } from '../db/log.ts';
import { knownFailure } from '../faults.ts';

/** The failure; what is the server's own fault is logged under the request's id. */
export function failureOf(error: unknown, requestId: string, log?: Logger): Failure {
  const failure = knownFailure(error) ?? new Failure('INTERNAL_ERROR');
  if (failure.status >= 500)
    log?.error({ err: (error as Error).cause ?? error, request_id: requestId }, `mcp: ${failure.code}`);
  return failure;
}

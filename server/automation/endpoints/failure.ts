// What a caller is told when a pipeline fails: the action's own words where he is to blame, a status of the definition's where it names one.
import { Failure } from '../../../contract/problems.ts';
import { knownFailure } from '../../faults.ts';
import { abortedBy } from '../../lifecycle/service.ts';
import { ActionFailed, toldError } from '../actions/run.ts';

/** Failures of a call out are nobody's here. */
const OF_OTHERS: ReadonlySet<string> = new Set(['CALL_REFUSED', 'ACTION_TIMEOUT']);

/** `status`: what the definition wants, null for the usual one. */
export function failureOf(error: unknown, status: number | null): Failure {
  const cause = error instanceof ActionFailed ? error.cause : error;
  const known = abortedBy(cause) ?? knownFailure(cause);
  if (known?.code === 'ENDPOINT_TIMEOUT' || known?.code === 'HOOK_ABORTED') return known;
  const options = { cause, ...(status !== null && { status }) };
  if (known !== null && known.status < 500 && !OF_OTHERS.has(known.code))
    return status === null ? known : new Failure(known.code, known.parameters, known.entries, options);
  const { code } = toldError(cause);
  // Whatever nobody expected is logged where it happened, and told to nobody.
  if (status === null && (known !== null ? known.status >= 500 : code === 'INTERNAL_ERROR'))
    return known ?? new Failure('INTERNAL_ERROR', {}, [], { cause });
  const refused = known?.code === 'CALL_REFUSED' && `the server that was called answered ${known.parameters.status}`;
  const reason = reasonOf(error, refused || toldError(cause).message);
  return new Failure('ENDPOINT_FAILED', { reason: reason.replace(/\.$/, '') }, [], options);
}

/** Why it failed: in full for those who manage the endpoint; what a server said that was called is none of their callers' business. */
export const reasonOf = (error: unknown, message: string): string =>
  error instanceof ActionFailed ? `action ${error.index} failed: ${message}` : message;

// What the checks of a permission make of a body: values are put in, and others are refused.
import { Failure } from '../../contract/problems.ts';
import { holds, NO_CHECKS, type WriteCheck } from '../access/constraints.ts';
import type { Environment } from '../expression/scope.ts';

type Values = Readonly<Record<string, unknown>>;

export interface Checking {
  readonly checks?: readonly WriteCheck[];
  readonly environment?: Environment;
}

const NOBODY: Environment = { auth: null };

/** The body with the values that checks set. Throws FORBIDDEN for another value in their place, or a caller who has none to give. */
export function filled(body: Values, { checks = NO_CHECKS, environment = NOBODY }: Checking): Values {
  const added: Record<string, unknown> = {};
  for (const check of checks) {
    if (check.sets === null) continue;
    const { field, claim } = check;
    const value = check.sets(environment.auth);
    if (claim !== undefined && value === null)
      throw refusal(field, `${field} is set to the caller's ${claim}, and you have none`);
    if (!Object.hasOwn(body, field)) added[field] = value;
    else if (!holds(check, body[field], environment))
      throw refusal(field, `${field} is set for you: leave it out, or send the value that you may set`);
  }
  return { ...body, ...added };
}

/** Throws FORBIDDEN for a value to be written that a check does not allow. */
export function refuseUnchecked(written: Values, { checks = NO_CHECKS, environment = NOBODY }: Checking): void {
  for (const check of checks)
    if (
      check.sets === null &&
      Object.hasOwn(written, check.field) &&
      !holds(check, written[check.field], environment)
    ) {
      const empty = written[check.field] == null ? ' and is empty: send it' : '';
      throw refusal(check.field, `${check.field} must satisfy ${check.rule.text}${empty}`);
    }
}

const refusal = (field: string, reason: string): Failure =>
  new Failure('FORBIDDEN', { reason }, [{ field, code: 'check_failed', message: `${reason}.` }]);

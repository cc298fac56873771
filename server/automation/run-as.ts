// Whether a definition may be stored that acts as a role.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { Runner } from '../db/database.ts';
import { suggestion } from '../expression/nearest.ts';
import { actingNames, actingRole, isRole } from './store.ts';

/** What is wrong with `run_as`, null for nothing: there is no such role, or it is disabled. `others` are words with a meaning of their own. */
export async function runAsProblem(
  run: Runner,
  name: string,
  others: readonly string[] = [],
): Promise<ProblemEntry | null> {
  if (others.includes(name) || (await actingRole(run, name)) !== null) return null;
  if (await isRole(run, name)) {
    const message = `The role ${name} is disabled: enable it, or name another one to run as.`;
    return { field: 'run_as', code: 'role_disabled', message };
  }
  const hint = suggestion(name, [...others, ...(await actingNames(run))], 'roles');
  const message = `There is no role ${name} to run as.`;
  return {
    field: 'run_as',
    code: 'unknown_role',
    message: hint === undefined ? message : `${message} ${hint}`,
    ...(hint !== undefined && { hint }),
  };
}

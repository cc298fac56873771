// The SQL of roles.

import type { z } from '../../contract/kit.ts';
import type { Role } from '../../contract/roles.ts';
import type { Runner } from '../db/database.ts';

type RoleRow = z.infer<typeof Role>;

/** All roles in the order in which they were made. */
export const listRoles = (run: Runner): Promise<RoleRow[]> =>
  run.query<RoleRow>('select id, name, description, is_builtin from snackbase.roles order by id');

export async function findRole(run: Runner, id: number): Promise<RoleRow | null> {
  const sql = 'select id, name, description, is_builtin from snackbase.roles where id = $1';
  return (await run.query<RoleRow>(sql, [id]))[0] ?? null;
}

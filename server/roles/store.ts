// The SQL of roles.
import type { Role as ShownRole } from '../../contract/roles.ts';
import type { Runner } from '../db/database.ts';

/** A role, apart from what it may do. */
export type Role = Omit<ShownRole, 'permissions'>;
/** Its id, or its name, which never begins with a digit. */
export type RoleKey = number | string;

const SHOWN = 'id, name, description, is_builtin, enabled, created_at, updated_at';
const by = (key: RoleKey): string => (typeof key === 'number' ? 'id = $1' : 'name = $1');
const first = <T>(rows: readonly T[]): T | null => rows[0] ?? null;

/** All roles in the order in which they were made. */
export const listRoles = (run: Runner): Promise<Role[]> =>
  run.query<Role>(`select ${SHOWN} from snackbase.roles order by id`);

export async function findRole(run: Runner, key: RoleKey): Promise<Role | null> {
  return first(await run.query<Role>(`select ${SHOWN} from snackbase.roles where ${by(key)}`, [key]));
}

/** The same, locked against changes until the transaction ends; users may still be given the role. */
export async function lockRole(run: Runner, key: RoleKey): Promise<Role | null> {
  return first(await run.query<Role>(`select ${SHOWN} from snackbase.roles where ${by(key)} for no key update`, [key]));
}

/** The same, locked against removal until the transaction ends. */
export async function keepRole(run: Runner, id: number): Promise<Role | null> {
  return first(await run.query<Role>(`select ${SHOWN} from snackbase.roles where id = $1 for key share`, [id]));
}

export interface RoleRow {
  readonly name: string;
  readonly description: string | null;
  readonly enabled: boolean;
}

/** Rejects with a unique violation when there is a role of that name, in any case. */
export async function insertRole(run: Runner, { name, description, enabled }: RoleRow, at: string): Promise<Role> {
  const sql = `insert into snackbase.roles (name, description, enabled, created_at, updated_at)
    values ($1, $2, $3, $4, $4) returning ${SHOWN}`;
  return first(await run.query<Role>(sql, [name, description, enabled, at])) as Role;
}

/** Rejects as `insertRole` does. */
export async function updateRole(run: Runner, id: number, row: RoleRow, at: string): Promise<Role> {
  const sql = `update snackbase.roles set name = $2, description = $3, enabled = $4, updated_at = $5
    where id = $1 returning ${SHOWN}`;
  return first(await run.query<Role>(sql, [id, row.name, row.description, row.enabled, at])) as Role;
}

/** Its permissions go with it. Rejects with a foreign key violation while users have it. */
export async function deleteRole(run: Runner, id: number): Promise<void> {
  await run.query('delete from snackbase.roles where id = $1', [id]);
}

export async function countUsers(run: Runner, id: number): Promise<number> {
  const rows = await run.query<{ n: number }>('select count(*) as n from snackbase.users where role_id = $1', [id]);
  return first(rows)?.n ?? 0;
}

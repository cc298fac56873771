// The SQL of macros.
import type { Runner } from '../db/database.ts';

export interface MacroRow {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly expression: string;
  readonly created_at: string;
  readonly updated_at: string;
}

const SHOWN = 'id, name, description, expression, created_at, updated_at';

/** Every macro in the order in which they were made. */
export const all = (run: Runner): Promise<MacroRow[]> =>
  run.query<MacroRow>(`select ${SHOWN} from snackbase.macros order by id`);

export async function byId(run: Runner, id: number): Promise<MacroRow | undefined> {
  return (await run.query<MacroRow>(`select ${SHOWN} from snackbase.macros where id = $1`, [id]))[0];
}

type Settings = Pick<MacroRow, 'name' | 'description' | 'expression'>;

/** Rejects with a unique violation for a name that is taken in any case. */
export async function insert(run: Runner, { name, description, expression }: Settings, at: string): Promise<MacroRow> {
  const sql = `insert into snackbase.macros (name, description, expression, created_at, updated_at)
    values ($1, $2, $3, $4, $4) returning ${SHOWN}`;
  return (await run.query<MacroRow>(sql, [name, description, expression, at]))[0] as MacroRow;
}

/** Rejects as `insert` does. */
export async function update(run: Runner, id: number, row: Settings, at: string): Promise<MacroRow> {
  const sql = `update snackbase.macros set name = $2, description = $3, expression = $4, updated_at = $5
    where id = $1 returning ${SHOWN}`;
  return (await run.query<MacroRow>(sql, [id, row.name, row.description, row.expression, at]))[0] as MacroRow;
}

export async function remove(run: Runner, id: number): Promise<void> {
  await run.query('delete from snackbase.macros where id = $1', [id]);
}

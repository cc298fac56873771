// One statement on one connection, parsed or raw, with its errors classified.
import type pg from 'pg';
import { parsedTypes } from './cells.ts';
import type { Cell, Plan, RawResult } from './database.ts';
import { classify } from './errors.ts';

// Leaves every cell as the text PostgreSQL sent.
const textCells = { getTypeParser: () => (cell: string) => cell } as unknown as pg.CustomTypesConfig;

/** Runs text and answers parsed rows; of several statements in one text, the rows of the last. */
export async function queryOn<T extends object>(
  client: pg.ClientBase,
  text: string,
  values?: readonly unknown[],
): Promise<T[]> {
  try {
    const config: pg.QueryConfig = { text, types: parsedTypes as pg.CustomTypesConfig };
    if (values !== undefined) config.values = values as unknown[];
    const answer = (await client.query(config)) as pg.QueryResult | pg.QueryResult[];
    const last = Array.isArray(answer) ? answer.at(-1) : answer;
    return (last?.rows ?? []) as T[];
  } catch (error) {
    throw classify(error);
  }
}

/** A plan in the form `pg` takes, answering text cells; add a `name` to have it prepared. */
export function rawQuery(plan: Plan, values: readonly unknown[]): pg.QueryArrayConfig {
  const query = { text: plan.text, values, rowMode: 'array', types: textCells, queryMode: 'extended' };
  return query as unknown as pg.QueryArrayConfig;
}

/** Runs a plan without preparing it under a name. */
export async function runOn(client: pg.ClientBase, plan: Plan, values: readonly unknown[]): Promise<RawResult> {
  try {
    const result = await client.query<Cell[]>(rawQuery(plan, values));
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  } catch (error) {
    throw classify(error);
  }
}

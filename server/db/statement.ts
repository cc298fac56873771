// One statement on one connection, parsed or raw, with its errors classified.
import type pg from 'pg';
import { parsedTypes } from './cells.ts';
import type { Plan, RawResult } from './database.ts';
import { classify } from './errors.ts';
import { RawQuery } from './raw-query.ts';

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

/** Runs a plan without preparing it under a name. */
export function runOn(
  client: pg.ClientBase,
  plan: Plan,
  values: readonly unknown[],
  tenant?: string,
): Promise<RawResult> {
  return new Promise((resolve, reject) => {
    client.query(
      new RawQuery({ plan, values, tenant }, (error, result) => {
        if (error === null) resolve(result as RawResult);
        else reject(classify(error));
      }),
    );
  });
}

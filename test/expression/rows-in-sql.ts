// Rows that stand in no table: a statement judges many rules on many rows at once, each rule with its own caller.
import type { ValueType } from '../../contract/expression.ts';
import type { Database } from '../../server/db/database.ts';
import { functionStatements } from '../../server/db/migrations/0011-expression-functions.ts';
import type { Environment, Row } from '../../server/expression/scope.ts';
import { slotValues } from '../../server/expression/slots.ts';
import { toSql } from '../../server/expression/to-sql.ts';
import type { Checked } from '../../server/expression/typed.ts';
import { target } from './scopes.ts';

const SQL_TYPE: Readonly<Record<ValueType, string>> = {
  text: 'text',
  number: 'double precision',
  boolean: 'boolean',
  datetime: 'timestamptz',
  date: 'date',
  uuid: 'uuid',
  json: 'jsonb',
  'text[]': 'text[]',
  'number[]': 'double precision[]',
};

export interface Judged {
  readonly checked: Checked;
  readonly environment: Environment;
}

const prepared = new WeakMap<Database, Promise<unknown>>();

/** The functions that expressions call, made once a database. */
async function withFunctions(database: Database): Promise<void> {
  let made = prepared.get(database);
  if (made === undefined) {
    made = (async () => {
      await database.query('create schema if not exists snackbase');
      for (const sql of functionStatements()) await database.query(sql);
    })();
    prepared.set(database, made);
  }
  await made;
}

/** The answer of every rule for every row: `answers[rule][row]`. */
export async function judgeInSql(
  database: Database,
  columns: Readonly<Record<string, ValueType>>,
  rows: readonly Row[],
  rules: readonly Judged[],
): Promise<(boolean | null)[][]> {
  await withFunctions(database);
  const values: unknown[] = [JSON.stringify(rows.map((row, i) => ({ ...row, "row'": i })))];
  const selected = rules.map(({ checked, environment }, i) => {
    const { sql, slots } = toSql(checked, target);
    const bound = slotValues(slots, environment);
    let next = 0;
    const text = sql.replaceAll('?', () => {
      values.push(bound[next++]);
      return `$${values.length}`;
    });
    if (next !== slots.length) throw new Error(`${slots.length} slots for ${next} placeholders: ${sql}`);
    return `${text} as r${i}`;
  });
  const declared = Object.entries(columns).map(([name, type]) => `"${name}" ${SQL_TYPE[type]}`);
  // A materialised sub-select, so that the planner cannot fold rows and rules into one another.
  const source = `(select * from jsonb_to_recordset($1::jsonb) as t(${declared.join(', ')}, "row'" int) offset 0) t`;
  const found = await database.query<Record<string, boolean | null>>(
    `select ${selected.join(', ')} from ${source} order by "row'"`,
    values,
  );
  return rules.map((_, i) => found.map((row) => row[`r${i}`] ?? null));
}

// The SQL that kinds of definitions share: all of them in one reading, with the number that orders their changes.

import type { Plan, Runner } from '../db/database.ts';
import { plan } from '../db/plans.ts';

export type Kind = 'hooks' | 'webhooks' | 'workflows' | 'endpoints';

/** `select` answers the rows that count; each becomes JSON by the names of its columns. */
export function definitionStatements(kind: Kind, select: string) {
  const whole = plan(`
    select v.number, (select coalesce(json_agg(row_to_json(d)), '[]')::text from (${select}) d)
    from snackbase.automation_versions v where v.kind = '${kind}'`);
  const counted = plan(`select number from snackbase.automation_versions where kind = '${kind}'`);
  const next = plan(
    `update snackbase.automation_versions set number = number + 1 where kind = '${kind}' returning number`,
  );
  const numberBy = (statement: Plan) => async (run: Runner) => Number((await run.run(statement, [])).rows[0]?.[0]);
  return {
    async read(run: Runner) {
      const [number, text] = (await run.run(whole, [])).rows[0] as [string, string];
      return { number: Number(number), text };
    },
    number: numberBy(counted),
    /** Takes the next number, whose row stays locked until the transaction ends. */
    bump: numberBy(next),
  };
}

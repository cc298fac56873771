// Two meanings, one answer: random rules on random rows, judged in memory and by both databases. EXPRESSION_CASES raises the number.
import { describe, expect, it } from 'vitest';
import { check } from '../../server/expression/check.ts';
import { ExpressionError } from '../../server/expression/error.ts';
import { evaluate } from '../../server/expression/evaluate.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';
import { print } from '../../server/expression/print.ts';
import type { Checked } from '../../server/expression/typed.ts';
import { onBoth } from '../db/databases.ts';
import { columnsOf, environmentOf, RuleMaker, rowOf, seeded } from './generate.ts';
import { type Judged, judgeInSql } from './rows-in-sql.ts';
import { scopeOf } from './scopes.ts';

const CASES = Number(process.env.EXPRESSION_CASES ?? 2000);
const SEED = Number(process.env.EXPRESSION_SEED ?? 1);
const BATCH = 50;
const ROWS = 8;

/** A rule that passes `check`, made by way of its text. */
function rule(maker: RuleMaker, scope: Parameters<typeof check>[1]): Checked {
  for (;;) {
    const made = maker.condition(3);
    try {
      const parsed = parseRule(print(made));
      expect(parsed).toEqual(made);
      return check(parsed, scope);
    } catch (error) {
      // Out of bounds, or a variable that was asked to be a boolean: not every random rule makes sense.
      if (!(error instanceof ExpressionError) || ['syntax', 'unknown_field'].includes(error.code)) throw error;
    }
  }
}

describe('both meanings agree', () => {
  onBoth('random rules', (database) => {
    it(`${CASES} rules`, { timeout: 1_800_000 }, async () => {
      const count = { true: 0, false: 0, null: 0 };
      for (let batch = 0; batch * BATCH < CASES; batch++) {
        const random = seeded(SEED * 1_000_003 + batch);
        const columns = columnsOf(random);
        const rows = Array.from({ length: ROWS }, () => rowOf(random, columns));
        const maker = new RuleMaker(random, columns);
        const scope = scopeOf(columns);
        const rules: Judged[] = Array.from({ length: BATCH }, () => ({
          checked: rule(maker, scope),
          environment: environmentOf(random),
        }));
        const inSql = await judgeInSql(database(), columns, rows, rules);
        rules.forEach(({ checked, environment }, i) => {
          const inMemory = rows.map((row) => evaluate(checked, row, environment));
          if (JSON.stringify(inMemory) !== JSON.stringify(inSql[i]))
            expect({ rule: print(checked.source), batch, columns, rows, environment, answers: inMemory }).toEqual({
              answers: inSql[i],
            });
          for (const answer of inMemory) count[`${answer as boolean}`]++;
        });
      }
      // A generator whose rules all answer alike would prove nothing.
      for (const share of Object.values(count)) expect(share / (CASES * ROWS)).toBeGreaterThan(0.1);
    });
  });
});

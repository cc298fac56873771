// The shared vectors: rules with the answer for every row, written by hand, for both meanings and in databases of any collation.
import { describe, expect, it } from 'vitest';
import type { ValueType } from '../../contract/expression.ts';
import { openDatabase } from '../../server/db/open.ts';
import { evaluate } from '../../server/expression/evaluate.ts';
import type { Environment } from '../../server/expression/scope.ts';
import { onBoth, onPostgres } from '../db/databases.ts';
import { dropDatabase } from '../helpers/postgres.ts';
import { type Judged, judgeInSql } from './rows-in-sql.ts';
import { compiled, scopeOf } from './scopes.ts';
import vectors from './vectors.json' with { type: 'json' };

interface Vector {
  readonly rule: string;
  readonly caller?: string;
  readonly data?: Record<string, unknown>;
  readonly expected: readonly (boolean | null)[];
}
const columns = vectors.columns as Readonly<Record<string, ValueType>>;
const callers: Readonly<Record<string, Environment['auth']>> = vectors.callers;
const cases = vectors.cases as readonly Vector[];
const scope = scopeOf(columns);
const judged: readonly Judged[] = cases.map(({ rule, caller = 'ann', data = {} }) => ({
  checked: compiled(rule, scope),
  environment: { auth: callers[caller] ?? null, data },
}));
const told = (answers: readonly (readonly (boolean | null)[])[]) =>
  cases.map(({ rule, caller }, i) => ({ rule, caller, answers: answers[i] }));
const expected = told(cases.map((c) => c.expected));

describe('vectors', () => {
  it(`${cases.length} rules in memory`, () => {
    expect(told(judged.map((j) => vectors.rows.map((row) => evaluate(j.checked, row, j.environment))))).toEqual(
      expected,
    );
  });

  onBoth('in SQL', (database) => {
    it(`${cases.length} rules`, async () => {
      expect(told(await judgeInSql(database(), columns, vectors.rows, judged))).toEqual(expected);
    });
  });

  onPostgres('in SQL under a linguistic collation', (url, server) => {
    it(`${cases.length} rules`, async ({ skip }) => {
      const name = `icu${process.pid}_${Math.random().toString(36).slice(2)}`;
      const plain = await openDatabase({ url: server().url, dataDir: '' });
      try {
        const made = plain.query(`create database "${name}" template template0 locale_provider icu icu_locale 'en-US'`);
        if (
          !(await made.then(
            () => true,
            () => false,
          ))
        )
          skip('This server was built without ICU.');
        const linguistic = await openDatabase({ url: url().replace(/[^/]+$/, name), dataDir: '' });
        try {
          // Proof that the collation is another one: here a stands before B.
          expect(await linguistic.query("select 'a' < 'B' as ordered")).toEqual([{ ordered: true }]);
          expect(told(await judgeInSql(linguistic, columns, vectors.rows, judged))).toEqual(expected);
        } finally {
          await linguistic.close();
        }
      } finally {
        await plain.close();
        await dropDatabase(server().url, name);
      }
    });
  });
});

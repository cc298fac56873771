// Scopes for tests: a table of column types, everything allowed unless said otherwise.
import type { Expr } from '../../contract/expression.ts';
import { check } from '../../server/expression/check.ts';
import { ExpressionError } from '../../server/expression/error.ts';
import { evaluate } from '../../server/expression/evaluate.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';
import type { ColumnType, Environment, Row, Scope } from '../../server/expression/scope.ts';
import { toSql } from '../../server/expression/to-sql.ts';

export type Columns = Readonly<Record<string, ColumnType>>;

export const COLUMNS: Columns = {
  id: 'uuid',
  title: 'text',
  city: 'text',
  price: 'number',
  stock: 'number',
  active: 'boolean',
  public: 'boolean',
  published_at: 'datetime',
  born: 'date',
  owner: 'uuid',
  meta: 'json',
  tags: 'text[]',
  scores: 'number[]',
  created_by: 'text',
};

export const scopeOf = (columns: Columns, more: Partial<Scope> = {}): Scope => ({
  field: (name) => (Object.hasOwn(columns, name) ? { type: columns[name] as ColumnType } : undefined),
  fieldNames: Object.keys(columns),
  allow: { auth: true, data: true },
  ...more,
});
export const scope = scopeOf(COLUMNS);

export const target = { column: (name: string) => `"${name}"` };
export const compiled = (rule: string | Expr, within: Scope = scope) =>
  check(typeof rule === 'string' ? parseRule(rule) : rule, within);
export const sqlOf = (rule: string | Expr) => toSql(compiled(rule), target);

export const caller: Environment = {
  auth: {
    id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
    email: 'ann@example.com',
    role: 'editor',
    account_id: 'AB1234',
    groups: ['pii_access', 'sales'],
  },
};
export const anonymous: Environment = { auth: null };

export const judged = (rule: string | Expr, row: Row, environment: Environment = caller) =>
  evaluate(compiled(rule), row, environment);

/** The error of something that must throw an ExpressionError. */
export function refused(attempt: () => unknown): ExpressionError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

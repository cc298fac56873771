// Whether the second belt of tenancy can be worn: row-level security as the role `snackbase_runtime`.
import type { Database, Runner } from './database.ts';
import { plan } from './plans.ts';

/**
 * `off` · `transactions`: what runs in a transaction anyway · `always`: single statements too. That is no default, because it costs
 * reads about a tenth (embedded, lists more than a third), and because under a policy PostgreSQL uses no index for operators that
 * are not leakproof, as full-text search and containment of arrays.
 */
export type RowSecurity = 'off' | 'transactions' | 'always';

export const ROW_SECURITY: readonly RowSecurity[] = ['transactions', 'always', 'off'];

const probe = plan("select current_user::text, current_setting('snackbase.account', true)");

/** What is wanted, or `off` with a warning where this login may not take the role. */
export async function rowSecurityOf(
  db: Database,
  wanted: RowSecurity,
  log?: { warn(facts: object, message: string): void },
): Promise<RowSecurity> {
  if (wanted === 'off') return 'off';
  try {
    await db.runAs('*', probe, []);
    return wanted;
  } catch (error) {
    log?.warn(
      { err: error },
      'Row-level security is off: the database login may not take the role snackbase_runtime. Accounts stay apart by the conditions of every statement.',
    );
    return 'off';
  }
}

/** Whether a statement on this runner wears the belt. */
export const isGuarded = (mode: RowSecurity, on: Runner): boolean =>
  mode === 'always' || (mode === 'transactions' && 'inTransaction' in on);

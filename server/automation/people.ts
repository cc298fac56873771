// Who is behind a run: as templates read it in `auth`, and as conditions and macros ask.
import type { AuthEnvironment } from '../expression/scope.ts';
import type { PersonRow } from './store.ts';

/** What `auth` tells; all null where nobody is behind it. */
export interface Told {
  readonly id: string | null;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly role: string | null;
  readonly account_id: string;
  readonly groups: readonly string[];
}

/** Of a user of the account, or of nobody. */
export const authValues = (accountId: string, person: PersonRow | null): Told => ({
  id: person?.id ?? null,
  user_id: person?.id ?? null,
  email: person?.email ?? null,
  role: person?.role ?? null,
  account_id: accountId,
  groups: person?.groups ?? [],
});

/** The same for the language of rules; null where nobody is behind it. */
export function personOf(told: unknown): AuthEnvironment | null {
  const auth = told as Partial<AuthEnvironment> | null | undefined;
  if (auth == null || (auth.id == null && auth.role == null)) return null;
  const { id = null, email = null, role = null, account_id = null, groups } = auth;
  return { id, email, role, account_id, groups: groups ?? [] };
}

// The outcome of a decision: which rows and fields a call may touch. Only `decide` makes one, so a store that asks for it cannot forget the tenant.
import type { Environment } from '../expression/scope.ts';
import type { Slot } from '../expression/slots.ts';
import { NO_CHECKS, type WriteCheck } from './constraints.ts';
import type { Rule } from './rule.ts';

declare const decided: unique symbol;

export interface RecordScope {
  readonly [decided]: true;
  /** null: every account (superadmins that name none). */
  readonly accountId: string | null;
  /** Every one must hold; each is an OR of rules. Empty: all rows of the account. */
  readonly rows: readonly (readonly Rule[])[];
  /** Fields that the operation reads or writes; null: all. System fields can always be read. */
  readonly fields: ReadonlySet<string> | null;
  /** What a write must satisfy, and what it sets. */
  readonly checks: readonly WriteCheck[];
  /** Personal data is shown as it is. */
  readonly unmasked: boolean;
  /** Who asks and with which body, for the variables of the rules. */
  readonly environment: Environment;
  /** The parameters of `rows`, in the order of their text. */
  readonly slots: readonly Slot[];
  /** Equal for scopes whose statements have the same text. */
  readonly key: string;
}

type Parts = Omit<RecordScope, typeof decided>;

/** For `decide` alone. */
export const makeScope = (parts: Parts): RecordScope => parts as RecordScope;

/** The same decision with the request's body as `@request.data`. */
export const withData = (scope: RecordScope, data: Readonly<Record<string, unknown>>): RecordScope =>
  scope.rows.length === 0 ? scope : { ...scope, environment: { ...scope.environment, data } };

/** Every row and field of an account, for explaining what rules make of a row; what it reads never reaches a reply. */
export const wholeAccount = (accountId: string): RecordScope =>
  makeScope({
    accountId,
    rows: [],
    fields: null,
    checks: NO_CHECKS,
    unmasked: true,
    environment: { auth: null },
    slots: [],
    key: '1',
  });

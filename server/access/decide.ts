// What a caller may do on a collection: the one function that makes a record scope, without which no record statement can be built.
import { Failure } from '../../contract/problems.ts';
import type { Caller, Ctx } from '../context.ts';

export type Operation = 'list' | 'view' | 'create' | 'update' | 'delete';

declare const decided: unique symbol;

/**
 * Which rows and fields a decided call may touch. Only `decide` makes one, so a store that asks for a scope cannot forget the tenant.
 * `accountId` null means every account (superadmins that name none); `readable` and `writable` null mean all fields.
 */
export interface RecordScope {
  readonly [decided]: true;
  readonly accountId: string | null;
  readonly readable: ReadonlySet<string> | null;
  readonly writable: ReadonlySet<string> | null;
}

export interface Subject {
  /** Qualified name, as `main.posts`. */
  readonly collection: string;
  readonly operation: Operation;
}

/**
 * The scope of `ctx` for an operation on a collection. `namedAccount` is the account of X-Account-ID, resolved to its id;
 * only superadmins may act on an account that is not their own, so it is ignored for everyone else.
 * Where no rule and no permission row is set, the account's role admin and superadmins may (the default of a new collection).
 * Throws UNAUTHORIZED for an anonymous caller and FORBIDDEN for everyone else.
 */
export function decide(ctx: Ctx, subject: Subject, namedAccount: string | null): RecordScope {
  const { caller } = ctx;
  if (caller === null) throw new Failure('UNAUTHORIZED');
  if (!mayByDefault(caller)) {
    throw new Failure('FORBIDDEN', {
      reason: `your role "${caller.role}" has no permission to ${subject.operation} ${subject.collection}`,
    });
  }
  return scope(caller.superadmin ? namedAccount : caller.accountId);
}

const mayByDefault = (caller: Caller): boolean => caller.superadmin || caller.role === 'admin';

const scope = (accountId: string | null): RecordScope => ({ accountId, readable: null, writable: null }) as RecordScope;

// What an event happens inside of, and the caller as hooks see him.
import type { Ctx } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import type { HookContext, HookRecords } from './hook.ts';

/** What an event happens inside of. */
export interface Inside {
  /** null for what the server does by itself. */
  readonly ctx: Ctx | null;
  /** What is known of who caused it, where there is no context. */
  readonly cause?: Partial<HookContext>;
  /** The account, where it is another than the caller's. */
  readonly accountId?: string | null;
  /** Of before-hooks on records. */
  readonly tx?: Transaction | null;
  /** Records for the hook of that id, in this transaction. */
  readonly records?: (hookId: string) => HookRecords;
}

/** The caller as hooks see him. */
export function hookContext({ ctx, cause, accountId }: Inside): HookContext {
  const caller = ctx?.caller ?? null;
  return {
    accountId: accountId ?? caller?.accountId ?? null,
    kind: caller?.kind ?? (ctx === null ? 'system' : 'anonymous'),
    userId: caller === null || caller.kind === 'automation' ? null : caller.userId,
    email: caller?.email || null,
    role: caller?.role ?? null,
    groups: caller?.groups ?? [],
    superadmin: caller?.superadmin ?? false,
    requestId: ctx?.requestId ?? null,
    ip: ctx?.ip || null,
    userAgent: ctx?.userAgent || null,
    automation: ctx?.automation ?? null,
    ...cause,
  };
}

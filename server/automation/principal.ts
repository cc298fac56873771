// As whom a definition acts: as its account with a role that the definition names, under a name of its own.
import { randomUUID } from 'node:crypto';
import { Failure } from '../../contract/problems.ts';
import type { Automation, Caller, Ctx } from '../context.ts';

export { MOST_DEPTH } from '../context.ts';

export interface ActsAs {
  readonly accountId: string;
  /** null: the role that the definition named is gone or disabled. */
  readonly role: { readonly id: number; readonly name: string } | null;
  readonly automation: Automation;
}

/**
 * The context of a run without a person: rules see the definition's id as `@request.auth.id` and its role, no e-mail and no
 * groups, so personal data stays masked. Throws FORBIDDEN where the role is gone or disabled.
 */
export function automationCtx({ accountId, role, automation }: ActsAs, requestId = `auto_${randomUUID()}`): Ctx {
  if (role === null)
    throw new Failure('FORBIDDEN', { reason: 'the role that the definition runs as is gone or disabled' });
  const caller: Caller = {
    kind: 'automation',
    userId: automation.id,
    accountId,
    email: '',
    role: role.name,
    roleId: role.id,
    groups: [],
    superadmin: false,
    sessionId: null,
    keyId: null,
    scopes: null,
    via: 'automation',
  };
  return {
    caller,
    automation,
    accountHeader: null,
    requestId,
    ip: '',
    userAgent: `SnackBase ${automation.kind}`,
    sessionCookie: null,
  };
}

/** The same call, on behalf of whom it was, as part of a definition's run: an endpoint that acts as its caller. */
export const onBehalf = (ctx: Ctx, automation: Automation): Ctx => ({
  caller: ctx.caller,
  automation,
  accountHeader: ctx.accountHeader,
  requestId: ctx.requestId,
  ip: ctx.ip,
  userAgent: ctx.userAgent,
  auditReason: ctx.auditReason ?? null,
  sessionCookie: null,
});

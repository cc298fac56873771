// Who did it: the context that every entry of a request carries, made once a request.
import { randomUUID } from 'node:crypto';
import type { Ctx } from '../context.ts';
import { cut } from '../text.ts';
import type { Context } from './entry.ts';

/** A stored header may have any length and, from a broken client, any character. */
const MOST = 500;
const given = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined || text === '' ? undefined : cut(text, MOST);

/** The secret behind the salts of a change's entries. */
export const randomSalt = (): string => randomUUID();

/** What a command or the server itself does on nobody's behalf. */
export const SYSTEM: Context = { actor_kind: 'system' };

/** The context of a request; `more` adds what the request itself does not tell, as a signature. */
export function contextOf(ctx: Ctx, more: Context = {}): Context {
  const { caller, automation } = ctx;
  const by = automation != null && { automation: { kind: automation.kind, id: automation.id, run: automation.run } };
  const isPerson = caller !== null && caller.kind !== 'automation';
  return {
    actor_kind: caller === null ? 'anonymous' : caller.kind,
    ...(isPerson && { user_id: caller.userId, user_email: caller.email }),
    ...((caller !== null || by !== false) && {
      extra_metadata: {
        ...(caller !== null && { auth_method: caller.via }),
        ...(caller?.keyId != null && { key_id: caller.keyId }),
        ...by,
      },
    }),
    es_reason: given(ctx.auditReason),
    ip_address: given(ctx.ip),
    request_id: ctx.requestId,
    salt: randomSalt(),
    user_agent: given(ctx.userAgent),
    ...more,
  };
}

const texts = new WeakMap<Ctx, string>();

/** The same as JSON text, for a parameter of the write's own statement. */
export function contextText(ctx: Ctx): string {
  let text = texts.get(ctx);
  if (text === undefined) {
    text = JSON.stringify(contextOf(ctx));
    texts.set(ctx, text);
  }
  return text;
}

/** Who did it, as an event tells: `{kind, user_id?, key_id?, request_id, automation?: {kind, id, run, depth}}` as JSON text. */
export const actorText = ({ caller, requestId, automation }: Ctx): string =>
  JSON.stringify({
    kind: caller === null ? 'anonymous' : caller.kind,
    user_id: caller?.kind === 'automation' ? undefined : caller?.userId,
    key_id: caller?.keyId ?? undefined,
    request_id: requestId,
    automation: automation == null ? undefined : { ...automation, name: undefined },
  });

// Login sessions: opening one, exchanging its refresh token, ending it. Whatever ends acts on the next request.
import type { Session } from '../../../contract/auth.ts';
import { Failure } from '../../../contract/problems.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { isUuid, uuidV7 } from '../../ids.ts';
import { cut } from '../../text.ts';
import { accountBrief, userBrief } from '../briefs.ts';
import type { Principals } from '../principals.ts';
import { findPerson, type PersonRow } from '../store.ts';
import { fingerprint, LIFETIME, type Tokens } from '../tokens.ts';
import * as store from './store.ts';

/** Why a session ended, as it is stored. */
export type EndReason = 'logout' | 'password changed' | 'user deactivated';

export interface Sessions {
  /**
   * Opens a session for a user whose proof was checked (`passwordHash` is the one it was checked against) and answers its tokens.
   * Throws INVALID_CREDENTIALS when the user was deactivated or his password changed meanwhile.
   */
  open(
    person: PersonRow,
    passwordHash: string | null,
    ctx: Ctx,
    /** In the same transaction. */
    also?: (tx: Transaction) => Promise<void>,
  ): Promise<{ reply: Session; sessionId: string }>;
  /** Exchanges a refresh token; a used one ends its session. Throws INVALID_REFRESH_TOKEN. */
  refresh(refreshToken: string): Promise<Session>;
  /** Ends sessions; unknown and ended ones are passed over. */
  end(
    sessionIds: readonly string[],
    reason: EndReason,
    ctx: Ctx,
    also?: (tx: Transaction) => Promise<void>,
  ): Promise<void>;
  /** Ends all sessions of a user inside `tx`. */
  endAll(tx: Transaction, userId: string, reason: EndReason): Promise<void>;
  /** Removes rows that are long over. */
  sweep(): Promise<void>;
}

interface Parts {
  readonly db: Database;
  readonly tokens: Tokens;
  readonly principals: Principals;
  readonly trail: Recorder;
  readonly clock: () => Date;
}

/** Whose session it is. */
interface Holder {
  readonly user_id: string;
  readonly account_id: string;
  readonly email: string;
}

const DAY = 86_400_000;
/** A stored header may have any length and, from a broken client, any character. */
const kept = (text: string) => cut(text, 500);

export function createSessions({ db, tokens, principals, trail, clock }: Parts): Sessions {
  const at = (offset = 0) => new Date(clock().getTime() + offset).toISOString();
  const sessionEnd = () => at(LIFETIME.refresh * 1000);

  function reply(person: PersonRow, sessionId: string, refreshToken: string): Session {
    const { id: userId, account_id: accountId, email, role } = person;
    const token = tokens.sign('access', { userId, accountId, email, role, sessionId });
    const account = accountBrief(person);
    return { token, refresh_token: refreshToken, expires_in: LIFETIME.access, account, user: userBrief(person) };
  }

  /** The person is told as the actor: his request is anonymous when it logs him in. */
  function told(tx: Transaction, ctx: Ctx, operation: 'LOGIN' | 'LOGOUT', id: string, who: Holder, after: object) {
    const context = { actor_kind: 'user', user_id: who.user_id, user_email: who.email };
    return trail.record(tx, ctx, { accountId: who.account_id, table: 'sessions', id, operation, after, context });
  }

  return {
    async open(person, passwordHash, ctx, also) {
      const sessionId = uuidV7();
      const subject = { userId: person.id, accountId: person.account_id, sessionId };
      const refreshToken = tokens.sign('refresh', subject);
      const now = at();
      const session = {
        id: sessionId,
        userId: person.id,
        passwordHash,
        refreshHash: fingerprint(refreshToken),
        at: now,
        expiresAt: sessionEnd(),
        userAgent: kept(ctx.userAgent),
        ip: kept(ctx.ip),
      };
      const opened = await db.transaction(async (tx) => {
        if (!(await store.insertSession(tx, session))) return false;
        const { id: user_id, account_id, email } = person;
        await told(tx, ctx, 'LOGIN', sessionId, { user_id, account_id, email }, { expires_at: session.expiresAt });
        await also?.(tx);
        return true;
      });
      if (!opened) throw new Failure('INVALID_CREDENTIALS');
      return { reply: reply({ ...person, last_login: now }, sessionId, refreshToken), sessionId };
    },

    async refresh(refreshToken) {
      const verified = tokens.verify(refreshToken, 'refresh');
      if (!verified || verified.expired) throw new Failure('INVALID_REFRESH_TOKEN');
      const { user_id: userId, account_id: accountId, sid: sessionId } = verified.claims;
      const next = tokens.sign('refresh', { userId, accountId, sessionId });
      const hash = fingerprint(refreshToken);
      const rotated = await store.rotate(db, { hash, nextHash: fingerprint(next), at: at(), expiresAt: sessionEnd() });
      if (rotated === null) {
        await db.transaction(async (tx) => {
          const ended = await store.endReused(tx, hash, at());
          if (ended !== null) await principals.invalidate({ session: ended }, tx);
        });
        throw new Failure('INVALID_REFRESH_TOKEN');
      }
      const person = await findPerson(db, rotated.user_id);
      if (!person?.is_active) throw new Failure('INVALID_REFRESH_TOKEN');
      return reply(person, rotated.session_id, next);
    },

    async end(sessionIds, reason, ctx, also) {
      const known = [...new Set(sessionIds)].filter(isUuid);
      if (known.length === 0) return;
      await db.transaction(async (tx) => {
        for (const id of known) {
          const ended = await store.endSession(tx, id, reason, at());
          if (ended !== null) await told(tx, ctx, 'LOGOUT', id, ended, { revoke_reason: reason });
          await principals.invalidate({ session: id }, tx);
        }
        await also?.(tx);
      });
    },

    async endAll(tx, userId, reason) {
      await store.endSessionsOf(tx, userId, reason, at());
      await principals.invalidate({ user: userId }, tx);
    },

    sweep: () => store.sweep(db, at(-DAY)),
  };
}

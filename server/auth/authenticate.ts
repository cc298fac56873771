// Credentials to caller: which credential counts, whether it is genuine, and who stands behind it right now.
import { Failure } from '../../contract/problems.ts';
import type { Caller, Credentials } from '../context.ts';
import { isKeyText, parseKey } from './keys.ts';
import type { Principals } from './principals.ts';
import type { Tokens } from './tokens.ts';

/**
 * The caller behind the first credential that was sent (Authorization, then X-API-Key, then the cookie); null without any.
 * Throws UNAUTHORIZED or TOKEN_EXPIRED for a bad one: an invalid credential never makes an anonymous caller.
 */
export type Authenticate = (credentials: Credentials) => Promise<Caller | null>;

export function createAuthenticate(tokens: Tokens, principals: Principals): Authenticate {
  // Not async: a remembered caller costs no turn of the event loop beyond the one promise of the whole.
  function behind(token: string, via: 'bearer' | 'cookie'): Caller | Promise<Caller> {
    const verified = tokens.verify(token, via === 'bearer' ? 'access' : 'session');
    if (verified === null) throw new Failure('UNAUTHORIZED');
    if (verified.expired) throw new Failure('TOKEN_EXPIRED');
    const found = principals.find(verified.claims.sid, via);
    return found instanceof Promise ? found.then(present) : present(found);
  }

  function behindKey(text: string): Caller | Promise<Caller> {
    const sent = parseKey(text);
    if (sent === null) throw new Failure('UNAUTHORIZED');
    const found = principals.findKey(sent);
    return found instanceof Promise ? found.then(present) : present(found);
  }

  return async ({ authorization, cookie, apiKey }) => {
    if (authorization !== null) {
      const token = bearerToken(authorization);
      return isKeyText(token) ? behindKey(token) : behind(token, 'bearer');
    }
    if (apiKey !== null) return behindKey(apiKey.trim());
    return cookie === null ? null : behind(cookie, 'cookie');
  };
}

/** When the token of these credentials is over, in ms since 1970; Infinity for a key, whose caller tells it, and without any. */
export const createTokenEnd =
  (tokens: Tokens) =>
  ({ authorization, apiKey, cookie }: Credentials): number => {
    if (authorization === null && apiKey !== null) return Number.POSITIVE_INFINITY;
    const token = authorization === null ? cookie : bearerToken(authorization);
    if (token === null || isKeyText(token)) return Number.POSITIVE_INFINITY;
    const verified = tokens.verify(token, authorization === null ? 'session' : 'access');
    return verified === null ? 0 : verified.claims.exp * 1000;
  };

function present(caller: Caller | null): Caller {
  if (caller === null) throw new Failure('UNAUTHORIZED');
  return caller;
}

function bearerToken(authorization: string): string {
  if (authorization.startsWith('Bearer ')) return authorization.slice(7).trim();
  const token = /^bearer +(\S+)\s*$/i.exec(authorization)?.[1];
  if (token === undefined) throw new Failure('UNAUTHORIZED');
  return token;
}

// The session cookie: how it is set, and how it is cleared.
import { LIFETIME } from './tokens.ts';

/** Name of the cookie that holds a session token. */
export const SESSION_COOKIE = 'sb_session';

/** The headers that hand a session token to a browser; scripts cannot read it, other sites cannot post with it. */
export const setCookie = (token: string, secure: boolean): { 'Set-Cookie': string } =>
  cookie(token, LIFETIME.session, secure);

/** The headers that make a browser forget the session token. */
export const clearCookie = (secure: boolean): { 'Set-Cookie': string } => cookie('', 0, secure);

const cookie = (value: string, maxAge: number, secure: boolean) => ({
  'Set-Cookie': `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
});

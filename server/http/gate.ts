// In front of every route: limit, authenticate, check who may call, read the body.
import type { Request } from 'express';
import type { Access } from '../../contract/access.ts';
import { Failure } from '../../contract/problems.ts';
import type { Caller, Credentials, Redeemed } from '../context.ts';
import { cut } from '../text.ts';
import { readBody } from './json-body.ts';

export interface GateOptions {
  /** The caller behind the credentials, null when there are none. Throws UNAUTHORIZED or TOKEN_EXPIRED for a bad one. */
  readonly authenticate: (credentials: Credentials) => Promise<Caller | null>;
  /** When the token of these credentials is over, in ms since 1970. */
  readonly tokenEnd: (credentials: Credentials) => number;
  /** What a ticket stands for, once. Throws UNAUTHORIZED. */
  readonly redeem: (ticket: string) => Promise<Redeemed>;
  /** Throws RATE_LIMITED. */
  readonly limit: (rate: Access['rate'], ip: string) => Promise<void>;
  /** Largest body in bytes. */
  readonly bodyLimit: number;
  /** Origins that may use a cookie session across sites. */
  readonly corsOrigins: readonly string[];
}

export interface Gate {
  pass(access: Access, request: Request): Promise<void>;
  readBody(access: Access, request: Request): Promise<unknown>;
}

/** Callers without an account may send this much and no more. */
const AUTH_BODY_LIMIT = 65_536;
/** Bodies of many records may be this much larger than others. */
const BULK_FACTOR = 8;

const limitOf = (rate: Access['rate'], bodyLimit: number): number =>
  rate === 'auth' ? Math.min(bodyLimit, AUTH_BODY_LIMIT) : rate === 'bulk' ? bodyLimit * BULK_FACTOR : bodyLimit;

export function createGate({ authenticate, tokenEnd, redeem, limit, bodyLimit, corsOrigins }: GateOptions): Gate {
  /** Of a stream: its credentials may stand in the URL, and are kept, because a ticket is good for one use. */
  async function ofStream(inUrl: readonly string[], request: Request): Promise<Credentials> {
    const { ctx } = request;
    if (ctx.credentials !== null) return ctx.credentials;
    const { ticket, token } = request.query as Record<string, string | undefined>;
    if (ticket !== undefined && inUrl.includes('ticket')) {
      const { credentials, account } = await redeem(ticket);
      ctx.credentials = credentials;
      ctx.accountHeader ??= account;
    } else if (token !== undefined && inUrl.includes('token')) {
      ctx.credentials = { authorization: `Bearer ${token}`, apiKey: null, cookie: null };
    } else ctx.credentials = credentialsOf(request);
    ctx.tokenEndsAt = tokenEnd(ctx.credentials);
    return ctx.credentials;
  }

  return {
    readBody: (access, request) =>
      readBody(request, { limit: limitOf(access.rate, bodyLimit), yaml: access.ownBody === 'yaml' }),
    async pass(access, request) {
      if (access.rate === 'open') return;
      if (access.rate === 'auth') await limit(access.rate, request.ctx.ip);
      const { ctx } = request;
      try {
        const { inUrl } = access;
        ctx.caller = await authenticate(inUrl === undefined ? credentialsOf(request) : await ofStream(inUrl, request));
      } catch (error) {
        // Whoever needs no credential must not be stopped by an old one: he may be logging in again.
        if (access.who !== 'anyone') throw error;
      }
      const { caller } = ctx;
      if (caller?.via === 'cookie') {
        refuseOtherSites(request, corsOrigins);
        ctx.cookieFromElsewhere = !isFromOurPages(request, corsOrigins);
      }
      if (access.who === 'anyone' || access.who === 'rules') return;
      if (caller === null) throw new Failure('UNAUTHORIZED');
      // A key has scopes for records; beyond these it only tells whose it is.
      const scoped = access.keyScope !== undefined && hasScope(caller, access.keyScope);
      if (caller.kind === 'key' && !scoped && !(access.who === 'user' && request.method === 'GET'))
        throw new Failure('KEY_PERMISSION_DENIED', { action: `${request.method} ${cut(request.path, 200)}` });
      if (access.who === 'superadmin' && !caller.superadmin)
        throw new Failure('FORBIDDEN', { reason: 'only superadmins may' });
      if (access.who === 'account_admin' && !caller.superadmin && caller.role !== 'admin') {
        throw new Failure('FORBIDDEN', { reason: "only the account's admin may" });
      }
    },
  };
}

/** Whether a key has a scope beside those for records, as `apps.deploy`. */
function hasScope({ scopes }: Caller, scope: string): boolean {
  const [subject, operation] = scope.split('.') as [string, string];
  return scopes?.[subject]?.[operation] !== undefined;
}

function credentialsOf(request: Request): Credentials {
  const { headers } = request;
  const apiKey = headers['x-api-key'];
  return {
    authorization: headers.authorization ?? null,
    apiKey: typeof apiKey === 'string' ? apiKey : null,
    cookie: headers.cookie === undefined ? null : request.ctx.sessionCookie,
  };
}

/** A browser sends the cookie along with any site's form; what changes something must come from our own pages. */
function refuseOtherSites(request: Request, allowed: readonly string[]): void {
  // A WebSocket opens with GET, and other sites' pages may open it too.
  if ((request.method === 'GET' || request.method === 'HEAD') && request.headers.upgrade === undefined) return;
  const { origin } = request.headers;
  // Whoever is no browser says nothing; a browser names the origin of what changes something.
  const silent = request.headers['sec-fetch-site'] === undefined && origin === undefined;
  if (!silent && !isFromOurPages(request, allowed)) throw new Failure('CROSS_SITE_REQUEST');
}

/** Says that it comes from our own pages, from allowed ones, or from no page at all. */
function isFromOurPages({ headers }: Request, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin !== undefined && allowed.includes(origin)) return true;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return origin !== undefined && sameHost(origin, host);
}

const sameHost = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host;

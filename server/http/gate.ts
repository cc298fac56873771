// In front of every route: limit, authenticate, check who may call, read the body.
import type { Request } from 'express';
import type { Access } from '../../contract/access.ts';
import { Failure } from '../../contract/problems.ts';
import type { Caller } from '../context.ts';
import { readJsonBody } from './json-body.ts';

export interface Credentials {
  readonly authorization: string | null;
  readonly cookie: string | null;
  readonly apiKey: string | null;
}

export interface GateOptions {
  /** The caller behind the credentials, null when there are none. Throws UNAUTHORIZED or TOKEN_EXPIRED for a bad one. */
  readonly authenticate: (credentials: Credentials) => Promise<Caller | null>;
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

export function createGate({ authenticate, limit, bodyLimit, corsOrigins }: GateOptions): Gate {
  return {
    readBody: (access, request) => readJsonBody(request, limitOf(access.rate, bodyLimit)),
    async pass(access, request) {
      if (access.rate === 'open') return;
      if (access.rate === 'auth') await limit(access.rate, request.ctx.ip);
      const { ctx } = request;
      try {
        ctx.caller = await authenticate(credentialsOf(request));
      } catch (error) {
        // Whoever needs no credential must not be stopped by an old one: he may be logging in again.
        if (access.who !== 'anyone') throw error;
      }
      const { caller } = ctx;
      if (caller?.via === 'cookie') refuseOtherSites(request, corsOrigins);
      if (access.who === 'anyone' || access.who === 'rules') return;
      if (caller === null) throw new Failure('UNAUTHORIZED');
      // A key has scopes for records; beyond these it only tells whose it is.
      if (caller.kind === 'key' && !(access.who === 'user' && request.method === 'GET'))
        throw new Failure('KEY_PERMISSION_DENIED', { action: `${request.method} ${request.path.slice(0, 200)}` });
      if (access.who === 'superadmin' && !caller.superadmin)
        throw new Failure('FORBIDDEN', { reason: 'only superadmins may' });
      if (access.who === 'account_admin' && !caller.superadmin && caller.role !== 'admin') {
        throw new Failure('FORBIDDEN', { reason: "only the account's admin may" });
      }
    },
  };
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
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (origin !== undefined && allowed.includes(origin)) return;
  const same =
    site === undefined ? origin === undefined || sameHost(origin, host) : site === 'same-origin' || site === 'none';
  if (!same) throw new Failure('CROSS_SITE_REQUEST');
}

const sameHost = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host;

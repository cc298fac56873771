// The headers that every reply carries. Helmet decides them once at start; per request they are constants.
import cors from 'cors';
import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** Flat list of names and values. An API has no page to protect: its policy allows nothing; /docs brings its own. */
export function constantHeaders(production: boolean): string[] {
  const pairs: string[] = ['Cache-Control', 'no-store'];
  const recorder = {
    setHeader: (name: string, value: string) => pairs.push(name, value),
    removeHeader: () => undefined,
  };
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Browsers on other origins are let in by CORS, so the resource policy must not shut them out.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    frameguard: { action: 'deny' },
    dnsPrefetchControl: false,
    ieNoOpen: false,
    permittedCrossDomainPolicies: false,
    xssFilter: false,
    hsts: production && { maxAge: 31536000 },
  })({} as Request, recorder as unknown as Response, () => undefined);
  return pairs;
}

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** CORS for browsers: the configured origins, or any local one outside production. Requests without Origin skip it. */
export function crossOrigin(origins: readonly string[], production: boolean, publicUrl: string): RequestHandler {
  const allowed = (origin: string) =>
    origins.includes('*') || origins.includes(origin) || (origins.length === 0 && !production && LOCAL.test(origin));
  const handler = cors({
    origin: (origin, done) => done(null, origin !== undefined && allowed(origin)),
    // With `*` any site may call, so none of them may bring the visitor's cookie.
    credentials: !origins.includes('*'),
    maxAge: 600,
    exposedHeaders: ['X-Correlation-ID', 'Retry-After', 'ETag', 'Idempotency-Replayed'],
  });
  const own = new URL(publicUrl).origin;
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined) return next();
    // Not by Host: a site whose name was bound to our address names itself there as well.
    request.ctx.foreignOrigin = origin !== own && !allowed(origin);
    handler(request, response, next);
  };
}

/** In production behind a proxy that says the visitor used http: reads are redirected, everything else is refused. */
export function httpsOnly(publicUrl: string): RequestHandler {
  return (request, response, next) => {
    if (request.secure || request.headers['x-forwarded-proto'] !== 'http') return next();
    response.redirect(308, publicUrl + request.originalUrl);
  };
}

// The request and response objects: born with Express's prototypes, carrying the call's context, and writing replies in one go.
import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, Request } from 'express';
import { type Attempt, type Caller, type Credentials, type Ctx, RawJson, type UploadBody } from '../context.ts';
import { cut } from '../text.ts';
import type { Judged } from './judged.ts';

/** Headers that what an account defines may read: none that holds a credential or says how a proxy was passed. */
const TOLD = /^(accept-language|content-type|user-agent|x-.*)$/;
const SECRET = /auth|key|token|secret|password|session|csrf|cookie|forwarded|real-ip/;

/** The context of one request; what costs something to find out is found out when it is asked for. */
export class RequestContext implements Ctx {
  caller: Caller | null = null;
  /** The route that took the request. */
  judged: Judged | null = null;
  attempt: Attempt | null = null;
  recheck?: () => Promise<void>;
  foreignOrigin?: boolean;
  cookieFromElsewhere?: boolean;
  /** Of a stream. */
  tokenEndsAt?: number;
  credentials: Credentials | null = null;
  readonly requestId: string;
  constructor(readonly request: Request) {
    const sent = request.headers['x-correlation-id'];
    this.requestId = typeof sent === 'string' && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : `cid_${randomUUID()}`;
  }
  private account: string | null = null;
  get accountHeader(): string | null {
    const sent = this.request.headers['x-account-id'];
    return typeof sent === 'string' && sent !== '' ? sent : this.account;
  }
  /** For a ticket, which remembers it. */
  set accountHeader(account: string | null) {
    this.account = account;
  }
  get lastEventId(): string | null {
    const sent = this.request.headers['last-event-id'];
    return typeof sent === 'string' && sent !== '' ? sent : null;
  }
  get accepts(): string | null {
    return this.request.headers.accept ?? null;
  }
  get protocolVersion(): string | null {
    const sent = this.request.headers['mcp-protocol-version'];
    return typeof sent === 'string' ? sent : null;
  }
  header(name: string): string | null {
    const sent = this.request.headers[name];
    return typeof sent === 'string' ? sent : null;
  }
  get ip(): string {
    return this.request.ip ?? '';
  }
  get userAgent(): string {
    return this.request.headers['user-agent'] ?? '';
  }
  get auditReason(): string | null {
    const sent = this.request.headers['x-audit-reason'];
    // Node reads headers as Latin-1; people write reasons in UTF-8.
    return typeof sent === 'string' && sent !== '' ? Buffer.from(sent, 'latin1').toString('utf8') : null;
  }
  get ifMatch(): string | null {
    return this.request.headers['if-match'] ?? null;
  }
  get ownHeaders(): Readonly<Record<string, string>> {
    const told = Object.entries(this.request.headers).filter(([name]) => TOLD.test(name) && !SECRET.test(name));
    return Object.fromEntries(told.map(([name, value]) => [name, cut(String(value), 1000)]));
  }
  get upload(): UploadBody {
    const { 'content-type': contentType = '', 'content-encoding': encoding = null } = this.request.headers;
    return { contentType, encoding, bytes: this.request };
  }
  get sessionCookie(): string | null {
    return /(?:^|;\s*)sb_session=([^;]+)/.exec(this.request.headers.cookie ?? '')?.[1] ?? null;
  }
}

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the first middleware for every request. */
    ctx: RequestContext;
  }
}

/**
 * Express swaps the prototype of every request and response, which makes V8 give up their fast shapes.
 * Objects that are born with that prototype make the swap a no-op. They must be made by derived classes:
 * for any other constructor V8 makes a new hidden class for each object, which is as slow as the swap.
 */
export function bornWithPrototypes(app: Express): {
  IncomingMessage: typeof IncomingMessage;
  ServerResponse: typeof ServerResponse;
} {
  class BornRequest extends IncomingMessage {}
  class BornResponse extends ServerResponse<IncomingMessage> {}
  Object.setPrototypeOf(BornRequest.prototype, app.request);
  Object.setPrototypeOf(BornResponse.prototype, app.response);
  app.request = BornRequest.prototype as unknown as Express['request'];
  app.response = BornResponse.prototype as unknown as Express['response'];
  return { IncomingMessage: BornRequest, ServerResponse: BornResponse as typeof ServerResponse };
}

/** Whether the client says that it has this version already; comparison is weak, as RFC 9110 wants for reading. */
const isKnown = (header: string | undefined, tag: string | string[] | undefined): boolean =>
  header !== undefined &&
  typeof tag === 'string' &&
  header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag);

type HeaderPairs = readonly (string | number)[];

/**
 * Gives the app's responses our way of writing: constant headers and the correlation id on every reply, whoever writes it,
 * and `json` that neither computes an ETag nor sniffs a charset. `constant` is a flat list of names and values.
 */
export function fastReplies(app: Express, constant: HeaderPairs): void {
  const response = app.response as unknown as ServerResponse & { json: unknown; req: Request };
  const write = ServerResponse.prototype.writeHead as (this: ServerResponse, ...args: unknown[]) => ServerResponse;

  response.writeHead = function (this: ServerResponse & { req: Request }, status: number, ...rest: unknown[]) {
    for (let i = 0; i < constant.length; i += 2) {
      // A route may set its own Content-Security-Policy or Cache-Control; ours is the default.
      if (!this.hasHeader(constant[i] as string)) this.setHeader(constant[i] as string, constant[i + 1] as string);
    }
    if (this.req.ctx !== undefined) this.setHeader('X-Correlation-ID', this.req.ctx.requestId);
    return write.call(this, status, ...rest);
  } as never;

  response.json = function (this: ServerResponse & { req: Request }, body: unknown) {
    if (body === undefined) {
      this.end();
      return this;
    }
    const raw = body instanceof RawJson;
    const tag = raw ? body.tag : undefined;
    if (tag !== undefined && this.req.method === 'GET' && isKnown(this.req.headers['if-none-match'], tag)) {
      this.statusCode = 304;
      this.setHeader('ETag', tag);
      this.end();
      return this;
    }
    const text = raw ? body.json : JSON.stringify(body);
    const length = Buffer.byteLength(text);
    if (this.getHeaderNames().length > 0) {
      // Only custom endpoints choose another.
      if (!this.hasHeader('Content-Type')) this.setHeader('Content-Type', 'application/json');
      this.setHeader('Content-Length', length);
      if (tag !== undefined) this.setHeader('ETag', tag);
      this.end(text);
      return this;
    }
    // Nothing was set before: one flat list spares Node the header table.
    write.call(this, this.statusCode, [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(length),
      'X-Correlation-ID',
      this.req.ctx.requestId,
      ...(tag === undefined ? [] : ['ETag', tag]),
      ...constant,
    ]);
    this.end(text);
    return this;
  };
}

// What every room receives with a call: who calls, for which account, and the request's facts; and the types of a room's route table.
import { Readable, Stream, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Parsed, Reply, Room, Route } from '../contract/kit.ts';
import { Failure } from '../contract/problems.ts';
import type { Runner } from './db/database.ts';

/** The account whose users are superadmins. */
export const SYSTEM_ACCOUNT = 'SY0000';

/**
 * What definitions of an account act as unless they name a role: the account itself. Rules are about people and open or close
 * no records to it; what is locked stays locked, fields that a collection shows to nobody hidden, and personal data masked. No stored role has such an id.
 */
export const AS_ACCOUNT = { id: -1, name: 'account' } as const;

/** What an API key may do: {collection (`main.posts`, `main.*` or `*`): {operation: fields}}; see `access/scopes`. */
export type KeyScopes = Readonly<Record<string, Readonly<Record<string, readonly string[] | '*'>>>>;

/** A caller whose credential was checked for this request. */
export interface Caller {
  /** What calls: a person, an API key that acts for the person who made it, an admin token of a superadmin, or what an account has defined to happen by itself. */
  readonly kind: 'user' | 'key' | 'admin_token' | 'automation';
  /** The person, also behind a key; of automation the id of its definition. */
  readonly userId: string;
  readonly accountId: string;
  readonly email: string;
  readonly role: string;
  readonly roleId: number;
  /** Names of his groups in alphabetical order. */
  readonly groups: readonly string[];
  /** True for users of the system account. */
  readonly superadmin: boolean;
  /** The login session behind the credential, null behind a key; ending it ends every token of it. */
  readonly sessionId: string | null;
  /** The API key or admin token, null for a person. */
  readonly keyId: string | null;
  /** What an API key is limited to; null for everybody else. */
  readonly scopes: KeyScopes | null;
  readonly via: 'bearer' | 'cookie' | 'key' | 'automation';
  /** When the session or key is over, in ms since 1970; Infinity or left out for never. */
  readonly endsAt?: number;
}

/** What happens by itself: which definition, which run of it, and how many runs it follows from. */
export interface Automation {
  readonly kind: 'hook' | 'webhook' | 'workflow' | 'endpoint' | 'job' | 'extension';
  readonly id: string;
  readonly name: string;
  /** Id of the execution or instance. */
  readonly run: string;
  /** 1 for what a person's write or the clock set off; what that writes sets off 2. */
  readonly depth: number;
}

/** What sets another run off counts one deeper; beyond this nothing runs, so that definitions that set each other off come to an end. */
export const MOST_DEPTH = 5;

/** What a request brought to show who it is, as sent; null for what it did not bring. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | null;
  /** The value of the session cookie. */
  readonly cookie: string | null;
  /** The X-API-Key header. */
  readonly apiKey: string | null;
}

/** What a ticket stands for: a credential, and the account that X-Account-ID named beside it. */
export interface Redeemed {
  readonly credentials: Credentials;
  readonly account: string | null;
}

/** An attempt at a request that may be sent again. */
export interface Attempt {
  /** Of the ids that it makes: the same in every attempt. */
  readonly seed: string;
  /** An earlier attempt has stored what it was to store, and its answer was lost. */
  readonly committed: boolean;
  /** To be called in the transaction of its writes. */
  commit(tx: Runner): Promise<void>;
  /** Part of it is done and stays: the request is not to be done again, so its answer is kept, whatever it is. */
  keep(): void;
}

/** An answer as it is kept for requests that are sent again. */
export interface KeptReply {
  readonly status: number;
  /** JSON text, null for none. */
  readonly body: string | null;
  /** What the caller might do and see when it was made. */
  readonly rights?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request that is to be done once: whose it is, its key, and a hash of what it says. */
export interface Repeatable {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
  /** What the caller may do and see, as text; an answer is kept for those who may still. */
  readonly rights: string;
}

/**
 * Answers what was kept, or does the work and answers null. The work tells null for an answer that is not to be kept.
 * Throws IDEMPOTENCY_MISMATCH for another request under the same key, IDEMPOTENCY_IN_FLIGHT while it still runs.
 */
export type DoOnce = (
  asked: Repeatable,
  work: (attempt: Omit<Attempt, 'keep'>) => Promise<KeptReply | null>,
) => Promise<KeptReply | null>;

/** A body that is read while it arrives. */
export interface UploadBody {
  readonly contentType: string;
  /** Content-Encoding, null for none. */
  readonly encoding?: string | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Ctx {
  /** null for an anonymous request. */
  readonly caller: Caller | null;
  /** The request's X-Account-ID (id or slug), as sent. */
  readonly accountHeader: string | null;
  /** X-Correlation-ID, sent or generated. */
  readonly requestId: string;
  readonly ip: string;
  readonly userAgent: string;
  /** X-Audit-Reason: why, for the audit trail; at most 500 characters are kept. */
  readonly auditReason?: string | null;
  /** If-Match: the versions of a record that a write may build on. */
  readonly ifMatch?: string | null;
  /** What a definition does; its caller may be a person, who called an endpoint. */
  readonly automation?: Automation | null;
  /** Of a request that may be sent again. */
  readonly attempt?: Attempt | null;
  /** Headers that a custom endpoint may read, by their names in small letters. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
  /** The body of a route that reads it while it arrives. */
  readonly upload?: UploadBody;
  /** Authenticates the request anew. Throws as at its beginning. */
  recheck?(): Promise<void>;
  /** Accept, null for none. */
  readonly accepts?: string | null;
  /** MCP-Protocol-Version: what an MCP client has agreed upon. */
  readonly protocolVersion?: string | null;
  /** A page of a site that is neither ours nor allowed sent it. */
  readonly foreignOrigin?: boolean;
  /** The caller is known by his cookie alone, and no page of ours is known to have sent it: a link on any site does as much. */
  readonly cookieFromElsewhere?: boolean;
  /** Last-Event-ID: where a stream that broke is to go on. */
  readonly lastEventId?: string | null;
  /** Of a stream: when its token is over, in ms since 1970. */
  readonly tokenEndsAt?: number;
  /** A header of the request, its name in lower case; null for none. */
  header?(name: string): string | null;
  /** Only for handing them on in a ticket. */
  readonly credentials?: Credentials | null;
  /** The cookie session token, as sent; only the auth room reads it. */
  readonly sessionCookie: string | null;
}

/** The caller of a route that needs one. Throws UNAUTHORIZED for an anonymous request. */
export function requireCaller(ctx: Ctx): Caller {
  if (ctx.caller === null) throw new Failure('UNAUTHORIZED');
  return ctx.caller;
}

/** A reply with headers; a service that needs none returns the bare body. */
export class Answer<T> {
  constructor(
    readonly body: T,
    readonly headers: Readonly<Record<string, string | string[]>> = {},
  ) {}
}

/** The reply to a request after which there is nothing to say (202). */
export class Accepted extends Answer<undefined> {
  readonly status = 202;
  constructor() {
    super(undefined);
  }
}

/** A body that is made while it is sent, piece by piece; the route's Answer names its content type. */
export class Streamed extends Stream {
  constructor(private readonly pieces: AsyncIterable<string>) {
    super();
  }
  /** Ends with the client or with the pieces; a piece that fails breaks the connection, so that nobody takes a part for the whole. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    pipeline(Readable.from(this.pieces), destination).catch(() => {});
    return destination;
  }
}

/** A body without an end, written to whenever there is something to tell. */
export class Live extends Stream {
  /** One of the two is called: `begin` with the response whose head is not yet sent, or `cancel`. */
  constructor(
    private readonly begin: (out: Writable) => void,
    readonly cancel: () => void,
  ) {
    super();
  }
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    const out = destination as unknown as Writable;
    // Its client may have gone while the stream was prepared.
    if (out.destroyed) this.cancel();
    else this.begin(out);
    return destination;
  }
}

/** A connection both sides of which may speak at any time, as `http` hands it to a room. */
export interface Socket {
  /** A text, or the bytes of one. */
  send(text: string | Uint8Array): void;
  /** The other side has a moment to say goodbye. */
  close(code: number, reason: string): void;
  /** Without waiting for the other side. */
  terminate(): void;
  /** Bytes that were sent and not yet taken. */
  readonly unread: number;
  /** Stops reading, and goes on. */
  pause(): void;
  resume(): void;
  onMessage(fn: (text: string) => void): void;
  onClose(fn: () => void): void;
}

/** A body that is JSON text already; it is sent as it stands. */
export class RawJson {
  /** `tag` is its version, sent as ETag. */
  constructor(
    readonly json: string,
    readonly tag?: string,
  ) {}
}

type Body<R extends Route> = Reply<R> | RawJson | Streamed | Live;
type Handle<R extends Route> = (
  input: Parsed<R> & { readonly ctx: Ctx },
) => Body<R> | Answer<Body<R>> | Promise<Body<R> | Answer<Body<R>>>;

/** Decides whether the caller may go on. It runs before the body is read, so that 403 wins over 400 and 404. Throws Failure. */
type Admit<R extends Route> = (input: {
  readonly params: Parsed<R>['params'];
  readonly ctx: Ctx;
}) => void | Promise<void>;

/** What the caller may do and see, as text that changes with it; asked before an answer is repeated. */
type Rights<R extends Route> = (input: Pick<Parsed<R>, 'params' | 'body'> & { readonly ctx: Ctx }) => Promise<string>;

export type Handler<R extends Route> = Handle<R> & { admit?: Admit<R>; refusing?: Admit<R>; rights?: Rights<R> };

/** A room's route table: one expression a route, each calling one service method. */
export type Handlers<T extends Room> = { readonly [K in keyof T]: Handler<T[K]> };

/** A handler that decides by itself; a request whose query cannot be read is decided upon first, so that 401, 403 and 404 win. */
export const deciding = <R extends Route>(gate: { readonly admit: Admit<R> }, handle: Handle<R>): Handler<R> =>
  Object.assign(handle, { refusing: gate.admit });

/** A handler whose decision comes before its body is read. */
export const admitted = <R extends Route>(
  gate: { readonly admit?: Admit<R>; readonly rights?: Rights<R> },
  handle: Handle<R>,
): Handler<R> => Object.assign(handle, gate);

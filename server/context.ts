// What every room receives with a call: who calls, for which account, and the request's facts; and the types of a room's route table.
import type { Parsed, Reply, Room, Route } from '../contract/kit.ts';
import { Failure } from '../contract/problems.ts';

/** The account whose users are superadmins. */
export const SYSTEM_ACCOUNT = 'SY0000';

/** A caller whose credential was checked for this request. */
export interface Caller {
  readonly userId: string;
  readonly accountId: string;
  readonly email: string;
  readonly role: string;
  readonly roleId: number;
  readonly groups: readonly string[];
  /** True for users of the system account. */
  readonly superadmin: boolean;
  /** The login session behind the credential; ending it ends every token of it. */
  readonly sessionId: string;
  readonly via: 'bearer' | 'cookie';
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

/** A body that is JSON text already; it is sent as it stands. */
export class RawJson {
  constructor(readonly json: string) {}
}

type Body<R extends Route> = Reply<R> | RawJson;
type Handle<R extends Route> = (
  input: Parsed<R> & { readonly ctx: Ctx },
) => Body<R> | Answer<Body<R>> | Promise<Body<R> | Answer<Body<R>>>;

/** Decides whether the caller may go on. It runs before the body is read, so that 403 wins over 400 and 404. Throws Failure. */
type Admit<R extends Route> = (input: {
  readonly params: Parsed<R>['params'];
  readonly ctx: Ctx;
}) => void | Promise<void>;

export type Handler<R extends Route> = Handle<R> & { admit?: Admit<R> };

/** A room's route table: one expression a route, each calling one service method. */
export type Handlers<T extends Room> = { readonly [K in keyof T]: Handler<T[K]> };

/** A handler whose decision comes before its body is read. */
export const admitted = <R extends Route>(admit: Admit<R>, handle: Handle<R>): Handler<R> =>
  Object.assign(handle, { admit });

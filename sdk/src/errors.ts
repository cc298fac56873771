// Typed errors: one class a kind, every one a SnackBaseError that carries the facts of the reply.
import { retryAfter } from './retry.ts';
import type { ProblemEntry, ServerCode } from './types.gen.ts';

/** Codes of the server's catalogue, and the three of this client for replies that did not come or make no sense. */
export type ErrorCode = ServerCode | 'NETWORK_ERROR' | 'TIMEOUT' | 'INVALID_RESPONSE';

/** What an error is made of. `status` is 0 when there was no reply. */
export interface ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly errors?: readonly ProblemEntry[];
  readonly requestId?: string | undefined;
  readonly headers?: Headers;
  readonly cause?: unknown;
}

/** Any failure of a call. Messages name the route, never a credential, a query or a body. */
export class SnackBaseError extends Error {
  override name = 'SnackBaseError';
  /** HTTP status; 0 when no reply came. */
  readonly status: number;
  /** Stable code; a newer server may send codes that `ErrorCode` does not list. */
  readonly code: ErrorCode | (string & {});
  /** Findings about single fields; empty when there are none. */
  readonly errors: readonly ProblemEntry[];
  /** The server's id of this request, to quote in a report. */
  readonly requestId: string | undefined;
  /** Headers of the reply; empty when no reply came. */
  readonly headers: Headers;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts);
    this.status = facts.status;
    this.code = facts.code;
    this.errors = facts.errors ?? [];
    this.requestId = facts.requestId;
    this.headers = facts.headers ?? new Headers();
  }
}

/** 400 INVALID_RESOURCE_DATA or 422: `errors` says which fields are wrong. */
export class ValidationError extends SnackBaseError {
  override name = 'ValidationError';
}
/** 401: no credential, a wrong or an expired one. */
export class AuthenticationError extends SnackBaseError {
  override name = 'AuthenticationError';
}
/** 403: the caller is known and may not do this. */
export class PermissionError extends SnackBaseError {
  override name = 'PermissionError';
}
/** 404: it does not exist, or the caller may not know that it does. */
export class NotFoundError extends SnackBaseError {
  override name = 'NotFoundError';
}
/** 409: it exists already, is referred to, or was changed by someone else. */
export class ConflictError extends SnackBaseError {
  override name = 'ConflictError';
}
/** 429: too many requests. */
export class RateLimitError extends SnackBaseError {
  override name = 'RateLimitError';
  /** Seconds to wait, from the header Retry-After; undefined without one. */
  readonly retryAfter = retryAfter(this.headers);
}
/** 5xx: the server or a proxy before it failed. */
export class ServerError extends SnackBaseError {
  override name = 'ServerError';
}
/** No reply: connection refused, reset, or cut while the reply was read. `cause` is what fetch threw. */
export class NetworkError extends SnackBaseError {
  override name = 'NetworkError';
}
/** No complete reply within `timeout` ms. */
export class TimeoutError extends SnackBaseError {
  override name = 'TimeoutError';
}

const kinds: Readonly<Record<number, typeof SnackBaseError>> = {
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  422: ValidationError,
  429: RateLimitError,
};

/** The error of the kind that status and code of a reply ask for. */
export function errorOf(facts: ErrorFacts): SnackBaseError {
  const { status } = facts;
  const Kind =
    facts.code === 'INVALID_RESOURCE_DATA'
      ? ValidationError
      : status > 499
        ? ServerError
        : (kinds[status] ?? SnackBaseError);
  return new Kind(facts);
}

/** True for an error of this client with that code, and narrows to it. */
export function isCode<const C extends ErrorCode>(
  error: unknown,
  code: C,
): error is SnackBaseError & { readonly code: C } {
  return error instanceof SnackBaseError && error.code === code;
}

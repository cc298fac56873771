// From whatever was thrown to the one error body: nothing internal leaves the server, and nothing that the client did is a 5xx.
import type { ErrorRequestHandler, Request, Response } from 'express';
import { type Access, bodyRefusal } from '../../contract/access.ts';
import { entriesOf } from '../../contract/issues.ts';
import type { z } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { knownFailure } from '../faults.ts';
import type { Log } from '../log.ts';

/** The last error handler of the app. */
export const problemHandler =
  (log: Log): ErrorRequestHandler =>
  (error, request, response, next) => {
    if (response.headersSent) return next(error);
    sendProblem(response, request, toFailure(error, request, log));
  };

/** Writes a failure as its JSON body with its status and headers. */
export function sendProblem(response: Response, request: Request, failure: Failure): void {
  if (failure.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (failure.code === 'METHOD_NOT_ALLOWED') response.setHeader('Allow', String(failure.parameters.allow));
  if (failure.code === 'UPGRADE_REQUIRED') response.setHeader('Upgrade', 'websocket');
  if (failure.code === 'RATE_LIMITED') response.setHeader('Retry-After', String(failure.parameters.seconds));
  if (failure.status === 503 || failure.code === 'IDEMPOTENCY_IN_FLIGHT') response.setHeader('Retry-After', '1');
  // An unread body would be taken for the next request on this connection.
  if (!request.complete && (failure.status === 413 || failure.status === 415))
    response.setHeader('Connection', 'close');
  response.status(failure.status).json(failure.body(request.ctx.requestId));
}

function toFailure(error: unknown, request: Request, log: Log): Failure {
  const known = knownFailure(error);
  if (known !== null) {
    if (known.status >= 500)
      log.error({ err: known.cause ?? error, request_id: request.ctx.requestId, path: request.path }, known.code);
    return known;
  }
  // Express reports a malformed path parameter as a URIError with a status.
  if (error instanceof URIError || (error as { status?: number })?.status === 400) return new Failure('INVALID_URL');
  log.error(
    { err: error, request_id: request.ctx.requestId, method: request.method, path: request.path },
    'request failed',
  );
  return new Failure('INTERNAL_ERROR');
}

type Issues = { readonly issues: readonly z.core.$ZodIssue[] } | null;

/** The failure for a request that its route's schemas refused: query first, because it is what a reader of the URL sees. */
export function refusedRequest(
  parts: { pathParams: Issues; query: Issues; body: Issues },
  access: Access,
  body: unknown,
): Failure {
  if (parts.query !== null) {
    const entries = entriesOf(parts.query.issues);
    const [first] = entries;
    return new Failure(
      'INVALID_QUERY_PARAMS',
      { name: first?.field ?? '', reason: first?.message ?? 'is not valid' },
      entries,
    );
  }
  if (parts.body !== null) {
    const entries = entriesOf(parts.body.issues, [], { input: body });
    const [first] = entries;
    return new Failure(
      bodyRefusal(access),
      { name: first?.field || 'body', reason: first?.message ?? 'is not valid' },
      entries,
    );
  }
  return new Failure('RESOURCE_NOT_FOUND');
}

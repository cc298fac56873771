// Idempotency-Key over HTTP: which requests it holds for, whose key it is, and what of an answer is kept.
import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { isRepeatable, type Route } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { type DoOnce, type KeptReply, RawJson, Streamed } from '../context.ts';

/** A handler's answer: status, body and the headers of its own. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

const KEY = /^[\x21-\x7e]{1,255}$/;
const hash = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/** The key of a request that has one and is on a route that honours it, else null. Throws INVALID_HEADER. */
export function keyOf(route: Route, request: Request): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined || !isRepeatable(route)) return null;
  if (typeof key === 'string' && KEY.test(key)) return key;
  const reason = 'send 1 to 255 visible ASCII characters, best a random UUID';
  throw new Failure('INVALID_HEADER', { name: 'Idempotency-Key', reason }, [
    { field: 'Idempotency-Key', code: 'invalid', message: reason },
  ]);
}

/** Runs the request at most once under its key. */
export async function once(
  doOnce: DoOnce,
  key: string,
  request: Request,
  { rights, run }: { readonly rights: string; readonly run: () => Promise<Answered> },
): Promise<Answered> {
  const { ctx } = request;
  const { caller } = ctx;
  const who =
    caller === null
      ? ['anonymous', ctx.accountHeader, ctx.ip]
      : // In another role he is another caller: an answer may have shown what he sees no more.
        [caller.kind, caller.keyId ?? caller.userId, caller.accountId, caller.roleId, caller.groups];
  const fingerprint = hash([request.method, request.originalUrl, ctx.accountHeader, ctx.ifMatch, request.body ?? null]);
  let answered: Answered | undefined;
  let failed: unknown;
  const kept = await doOnce({ scope: hash(who), key, fingerprint, rights }, async (attempt) => {
    let lasting = false;
    const keep = () => {
      lasting = true;
    };
    ctx.attempt = { ...attempt, keep };
    try {
      answered = await run();
      return keptReply(answered);
    } catch (error) {
      if (!(error instanceof Failure) || (error.status >= 500 && !lasting)) throw error;
      failed = error;
      return lasting || !isPassing(error) ? keptFailure(error, ctx.requestId) : null;
    }
  });
  if (failed !== undefined) throw failed;
  if (kept === null) return answered as Answered;
  const { status, body, headers } = kept;
  const { ETag: tag, ...rest } = headers;
  return { status, body: body === null ? undefined : new RawJson(body, tag), headers: rest };
}

function keptReply({ status, body, headers }: Answered): KeptReply | null {
  if (body instanceof Streamed || status >= 500) return null;
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  if (body instanceof RawJson)
    return { status, body: body.json, headers: { ...own, ...(body.tag !== undefined && { ETag: body.tag }) } };
  return { status, body: body === undefined ? null : JSON.stringify(body), headers: own };
}

/** What says "not now" or "not you" may be otherwise next time, and nothing happened. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 412, 429]);

const isPassing = ({ code, status }: Failure): boolean =>
  PASSING.has(status) || code === 'WRITE_CONFLICT' || code === 'HOOK_ABORTED';

const keptFailure = (failure: Failure, requestId: string): KeptReply => ({
  status: failure.status,
  body: JSON.stringify(failure.body(requestId)),
  headers: {},
});

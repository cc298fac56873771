// Calls of custom endpoints: which one is meant and who may, how many at a time, and the log of each.
import type { EndpointMethod } from '../../../contract/endpoints.ts';
import { Failure } from '../../../contract/problems.ts';
import { seesPersonalData } from '../../access/mask.ts';
import type { Logger } from '../../db/log.ts';
import { knownFailure } from '../../faults.ts';
import { uuidV7 } from '../../ids.ts';
import { cut } from '../../text.ts';
import { ActionFailed, toldError } from '../actions/run.ts';
import { masked } from '../secrets.ts';
import { type AnsweringParts, type Asked, createAnswering, type Note } from './answering.ts';
import { READS } from './compile.ts';
import type { Executions } from './executions.ts';
import { failureOf, reasonOf } from './failure.ts';
import { type EndpointMap, type Found, findEndpoint } from './find.ts';
import { kept, maskedPath } from './masked.ts';
import type { ReadyEndpoint } from './ready.ts';
import type { Chosen } from './reply.ts';

/** Calls of one account that run at the same time in one process. */
const MOST_RUNNING = 20;
/** How often a call is routed anew because its endpoint has just changed. */
const MOST_TIMES = 5;

export interface DispatchParts extends AnsweringParts {
  readonly log?: Logger | undefined;
  readonly executions: Executions;
  readonly endpoints: () => EndpointMap;
  /** Reads what other processes changed. */
  readonly refresh: () => Promise<unknown>;
  /** As it is stored now; null where it is gone or disabled. */
  readonly ready: (endpoint: Found['endpoint']) => Promise<ReadyEndpoint | null>;
}

/** Calls with one method. */
export interface Door {
  /** Before the body is read. Throws as `findEndpoint`, and KEY_PERMISSION_DENIED. */
  admit(asked: Pick<Asked, 'params' | 'ctx'>): void;
  /**
   * Throws as `admit`, RATE_LIMITED, WRITE_CONFLICT (the endpoint changes all the time), FORBIDDEN, INVALID_RESOURCE_DATA,
   * INVALID_QUERY_PARAMS, and what the pipeline fails with.
   */
  call(asked: Asked): Promise<Chosen>;
}

export interface Dispatch {
  door(method: EndpointMethod): Door;
  /** Resolves when nothing runs any more. */
  close(): Promise<void>;
}

const segmentsOf = (path: string | readonly string[]): string[] => {
  const segments = typeof path === 'string' ? path.split('/') : [...path];
  // A slash at the end means nothing, as everywhere.
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
};

/** What he was answered may hold personal data unmasked. */
const sawPersonalData = ({ run_as: runAs }: Found['endpoint'], { ctx }: Asked): boolean =>
  runAs === 'caller' && seesPersonalData(ctx.caller);

export function createDispatch(parts: DispatchParts): Dispatch {
  const { log, executions, endpoints, ready, refresh } = parts;
  const answer = createAnswering(parts);
  const running = new Map<string, number>();
  const open = new Set<Promise<unknown>>();

  function admitted(method: EndpointMethod, { params, ctx }: Pick<Asked, 'params' | 'ctx'>): Found {
    const one = findEndpoint(endpoints(), ctx, method, segmentsOf(params.path));
    const { auth_required, run_as, action_types: types } = one.endpoint;
    // A link on another site brings the cookie of whoever follows it along.
    const lured = ctx.cookieFromElsewhere === true && types.some((type) => !READS.has(type));
    if (lured && auth_required) throw new Failure('CROSS_SITE_REQUEST');
    if (lured) return { ...one, belongs: false };
    // A key reaches no further than its scopes, and a role that the endpoint has knows none of them.
    if (auth_required && run_as !== 'caller' && ctx.caller?.scopes)
      throw new Failure('KEY_PERMISSION_DENIED', { action: `${method} ${one.endpoint.path}` });
    return one;
  }

  /** The definition that runs is the one that was routed to: who may call it was asked of no other. */
  async function settled(method: EndpointMethod, asked: Asked, first: Found): Promise<[Found, ReadyEndpoint]> {
    let one = first;
    for (let times = 1; times <= MOST_TIMES; times++) {
      const found = await ready(one.endpoint);
      if (found !== null && found.revision === one.endpoint.revision) return [one, found];
      await refresh();
      one = admitted(method, asked);
    }
    throw new Failure('WRITE_CONFLICT');
  }

  async function logged(asked: Asked, one: Found, ready: ReadyEndpoint, note: Note): Promise<Chosen> {
    const { endpoint, params } = one;
    const at = new Date().toISOString();
    const start = performance.now();
    let answered: Chosen | undefined;
    let failure: Failure | undefined;
    /** Told to those who manage the endpoint alone. */
    let full: string | undefined;
    try {
      answered = await answer(asked, one, ready, note);
      return answered;
    } catch (thrown) {
      if (!(thrown instanceof ActionFailed) && knownFailure(thrown) === null)
        log?.error({ err: thrown, endpoint: endpoint.id }, 'An endpoint failed.');
      failure = failureOf(thrown, note.began ? ready.endpoint.settings.failure_status : null);
      const hidden = failure.code === 'ENDPOINT_FAILED' && thrown instanceof ActionFailed;
      full = hidden ? reasonOf(thrown, toldError(thrown.cause).message) : failure.message;
      throw failure;
    } finally {
      const message = full ?? note.failed?.error?.message ?? null;
      executions.add({
        id: note.id,
        endpoint_id: endpoint.id,
        status: !note.began ? 'denied' : failure !== undefined ? 'failed' : note.failed ? 'partial' : 'success',
        http_status: answered?.status ?? failure?.status ?? 500,
        duration_ms: Math.round(performance.now() - start),
        request_data: {
          method: note.request.method,
          path: maskedPath(endpoint.path, params),
          params: masked(params),
          query: kept(asked.query),
          body: kept(asked.body),
          ...(sawPersonalData(endpoint, asked) && { personal_data: true }),
        },
        response_body: failure === undefined ? kept(note.body) : null,
        error_message: message === null ? null : cut(message, 1000),
        user_id: one.belongs ? (asked.ctx.caller?.userId ?? null) : null,
        executed_at: at,
      });
    }
  }

  function counted(method: EndpointMethod, asked: Asked, one: Found): Promise<Chosen> {
    const { account_id: account } = one.endpoint;
    const others = running.get(account) ?? 0;
    if (others >= MOST_RUNNING) throw new Failure('RATE_LIMITED', { seconds: 1 });
    running.set(account, others + 1);
    const path = `/${segmentsOf(asked.params.path).join('/')}`;
    const note: Note = { id: uuidV7(), began: false, body: null, request: { method, path } };
    const answered = settled(method, asked, one).then(([found, ready]) => logged(asked, found, ready, note));
    // What is over its time holds its place until it has really ended.
    const ended = Promise.allSettled([answered])
      .then(() => Promise.allSettled([note.work]))
      .then(() => {
        const left = (running.get(account) ?? 1) - 1;
        if (left > 0) running.set(account, left);
        else running.delete(account);
        open.delete(ended);
      });
    open.add(ended);
    return answered;
  }

  return {
    door: (method) => ({
      admit: (asked) => void admitted(method, asked),
      call: async (asked) => counted(method, asked, admitted(method, asked)),
    }),
    async close() {
      await Promise.allSettled(open);
      await executions.close();
    },
  };
}

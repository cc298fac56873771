// Mounts the contract on Express: every route through ts-rest, one gate in front of each, one router a room so that a room never slows another.
import { createExpressEndpoints, RequestValidationError } from '@ts-rest/express';
import { type Express, type NextFunction, type Request, type Response, Router } from 'express';
import { type Contract, hasBody, isUpload, type Room, type Route, successStatus, z } from '../../contract/kit.ts';
import { Answer, type DoOnce, Live } from '../context.ts';
import type { Gate } from './gate.ts';
import { observe, type RequestHooks } from './hooks.ts';
import { type Answered, keyOf, once } from './idempotency.ts';
import type { AnyHandler, Judged } from './judged.ts';
import { refusedRequest } from './problems.ts';

export type Tables<T extends Contract> = { readonly [R in keyof T]: { readonly [K in keyof T[R]]: AnyHandler } };

/** Registers every route of `contract`, in its order, with the handlers of `tables`. */
export function mountContract<T extends Contract>(
  app: Express,
  contract: T,
  tables: Tables<T>,
  { gate, doOnce, hooks }: { readonly gate: Gate; readonly doOnce: DoOnce; readonly hooks: RequestHooks },
): void {
  const rooms: { readonly prefixes: readonly string[]; readonly router: Router }[] = [];
  for (const [roomName, room] of Object.entries(contract)) {
    const router = Router();
    const endpoints = Object.fromEntries(
      Object.entries(room).map(([name, route]) => {
        const handler = tables[roomName]?.[name];
        if (handler === undefined) throw new Error(`the contract's route ${roomName}.${name} has no handler`);
        return [name, { middleware: [admission(route, handler, gate, hooks)], handler: adapt(route, handler, doOnce) }];
      }),
    );
    createExpressEndpoints(unjudged(room) as never, endpoints as never, router, {
      logInitialization: false,
      requestValidationErrorHandler: refused as never,
    });
    rooms.push({ prefixes: prefixesOf(Object.values(room)), router });
  }
  // One layer for all rooms: Express would try a layer a room, for every request.
  app.use((request, response, next) => {
    const { path } = request;
    let i = 0;
    const step = (error?: unknown): void => {
      if (error !== undefined) return void next(error);
      while (i < rooms.length) {
        const { prefixes, router } = rooms[i++] as (typeof rooms)[number];
        if (prefixes.some((prefix) => path.startsWith(prefix))) return void router(request, response, step);
      }
      next();
    };
    step();
  });
}

/** The room as ts-rest is to check it: bodies that a service judges itself pass. */
const unjudged = (room: Room): Room =>
  Object.fromEntries(
    Object.entries(room).map(([name, route]) => [
      name,
      route.metadata.ownBody === undefined ? route : { ...route, body: z.unknown() },
    ]),
  );

/** The literal starts of a room's paths, the shortest of each kind: Express looks into the room's router only for those. */
function prefixesOf(routes: readonly Route[]): string[] {
  const literal = [...new Set(routes.map((route) => route.path.split(/\/[:*]/)[0] as string))];
  return literal.filter((path) => !literal.some((other) => other !== path && path.startsWith(other)));
}

/** A body that took longer to arrive is decided upon again. */
const PATIENCE_MS = 100;

/** A caller who may not ask at all is told that, and not what is wrong with his question. */
async function refused(error: unknown, request: Request, _response: Response, next: NextFunction): Promise<void> {
  if (!(error instanceof RequestValidationError) || request.ctx.judged === null) return next(error);
  const { route, handler, params } = request.ctx.judged;
  try {
    await handler.refusing?.({ params, ctx: request.ctx });
  } catch (decided) {
    return next(decided);
  }
  next(refusedRequest(error as never, route.metadata, request.body));
}

/** The gate, then the route's own decision, then the body: in this order, so that 401 and 403 win over 400. */
function admission(route: Route, handler: AnyHandler, gate: Gate, hooks: RequestHooks) {
  const readsBody = hasBody(route);
  const { admit } = handler;
  async function decide(request: Request): Promise<void> {
    await gate.pass(route.metadata, request);
    if (admit !== undefined) await admit({ params: request.params, ctx: request.ctx });
  }
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const params = request.params as Judged['params'];
    request.ctx.judged = { route, handler, params };
    if (hooks.wants('after')) observe(hooks, request, response);
    try {
      if (isUpload(route.body) || route.metadata.inUrl !== undefined)
        request.ctx.recheck = () => gate.pass(route.metadata, request);
      await decide(request);
      if (hooks.wants('before')) await hooks.before(request.ctx, { method: request.method, path: request.path });
      if (readsBody) {
        const began = performance.now();
        request.body = await gate.readBody(route.metadata, request);
        // Whoever holds his body back must not keep rights that he lost meanwhile.
        if (performance.now() - began > PATIENCE_MS) await decide(request);
      }
    } catch (error) {
      return next(error);
    }
    next();
  };
}

const NONE = {};

function adapt(route: Route, handler: AnyHandler, doOnce: DoOnce) {
  const status = successStatus(route);
  return async (input: { params: unknown; query: unknown; body: unknown; req: Request; res: Response }) => {
    const { params, query, body, req, res } = input;
    const run = async (): Promise<Answered> => {
      const result: unknown = await handler({ params, query, body, ctx: req.ctx } as never);
      return result instanceof Answer ? { status, ...result } : { status, body: result, headers: NONE };
    };
    const key = keyOf(route, req);
    const rights = key === null ? '' : ((await handler.rights?.({ params, body, ctx: req.ctx } as never)) ?? '');
    const answered = key === null ? await run() : await once(doOnce, key, req, { rights, run });
    for (const name in answered.headers) res.setHeader(name, answered.headers[name] as string | string[]);
    // Whoever asks for the head of a stream gets the head.
    const endless = answered.body instanceof Live && req.method === 'HEAD' ? answered.body : null;
    endless?.cancel();
    return { status: answered.status, body: endless === null ? answered.body : '' };
  };
}

// Taking part in requests from outside of http: before a route does its work, and after the answer.
import type { Request, Response } from 'express';
import type { Ctx } from '../context.ts';

/** Whoever takes part in requests; asked on each, so it must answer at once. */
export interface RequestHooks {
  wants(when: 'before' | 'after'): boolean;
  /** Throws Failure for a request that is not to be served. */
  before(ctx: Ctx, request: { readonly method: string; readonly path: string }): Promise<void>;
  after(
    ctx: Ctx,
    request: { readonly method: string; readonly path: string; readonly status: number; readonly durationMs: number },
  ): void;
}

/** Calls back when the answer is over. */
export function observe(hooks: RequestHooks, request: Request, response: Response): void {
  const began = performance.now();
  const { method, path, ctx } = request;
  response.once('close', () => {
    hooks.after(ctx, { method, path, status: response.statusCode, durationMs: performance.now() - began });
  });
}

// The lifecycle as http knows it: hooks before a request and after it.
import type { LifecycleEvents } from '../../contract/lifecycle.ts';
import type { Ctx } from '../context.ts';
import type { Lifecycle } from './registry.ts';

export const requestHooks = (lifecycle: Lifecycle) => ({
  wants: (when: 'before' | 'after'): boolean => lifecycle.wants(`on_${when}_request`),
  async before(ctx: Ctx, request: LifecycleEvents['on_before_request']): Promise<void> {
    await lifecycle.fire('on_before_request', request, { ctx });
  },
  after(ctx: Ctx, request: LifecycleEvents['on_after_request']): void {
    void lifecycle.fire('on_after_request', request, { ctx });
  },
});

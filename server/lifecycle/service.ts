// Lifecycle: hooks in code and by API on one chain. What other rooms import.
import { EVENT_NAMES, EVENTS, type HookEvent } from '../../contract/lifecycle.ts';

export { abortedBy } from './abort.ts';
export { AbortHook } from './abort-hook.ts';
export { BUILTINS } from './builtins.ts';
export type { Inside } from './event.ts';
export { loadExtensions } from './extensions.ts';
export type * from './hook.ts';
export { createLifecycle, type HookSource, type Lifecycle, type RegisteredHook } from './registry.ts';
export { requestHooks } from './requests.ts';

/** The catalogue as the API lists it. */
export const eventEntries = (): HookEvent[] =>
  EVENT_NAMES.map((name) => {
    const { category, phase, abortable, description, apiName } = EVENTS[name];
    return { name, category, phase, abortable, api: apiName !== undefined, api_name: apiName ?? null, description };
  });

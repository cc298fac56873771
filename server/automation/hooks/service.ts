// Hooks as their managers see them.
import type { hooks as contract } from '../../../contract/hooks.ts';
import type { Reply } from '../../../contract/kit.ts';
import { BUILTINS, eventEntries } from '../../lifecycle/service.ts';

export type Hooks = ReturnType<typeof createHooks>;

export const createHooks = () => ({
  /** The catalogue, with the built-in steps. */
  events(): Reply<(typeof contract)['events']> {
    const items = eventEntries();
    return { items, total: items.length, builtin: [...BUILTINS] };
  },
});

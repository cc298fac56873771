// What callers are shown, as short texts: worked out once for all of the same rights, until a collection or a rule changes.
import { LRUCache } from 'lru-cache';
import type { Ctx } from '../context.ts';
import type { State } from './listeners.ts';

/** States kept; far more than there are roles and keys with listeners. */
const KEPT = 1000;

export interface StatesOptions {
  readonly stateOf: (ctx: Ctx) => State;
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
}

export function createStates({ stateOf, rules }: StatesOptions) {
  const kept = new LRUCache<string, State>({ max: KEPT });
  let version = rules();
  return {
    of(ctx: Ctx): State {
      const now = rules();
      if (now !== version) kept.clear();
      version = now;
      const key = rightsOf(ctx);
      let state = kept.get(key);
      if (state === undefined) {
        state = stateOf(ctx);
        kept.set(key, state);
      }
      return state;
    },
    /** The collections are others now. */
    forget: (): void => kept.clear(),
  };
}

/** All of a caller on which the decision about a collection depends; who he is matters to rows alone. */
function rightsOf({ caller }: Ctx): string {
  if (caller === null) return '';
  const { kind, superadmin, accountId, roleId, role, groups, scopes } = caller;
  return JSON.stringify([kind, superadmin, accountId, roleId, role, groups, scopes]);
}

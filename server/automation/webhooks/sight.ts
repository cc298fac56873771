// What a webhook may tell of an event: what the role admin of its account sees at that moment, if its filter lets it pass.
import { Failure } from '../../../contract/problems.ts';
import type { StreamQuery } from '../../../contract/realtime.ts';
import type { Ctx } from '../../context.ts';
import type { Event } from '../../events/event.ts';
import type { Records, Seen, Watch } from '../../records/service.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { automationCtx } from '../principal.ts';
import type { Subscribed } from './definition.ts';

/** The role that every account has and that webhooks act as. */
const ADMIN = { id: 1, name: 'admin' };

/** In whose name a webhook looks at records. */
export const webhookCtx = (accountId: string, id: string, run: string): Ctx =>
  automationCtx({ accountId, role: ADMIN, automation: { kind: 'webhook', id, name: 'webhook', run, depth: 1 } });

/** The filter cannot be judged any more: a field that it names is gone, hidden, or of another type. */
export class UnfitFilter extends Error {}

export interface SightOptions {
  readonly watch: Records['watch'];
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
}

interface Place {
  readonly def: CollectionDef;
  readonly rules: string;
  /** null: nothing is to be seen. */
  readonly all: Watch | null;
  readonly passing: Watch | null;
}

export type Sight = ReturnType<typeof createSight>;

export function createSight({ watch, rules }: SightOptions) {
  const places = new WeakMap<Subscribed, Map<string, Place>>();

  /** null where the caller may see nothing of the collection. Throws UnfitFilter. */
  async function watching(webhook: Subscribed, def: CollectionDef, query: StreamQuery): Promise<Watch | null> {
    const ctx = webhookCtx(webhook.accountId, webhook.id, webhook.id);
    try {
      return await watch(ctx, def.qualifiedName, query);
    } catch (error) {
      if (!(error instanceof Failure) || error.status >= 500) throw error;
      if (error.code === 'INVALID_FIELDS' || error.code === 'INVALID_QUERY_PARAMS')
        throw new UnfitFilter(`The filter does not fit ${def.qualifiedName} any more: ${error.message}`);
      return null;
    }
  }

  async function placeOf(webhook: Subscribed, def: CollectionDef): Promise<Place> {
    const mine = places.get(webhook) ?? new Map<string, Place>();
    places.set(webhook, mine);
    const known = mine.get(def.id);
    const now = rules();
    if (known?.def === def && known.rules === now) return known;
    const all = await watching(webhook, def, {});
    const { filter } = webhook;
    const passing = all === null || filter === null ? all : await watching(webhook, def, { filter });
    const place = { def, rules: now, all, passing };
    mine.set(def.id, place);
    return place;
  }

  return {
    /**
     * Null where it is not to be told: the record it is about is out of sight or does not pass. That is the record as it is now, of
     * a delete as it was. Throws UnfitFilter, and AnotherShape as `see`.
     */
    async told(webhook: Subscribed, def: CollectionDef, event: Event): Promise<Seen | null> {
      const { all, passing } = await placeOf(webhook, def);
      if (all === null || passing === null) return null;
      const about = (seen: Seen | null) => (event.type === 'deleted' ? seen?.old : seen?.new) ?? null;
      const seen = all.see(event);
      if (about(seen) === null || (passing !== all && about(passing.see(event)) === null)) return null;
      return seen;
    },
  };
}

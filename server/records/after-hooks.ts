// Hooks after a record was written: run from the log of events once the commit is durable, at least once, in their order.
import type { EventName, LifecycleEvents } from '../../contract/lifecycle.ts';
import { type Ctx, MOST_DEPTH } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Event, EventType } from '../events/event.ts';
import { createLeasedReader, forgetReader, type LeasedReader } from '../events/leased-reader.ts';
import { positionText } from '../events/position.ts';
import type { Tail } from '../events/tail.ts';
import type { HookContext, Inside, Lifecycle, RegisteredHook } from '../lifecycle/service.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { type ActingVerbs, actingRecords } from './acting.ts';
import { AnotherShape, type Side, sidesOf } from './event-rows.ts';
import { type ActAs, rowOf, runOf } from './hooks.ts';
import type { Definitions } from './open.ts';

export interface AfterHooksOptions {
  readonly db: Database;
  readonly tail: Tail;
  readonly log?: Logger | undefined;
  readonly lifecycle: Lifecycle;
  readonly records: ActingVerbs;
  readonly actAs: ActAs;
  readonly definitions: Pick<Definitions, 'find' | 'refresh'>;
  /** Between two attempts of a hook that fails, in ms. */
  readonly pausesMs?: readonly number[];
}

export interface AfterHooks {
  /** Resolves once whatever is written from now on will reach the hooks that listen. */
  ready(): Promise<void>;
  /** Resolves once the hooks have run for what was written until now, unless another process is at it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const NAME = 'extensions';
const EVENT = {
  created: 'on_record_after_create',
  updated: 'on_record_after_update',
  restored: 'on_record_after_update',
  deleted: 'on_record_after_delete',
} as const satisfies Record<EventType, EventName>;
/** For so long the log is kept for extensions that no process has: they may be down for a while, as in a deployment. */
const UNREAD_S = 7 * 86_400;
const HOUR_MS = 3_600_000;
const AFTER: ReadonlySet<string> = new Set(Object.values(EVENT));

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function createAfterHooks(options: AfterHooksOptions): AfterHooks {
  const { db, tail, log, lifecycle, records, actAs, definitions, pausesMs = [200, 2000] } = options;
  let reader: LeasedReader | undefined;
  let forgetting: NodeJS.Timeout | undefined;

  /** Another process may have the extension, or will have it again: only what nobody reads for long is not kept for it. */
  const forget = async () => {
    if (reader === undefined) await forgetReader(db, NAME, UNREAD_S);
  };

  /** The definition that knows the event; another process may have changed the collection just now. */
  async function definitionOf({ collection, collectionId, revision }: Event): Promise<CollectionDef | undefined> {
    const known = await definitions.find(collection);
    return known?.id === collectionId && known.revision >= revision ? known : definitions.refresh(collection);
  }

  async function work(event: Event, keep: (seconds: number) => Promise<boolean>): Promise<void> {
    const facts = factsOf(event, await definitionOf(event));
    if (facts === null) return;
    const cause = causeOf(event);
    const hooks = lifecycle.hooksOf(EVENT[event.type], event.collection, event.accountId);
    const ids = hooks.map(({ id }) => id);
    if (cause.automation !== null && cause.automation.depth >= MOST_DEPTH) {
      const told = { hooks: ids, collection: event.collection, record_id: event.recordId, depth: MOST_DEPTH };
      log?.error(told, 'Hooks set each other off too deep; these did not run.');
      return;
    }
    const ctx = { requestId: positionText(event.position), automation: cause.automation };
    const inside: Inside = {
      ctx: null,
      cause,
      accountId: event.accountId,
      records: (id) => actingRecords(records, actAs(event.accountId, runOf(ctx, id))),
    };
    for (const hook of hooks) if (!(await tried(hook, facts, inside, keep))) return;
  }

  /** Runs a hook, again when it fails, and leaves it at that in the end; false where the place is another process's. */
  async function tried(
    hook: RegisteredHook,
    facts: object,
    inside: Inside,
    keep: (seconds: number) => Promise<boolean>,
  ): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      if (!(await keep(hook.timeoutMs / 1000))) return false;
      try {
        await lifecycle.run(hook, facts, inside);
        return true;
      } catch (error) {
        const pause = pausesMs[attempt];
        const told = { err: error, hook: hook.id, event: hook.event, attempt: attempt + 1 };
        log?.error(told, pause === undefined ? 'A hook failed and is left out.' : 'A hook failed; trying again.');
        if (pause === undefined) return true;
        await after(pause);
      }
    }
  }

  lifecycle.onAdded((event) => {
    if (!AFTER.has(event)) return;
    reader ??= createLeasedReader({
      db,
      tail,
      log,
      name: NAME,
      wants: ({ type, collection, accountId }) => lifecycle.wants(EVENT[type], collection, accountId),
      work,
    });
  });

  return {
    async ready() {
      if (reader !== undefined) return reader.ready;
      await forget();
      const warn = (err: unknown) => log?.warn({ err }, 'A place in the log that nobody reads could not be removed.');
      forgetting ??= setInterval(() => void forget().catch(warn), HOUR_MS).unref();
    },
    async settle() {
      await reader?.settle();
    },
    async close() {
      clearInterval(forgetting);
      await reader?.close();
    },
  };
}

/** null where it can no longer be told: the collection is gone, or has another shape. */
function factsOf(event: Event, def: CollectionDef | undefined): LifecycleEvents['on_record_after_update'] | null {
  if (def?.id !== event.collectionId) return null;
  try {
    const { before, now } = sidesOf(def, event);
    const row = (side: Side | null) => side && rowOf(def, side.cells);
    const shown = row(now) ?? row(before);
    if (shown === null) return null;
    return {
      collection: event.collection,
      recordId: event.recordId,
      record: shown,
      old: row(before),
      at: event.at,
      position: positionText(event.position),
    };
  } catch (error) {
    if (error instanceof AnotherShape) return null;
    throw error;
  }
}

/** Who wrote it, as the log tells. */
function causeOf({ actor }: Event): Pick<HookContext, 'automation'> & Partial<HookContext> {
  const told = JSON.parse(actor) as {
    kind?: HookContext['kind'];
    user_id?: string;
    request_id?: string;
    automation?: Ctx['automation'];
  };
  return {
    kind: told.kind ?? 'system',
    userId: told.user_id ?? null,
    requestId: told.request_id ?? null,
    automation: told.automation ?? null,
  };
}

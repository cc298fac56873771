// Assembles hooks: their definitions in memory, the reader of events, the clock, the runner and the hooks within writes.
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import type { Tail } from '../../events/tail.ts';
import type { Lifecycle } from '../../lifecycle/service.ts';
import type { Records } from '../../records/service.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { ActionService } from '../actions/service.ts';
import type { Working } from '../background.ts';
import { createForgetting } from '../forgetting.ts';
import { createAfter } from './after.ts';
import { createBefore } from './before.ts';
import { createClock } from './clock.ts';
import { createEnabled } from './enabled.ts';
import type { Known } from './judge.ts';
import { createHookRunner } from './run.ts';
import { createHooks } from './service.ts';
import { prune } from './store/executions.ts';
import { createUndone } from './undone.ts';

/** Collections and macros, as far as this process knows them. */
export interface Surroundings {
  readonly get: (name: string) => CollectionDef | undefined;
  readonly all: () => readonly CollectionDef[];
  readonly onChange: (fn: () => void) => unknown;
}

export interface HookRoomOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly accounts: Pick<Accounts, 'scope' | 'onDelete'>;
  readonly trail: Recorder;
  readonly tail: Tail;
  readonly lifecycle: Pick<Lifecycle, 'addSource'>;
  readonly records: Records;
  readonly collections: Surroundings;
  readonly macros: Known['macros'] & { readonly version: number };
  readonly actions: ActionService;
  /** Handlers of jobs; undefined where that is not known. */
  readonly handlers?: Known['handlers'];
  readonly checkUrl: Known['checkUrl'];
}

const PRUNE_MS = 600_000;
const PRUNED_AT_ONCE = 2000;

export async function createHookRoom(options: HookRoomOptions) {
  const { db, log, accounts, trail, tail, lifecycle, records, collections, macros, actions, handlers } = options;
  const known: Known = {
    definitionOf: (name) => collections.get(name),
    collections: () => collections.all().map(({ app, name, qualifiedName }) => (app === 'main' ? name : qualifiedName)),
    macros,
    handlers: handlers ?? (() => undefined),
    checkUrl: options.checkUrl,
  };
  let onChange = () => {};
  const enabled = await createEnabled({
    db,
    log,
    known,
    macrosVersion: () => macros.version,
    onChange: () => onChange(),
  });
  collections.onChange(() => enabled.forget());
  const undone = createUndone({ db, log });
  // In a process that leaves the work to others these stay away.
  let working: ReturnType<typeof begin> | null = null;
  const wake = () => working?.runner.wake();
  lifecycle.addSource(createBefore({ records, actions, enabled, undone, wake }));

  function begin() {
    const runner = createHookRunner({ db, log, actions, enabled });
    const clock = createClock({ db, log, onFired: runner.wake });
    const reader = createAfter({ db, tail, log, records, enabled, wake: runner.wake });
    onChange = reader.wake;
    const forgetting = createForgetting({
      some: async () => (await prune(db, PRUNED_AT_ONCE)) > 0,
      everyMs: PRUNE_MS,
      log,
      what: 'Old executions of hooks',
    });
    return { runner, clock, reader, forgetting };
  }

  return {
    service: createHooks({
      db,
      accounts,
      trail,
      actions,
      enabled,
      known,
      wake,
      onSchedule: () => working?.clock.wake(),
    }),
    /** Begins to read events, to look at the clock and to run what waits; for `Background.add`. */
    work(): Working {
      const begun = begin();
      working = begun;
      return {
        async close() {
          await begun.forgetting.close();
          await begun.clock.close();
          await begun.reader.close();
          await begun.runner.close();
        },
      };
    },
    /** Resolves once every event that is committed now was worked through, and nothing is due. For tests. */
    async settle(): Promise<void> {
      await working?.reader.settle();
      await working?.runner.settle();
      await undone.settle();
    },
    /** Once nothing works any more. */
    async close(): Promise<void> {
      await undone.close();
      await enabled.close();
    },
  };
}

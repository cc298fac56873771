// Assembles automation: the executor and the parts of it, each of which defines, stores and runs its own kind.
import type { Macros } from '../access/macros.ts';
import type { Accounts } from '../accounts/service.ts';
import type { Recorder } from '../audit/service.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Tail } from '../events/tail.ts';
import type { Mail } from '../mail/service.ts';
import type { Records } from '../records/service.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { type ActionParts, createActions } from './actions/service.ts';
import { createBackground } from './background.ts';
import { createWorkflows } from './workflows/service.ts';

export interface AutomationOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly records: Records;
  readonly mail: Mail;
  readonly accounts: Accounts;
  readonly trail: Recorder;
  readonly tail: Tail;
  readonly macros: Macros;
  readonly definitionOf: (name: string) => CollectionDef | undefined;
  readonly encryptionKey: string;
  readonly publicUrl: string;
}

export type Automation = Awaited<ReturnType<typeof createAutomation>>;

/** Reads the definitions; nothing works by itself before `begin`. */
export async function createAutomation(options: AutomationOptions) {
  const { db, log, records, mail } = options;
  const background = createBackground({ log });
  // The executor starts workflows and jobs, and these run actions: what closes the circle is put in at the end.
  const late: { call?: ActionParts['call']; enqueue?: ActionParts['enqueue']; trigger?: ActionParts['trigger'] } = {};
  const put = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('Automation is not assembled yet.');
    return part;
  };
  const actions = createActions({
    db,
    records,
    log,
    mail,
    call: (request, signal) => put(late.call)(request, signal),
    enqueue: (on: Transaction | null, job) => put(late.enqueue)(on, job),
    trigger: (on, asked) => put(late.trigger)(on, asked),
    abort: (message) => new Error(message),
  });
  const workflows = await createWorkflows({ ...options, actions, background });
  late.trigger = workflows.start;
  return {
    actions,
    late,
    workflows,
    /** Begins what happens without being asked. */
    begin: () => background.begin(),
    async close(): Promise<void> {
      await background.close();
      await workflows.close();
    },
  };
}

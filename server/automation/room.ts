// Assembles automation: the executor and the parts of it, each of which defines, stores and runs its own kind.

import { Failure } from '../../contract/problems.ts';
import type { MacroSource } from '../access/rule.ts';
import type { Accounts } from '../accounts/service.ts';
import type { Trail } from '../audit/service.ts';
import type { Config } from '../config.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Tail } from '../events/tail.ts';
import type { Lifecycle } from '../lifecycle/service.ts';
import type { Mail } from '../mail/service.ts';
import type { Definitions, Records } from '../records/service.ts';
import type { Roles } from '../roles/service.ts';
import { type ActionParts, createActions, LATER } from './actions/service.ts';
import { createBackground } from './background.ts';
import { createEndpointRoom } from './endpoints/room.ts';
import { createHookRoom } from './hooks/room.ts';
import { createJobs } from './jobs/service.ts';
import { createOutbound } from './outbound/call.ts';
import { createWebhooks } from './webhooks/service.ts';
import { createWorkflows } from './workflows/service.ts';

export interface AutomationOptions {
  readonly db: Database;
  readonly config: Config;
  readonly log: Logger;
  readonly tail: Tail;
  readonly trail: Trail;
  readonly accounts: Accounts;
  readonly collections: Definitions;
  readonly records: Records;
  readonly mail: Mail;
  readonly lifecycle: Lifecycle;
  readonly roles: Roles;
  readonly macros: MacroSource;
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
}

export type Automation = Awaited<ReturnType<typeof createAutomation>>;

/** Reads what is defined; `background.begin` starts to work. Rejects with DatabaseUnavailable. */
export async function createAutomation(options: AutomationOptions) {
  const { db, config, log, trail, collections, records, mail, lifecycle } = options;
  const { webhookAllowPrivate: allowPrivate, production, encryptionKey } = config;
  const background = createBackground({ log });
  if (allowPrivate && production) log.warn({}, 'Webhooks may call private networks (SNACKBASE_WEBHOOK_ALLOW_PRIVATE).');
  const outbound = createOutbound({ allowPrivate, production, log });
  const jobs = createJobs({ db, trail, log, lifecycle, concurrency: config.workerConcurrency });
  // Workflows run actions and actions start workflows: what closes the circle is put in at the end.
  const late: { trigger?: ActionParts['trigger'] } = {};
  const actions = createActions({
    db,
    records,
    log,
    mail,
    call: ({ url, method, headers, body, timeoutMs }, { accountId, signal }) =>
      outbound.call({ url, method, headers, body, timeoutMs, accountId, signal }),
    enqueue: (on: Transaction | null, job) => jobs.enqueue(on, job),
    openHandlers: () => jobs.openHandlers,
    trigger(on, asked) {
      if (late.trigger === undefined) throw new Error('Workflows are not there yet.');
      return late.trigger(on, asked);
    },
    abort: (message, status) => new Failure('HOOK_ABORTED', { message, status }),
  });
  // What a transaction put off until it commits.
  const inner = { mostPayloadBytes: 4_000_000 };
  jobs.define(LATER.call, {
    ...inner,
    run: async (payload, { accountId, signal }) =>
      void (await actions.later[LATER.call](payload, { accountId: accountId ?? undefined, signal })),
  });
  jobs.define(LATER.mail, { ...inner, run: (payload) => actions.later[LATER.mail](payload) });
  const webhooks = await createWebhooks({
    ...options,
    outbound,
    encryptionKey,
    schedule: config.webhookSchedule,
    timeoutMs: config.webhookTimeoutMs,
  });
  const shared = { ...options, actions, handlers: () => jobs.openHandlers, checkUrl: outbound.checkUrl };
  const endpoints = await createEndpointRoom(shared);
  const hooks = await createHookRoom(shared);
  const definitionOf = (name: string) => collections.get(name);
  const { publicUrl } = config;
  const workflows = await createWorkflows({
    ...shared,
    definitionOf,
    onCollections: (fn) => collections.onChange(fn),
    encryptionKey,
    publicUrl,
  });
  late.trigger = workflows.start;
  background.add('jobs', jobs.work);
  background.add('webhooks', webhooks.work);
  background.add('hooks', hooks.work);
  background.add('workflows', workflows.work);
  return {
    background,
    jobs,
    webhooks,
    endpoints,
    hooks,
    workflows,
    async close(): Promise<void> {
      await background.close();
      await endpoints.close();
      await webhooks.close();
      await hooks.close();
      await workflows.close();
    },
  };
}

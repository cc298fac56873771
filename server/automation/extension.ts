// What extension modules work with, and as whom they act: code of whoever runs the server, with nothing masked.
import { randomUUID } from 'node:crypto';
import { Failure } from '../../contract/problems.ts';
import { PII_GROUP } from '../access/mask.ts';
import type { Accounts } from '../accounts/service.ts';
import type { Config } from '../config.ts';
import { AS_ACCOUNT, type Automation, type Ctx } from '../context.ts';
import type { Logger } from '../db/log.ts';
import type { ExtensionApp, Lifecycle } from '../lifecycle/service.ts';
import { actingRecords, type Records } from '../records/service.ts';
import type { Roles } from '../roles/service.ts';
import type { Jobs } from './jobs/service.ts';
import { type ActsAs, automationCtx } from './principal.ts';

/** The context of a run of such code in an account: as the account itself unless a role is named. */
export function extensionCtx(accountId: string, automation: Automation, role: ActsAs['role'] = AS_ACCOUNT): Ctx {
  const ctx = automationCtx({ accountId, role, automation });
  return { ...ctx, caller: ctx.caller && { ...ctx.caller, groups: [PII_GROUP] } };
}

export interface ExtensionAppParts {
  readonly lifecycle: Lifecycle;
  readonly jobs: Pick<Jobs, 'define' | 'enqueue'>;
  readonly log: Logger;
  readonly config: Pick<Config, 'publicUrl' | 'dataDir' | 'production'>;
  readonly records: Records;
  readonly accounts: Pick<Accounts, 'resolve'>;
  readonly roles: Pick<Roles, 'get'>;
}

/** What every module is given. */
export const extensionApp = ({
  lifecycle,
  jobs,
  log,
  config,
  records,
  accounts,
  roles,
}: ExtensionAppParts): ExtensionApp => ({
  hooks: lifecycle,
  jobs: {
    define: (handler, definition) => jobs.define(handler, definition),
    enqueue: (job) => jobs.enqueue(null, job),
  },
  log,
  config: { publicUrl: config.publicUrl, dataDir: config.dataDir, production: config.production },
  async as({ accountId: account, role }) {
    const accountId = await accounts.resolve(account);
    if (accountId === null) throw new Failure('RESOURCE_NOT_FOUND');
    const run: Automation = { kind: 'extension', id: 'extension', name: 'extension', run: randomUUID(), depth: 1 };
    return actingRecords(
      records,
      extensionCtx(accountId, run, role === undefined ? AS_ACCOUNT : await roles.get(role)),
    );
  },
});

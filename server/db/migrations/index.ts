// Every migration in its order; a released one is never changed, only followed.
import type { Knex } from 'knex';
import * as foundation from './0001-foundation.ts';
import * as identity from './0002-identity.ts';
import * as collections from './0003-collections.ts';
import * as invitations from './0004-invitations.ts';
import * as permissions from './0005-permissions.ts';
import * as groupsAndKeys from './0006-groups-and-keys.ts';
import * as audit from './0007-audit.ts';
import * as collectionRules from './0008-collection-rules.ts';
import * as macros from './0009-macros.ts';
import * as rowSecurity from './0010-row-security.ts';
import * as expressionFunctions from './0011-expression-functions.ts';
import * as softDelete from './0012-soft-delete.ts';
import * as idempotency from './0013-idempotency.ts';
import * as events from './0014-events.ts';
import * as apps from './0015-apps.ts';
import * as permissionConstraints from './0016-permission-constraints.ts';
import * as automation from './0017-automation.ts';
import * as webhooks from './0018-webhooks.ts';
import * as hooks from './0019-hooks.ts';
import * as workflows from './0020-workflows.ts';
import * as endpoints from './0021-endpoints.ts';
import * as jobs from './0022-jobs.ts';
import * as workflowWaits from './0023-workflow-waits.ts';
import * as workflowLapses from './0024-workflow-lapses.ts';
import * as definitionRouting from './0025-definition-routing.ts';
import * as fairClaims from './0026-fair-claims.ts';

export interface Migration {
  /** Recorded in the database; the file's name. */
  readonly name: string;
  /** Runs inside the transaction that holds the whole upgrade. */
  readonly up: (kx: Knex) => Promise<void>;
}

export const migrations: readonly Migration[] = [
  { name: '0001-foundation', ...foundation },
  { name: '0002-identity', ...identity },
  { name: '0003-collections', ...collections },
  { name: '0004-invitations', ...invitations },
  { name: '0005-permissions', ...permissions },
  { name: '0006-groups-and-keys', ...groupsAndKeys },
  { name: '0007-audit', ...audit },
  { name: '0008-collection-rules', ...collectionRules },
  { name: '0009-macros', ...macros },
  { name: '0010-row-security', ...rowSecurity },
  { name: '0011-expression-functions', ...expressionFunctions },
  { name: '0012-soft-delete', ...softDelete },
  { name: '0013-idempotency', ...idempotency },
  { name: '0014-events', ...events },
  { name: '0015-apps', ...apps },
  { name: '0016-permission-constraints', ...permissionConstraints },
  { name: '0017-automation', ...automation },
  { name: '0018-webhooks', ...webhooks },
  { name: '0019-hooks', ...hooks },
  { name: '0020-workflows', ...workflows },
  { name: '0021-endpoints', ...endpoints },
  { name: '0022-jobs', ...jobs },
  { name: '0023-workflow-waits', ...workflowWaits },
  { name: '0024-workflow-lapses', ...workflowLapses },
  { name: '0025-definition-routing', ...definitionRouting },
  { name: '0026-fair-claims', ...fairClaims },
];

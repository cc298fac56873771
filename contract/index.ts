// The contract: every room's routes in mounting order. Server, client, documents and test matrices derive from this value.
import { accounts } from './accounts.ts';
import { adminRecords } from './admin-records.ts';
import { adminTokens, apiKeys } from './api-keys.ts';
import { appRecords } from './app-records.ts';
import { apps } from './apps.ts';
import { audit } from './audit.ts';
import { auth } from './auth.ts';
import { collections } from './collections.ts';
import { endpoints } from './endpoints.ts';
import { federation } from './federation.ts';
import { groups } from './groups.ts';
import { hooks } from './hooks.ts';
import { invitations } from './invitations.ts';
import { jobs } from './jobs.ts';
import type { Contract } from './kit.ts';
import { macros } from './macros.ts';
import { mcp } from './mcp.ts';
import { ops } from './ops.ts';
import { permissions } from './permissions.ts';
import { realtime } from './realtime.ts';
import { records } from './records.ts';
import { resources } from './resources.ts';
import { roles } from './roles.ts';
import { rules } from './rules.ts';
import { users } from './users.ts';
import { webhooks } from './webhooks.ts';
import { workflowInstances, workflows, workflowWebhooks } from './workflows.ts';
import { x } from './x.ts';

export const contract = {
  auth,
  collections,
  rules,
  macros,
  roles,
  permissions,
  users,
  accounts,
  groups,
  invitations,
  apiKeys,
  adminTokens,
  apps,
  records,
  appRecords,
  federation,
  adminRecords,
  resources,
  realtime,
  mcp,
  workflows,
  workflowInstances,
  workflowWebhooks,
  endpoints,
  x,
  hooks,
  webhooks,
  audit,
  jobs,
  ops,
} as const satisfies Contract;
export type AppContract = typeof contract;

// How the documents introduce each room of the contract. A new room does not compile until it has its line.
import type { AppContract } from '../contract/index.ts';

/** Tag descriptions, by room. */
export const ROOMS: Readonly<Record<keyof AppContract, string>> = {
  ops: 'Probes, version, and the documents of this API.',
  auth: 'Registering an account, logging in and out, refreshing tokens, verifying addresses.',
  collections: 'Definitions that become tables with validated endpoints.',
  rules: 'Which rows and fields a collection opens to whom; trying a rule out, and explaining what hides a row.',
  macros: 'Rule expressions under a name, which rules call.',
  roles: 'What a user is in his account; permissions hang on roles.',
  permissions: 'What roles may do on collections, and what you may do yourself.',
  users: 'The users of all accounts.',
  accounts: 'The tenants of this server.',
  groups: 'Users of one account under a name, for rules and for seeing personal data.',
  invitations: 'How a person joins an account that is there already.',
  apiKeys: 'Credentials for programs: scoped, expiring, shown once.',
  adminTokens: 'Credentials that manage the server; records they may only read and delete.',
  audit: 'Who changed what and when, in chains that nobody can alter unseen.',
  records: 'The data: create, read, filter, change and delete the records of a collection.',
  apps: 'Namespaces of collections that come from manifests: deploy, plan, look at the tables.',
  appRecords: 'The records of an app, at the addresses of its entities.',
  federation: 'One query over the records of one kind in all apps.',
  resources: 'The same data under /v1, in envelopes of data and meta.',
  realtime: 'Changes as they are committed, over several collections; tickets for browsers.',
  mcp: 'The collections as tools for agents: Model Context Protocol over Streamable HTTP.',
  workflows: 'Steps that run one after the other, wait, branch and repeat, and survive the end of any process.',
  workflowInstances: 'Runs of workflows: what each step did, cancelling, taking up what failed.',
  workflowWebhooks: 'Where the world outside starts workflows, by token.',
  adminRecords: 'Writing records into a named account, for superadmins and admin tokens.',
};

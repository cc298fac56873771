// Generated from contract/ by sdk/generate.ts: edit the contract and run `npm run gen`. Marks: b body, q query, t text reply, s stream, a either.
export const auth = {
  register: 'POST /api/v1/auth/register b',
  login: 'POST /api/v1/auth/login b',
  refresh: 'POST /api/v1/auth/refresh b',
  logout: 'POST /api/v1/auth/logout b',
  me: 'GET /api/v1/auth/me',
  verifyEmail: 'POST /api/v1/auth/verify-email b',
  verifyEmailLink: 'GET /api/v1/auth/verify-email q',
  sendVerification: 'POST /api/v1/auth/send-verification b',
  resendVerification: 'POST /api/v1/auth/resend-verification b',
} as const;

export const collections = {
  list: 'GET /api/v1/collections q',
  create: 'POST /api/v1/collections b',
  names: 'GET /api/v1/collections/names',
  get: 'GET /api/v1/collections/:id',
  update: 'PUT /api/v1/collections/:id b',
  patch: 'PATCH /api/v1/collections/:id b',
  delete: 'DELETE /api/v1/collections/:id',
} as const;

export const rules = {
  get: 'GET /api/v1/collections/:id/rules',
  update: 'PUT /api/v1/collections/:id/rules b',
  validate: 'POST /api/v1/rules/validate b',
  test: 'POST /api/v1/rules/test b',
  explain: 'POST /api/v1/rules/explain b',
} as const;

export const macros = {
  list: 'GET /api/v1/macros q',
  create: 'POST /api/v1/macros b',
  get: 'GET /api/v1/macros/:id',
  update: 'PUT /api/v1/macros/:id b',
  delete: 'DELETE /api/v1/macros/:id',
  test: 'POST /api/v1/macros/:id/test b',
} as const;

export const roles = {
  list: 'GET /api/v1/roles',
  create: 'POST /api/v1/roles b',
  get: 'GET /api/v1/roles/:id',
  update: 'PUT /api/v1/roles/:id b',
  change: 'PATCH /api/v1/roles/:id b',
  delete: 'DELETE /api/v1/roles/:id',
  permissions: 'GET /api/v1/roles/:id/permissions',
  permissionsMatrix: 'GET /api/v1/roles/:id/permissions/matrix',
  updatePermissions: 'PUT /api/v1/roles/:id/permissions/bulk b',
} as const;

export const permissions = {
  own: 'GET /api/v1/permissions',
  available: 'GET /api/v1/permissions/available',
  delete: 'DELETE /api/v1/permissions/:id',
} as const;

export const users = {
  list: 'GET /api/v1/users q',
  create: 'POST /api/v1/users b',
  get: 'GET /api/v1/users/:id',
  update: 'PATCH /api/v1/users/:id b',
  delete: 'DELETE /api/v1/users/:id',
  setPassword: 'PUT /api/v1/users/:id/password b',
  verify: 'POST /api/v1/users/:id/verify b',
  resendVerification: 'POST /api/v1/users/:id/resend-verification b',
} as const;

export const accounts = {
  list: 'GET /api/v1/accounts q',
  create: 'POST /api/v1/accounts b',
  get: 'GET /api/v1/accounts/:id',
  update: 'PUT /api/v1/accounts/:id b',
  delete: 'DELETE /api/v1/accounts/:id',
  users: 'GET /api/v1/accounts/:id/users q',
} as const;

export const groups = {
  list: 'GET /api/v1/groups q',
  create: 'POST /api/v1/groups b',
  get: 'GET /api/v1/groups/:id',
  update: 'PATCH /api/v1/groups/:id b',
  delete: 'DELETE /api/v1/groups/:id',
  addUser: 'POST /api/v1/groups/:id/users b',
  removeUser: 'DELETE /api/v1/groups/:id/users/:user_id',
  addMember: 'POST /api/v1/groups/:id/members b',
  removeMember: 'DELETE /api/v1/groups/:id/members/:user_id',
} as const;

export const invitations = {
  list: 'GET /api/v1/invitations q',
  create: 'POST /api/v1/invitations b',
  show: 'GET /api/v1/invitations/:id',
  accept: 'POST /api/v1/invitations/:id/accept b',
  resend: 'POST /api/v1/invitations/:id/resend b',
  cancel: 'DELETE /api/v1/invitations/:id',
} as const;

export const apiKeys = {
  list: 'GET /api/v1/api-keys q',
  create: 'POST /api/v1/api-keys b',
  get: 'GET /api/v1/api-keys/:id',
  revoke: 'DELETE /api/v1/api-keys/:id',
} as const;

export const adminTokens = {
  list: 'GET /api/v1/admin/api-keys q',
  create: 'POST /api/v1/admin/api-keys b',
  get: 'GET /api/v1/admin/api-keys/:id',
  revoke: 'DELETE /api/v1/admin/api-keys/:id',
} as const;

export const apps = {
  list: 'GET /api/v1/apps q',
  deploy: 'POST /api/v1/apps bq',
  verify: 'POST /api/v1/apps/schema/verify bq',
  get: 'GET /api/v1/apps/:appId',
  replace: 'PUT /api/v1/apps/:appId bq',
  schema: 'GET /api/v1/apps/:appId/schema',
  deployments: 'GET /api/v1/apps/:appId/deployments q',
  delete: 'DELETE /api/v1/apps/:appId',
} as const;

export const records = {
  list: 'GET /api/v1/records/:collection q',
  create: 'POST /api/v1/records/:collection b',
  schema: 'GET /api/v1/records/:collection/schema',
  openapi: 'GET /api/v1/records/:collection/openapi.json',
  openapiYaml: 'GET /api/v1/records/:collection/openapi.yaml t',
  aggregate: 'GET /api/v1/records/:collection/aggregate q',
  export: 'GET /api/v1/records/:collection/export qt',
  import: 'POST /api/v1/records/:collection/import bq',
  stream: 'GET /api/v1/records/:collection/stream qs',
  get: 'GET /api/v1/records/:collection/:id q',
  history: 'GET /api/v1/records/:collection/:id/history q',
  query: 'POST /api/v1/records/:collection/query b',
  transaction: 'POST /api/v1/batch b',
  batchCreate: 'POST /api/v1/records/:collection/batch b',
  bulkCreate: 'POST /api/v1/records/:collection/bulk b',
  batchUpdate: 'PATCH /api/v1/records/:collection/batch b',
  batchDelete: 'DELETE /api/v1/records/:collection/batch b',
  replace: 'PUT /api/v1/records/:collection/:id b',
  patch: 'PATCH /api/v1/records/:collection/:id b',
  restore: 'POST /api/v1/records/:collection/:id/restore',
  delete: 'DELETE /api/v1/records/:collection/:id q',
} as const;

export const appRecords = {
  list: 'GET /api/v1/apps/:appId/collections/:entity q',
  create: 'POST /api/v1/apps/:appId/collections/:entity b',
  query: 'POST /api/v1/apps/:appId/collections/:entity/query b',
  bulkCreate: 'POST /api/v1/apps/:appId/collections/:entity/bulk b',
  get: 'GET /api/v1/apps/:appId/collections/:entity/:id',
  patch: 'PATCH /api/v1/apps/:appId/collections/:entity/:id b',
  delete: 'DELETE /api/v1/apps/:appId/collections/:entity/:id',
} as const;

export const federation = {
  query: 'POST /api/v1/federated/:identityKind/query b',
} as const;

export const adminRecords = {
  create: 'POST /api/v1/admin/records/:collection b',
  replace: 'PUT /api/v1/admin/records/:collection/:id b',
  patch: 'PATCH /api/v1/admin/records/:collection/:id b',
} as const;

export const resources = {
  list: 'GET /v1/:resource q',
  create: 'POST /v1/:resource b',
  stream: 'GET /v1/:resource/stream qs',
  schema: 'GET /v1/:resource/schema',
  openapi: 'GET /v1/:resource/openapi.json',
  openapiYaml: 'GET /v1/:resource/openapi.yaml t',
  get: 'GET /v1/:resource/:id q',
  replace: 'PUT /v1/:resource/:id b',
  patch: 'PATCH /v1/:resource/:id b',
  restore: 'POST /v1/:resource/:id/restore',
  delete: 'DELETE /v1/:resource/:id q',
} as const;

export const realtime = {
  ticket: 'POST /api/v1/realtime/ticket',
  subscribe: 'GET /api/v1/realtime/subscribe qs',
  ws: 'GET /api/v1/realtime/ws q',
} as const;

export const mcp = {
  message: 'POST /api/v1/mcp b',
  listen: 'GET /api/v1/mcp s',
  messageShort: 'POST /mcp b',
  listenShort: 'GET /mcp s',
} as const;

export const workflows = {
  list: 'GET /api/v1/workflows q',
  create: 'POST /api/v1/workflows b',
  get: 'GET /api/v1/workflows/:id',
  update: 'PUT /api/v1/workflows/:id b',
  patch: 'PATCH /api/v1/workflows/:id b',
  delete: 'DELETE /api/v1/workflows/:id',
  toggle: 'PATCH /api/v1/workflows/:id/toggle',
  rotateToken: 'POST /api/v1/workflows/:id/rotate-token',
  trigger: 'POST /api/v1/workflows/:id/trigger bq',
  instances: 'GET /api/v1/workflows/:id/instances q',
} as const;

export const workflowInstances = {
  get: 'GET /api/v1/workflow-instances/:id',
  cancel: 'POST /api/v1/workflow-instances/:id/cancel',
  resume: 'POST /api/v1/workflow-instances/:id/resume',
} as const;

export const workflowWebhooks = {
  receive: 'POST /api/v1/workflow-webhooks/:token b',
} as const;

export const endpoints = {
  list: 'GET /api/v1/endpoints q',
  create: 'POST /api/v1/endpoints b',
  get: 'GET /api/v1/endpoints/:id',
  replace: 'PUT /api/v1/endpoints/:id b',
  update: 'PATCH /api/v1/endpoints/:id b',
  delete: 'DELETE /api/v1/endpoints/:id',
  toggle: 'PATCH /api/v1/endpoints/:id/toggle b',
  executions: 'GET /api/v1/endpoints/:id/executions q',
  execution: 'GET /api/v1/endpoints/:id/executions/:execution_id',
} as const;

export const x = {
  get: 'GET /api/v1/x/*path qa',
  post: 'POST /api/v1/x/*path bqa',
  put: 'PUT /api/v1/x/*path bqa',
  patch: 'PATCH /api/v1/x/*path bqa',
  delete: 'DELETE /api/v1/x/*path bqa',
} as const;

export const hooks = {
  events: 'GET /api/v1/hooks/events',
  list: 'GET /api/v1/hooks q',
  create: 'POST /api/v1/hooks b',
  get: 'GET /api/v1/hooks/:id',
  update: 'PATCH /api/v1/hooks/:id b',
  put: 'PUT /api/v1/hooks/:id b',
  delete: 'DELETE /api/v1/hooks/:id',
  toggle: 'PATCH /api/v1/hooks/:id/toggle',
  trigger: 'POST /api/v1/hooks/:id/trigger bq',
  executions: 'GET /api/v1/hooks/:id/executions q',
  execution: 'GET /api/v1/hooks/:id/executions/:execution',
} as const;

export const webhooks = {
  list: 'GET /api/v1/webhooks q',
  create: 'POST /api/v1/webhooks b',
  get: 'GET /api/v1/webhooks/:id',
  update: 'PUT /api/v1/webhooks/:id b',
  patch: 'PATCH /api/v1/webhooks/:id b',
  delete: 'DELETE /api/v1/webhooks/:id',
  test: 'POST /api/v1/webhooks/:id/test',
  rotateSecret: 'POST /api/v1/webhooks/:id/rotate-secret b',
  deliveries: 'GET /api/v1/webhooks/:id/deliveries q',
  delivery: 'GET /api/v1/webhooks/:id/deliveries/:delivery',
  redeliver: 'POST /api/v1/webhooks/:id/deliveries/:delivery/redeliver',
  redeliverMany: 'POST /api/v1/webhooks/:id/redeliver b',
} as const;

export const audit = {
  list: 'GET /api/v1/audit-logs q',
  export: 'GET /api/v1/audit-logs/export qt',
  verify: 'GET /api/v1/audit-logs/verify q',
  sign: 'POST /api/v1/audit-logs/signatures b',
  get: 'GET /api/v1/audit-logs/:id',
} as const;

export const jobs = {
  list: 'GET /api/v1/admin/jobs q',
  stats: 'GET /api/v1/admin/jobs/stats',
  get: 'GET /api/v1/admin/jobs/:id',
  retry: 'POST /api/v1/admin/jobs/:id/retry',
  cancel: 'DELETE /api/v1/admin/jobs/:id',
} as const;

export const ops = {
  health: 'GET /health',
  live: 'GET /live',
  ready: 'GET /ready',
  version: 'GET /api/v1',
  openapi: 'GET /openapi.json',
  openapiYaml: 'GET /openapi.yaml t',
  openapiV1: 'GET /api/v1/openapi.json',
  openapiYamlV1: 'GET /api/v1/openapi.yaml t',
  docs: 'GET /docs t',
} as const;

export const rooms = { auth, collections, rules, macros, roles, permissions, users, accounts, groups, invitations, apiKeys, adminTokens, apps, records, appRecords, federation, adminRecords, resources, realtime, mcp, workflows, workflowInstances, workflowWebhooks, endpoints, x, hooks, webhooks, audit, jobs, ops } as const;

/** Query parameters of a list or a stream that are not fields. */
export const listParams: readonly string[] = ["skip","limit","sort","fields","filter","search","expand","cursor","cursor_before","count","include_count","linked","deleted","events","last_event_id","ticket"];

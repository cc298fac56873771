// THE MAP: builds every room, mounts the contract and answers the server.
import { contract } from '../contract/index.ts';
import { docsAssets } from '../openapi/docs.ts';
import { createDecide } from './access/decide.ts';
import { createGrants } from './access/grants.ts';
import { createMacros } from './access/macros.ts';
import { createMay } from './access/may.ts';
import { createReadable } from './access/readable.ts';
import { ruleProblems } from './access/rule-check.ts';
import { accountRoutes } from './accounts/routes.ts';
import { createAccounts } from './accounts/service.ts';
import { adminTokenRoutes, apiKeyRoutes } from './api-keys/routes.ts';
import { createApiKeys } from './api-keys/service.ts';
import { appRecordRoutes } from './app-records/routes.ts';
import { createAppRecords } from './app-records/service.ts';
import { appRoutes } from './apps/routes.ts';
import { createApps } from './apps/service.ts';
import { auditRoutes } from './audit/routes.ts';
import { createAudit, createTrail } from './audit/service.ts';
import { createAuth } from './auth/room.ts';
import { authRoutes } from './auth/routes.ts';
import { endpointRoutes, xRoutes } from './automation/endpoints/routes.ts';
import { extensionApp, extensionCtx } from './automation/extension.ts';
import { hookRoutes } from './automation/hooks/routes.ts';
import { jobRoutes } from './automation/jobs/routes.ts';
import { type Automation, createAutomation } from './automation/room.ts';
import type { Jobs } from './automation/service.ts';
import { webhookRoutes } from './automation/webhooks/routes.ts';
import { workflowInstanceRoutes, workflowRoutes, workflowWebhookRoutes } from './automation/workflows/routes.ts';
import { createRegistry } from './collections/registry.ts';
import { collectionRoutes } from './collections/routes.ts';
import { createCollections } from './collections/service.ts';
import type { Config } from './config.ts';
import type { Database } from './db/database.ts';
import { migrateDatabase } from './db/migrate.ts';
import { openDatabase } from './db/open.ts';
import { rowSecurityOf } from './db/row-security.ts';
import { createTail } from './events/tail.ts';
import { federationRoutes } from './federation/routes.ts';
import { createFederation } from './federation/service.ts';
import { groupsRoutes } from './groups/routes.ts';
import { createGroups } from './groups/service.ts';
import { createHttp } from './http/server.ts';
import { createIdempotency } from './idempotency/service.ts';
import { invitationRoutes } from './invitations/routes.ts';
import { createInvitations } from './invitations/service.ts';
import { createLifecycle, type Lifecycle, loadExtensions, requestHooks } from './lifecycle/service.ts';
import { createLog, type Log } from './log.ts';
import { macroRoutes } from './macros/routes.ts';
import { createMacroRoom } from './macros/service.ts';
import { createMail } from './mail/service.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { createMcp } from './mcp/service.ts';
import { createDocuments } from './ops/documents.ts';
import { opsRoutes } from './ops/routes.ts';
import { createOps } from './ops/service.ts';
import { permissionsRoutes } from './permissions/routes.ts';
import { type CheckRule, createCollectionPermissions, createPermissions } from './permissions/service.ts';
import { realtimeRoutes } from './realtime/routes.ts';
import { createRealtime } from './realtime/service.ts';
import { adminRecordRoutes } from './records/admin-routes.ts';
import { recordRoutes } from './records/routes.ts';
import { createAfterHooks, createPeek, createRecords } from './records/service.ts';
import { resourceRoutes } from './resources/routes.ts';
import { createResources } from './resources/service.ts';
import { rolesRoutes } from './roles/routes.ts';
import { createRoles } from './roles/service.ts';
import { ruleRoutes } from './rules/routes.ts';
import { createExplainer, createRules } from './rules/service.ts';
import { usersRoutes } from './users/routes.ts';
import { createUsers } from './users/service.ts';

export interface App {
  /** Starts to listen and answers where; the background work begins after that, unless the configuration says that it is others'. */
  listen(): Promise<{ url: string; port: number }>;
  /** Begins the background work without listening. May be called twice. */
  work(): void;
  /** Lets running requests finish, then closes the database. May be called twice. */
  close(): Promise<void>;
  /** For programs that embed the server, and for tests. */
  readonly db: Database;
  readonly jobs: Pick<Jobs, 'define' | 'enqueue' | 'settle'>;
  readonly hooks: Lifecycle;
  readonly automation: Pick<Automation, 'hooks'>;
  /** The superadmin made at this start; the password only when it was generated. */
  readonly firstSuperadmin: { readonly email: string; readonly password?: string } | null;
}

/**
 * Opens and migrates the database, makes the first superadmin where there is none, and builds the server.
 * Rejects with DatabaseUnavailable, DataDirectoryLocked or, for a bad configured superadmin, Failure.
 */
export async function createApp(config: Config, log: Log = createLog(config.log)): Promise<App> {
  const db = await openDatabase({
    url: config.databaseUrl ?? undefined,
    dataDir: config.dataDir,
    log,
    poolSize: config.poolSize,
    statementTimeoutMs: config.statementTimeoutMs,
  });
  try {
    await migrateDatabase(db);
    const trail = createTrail({ db, encryptionKey: config.encryptionKey, log });
    const retention = { seconds: config.eventsHours * 3600, events: config.eventsKept };
    const events = await createTail({ db, log, retention });
    const lifecycle = createLifecycle({ log });
    const mail = createMail({ dataDir: config.dataDir, log, lifecycle });
    const accounts = createAccounts({ db, trail });
    const auth = await createAuth({ db, config, mail, accounts, trail, log, lifecycle });
    const firstSuperadmin = await auth.service.ensureSuperadmin(config);
    const grants = await createGrants({ db, log });
    const macros = await createMacros({ db, log });
    const sources = { grants, macros };
    const roles = createRoles({ db, grants, changed: auth.service.changed, trail });
    const users = createUsers({ db, accounts, roles, auth: auth.service, trail, lifecycle });
    const { publicUrl } = config;
    const invitations = createInvitations({ db, accounts, roles, auth: auth.service, mail, publicUrl, trail, log });
    const registry = await createRegistry({ db, log });
    const checkRule: CheckRule = (text, fields, use, at) => ruleProblems(text, fields, use, macros, at);
    const may = createMay(grants, (name) => registry.get(name)?.access);
    const permissions = createPermissions({ db, grants, roles, checkRule, may, trail });
    const collectionPermissions = createCollectionPermissions({ grants, checkRule, trail });
    const collections = createCollections({
      db,
      registry,
      macros,
      permissions: collectionPermissions,
      trail,
      lifecycle,
    });
    const documents = createDocuments(publicUrl);
    // Endpoints act on records, and the documents of records tell of endpoints.
    let assembled: Automation | undefined;
    const records = createRecords({
      db,
      definitions: registry,
      resolveAccount: accounts.resolve,
      trail,
      events,
      decide: createDecide(sources),
      baseDocument: documents.base,
      endpoints: async (ctx) => (await assembled?.endpoints.documented(ctx)) ?? [],
      rowSecurity: await rowSecurityOf(db, config.rowSecurity, log),
      lifecycle,
      actAs: extensionCtx,
    });
    const afterHooks = createAfterHooks({
      db,
      tail: events,
      log,
      lifecycle,
      records,
      actAs: extensionCtx,
      definitions: registry,
    });
    const rulesVersion = () => `${grants.version} ${macros.version}`;
    const realtime = createRealtime({
      db,
      tail: events,
      watch: records.watch,
      rules: rulesVersion,
      onCallers: auth.principals.onChange,
      onCollections: (fn) => registry.onChange((_id, { qualifiedName }) => fn(qualifiedName)),
      encryptionKey: config.encryptionKey,
      lifecycle,
      log,
    });
    const mcp = createMcp({
      definitions: registry,
      records,
      rules: rulesVersion,
      onCallers: auth.principals.onChange,
      log,
    });
    const automation = await createAutomation({
      db,
      config,
      log,
      tail: events,
      trail,
      accounts,
      collections: registry,
      records,
      mail,
      lifecycle,
      macros,
      roles,
      rules: rulesVersion,
    });
    assembled = automation;
    const explainer = createExplainer({ sources, definitions: registry, userOf: users.get, peek: createPeek(db) });
    const readable = createReadable(sources, (name) => registry.get(name));
    const rules = createRules({ macros, definitions: registry, collections, explainer, readable });
    const groups = createGroups({ db, accounts, auth: auth.service, trail });
    const apiKeys = createApiKeys({ db, accounts, auth: auth.service, trail });
    const audit = createAudit({
      db,
      trail,
      definitions: registry,
      readable,
      scope: accounts.scope,
      viewRecord: records.get,
      confirmPassword: auth.service.confirmPassword,
    });
    const ops = createOps({ db, documents: records.documents, page: documents.page });

    const idempotency = createIdempotency({ db, encryptionKey: config.encryptionKey, log });

    const http = createHttp({
      config,
      log,
      contract,
      docsAssets,
      credentials: { authenticate: auth.authenticate, tokenEnd: auth.tokenEnd, redeem: realtime.redeem },
      serveSocket: realtime.serve,
      doOnce: idempotency.once,
      hooks: requestHooks(lifecycle),
      tables: {
        auth: authRoutes(auth.service),
        collections: collectionRoutes(collections),
        rules: ruleRoutes(rules),
        macros: macroRoutes(createMacroRoom({ db, macros, trail })),
        roles: rolesRoutes(roles, permissions),
        permissions: permissionsRoutes(permissions),
        users: usersRoutes(users),
        accounts: accountRoutes(accounts, users),
        groups: groupsRoutes(groups),
        invitations: invitationRoutes(invitations),
        apiKeys: apiKeyRoutes(apiKeys),
        adminTokens: adminTokenRoutes(apiKeys),
        records: recordRoutes(records, realtime),
        apps: appRoutes(createApps({ db, collections, permissions: collectionPermissions, trail })),
        appRecords: appRecordRoutes(createAppRecords(records)),
        federation: federationRoutes(createFederation(records)),
        adminRecords: adminRecordRoutes(records),
        resources: resourceRoutes(createResources({ records, realtime })),
        realtime: realtimeRoutes(realtime),
        mcp: mcpRoutes(mcp),
        hooks: hookRoutes(automation.hooks.service),
        webhooks: webhookRoutes(automation.webhooks),
        endpoints: endpointRoutes(automation.endpoints.service),
        x: xRoutes(automation.endpoints.dispatch),
        workflows: workflowRoutes(automation.workflows),
        workflowInstances: workflowInstanceRoutes(automation.workflows),
        workflowWebhooks: workflowWebhookRoutes(automation.workflows),
        audit: auditRoutes(audit),
        jobs: jobRoutes(automation.jobs),
        ops: opsRoutes(ops),
      },
    });
    await loadExtensions(
      config.extensions,
      extensionApp({ lifecycle, jobs: automation.jobs, log, config, records, accounts, roles }),
    );
    await lifecycle.fire('on_bootstrap', {}, { ctx: null });
    let closing: Promise<void> | undefined;
    const close = async () => {
      // Streams have no end of their own, and a server that stops takes no new ones.
      const drained = http.close();
      const idle = automation.close();
      mcp.close();
      await realtime.close();
      await drained;
      await idle;
      await lifecycle.fire('on_terminate', {}, { ctx: null });
      await afterHooks.close();
      await idempotency.close();
      await auth.close();
      await registry.close();
      await grants.close();
      await macros.close();
      await events.close();
      await trail.close();
      await db.close();
    };
    return {
      db,
      jobs: automation.jobs,
      hooks: lifecycle,
      automation,
      firstSuperadmin,
      work: automation.background.begin,
      async listen() {
        await afterHooks.ready();
        const at = await http.listen();
        if (config.worker === 'on') automation.background.begin();
        await lifecycle.fire('on_serve', at, { ctx: null });
        return at;
      },
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

// THE MAP: builds every room, mounts the contract and answers the server.
import { contract } from '../contract/index.ts';
import { docsAssets } from '../openapi/docs.ts';
import { accountRoutes } from './accounts/routes.ts';
import { createAccounts } from './accounts/service.ts';
import { createAuth } from './auth/room.ts';
import { authRoutes } from './auth/routes.ts';
import { createRegistry } from './collections/registry.ts';
import { collectionRoutes } from './collections/routes.ts';
import { createCollections } from './collections/service.ts';
import type { Config } from './config.ts';
import type { Database } from './db/database.ts';
import { migrateDatabase } from './db/migrate.ts';
import { openDatabase } from './db/open.ts';
import { createHttp } from './http/server.ts';
import { invitationRoutes } from './invitations/routes.ts';
import { createInvitations } from './invitations/service.ts';
import { createLog, type Log } from './log.ts';
import { createMail } from './mail/service.ts';
import { createDocuments } from './ops/documents.ts';
import { opsRoutes } from './ops/routes.ts';
import { createOps } from './ops/service.ts';
import { recordRoutes } from './records/routes.ts';
import { createRecords } from './records/service.ts';
import { rolesRoutes } from './roles/routes.ts';
import { createRoles } from './roles/service.ts';
import { usersRoutes } from './users/routes.ts';
import { createUsers } from './users/service.ts';

export interface App {
  /** Starts to listen and answers where. */
  listen(): Promise<{ url: string; port: number }>;
  /** Lets running requests finish, then closes the database. May be called twice. */
  close(): Promise<void>;
  /** For programs that embed the server, and for tests. */
  readonly db: Database;
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
    const mail = createMail({ dataDir: config.dataDir, log });
    const accounts = createAccounts({ db });
    const auth = await createAuth({ db, config, mail, accounts, log });
    const firstSuperadmin = await auth.service.ensureSuperadmin(config);
    const roles = createRoles({ db });
    const users = createUsers({ db, accounts, roles, auth: auth.service });
    const { publicUrl } = config;
    const invitations = createInvitations({ db, accounts, roles, auth: auth.service, mail, publicUrl, log });
    const registry = await createRegistry({ db, log });
    const collections = createCollections({ db, registry });
    const records = createRecords({ db, definitions: registry, resolveAccount: accounts.resolve });
    const ops = createOps({ db, ...createDocuments(publicUrl) });

    const http = createHttp({
      config,
      log,
      contract,
      docsAssets,
      authenticate: auth.authenticate,
      tables: {
        auth: authRoutes(auth.service),
        collections: collectionRoutes(collections),
        roles: rolesRoutes(roles),
        users: usersRoutes(users),
        accounts: accountRoutes(accounts, users),
        invitations: invitationRoutes(invitations),
        records: recordRoutes(records),
        ops: opsRoutes(ops),
      },
    });
    let closing: Promise<void> | undefined;
    const close = async () => {
      await http.close();
      await auth.close();
      await registry.close();
      await db.close();
    };
    return {
      db,
      firstSuperadmin,
      listen: http.listen,
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

// The superadmin part of the auth room for commands, without a server around it.
import { createAccounts } from '../accounts/service.ts';
import { createAuth } from '../auth/room.ts';
import type { AuthService } from '../auth/service.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import { createMail } from '../mail/service.ts';

/** Runs `work` with an auth service on `db` and ends it. */
export async function withAuth<T>(db: Database, config: Config, work: (auth: AuthService) => Promise<T>): Promise<T> {
  const auth = await createAuth({
    db,
    config,
    mail: createMail({ dataDir: config.dataDir }),
    accounts: createAccounts({ db }),
  });
  try {
    return await work(auth.service);
  } finally {
    await auth.close();
  }
}

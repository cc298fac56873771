// What the commands that only need the database share: open, migrate, do it, close.
import type { Config } from '../config.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { type OpenDatabase, openDatabase } from '../db/open.ts';

/** Runs `work` on the migrated database and closes it. `applied` names the migrations that were missing. */
export async function withDatabase<T>(
  config: Config,
  work: (db: OpenDatabase, applied: readonly string[]) => Promise<T>,
): Promise<T> {
  const db = await openDatabase({ url: config.databaseUrl ?? undefined, dataDir: config.dataDir });
  try {
    const { applied } = await migrateDatabase(db);
    return await work(db, applied);
  } finally {
    await db.close();
  }
}

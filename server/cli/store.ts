// The one statement of the command line.
import type { Database } from '../db/database.ts';

export interface Facts {
  readonly version: string;
  readonly accounts: number;
  readonly users: number;
  readonly collections: number;
}

/** Version of the database and the number of accounts, users and collections. */
export async function countEverything(db: Database): Promise<Facts> {
  const [row] = await db.query<Facts>(
    `select current_setting('server_version') as version,
            (select count(*) from snackbase.accounts) as accounts,
            (select count(*) from snackbase.users) as users,
            (select count(*) from snackbase.collections) as collections`,
  );
  return row as Facts;
}

// `snackbase info`: versions, the database and what is in it.

import { VERSION } from '../version.ts';
import { type Command, readOptions, SHARED_USAGE } from './command.ts';
import { withDatabase } from './database.ts';
import { countEverything } from './store.ts';

export const command: Command = {
  summary: 'versions, database and how much is in it',
  usage: `Usage: snackbase info\n${SHARED_USAGE}`,
  async run(args) {
    const { config } = readOptions(args, {});
    const settings = config();
    await withDatabase(settings, async (db) => {
      const facts = await countEverything(db);
      const rows: [string, unknown][] = [
        ['snackbase', VERSION],
        ['node', process.versions.node],
        ['database', `${db.kind === 'embedded' ? `embedded in ${settings.dataDir}` : 'PostgreSQL'} (${facts.version})`],
        ['accounts', facts.accounts],
        ['users', facts.users],
        ['collections', facts.collections],
      ];
      for (const [name, value] of rows) console.log(`${name.padEnd(12)} ${value}`);
    });
    return 0;
  },
};

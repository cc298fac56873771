// `snackbase migrate`: brings the database to this version's schema.
import { type Command, readOptions, SHARED_USAGE } from './command.ts';
import { withDatabase } from './database.ts';

export const command: Command = {
  summary: 'bring the database to the schema of this version',
  usage: `Usage: snackbase migrate\n${SHARED_USAGE}`,
  async run(args) {
    const { config } = readOptions(args, {});
    await withDatabase(config(), async (_db, applied) => {
      console.log(
        applied.length === 0
          ? 'The database is up to date.'
          : `Applied ${applied.length}:\n${applied.map((name) => `  ${name}`).join('\n')}`,
      );
    });
    return 0;
  },
};

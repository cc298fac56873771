// `snackbase init-db`: an empty database becomes a migrated one with a first superadmin; a second run changes nothing.
import { type Command, readOptions, SHARED_USAGE } from './command.ts';
import { withDatabase } from './database.ts';
import { withAuth } from './superadmin.ts';

export const command: Command = {
  summary: 'prepare the database and the first superadmin; harmless when repeated',
  usage: `Usage: snackbase init-db [--email ADDRESS --password PASSWORD]
  --email ADDRESS      of the first superadmin (default SNACKBASE_SUPERADMIN_EMAIL)
  --password PASSWORD  of the first superadmin (default SNACKBASE_SUPERADMIN_PASSWORD, else generated and shown once)
${SHARED_USAGE}`,
  async run(args) {
    const { values, config } = readOptions(args, { email: { type: 'string' }, password: { type: 'string' } });
    const settings = config({
      ...(values.email !== undefined && { superadminEmail: values.email }),
      ...(values.password !== undefined && { superadminPassword: values.password }),
    });
    await withDatabase(settings, async (db, applied) => {
      const made = await withAuth(db, settings, (auth) => auth.ensureSuperadmin(settings));
      console.log(
        applied.length === 0
          ? 'The database is up to date.'
          : `The database is ready: ${applied.length} migrations applied.`,
      );
      if (made === null) console.log('There is a superadmin already; nothing was changed.');
      else
        console.log(
          `First superadmin: account system, e-mail ${made.email}${made.password === undefined ? '' : `, password ${made.password} (shown once)`}`,
        );
    });
    return 0;
  },
};

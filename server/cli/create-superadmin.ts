// `snackbase create-superadmin`: one more superadmin.
import { createInterface } from 'node:readline/promises';
import { Failure } from '../../contract/problems.ts';
import { type Command, readOptions, SHARED_USAGE, UsageError } from './command.ts';
import { withDatabase } from './database.ts';
import { withAuth } from './superadmin.ts';

export const command: Command = {
  summary: 'create a superadmin',
  usage: `Usage: snackbase create-superadmin --email ADDRESS [--password PASSWORD]
  --password PASSWORD  asked for at the terminal when missing
${SHARED_USAGE}`,
  async run(args) {
    const { values, config } = readOptions(args, { email: { type: 'string' }, password: { type: 'string' } });
    if (values.email === undefined) throw new UsageError('--email is required.');
    const email = values.email;
    const password = values.password ?? process.env.SNACKBASE_SUPERADMIN_PASSWORD ?? (await ask());
    const settings = config();
    try {
      await withDatabase(settings, (db) =>
        withAuth(db, settings, (auth) => auth.createSuperadmin({ email, password })),
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      console.error([error.message, ...error.entries.map((e) => `  ${e.field}: ${e.message}`)].join('\n'));
      return 1;
    }
    console.log(`Superadmin ${email} is ready: log in with account "system".`);
    return 0;
  },
};

async function ask(): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('--password is required where there is no terminal to ask at.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question('Password: ');
  } finally {
    terminal.close();
  }
}

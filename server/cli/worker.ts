// `snackbase worker`: a process that does the background work and answers no requests.
import { createApp } from '../app.ts';
import { ConfigError, unknownVariables } from '../config.ts';
import { type Command, readOptions, UsageError, wholeNumber } from './command.ts';
import { untilStopped } from './until-stopped.ts';

const OPTIONS = { concurrency: { type: 'string' } } as const;
const MOST = 1000;

export const command: Command = {
  summary: 'do the background work in a process of its own',
  usage: `Usage: snackbase worker [--concurrency 10]
  --concurrency N      jobs side by side (default 10)
  --database-url URL   the PostgreSQL server that the other processes use; the embedded database serves one process
  --data-dir DIR       keys and mail outbox (default ./sb_data)

Any number of workers may run beside any number of \`snackbase serve\`. With SNACKBASE_WORKER=off these only answer requests.`,
  async run(args) {
    const { values, config } = readOptions(args, OPTIONS);
    const concurrency = values.concurrency === undefined ? null : wholeNumber('concurrency', values.concurrency, MOST);
    if (concurrency === 0) throw new UsageError('--concurrency must be 1 or more.');
    const settings = config(concurrency === null ? {} : { workerConcurrency: concurrency });
    if (settings.databaseUrl === null)
      throw new ConfigError(
        'A worker needs DATABASE_URL: the embedded database serves one process, and `snackbase serve` does the background work in it.',
      );
    for (const name of unknownVariables(process.env))
      console.error(`warning: ${name} is not a known variable; \`snackbase config\` lists them.`);
    const app = await createApp(settings);
    app.work();
    console.log(`SnackBase works in the background (PostgreSQL, ${settings.workerConcurrency} jobs side by side)`);
    return untilStopped(app);
  },
};

// The command line: picks the command's file and runs it.

import { type Command, UsageError } from './cli/command.ts';
import { ConfigError } from './config.ts';
import { DataDirectoryLocked } from './db/directory-lock.ts';
import { DatabaseUnavailable } from './db/errors.ts';

const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  serve: () => import('./cli/serve.ts'),
  worker: () => import('./cli/worker.ts'),
  'init-db': () => import('./cli/init-db.ts'),
  'create-superadmin': () => import('./cli/create-superadmin.ts'),
  migrate: () => import('./cli/migrate.ts'),
  audit: () => import('./cli/audit.ts'),
  rules: () => import('./cli/rules.ts'),
  deploy: async () => ({ command: (await import('./cli/deploy.ts')).deploy }),
  plan: async () => ({ command: (await import('./cli/deploy.ts')).plan }),
  export: () => import('./cli/export.ts'),
  import: () => import('./cli/import.ts'),
  gen: () => import('./cli/gen.ts'),
  mcp: () => import('./cli/mcp.ts'),
  mail: () => import('./cli/mail.ts'),
  config: () => import('./cli/config.ts'),
  info: () => import('./cli/info.ts'),
};

/** Runs `snackbase …` and answers the exit code: 0 done, 1 failed, 2 not understood. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args;
  if (name === '--version' || name === '-v') {
    console.log((await import('./version.ts')).VERSION);
    return 0;
  }
  // `snackbase help plan` is `snackbase plan --help`.
  if (name === 'help' && rest[0] !== undefined && Object.hasOwn(COMMANDS, rest[0])) return main([rest[0], '--help']);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) return help(name);
  const { command } = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.usage);
    return 0;
  }
  try {
    return (await command.run(rest)) ?? 0;
  } catch (error) {
    if (error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) {
      console.error(`${(error as Error).message}\n\n${command.usage}`);
      return 2;
    }
    if (
      error instanceof ConfigError ||
      error instanceof DataDirectoryLocked ||
      error instanceof DatabaseUnavailable ||
      (error as { expected?: boolean }).expected ||
      // A file that is not there, or may not be written: the system's own words say which.
      /^(ENOENT|EISDIR|EACCES|ENOTDIR|EPERM|ENOSPC)$/.test((error as { code?: string }).code ?? '')
    ) {
      console.error((error as Error).message);
      return 1;
    }
    throw error;
  }
}

async function help(name: string): Promise<number> {
  const known = ['help', '--help', '-h'].includes(name);
  const lines = await Promise.all(Object.values(COMMANDS).map(async (load) => (await load()).command));
  const out = known ? console.log : console.error;
  if (!known) out(`There is no command "${name}".\n`);
  out(
    `Usage: snackbase <command> [options]\n\n${lines.map((c) => `  ${c.usage.split('\n')[0]?.replace('Usage: snackbase ', '').padEnd(58)} ${c.summary}`).join('\n')}`,
  );
  return known ? 0 : 2;
}

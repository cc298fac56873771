// What a command is, and the options that several commands share.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Config, loadConfig } from '../config.ts';

export interface Command {
  readonly summary: string;
  readonly usage: string;
  /** Answers the exit code, 0 when nothing is said. */
  run(args: readonly string[]): Promise<number | undefined>;
}

/** The command line was not understood; the usage is shown with it. */
export class UsageError extends Error {}

const SHARED = {
  'data-dir': { type: 'string' },
  'database-url': { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

export const SHARED_USAGE = `  --data-dir DIR       embedded database, keys and mail outbox (default ./sb_data)
  --database-url URL   PostgreSQL instead of the embedded database`;

/**
 * Parses `args` strictly and loads the configuration with the shared flags applied.
 * Throws UsageError, or ConfigError for a bad variable.
 */
export function readOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
) {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...SHARED, ...options },
    strict: true,
    allowPositionals: true,
  });
  const flags = values as Record<string, string | boolean | undefined>;
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is not understood.`);
  const config = (overrides: Partial<Config> = {}) =>
    loadConfig(process.env, {
      ...(flags['data-dir'] !== undefined && { dataDir: String(flags['data-dir']) }),
      ...(flags['database-url'] !== undefined && { databaseUrl: String(flags['database-url']) }),
      ...overrides,
    });
  return { values, config };
}

/** A whole number from a flag. Throws UsageError. */
export function wholeNumber(flag: string, value: string, max: number): number {
  if (!/^\d{1,10}$/.test(value) || Number(value) > max)
    throw new UsageError(`--${flag} must be a whole number from 0 to ${max}, not "${value}".`);
  return Number(value);
}

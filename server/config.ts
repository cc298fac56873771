// Every SNACKBASE_* variable: name, type, default, meaning. `snackbase config` prints this table.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROW_SECURITY, type RowSecurity } from './db/row-security.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly publicUrl: string;
  readonly secretKey: string;
  readonly encryptionKey: string;
  readonly superadminEmail: string | null;
  readonly superadminPassword: string | null;
  readonly rateLimit: 'off' | 'default';
  readonly rowSecurity: RowSecurity;
  readonly corsOrigins: readonly string[];
  readonly bodyLimit: number;
  readonly statementTimeoutMs: number;
  readonly poolSize: number;
  /** How many proxies stand in front; the address that the outermost of them saw is the caller's. */
  readonly trustProxy: number;
  /** How long events can be read again, in hours, and how many of them. */
  readonly eventsHours: number;
  readonly eventsKept: number;
  /** Whether this process does background work beside answering requests, and how many jobs side by side. */
  readonly worker: 'on' | 'off';
  readonly workerConcurrency: number;
  /** Modules that extend the server. */
  readonly extensions: readonly string[];
  /** Whether calls out may go to loopback and private networks. */
  readonly webhookAllowPrivate: boolean;
  /** Seconds before each attempt of a delivery. */
  readonly webhookSchedule: readonly number[];
  /** How long one attempt may take. */
  readonly webhookTimeoutMs: number;
  readonly log: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly production: boolean;
}

interface Variable {
  readonly name: string;
  readonly option: keyof Config;
  readonly type: 'text' | 'number' | 'positive' | 'hops' | 'switch' | 'seconds' | 'list' | 'secret' | readonly string[];
  readonly fallback: string;
  readonly meaning: string;
}

export const VARIABLES: readonly Variable[] = [
  { name: 'SNACKBASE_HOST', option: 'host', type: 'text', fallback: '127.0.0.1', meaning: 'address to listen on' },
  {
    name: 'SNACKBASE_PORT',
    option: 'port',
    type: 'number',
    fallback: '8000',
    meaning: 'port to listen on; 0 takes a free one',
  },
  {
    name: 'SNACKBASE_DATA_DIR',
    option: 'dataDir',
    type: 'text',
    fallback: './sb_data',
    meaning: 'embedded database, keys, mail outbox',
  },
  {
    name: 'DATABASE_URL',
    option: 'databaseUrl',
    type: 'secret',
    fallback: '',
    meaning: 'postgres://…; empty uses the embedded database',
  },
  {
    name: 'SNACKBASE_PUBLIC_URL',
    option: 'publicUrl',
    type: 'text',
    fallback: '',
    meaning: 'base of links in mails and documents; default http://localhost:<port>',
  },
  {
    name: 'SNACKBASE_SECRET_KEY',
    option: 'secretKey',
    type: 'secret',
    fallback: '',
    meaning: 'signs tokens, 32 characters or more; generated into the data directory when empty',
  },
  {
    name: 'SNACKBASE_ENCRYPTION_KEY',
    option: 'encryptionKey',
    type: 'secret',
    fallback: '',
    meaning: 'encrypts stored secrets; generated into the data directory when empty',
  },
  {
    name: 'SNACKBASE_SUPERADMIN_EMAIL',
    option: 'superadminEmail',
    type: 'text',
    fallback: '',
    meaning: 'first superadmin, created when there is none',
  },
  {
    name: 'SNACKBASE_SUPERADMIN_PASSWORD',
    option: 'superadminPassword',
    type: 'secret',
    fallback: '',
    meaning: 'password of the first superadmin',
  },
  {
    name: 'SNACKBASE_RATE_LIMIT',
    option: 'rateLimit',
    type: ['off', 'default'],
    fallback: 'default',
    meaning: 'off | default',
  },
  {
    name: 'SNACKBASE_ROW_SECURITY',
    option: 'rowSecurity',
    type: ROW_SECURITY,
    fallback: 'transactions',
    meaning: 'row-level security under the conditions of statements: transactions | always | off',
  },
  {
    name: 'SNACKBASE_CORS_ORIGINS',
    option: 'corsOrigins',
    type: 'list',
    fallback: '',
    meaning: 'comma list of origins; empty allows localhost outside production',
  },
  {
    name: 'SNACKBASE_BODY_LIMIT',
    option: 'bodyLimit',
    type: 'number',
    fallback: '1048576',
    meaning: 'largest JSON body in bytes',
  },
  {
    name: 'SNACKBASE_STATEMENT_TIMEOUT_MS',
    option: 'statementTimeoutMs',
    type: 'number',
    fallback: '10000',
    meaning: 'longest database statement in ms',
  },
  {
    name: 'SNACKBASE_POOL_SIZE',
    option: 'poolSize',
    type: 'number',
    fallback: '10',
    meaning: 'connections for transactions (PostgreSQL)',
  },
  {
    name: 'SNACKBASE_EVENTS_HOURS',
    option: 'eventsHours',
    type: 'number',
    fallback: '24',
    meaning: 'how long a broken stream can be taken up again without loss',
  },
  {
    name: 'SNACKBASE_EVENTS_KEPT',
    option: 'eventsKept',
    type: 'number',
    fallback: '1000000',
    meaning: 'most events that are kept for that',
  },
  {
    name: 'SNACKBASE_WEBHOOK_ALLOW_PRIVATE',
    option: 'webhookAllowPrivate',
    type: 'switch',
    fallback: '0',
    meaning: '1 lets webhooks call loopback and private networks: tests and local development only',
  },
  {
    name: 'SNACKBASE_WEBHOOK_SCHEDULE',
    option: 'webhookSchedule',
    type: 'seconds',
    fallback: '0,5,300,1800,7200,18000,36000,50400,72000,86400',
    meaning: 'seconds before each attempt to deliver, comma list; behind the last one a delivery is dead',
  },
  {
    name: 'SNACKBASE_WEBHOOK_TIMEOUT_MS',
    option: 'webhookTimeoutMs',
    type: 'number',
    fallback: '30000',
    meaning: 'longest exchange with the receiver of a webhook in ms',
  },
  {
    name: 'SNACKBASE_TRUST_PROXY',
    option: 'trustProxy',
    type: 'hops',
    fallback: '0',
    meaning: 'number of proxies in front whose X-Forwarded-For and -Proto are believed',
  },
  {
    name: 'SNACKBASE_WORKER',
    option: 'worker',
    type: ['on', 'off'],
    fallback: 'on',
    meaning: 'on | off: whether `serve` does the background work too; `snackbase worker` does nothing else',
  },
  {
    name: 'SNACKBASE_WORKER_CONCURRENCY',
    option: 'workerConcurrency',
    type: 'positive',
    fallback: '20',
    meaning: 'background jobs side by side in a process; one account takes half of them at most',
  },
  {
    name: 'SNACKBASE_EXTENSIONS',
    option: 'extensions',
    type: 'list',
    fallback: '',
    meaning: 'comma list of modules (.mjs, .js) that extend the server, from the working directory',
  },
  {
    name: 'SNACKBASE_LOG',
    option: 'log',
    type: ['silent', 'error', 'warn', 'info', 'debug'],
    fallback: 'info',
    meaning: 'silent | error | warn | info | debug',
  },
];

export class ConfigError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration; `overrides` (command-line flags) win over the environment. Makes the data directory and its keys when they are needed.
 * Throws ConfigError naming the variable and what it takes.
 */
export function loadConfig(env: Environment = process.env, overrides: Partial<Config> = {}): Config {
  const read = Object.fromEntries(VARIABLES.map((v) => [v.option, parse(v, env[v.name])]));
  const production = env.NODE_ENV === 'production';
  const config = { ...read, production, ...overrides } as Config;
  const dataDir = resolve(config.dataDir);
  const needsOwnKeys = production && config.databaseUrl !== null;
  return {
    ...config,
    dataDir,
    publicUrl: (config.publicUrl || `http://localhost:${config.port}`).replace(/\/+$/, ''),
    secretKey: config.secretKey || storedKey('SNACKBASE_SECRET_KEY', dataDir, 'secret.key', needsOwnKeys),
    encryptionKey:
      config.encryptionKey || storedKey('SNACKBASE_ENCRYPTION_KEY', dataDir, 'encryption.key', needsOwnKeys),
  };
}

/** Variables that look like ours and are not: a typing mistake that would otherwise stay silent. */
export const unknownVariables = (env: Environment): string[] =>
  Object.keys(env).filter((name) => name.startsWith('SNACKBASE_') && !KNOWN.has(name));

/** Read by other parts of the product (build, tests, extensions), so they are known but not part of Config. */
const KNOWN = new Set([...VARIABLES.map((v) => v.name), 'SNACKBASE_SINGLE_TENANT_ACCOUNT']);

function parse(variable: Variable, raw: string | undefined): unknown {
  const value = (raw ?? '').trim() || variable.fallback;
  const { type, name } = variable;
  if (type === 'number' || type === 'positive') {
    if (!/^\d{1,12}$/.test(value)) throw new ConfigError(`${name} must be a whole number, not "${value}".`);
    if (type === 'positive' && Number(value) === 0) throw new ConfigError(`${name} must be 1 or more.`);
    return Number(value);
  }
  if (type === 'hops') {
    if (!/^(true|false|\d)$/.test(value))
      throw new ConfigError(`${name} must be the number of proxies, 0 to 9, not "${value}".`);
    return value === 'true' ? 1 : value === 'false' ? 0 : Number(value);
  }
  if (type === 'switch') {
    if (!/^(0|1|true|false)$/.test(value)) throw new ConfigError(`${name} must be 1 or 0, not "${value}".`);
    return value === '1' || value === 'true';
  }
  if (type === 'seconds') {
    if (!/^\d{1,7}(\s*,\s*\d{1,7}){0,29}$/.test(value))
      throw new ConfigError(`${name} must be whole seconds, comma separated and at most 30, not "${value}".`);
    return value.split(',').map(Number);
  }
  if (type === 'list')
    return value
      .split(',')
      .map((s) => s.trim())
      .filter(Boolean);
  if (typeof type === 'object' && !type.includes(value))
    throw new ConfigError(`${name} must be one of ${type.join(', ')}, not "${value}".`);
  if (name === 'SNACKBASE_SECRET_KEY' && value !== '' && value.length < 32)
    throw new ConfigError(`${name} must have at least 32 characters.`);
  return value === '' && NULLABLE.has(variable.option) ? null : value;
}
const NULLABLE = new Set<keyof Config>(['databaseUrl', 'superadminEmail', 'superadminPassword']);

/** A key that lives in the data directory, made on first use and readable by its owner only. */
function storedKey(variable: string, dataDir: string, file: string, required: boolean): string {
  if (required)
    throw new ConfigError(
      `${variable} is required with NODE_ENV=production and DATABASE_URL, so that every process has the same key.`,
    );
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, file);
  if (!existsSync(path)) {
    try {
      writeFileSync(path, `${randomBytes(48).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return readFileSync(path, 'utf8').trim();
}

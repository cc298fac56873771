// A running server as commands reach it: its address, a credential, and its errors in words.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

const OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  account: { type: 'string' },
  email: { type: 'string' },
  password: { type: 'string' },
  'act-in': { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

export const REMOTE_USAGE = `  --url URL            the server (default SNACKBASE_URL or http://localhost:8000)
  --token TOKEN        access token or API key (default SNACKBASE_TOKEN)
  --account A --email E --password P   log in instead (SNACKBASE_ACCOUNT, SNACKBASE_EMAIL, SNACKBASE_PASSWORD)
  --act-in ACCOUNT     the account to work in, for superadmins`;

/** What a command asks of a server. */
export interface Remote {
  readonly url: string;
  /** Headers of every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The server refused, or could not be reached; the message is for people. */
export class RemoteError extends Error {
  readonly expected = true;
}

/** Parses `args` strictly: the shared options, those of the command, and so many words without a dash. Throws UsageError. */
export function readRemoteOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  words: { readonly least: number; readonly most: number },
) {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...OPTIONS, ...options },
    strict: true,
    allowPositionals: true,
  });
  if (positionals.length < words.least) throw new UsageError('Something is missing.');
  if (positionals.length > words.most) throw new UsageError(`"${positionals[words.most]}" is not understood.`);
  const flags = values as Readonly<Record<string, string | boolean | undefined>>;
  return { values, words: positionals, connect: () => connect(flags) };
}

async function connect(flags: Readonly<Record<string, string | boolean | undefined>>): Promise<Remote> {
  const of = (flag: string, variable: string) =>
    (flags[flag] as string | undefined) ?? (process.env[variable] || undefined);
  const url = (of('url', 'SNACKBASE_URL') ?? 'http://localhost:8000').replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new UsageError(`--url must be an address as http://localhost:8000, not "${url}".`);
  const email = of('email', 'SNACKBASE_EMAIL');
  const password = of('password', 'SNACKBASE_PASSWORD');
  const account = of('account', 'SNACKBASE_ACCOUNT');
  const actIn = flags['act-in'] as string | undefined;
  const scope = actIn === undefined ? {} : { 'X-Account-ID': actIn };
  const given = of('token', 'SNACKBASE_TOKEN');
  if (given !== undefined) return { url, headers: { Authorization: `Bearer ${given}`, ...scope } };
  if (email === undefined || password === undefined) return { url, headers: scope };
  const body = JSON.stringify({ email, password, ...(account !== undefined && { account }) });
  const reply = await send({ url, headers: {} }, '/api/v1/auth/login', {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json' },
  });
  const { token } = (await reply.json()) as { token: string };
  return { url, headers: { Authorization: `Bearer ${token}`, ...scope } };
}

/** The parameters that are given, as a query string. */
export const queryOf = (parameters: Readonly<Record<string, string | undefined>>): URLSearchParams =>
  new URLSearchParams(Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined));

/** A reply of the server. Throws RemoteError with what it said when it refuses. */
export async function send({ url, headers }: Remote, path: string, init: RequestInit = {}): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(url + path, { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    throw new RemoteError(`${url} does not answer (${cause}). Is the server running?`);
  }
  if (reply.ok || reply.status === 304) return reply;
  throw new RemoteError(told(reply.status, await reply.text()));
}

/** A refusal in words: message, then each finding. */
export function told(status: number, text: string): string {
  try {
    const {
      message,
      code,
      errors = [],
    } = JSON.parse(text) as {
      message: string;
      code: string;
      errors?: { field: string; message: string }[];
    };
    const findings = errors.map((one) => `\n  ${one.field === '' ? '' : `${one.field}: `}${one.message}`);
    const hint = status === 401 ? '\n  Use --token or SNACKBASE_TOKEN, or --account, --email and --password.' : '';
    return `${message} (${status} ${code})${findings.join('')}${hint}`;
  } catch {
    return `The server answered ${status}: ${text.slice(0, 200)}`;
  }
}

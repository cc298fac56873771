// Two server processes on one database that are killed and started again on their ports, and the accounts and people that use them.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLLECTION, RULES } from './stream-chaos-truth.ts';

export const PASSWORD = 'Chaos-Test-2026!';

export interface Server {
  readonly port: number;
  readonly child: ChildProcess;
  readonly up: boolean;
  /** Resolves once it takes requests again. */
  readonly ready: Promise<void>;
  /** kill -9, and started again on the same port at once. */
  kill(): void;
}

export interface Person {
  readonly id: string;
  readonly token: string;
  /** Null: a superadmin. */
  readonly account: string | null;
}

const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('SNACKBASE_') && name !== 'DATABASE_URL'),
);

/** Starts two servers; `stop` ends them. What they print to their error output goes to `complaints`. */
export async function startServers(root: string, databaseUrl: string, complaints: string[], settings = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-chaos-'));
  const env = {
    ...clean,
    DATABASE_URL: databaseUrl,
    SNACKBASE_DATA_DIR: dataDir,
    SNACKBASE_RATE_LIMIT: 'off',
    SNACKBASE_LOG: 'warn',
    SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
    SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD,
    ...settings,
  };
  const bin = join(root, 'server/cli/bin.mjs');
  let stopped = false;

  function serve(port: number): Server {
    let child: ChildProcess;
    let up = false;
    let ready: Promise<void>;
    let resolve = () => {};
    let reject = (_: Error) => {};
    const renew = () => {
      up = false;
      ready = new Promise((done, failed) => {
        resolve = done;
        reject = failed;
      });
      ready.catch(() => {});
    };
    const begin = () => {
      child = spawn(process.execPath, [bin, 'serve', '--port', String(port)], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stderr?.on('data', (chunk) => complaints.push(`${port}: ${String(chunk).slice(0, 500)}`));
      child.stdout?.on('data', (chunk) => {
        const text = String(chunk);
        if (up) complaints.push(`${port}: ${text.slice(0, 500)}`);
        if (!text.includes('/health')) return;
        up = true;
        resolve();
      });
      child.once('exit', (code) => {
        if (up) renew();
        if (stopped) resolve();
        else if (code === null) begin();
        else reject(new Error(`a server ended with ${code}: ${complaints.at(-1)}`));
      });
    };
    renew();
    begin();
    return {
      port,
      get child() {
        return child;
      },
      get up() {
        return up;
      },
      get ready() {
        return ready;
      },
      kill() {
        renew();
        child.kill('SIGKILL');
      },
    };
  }

  const servers: Server[] = [];
  const stop = () => {
    stopped = true;
    for (const { child } of servers) child.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    // One after the other: the first migrates and makes the superadmin.
    for (let i = 0; i < 2; i++) {
      const server = serve(await freePort());
      servers.push(server);
      await server.ready;
    }
    return { servers: servers as [Server, Server], stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The collection, two accounts with people (an account's first is its admin) and the superadmin. */
export async function populate(port: number, people: number) {
  const call = async (method: string, path: string, body: object, token?: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { id: string; token: string; user: { id: string } };
  };
  const login = (account: string, email: string) => call('POST', '/auth/login', { account, email, password: PASSWORD });
  const session = await login('system', 'root@example.com');
  const root: Person = { id: session.user.id, token: session.token, account: null };
  const schema = [
    { name: 'key', type: 'text', required: true },
    { name: 'version', type: 'number' },
    { name: 'lane', type: 'text' },
    { name: 'note', type: 'text' },
  ];
  await call('POST', '/collections', { name: COLLECTION, schema, ...RULES }, root.token);
  const accounts: { readonly id: string; readonly people: Person[] }[] = [];
  for (let a = 0; a < 2; a++) {
    const { id: account } = await call('POST', '/accounts', { name: `Chaos ${a}` }, root.token);
    const members: Person[] = [];
    for (let i = 0; i < people; i++) {
      const email = `person${a}x${i}@example.com`;
      const role_id = i === 0 ? 1 : 2;
      const { id } = await call(
        'POST',
        '/users',
        { email, password: PASSWORD, account_id: account, role_id },
        root.token,
      );
      members.push({ id, token: (await login(account, email)).token, account });
    }
    accounts.push({ id: account, people: members });
  }
  return { root, accounts };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

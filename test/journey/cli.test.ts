// The command line as it is typed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'server/cli/bin.mjs');
const folders: string[] = [];
const children: ChildProcess[] = [];
const freshDir = () => {
  const folder = mkdtempSync(join(tmpdir(), 'snackbase-cli-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  // A supervisor's server is in its group; what ended already is not there to be killed.
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {}
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('SNACKBASE_') && name !== 'DATABASE_URL'),
);
const snackbase = (args: string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [bin, ...args],
      { cwd: root, env: { ...clean, SNACKBASE_LOG: 'silent', ...env } },
      (error, out, err) => {
        resolve({ code: (error as { code?: number } | null)?.code ?? 0, out, err });
      },
    );
  });
const serve = async (args: string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [bin, 'serve', ...args], {
    cwd: root,
    env: { ...clean, SNACKBASE_LOG: 'silent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  children.push(child);
  const seen = { out: '', err: '' };
  child.stdout.on('data', (c) => {
    seen.out += c;
  });
  child.stderr.on('data', (c) => {
    seen.err += c;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, seen, exit, ready: () => expect.poll(() => seen.out, { timeout: 60_000 }).toContain('/health') };
};
const urlOf = (out: string) => /Health {3}(\S+)\/health/.exec(out)?.[1] as string;

describe('snackbase', () => {
  it('rules explain tells which rule hides a record from whom', async () => {
    const dataDir = freshDir();
    const login = { SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com', SNACKBASE_SUPERADMIN_PASSWORD: 'SecurePass123!' };
    const server = await serve(['--port', '0', '--data-dir', dataDir], { ...login, SNACKBASE_RATE_LIMIT: 'off' });
    await server.ready();
    const url = urlOf(server.seen.out);
    const call = async (path: string, body: object, token?: string) => {
      const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
      const response = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await response.json()) as { id: string; token: string };
    };
    const password = 'SecurePass123!';
    const { token } = await call('/auth/login', { account: 'system', email: 'root@example.com', password });
    const schema = [{ name: 'title', type: 'text' }];
    await call('/collections', { name: 'posts', schema, list_rule: '@owns_record()' }, token);
    const account = await call('/accounts', { name: 'Acme', slug: 'acme' }, token);
    await call('/users', { email: 'ada@acme.test', password, account_id: account.id }, token);
    const record = await call('/records/posts', { title: 'x', account_id: 'acme' }, token);
    server.child.kill('SIGTERM');
    await server.exit;
    const asked = ['rules', 'explain', '--collection', 'posts', '--user', 'ada@acme.test', '--data-dir', dataDir];
    const { code, out } = await snackbase([...asked, '--operation', 'list', '--record', record.id]);
    expect(code).toBe(0);
    for (const text of [
      'list: allowed',
      '@owns_record() means created_by = @request.auth.id',
      'does not pass',
      'false: @owns_record()',
    ])
      expect(out).toContain(text);
    expect((await snackbase(asked)).out).toContain('delete: REFUSED');
    expect(await snackbase([...asked, '--operation', 'fly'])).toMatchObject({ code: 2 });
    expect(
      await snackbase(['rules', 'explain', '--collection', 'no', '--user', 'ada@acme.test', '--data-dir', dataDir]),
    ).toMatchObject({ code: 1 });
  });

  it('help, --version, an unknown command and an unknown option', async () => {
    const help = await snackbase(['help']);
    for (const command of [
      'serve',
      'worker',
      'init-db',
      'create-superadmin',
      'migrate',
      'audit',
      'rules',
      'mail',
      'config',
      'info',
    ])
      expect(help.out).toContain(command);
    expect((await snackbase(['--version'])).out.trim()).toBe(
      JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    );
    expect(await snackbase(['nope'])).toMatchObject({ code: 2, err: expect.stringContaining('"nope"') });
    expect(await snackbase(['serve', '--prot', '1'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--prot'),
    });
    expect(await snackbase(['serve', '--port', 'x'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--port'),
    });
  });

  it('config prints every variable and hides secrets; a bad value is refused by name', async () => {
    const { out } = await snackbase(['config'], { SNACKBASE_SECRET_KEY: 'x'.repeat(40), SNACKBASE_PORT: '9000' });
    expect(out).toMatch(/SNACKBASE_PORT\s+9000/);
    expect(out).not.toContain('xxxx');
    expect(await snackbase(['migrate', '--data-dir', freshDir()], { SNACKBASE_PORT: 'eighty' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('SNACKBASE_PORT'),
    });
    const production = await snackbase(['info'], { NODE_ENV: 'production', DATABASE_URL: 'postgres://127.0.0.1:1/x' });
    expect([production.code, production.err]).toEqual([1, expect.stringContaining('SNACKBASE_SECRET_KEY')]);
  });

  it('S000-60 init-db prepares an empty database with a superadmin; a second run changes nothing', async () => {
    const dataDir = freshDir();
    const args = ['init-db', '--data-dir', dataDir, '--email', 'root@x.io', '--password', 'SecurePass123!'];
    expect(await snackbase(args)).toMatchObject({ code: 0, out: expect.stringContaining('root@x.io') });
    expect(await snackbase(args)).toMatchObject({ code: 0, out: expect.stringContaining('nothing was changed') });
    expect(await snackbase(['migrate', '--data-dir', dataDir])).toMatchObject({
      code: 0,
      out: expect.stringContaining('up to date'),
    });
    expect(
      await snackbase(['create-superadmin', '--data-dir', dataDir, '--email', 'two@x.io', '--password', 'weak']),
    ).toMatchObject({ code: 1, err: expect.stringContaining('password') });
    expect(
      (
        await snackbase([
          'create-superadmin',
          '--data-dir',
          dataDir,
          '--email',
          'two@x.io',
          '--password',
          'SecurePass123!',
        ])
      ).code,
    ).toBe(0);
    const info = await snackbase(['info', '--data-dir', dataDir]);
    expect(info.out).toMatch(/users\s+2/);
    expect(statSync(join(dataDir, 'secret.key')).mode & 0o077).toBe(0);
  });

  it('a second server on the same data directory is refused with what to do; an unreachable database too', async () => {
    const dataDir = freshDir();
    const first = await serve(['--port', '0', '--data-dir', dataDir]);
    await first.ready();
    const second = await snackbase(['serve', '--port', '0', '--data-dir', dataDir]);
    expect(second.code).toBe(1);
    expect(second.err).toContain(dataDir);
    expect(second.err).toContain(String(first.child.pid));
    expect((await fetch(`${urlOf(first.seen.out)}/ready`)).status).toBe(200);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    expect(existsSync(join(dataDir, 'snackbase.lock'))).toBe(false);
    expect(
      await snackbase(['serve', '--database-url', 'postgres://127.0.0.1:1/none', '--data-dir', freshDir()]),
    ).toMatchObject({ code: 1, err: expect.stringContaining('not available') });
  });

  it('S001-01 the default port is 8000; a port in use is refused by name', async () => {
    const { out } = await snackbase(['config']);
    expect(out).toMatch(/SNACKBASE_PORT\s+8000/);
    const first = await serve(['--port', '0', '--data-dir', freshDir()]);
    await first.ready();
    const port = new URL(urlOf(first.seen.out)).port;
    expect(await snackbase(['serve', '--port', port, '--data-dir', freshDir()])).toMatchObject({
      code: 1,
      err: expect.stringContaining(`Port ${port}`),
    });
    first.child.kill('SIGTERM');
    await first.exit;
  });

  it('SIGTERM drains: a request that runs is answered, then the process ends', async () => {
    const dataDir = freshDir();
    const server = await serve(['--port', '0', '--data-dir', dataDir], {
      SNACKBASE_SUPERADMIN_EMAIL: 'root@x.io',
      SNACKBASE_SUPERADMIN_PASSWORD: 'SecurePass123!',
    });
    await server.ready();
    const url = urlOf(server.seen.out);
    const replies = Array.from({ length: 8 }, () =>
      fetch(`${url}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ account: 'system', email: 'root@x.io', password: 'SecurePass123!' }),
      }).then((r) => r.status),
    );
    await new Promise((resolve) => setTimeout(resolve, 60));
    server.child.kill('SIGTERM');
    expect(await Promise.all(replies)).toEqual(Array(8).fill(200));
    expect(await server.exit).toBe(0);
  });

  it('S000-61 serve --reload answers, and starts anew when a source file is touched', async () => {
    const server = await serve(['--reload', '--port', '0', '--data-dir', freshDir()]);
    await server.ready();
    expect((await fetch(`${urlOf(server.seen.out)}/health`)).status).toBe(200);
    const file = join(root, 'server/version.ts');
    const before = statSync(file);
    utimesSync(file, before.atime, new Date());
    await expect.poll(() => server.seen.out.split('/health').length, { timeout: 60_000 }).toBe(3);
    expect(server.seen.err).toContain('version.ts changed');
    const last = urlOf(server.seen.out.slice(server.seen.out.lastIndexOf('SnackBase is ready')));
    expect((await fetch(`${last}/health`)).status).toBe(200);
    server.child.kill('SIGTERM');
    expect(await server.exit).toBe(0);
  });
});

// A server that is killed in the middle of writing: what was answered is in the trail, and the trail is whole.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../server/db/open.ts';
import { createDatabase, dropDatabase, hasPostgres, startPostgres } from '../helpers/postgres.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'server/cli/bin.mjs');
const PASSWORD = 'Crash-Test-2026!';
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('SNACKBASE_') && name !== 'DATABASE_URL'),
);

async function serve(env: Record<string, string>): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0'], {
    env: { ...clean, ...env, SNACKBASE_LOG: 'silent', SNACKBASE_RATE_LIMIT: 'off' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let out = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  await expect.poll(() => out, { timeout: 60_000 }).toContain('/health');
  return { child, url: /Health {3}(\S+)\/health/.exec(out)?.[1] as string };
}

const verify = (env: Record<string, string>) =>
  new Promise<{ code: number; out: string }>((resolve) => {
    execFile(process.execPath, [bin, 'audit', 'verify'], { env: { ...clean, ...env } }, (error, out, err) =>
      resolve({ code: (error as { code?: number } | null)?.code ?? 0, out: out + err }),
    );
  });

// biome-ignore lint/suspicious/noExplicitAny: a test reads the keys it expects
type Json = any;
const call = async (
  url: string,
  method: string,
  path: string,
  body: object | undefined,
  token?: string,
): Promise<Json> => {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
};

async function killAndVerify(env: Record<string, string>, databaseUrl: string | undefined, dataDir: string) {
  const login = { account: 'system', email: 'root@example.com', password: PASSWORD };
  const answered: string[] = [];
  let account = '';
  for (let round = 0; round < 3; round++) {
    const { child, url } = await serve(env);
    const { token } = await call(url, 'POST', '/api/v1/auth/login', login);
    if (round === 0) {
      await call(url, 'POST', '/api/v1/collections', { name: 'crash', schema: [{ name: 'n', type: 'number' }] }, token);
      account = (await call(url, 'POST', '/api/v1/accounts', { name: 'Crash' }, token)).id;
    }
    const dead = new Promise((resolve) => child.once('exit', resolve));
    const enough = answered.length + 150 + round * 137;
    const writers = Array.from({ length: 12 }, async (_, w) => {
      for (let i = 0; ; i++) {
        const made = await call(url, 'POST', '/api/v1/records/crash', { n: w * 1000 + i, account_id: account }, token);
        answered.push(made.id);
        // In the midst of the work of the others, however fast the machine is.
        if (answered.length >= enough) child.kill('SIGKILL');
      }
    });
    await Promise.allSettled(writers);
    await dead;
  }
  const { code, out } = await verify(env);
  expect(out).toContain('is whole');
  expect(code).toBe(0);
  const db = await openDatabase({ url: databaseUrl, dataDir });
  try {
    const rows = await db.query<{ record_id: string }>(
      `select record_id from snackbase.audit_seals where table_name = 'main.crash'`,
    );
    const told = new Set(rows.map((row) => row.record_id));
    expect(answered.length).toBeGreaterThanOrEqual(3 * 150);
    expect(answered.filter((id) => !told.has(id))).toEqual([]);
    const [count] = await db.query<{ n: number }>('select count(*)::int as n from app_main.crash');
    expect(told.size).toBe(count?.n);
    await db.query('alter table snackbase.audit_changes disable trigger all');
    await db.query(
      `update snackbase.audit_changes set record_id = 'forged' where position = (select max(position) from snackbase.audit_changes)`,
    );
  } finally {
    await db.close();
  }
  expect(await verify(env)).toMatchObject({ code: 1, out: expect.stringContaining('BROKEN') });
}

describe('kill -9 under load', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'snackbase-crash-'));
  const base = { SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com', SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD };

  it('embedded', { timeout: 180_000 }, async () => {
    const dataDir = folder();
    await killAndVerify({ ...base, SNACKBASE_DATA_DIR: dataDir }, undefined, dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.runIf(hasPostgres())('postgres', { timeout: 180_000 }, async () => {
    const server = await startPostgres();
    const name = `crash_${process.pid}`;
    const url = await createDatabase(server?.url as string, name);
    const dataDir = folder();
    await killAndVerify({ ...base, SNACKBASE_DATA_DIR: dataDir, DATABASE_URL: url }, url, dataDir);
    await dropDatabase(server?.url as string, name);
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
});

// `snackbase worker`: a process of its own that does what another has enqueued, and says what it needs.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { createDatabase, dropDatabase, hasPostgres, startPostgres } from '../helpers/postgres.ts';

const bin = fileURLToPath(new URL('../../server/cli/bin.mjs', import.meta.url));
const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('SNACKBASE_') && name !== 'DATABASE_URL'),
);
const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-worker-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

function worker(args: string[], more: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [bin, 'worker', '--data-dir', dataDir, ...args], {
    env: { ...clean, SNACKBASE_LOG: 'warn', ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    told.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    told.err += chunk;
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, told, ended };
}

it('says that the embedded database has no room for it, and what it does not understand', async () => {
  const embedded = worker([]);
  expect(await embedded.ended).toBe(1);
  expect(embedded.told.err).toContain('DATABASE_URL');
  const none = worker(['--concurrency', '0']);
  expect(await none.ended).toBe(2);
  expect(none.told.err).toContain('--concurrency must be 1 or more');
  const wrong = worker([], { SNACKBASE_WORKER_CONCURRENCY: '0' });
  expect(await wrong.ended).toBe(1);
  expect(wrong.told.err).toContain('SNACKBASE_WORKER_CONCURRENCY must be 1 or more');
});

it.runIf(hasPostgres())('works until it is told to stop, and listens nowhere', async () => {
  const server = await startPostgres();
  if (server === null) throw new Error('no server');
  const name = `w_${randomBytes(6).toString('hex')}`;
  try {
    const { child, told, ended } = worker(['--concurrency', '3'], {
      DATABASE_URL: await createDatabase(server.url, name),
    });
    while (!told.out.includes('3 jobs side by side')) {
      if (child.exitCode !== null) throw new Error(told.err);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(child.exitCode).toBeNull();
    expect(told.err).toBe('');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    await dropDatabase(server.url, name);
    await server.stop();
  }
});

// Before the suite: builds what the tests run from outside, and starts one PostgreSQL for all of them.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startPostgres } from './helpers/postgres.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['server/cli/build.mjs'], { cwd: root, stdio: 'inherit' });
  execFileSync('npm', ['run', 'build', '--silent', '-w', 'sdk'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const server = await startPostgres();
  if (server === null) {
    if (process.env.CI) throw new Error('CI needs PostgreSQL: install it, or set TEST_DATABASE_URL.');
    console.warn(
      '\n  PostgreSQL was not found on this machine: its half of the suite is SKIPPED. Install it, or set TEST_DATABASE_URL.\n',
    );
    return async () => {};
  }
  // Workers inherit the environment, so every file uses this one server.
  process.env.TEST_DATABASE_URL = server.url;
  return async () => {
    delete process.env.TEST_DATABASE_URL;
    await server.stop();
  };
}

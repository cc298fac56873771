// The README as a newcomer follows it: the server by its own command, then every command of the walk-through.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

describe('README', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-readme-'));
  const port = 20_000 + (process.pid % 10_000);
  const base = `http://localhost:${port}`;
  const env = {
    ...process.env,
    SNACKBASE_DATA_DIR: dataDir,
    SNACKBASE_PORT: String(port),
    SNACKBASE_LOG: 'warn',
    DATABASE_URL: '',
  };
  let output = '';
  const server = spawn('npm', ['start', '--silent'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  server.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));

  beforeAll(async () => {
    for (let i = 0; i < 600 && !/password.*\n/.test(output); i++)
      await new Promise((resolve) => setTimeout(resolve, 100));
  });
  afterAll(async () => {
    if (server.exitCode === null && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('S000-59 npm start prints its addresses and the first superadmin, and answers', async () => {
    for (const path of ['/api/v1', '/docs', '/openapi.json', '/health']) {
      expect(output).toContain(base + path);
      expect((await fetch(base + path)).status).toBe(200);
    }
    expect(output).toMatch(/e-mail {4}superadmin@snackbase\.local/);
  });

  it('S000-62 the walk-through ends with the first record, in fewer than ten commands', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const part = /<!-- walk-through[^>]*-->([\s\S]*?)<!-- end of the walk-through -->/.exec(readme)?.[1] as string;
    const blocks = [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map((m) => m[1] as string);
    const password = /password {2}(\S+)/.exec(output)?.[1] as string;
    const script = blocks
      .join('\n')
      .replaceAll('http://localhost:8000', base)
      .replace('the password that npm start printed', password);
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, env, timeout: 60_000 });
    expect(stdout).toContain('Registration successful');
    const replies = stdout.trim().split(/(?<=\})(?=\{)/);
    const list = JSON.parse(replies.at(-1) as string);
    expect(list).toMatchObject({ total: 1, items: [{ title: 'Getting started', published: true }] });
    const commands = blocks
      .join('\n')
      .replaceAll(/\\\n/g, ' ')
      .split('\n')
      .filter((line) => /^(curl|[A-Z]+=\$\(curl)/.test(line));
    expect(commands.length + 2).toBeLessThan(10);
  });

  it('SIGTERM lets the server end by itself', async () => {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
    await ended;
    // npm may end before the server that it started has drained.
    await expect
      .poll(
        () =>
          fetch(`${base}/health`).then(
            () => 'answers',
            () => 'gone',
          ),
        { timeout: 20_000 },
      )
      .toBe('gone');
  });
});

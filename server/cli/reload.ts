// `serve --reload`: a small parent that starts the server as a child and starts it anew when a source changes.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, realpathSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

const WATCHED = ['contract', 'server', 'openapi'];
/** Editors write a file in several steps; one restart is enough for them. */
const SETTLE_MS = 150;

/** Runs `serve` with `args` under supervision until a signal ends it. */
export function superviseReload(args: readonly string[]): Promise<number> {
  // A link in node_modules/.bin leads to the command itself.
  const bin = realpathSync(process.argv[1] as string);
  const root = join(dirname(bin), '../..');
  let child: ChildProcess | null = null;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;

  const start = () => {
    child = spawn(process.execPath, [bin, 'serve', ...args], { stdio: 'inherit' });
    child.on('exit', (code) => {
      // A child that failed by itself waits for the next change instead of spinning.
      if (!stopping && code !== 0 && code !== null)
        console.error(`[reload] the server ended with ${code}; waiting for a change`);
    });
  };
  const restart = (file: string) => {
    console.error(`[reload] ${file} changed, restarting`);
    const old = child;
    if (old === null || old.exitCode !== null) return start();
    old.once('exit', () => !stopping && start());
    old.kill('SIGTERM');
  };

  const onChange = (_event: string, file: string | null) => {
    if (file === null || !/\.(ts|mjs)$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => restart(file), SETTLE_MS);
  };
  const folders = WATCHED.map((name) => join(root, name)).filter(existsSync);
  const watchers = folders.map((folder) => watch(folder, { recursive: true }, onChange));
  start();
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      stopping = true;
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      if (child === null || child.exitCode !== null) return resolve(0);
      child.once('exit', () => resolve(0));
      child.kill(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

// One server a data directory: a lock file that a crash cannot leave behind for ever and that two starters cannot both take.
import { randomBytes } from 'node:crypto';
import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

/** Another server uses the directory. */
export class DataDirectoryLocked extends Error {
  override readonly name = 'DataDirectoryLocked';

  constructor(
    readonly directory: string,
    readonly pid: number,
    host: string,
  ) {
    const where = host === hostname() ? '' : ` on host ${host}`;
    super(
      `The data directory ${directory} is in use by process ${pid}${where}. Stop that process, choose another directory with --data-dir, ` +
        'or let both use one PostgreSQL server with DATABASE_URL.',
    );
  }
}

interface Holder {
  readonly pid: number;
  /** When the process began; tells it from a later one with the same pid. */
  readonly started: string;
  readonly host: string;
}

const beatEveryMs = 5000;
// A holder on another host (a container that shares the volume) cannot be asked; it counts as alive while it keeps touching the file.
const silentAfterMs = 20_000;

/**
 * Takes `snackbase.lock` in the directory, creating the directory if need be; answers the function that frees it.
 * Throws DataDirectoryLocked when a live process holds it. The lock is freed at process exit too.
 */
export function lockDirectory(dataDir: string): () => void {
  const directory = resolve(dataDir);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'snackbase.lock');
  const me: Holder = { pid: process.pid, started: startOf(process.pid) ?? '', host: hostname() };
  const claim = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(claim, JSON.stringify(me));
  try {
    take(path, claim, directory);
  } finally {
    unlinkSync(claim);
  }
  const own = statSync(path).ino;
  const beat = setInterval(() => touch(path), beatEveryMs);
  beat.unref();
  const release = () => {
    clearInterval(beat);
    process.off('exit', release);
    try {
      if (statSync(path).ino === own) unlinkSync(path);
    } catch {
      // Removed by hand: nothing to free.
    }
  };
  process.once('exit', release);
  return release;
}

// `link` creates the file with its content or fails, in one step. A stale file is removed under a second lock, taken in the
// same way: otherwise a slow starter could remove the fresh lock of a fast one that found the same stale file.
function take(path: string, claim: string, directory: string): void {
  const guard = `${path}.takeover`;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (link(claim, path)) return;
    refuseIfAlive(path, directory);
    if (link(claim, guard)) {
      try {
        refuseIfAlive(path, directory);
        rmSync(path, { force: true });
        if (link(claim, path)) return;
      } finally {
        rmSync(guard, { force: true });
      }
    } else {
      // One that is gone was given back, and the next one there is somebody's: only the very file that a dead process left may go.
      const left = inodeOf(guard);
      refuseIfAlive(guard, directory);
      if (left !== null && left === inodeOf(guard)) rmSync(guard, { force: true });
    }
  }
  throw new Error(`The lock file ${path} cannot be taken: others keep replacing it.`);
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** Answers whether `path` is ours now. */
function link(claim: string, path: string): boolean {
  try {
    linkSync(claim, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
  }
  return copy(claim, path);
}

// For file systems without hard links. Between creation and content the file reads as nobody's, for some microseconds.
function copy(claim: string, path: string): boolean {
  try {
    copyFileSync(claim, path, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function refuseIfAlive(path: string, directory: string): void {
  let holder: Partial<Holder>;
  let touched: number;
  try {
    touched = statSync(path).mtimeMs;
    holder = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // Gone meanwhile, or not ours to understand (a full disk left it empty): nobody alive wrote it.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const { pid = 0, started = '', host = '' } = holder;
  if (host === '') return;
  const alive = host === hostname() ? isAlive(pid, started) : Date.now() - touched < silentAfterMs;
  if (alive) throw new DataDirectoryLocked(directory, pid, host);
}

function isAlive(pid: number, started: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === undefined || started === '' || now === started;
}

/** Which boot and how many clock ticks after it a process began; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The file was removed by hand; the server goes on.
  }
}

// The data directory: one server at a time, whatever died before, and never half a database.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataDirectoryLocked, lockDirectory } from '../../server/db/directory-lock.ts';
import { openDatabase } from '../../server/db/open.ts';
import { packDirectory, unpackDirectory } from '../../server/db/tar.ts';
import { prepareCluster } from '../../server/db/template.ts';
import { ensureTemplate, eventually, failure, scratchDirectory } from './databases.ts';

const scratch = scratchDirectory();
let count = 0;
const fresh = () => join(scratch, `data${++count}`);
const lockOf = (directory: string) => join(directory, 'snackbase.lock');

describe('the lock', () => {
  const write = (directory: string, holder: object) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(lockOf(directory), JSON.stringify(holder));
  };
  const mine = (directory: string) => JSON.parse(readFileSync(lockOf(directory), 'utf8'));

  it('refuses a second holder, naming the directory, the process and the ways out, until it is freed', () => {
    const directory = fresh();
    const release = lockDirectory(directory);
    expect(mine(directory)).toMatchObject({ pid: process.pid, host: hostname() });
    expect(() => lockDirectory(directory)).toThrow(DataDirectoryLocked);
    for (const part of [directory, String(process.pid), '--data-dir', 'DATABASE_URL']) {
      expect(() => lockDirectory(directory)).toThrow(part);
    }
    release();
    expect(readdirSync(directory)).toEqual([]);
    lockDirectory(directory)();
  });

  it('is taken over from a process that is gone, or whose number another program has now', () => {
    const gone = { pid: 2 ** 22 - 3, started: '', host: hostname() };
    for (const stale of [gone, { pid: process.pid, started: 'another boot:1', host: hostname() }, { pid: 0 }, {}]) {
      const directory = fresh();
      write(directory, stale);
      const release = lockDirectory(directory);
      expect(mine(directory).pid).toBe(process.pid);
      expect(mine(directory).started).not.toBe('another boot:1');
      release();
    }
  });

  it('is taken over when it is empty or its taker died on the way', () => {
    const directory = fresh();
    write(directory, {});
    writeFileSync(lockOf(directory), '');
    writeFileSync(`${lockOf(directory)}.takeover`, JSON.stringify({ pid: 2 ** 22 - 3, started: '', host: hostname() }));
    const release = lockDirectory(directory);
    release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('believes another host for as long as it keeps touching the file', () => {
    const directory = fresh();
    write(directory, { pid: 1, started: 'x', host: 'another-container' });
    expect(() => lockDirectory(directory)).toThrow('another-container');
    const old = new Date(Date.now() - 60_000);
    utimesSync(lockOf(directory), old, old);
    lockDirectory(directory)();
  });

  it('does not remove a lock that is not its own any more', () => {
    const directory = fresh();
    const release = lockDirectory(directory);
    writeFileSync(`${lockOf(directory)}.new`, '{}');
    renameSync(`${lockOf(directory)}.new`, lockOf(directory));
    release();
    expect(existsSync(lockOf(directory))).toBe(true);
  });
});

const source = `
  import { openDatabase } from '../../../server/db/open.ts';
  const database = await openDatabase({ dataDir: process.argv[2] }).catch((error) => {
    console.log(error.name);
    process.exit(3);
  });
  await database.query('create table if not exists entry (id int primary key)');
  const [{ top }] = await database.query('select coalesce(max(id), 0) as top from entry');
  console.log('open');
  process.on('SIGTERM', () => database.close().then(() => process.exit(0)));
  for (let id = top + 1; ; id += 1) {
    await database.query('insert into entry values ($1)', [id]).catch(() => new Promise(() => {}));
    console.log(id);
  }`;

describe('processes', () => {
  const built = join(process.cwd(), 'node_modules/.cache', `snackbase-${process.pid}`);
  afterAll(() => rmSync(built, { recursive: true, force: true }));
  beforeAll(async () => {
    await ensureTemplate();
    // Bundled as the product is, so that the worker and the template are found as they are in `dist`.
    mkdirSync(built, { recursive: true });
    const entry = join(built, 'program.ts');
    writeFileSync(entry, source);
    await build({
      entry: [entry],
      outDir: built,
      format: 'esm',
      silent: true,
      config: false,
      outExtension: () => ({ js: '.mjs' }),
    });
    copyFileSync('server/db/embedded-worker.mjs', join(built, 'embedded-worker.mjs'));
    copyFileSync('dist/pglite-template.tar.gz', join(built, 'pglite-template.tar.gz'));
  }, 60_000);

  const start = (directory: string) => {
    const child = spawn(process.execPath, [join(built, 'program.mjs'), directory]);
    const lines: string[] = [];
    child.stdout.on('data', (data) => lines.push(...String(data).split('\n').filter(Boolean)));
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    return { child, lines, ended };
  };

  it('started at the same instant: exactly one gets the directory', async () => {
    const directory = fresh();
    mkdirSync(directory);
    writeFileSync(lockOf(directory), JSON.stringify({ pid: 2 ** 22 - 3, started: '', host: hostname() }));
    const all = Array.from({ length: 4 }, () => start(directory));
    await eventually(() => all.every(({ lines }) => lines.length > 0), 'a first word of each');
    expect(all.map(({ lines }) => lines[0]).sort()).toEqual([
      'DataDirectoryLocked',
      'DataDirectoryLocked',
      'DataDirectoryLocked',
      'open',
    ]);
    for (const { child } of all) child.kill('SIGTERM');
    expect((await Promise.all(all.map(({ ended }) => ended))).sort()).toEqual([0, 3, 3, 3]);
    expect(existsSync(lockOf(directory))).toBe(false);
  }, 60_000);

  it('killed without warning lose nothing that was answered', async () => {
    const directory = fresh();
    let answered = 0;
    for (let round = 0; round < 3; round += 1) {
      const { child, lines, ended } = start(directory);
      await eventually(() => lines.length > 50, 'some rows');
      child.kill('SIGKILL');
      await ended;
      answered = Math.max(answered, ...lines.slice(1).map(Number));
    }
    const database = await openDatabase({ dataDir: directory });
    const [row] = await database.query<{ n: number; top: number }>('select count(*) as n, max(id) as top from entry');
    await database.close();
    expect(row?.top).toBeGreaterThanOrEqual(answered);
    expect(row?.n).toBe(row?.top);
  }, 60_000);
});

describe('the first start', () => {
  it('unpacks the template, and later ones find the cluster', async () => {
    await ensureTemplate();
    const cluster = join(fresh(), 'db');
    expect(await prepareCluster(cluster)).toBe('template');
    expect(await prepareCluster(cluster)).toBe('existing');
  });

  it('is not fooled by what a crash left half unpacked', async () => {
    const directory = fresh();
    mkdirSync(join(directory, 'db.partial', 'base'), { recursive: true });
    writeFileSync(join(directory, 'db.partial', 'PG_VERSION'), '18\n');
    const database = await openDatabase({ dataDir: directory, durable: false });
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    await database.close();
    expect(readdirSync(directory)).toEqual(['db']);
  });

  it('frees the directory when the database cannot start', async () => {
    const directory = fresh();
    mkdirSync(join(directory, 'db'), { recursive: true });
    writeFileSync(join(directory, 'db', 'PG_VERSION'), '9.6\n');
    expect(await failure(openDatabase({ dataDir: directory }))).toMatchObject({
      name: 'DatabaseUnavailable',
      message: expect.stringContaining('postgresql.conf'),
    });
    expect(existsSync(lockOf(directory))).toBe(false);
  });
});

describe('archives', () => {
  it('carry files and folders, empty ones too', () => {
    const from = fresh();
    mkdirSync(join(from, 'a', 'empty'), { recursive: true });
    writeFileSync(join(from, 'a', 'none'), '');
    writeFileSync(join(from, 'a', 'block'), 'x'.repeat(512));
    writeFileSync(join(from, 'more'), Buffer.from(Array.from({ length: 1000 }, (_, n) => n % 256)));
    const to = fresh();
    unpackDirectory(packDirectory(from), to);
    expect(packDirectory(to)).toEqual(packDirectory(from));
    expect(readdirSync(join(to, 'a')).sort()).toEqual(['block', 'empty', 'none']);
    expect(gzipSync(packDirectory(to)).length).toBeGreaterThan(0);
  });

  it('may not lead outside', () => {
    const from = fresh();
    mkdirSync(from);
    writeFileSync(join(from, 'aa_evil'), 'x');
    const archive = packDirectory(from);
    archive.write('../evil', 0, 'latin1');
    expect(() => unpackDirectory(archive, fresh())).toThrow('foreign path');
  });
});

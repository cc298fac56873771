// The first start: an initialised cluster packed at build time is unpacked in a fraction of the time that initdb takes.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { initializeCluster } from './embedded-stream.ts';
import { packDirectory, unpackDirectory } from './tar.ts';

// Beside the bundle in `dist`; a checkout that was built once starts from its own.
const places = ['./pglite-template.tar.gz', '../../dist/pglite-template.tar.gz'];

/** Initialises a fresh cluster and packs it into `file` (`.tar.gz`); takes some two seconds. */
export async function buildTemplate(file: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'snackbase-template-'));
  try {
    const cluster = join(scratch, 'db');
    await initializeCluster(cluster);
    const packed = gzipSync(packDirectory(cluster), { level: 9 });
    mkdirSync(dirname(file), { recursive: true });
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, packed);
    renameSync(partial, file);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The template's path, if there is one. */
export function findTemplate(): string | undefined {
  return places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
}

/**
 * Makes sure that `cluster` is a database directory: it is built under another name and appears complete or not at all.
 * Answers how it came to be.
 */
export async function prepareCluster(cluster: string): Promise<'existing' | 'template' | 'initdb'> {
  if (existsSync(join(cluster, 'PG_VERSION'))) return 'existing';
  const partial = `${cluster}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const template = findTemplate();
  if (template === undefined) await initializeCluster(partial);
  else unpackDirectory(gunzipSync(readFileSync(template)), partial);
  renameSync(partial, cluster);
  return template === undefined ? 'initdb' : 'template';
}

/**
 * Brings every file of a fresh cluster to the disk, one after the other beside the running server: a thousand at once would
 * make the first start seconds slower. What the engine writes meanwhile it syncs itself.
 */
export async function syncTree(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = await open(join(entry.parentPath, entry.name), 'r').catch(() => undefined);
    await file?.sync().catch(() => {});
    await file?.close();
  }
}

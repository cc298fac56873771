// The file outbox: messages as files, for as long as no mail server is configured.

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Message, StoredMessage } from './message.ts';

const FOLDER = 'mail';
const NAME = /^\d{8}T\d{9}Z-[0-9a-f]+\.json$/;

/** Writes a message and answers the file's path. Tokens are in it, so only the owner of the data directory may read it. */
export async function writeMessage(dataDir: string, message: Message): Promise<string> {
  const folder = join(dataDir, FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const createdAt = new Date().toISOString();
  const name = `${createdAt.replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}.json`;
  const path = join(folder, name);
  const unfinished = join(folder, `.${name}.tmp`);
  await writeFile(unfinished, `${JSON.stringify({ ...message, created_at: createdAt }, null, 2)}\n`, {
    mode: 0o600,
    flag: 'wx',
  });
  await rename(unfinished, path);
  return path;
}

/** All messages, newest first. */
export async function listMessages(dataDir: string): Promise<StoredMessage[]> {
  const folder = join(dataDir, FOLDER);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const newestFirst = names
    .filter((name) => NAME.test(name))
    .sort()
    .reverse();
  return Promise.all(
    newestFirst.map(async (name) => {
      const path = join(folder, name);
      return { path, ...(JSON.parse(await readFile(path, 'utf8')) as Omit<StoredMessage, 'path'>) };
    }),
  );
}

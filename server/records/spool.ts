// A body put aside in a file until it is whole, for what must not wait for its sender.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../contract/problems.ts';

/** Bytes that are put aside for one request. */
const MOST = 1_000_000_000;

/** The bytes again, once all of them are here; the file is gone when they were read. Throws PAYLOAD_TOO_LARGE. */
export async function spooled(bytes: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), 'snackbase-import-'));
  const file = join(folder, 'body');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(bounded(bytes), createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    await remove();
    throw error;
  }
  return (async function* () {
    try {
      yield* createReadStream(file) as AsyncIterable<Uint8Array>;
    } finally {
      await remove();
    }
  })();
}

async function* bounded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MOST) throw new Failure('PAYLOAD_TOO_LARGE', { limit: MOST });
    yield chunk;
  }
}

// What a connection receives and cannot read.
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { guardReading } from '../../server/db/session.ts';

it('ends the connection with what was thrown, and reads nothing after it', async () => {
  const read: string[] = [];
  const stream = new Duplex({ read() {}, write: (_, __, done) => done() });
  stream.on('data', (chunk: Buffer) => {
    if (chunk.toString() === 'bad') throw new Error('Cannot create a string that long');
    read.push(chunk.toString());
  });
  guardReading(stream);
  const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
  for (const chunk of ['good', 'bad', 'late']) stream.push(chunk);
  expect((await failed).message).toBe('Cannot create a string that long');
  await new Promise((resolve) => setImmediate(resolve));
  expect([read, stream.destroyed]).toEqual([['good'], true]);
});

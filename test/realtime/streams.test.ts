// Streams without a server: a reader who is gone before his stream begins.
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { Ctx, Live } from '../../server/context.ts';
import { MESSAGES } from '../../server/realtime/formats.ts';
import type { Hub } from '../../server/realtime/hub.ts';
import { createStreams } from '../../server/realtime/streams.ts';

it('who left while his rights were read leaves no subscription behind', async () => {
  let [started, closed] = [0, 0];
  const opened = {
    from: { batch: 1, id: 1 },
    start: () => {
      started += 1;
    },
    position: () => null,
    close: () => {
      closed += 1;
    },
  };
  const streams = createStreams({ open: async () => opened } as unknown as Hub);
  const parts = [{ collection: 'posts', query: {}, format: MESSAGES }];
  const answer = await streams.open({ ctx: {} as Ctx, parts, since: null, end: () => '' });
  const response = Object.assign(new PassThrough(), { flushHeaders: () => {} });
  response.destroy();
  await once(response, 'close');
  (answer.body as Live).pipe(response);
  streams.close();
  expect([started, closed]).toEqual([0, 1]);
});

// A list without a limit: sent while it is read, page by page, at the pace of whoever reads it.
import { get, type IncomingMessage } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const ROWS = 10_000;
const LONG = '/api/v1/apps/long/collections/rows';

describe.runIf(available)('a list without a limit', () => {
  let t: TestApp;
  let ada: Tenant;

  const open = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) =>
      get(t.url + path, { headers: { Authorization: `Bearer ${ada.token}` } }, resolve).on('error', reject),
    );

  beforeAll(async () => {
    t = await startApp();
    ada = await t.tenant();
    const fields = [
      { name: 'n', type: 'number' },
      { name: 'body', type: 'text' },
    ];
    const manifest = { appId: 'long', dataContract: [{ entityName: 'rows', fields }] };
    expect((await t.call('POST', '/api/v1/apps', manifest, { token: t.root })).status).toBe(200);
    for (let from = 0; from < ROWS; from += 1000) {
      const rows = Array.from({ length: 1000 }, (_, i) => ({ n: from + i }));
      expect((await t.call('POST', `${LONG}/bulk`, rows, { token: ada.token })).status).toBe(201);
    }
    // 20 MB, more than the sockets between server and client hold.
    await t.app.db.query("update app_long.rows set body = repeat('x', 2000)");
  });

  it('S004-24 10,000 records come in chunks, the first before the last are read', async () => {
    const response = await open(`${LONG}?sort=n&order=asc`);
    expect([response.statusCode, response.headers['transfer-encoding'], response.headers['content-length']]).toEqual([
      200,
      'chunked',
      undefined,
    ]);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const first = (await chunks.next()).value as Buffer;
    expect(first.toString('utf8', 0, 2)).toBe('[{');
    // The reader rests. What is changed at the far end meanwhile shows, so it was not read before.
    const [last] = (await t.call('GET', `${LONG}?n=${ROWS - 1}`, undefined, { token: ada.token })).body as Json[];
    expect((await t.call('DELETE', `${LONG}/${last.id}`, undefined, { token: ada.token })).status).toBe(200);
    const parts = [first];
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) parts.push(next.value);
    const rows = JSON.parse(Buffer.concat(parts).toString()) as Json[];
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: ROWS - 1 }, (_, n) => n));
  });

  it('a reader who leaves halfway costs nothing more', async () => {
    for (let i = 0; i < 5; i++) {
      const response = await open(LONG);
      await (response[Symbol.asyncIterator]() as AsyncIterator<Buffer>).next();
      response.destroy();
    }
    const { status, body } = await t.call('GET', `${LONG}?limit=1`, undefined, { token: ada.token });
    expect([status, body.length]).toEqual([200, 1]);
  });
});

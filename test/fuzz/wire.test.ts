// Bytes on the wire: what a client may do to a connection without harming the server, its log or the next request.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Problem } from '../../contract/problems.ts';
import { available, type Json, startApp, type TestApp } from '../helpers/app.ts';

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

describe.runIf(available)('wire', () => {
  let t: TestApp;
  let token: string;
  let list: string;
  let head: string;
  const open = new Set<Socket>();

  beforeAll(async () => {
    t = await startApp({ bodyLimit: 100_000 });
    token = (await t.tenant()).token;
    const schema = [
      { name: 'a', type: 'text' },
      { name: 'l', type: 'text[]' },
    ];
    list = `/api/v1/records/${(await t.collection({ schema })).name}`;
    head = `Host: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
  });
  afterAll(() => {
    for (const socket of open) socket.destroy();
  });

  /** A connection that collects what comes; `half` keeps our side open after the server has closed its own. */
  function dial(half = false): {
    socket: Socket;
    seen: () => string;
    ended: Promise<void>;
    until(text: string, times?: number): Promise<void>;
  } {
    const socket = connect({ port: Number(new URL(t.url).port), host: '127.0.0.1', allowHalfOpen: half });
    open.add(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => {
      socket.on('end', resolve);
      socket.on('close', () => resolve());
    });
    const until = async (part: string, times = 1) => {
      for (let i = 0; text.split(part).length <= times && i < 250; i++)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    return { socket, seen: () => text, ended, until };
  }

  const answers = (text: string): Answer[] => {
    const found: Answer[] = [];
    for (let rest = text; rest.startsWith('HTTP/1.1 '); ) {
      const end = rest.indexOf('\r\n\r\n');
      const headers = rest.slice(0, end).toLowerCase();
      const length = Number(/content-length: (\d+)/.exec(headers)?.[1] ?? 0);
      found.push({ status: Number(rest.slice(9, 12)), headers, body: rest.slice(end + 4, end + 4 + length) });
      rest = rest.slice(end + 4 + length);
    }
    return found;
  };
  const alive = async () => expect((await t.call('GET', '/ready')).status).toBe(200);
  const post = (body: string, more = '') =>
    `POST ${list} HTTP/1.1\r\n${head}${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const get = (path = list, more = '') => `GET ${path} HTTP/1.1\r\n${head}${more}\r\n`;

  it('answers pipelined requests in their order', async () => {
    const line = dial();
    line.socket.write(post('{"a":"one"}') + get('/live') + post('{') + get(`${list}/none`) + get());
    await line.until('HTTP/1.1', 5);
    expect(answers(line.seen()).map((a) => a.status)).toEqual([201, 200, 400, 404, 200]);
  });

  it('takes no unread body for a request: after 401, 403, 404, 405 and on GET', async () => {
    const smuggled = 'GET /live HTTP/1.1\r\nHost: x\r\n\r\n';
    const length = `Content-Length: ${smuggled.length}\r\n`;
    for (const [first, status] of [
      [`POST ${list} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n${smuggled}`, 401],
      [`POST /api/v1/collections HTTP/1.1\r\n${head}${length}\r\n${smuggled}`, 403],
      [`POST /api/v1/nope HTTP/1.1\r\n${head}${length}\r\n${smuggled}`, 404],
      [`PUT /health HTTP/1.1\r\n${head}${length}\r\n${smuggled}`, 405],
      [`GET /health HTTP/1.1\r\n${head}${length}\r\n${smuggled}`, 200],
      [`DELETE ${list}/none HTTP/1.1\r\n${head}${length}\r\n${smuggled}`, 404],
    ] as const) {
      const line = dial();
      line.socket.write(first + get('/api/v1'));
      await line.until('api_version');
      expect(
        answers(line.seen()).map((a) => a.status),
        first.slice(0, 60),
      ).toEqual([status, 200]);
      expect(line.seen()).not.toContain('"alive"');
    }
  });

  it('refuses what two readers could take for two lengths', async () => {
    for (const framing of [
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
      'Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1',
      'Content-Length: +5\r\n\r\n{"a":',
      'Content-Length: 5, 5\r\n\r\n{"a":',
      'Content-Length: -1\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
      'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      'X: a\n\nGET /live HTTP/1.1\r\n\r\n',
    ]) {
      const line = dial();
      line.socket.write(`POST ${list} HTTP/1.1\r\n${head}${framing}`);
      await line.until('HTTP/1.1');
      const [first, ...more] = answers(line.seen());
      expect([first?.status, more], framing).toEqual([400, []]);
      expect(Problem.safeParse(JSON.parse(first?.body ?? '')).success, framing).toBe(true);
    }
    await alive();
  });

  it('a head that is too long or not HTTP is refused and the connection ends', async () => {
    for (const bytes of [
      'NONSENSE\r\n\r\n',
      `GET /health HTTP/1.1\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
      'GET /health HTTP/9.9\r\n\r\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001',
    ]) {
      const line = dial();
      line.socket.write(bytes);
      await line.ended;
      expect([400, 431, 505], bytes.slice(0, 20)).toContain(answers(line.seen())[0]?.status);
    }
    await alive();
  });

  it('HEAD has the headers of GET and no body, also between two requests', async () => {
    const line = dial();
    line.socket.write(get(`${list}?limit=1`).replace('GET', 'HEAD') + get('/live'));
    await line.until('"alive"');
    const [header, live] = line.seen().split('\r\n\r\n').slice(0, 2) as [string, string];
    expect(header).toMatch(/content-length: [1-9]/i);
    expect(live.startsWith('HTTP/1.1 200')).toBe(true);
  });

  it('after 413 the connection ends; after 415 the rest is not taken for a request', async () => {
    const big = dial();
    big.socket.write(`POST ${list} HTTP/1.1\r\n${head}Content-Length: 9000000\r\n\r\n${'{"a":"'.padEnd(50_000, 'x')}`);
    await big.ended;
    expect(answers(big.seen()).map((a) => a.status)).toEqual([413]);
    const chunked = dial();
    chunked.socket.write(`POST ${list} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 20 && chunked.socket.writable; i++) chunked.socket.write(`2710\r\n${'x'.repeat(10_000)}\r\n`);
    await chunked.ended;
    expect(answers(chunked.seen())[0]?.status).toBe(413);
    const text = dial();
    text.socket.write(
      `POST ${list} HTTP/1.1\r\nContent-Type: text/plain\r\n${head.replace(/Content-Type.*\r\n/, '')}Content-Length: 200\r\n\r\nGET /live HTTP/1.1\r\n\r\n`,
    );
    await text.ended;
    expect(answers(text.seen()).map((a) => a.status)).toEqual([415]);
  });

  it('a client that goes away at any moment harms nobody', async () => {
    const request = post(JSON.stringify({ a: 'x'.repeat(5000) }));
    for (const at of [1, 20, request.indexOf('\r\n\r\n'), request.length - 4000, request.length - 1, request.length]) {
      const lines = Array.from({ length: 10 }, () => dial());
      for (const { socket } of lines) socket.write(request.slice(0, at), () => setTimeout(() => socket.destroy(), 5));
      await Promise.all(lines.map((line) => line.ended));
    }
    await alive();
    const all = await t.call('GET', `${list}?fields=a&limit=100`, undefined, { token });
    expect(all.body.items.every((item: Json) => item.a === null || item.a.length === 5000 || item.a === 'one')).toBe(
      true,
    );
  });

  it('a header cannot be injected by what is echoed', async () => {
    for (const id of ['ok\x0bevil', 'a evil', 'a\r\nX-Correlation-ID: evil', 'evil\x7f', '"evil', 'evil'.repeat(99)]) {
      const line = dial();
      line.socket.write(get('/health', `X-Correlation-ID: ${id}\r\n`));
      await line.until('}');
      const [answer] = answers(line.seen());
      if (id !== '"evil') expect(answer?.headers, id).not.toContain('evil');
      expect([200, 400]).toContain(answer?.status);
    }
  });

  // What follows are faults that are known. Each becomes an ordinary test with its repair.
  it('bytes after a request do not overtake its answer', async () => {
    const line = dial();
    line.socket.write(`${get()}NONSENSE\r\n\r\n`);
    await line.ended;
    expect(answers(line.seen()).map((a) => a.status)).toEqual([200, 400]);
  });

  it('a broken connection is closed on both sides', async () => {
    const line = dial(true);
    line.socket.write('NONSENSE\r\n\r\n');
    await line.ended;
    let refused = false;
    line.socket.on('error', () => {
      refused = true;
    });
    for (let i = 0; i < 20 && !refused; i++) {
      line.socket.write('x');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(refused).toBe(true);
  });

  it('a quoted charset is a charset', async () => {
    for (const type of ['application/json; charset="utf-8"', 'application/json; charset= utf-8'])
      expect(
        (await t.call('POST', list, undefined, { token, raw: '{"a":"x"}', headers: { 'Content-Type': type } })).status,
      ).toBe(201);
  });

  it('a range or condition that does not fit a file is no server error', async () => {
    for (const headers of [
      { Range: 'bytes=99999999-' },
      { 'If-Match': '"x"' },
      { 'If-Unmodified-Since': 'Mon, 01 Jan 1990 00:00:00 GMT' },
    ])
      expect(
        (await t.call('GET', '/docs/assets/start.js', undefined, { headers: headers as never })).status,
        JSON.stringify(headers),
      ).toBeLessThan(500);
  });

  it('a refusal is never much longer than the request', async () => {
    const many = { l: Array.from({ length: 20_000 }, () => 1) };
    const reply = await t.call('POST', list, many, { token });
    expect(reply.status).toBe(400);
    expect(reply.text.length).toBeLessThan(100_000);
  });
});

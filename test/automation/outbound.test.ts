// Calls out: every address that is not public is refused when the connection is made, and no server can hold or flood the caller.
import { once } from 'node:events';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { forbidden } from '../../server/automation/outbound/addresses.ts';
import { createOutbound, type OutboundCall, type Resolve } from '../../server/automation/outbound/call.ts';
import { OutboundError } from '../../server/automation/outbound/error.ts';
import { CERTIFICATE, PRIVATE_KEY } from './self-signed.ts';

const servers: (Server | TcpServer)[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});
const portOf = async (server: Server | TcpServer): Promise<number> => {
  servers.push(server);
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const answering = (...addresses: string[]): Resolve => {
  const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return async () => all;
};
const closed = createOutbound({ allowPrivate: false, production: false });
const open = createOutbound({ allowPrivate: true, production: false });
const reasonOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error) => {
      if (!(error instanceof OutboundError)) throw error;
      return error.reason;
    },
  );
const get = (url: string, more: Partial<OutboundCall> = {}): OutboundCall => ({
  url,
  method: 'GET',
  timeoutMs: 3000,
  ...more,
});

/** One or more addresses of every range, its ends among them. */
const V4 =
  `0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.0 10.1.2.3 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1
127.0.1.1 127.1.2.3 127.255.255.254 169.254.0.1 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.1 172.20.10.5
172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1 192.0.2.255 192.31.196.1 192.52.193.1 192.88.99.1
192.88.99.255 192.168.0.1 192.168.1.254 192.168.255.255 192.175.48.6 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.99
224.0.0.1 224.0.0.251 232.1.1.1 239.255.255.250 240.0.0.1 250.9.8.7 255.255.255.254 255.255.255.255`.split(/\s+/);
const V6 =
  `:: ::1 ::2 ::7f00:1 ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.1.2.3 ::ffff:169.254.169.254
::ffff:a9fe:a9fe ::ffff:192.168.0.1 0:0:0:0:0:ffff:7f00:0001 ::ffff:0.0.0.0 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::127.0.0.1
64:ff9b::a00:1 64:ff9b::169.254.169.254 64:ff9b:1::1 64:ff9b:1:ffff::8.8.8.8 100::1 100::ffff:ffff:ffff:ffff 2001::1
2001:0:53aa:64c:0:0:0:1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1
2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff:ffff::1
5f00::1 5f00:ffff::1 fc00::1 fd00::1 fd12:3456:789a::1 fdff:ffff::1 fe80::1 fe80::a00:27ff:fe4e:66a1 febf::1 fec0::1 feff::1
ff00::1 ff01::1 ff02::1 ff02::fb ff05::2 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000::1 8000::1 e000::1 200::1`.split(
    /\s+/,
  );
/** Spellings that only a parser of URLs understands. */
const SPELLED =
  `http://2130706433/ http://0x7f000001/ http://017700000001/ http://0x7f.1/ http://0177.1/ http://127.1/ http://127.0.1/
http://0/ http://0x0/ http://00/ http://0300.0250.0.1/ http://0xc0.0xa8.0.1/ http://3232235521/ http://10.1/ http://167772161/
http://0xA9FEA9FE/ http://2852039166/ http://0251.0376.0251.0376/ http://169.254.43518/ http://%31%32%37.0.0.1/ http://127%2e0%2e0%2e1/
http://１２７.０.０.１/ http://①②⑦.⓪.⓪.①/ http://127。0。0。1/ http://127.0.0.1./ http://127.0.0.1:80/ http://0x7f.0.0.0x1:8080/a?b#c
http://[::1]:80/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/ http://[::FFFF:7F00:1]/ http://[::127.0.0.1]/
http://[0000:0000:0000:0000:0000:ffff:c0a8:0001]/ https://127.0.0.1/ https://[fd00::1]/ http:127.0.0.1 http:\\\\127.0.0.1
http://localhost/ http://LOCALHOST/ http://localhost./ http://a.localhost/ http://loc%61lhost/ https://localhost:8000/`.split(
    /\s+/,
  );
const PUBLIC =
  `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.0
172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.1 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
2001:200::1 2001:4860:4860::8888 2003::1 2600::1 2606:4700::1111 2a00:1450::1 3ffe::1 ::ffff:8.8.8.8 64:ff9b::808:808`.split(
    /\s+/,
  );

describe('addresses', () => {
  it('more than 120 forbidden addresses, literal and behind a name, in every spelling, are refused when called', async () => {
    const urls = [
      ...V4.map((address) => `http://${address}/`),
      ...V6.map((address) => `http://[${address}]/`),
      ...SPELLED,
    ];
    expect(urls.length).toBeGreaterThan(140);
    for (const url of urls) {
      expect(await reasonOf(closed.call(get(url))), url).toBe('forbidden_address');
      expect(closed.checkUrl(url)?.reason, url).toBe('forbidden_address');
    }
    for (const address of [...V4, ...V6]) {
      const outbound = createOutbound({ allowPrivate: false, production: false, resolve: answering(address) });
      expect(outbound.checkUrl('http://receiver.example.com/')).toBeNull();
      expect(await reasonOf(outbound.call(get('http://receiver.example.com/'))), address).toBe('forbidden_address');
    }
    console.log(`outbound: ${urls.length} URLs and ${V4.length + V6.length} resolved addresses refused`);
  });

  it('public neighbours of every range are not', () => {
    for (const address of PUBLIC) expect(forbidden(address), address).toBeNull();
  });

  it('zones and what is no address are refused', async () => {
    for (const text of ['fe80::1%eth0', '2606:4700::1111%1', 'example.com', '', '1.2.3', '2130706433'])
      expect(forbidden(text), text).not.toBeNull();
    expect(await reasonOf(closed.call(get('http://[2606:4700::1111%25eth0]/')))).toBe('invalid_url');
  });

  it('the opening for development leaves the addresses closed where clouds tell their secrets', () => {
    for (const address of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '::1', 'fd00::1', '::ffff:127.0.0.1'])
      expect(forbidden(address, true), address).toBeNull();
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', '0.0.0.0', '224.0.0.1', '::'])
      expect(forbidden(address, true), address).not.toBeNull();
  });

  it('other schemes, credentials and, in production, http are refused', () => {
    const strict = createOutbound({ allowPrivate: false, production: true });
    for (const url of [
      'ftp://example.com/',
      'file:///etc/passwd',
      'gopher://example.com',
      'data:text/plain,x',
      'ws://example.com',
    ])
      expect(closed.checkUrl(url)?.reason, url).toBe('scheme');
    expect(closed.checkUrl('https://user:pw@example.com/')?.reason).toBe('invalid_url');
    expect(closed.checkUrl('example.com')?.reason).toBe('invalid_url');
    expect(closed.checkUrl(`https://example.com/${'a'.repeat(2048)}`)?.reason).toBe('invalid_url');
    expect(strict.checkUrl('http://example.com/')?.reason).toBe('scheme');
    expect(strict.checkUrl('https://example.com/')).toBeNull();
  });

  it('a name is judged by the answer that the connection uses: one that changes does not pass', async () => {
    const port = await portOf(createHttp((_, response) => response.end('secret')));
    let asked = 0;
    const answers = ['93.184.215.14', '127.0.0.1'];
    const rebinding: Resolve = async () => [{ address: answers[Math.min(asked++, 1)] as string, family: 4 }];
    const outbound = createOutbound({ allowPrivate: false, production: false, resolve: rebinding });
    const url = `http://rebind.example.com:${port}/`;
    // The first answer is public and unreachable from here, or a stranger; the one after it is this machine.
    expect(await reasonOf(outbound.call(get(url, { timeoutMs: 400 })))).not.toBe('forbidden_address');
    expect(asked).toBe(1);
    expect(await reasonOf(outbound.call(get(url)))).toBe('forbidden_address');
    expect(asked).toBe(2);
  });

  it('of several addresses only the open ones are tried', async () => {
    const port = await portOf(createHttp((_, response) => response.end('here')));
    const resolve = answering('169.254.169.254', '127.0.0.1', 'fe80::1');
    const outbound = createOutbound({ allowPrivate: true, production: false, resolve });
    expect((await outbound.call(get(`http://several.example.com:${port}/`))).body).toBe('here');
  });

  it('a name that does not resolve says so', async () => {
    const resolve: Resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const outbound = createOutbound({ allowPrivate: false, production: false, resolve });
    expect(await reasonOf(outbound.call(get('http://nowhere.example.com/')))).toBe('dns');
    const never = createOutbound({ allowPrivate: false, production: false, resolve: () => new Promise(() => {}) });
    expect(await reasonOf(never.call(get('http://slow.example.com/', { timeoutMs: 100 })))).toBe('timeout');
  });
});

describe('answers', () => {
  it('method, headers and body arrive; the answer comes with its status', async () => {
    const port = await portOf(
      createHttp(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        response.writeHead(418, { 'X-Told': 'yes', 'Set-Cookie': 'a=b' });
        response.end(
          JSON.stringify([request.method, request.url, request.headers.host, request.headers['x-own'], body]),
        );
      }),
    );
    const url = `http://127.0.0.1:${port}/a?b=c`;
    const smuggled = { host: 'inner', 'Transfer-Encoding': 'chunked', 'content-length': '0', Connection: 'upgrade' };
    const answer = await open.call({ url, method: 'POST', headers: { 'X-Own': '1', ...smuggled }, body: 'ü' });
    expect(JSON.parse(answer.body)).toEqual(['POST', '/a?b=c', `127.0.0.1:${port}`, '1', 'ü']);
    expect(answer).toMatchObject({ status: 418, truncated: false, headers: { 'x-told': 'yes' } });
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('a redirect is an answer and is not followed', async () => {
    let inner = 0;
    const secret = await portOf(createHttp((_, response) => response.end(String(inner++))));
    const port = await portOf(
      createHttp((_, response) => {
        response.writeHead(302, { Location: `http://127.0.0.1:${secret}/` });
        response.end();
      }),
    );
    expect((await open.call(get(`http://127.0.0.1:${port}/`))).status).toBe(302);
    expect(inner).toBe(0);
  });

  it('a body of 2 GB is cut behind 64 KB', async () => {
    let written = 0;
    let cut = false;
    const chunk = Buffer.alloc(65_536, 'x');
    const port = await portOf(
      createHttp((_, response) => {
        response.writeHead(200, { 'Content-Length': String(2 ** 31) });
        response.on('close', () => {
          cut = true;
        });
        const more = () => {
          while (written < 2 ** 31 && !response.destroyed) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
        };
        more();
      }),
    );
    const answer = await open.call(get(`http://127.0.0.1:${port}/`));
    expect([answer.status, answer.body.length, answer.truncated]).toEqual([200, 65_536, true]);
    expect((await open.call(get(`http://127.0.0.1:${port}/`, { keepBytes: 10 }))).body).toBe('xxxxxxxxxx');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(cut).toBe(true);
    expect(written).toBeLessThan(64 * 2 ** 20);
  });

  it.each([
    ['says nothing', () => {}],
    ['drips its head', drip('HTTP/1.1 200 OK\r\nX-A: ')],
    ['drips its body', drip('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')],
    ['sends interim answers for ever', drip('', 'HTTP/1.1 102 Processing\r\n\r\n')],
  ])('a server that %s is left at the deadline', async (_, serve) => {
    const port = await portOf(createTcp(serve));
    const begun = performance.now();
    expect(await reasonOf(open.call(get(`http://127.0.0.1:${port}/`, { timeoutMs: 400 })))).toBe('timeout');
    expect(performance.now() - begun).toBeLessThan(1500);
  });

  it('what goes wrong has a code', async () => {
    const reset = await portOf(createTcp((socket) => socket.once('data', () => socket.resetAndDestroy())));
    const half = await portOf(
      createTcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf'))),
    );
    const noise = await portOf(createTcp((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n'))));
    const long = await portOf(
      createTcp((socket) =>
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`)),
      ),
    );
    const gone = createTcp();
    const free = await portOf(gone);
    gone.close();
    await once(gone, 'close');
    const reason = (port: number) => reasonOf(open.call(get(`http://127.0.0.1:${port}/`)));
    expect(await reason(reset)).toBe('reset');
    expect(await reason(half)).toBe('reset');
    expect(await reason(noise)).toBe('protocol');
    expect(await reason(long)).toBe('protocol');
    expect(await reason(free)).toBe('connect');
    const bad = { 'X-Bad': 'a\r\nb' };
    expect(await reasonOf(open.call(get(`http://127.0.0.1:${reset}/`, { headers: bad })))).toBe('protocol');
  });

  it('a certificate that nobody vouches for is refused, also where the environment would let it pass', async () => {
    const port = await portOf(
      createHttps({ key: PRIVATE_KEY, cert: CERTIFICATE }, (_, response) => response.end('in')),
    );
    expect(await reasonOf(open.call(get(`https://127.0.0.1:${port}/`)))).toBe('tls');
    const named = createOutbound({ allowPrivate: true, production: true, resolve: answering('127.0.0.1') });
    expect(await reasonOf(named.call(get(`https://receiver.example.com:${port}/`)))).toBe('tls');
    const plain = await portOf(createHttp((_, response) => response.end('in')));
    expect(await reasonOf(open.call(get(`https://127.0.0.1:${plain}/`)))).toBe('tls');
  });

  it('a call can be given up', async () => {
    const port = await portOf(createTcp(() => {}));
    const stop = new AbortController();
    const call = reasonOf(open.call(get(`http://127.0.0.1:${port}/`, { signal: stop.signal })));
    setTimeout(() => stop.abort(), 50);
    expect(await call).toBe('aborted');
    expect(await reasonOf(open.call(get(`http://127.0.0.1:${port}/`, { signal: stop.signal })))).toBe('aborted');
  });
});

/** Sends its beginning and then, every 20 ms, a piece. */
function drip(head: string, piece = 'a') {
  return (socket: Socket) => {
    socket.once('data', () => {
      socket.write(head);
      const timer = setInterval(() => socket.write(piece), 20);
      socket.once('close', () => clearInterval(timer));
    });
  };
}

// The WebSocket: its dialect, who may hold one and how long, and what it does to clients that ask too much or read too little.
import { connect, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parsePosition } from '../../server/events/position.ts';
import { available, type Json, kind, PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { openSocket, type SocketReader } from '../helpers/socket.ts';

const SCHEMA = [
  { name: 'title', type: 'text', required: true },
  { name: 'rank', type: 'number' },
];
const OPEN = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
const WS = '/api/v1/realtime/ws';
/** As the server must answer it in RFC 6455's own example. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n`;

/** A client's text frame; masked with zeros, which leave it as it is. */
function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(bytes.length < 126 ? 6 : 8);
  head[0] = 0x81;
  if (bytes.length < 126) head[1] = 0x80 | bytes.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(bytes.length, 2);
  }
  return Buffer.concat([head, bytes]);
}

interface Wire {
  readonly socket: Socket;
  readonly text: string;
  readonly received: number;
  /** The server has closed its side, or cut it off. */
  readonly gone: boolean;
}

/** A connection of bytes; what comes is kept while it is not paused. */
async function wire(url: string, bytes: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  // A client that never closes its side, whatever the server does with its own.
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const wired = { socket, text: '', received: 0, gone: false };
  const left = () => {
    wired.gone = true;
  };
  socket
    .on('data', (data) => {
      wired.received += data.length;
      if (wired.text.length < 10_000) wired.text += data.toString('latin1');
    })
    .on('end', left)
    .on('close', left)
    .on('error', left);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(bytes);
  return wired;
}

describe.runIf(available)('WebSocket', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  const ends: (() => void)[] = [];
  const open = async (token: string | null, options: Parameters<typeof openSocket>[1] = {}, url = t.url) => {
    const socket = await openSocket(`${url}${WS}${token === null ? '' : `?token=${token}`}`, options);
    ends.push(socket.close);
    return socket;
  };
  const raw = async (bytes: string, url = t.url) => {
    const wired = await wire(url, bytes);
    ends.push(() => wired.socket.destroy());
    return wired;
  };
  const base = (name: string) => `/api/v1/records/${name}`;
  const make = async (name: string, body: Json, token = a.token) =>
    (await t.call('POST', base(name), body, { token })).body.id as string;
  const change = (name: string, id: string, body: Json) =>
    t.call('PATCH', `${base(name)}/${id}`, body, { token: a.token });
  const remove = (name: string, id: string) => t.call('DELETE', `${base(name)}/${id}`, undefined, { token: a.token });
  const names = async (count: number, more: Json = OPEN): Promise<string[]> =>
    (await Promise.all(Array.from({ length: count }, () => t.collection({ schema: SCHEMA, ...more })))).map(
      ({ name }) => name,
    );
  const subscribe = (socket: SocketReader, collection: string, more: Json = {}) =>
    socket.ask({ action: 'subscribe', collection, ...more });
  const titles = (events: readonly Json[]) => events.map(({ data }) => data.title);
  const alive = async (socket: SocketReader) => expect(await socket.ask({ action: 'ping' })).toEqual({ type: 'pong' });

  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('A'), await t.tenant('B')];
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  describe('its dialect', () => {
    it('acknowledges a subscription, tells of changes with their record, acknowledges its end, and answers pings', async () => {
      const [posts] = (await names(1)) as [string];
      const socket = await open(a.token);
      const ack = await subscribe(socket, posts, { operations: ['create', 'update', 'delete'] });
      // Both spellings: that of the published client and that of the server it was written for.
      expect(ack).toEqual({ type: 'subscribed', status: 'subscribed', collection: posts });
      const id = await make(posts, { title: 'one', rank: 1 });
      const { body: two } = await change(posts, id, { title: 'two' });
      await remove(posts, id);
      const events = await socket.events(3);
      for (const event of events) {
        expect(Object.keys(event)).toEqual(['type', 'id', 'collection', 'timestamp', 'data', 'old', 'changes']);
        expect([event.collection, parsePosition(event.id)]).toEqual([posts, expect.anything()]);
      }
      const [created, updated, deleted] = events;
      expect(created).toMatchObject({ type: `${posts}.create`, data: { id, title: 'one', rank: 1 }, old: null });
      expect(updated).toMatchObject({ type: `${posts}.update`, data: two, old: created.data });
      expect([deleted.type, deleted.data]).toEqual([`${posts}.delete`, { id }]);
      expect(await socket.ask({ action: 'unsubscribe', collection: posts })).toEqual({
        type: 'unsubscribed',
        status: 'unsubscribed',
        collection: posts,
      });
      await make(posts, { title: 'unheard' });
      const [other] = (await names(1)) as [string];
      await subscribe(socket, other);
      await make(other, { title: 'heard' });
      expect((await socket.events(4))[3].type).toBe(`${other}.create`);
      await alive(socket);
    });

    it('operations, filter and fields are those of the stream; a filter may be an object', async () => {
      const [posts, orders] = (await names(2)) as [string, string];
      const [some, byText, byObject, slim] = await Promise.all([1, 2, 3, 4].map(() => open(a.token)));
      const asked: [SocketReader | undefined, string, Json][] = [
        [some, posts, { operations: ['update'] }],
        [some, orders, { operations: '*' }],
        [byText, posts, { filter: 'rank > 5' }],
        [byObject, posts, { filter: { rank: { $gt: 5 } } }],
        [slim, posts, { fields: ['title'] }],
        [slim, orders, { fields: 'title', operations: [] }],
      ];
      for (const [socket, collection, more] of asked)
        expect((await subscribe(socket as SocketReader, collection, more)).type).toBe('subscribed');
      const id = await make(posts, { title: 'low', rank: 1 });
      await change(posts, id, { rank: 6 });
      await change(posts, id, { rank: 2 });
      await make(orders, { title: 'order' });
      const seen = async (socket: SocketReader | undefined, count: number) =>
        (await (socket as SocketReader).events(count)).map(({ type, data }) => [type, data.rank ?? null]);
      expect(await seen(some, 3)).toEqual([
        [`${posts}.update`, 6],
        [`${posts}.update`, 2],
        [`${orders}.create`, null],
      ]);
      for (const socket of [byText, byObject])
        expect(await seen(socket, 2)).toEqual([
          [`${posts}.update`, 6],
          [`${posts}.delete`, null],
        ]);
      expect((await (slim as SocketReader).events(2)).map(({ data }) => Object.keys(data))).toEqual([
        ['id', 'title'],
        ['id', 'title'],
      ]);
    });

    it('asked for again, the new subscription takes the place of the old; one that is refused leaves the old', async () => {
      const [posts] = (await names(1)) as [string];
      const socket = await open(a.token);
      await subscribe(socket, posts, { operations: ['delete'] });
      expect((await subscribe(socket, posts, { fields: ['title'] })).type).toBe('subscribed');
      await make(posts, { title: 'once' });
      expect(Object.keys((await socket.events(1))[0].data)).toEqual(['id', 'title']);
      expect((await subscribe(socket, posts, { filter: 'nope = 1' })).code).toBe('INVALID_FIELDS');
      await make(posts, { title: 'twice' });
      expect(titles(await socket.events(2))).toEqual(['once', 'twice']);
      await alive(socket);
      expect(socket.frames.length).toBe(6);
    });

    it('each collection goes on from where it is told', async () => {
      const [posts, orders] = (await names(2)) as [string, string];
      const first = await open(a.token);
      await subscribe(first, posts);
      await subscribe(first, orders);
      const all: string[] = [];
      for (let i = 0; i < 12; i++) {
        await make(i % 2 === 0 ? posts : orders, { title: `${i}` });
        all.push(`${i}`);
      }
      const events = await first.events(12);
      expect(titles(events)).toEqual(all);
      first.close();
      await make(orders, { title: 'meanwhile' });
      const again = await open(a.token);
      await subscribe(again, posts, { since: events[4].id });
      await again.events(3);
      await subscribe(again, orders, { since: events[9].id, operations: ['create'] });
      await again.events(5);
      expect(titles(await again.events(5))).toEqual(['6', '8', '10', '11', 'meanwhile']);
      expect((await again.events(1))[0]).toEqual(events[6]);
      await make(posts, { title: 'now' });
      expect(titles(await again.events(6)).at(-1)).toBe('now');
    });

    it('a position that the log does not hold is told of, and it goes on from now', async () => {
      const [posts] = (await names(1)) as [string];
      const socket = await open(a.token);
      expect((await subscribe(socket, posts, { since: '999999999-1' })).type).toBe('subscribed');
      const [, reset] = await socket.take(2);
      expect(reset).toEqual({ type: 'reset', id: expect.stringMatching(/^\d+-\d+$/), collection: posts });
      await make(posts, { title: 'now' });
      expect(titles(await socket.events(1))).toEqual(['now']);
    });

    it('frames are answered in the order in which they came, however many at once', async () => {
      const [posts] = (await names(1)) as [string];
      const socket = await open(a.token);
      const wanted: string[] = [];
      for (let i = 0; i < 300; i++) {
        const action = ['subscribe', 'ping', 'unsubscribe'][i % 3] as string;
        socket.send({ action, ...(action !== 'ping' && { collection: posts }) });
        wanted.push(['subscribed', 'pong', 'unsubscribed'][i % 3] as string);
      }
      expect((await socket.take(300)).map(({ type }) => type)).toEqual(wanted);
    });

    it('a hundred subscriptions, and the next one is told so', async () => {
      const fifty = await names(50);
      const all = fifty.flatMap((name) => [name, `main.${name}`]);
      const socket = await open(a.token);
      for (const collection of all) socket.send({ action: 'subscribe', collection });
      expect((await socket.take(100)).map(({ type, collection }) => [type, collection])).toEqual(
        all.map((name) => ['subscribed', name]),
      );
      const [more] = (await names(1)) as [string];
      expect(await subscribe(socket, more)).toMatchObject({ type: 'error', code: 'LIMIT_REACHED', collection: more });
      // One of them may still change.
      expect((await subscribe(socket, all[7] as string, { operations: ['create'] })).type).toBe('subscribed');
      await socket.ask({ action: 'unsubscribe', collection: all[3] });
      expect(await subscribe(socket, more)).toMatchObject({ type: 'subscribed', collection: more });
    });

    it('what it does not understand is answered, and the connection lives', async () => {
      const [posts] = (await names(1)) as [string];
      const [closed] = (await names(1, { list_rule: 'false' })) as [string];
      const sub = { action: 'subscribe', collection: posts };
      const bad = 'INVALID_QUERY_PARAMS';
      const table: [unknown, string, (string | undefined)?, string?][] = [
        ['{', 'INVALID_JSON'],
        ['', 'INVALID_JSON'],
        ['null', 'INVALID_JSON'],
        ['[{"action":"ping"}]', 'INVALID_JSON'],
        ['"ping"', 'INVALID_JSON'],
        [{}, bad, 'action'],
        [{ action: 'publish', collection: posts }, bad, 'action'],
        [{ action: 'constructor' }, bad, 'action'],
        [{ action: ['ping'] }, bad, 'action'],
        [{ action: 'subscribe' }, bad, 'collection'],
        [{ action: 'unsubscribe' }, bad, 'collection'],
        [{ action: 'subscribe', collection: 7 }, bad, 'collection'],
        [{ action: 'subscribe', collection: '' }, bad, 'collection'],
        [{ ...sub, event: 'create' }, bad, 'event', posts],
        [{ ...sub, events: ['create'] }, bad, 'events', posts],
        [{ ...sub, operations: ['made'] }, bad, 'operations', posts],
        [{ ...sub, operations: 'made' }, bad, 'operations', posts],
        [{ ...sub, operations: [{ toString: 1 }] }, bad, 'operations', posts],
        [{ ...sub, operations: 7 }, bad, 'operations', posts],
        [{ ...sub, operations: null }, bad, 'operations', posts],
        [{ ...sub, fields: 7 }, bad, 'fields', posts],
        [{ ...sub, fields: ['title', 7] }, bad, 'fields', posts],
        [{ ...sub, fields: ['nope'] }, 'INVALID_FIELDS', 'nope', posts],
        [{ ...sub, filter: 'title >' }, bad, 'filter', posts],
        [{ ...sub, filter: { title: { $near: 1 } } }, bad, 'title.$near', posts],
        [{ ...sub, filter: null }, bad, 'filter', posts],
        [{ ...sub, since: 'yesterday' }, bad, 'since', posts],
        [{ ...sub, since: 7 }, bad, 'since', posts],
        [{ action: 'subscribe', collection: 'nowhere' }, 'RESOURCE_NOT_FOUND', undefined, 'nowhere'],
        [{ action: 'subscribe', collection: '../users' }, 'RESOURCE_NOT_FOUND', undefined, '../users'],
        [{ action: 'subscribe', collection: closed }, 'FORBIDDEN', undefined, closed],
      ];
      const socket = await open(a.token);
      for (const [sent, code, field, collection] of table) {
        const got = await socket.ask(sent);
        const { type, error } = got;
        expect([type, typeof error, got.code, got.errors?.[0]?.field, got.collection], JSON.stringify(sent)).toEqual([
          'error',
          'string',
          code,
          field,
          collection,
        ]);
      }
      await alive(socket);
      expect((await subscribe(socket, posts)).type).toBe('subscribed');
    });
  });

  describe('who may hold one', () => {
    it('a token or a key, in the address, a header or as the name of a protocol', async () => {
      const [posts] = (await names(1)) as [string];
      const scopes = { [posts]: { read: '*' } };
      const { key } = (await t.call('POST', '/api/v1/api-keys', { name: 'watch', scopes }, { token: a.token })).body;
      const named = async (protocol: string) => {
        const wired = await raw(
          `GET ${WS} HTTP/1.1\r\nHost: x\r\n${UPGRADE}Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
        );
        wired.socket.write(frame(JSON.stringify({ action: 'subscribe', collection: posts })));
        await expect.poll(() => wired.text).toMatch(/"subscribed"/);
        // A browser takes no connection that does not name its protocol.
        expect(wired.text).toContain(`Sec-WebSocket-Protocol: ${protocol}`);
      };
      await named(a.token);
      await named(key);
      const headers = { Authorization: `Bearer ${a.token}` };
      const held = [open(a.token), open(key), open(null, { headers }), open(null, { headers: { 'X-API-Key': key } })];
      for (const socket of await Promise.all(held)) expect((await subscribe(socket, posts)).type).toBe('subscribed');
      const [keyed] = [await open(key)];
      const [other] = (await names(1)) as [string];
      expect((await subscribe(keyed, other)).code).toBe('KEY_PERMISSION_DENIED');
    });

    it('nobody else: the connection closes with 1008 and says why', async () => {
      const forged = `${a.token.slice(0, -4)}${a.token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
      const refused = [
        [open(null), 'UNAUTHORIZED'],
        [open(''), 'UNAUTHORIZED'],
        [open('nonsense'), 'UNAUTHORIZED'],
        [open(forged), 'UNAUTHORIZED'],
        [open(a.refreshToken), 'UNAUTHORIZED'],
        [open(null, { headers: { 'X-Account-ID': a.account.slug } }), 'UNAUTHORIZED'],
        [open(`${a.token}&token=${a.token}`), 'INVALID_QUERY_PARAMS'],
      ] as const;
      for (const [socket, reason] of refused) expect(await (await socket).closed).toEqual({ code: 1008, reason });
    });

    it('what it is told is what its account may see', async () => {
      const [posts] = (await names(1)) as [string];
      const [his, root] = [await open(b.token), await open(t.root)];
      await subscribe(his, posts);
      await subscribe(root, posts);
      await make(posts, { title: 'of-a' });
      await make(posts, { title: 'of-b' }, b.token);
      expect(titles(await his.events(1))).toEqual(['of-b']);
      expect(titles(await root.events(2))).toEqual(['of-a', 'of-b']);
    });

    it("a cookie session from the server's own pages, and from no other site", async () => {
      const login = { account: a.account.id, email: a.email, password: PASSWORD, session: true };
      const reply = await t.call('POST', '/api/v1/auth/login', login);
      const Cookie = (reply.headers.get('set-cookie') as string).split(';')[0] as string;
      const { host } = new URL(t.url);
      const [posts] = (await names(1)) as [string];
      const own = await open(null, { headers: { Cookie, Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' } });
      expect((await subscribe(own, posts)).type).toBe('subscribed');
      const older = await open(null, { headers: { Cookie, Origin: `http://${host}` } });
      await alive(older);
      const foreign: Record<string, string>[] = [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { Origin: `http://${host}.evil.example` },
        { Origin: `http://${host}`, 'Sec-Fetch-Site': 'cross-site' },
        { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      ];
      for (const headers of foreign) {
        const socket = await open(null, { headers: { Cookie, ...headers } });
        expect(await socket.closed, JSON.stringify(headers)).toEqual({ code: 1008, reason: 'CROSS_SITE_REQUEST' });
      }
      // A token is nothing that a browser sends along by itself.
      await alive(await open(a.token, { headers: { Origin: 'https://evil.example' } }));
      await t.call('POST', '/api/v1/auth/logout', {}, { headers: { Cookie } });
      expect(await own.closed).toEqual({ code: 1008, reason: 'UNAUTHORIZED' });
    });

    it('logout and switching a user off close it with 1008, with or without subscriptions', async () => {
      const [posts] = (await names(1)) as [string];
      const [left, off] = [await t.member(a.account.id), await t.member(a.account.id)];
      const sockets = await Promise.all([left, off].map(({ token }) => open(token)));
      const [one, two] = sockets as [SocketReader, SocketReader];
      const idle = await open(left.token);
      for (const socket of sockets) await subscribe(socket, posts);
      await make(posts, { title: 'before' });
      await Promise.all(sockets.map((socket) => socket.events(1)));
      await t.call('POST', '/api/v1/auth/logout', {}, { token: left.token });
      await t.call('PATCH', `/api/v1/users/${off.user.id}`, { is_active: false }, { token: t.root });
      await make(posts, { title: 'after' });
      for (const socket of [one, two]) {
        expect(await socket.closed).toEqual({ code: 1008, reason: 'UNAUTHORIZED' });
        expect(socket.frames.at(-1)).toMatchObject({ type: 'error', code: 'UNAUTHORIZED', collection: posts });
        expect(titles(await socket.events(1))).toEqual(['before']);
      }
      idle.send({ action: 'subscribe', collection: posts });
      expect(await idle.closed).toEqual({ code: 1008, reason: 'UNAUTHORIZED' });
      expect(idle.frames.map(({ type, code }) => [type, code])).toEqual([['error', 'UNAUTHORIZED']]);
    });

    it('a key whose time is over closes it with 1008', async () => {
      const [posts] = (await names(1)) as [string];
      const [scopes, expires_at] = [{ [posts]: { read: '*' } }, new Date(Date.now() + 1500).toISOString()];
      const brief = { name: 'brief', scopes, expires_at };
      const { key } = (await t.call('POST', '/api/v1/api-keys', brief, { token: a.token })).body;
      const socket = await open(key);
      await subscribe(socket, posts);
      await make(posts, { title: 'in time' });
      expect(titles(await socket.events(1))).toEqual(['in time']);
      expect(await socket.closed).toEqual({ code: 1008, reason: 'TOKEN_EXPIRED' });
      expect(socket.frames.at(-1)).toMatchObject({ type: 'error', code: 'TOKEN_EXPIRED', collection: posts });
    });

    it('a subscription whose collection is disabled, deleted or locked ends; the others and the connection go on', async () => {
      const four = await names(4);
      const [disabled, deleted, locked, last] = four as [string, string, string, string];
      const member = await t.member(a.account.id);
      const socket = await open(member.token);
      for (const name of four) await subscribe(socket, name);
      const collection = (name: string) => `/api/v1/collections/${name}`;
      await t.call('PATCH', collection(disabled), { enabled: false }, { token: t.root });
      await socket.take(5);
      await t.call('DELETE', collection(deleted), undefined, { token: t.root });
      await socket.take(6);
      await t.call('PATCH', collection(locked), { list_rule: 'false' }, { token: t.root });
      expect((await socket.take(7)).slice(4).map(({ type, code, collection: name }) => [type, code, name])).toEqual([
        ['error', 'RESOURCE_DISABLED', disabled],
        ['error', 'RESOURCE_NOT_FOUND', deleted],
        ['error', 'FORBIDDEN', locked],
      ]);
      await t.call('PATCH', collection(disabled), { enabled: true }, { token: t.root });
      await make(disabled, { title: 'enabled again' });
      await make(last, { title: 'still here' });
      expect(titles(await socket.events(1))).toEqual(['still here']);
      expect((await subscribe(socket, disabled)).type).toBe('subscribed');
    });
  });

  describe('what it does not put up with', () => {
    it('a frame over 64 KiB closes it with 1009', async () => {
      const socket = await open(a.token);
      const ping = { action: 'ping' };
      const largest = JSON.stringify(ping).padEnd(65_536);
      expect(await socket.ask(largest)).toEqual({ type: 'pong' });
      socket.send(`${largest} `);
      expect((await socket.closed).code).toBe(1009);
    });

    it('bytes that are no frames, or no text, close it, and harm nobody else', async () => {
      const other = await open(a.token);
      const unmasked = Buffer.from([0x81, 0x02, 0x7b, 0x7d]);
      const notUtf8 = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]);
      const reserved = Buffer.from([0xf1, 0x80, 0, 0, 0, 0]);
      const huge = Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
      const table: [Buffer, number][] = [
        [unmasked, 1002],
        [reserved, 1002],
        [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1002],
        [notUtf8, 1007],
        [huge, 1009],
      ];
      for (const [bytes, code] of table) {
        const wired = await raw(`GET ${WS}?token=${a.token} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
        wired.socket.write(bytes);
        await expect.poll(() => wired.gone).toBe(true);
        const frames = Buffer.from(wired.text.split('\r\n\r\n')[1] as string, 'latin1');
        expect([frames[0], frames.readUInt16BE(2)]).toEqual([0x88, code]);
      }
      // In a frame of bytes it is the same text.
      const binary = await raw(`GET ${WS}?token=${a.token} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
      const ping = frame('{"action":"ping"}');
      ping[0] = 0x82;
      binary.socket.write(ping);
      await expect.poll(() => binary.text).toContain('{"type":"pong"}');
      await alive(other);
    });

    it('a client that never reads is cut off; others get everything meanwhile, and nothing is kept for it', async () => {
      const [posts] = (await names(1)) as [string];
      const id = await make(posts, { title: 'x'.repeat(400_000), rank: 0 });
      const deaf = await raw(`GET ${WS}?token=${a.token} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
      deaf.socket.write(frame(JSON.stringify({ action: 'subscribe', collection: posts })));
      await expect.poll(() => deaf.text).toMatch(/"subscribed"/);
      deaf.socket.pause();
      const other = await open(a.token);
      await subscribe(other, posts, { fields: ['rank'] });
      // Each event holds the record twice.
      const count = 40;
      for (let rank = 1; rank <= count; rank++) {
        expect((await change(posts, id, { rank })).status).toBe(200);
        await other.events(rank);
      }
      // What the server and the kernel held for it is the least part of 32 MB. A paused socket tells of its end when it is read.
      deaf.socket.resume();
      await expect.poll(() => deaf.gone, { timeout: 10_000 }).toBe(true);
      expect(deaf.received).toBeLessThan(16_000_000);
      await alive(other);
    });

    it('a client that asks and asks and does not read the answers is cut off', async () => {
      const deaf = await raw(`GET ${WS}?token=${a.token} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
      await expect.poll(() => deaf.text).toMatch(/101 Switching/);
      deaf.socket.pause();
      const long = frame(JSON.stringify({ action: 'subscribe', collection: 'x'.repeat(60_000) }));
      let failed = false;
      deaf.socket.on('error', () => {
        failed = true;
      });
      // The answers repeat the name; a server that keeps them all takes all of these.
      for (let i = 0; i < 600 && !failed; i++)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100);
          deaf.socket.write(long, () => {
            clearTimeout(timer);
            resolve();
          });
        });
      deaf.socket.resume();
      await expect.poll(() => deaf.gone, { timeout: 10_000 }).toBe(true);
      expect(deaf.received).toBeLessThan(20_000_000);
    });

    it('a long past of many collections at once is sent as fast as it is read, however slow that is', async () => {
      const many = await names(40);
      const begin = await open(a.token);
      await subscribe(begin, many[0] as string);
      await make(many[0] as string, { title: 'from' });
      const [{ id: since }] = (await begin.events(1)) as [Json];
      const title = 'x'.repeat(20_000);
      for (const name of many) {
        const records = Array.from({ length: 20 }, (_, rank) => ({ title, rank }));
        expect((await t.call('POST', `${base(name)}/batch`, { records }, { token: a.token })).status).toBe(201);
      }
      const socket = await open(a.token);
      for (const collection of many) socket.send({ action: 'subscribe', collection, since });
      socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      socket.resume();
      const events = await socket.events(800, 30_000);
      for (const name of many)
        expect(events.filter(({ collection }) => collection === name).map(({ data }) => data.rank)).toEqual(
          Array.from({ length: 20 }, (_, rank) => rank),
        );
      await alive(socket);
    });
  });

  describe('upgrades', () => {
    const host = 'Host: x\r\n';
    const bearer = () => `Authorization: Bearer ${a.token}\r\n`;

    it('without one the address answers 426 in JSON', async () => {
      const { status, body, headers } = await t.call('GET', WS, undefined, { token: a.token });
      expect([status, body.code, headers.get('content-type')]).toEqual([426, 'UPGRADE_REQUIRED', 'application/json']);
      expect((await t.call('GET', WS)).status).toBe(401);
      // As RFC 9110 wants it of this status.
      expect(headers.get('upgrade')).toBe('websocket');
    });

    it('of other addresses, and broken ones, are refused in JSON and closed, also with a client that never closes', async () => {
      const table: [string, string, number, string][] = [
        ['/api/v1/realtime', UPGRADE, 404, 'ROUTE_NOT_FOUND'],
        ['/api/v1/realtime/wss?token=x', UPGRADE, 404, 'ROUTE_NOT_FOUND'],
        ['/', UPGRADE, 404, 'ROUTE_NOT_FOUND'],
        ['*', UPGRADE, 404, 'ROUTE_NOT_FOUND'],
        // A target that is no address must not be the end of the server.
        ['http://[', UPGRADE, 400, 'INVALID_URL'],
        ['ws://a:99999999/', UPGRADE, 400, 'INVALID_URL'],
        [WS, UPGRADE.replace(KEY, 'short'), 400, 'INVALID_HEADER'],
        [WS, UPGRADE.replace('Version: 13', 'Version: 1'), 400, 'INVALID_HEADER'],
      ];
      for (const [target, headers, status, code] of table) {
        const wired = await raw(`GET ${target} HTTP/1.1\r\n${host}${headers}\r\n`);
        await expect.poll(() => wired.gone).toBe(true);
        expect(wired.text, target).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\nContent-Type: application/json\r\n`));
        expect(JSON.parse(wired.text.split('\r\n\r\n')[1] as string), target).toMatchObject({ code, errors: [] });
      }
      await alive(await open(a.token));
    });

    it('to anything else are answered as if nobody had asked for them', async () => {
      const [posts] = (await names(1)) as [string];
      // As Java's client asks with every first request.
      const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n';
      const answers = async (bytes: string) => {
        const wired = await raw(bytes);
        await expect.poll(() => wired.text).toMatch(/\r\n\r\n[\s\S]/);
        return wired;
      };
      const body = JSON.stringify({ title: 'via h2c' });
      const head = `POST ${base(posts)} HTTP/1.1\r\n${host}${bearer()}${h2c}Content-Type: application/json\r\n`;
      const whole = await answers(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      expect(whole.text).toMatch(/^HTTP\/1\.1 201 /);
      // The connection lives, and takes the next one.
      whole.socket.write(`GET ${base(posts)}?fields=title HTTP/1.1\r\n${host}${bearer()}${h2c}\r\n`);
      await expect.poll(() => whole.text).toMatch(/HTTP\/1\.1 200 [\s\S]*"title":"via h2c"/);
      // A body that comes later, and in pieces.
      const slow = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\n{"ti\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      slow.socket.write('8\r\ntle":"x"\r\n1\r\n}\r\n0\r\n\r\n');
      await expect.poll(() => slow.text).toMatch(/^HTTP\/1\.1 201 [\s\S]*"title":"x"/);
      const posted = await answers(`POST ${WS} HTTP/1.1\r\n${host}${bearer()}${UPGRADE}Content-Length: 0\r\n\r\n`);
      expect(posted.text).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, HEAD\r\n/);
    });
  });

  describe("the server's end", () => {
    /** Rejects long after it should have ended, and long before it would give up. */
    const endOf = (other: TestApp) => {
      const late = new Promise((_, reject) => setTimeout(reject, 10_000, new Error('it waits')).unref());
      return Promise.race([other.app.close(), late]);
    };

    it('closes with 1012, and waits neither for clients that do not say goodbye nor for those that never asked', async () => {
      const other = await startApp();
      const tenant = await other.tenant();
      const { name } = await other.collection({ schema: SCHEMA });
      const socket = await open(tenant.token, {}, other.url);
      await subscribe(socket, name);
      const upgrade = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`;
      const silent = await raw(upgrade(`${WS}?token=${tenant.token}`), other.url);
      const refused = await raw(upgrade(WS), other.url);
      const lost = await raw(upgrade('/nowhere'), other.url);
      await Promise.all(
        [silent, refused, lost].map((wired) => expect.poll(() => wired.text).toMatch(/^HTTP\/1\.1 [14]0[14]/)),
      );
      await endOf(other);
      expect(await socket.closed).toEqual({ code: 1012, reason: 'The server restarts.' });
      for (const wired of [silent, refused, lost]) await expect.poll(() => wired.gone).toBe(true);
      expect(silent.text).toContain('The server restarts.');
    });

    it('does not wait for a connection on which nothing was asked', async () => {
      const other = await startApp();
      await raw('', other.url);
      await endOf(other);
    });
  });

  it.runIf(kind === 'postgres')('what one process writes reaches the clients of another', async () => {
    const [posts] = (await names(1)) as [string];
    const twin = await t.twin();
    const there = await open(a.token, {}, twin.url);
    await subscribe(there, posts);
    await make(posts, { title: 'here' });
    expect(titles(await there.events(1))).toEqual(['here']);
    await twin.stop();
    expect((await there.closed).code).toBe(1012);
  });
});

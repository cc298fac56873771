// The stream over several collections: what it tells of which, in one order, how it goes on after a break, and the tickets that open it.
import fs from 'node:fs';
import { request } from 'node:http';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { comparePositions, type Position, parsePosition } from '../../server/events/position.ts';
import { available, type Json, kind, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { openSocket, type SocketReader } from '../helpers/socket.ts';
import { openStream, type Sent, type StreamReader } from '../helpers/stream.ts';

const SCHEMA = [
  { name: 'title', type: 'text', required: true },
  { name: 'rank', type: 'number' },
];
const OPEN = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
const SUBSCRIBE = '/api/v1/realtime/subscribe';

describe.runIf(available)('stream over several collections', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  const readers: StreamReader[] = [];
  const sockets: SocketReader[] = [];
  const read = async (path: string, token: string | null, headers: Record<string, string> = {}) => {
    const reader = await openStream(t.url + path, { ...(token && { Authorization: `Bearer ${token}` }), ...headers });
    readers.push(reader);
    return reader;
  };
  const get = (query: string, token: string | null = a.token, headers: Record<string, string> = {}) =>
    t.call('GET', `${SUBSCRIBE}${query}`, undefined, { token, headers });
  const base = (name: string) => `/api/v1/records/${name}`;
  const make = async (name: string, body: Json, token = a.token) =>
    (await t.call('POST', base(name), body, { token })).body.id as string;
  const change = (name: string, id: string, body: Json, token = a.token) =>
    t.call('PATCH', `${base(name)}/${id}`, body, { token });
  const remove = (name: string, id: string, token = a.token) =>
    t.call('DELETE', `${base(name)}/${id}`, undefined, { token });
  const names = async (count: number, more: Json = {}): Promise<string[]> =>
    (await Promise.all(Array.from({ length: count }, () => t.collection({ schema: SCHEMA, ...more })))).map(
      ({ name }) => name,
    );
  const asked = (collections: readonly string[]) => collections.map((name) => `collections=${name}`).join('&');
  const told = (events: readonly Sent[]) => events.map(({ data }) => [data.type, data.data.title ?? data.data.id]);
  const positions = (events: readonly Sent[]) => events.map(({ id }) => parsePosition(id as string) as Position);
  /** As two readers must see it: each event once, none before one that came earlier. */
  const inOrder = (events: readonly Sent[]) =>
    positions(events).every((at, i, all) => i === 0 || comparePositions(all[i - 1] as Position, at) < 0);

  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('A'), await t.tenant('B')];
  });
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
    for (const socket of sockets.splice(0)) socket.close();
  });

  describe('what it tells', () => {
    it('unnamed messages of type collection.operation with the record as data, what it was, and where to go on', async () => {
      const [posts] = (await names(1)) as [string];
      const stream = await read(`${SUBSCRIBE}?collections=${posts}`, a.token);
      expect(stream.status).toBe(200);
      expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
      const id = await make(posts, { title: 'one', rank: 1 });
      const { body: two } = await change(posts, id, { title: 'two' });
      await remove(posts, id);
      const events = await stream.take(3);
      expect(stream.text).toMatch(/^retry: 3000\n: connected\nid: \d+-\d+\n\n/);
      expect(events.map(({ event }) => event)).toEqual(['message', 'message', 'message']);
      for (const { id: at, data } of events) {
        expect(Object.keys(data)).toEqual(['type', 'id', 'collection', 'timestamp', 'data', 'old', 'changes']);
        expect(data).toMatchObject({ id: at, collection: posts });
        expect(Date.parse(data.timestamp)).toBeGreaterThan(Date.now() - 60_000);
      }
      const [created, updated, deleted] = events.map(({ data }) => data);
      expect(created).toMatchObject({ type: `${posts}.create`, old: null, data: { id, title: 'one', rank: 1 } });
      expect(updated).toMatchObject({ type: `${posts}.update`, old: created.data, data: two });
      expect(updated.changes).toEqual({ added: [], updated: ['title'], removed: [] });
      expect(deleted).toMatchObject({ type: `${posts}.delete`, old: two, data: { id } });
      expect(Object.keys(deleted.data)).toEqual(['id']);
    });

    it('of each collection the operations that were asked for, in every spelling', async () => {
      const [posts, orders] = (await names(2)) as [string, string];
      const act = async () => {
        for (const name of [posts, orders]) {
          const id = await make(name, { title: 'x' });
          await change(name, id, { title: 'y' });
          await remove(name, id);
        }
      };
      const all = ['create', 'update', 'delete'];
      const spellings: [string, string[], string[]][] = [
        [`collections=${posts}:create,update&collections=${orders}`, ['create', 'update'], all],
        [`collections=${posts}%3Acreate%2Cdelete&collections=${orders}:delete`, ['create', 'delete'], ['delete']],
        [`collection=${posts}:updated&collection=${orders}:*`, ['update'], all],
        [`collection=${posts}&collections=${orders}:create`, all, ['create']],
        [`collections=main.${posts}:create`, ['create'], []],
      ];
      const streams = await Promise.all(spellings.map(([query]) => read(`${SUBSCRIBE}?${query}`, a.token)));
      await act();
      for (const [i, [query, ofPosts, ofOrders]] of spellings.entries()) {
        const expected = [...ofPosts.map((one) => `${posts}.${one}`), ...ofOrders.map((one) => `${orders}.${one}`)];
        const stream = streams[i] as StreamReader;
        await stream.take(expected.length);
        expect(
          stream.events.map(({ data }) => data.type),
          query,
        ).toEqual(expected);
      }
    });

    it('an address that ends in a slash takes several collections too', async () => {
      const both = await names(2);
      const stream = await read(`${SUBSCRIBE}/?${asked(both)}`, a.token);
      expect(stream.status).toBe(200);
      await make(both[1] as string, { title: 'second' });
      expect((await stream.take(1))[0]?.data.type).toBe(`${both[1]}.create`);
    });

    it('the changes of all collections stand in one order', async () => {
      const three = await names(3);
      const stream = await read(`${SUBSCRIBE}?${asked(three)}`, a.token);
      const written: string[] = [];
      for (let i = 0; i < 30; i++) {
        const name = three[(i * 7) % 3] as string;
        await make(name, { title: `${i}` });
        written.push(`${name}.create`);
      }
      const events = await stream.take(30);
      expect(events.map(({ data }) => data.type)).toEqual(written);
      expect(inOrder(events)).toBe(true);
    });

    it('a transaction over several collections comes as it was written', async () => {
      const [posts, orders] = (await names(2)) as [string, string];
      const stream = await read(`${SUBSCRIBE}?${asked([orders, posts])}`, a.token);
      const operations = [0, 1, 2, 3].map((i) => ({
        op: 'create',
        collection: i % 2 === 0 ? posts : orders,
        data: { title: `${i}` },
      }));
      expect((await t.call('POST', '/api/v1/batch', { operations }, { token: a.token })).status).toBeLessThan(300);
      const events = await stream.take(4);
      expect(events.map(({ data }) => data.data.title)).toEqual(['0', '1', '2', '3']);
    });
  });

  describe('going on', () => {
    /** Writes to the collections in turn and answers the titles in their order. */
    async function interleaved(collections: readonly string[], count: number): Promise<string[]> {
      const titles: string[] = [];
      for (let i = 0; i < count; i++) {
        await make(collections[i % collections.length] as string, { title: `${i}` });
        titles.push(`${i}`);
      }
      return titles;
    }
    const titlesOf = (events: readonly Sent[]) => events.map(({ data }) => data.data.title);

    it('what was written while nobody was connected comes first, by header or parameter', async () => {
      const three = await names(3);
      const first = await read(`${SUBSCRIBE}?${asked(three)}`, a.token);
      await make(three[0] as string, { title: 'seen' });
      const [seen] = await first.take(1);
      first.close();
      const from = seen?.id as string;
      const titles = await interleaved(three, 24);
      const [byHeader, byParameter, both, some] = await Promise.all([
        read(`${SUBSCRIBE}?${asked(three)}`, a.token, { 'Last-Event-ID': from }),
        read(`${SUBSCRIBE}?${asked(three)}&last_event_id=${from}`, a.token),
        // A browser comes again with its old address.
        read(`${SUBSCRIBE}?${asked(three)}&last_event_id=0-0`, a.token, { 'Last-Event-ID': from }),
        read(`${SUBSCRIBE}?${asked(three.slice(1))}`, a.token, { 'Last-Event-ID': from }),
      ]);
      for (const stream of [byHeader, byParameter, both] as StreamReader[]) {
        const events = await stream.take(24);
        expect(titlesOf(events)).toEqual(titles);
        expect(inOrder(events)).toBe(true);
      }
      await (some as StreamReader).take(16);
      expect(titlesOf((some as StreamReader).events)).toEqual(titles.filter((_, i) => i % 3 !== 0));
      // And it goes on with what is written now.
      await make(three[2] as string, { title: 'now' });
      expect(titlesOf(await (byHeader as StreamReader).take(25)).at(-1)).toBe('now');
    });

    it('cut anywhere in a long catch-up, what follows is complete, once and in order', async () => {
      const three = await names(3);
      const begin = await read(`${SUBSCRIBE}?${asked(three)}`, a.token);
      await expect.poll(() => begin.lastId).not.toBeNull();
      const from = begin.lastId as string;
      begin.close();
      for (let i = 0; i < 9; i++) {
        const records = Array.from({ length: 70 }, (_, k) => ({ title: `${i * 70 + k}` }));
        const reply = await t.call('POST', `${base(three[i % 3] as string)}/batch`, { records }, { token: a.token });
        expect(reply.status).toBe(201);
      }
      const whole = await (await read(`${SUBSCRIBE}?${asked(three)}&last_event_id=${from}`, a.token)).take(630);
      expect(titlesOf(whole)).toEqual(Array.from({ length: 630 }, (_, i) => `${i}`));
      expect(inOrder(whole)).toBe(true);
      for (const cut of [0, 68, 69, 70, 199, 200, 399, 501, 628]) {
        const query = `${asked(three)}&last_event_id=${whole[cut]?.id}`;
        const rest = await (await read(`${SUBSCRIBE}?${query}`, a.token)).take(629 - cut);
        expect(rest, `${cut}`).toEqual(whole.slice(cut + 1));
      }
    });

    it('readers that break off again and again, while others write and read, miss nothing and see nothing twice', async () => {
      const three = await names(3);
      const steady = await read(`${SUBSCRIBE}?${asked(three)}`, a.token);
      await expect.poll(() => steady.lastId).not.toBeNull();
      const from = steady.lastId as string;
      const [each, all] = [60, 180];
      const writing = Promise.all(
        three.map(async (name, own) => {
          for (let i = 0; i < each; i++) await make(name, { title: `${own}-${i}` });
        }),
      );
      const restless = async (patience: number): Promise<Sent[]> => {
        const got: Sent[] = [];
        for (let at = from; got.length < all; at = got.at(-1)?.id as string) {
          const stream = await read(`${SUBSCRIBE}?${asked(three)}`, a.token, { 'Last-Event-ID': at });
          await stream.take(Math.min(patience, all - got.length));
          stream.close();
          await stream.ended;
          got.push(...stream.events);
        }
        return got;
      };
      const [every, ...others] = await Promise.all([steady.take(all), ...[1, 2, 5, 11, 23].map(restless)]);
      await writing;
      expect(inOrder(every)).toBe(true);
      for (const own of [0, 1, 2]) {
        const mine = titlesOf(every).filter((title) => title.startsWith(`${own}-`));
        expect(mine).toEqual(Array.from({ length: each }, (_, i) => `${own}-${i}`));
      }
      for (const got of others) expect(got.map(({ id }) => id)).toEqual(every.map(({ id }) => id));
    });

    it('a position that the log does not hold: each collection is told to begin anew, and goes on from now', async () => {
      const two = await names(2);
      const stream = await read(`${SUBSCRIBE}?${asked(two)}`, a.token, { 'Last-Event-ID': '999999999-1' });
      const resets = await stream.take(2);
      expect(resets.map(({ event, data }) => [event, data.type, data.collection])).toEqual(
        two.map((name) => ['message', 'reset', name]),
      );
      for (const { id, data } of resets) expect([data.id, parsePosition(data.id)]).toEqual([id, expect.anything()]);
      await make(two[1] as string, { title: 'now' });
      const [, , now] = await stream.take(3);
      expect(now?.data.data.title).toBe('now');
      const again = await read(`${SUBSCRIBE}?${asked(two)}&last_event_id=${resets[1]?.id}`, a.token);
      expect((await again.take(1))[0]).toEqual(now);
    });

    it.runIf(kind === 'postgres')('at another process too', async () => {
      const two = await names(2);
      const here = await read(`${SUBSCRIBE}?${asked(two)}`, a.token);
      await make(two[0] as string, { title: 'seen' });
      const [seen] = await here.take(1);
      const titles = await interleaved(two, 6);
      const twin = await t.twin();
      const there = await openStream(`${twin.url}${SUBSCRIBE}?${asked(two)}`, {
        Authorization: `Bearer ${a.token}`,
        'Last-Event-ID': seen?.id as string,
      });
      readers.push(there);
      expect(titlesOf(await there.take(6))).toEqual(titles);
      expect(there.events).toEqual((await here.take(7)).slice(1));
      await twin.stop();
      await there.ended;
    });
  });

  describe('who sees what', () => {
    it("another account's records, rows and fields that are hidden, and personal data stay where they are", async () => {
      const [own, plain] = (await names(2, {
        ...OPEN,
        list_rule: '@owns_record()',
        view_rule: '@owns_record()',
      })) as [string, string];
      const { name: partial } = await t.collection({
        schema: [
          { name: 'title', type: 'text' },
          { name: 'secret', type: 'text' },
          { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
        ],
        ...OPEN,
        list_fields: ['title', 'mail'],
        view_fields: ['title', 'mail'],
      });
      const query = `${SUBSCRIBE}?${asked([own, plain, partial])}`;
      const member = await t.member(a.account.id);
      const [his, root, stranger] = await Promise.all([
        read(query, member.token),
        read(query, t.root, { 'X-Account-ID': a.account.id }),
        read(query, b.token),
      ]);
      await make(own, { title: 'of-the-admin' });
      const id = await make(own, { title: 'of-the-member' }, member.token);
      await make(partial, { title: 'seen', secret: 'hush-hush', mail: 'someone@example.com' });
      await remove(own, id, member.token);
      await make(plain, { title: 'last' }, member.token);
      await Promise.all([(his as StreamReader).take(4), (root as StreamReader).take(5)]);
      expect(told((his as StreamReader).events)).toEqual([
        [`${own}.create`, 'of-the-member'],
        [`${partial}.create`, 'seen'],
        [`${own}.delete`, id],
        [`${plain}.create`, 'last'],
      ]);
      const seen = (his as StreamReader).events[1]?.data;
      expect([seen.data.mail, seen.changes.added]).toEqual(['s***@example.com', ['title', 'mail']]);
      for (const hidden of ['of-the-admin', 'hush', 'secret', 'someone@'])
        expect((his as StreamReader).text).not.toContain(hidden);
      expect((root as StreamReader).text).toContain('of-the-admin');
      // What he would have got stands before what he gets.
      await make(partial, { title: 'own', secret: 's', mail: 'x@example.com' }, b.token);
      expect(told(await (stranger as StreamReader).take(1))).toEqual([[`${partial}.create`, 'own']]);
      const again = await read(query, b.token, { 'Last-Event-ID': (his as StreamReader).events[0]?.id as string });
      expect(told(await again.take(1))).toEqual([[`${partial}.create`, 'own']]);
    });

    it('a key sees what its scopes hold, an admin token and a superadmin every account or the one that is named', async () => {
      const [one, other] = (await names(2, OPEN)) as [string, string];
      const scopes = { [one]: { read: ['title'] } };
      const { key } = (await t.call('POST', '/api/v1/api-keys', { name: 'watch', scopes }, { token: a.token })).body;
      expect((await get(`?${asked([one, other])}`, null, { 'X-API-Key': key })).body.code).toBe(
        'KEY_PERMISSION_DENIED',
      );
      const [keyed, every, named] = await Promise.all([
        read(`${SUBSCRIBE}?collections=${one}`, null, { 'X-API-Key': key }),
        read(`${SUBSCRIBE}?${asked([one, other])}`, t.root),
        read(`${SUBSCRIBE}?${asked([one, other])}`, t.root, { 'X-Account-ID': b.account.slug }),
      ]);
      await make(one, { title: 'a', rank: 4711 });
      await make(other, { title: 'b' }, b.token);
      const [seen] = await (keyed as StreamReader).take(1);
      expect(seen?.data.data.title).toBe('a');
      expect((keyed as StreamReader).text).not.toMatch(/rank|4711/);
      expect(told(await (every as StreamReader).take(2))).toEqual([
        [`${one}.create`, 'a'],
        [`${other}.create`, 'b'],
      ]);
      expect(told(await (named as StreamReader).take(1))).toEqual([[`${other}.create`, 'b']]);
    });

    it('public collections, without a credential, of the account that is named; one that is not public refuses all', async () => {
      const [open, other] = (await names(2, OPEN)) as [string, string];
      const [closed] = (await names(1, { ...OPEN, list_rule: 'rank > 1' })) as [string];
      const account = { 'X-Account-ID': a.account.slug };
      const stream = await read(`${SUBSCRIBE}?${asked([open, other])}`, null, account);
      await make(open, { title: 'foreign' }, b.token);
      await make(other, { title: 'public' });
      expect(told(await stream.take(1))).toEqual([[`${other}.create`, 'public']]);
      expect((await get(`?${asked([open])}`, null)).body.code).toBe('ACCOUNT_REQUIRED');
      const refused = await get(`?${asked([open, closed])}`, null, account);
      expect([refused.status, refused.body.code]).toEqual([401, 'UNAUTHORIZED']);
    });
  });

  describe('the end', () => {
    it('a collection that is disabled, deleted or locked is told of, and the others go on to the last', async () => {
      const four = (await names(4, OPEN)) as [string, string, string, string];
      const [disabled, deleted, locked, last] = four;
      const stream = await read(`${SUBSCRIBE}?${asked(four)}`, a.token);
      const collection = (name: string) => `/api/v1/collections/${name}`;
      await t.call('PATCH', collection(disabled), { enabled: false }, { token: t.root });
      await stream.take(1);
      await t.call('DELETE', collection(deleted), undefined, { token: t.root });
      await stream.take(2);
      await t.call('PATCH', collection(locked), { list_rule: 'false' }, { token: t.root });
      await stream.take(3);
      const [, notFound] = stream.events;
      expect(stream.events.map(({ event, data }) => [event, data.type, data.collection, data.code])).toEqual([
        ['message', 'error', disabled, 'RESOURCE_DISABLED'],
        ['message', 'error', deleted, 'RESOURCE_NOT_FOUND'],
        ['message', 'error', locked, 'FORBIDDEN'],
      ]);
      expect(notFound?.data.error).toMatch(/not found/i);
      await t.call('PATCH', collection(disabled), { enabled: true }, { token: t.root });
      await make(disabled, { title: 'enabled again' });
      await make(last, { title: 'still here' });
      expect(told((await stream.take(4)).slice(3))).toEqual([[`${last}.create`, 'still here']]);
      await t.call('DELETE', collection(last), undefined, { token: t.root });
      await stream.take(5);
      await stream.ended;
      expect(stream.events[4]?.data).toMatchObject({ type: 'error', collection: last, code: 'RESOURCE_NOT_FOUND' });
    });

    it('logout ends it, and says so for each collection', async () => {
      const two = await names(2, OPEN);
      const member = await t.member(a.account.id);
      const stream = await read(`${SUBSCRIBE}?${asked(two)}`, member.token);
      await make(two[0] as string, { title: 'before' });
      await stream.take(1);
      expect((await t.call('POST', '/api/v1/auth/logout', {}, { token: member.token })).status).toBeLessThan(300);
      await make(two[0] as string, { title: 'after' });
      await stream.ended;
      expect(stream.events.slice(1).map(({ data }) => [data.type, data.collection, data.code])).toEqual(
        two.map((name) => ['error', name, 'UNAUTHORIZED']),
      );
    });
  });

  describe('tickets', () => {
    const TICKET = '/api/v1/realtime/ticket';
    const ticket = async (token: string | null, headers: Record<string, string> = {}): Promise<string> => {
      const reply = await t.call('POST', TICKET, undefined, { token, headers });
      expect([reply.status, Object.keys(reply.body), reply.body.expires_in]).toEqual([
        201,
        ['ticket', 'expires_in'],
        60,
      ]);
      expect(reply.body.ticket).toMatch(/^sbt_[\w-]{43}$/);
      return reply.body.ticket;
    };
    /** The three doors that take one. */
    const doors = (name: string) => [
      (sent: string) => read(`${base(name)}/stream?ticket=${sent}`, null),
      (sent: string) => read(`${SUBSCRIBE}?collections=${name}&ticket=${sent}`, null),
    ];
    const socketBy = async (query: string) => {
      const socket = await openSocket(`${t.url}/api/v1/realtime/ws?${query}`);
      sockets.push(socket);
      return socket;
    };

    it('open a stream of one collection, of several, and a WebSocket, once each', async () => {
      const [posts] = (await names(1)) as [string];
      const spent: string[] = [];
      const opened: StreamReader[] = [];
      for (const door of doors(posts)) {
        const sent = await ticket(a.token);
        const stream = await door(sent);
        expect(stream.status).toBe(200);
        opened.push(stream);
        spent.push(sent);
      }
      const sent = await ticket(a.token);
      const socket = await socketBy(`ticket=${sent}`);
      expect((await socket.ask({ action: 'subscribe', collection: posts })).type).toBe('subscribed');
      spent.push(sent);
      // The rights are asked for again whenever they may have changed; the ticket is not.
      await t.call('PATCH', `/api/v1/collections/${posts}`, { description: 'changed' }, { token: t.root });
      await make(posts, { title: 'seen' });
      for (const stream of opened) expect((await stream.take(1))[0]?.data.type).toMatch(/create/);
      expect((await socket.events(1))[0].data.title).toBe('seen');
      for (const old of spent) {
        for (const door of doors(posts)) {
          const { status, text } = await door(old);
          expect([status, text === '' || JSON.parse(text).code === 'UNAUTHORIZED']).toEqual([401, true]);
        }
        expect(await (await socketBy(`ticket=${old}`)).closed).toEqual({ code: 1008, reason: 'UNAUTHORIZED' });
      }
    });

    it('of many who use one at the same time one gets in', async () => {
      const [posts] = (await names(1)) as [string];
      const sent = await ticket(a.token);
      const tries = await Promise.all(Array.from({ length: 6 }, () => doors(posts).map((door) => door(sent))).flat());
      expect(tries.map(({ status }) => status).sort()).toEqual([200, ...Array(11).fill(401)]);
    });

    it('stand for the rights of who asked for them: a user, a key, a superadmin within the account that he named', async () => {
      const [posts] = (await names(1, { ...OPEN, list_rule: '@owns_record()', view_rule: '@owns_record()' })) as [
        string,
      ];
      const member = await t.member(a.account.id);
      const scopes = { [posts]: { read: ['title'] } };
      const { key } = (await t.call('POST', '/api/v1/api-keys', { name: 'watch', scopes }, { token: a.token })).body;
      const [, subscribe] = doors(posts) as [unknown, (sent: string) => Promise<StreamReader>];
      const his = await subscribe(await ticket(member.token));
      const keyed = await subscribe(await ticket(null, { 'X-API-Key': key }));
      const every = await subscribe(await ticket(t.root));
      const root = await subscribe(await ticket(t.root, { 'X-Account-ID': a.account.slug }));
      await make(posts, { title: 'of-b' }, b.token);
      await make(posts, { title: 'of-the-admin', rank: 4711 });
      await make(posts, { title: 'of-the-member' }, member.token);
      const titles = async (stream: StreamReader, count: number) =>
        (await stream.take(count)).map(({ data }) => data.data.title);
      expect(await titles(every, 3)).toEqual(['of-b', 'of-the-admin', 'of-the-member']);
      expect(await titles(root, 2)).toEqual(['of-the-admin', 'of-the-member']);
      expect(await titles(his, 1)).toEqual(['of-the-member']);
      expect(await titles(keyed, 1)).toEqual(['of-the-admin']);
      expect(keyed.text).not.toContain('4711');
    });

    it('are worth nothing when unknown, too old, asked for by nobody, or when their credential is over', async () => {
      const [posts] = (await names(1)) as [string];
      const refused = await t.call('POST', TICKET, undefined, { headers: { 'X-Account-ID': a.account.slug } });
      expect([refused.status, refused.body.code]).toEqual([401, 'UNAUTHORIZED']);
      const member = await t.member(a.account.id);
      const ended = await ticket(member.token);
      await t.call('POST', '/api/v1/auth/logout', {}, { token: member.token });
      const scopes = { [posts]: { read: '*' } };
      const made = (await t.call('POST', '/api/v1/api-keys', { name: 'brief', scopes }, { token: a.token })).body;
      const revoked = await ticket(made.key);
      await t.call('DELETE', `/api/v1/api-keys/${made.id}`, undefined, { token: a.token });
      const good = await ticket(a.token);
      const bad = ['', 'sbt_', good.slice(0, -1), `${good}A`, good.replace('sbt_', 'SBT_'), `sbt_${'A'.repeat(43)}`];
      for (const sent of [ended, revoked, ...bad])
        for (const door of doors(posts)) expect((await door(sent)).status, sent).toBe(401);
      // A credential that is sent along does not make up for it.
      const both = await read(`${SUBSCRIBE}?collections=${posts}&ticket=nonsense`, a.token);
      expect(both.status).toBe(401);
      const [, subscribe] = doors(posts) as [unknown, (sent: string) => Promise<StreamReader>];
      expect((await subscribe(good)).status).toBe(200);

      const [inTime, late] = [await ticket(a.token), await ticket(a.token)];
      const age = (seconds: number) =>
        t.app.db.query(`update snackbase.realtime_tickets set expires_at = expires_at - $1 * interval '1 second'`, [
          seconds,
        ]);
      await age(50);
      expect((await subscribe(inTime)).status).toBe(200);
      await age(10);
      expect((await subscribe(late)).status).toBe(401);
      // Nobody who reads the database learns a credential, and what was not used goes.
      await ticket(a.token);
      const rows = await t.app.db.query<Json>(
        `select encode(sealed, 'escape') as sealed from snackbase.realtime_tickets`,
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain(a.token.slice(-20));
      await age(600);
      await ticket(a.token);
      expect(await t.app.db.query('select 1 from snackbase.realtime_tickets')).toHaveLength(1);
    });

    it('open streams and nothing else; so does a token in the address, and that of one collection takes none', async () => {
      const [posts] = (await names(1)) as [string];
      const sent = await ticket(a.token);
      const closed = [
        base(posts),
        `${base(posts)}/schema`,
        '/api/v1/auth/me',
        '/api/v1/collections/names',
        '/api/v1/groups',
        '/api/v1/audit-logs',
      ];
      for (const path of closed)
        for (const query of [`ticket=${sent}`, `token=${a.token}`])
          expect((await t.call('GET', `${path}?${query}`)).status, path).toBe(401);
      expect((await t.call('POST', `${TICKET}?token=${a.token}`)).status).toBe(401);
      expect((await t.call('POST', `${base(posts)}?ticket=${sent}`, { title: 'x' })).status).toBe(401);
      // There it is a field like any other.
      for (const name of ['ticket', 'token']) {
        const { status, body } = await t.call('GET', `${base(posts)}?${name}=x`, undefined, { token: a.token });
        expect([status, body.code, body.errors[0].field]).toEqual([400, 'INVALID_FIELDS', name]);
      }
      expect((await read(`${base(posts)}/stream?token=${a.token}`, null)).status).toBe(401);
      expect((await read(`${SUBSCRIBE}?collections=${posts}&token=${a.token}`, null)).status).toBe(200);
      const socket = await socketBy(`token=${a.token}`);
      expect(await socket.ask({ action: 'ping' })).toEqual({ type: 'pong' });
      // Nothing of this has used it up.
      expect((await read(`${SUBSCRIBE}?collections=${posts}&ticket=${sent}`, null)).status).toBe(200);
    });

    it.runIf(kind === 'postgres')('are good at every process', async () => {
      const [posts] = (await names(1)) as [string];
      const sent = await ticket(a.token);
      const twin = await t.twin();
      const there = await openStream(`${twin.url}${SUBSCRIBE}?collections=${posts}&ticket=${sent}`);
      readers.push(there);
      expect(there.status).toBe(200);
      expect((await read(`${SUBSCRIBE}?collections=${posts}&ticket=${sent}`, null)).status).toBe(401);
      await twin.stop();
    });

    it('neither they nor tokens in addresses are written to the log', async () => {
      const logged: string[] = [];
      const write = fs.writeSync;
      const written = vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, text: string, ...more: never[]) => {
        if (fd !== 2) return write(fd, text, ...more);
        logged.push(String(text));
        return Buffer.byteLength(text);
      }) as typeof write);
      try {
        const loud = await startApp({ log: 'debug' });
        const tenant = await loud.tenant();
        const { name } = await loud.collection({ schema: SCHEMA });
        const reply = await loud.call('POST', TICKET, undefined, { token: tenant.token });
        const secrets = [reply.body.ticket, tenant.token];
        const [byTicket, byToken] = [`ticket=${secrets[0]}`, `token=${secrets[1]}`];
        const both = [
          await openStream(`${loud.url}${SUBSCRIBE}?collections=${name}&${byToken}`),
          await openStream(`${loud.url}${base(name)}/stream?${byTicket}`),
        ];
        expect(both.map(({ status }) => status)).toEqual([200, 200]);
        // Also where they are refused, and where something breaks.
        for (const path of [`${SUBSCRIBE}?${byTicket}`, `${SUBSCRIBE}?${byToken}&${byToken}`, `/nowhere?${byToken}`])
          expect((await loud.call('GET', path)).status).toBeGreaterThanOrEqual(400);
        for (const query of [byTicket, byToken]) {
          const socket = await openSocket(`${loud.url}/api/v1/realtime/ws?${query}`);
          if (query === byToken) await socket.ask({ action: 'subscribe', collection: name });
          socket.close();
        }
        await openSocket(`${loud.url}/nowhere?${byToken}`).catch(() => {});
        await loud.app.db.query('drop table snackbase.realtime_tickets');
        expect((await loud.call('GET', `${SUBSCRIBE}?${byTicket}`)).status).toBeGreaterThanOrEqual(500);
        await loud.stop();
        for (const reader of both) await reader.ended;
        const text = logged.join('');
        expect(text).toContain(`"path":"${SUBSCRIBE}"`);
        expect(text).toContain('"level":50');
        for (const secret of secrets) expect(text).not.toContain(secret.slice(-20));
      } finally {
        written.mockRestore();
      }
    });
  });

  it('refuses what it cannot read, and collections that are not open', async () => {
    const [open] = (await names(1, OPEN)) as [string];
    const [closed] = (await names(1, { list_rule: 'false' })) as [string];
    const many = Array.from({ length: 101 }, (_, i) => `many_${i}`);
    const table: [string, number, string, string?][] = [
      ['', 400, 'INVALID_QUERY_PARAMS', 'collections'],
      ['?collections=', 400, 'INVALID_QUERY_PARAMS', 'collections'],
      ['?collections=:create', 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}:created_at`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}:create,`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}:create:update`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}:toString`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}&collections=${open}`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}:create&collection=${open}:update`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?${asked(many)}`, 409, 'LIMIT_REACHED'],
      [`?${asked([...many, ...many])}`, 400, 'INVALID_QUERY_PARAMS', 'collections'],
      [`?collections=${open}&collections=nowhere`, 404, 'RESOURCE_NOT_FOUND'],
      [`?collections=${open}&collections=${closed}`, 403, 'FORBIDDEN'],
      [`?collections=${open}&last_event_id=yesterday`, 400, 'INVALID_QUERY_PARAMS', 'last_event_id'],
      [`?collections=${open}&last_event_id=1-2-3`, 400, 'INVALID_QUERY_PARAMS', 'last_event_id'],
      [`?collections=${open}&last_event_id=-1-1`, 400, 'INVALID_QUERY_PARAMS', 'last_event_id'],
      [`?collections=${open}&last_event_id=${'9'.repeat(30)}-1`, 400, 'INVALID_QUERY_PARAMS', 'last_event_id'],
      [`?collections=${open}&last_event_id=1-1&last_event_id=1-1`, 400, 'INVALID_QUERY_PARAMS', 'last_event_id'],
      [`?collections=${open}&filter=rank > 1`, 400, 'INVALID_QUERY_PARAMS', 'filter'],
      [`?collections=${open}&title=x`, 400, 'INVALID_QUERY_PARAMS', 'title'],
    ];
    for (const [query, status, code, field] of table) {
      const { status: got, body } = await get(query);
      expect([got, body?.code, body?.errors[0]?.field], query.slice(0, 200)).toEqual([status, code, field]);
    }
    const header = await get(`?collections=${open}`, a.token, { 'Last-Event-ID': 'yesterday' });
    expect([header.status, header.body.code]).toEqual([400, 'INVALID_HEADER']);
    // The most that it takes: these are told that there is no such collection.
    expect((await get(`?${asked(many.slice(1))}`)).status).toBe(404);
  });

  it('whoever asks for the head of it gets the head', async () => {
    const [open] = (await names(1, OPEN)) as [string];
    const { hostname, port } = new URL(t.url);
    const answered = await new Promise<Json>((resolve, reject) => {
      const path = `${SUBSCRIBE}?collections=${open}`;
      request({ method: 'HEAD', hostname, port, path, headers: { Authorization: `Bearer ${a.token}` } }, (response) =>
        response.resume().once('end', () => resolve(response)),
      )
        .once('error', reject)
        .end();
    });
    expect([answered.statusCode, answered.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/ev/)]);
  });
});

// Live lists: what events do to a list in every order, when it is read again, and what a reader of it sees.
import { afterAll, describe, expect, test } from 'vitest';
import { type LiveOptions, PermissionError, SnackBaseClient, type StreamStatus } from '../../sdk/src/index.ts';
import { LiveList } from '../../sdk/src/live-list.ts';
import { Order } from '../../sdk/src/order.ts';
import { Slice } from '../../sdk/src/slice.ts';
import type { Seen } from './server.ts';
import { type Connection, change, type StreamServer, sleep, some, streamServer } from './stream-server.ts';

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
process.on('unhandledRejection', note);
afterAll(async () => {
  await sleep(20);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

interface Card {
  readonly id: string;
  readonly updated_at: string;
  readonly [field: string]: unknown;
}
type Options = LiveOptions<Record<string, unknown>>;

let clock = 0;
/** A time as the server writes it, each later than the one before. */
const now = () => `2026-01-02T03:04:05.${String(++clock).padStart(6, '0')}Z`;
const card = (id: string, more: object = {}): Card => ({ id, updated_at: now(), ...more });

/** A collection whose list is read like the server's, by pages, and whose changes are sent when the test says so. */
class Collection {
  readonly rows = new Map<string, Card>();
  readonly reads: Seen[] = [];
  server!: StreamServer;
  connection!: Connection;
  /** Between a read of the rows and its answer. */
  before: (nth: number) => Promise<unknown> = async () => {};
  #position = 0;

  constructor(
    readonly compare: (a: Card, b: Card) => number,
    cards: readonly Card[],
  ) {
    for (const one of cards) this.rows.set(one.id, one);
  }

  async start(): Promise<this> {
    this.server = await streamServer(async (seen) => {
      this.reads.push(seen);
      const limit = Number(seen.query.get('limit'));
      const from = Number(seen.query.get('cursor') ?? 0);
      const all = [...this.rows.values()].sort(this.compare);
      const items = all.slice(from, from + limit);
      const next_cursor = from + limit < all.length ? String(from + limit) : null;
      await this.before(this.reads.length);
      return { json: { items, total: null, skip: 0, limit, next_cursor, has_more: next_cursor !== null } };
    });
    return this;
  }

  /** Stores and tells. */
  put(row: Card, told = true): this {
    const old = this.rows.get(row.id) ?? null;
    this.rows.set(row.id, row);
    return told ? this.tell(old === null ? 'created' : 'updated', row, old) : this;
  }

  remove(id: string, told = true): this {
    const old = this.rows.get(id) as Card;
    this.rows.delete(id);
    return told ? this.tell('deleted', old, old) : this;
  }

  tell(type: 'created' | 'updated' | 'deleted', row: Card, old: Card | null = null): this {
    this.connection.send(change(`1-${++this.#position}`, type, row, old));
    return this;
  }

  reset(): this {
    this.connection.send(`id: 9-${++this.#position}\nevent: reset\ndata: {}\n\n`);
    return this;
  }
}

const by =
  (field: string, sign = 1) =>
  (a: Card, b: Card) =>
    sign * (Number(a[field]) - Number(b[field]) || (a.id < b.id ? -1 : 1));

/** A live list of such a collection that stands and has been read. */
async function living(collection: Collection, options: Options = {}) {
  await collection.start();
  const changes: (readonly unknown[])[] = [];
  const sb = new SnackBaseClient({ url: collection.server.url, token: 't' });
  const list = sb.records.live('cards', { onChange: (items) => changes.push(items), ...options });
  collection.connection = (await collection.server.next()).open();
  const ids = () => list.items.map(({ id }) => id).join(' ');
  return { list, ids, changes, collection };
}
const ranked = (...ranks: number[]) => ranks.map((rank) => card(`r${rank}`, { rank }));

/** What a promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (error: unknown) => error,
  );

describe('the requests', () => {
  test('it subscribes first and reads once the stream stands, page after page', async () => {
    const cards = Array.from({ length: 250 }, (_, i) => card(`c${String(i).padStart(3, '0')}`, { rank: i }));
    const collection = await new Collection(by('rank'), cards).start();
    const sb = new SnackBaseClient({ url: collection.server.url });
    const list = sb.records.live('cards', {
      filter: { active: true, rank: { $gte: 0 } },
      sort: ['rank'],
      fields: ['title'],
      headers: { 'x-own': '1' },
    });
    const connection = await collection.server.next();
    await sleep(50);
    expect([collection.reads.length, list.items]).toEqual([0, []]);
    connection.open();
    await list.ready;
    expect(list.items).toHaveLength(250);
    const filter = 'active=true&filter=%7B%22rank%22%3A%7B%22%24gte%22%3A0%7D%7D';
    const fields = 'fields=title%2Crank%2Cid%2Cupdated_at';
    expect(connection.seen.url).toBe(`/api/v1/records/cards/stream?${fields}&${filter}`);
    expect(collection.reads.map(({ url }) => url)).toEqual(
      [
        `/api/v1/records/cards?${filter}&limit=100&sort=rank&${fields}&count=false`,
        `/api/v1/records/cards?limit=100&${filter}&sort=rank&${fields}&count=false&cursor=100`,
        `/api/v1/records/cards?limit=100&${filter}&sort=rank&${fields}&count=false&cursor=200`,
      ].map((url) => expect.toSatisfy((sent: string) => sameQuery(sent, url))),
    );
    for (const { headers } of [connection.seen, ...collection.reads]) expect(headers['x-own']).toBe('1');
    list.close();
  });

  const sameQuery = (a: string, b: string): boolean => {
    const [x, y] = [a, b].map((url) => {
      const { pathname, searchParams } = new URL(url, 'http://x');
      searchParams.sort();
      return `${pathname}?${searchParams}`;
    });
    return x === y;
  };

  test('a limit is read in pages no larger than it', async () => {
    const small = await living(new Collection(by('rank'), ranked(1, 2, 3)), { sort: 'rank', limit: 2 });
    await small.list.ready;
    expect([small.ids(), small.collection.reads.map(({ query }) => query.get('limit'))]).toEqual(['r1 r2', ['2']]);
    small.list.close();
    const cards = Array.from({ length: 300 }, (_, rank) => card(`c${String(rank).padStart(3, '0')}`, { rank }));
    const large = await living(new Collection(by('rank'), cards), { sort: 'rank', limit: 150 });
    await large.list.ready;
    expect([large.list.items.length, large.collection.reads.length]).toEqual([150, 2]);
    large.list.close();
  });
});

describe('changes', () => {
  test('are put in their place, moved, replaced and removed; each makes another array', async () => {
    const { list, ids, changes, collection } = await living(new Collection(by('rank'), ranked(1, 3, 5)), {
      sort: 'rank',
    });
    await list.ready;
    expect(ids()).toBe('r1 r3 r5');
    const steps: [() => void, string][] = [
      [() => collection.put(card('r4', { rank: 4 })), 'r1 r3 r4 r5'],
      [() => collection.put(card('r0', { rank: 0 })), 'r0 r1 r3 r4 r5'],
      [() => collection.put(card('r9', { rank: 9 })), 'r0 r1 r3 r4 r5 r9'],
      [() => collection.put(card('r0', { rank: 4.5 })), 'r1 r3 r4 r0 r5 r9'],
      [() => collection.remove('r3'), 'r1 r4 r0 r5 r9'],
      [() => collection.put(card('r4', { rank: 10 })), 'r1 r0 r5 r9 r4'],
    ];
    for (const [step, after] of steps) {
      const before = list.items;
      step();
      await expect.poll(ids).toBe(after);
      expect(list.items).not.toBe(before);
      expect(changes.at(-1)).toBe(list.items);
    }
    const seen = list.items;
    collection.put(card('r5', { rank: 5, title: 'new' }));
    await expect.poll(() => list.items.find(({ id }) => id === 'r5')?.title).toBe('new');
    expect([seen.some(({ title }) => title === 'new'), ids()]).toEqual([false, 'r1 r0 r5 r9 r4']);
    expect(collection.reads).toHaveLength(1);
    list.close();
  });

  test('that come together are told once', async () => {
    const { list, ids, changes, collection } = await living(new Collection(by('rank'), []), { sort: 'rank' });
    await list.ready;
    const before = changes.length;
    const all = Array.from({ length: 50 }, (_, rank) =>
      change(`1-${rank + 1}`, 'created', card(`c${rank + 10}`, { rank })),
    );
    collection.connection.send(all.join(''));
    await expect.poll(() => list.items.length).toBe(50);
    expect(ids()).toBe(Array.from({ length: 50 }, (_, i) => `c${i + 10}`).join(' '));
    expect(changes.length - before).toBeLessThan(10);
    list.close();
  });

  test('a record that enters or leaves the filter or the sight', async () => {
    const { list, ids, collection } = await living(new Collection(by('rank'), ranked(1, 2)), { sort: 'rank' });
    await list.ready;
    collection.tell('deleted', card('r1'), null);
    await expect.poll(ids).toBe('r2');
    collection.tell('updated', card('r1', { rank: 3 }), null);
    await expect.poll(ids).toBe('r2 r1');
    collection.tell('deleted', card('unknown'), null).put(card('r4', { rank: 4 }));
    await expect.poll(ids).toBe('r2 r1 r4');
    list.close();
  });

  test('older than what is held undo nothing; of the same time they count if they differ', async () => {
    const [old, held] = [card('a', { rank: 1, title: 'old' }), card('a', { rank: 1, title: 'held' })];
    const { list, changes, collection } = await living(new Collection(by('rank'), [held]), { sort: 'rank' });
    await list.ready;
    collection.tell('updated', old).tell('updated', held);
    await sleep(50);
    expect([list.items, changes.length]).toEqual([[held], 1]);
    collection.tell('updated', { ...held, parent: null });
    await expect.poll(() => list.items).toEqual([{ ...held, parent: null }]);
    expect(changes).toHaveLength(2);
    list.close();
  });

  test('that come before and during the first read are applied to what it finds', async () => {
    const collection = new Collection(by('rank'), ranked(1, 2, 3));
    let told = false;
    collection.before = async () => {
      // The rows are read; what happens now, only the stream can tell.
      collection
        .remove('r1')
        .put(card('r2', { rank: 20 }))
        .put(card('r4', { rank: 4 }));
      await sleep(50);
      told = true;
    };
    const { list, ids, changes } = await living(collection, { sort: 'rank' });
    await list.ready;
    expect([told, ids(), changes.length]).toEqual([true, 'r3 r4 r2', 1]);
    list.close();
  });

  test('over a broken connection', async () => {
    const statuses: StreamStatus[] = [];
    const { list, ids, collection } = await living(new Collection(by('rank'), ranked(1)), {
      sort: 'rank',
      onStatus: (status) => statuses.push(status),
    });
    await list.ready;
    collection.put(card('r2', { rank: 2 }));
    await expect.poll(ids).toBe('r1 r2');
    collection.connection.drop();
    collection.connection = await collection.server.next();
    expect(collection.connection.lastEventId).toBe('1-1');
    collection.connection.open();
    collection.put(card('r3', { rank: 3 }));
    await expect.poll(ids).toBe('r1 r2 r3');
    expect([collection.reads.length, list.status.state]).toEqual([1, 'open']);
    expect(statuses.map(({ state }) => state)).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
    list.close();
  });
});

describe('a list that is full', () => {
  const full = (options: Options = {}) =>
    living(new Collection(by('rank'), ranked(1, 2, 3, 4, 5)), { sort: 'rank', limit: 3, ...options });

  test('one that enters pushes out the last, without a read', async () => {
    const { list, ids, collection } = await full();
    await list.ready;
    collection.put(card('r0', { rank: 0 }));
    await expect.poll(ids).toBe('r0 r1 r2');
    collection.put(card('r6', { rank: 6 })).put(card('r1.5', { rank: 1.5 }));
    await expect.poll(ids).toBe('r0 r1 r1.5');
    collection.put({ ...(collection.rows.get('r1.5') as Card), updated_at: now(), title: 'same place' });
    await expect.poll(() => list.items[2]?.title).toBe('same place');
    await sleep(150);
    expect(collection.reads).toHaveLength(1);
    list.close();
  });

  test.each<[string, (collection: Collection) => void, string, string]>([
    ['one is deleted', (c) => c.remove('r2'), 'r1 r3', 'r1 r3 r4'],
    ['one leaves the filter', (c) => c.remove('r1'), 'r2 r3', 'r2 r3 r4'],
    ['one moves to the end or behind it', (c) => c.put(card('r1', { rank: 9 })), 'r2 r3', 'r2 r3 r4'],
    ['several at once', (c) => c.remove('r1').remove('r2').remove('r3'), '', 'r4 r5'],
  ])('is read again, once, when %s', async (_, act, between, after) => {
    const { list, ids, collection } = await full();
    await list.ready;
    act(collection);
    await expect.poll(ids, { interval: 5 }).toBe(between);
    await expect.poll(ids).toBe(after);
    await sleep(150);
    expect(collection.reads).toHaveLength(2);
    list.close();
  });

  test('one that comes in from behind is found', async () => {
    const { list, ids, collection } = await full();
    await list.ready;
    collection.put(card('r5', { rank: 1.5 }));
    await expect.poll(ids).toBe('r1 r5 r2');
    expect(collection.reads).toHaveLength(1);
    list.close();
  });

  test('one that was not full grows, and then is', async () => {
    const { list, ids, collection } = await living(new Collection(by('rank'), ranked(1, 2)), {
      sort: 'rank',
      limit: 3,
    });
    await list.ready;
    collection
      .put(card('r4', { rank: 4 }))
      .put(card('r5', { rank: 5 }))
      .put(card('r3', { rank: 3 }));
    await expect.poll(ids).toBe('r1 r2 r3');
    collection.remove('r3');
    await expect.poll(ids).toBe('r1 r2 r4');
    expect(collection.reads).toHaveLength(2);
    list.close();
  });

  test('what is told during the second read, and is in it, is no reason for a third', async () => {
    const { list, ids, collection } = await full();
    await list.ready;
    const gone = collection.rows.get('r3') as Card;
    collection.before = async () => {
      collection.tell('deleted', gone, gone);
      await sleep(40);
    };
    collection.remove('r3', false).remove('r2');
    await expect.poll(ids).toBe('r1 r4 r5');
    await sleep(150);
    expect(collection.reads).toHaveLength(2);
    list.close();
  });

  test('a record that moved while its pages were read stands where it was found last', () => {
    const slice = new Slice(new Order('rank'), 3, false);
    const rows = ranked(1, 2, 3);
    const moved = { ...(rows[0] as Card), rank: 9 };
    slice.fill([...rows, moved], false);
    expect(slice.items).toEqual([rows[1], rows[2], moved]);
  });

  test('changes during the second read are applied to it', async () => {
    const { list, ids, collection } = await full();
    await list.ready;
    collection.before = async (nth) => {
      if (nth === 2) collection.put(card('r0', { rank: 0 }));
      await sleep(40);
    };
    collection.remove('r2');
    await expect.poll(ids).toBe('r0 r1 r3');
    list.close();
  });
});

describe('reading again', () => {
  test('after a reset, also one in the middle of a read', async () => {
    const { list, ids, collection } = await living(new Collection(by('rank'), ranked(1, 2)), { sort: 'rank' });
    await list.ready;
    collection.remove('r1', false).put(card('r3', { rank: 3 }), false);
    collection.before = async (nth) => {
      if (nth !== 2) return;
      collection.put(card('r4', { rank: 4 }), false).reset();
      await sleep(40);
    };
    collection.reset();
    await expect.poll(ids).toBe('r2 r3 r4');
    expect(collection.reads).toHaveLength(3);
    list.close();
  });

  test('after a reset at the very end of a read', async () => {
    // Which turn of the queue that is cannot be steered over a connection, so every one is tried on the list itself.
    for (let turn = 0; turn < 12; turn++) {
      let reads = 0;
      let take: (event: { type: 'reset'; id: string }) => void = () => {};
      const endless = new Promise<void>(() => {});
      const source = {
        subscribe: (_: object, onEvent: typeof take) => {
          take = onEvent;
          return { opened: Promise.resolve(), closed: endless, status: { state: 'open' }, close: () => {} };
        },
        async *pages() {
          reads += 1;
          yield { items: [], next_cursor: null };
        },
      };
      const resetLater = async () => {
        for (let waited = 0; waited < turn; waited++) await null;
        if (reads === 1) take({ type: 'reset', id: '1-1' });
      };
      const list = new LiveList(source as never, new Slice(new Order(), 10, false), {
        limit: 10,
        onChange: () => void resetLater(),
      });
      await expect.poll(() => reads).toBe(2);
      list.close();
    }
  });

  test('with expand for every change but a deletion', async () => {
    const { list, ids, collection } = await living(new Collection(by('rank'), ranked(1, 2)), {
      sort: 'rank',
      expand: 'author',
    });
    await list.ready;
    expect(collection.reads[0]?.query.get('expand')).toBe('author');
    expect(collection.connection.seen.query.get('expand')).toBeNull();
    collection.remove('r1');
    await expect.poll(ids).toBe('r2');
    await sleep(150);
    expect(collection.reads).toHaveLength(1);
    collection.put(card('r3', { rank: 3 })).put(card('r4', { rank: 4 }));
    await expect.poll(ids).toBe('r2 r3 r4');
    await sleep(150);
    expect(collection.reads).toHaveLength(2);
    list.close();
  });

  test('a fault that passes is waited for, one that does not ends the list', async () => {
    const errors: unknown[] = [];
    let fault: { status: number; json: object } | undefined = { status: 500, json: { code: 'RESOURCE_FETCH_ERROR' } };
    const server = await streamServer(() => fault ?? { json: { items: [card('a')], next_cursor: null } });
    const sb = new SnackBaseClient({ url: server.url });
    const states: StreamStatus[] = [];
    const list = sb.records.live('cards', {
      onError: (error) => errors.push(error),
      onStatus: (status) => states.push(status),
    });
    const connection = (await server.next()).open();
    await expect.poll(() => server.at('/api/v1/records/cards').length).toBe(1);
    fault = undefined;
    await list.ready;
    expect(list.items).toHaveLength(1);
    fault = { status: 403, json: { code: 'FORBIDDEN', message: 'no more' } };
    connection.send('id: 9-9\nevent: reset\ndata: {}\n\n');
    expect(await failure(list.closed)).toBeInstanceOf(PermissionError);
    expect(errors).toHaveLength(1);
    const closed = { state: 'closed', error: errors[0] };
    expect([list.status, states.filter(({ state }) => state === 'closed')]).toEqual([closed, [closed]]);
    await expect.poll(() => connection.gone).toBe(true);
    expect(list.items).toHaveLength(1);
  });
});

describe('the order', () => {
  const place = (sort: string | string[] | undefined, rows: object[], row: object): number =>
    new Order(sort).place(rows as never, row as never);
  const sorted = (sort: string | string[] | undefined, rows: { id: string }[]): string =>
    [...rows]
      .sort((a, b) => new Order(sort).compare(a as never, b as never))
      .map(({ id }) => id)
      .join(' ');

  test.each<[string, string | string[] | undefined, { id: string; [field: string]: unknown }[], string]>([
    [
      'numbers',
      'n',
      [
        { id: 'a', n: 10 },
        { id: 'b', n: 9 },
        { id: 'c', n: -1.5 },
      ],
      'c b a',
    ],
    [
      'nulls last, ascending',
      'n',
      [
        { id: 'a', n: null },
        { id: 'b', n: 1 },
        { id: 'c', n: 0 },
      ],
      'c b a',
    ],
    [
      'nulls first, descending',
      '-n',
      [
        { id: 'a', n: 1 },
        { id: 'b', n: null },
        { id: 'c', n: 2 },
      ],
      'b c a',
    ],
    [
      'booleans',
      'n',
      [
        { id: 'a', n: true },
        { id: 'b', n: false },
      ],
      'b a',
    ],
    [
      'ties by id, upwards',
      'n',
      [
        { id: 'b', n: 1 },
        { id: 'a', n: 1 },
      ],
      'a b',
    ],
    [
      'ties by id, downwards with the last key',
      ['n', '-m'],
      [
        { id: 'a', n: 1, m: 1 },
        { id: 'b', n: 1, m: 1 },
      ],
      'b a',
    ],
    [
      'two keys',
      '-n, +m',
      [
        { id: 'a', n: 1, m: 2 },
        { id: 'b', n: 1, m: 1 },
        { id: 'c', n: 2, m: 9 },
      ],
      'c b a',
    ],
    [
      'the first of two spellings',
      ['n', '-n'],
      [
        { id: 'a', n: 2 },
        { id: 'b', n: 1 },
      ],
      'b a',
    ],
    ['id named', '-id', [{ id: 'a' }, { id: 'b' }], 'b a'],
    [
      'newest first without a sort',
      undefined,
      [
        { id: 'a', created_at: '2026-01-02T03:04:05.000001Z' },
        { id: 'b', created_at: '2026-01-02T03:04:05.000002Z' },
        { id: 'c', created_at: '2026-01-02T03:04:05.000002Z' },
      ],
      'c b a',
    ],
    [
      'times whose fractions differ in length',
      'at',
      [
        { id: 'a', at: '2026-01-02T03:04:05.678901Z' },
        { id: 'b', at: '2026-01-02T03:04:05.678Z' },
        { id: 'c', at: '2026-01-02T03:04:05Z' },
      ],
      'c b a',
    ],
    [
      'texts by code point',
      't',
      ['b', 'B', 'a', '', 'é', 'ab', '\u{1F600}', '\uFFFD', '\uE000'].map((t) => ({ id: t, t })),
      ' B a ab b é \uE000 \uFFFD \u{1F600}',
    ],
  ])('%s', (_, sort, rows, order) => {
    expect(sorted(sort, rows)).toBe(order);
    expect(sorted(sort, [...rows].reverse())).toBe(order);
  });

  test('the place among many', () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ id: `x${i}`, n: i * 2 }));
    for (const n of [-1, 1, 99, 197, 1000]) {
      const at = rows.filter((row) => row.n < n).length;
      expect(place('n', rows, { id: 'new', n })).toBe(at);
    }
  });

  /** A server that sorts by a language, or by code points. */
  const texts = (compare: (a: string, b: string) => number, ...all: string[]) =>
    new Collection(
      (a, b) => compare(String(a.title), String(b.title)),
      all.map((title) => card(title, { title })),
    );
  const codes = (a: string, b: string) => (a < b ? -1 : 1);
  const language = (a: string, b: string) => a.localeCompare(b, 'en');
  const add = (collection: Collection, title: string) => collection.put(card(title, { title }));

  test('a text whose place is the same in every language is placed without a read', async () => {
    for (const compare of [codes, language]) {
      const { list, ids, collection } = await living(texts(compare, 'ant', 'cow', 'dog'), { sort: 'title' });
      await list.ready;
      add(add(collection, 'bee'), 'elk');
      await expect.poll(ids).toBe('ant bee cow dog elk');
      await sleep(150);
      expect(collection.reads).toHaveLength(1);
      list.close();
    }
  });

  test('a server that sorts by a language is asked where it matters', async () => {
    const { list, ids, collection } = await living(texts(language, 'ant', 'Bee', 'cow'), { sort: 'title' });
    await list.ready;
    expect(ids()).toBe('ant Bee cow');
    add(collection, 'Cat');
    await expect.poll(ids).toBe('ant Bee Cat cow');
    add(collection, 'Zebra');
    await expect.poll(ids).toBe('ant Bee Cat cow Zebra');
    list.close();
  });

  test('a server that sorts by code points is asked at most once', async () => {
    const { list, ids, collection } = await living(texts(codes, 'ant', 'cow'), { sort: 'title' });
    await list.ready;
    add(collection, 'Zebra');
    await expect.poll(() => collection.reads.length).toBe(2);
    expect(ids()).toBe('Zebra ant cow');
    for (const title of ['Yak', 'Emu', 'Äffin', '_']) add(collection, title);
    await expect.poll(ids).toBe('Emu Yak Zebra _ ant cow Äffin');
    await sleep(150);
    expect(collection.reads).toHaveLength(2);
    list.close();
  });

  test('what one read has shown of the order of texts, the next can show to be wrong', () => {
    const order = new Order('t');
    const rows = (...all: string[]) => all.map((t) => ({ id: t, t }));
    const doubt = () => order.doubtful(rows('Zebra', 'ant'), 0);
    expect(doubt()).toBe(true);
    order.learn(rows('Yak', 'cow'));
    expect(doubt()).toBe(false);
    order.learn(rows('cow', 'Yak'));
    expect(doubt()).toBe(true);
  });

  test('a key that is no single value', async () => {
    const tags = new Collection(
      (a, b) => String(a.tags).length - String(b.tags).length,
      [card('a', { tags: ['xxx'] })],
    );
    const { list, ids, collection } = await living(tags, { sort: 'tags' });
    await list.ready;
    collection.put(card('b', { tags: ['x'] }));
    await expect.poll(() => collection.reads.length).toBe(2);
    await expect.poll(ids).toBe('b a');
    list.close();
  });
});

describe('readers', () => {
  test('a loop gets the items as they are, then after changes; the last state where it was busy', async () => {
    const { list, collection } = await living(new Collection(by('rank'), ranked(1)), { sort: 'rank' });
    const iterator = list[Symbol.asyncIterator]();
    const [first] = await some(iterator, 1);
    expect(first?.map(({ id }) => id)).toEqual(['r1']);
    for (const rank of [2, 3, 4]) collection.put(card(`r${rank}`, { rank }));
    await expect.poll(() => list.items.length).toBe(4);
    const [second] = await some(iterator, 1);
    expect(second).toBe(list.items);
    const other = list[Symbol.asyncIterator]();
    expect((await some(other, 1))[0]).toBe(list.items);
    const pending = iterator.next();
    list.close();
    expect(await pending).toEqual({ done: true, value: undefined });
    await list.closed;
    expect(list.items).toHaveLength(4);
  });

  test('leaving the loop closes the list', async () => {
    const { list, collection } = await living(new Collection(by('rank'), ranked(1)), { sort: 'rank' });
    for await (const items of list) {
      expect(items).toHaveLength(1);
      break;
    }
    await list.closed;
    await expect.poll(() => collection.connection.gone).toBe(true);
    expect(list.status.state).toBe('closed');
  });

  test('a refusal of the stream ends it: ready, closed, the loop and onError say so; nothing is read', async () => {
    const errors: unknown[] = [];
    const server = await streamServer();
    const list = new SnackBaseClient({ url: server.url }).records.live('cards', {
      onError: (error) => errors.push(error),
    });
    (await server.next()).refuse(403, 'FORBIDDEN');
    const error = await failure(list.ready);
    expect(error).toBeInstanceOf(PermissionError);
    expect([await failure(list.closed), await failure(list[Symbol.asyncIterator]().next()), errors]).toEqual([
      error,
      error,
      [error],
    ]);
    expect(server.seen).toHaveLength(1);
  });

  const reason = new Error('the user left');
  test.each<[string, (collection: Collection, abort: () => void) => Promise<unknown>]>([
    ['before it began', async (_, abort) => abort()],
    ['while it connects', async (c, abort) => c.server.next().then(abort)],
    [
      'while it reads',
      async (c, abort) => {
        c.before = async () => {
          abort();
          await sleep(50);
        };
        (await c.server.next()).open();
      },
    ],
  ])('an abort %s rejects with the reason', async (_, act) => {
    const collection = await new Collection(by('rank'), []).start();
    const abort = new AbortController();
    const errors: unknown[] = [];
    const sb = new SnackBaseClient({ url: collection.server.url });
    const list = sb.records.live('cards', { signal: abort.signal, onError: (error) => errors.push(error) });
    await act(collection, () => abort.abort(reason));
    expect(await failure(list.ready)).toBe(reason);
    expect(await failure(list.closed)).toBe(reason);
    await sleep(60);
    expect(errors).toEqual([]);
  });

  test('close while it waits for a second read leaves nothing behind', async () => {
    const { list, collection } = await living(new Collection(by('rank'), ranked(1, 2)), { sort: 'rank', limit: 1 });
    await list.ready;
    collection.remove('r1');
    await expect.poll(() => list.items.length, { interval: 5 }).toBe(0);
    list.close();
    list.close();
    await list.closed;
    await sleep(200);
    expect(collection.reads).toHaveLength(1);
  });

  test('an onChange that throws ends the list with what it threw', async () => {
    const wrong = new Error('a mistake of the application');
    const { list } = await living(new Collection(by('rank'), ranked(1)), {
      onChange: () => {
        throw wrong;
      },
    });
    expect(await failure(list.closed)).toBe(wrong);
  });
});

// Subscriptions that see the same cost one judgement and one text an event, however many they are.
import { expect, it } from 'vitest';
import type { Event } from '../../server/events/event.ts';
import { Chunk, type Format, joined, NAMED } from '../../server/realtime/formats.ts';
import { Groups } from '../../server/realtime/groups.ts';
import { type Asked, type Sink, Subscription } from '../../server/realtime/subscription.ts';
import type { Seen, Watch } from '../../server/records/service.ts';

const event = (accountId: string, id: number): Event => ({
  position: { batch: 1, id },
  accountId,
  collection: 'main.posts',
  collectionId: 'c1',
  revision: 1,
  type: 'created',
  recordId: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  at: '2026-01-02T03:04:05Z',
  actor: '{}',
  columns: [],
  cells: [],
  assigned: null,
  was: null,
});
const SEEN: Seen = { type: 'created', old: null, new: '{"id":1}', changes: { added: [], updated: [], removed: [] } };

it('5,000 of one account and rule share one chunk; another account, rule or format has its own; nobody gets a foreign event', () => {
  let judged = 0;
  let written = 0;
  const format: Format = {
    ...NAMED,
    event(...parts) {
      written += 1;
      return NAMED.event(...parts);
    },
  };
  const faults: unknown[] = [];
  const groups = new Groups((error) => void faults.push(error));
  const got: Chunk[][] = [];
  const add = (accountId: string | null, key: string) => {
    const chunks: Chunk[] = [];
    got.push(chunks);
    const sink: Sink = { push: (chunk) => void chunks.push(chunk), flush: () => {}, drained: async () => {} };
    const def = { id: 'c1', app: 'main', name: 'posts', qualifiedName: 'main.posts', revision: 1 } as Watch['def'];
    const see = ({ position }: Event) => {
      judged += 1;
      if (position.id === 13) throw new Error('cannot be told');
      return { ...SEEN };
    };
    const one = new Subscription({ format, sink } as Asked, { def, accountId, key, see });
    groups.add(one, 0);
    return one;
  };
  const many = Array.from({ length: 5000 }, () => add('AA0001', 'rule'));
  add('AA0001', 'other rule');
  add('AA0002', 'rule');
  add(null, 'everything');
  const touched = new Set<Sink>();
  groups.deliver(event('AA0001', 7), touched);
  expect([judged, written, touched.size]).toEqual([3, 3, 5002]);
  expect(new Set(got.slice(0, 5000).flat()).size).toBe(1);
  expect(got.slice(5000).map((chunks) => chunks.length)).toEqual([1, 0, 1]);
  expect(got[0]?.[0]?.bytes).toBe(got[4999]?.[0]?.bytes);

  // Who has had it already does not get it again, and who has left gets nothing.
  const [ahead, gone] = many as [Subscription, Subscription];
  ahead.after = { batch: 1, id: 8 };
  groups.remove(gone);
  groups.deliver(event('AA0001', 8), new Set());
  groups.deliver(event('AA0001', 9), new Set());
  expect(got.slice(0, 3).map((chunks) => chunks.length)).toEqual([2, 1, 3]);

  // What cannot be told says that something is missing, and holds nobody up.
  groups.deliver(event('AA0001', 13), new Set());
  groups.deliver(event('AA0001', 14), new Set());
  expect(faults).toHaveLength(3);
  expect(got[2]?.slice(-2).map(({ text }) => text.split('\n').slice(0, 2))).toEqual([
    ['id: 1-13', 'event: reset'],
    ['id: 1-14', 'event: posts.created'],
  ]);
});

it('a burst is one chunk for all who get the same of it', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => new Chunk(text)) as [Chunk, Chunk, Chunk];
  expect(joined([a])).toBe(a);
  const both = joined([a, b]);
  expect(both.text).toBe('ab');
  expect(joined([a, b])).toBe(both);
  expect(joined([a, c]).text).toBe('ac');
  expect(joined([a, b, c]).text).toBe('abc');
  expect(joined([b, c]).bytes.toString()).toBe('bc');
});

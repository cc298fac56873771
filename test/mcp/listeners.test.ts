// Listeners and what they share, without a server: one state for all of the same rights, turns between reviews, an end for who does not read.
import { PassThrough } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import type { Caller, Ctx } from '../../server/context.ts';
import { createListeners } from '../../server/mcp/listeners.ts';
import { loadedOnce } from '../../server/mcp/loading.ts';
import { createStates } from '../../server/mcp/states.ts';
import { until } from './agent.ts';

const caller = (more: Partial<Caller> = {}): Caller => ({
  kind: 'user',
  userId: 'ann',
  accountId: 'AB1234',
  email: 'ann@example.com',
  role: 'user',
  roleId: 2,
  groups: [],
  superadmin: false,
  sessionId: null,
  keyId: null,
  scopes: null,
  via: 'bearer',
  ...more,
});
const ctx = (more: Partial<Caller> = {}, rest: Partial<Ctx> = {}): Ctx =>
  ({ caller: caller(more), accountHeader: null, requestId: 'r', ...rest }) as Ctx;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
function listenersOf(options: Parameters<typeof createListeners>[0]) {
  const listeners = createListeners(options);
  ends.push(listeners.close);
  const open = (one: Ctx) => {
    const out = new PassThrough();
    listeners.open(one).body.pipe(out);
    return out;
  };
  return { listeners, open };
}

it('what is shown is worked out once for all of the same rights, and anew when rights or collections change', () => {
  let [worked, rules] = [0, '1'];
  const stateOf = () => ({ tools: `t${++worked}`, resources: 'r' });
  const states = createStates({ stateOf, rules: () => rules });
  const first = states.of(ctx());
  expect(states.of(ctx({ userId: 'bob', email: 'bob@example.com' }))).toBe(first);
  expect(worked).toBe(1);
  const others: Partial<Caller>[] = [
    { roleId: 3, role: 'editor' },
    { groups: ['pii_access'] },
    { superadmin: true },
    { kind: 'admin_token' },
    { accountId: 'CD5678' },
    { kind: 'key', scopes: { 'main.*': { list: '*' } } },
  ];
  for (const other of others) expect(states.of(ctx(other)), JSON.stringify(other)).not.toEqual(first);
  expect(worked).toBe(1 + others.length);
  rules = '2';
  const second = states.of(ctx());
  expect(second).not.toEqual(first);
  states.forget();
  expect(states.of(ctx())).not.toEqual(second);
});

it('between the reviews of many listeners other work has its turn', async () => {
  let turns = 0;
  let going = true;
  ends.push(() => {
    going = false;
  });
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  turn();
  const at: number[] = [];
  const stateOf = () => ({ tools: `${at.push(turns)}`, resources: '' });
  const { listeners, open } = listenersOf({ stateOf, rules: () => '' });
  for (let i = 0; i < 50; i++) open(ctx({ userId: `u${i}` })).resume();
  at.length = 0;
  listeners.doubt();
  await until(() => at.length === 50, 'every review');
  expect(new Set(at).size).toBe(50);
});

it('a stream whose credential is over is ended, and cut off where nobody reads', async () => {
  const stateOf = () => ({ tools: 'x'.repeat(40_000), resources: '' });
  const { listeners, open } = listenersOf({ stateOf, rules: () => '', partingMs: 100 });
  const version = { protocolVersion: '2025-11-25' };
  const out = open(ctx({}, { ...version, tokenEndsAt: Date.now() + 50 }));
  const stays = open(ctx({ userId: 'bob' }, version));
  await until(() => out.writableEnded, 'the end of the stream');
  expect(listeners.size).toBe(1);
  await until(() => out.destroyed, 'the cut');
  expect([stays.writableEnded, stays.destroyed]).toEqual([false, false]);
});

it('what could not be loaded is loaded by the next who asks, and then once', async () => {
  let tries = 0;
  const load = loadedOnce(async () => {
    tries += 1;
    if (tries === 1) throw new Error('no file handle left');
    return { tries };
  });
  await expect(Promise.all([load(), load()])).rejects.toThrow('no file handle left');
  const [a, b] = await Promise.all([load(), load()]);
  expect([a, b, await load()]).toEqual([{ tries: 2 }, { tries: 2 }, { tries: 2 }]);
  expect(a).toBe(b);
});

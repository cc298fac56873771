// What every process keeps of definitions: by account, put in place of what was there.
import { expect, it } from 'vitest';
import { createDefinitions } from '../../server/automation/definitions.ts';
import { EndpointMap } from '../../server/automation/endpoints/find.ts';
import { EventHooks } from '../../server/automation/hooks/enabled.ts';
import type { Database, Transaction } from '../../server/db/database.ts';

const at = '2026-01-02T03:04:05.678Z';
const hook = (id: string, event: string, more: object = {}) => ({
  ...{ id, account_id: 'AA0000', event, collection: null, priority: 0, revision: 1, active_since: at },
  ...more,
});

it('hooks: by priority, then as they were made; what an account no longer has is gone, and nobody else’s', () => {
  const hooks = new EventHooks();
  const ids = (account: string, event: string, collection: string | null = null) =>
    hooks.of(account, event, collection).map(({ id }) => id);
  hooks.put('AA0000', [hook('1', 'a'), hook('2', 'a', { priority: 5 }), hook('3', 'a'), hook('4', 'b')]);
  hooks.put('BB0000', [hook('5', 'a', { collection: 'main.posts' })]);
  expect(ids('AA0000', 'a')).toEqual(['2', '1', '3']);
  expect([ids('BB0000', 'a'), ids('BB0000', 'a', 'main.posts')]).toEqual([[], ['5']]);
  expect([hooks.has(null, 'b', null), hooks.has('BB0000', 'b', null)]).toEqual([true, false]);
  hooks.put('AA0000', [hook('3', 'a')]);
  expect([ids('AA0000', 'a'), ids('AA0000', 'b')]).toEqual([['3'], []]);
  expect([hooks.has(null, 'a', null), hooks.has(null, 'b', null)]).toEqual([true, false]);
  hooks.put('AA0000', []);
  expect(hooks.has(null, 'a', null)).toBe(true);
  hooks.put('BB0000', []);
  expect(hooks.has(null, 'a', null)).toBe(false);
});

it('endpoints: by the id and the slug of their account, in any letters, until there are none', () => {
  const map = new EndpointMap();
  const route = (path: string, account: string) => ({
    ...{ id: path, account_id: 'AA0000', method: 'GET' as const, path, updated_at: at, account },
    ...{ auth_required: true, run_as: 'caller', action_types: [] },
  });
  map.put('AA0000', [route('/one', 'Acme')]);
  expect(map.get('acme')).toBe(map.get('aa0000'));
  expect(map.get('ACME')?.router.match('GET', ['one'])?.value).toMatchObject({ id: '/one', revision: Date.parse(at) });
  map.put('AA0000', [route('/two', 'Acme')]);
  expect(map.get('acme')?.router.match('GET', ['one'])).toBeNull();
  map.put('AA0000', []);
  expect([map.get('acme'), map.get('AA0000')]).toEqual([undefined, undefined]);
});

/** A database that answers one text after the other, and hands on what it is told. */
function database(texts: string[]) {
  const followers: (() => void)[] = [];
  let heard = (_: string) => {};
  let number = -1;
  const since: unknown[] = [];
  const run = async ({ text }: { text: string }, [asked]: readonly unknown[]) => {
    if (!text.includes('json_build_object')) return { rows: [[String(number + 1)]], rowCount: 1 };
    number += 1;
    since.push(asked);
    return { rows: [[String(number), texts.shift() as string]], rowCount: 1 };
  };
  const listen = async (_: string, handler: (told: string) => void) => {
    heard = handler;
    return async () => {};
  };
  const db = { run, listen, notify: async () => {}, afterCommit: (fn: () => void) => followers.push(fn) };
  return {
    db: db as unknown as Database & Transaction,
    commit: () => {
      for (const fn of followers.splice(0)) fn();
    },
    hear: () => heard(String(number + 1)),
    since,
  };
}
const text = (accounts: string[], ids: string[]) =>
  JSON.stringify({ accounts, rows: ids.map((id) => ({ id, account_id: accounts[0] })) });
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

it('a change replaces what its accounts had and leaves the others, after the commit, and everybody is told', async () => {
  const { db, commit, since } = database([text(['AA0000'], ['1', '2']), text(['BB0000'], ['3']), text(['AA0000'], [])]);
  const put: unknown[] = [];
  let told = 0;
  const value = {
    put: (account: string, rows: readonly { account_id: string; id: string }[]) =>
      put.push([account, ...rows.map(({ id }) => id)]),
  };
  const onChange = () => void told++;
  const definitions = await createDefinitions({ db, kind: 'hooks', select: () => 'select 1', value, onChange });
  await definitions.publish(db, 'BB0000');
  expect(put).toEqual([['AA0000', '1', '2']]);
  commit();
  await definitions.current(db);
  expect(put.slice(1)).toEqual([['BB0000', '3'], ['AA0000']]);
  await soon();
  expect(told).toBe(3);
  expect(since).toEqual([-1, 0, 1]);
});

it('what cannot be read or told in the background is logged and ends nothing', async () => {
  const { db, hear, since } = database([text(['AA0000'], []), '{"accounts": [', text(['AA0000'], ['1'])]);
  const logged: string[] = [];
  const note = (_: object, message: string) => void logged.push(message);
  const put: string[] = [];
  const value = { put: (account: string) => void put.push(account) };
  const onChange = () => {
    throw new Error('nobody is there');
  };
  const log = { info: note, warn: note, error: note };
  await createDefinitions({ db, log, kind: 'hooks', select: () => 'select 1', value, onChange });
  await soon();
  expect(logged).toEqual(['Definitions have changed, and whoever needs to know could not be told.']);
  hear();
  await expect.poll(() => put).toEqual(['AA0000', 'AA0000']);
  expect(logged[1]).toBe('A change could not be read; trying again.');
  // What was lost is read again.
  expect(since).toEqual([-1, 0, 0]);
});

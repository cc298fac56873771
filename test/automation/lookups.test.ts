// Questions for names: few at a time, each with a limit, accounts in turns, and one question for all who ask for the same name.
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createOutbound } from '../../server/automation/outbound/call.ts';
import { OutboundError } from '../../server/automation/outbound/error.ts';
import { type Address, createLookups, lookupsAtATime } from '../../server/automation/outbound/lookups.ts';

const HERE: readonly Address[] = [{ address: '127.0.0.1', family: 4 }];

/** A system that answers when it is told to. */
function system() {
  const asked: string[] = [];
  const open = new Map<string, { answer: () => void; refuse: () => void }>();
  return {
    asked,
    resolve: (host: string) =>
      new Promise<readonly Address[]>((resolve, reject) => {
        asked.push(host);
        open.set(host, { answer: () => resolve(HERE), refuse: () => reject(new Error('ENOTFOUND')) });
      }),
    async answer(host: string) {
      open.get(host)?.answer();
      await pause(1);
    },
    async refuse(host: string) {
      open.get(host)?.refuse();
      await pause(1);
    },
  };
}
const told = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'answered',
    (error) => {
      if (!(error instanceof OutboundError)) throw error;
      return error.reason;
    },
  );

describe('lookups', () => {
  it('two of the four threads, a quarter of more, one of fewer', () => {
    expect(['', undefined, '4', '8', '16', '64', '2', '1', 'x'].map(lookupsAtATime)).toEqual([
      2, 2, 2, 2, 4, 16, 1, 1, 2,
    ]);
  });

  it('one that hangs ends with dns_timeout for all who wait, and its slot stays taken until the system ends it', async () => {
    const { resolve, asked, answer } = system();
    const lookup = createLookups({ resolve, most: 1, limitMs: 40 });
    const hanging = [lookup('slow.example.com'), lookup('slow.example.com', { asker: 'b' })].map(told);
    expect(await Promise.all(hanging)).toEqual(['dns_timeout', 'dns_timeout']);
    const next = told(lookup('next.example.com', { asker: 'b' }));
    await pause(80);
    // Waiting for a turn is not held against it.
    expect(asked).toEqual(['slow.example.com']);
    await answer('slow.example.com');
    expect(asked).toEqual(['slow.example.com', 'next.example.com']);
    await answer('next.example.com');
    expect(await next).toBe('answered');
  });

  it('the same name is asked for once at a time, and anew behind it', async () => {
    const { resolve, asked, answer, refuse } = system();
    const lookup = createLookups({ resolve, most: 2 });
    const first = [lookup('a.example.com'), lookup('a.example.com', { asker: 'b' }), lookup('a.example.com')];
    await answer('a.example.com');
    expect(await Promise.all(first)).toEqual([HERE, HERE, HERE]);
    expect(asked).toEqual(['a.example.com']);
    const again = told(lookup('a.example.com'));
    await refuse('a.example.com');
    expect(await again).toBe('dns');
    expect(asked).toEqual(['a.example.com', 'a.example.com']);
  });

  it('accounts take turns, and none has all slots: names that do not answer are the trouble of one', async () => {
    const { resolve, asked, answer } = system();
    const lookup = createLookups({ resolve, most: 2, limitMs: 30 });
    const mine = [1, 2, 3].map((i) => told(lookup(`${i}.evil.example`, { asker: 'evil' })));
    expect(asked).toEqual(['1.evil.example']);
    const others = ['b', 'c', 'b'].map((asker, i) => told(lookup(`${i}.good.example`, { asker })));
    expect(asked).toEqual(['1.evil.example', '0.good.example']);
    await answer('0.good.example');
    // `c` waited longer since its last one than `b`.
    expect(asked.at(-1)).toBe('1.good.example');
    await answer('1.good.example');
    expect(asked.at(-1)).toBe('2.good.example');
    await answer('2.good.example');
    expect(await Promise.all(others)).toEqual(['answered', 'answered', 'answered']);
    expect(await mine[0]).toBe('dns_timeout');
    expect(asked).not.toContain('2.evil.example');
    for (const host of ['1.evil.example', '2.evil.example', '3.evil.example']) await answer(host);
    expect(await Promise.all(mine)).toEqual(['dns_timeout', 'answered', 'answered']);
  });

  it('what nobody waits for any more is not asked', async () => {
    const { resolve, asked, answer } = system();
    const lookup = createLookups({ resolve, most: 1 });
    const first = told(lookup('a.example.com'));
    const over = new AbortController();
    const given = told(lookup('b.example.com', { signal: over.signal }));
    const shared = [
      told(lookup('c.example.com', { signal: over.signal })),
      told(lookup('c.example.com', { asker: 'b' })),
    ];
    over.abort();
    expect(await given).toBe('aborted');
    expect(await told(lookup('d.example.com', { signal: over.signal }))).toBe('aborted');
    await answer('a.example.com');
    await answer('c.example.com');
    expect(await Promise.all([first, ...shared])).toEqual(['answered', 'aborted', 'answered']);
    expect(asked).toEqual(['a.example.com', 'c.example.com']);
  });

  it('calls out end with it, side by side and one behind the other', async () => {
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return new Promise<never>(() => {});
    };
    const outbound = createOutbound({ allowPrivate: false, production: false, resolve, lookupMs: 50 });
    const call = (host: string, accountId: string) =>
      told(outbound.call({ url: `http://${host}.example.com/`, method: 'GET', timeoutMs: 400, accountId }));
    const ends = await Promise.all([call('a', 'one'), call('a', 'two'), call('b', 'one'), call('c', 'two')]);
    // The third and fourth waited for a slot until their own time was over: `one` has the first, `two` got the second.
    expect(ends).toEqual(['dns_timeout', 'dns_timeout', 'timeout', 'dns_timeout']);
    expect(asked).toBe(2);
  });
});

// One try of a job: every way in which it ends, and what a handler that does not listen comes to.
import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Attempt, attempt, type Outcome } from '../../server/automation/jobs/attempt.ts';
import { GiveUp, type JobRun } from '../../server/automation/jobs/handler.ts';

const LIMITS = { graceMs: 60, drainMs: 30 };
const facts = { id: 'j', accountId: null, attempt: 1, depth: 0 };

function begin(run: (job: JobRun) => Promise<unknown>, timeoutSeconds = 300) {
  const stopping = new AbortController();
  const handler = { run: async (_: object, job: JobRun) => void (await run(job)), timeoutSeconds };
  return { stopping, one: attempt(handler, {}, facts, stopping.signal, LIMITS) };
}
const never = () => new Promise(() => {});
const listening = ({ signal }: JobRun) => delay(10_000, undefined, { signal });

describe('a try of a job', () => {
  it.each<[string, Outcome, () => { one: Attempt }]>([
    ['done', { kind: 'completed' }, () => begin(async () => {})],
    ['an error', { kind: 'failed', message: 'ab', final: false }, () => begin(() => Promise.reject(new Error('a\0b')))],
    [
      'an error for good',
      { kind: 'failed', message: 'never', final: true },
      () => begin(() => Promise.reject(new GiveUp('never'))),
    ],
    ['something thrown', { kind: 'failed', message: 'text', final: false }, () => begin(() => Promise.reject('text'))],
    [
      'too slow, and told to stop',
      { kind: 'failed', message: 'The handler was stopped after 0.05 s.', final: false },
      () => begin(listening, 0.05),
    ],
    [
      'too slow, and deaf',
      { kind: 'failed', message: expect.stringContaining('did not stop') as unknown as string, final: true },
      () => begin(never, 0.05),
    ],
    ['done after all while it was told', { kind: 'completed' }, () => begin(() => delay(80), 0.05)],
    [
      'cancelled',
      { kind: 'lost' },
      () => {
        const begun = begin(listening);
        begun.one.lose('cancelled');
        return begun;
      },
    ],
    [
      'cancelled, and deaf',
      { kind: 'lost' },
      () => {
        const begun = begin(never);
        begun.one.lose('cancelled');
        return begun;
      },
    ],
    [
      'done though it may be somebody else’s, which the database decides',
      { kind: 'completed' },
      () => {
        const begun = begin(() => delay(20));
        begun.one.lose('taken');
        return begun;
      },
    ],
    [
      'the end of the process',
      { kind: 'interrupted' },
      () => {
        const begun = begin(listening);
        begun.stopping.abort();
        return begun;
      },
    ],
    [
      'the end of the process, and deaf',
      { kind: 'left' },
      () => {
        const begun = begin(never);
        begun.stopping.abort();
        return begun;
      },
    ],
    [
      'done before the process ends',
      { kind: 'completed' },
      () => {
        const begun = begin(() => delay(10));
        begun.stopping.abort();
        return begun;
      },
    ],
    [
      'lost while it is told to stop at its timeout',
      { kind: 'lost' },
      () => {
        const begun = begin(never, 0.02);
        setTimeout(() => begun.one.lose('taken'), 40);
        return begun;
      },
    ],
  ])('%s', async (_, outcome, start) => {
    expect(await start().one.outcome).toEqual(outcome);
  });

  it('leaves no listener behind, and nothing is told once it is over', async () => {
    const { stopping, one } = begin(async () => {});
    await one.outcome;
    expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
    one.lose('late');
    expect(await one.outcome).toEqual({ kind: 'completed' });
  });
});
